import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { freePort } from './server.ts'

/** Line is a wire between pages and server that a test can cut and mend. */
export interface Line {
  readonly port: number
  mark(): void // a cut takes only connections made from now on
  cut(): void
  mend(): void
  close(): void
}

/** layLine forwards a free loopback port to the server's. */
export async function layLine(to: number): Promise<Line> {
  const open = new Set<Socket>()
  const spared = new Set<Socket>()
  let whole = true
  const port = await freePort()
  const ear = createServer((near) => {
    if (!whole) return void near.destroy()
    const far = connect(to, '127.0.0.1')
    for (const [a, b] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(a)
      a.pipe(b)
      a.on('error', () => b.destroy())
      a.on('close', () => {
        open.delete(a)
        b.destroy()
      })
    }
  }).listen(port, '127.0.0.1')
  await once(ear, 'listening')
  return {
    port,
    mark: () => {
      for (const s of open) spared.add(s)
    },
    cut: () => {
      whole = false
      for (const s of open) if (!spared.has(s)) s.destroy()
    },
    mend: () => (whole = true),
    close: () => {
      for (const s of open) s.destroy()
      ear.close()
    },
  }
}
