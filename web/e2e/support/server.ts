import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const program = join(import.meta.dirname, '../../../bin/incamera')

/** Server is one running program with a data folder of its own. */
export interface Server {
  readonly origin: string
  readonly pid: number
  readonly data: string
  /** output is all that it printed. */
  output(): string
  /** stop ends it; its data folder goes, too, unless it is to be kept for a next one. */
  stop(data?: 'keep'): Promise<void>
  /** kill ends it as a crash does, and keeps its data folder. */
  kill(): Promise<void>
}

export interface ServerOptions {
  readonly media?: string // --media: where media goes, default a free port on loopback
  readonly flags?: readonly string[]
  readonly settings?: Readonly<Record<string, string>> // INCAMERA_ variables
  readonly port?: number
  readonly data?: string // a folder that an earlier one left
}

/** startServer runs bin/incamera on free ports and waits until it says that it is ready. */
export async function startServer(options: ServerOptions = {}): Promise<Server> {
  const data = options.data ?? mkdtempSync(join(tmpdir(), 'incamera-e2e-'))
  const port = options.port ?? (await freePort())
  const origin = `http://localhost:${port}`
  const media = options.media ?? `127.0.0.1:${await freePort()}`
  const flags = ['serve', '--listen', `localhost:${port}`, '--media', media, '--data', data, ...(options.flags ?? [])]
  // The server takes every INCAMERA_ variable for a setting of its own; it gets none of the tests'.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('INCAMERA_')))
  const child = spawn(program, flags, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...env, ...options.settings } })
  let printed = ''
  child.stdout.on('data', (b: Buffer) => (printed += b.toString()))
  child.stderr.on('data', (b: Buffer) => (printed += b.toString()))
  await ready(child, origin, () => printed)
  return {
    origin,
    pid: child.pid ?? 0,
    data,
    output: () => printed,
    stop: async (keep) => {
      await end(child, 'SIGTERM')
      if (keep !== 'keep') rmSync(data, { recursive: true, force: true })
    },
    kill: () => end(child, 'SIGKILL'),
  }
}

async function ready(child: ChildProcess, origin: string, printed: () => string): Promise<void> {
  const until = Date.now() + 20_000
  while (Date.now() < until) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}:\n${printed()}`)
    const answer = await fetch(`${origin}/healthz`).catch(() => null)
    if (answer?.ok) return
    await new Promise((r) => setTimeout(r, 25))
  }
  child.kill('SIGKILL')
  throw new Error(`the server was not ready in 20 s:\n${printed()}`)
}

async function end(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill(signal)
  const hard = setTimeout(() => child.kill('SIGKILL'), 10_000)
  await once(child, 'exit')
  clearTimeout(hard)
}

/** freePort asks the system for a TCP port that nobody uses now. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  if (address === null || typeof address === 'string') throw new Error('no port to be had')
  return address.port
}

/** filesBelow gives the contents of every file under a folder. */
export function filesBelow(folder: string): Buffer[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((e) => e.isFile())
    .map((e) => readFileSync(join(e.parentPath, e.name)))
}
