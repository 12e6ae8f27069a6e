// Takes one check at a time out of a copy of the core and asks the rule's tests: whoever still passes holds no promise.
import { spawn } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import * as gate from './mutants/gate.mjs'
import * as seal from './mutants/seal.mjs'
import * as session from './mutants/session.mjs'

const web = resolve(import.meta.dirname, '..')
const workers = Number(process.env.MUTANT_WORKERS ?? 2)
const wanted = process.argv.slice(2) // only those with one of these in rule, file or words
const core = 'src/core'
const mutants = [gate, session, seal].flatMap((lists) => Object.values(lists).flat())

/** copy is a tree of its own, beside the protocol's files; the modules are those of the page. */
async function copy() {
  const root = await mkdtemp(join(tmpdir(), 'incamera-mutants-'))
  const to = join(root, 'web')
  await mkdir(to)
  for (const name of ['src', 'package.json', 'tsconfig.json', 'vite.config.ts', 'svelte.config.js'])
    await cp(join(web, name), join(to, name), { recursive: true })
  await cp(join(web, '..', 'protocol'), join(root, 'protocol'), { recursive: true })
  await symlink(join(web, 'node_modules'), join(to, 'node_modules'))
  return { root, to }
}

/** vitest gives how many tests failed and passed; a file that does not even load counts as neither. */
function vitest(at, files, name) {
  const bin = join(web, 'node_modules', 'vitest', 'vitest.mjs')
  const args = [bin, 'run', ...files, '--reporter=json', ...(name ? ['-t', name] : [])]
  return new Promise((done) => {
    const run = spawn(process.execPath, args, { cwd: at, stdio: ['ignore', 'pipe', 'ignore'] })
    let out = ''
    run.stdout.on('data', (chunk) => (out += chunk))
    run.on('close', () => {
      try {
        const all = JSON.parse(out.slice(out.indexOf('{'))).testResults.flatMap((f) => f.assertionResults)
        const count = (status) => all.filter((t) => t.status === status).length
        done({ failed: count('failed'), passed: count('passed') })
      } catch {
        done({ failed: 0, passed: 0 })
      }
    })
  })
}

/** mutated is a file's text with every edit made; each place must be there exactly once. */
function mutated(text, { rule, file, edits }) {
  for (const [find, put] of edits) {
    if (text.split(find).length !== 2) throw new Error(`${rule}: ${file} does not hold exactly once: ${find}`)
    text = text.replace(find, () => put)
  }
  return text
}

/** judge runs one mutant in a copy and restores it. */
async function judge(mutant, at) {
  const path = join(at, core, mutant.file)
  const before = await readFile(path, 'utf8')
  await writeFile(path, mutated(before, mutant))
  const { failed, passed } = await vitest(at, [join(core, mutant.test)], mutant.name)
  await writeFile(path, before)
  if (failed > 0) return 'killed'
  return passed > 0 ? 'SURVIVED' : 'NO TEST RAN'
}

async function main() {
  const list = mutants.filter(
    (m) => wanted.length === 0 || wanted.some((w) => `${m.rule} ${m.file}: ${m.what}`.includes(w)),
  )
  for (const m of list) mutated(await readFile(join(web, core, m.file), 'utf8'), m) // all places, before any time is spent
  const copies = await Promise.all(Array.from({ length: workers }, copy))
  try {
    const files = [...new Set(list.map((m) => join(core, m.test)))]
    const sound = await vitest(copies[0].to, files, null)
    console.log(`without a mutant: ${sound.passed} tests pass, ${sound.failed} fail`)
    if (sound.failed > 0 || sound.passed === 0) return 1
    const queue = [...list]
    const bad = []
    const work = async ({ to }) => {
      for (let m = queue.shift(); m; m = queue.shift()) {
        const fate = await judge(m, to)
        console.log(`${fate.padEnd(11)} ${m.rule.padEnd(5)} ${m.file}: ${m.what}`)
        if (fate !== 'killed') bad.push(m)
      }
    }
    await Promise.all(copies.map(work))
    console.log(`${list.length - bad.length} of ${list.length} mutants killed`)
    return bad.length > 0 ? 1 : 0
  } finally {
    await Promise.all(copies.map(({ root }) => rm(root, { recursive: true, force: true })))
  }
}

process.exitCode = await main()
