import { afterAll, beforeAll, expect, test } from 'vitest'
import { startServer, type Server } from '../support/server.ts'
import { until } from '../support/until.ts'
import { usageOf } from '../support/usage.ts'
import { book, come, sent, type Body } from './crowd'

const people = Number(process.env['PEOPLE'] ?? 40)
const atOnce = people > 100 ? 15 : 50

let server: Server
beforeAll(async () => {
  server = await startServer({ settings: { INCAMERA_MAX_MEMBERS: String(people) } })
})
afterAll(async () => {
  await server.stop()
})

const inside = (b: Body): boolean => b.now().phase.name === 'meeting'
const epoch = (b: Body): string => String(b.now().verification?.epoch ?? 'none')
const started = Date.now()
const seconds = (): string => ((Date.now() - started) / 1000).toFixed(1)

/** whereabouts counts people by the phase that they are in. */
function whereabouts(bodies: readonly Body[]): Record<string, number> {
  const tally: Record<string, number> = {}
  for (const b of bodies) {
    const { phase } = b.now()
    const where = phase.name === 'over' ? `over: ${phase.reason}` : phase.name
    tally[where] = (tally[where] ?? 0) + 1
  }
  return tally
}

/** cost is what the storm took, in one line. */
function cost(): string {
  const { cpu, resident, peak } = usageOf(server.pid)
  const { count = 0, bytes = 0, largest = 0 } = sent.get('commit') ?? {}
  const kib = (n: number): string => `${(n / 1024).toFixed(1)} KiB`
  const commits = `${String(count)} commits with Welcome and tree, ${kib(bytes / Math.max(1, count))} on average, ${kib(largest)} the largest`
  return `all read all after ${seconds()} s; server: ${cpu.toFixed(1)} s of processor, ${String(resident)} MiB, ${String(peak)} MiB at most; ${commits}`
}

test(`${String(people)} people storm in: all are in one group, nobody is lost or forked`, async () => {
  const links = await book(server.origin, 'Storm')
  const host = come(links.host, 'Asha')
  await until('the host is in', () => inside(host), Boolean)
  const guests = Array.from({ length: people - 1 }, (_, i) => come(links.guest, `Guest ${String(i + 1)}`))
  const limit = 60_000 + people * 4_000
  const tells = setInterval(() => {
    console.log(`${seconds()} s: ${JSON.stringify(whereabouts(guests))}, epoch ${epoch(host)}`)
  }, 20_000)
  const admits = setInterval(() => {
    // All share one thread: more at once could not say within the server's minute that they are in.
    const room = atOnce - (whereabouts(guests)['entering'] ?? 0) - host.now().waiting.filter((k) => k.busy).length
    const next = host.now().waiting.filter((k) => !k.busy)
    if (room > 0 && next.length > 0) host.commands.admit(next.slice(0, room).map((k) => k.id))
  }, 500)
  try {
    const lost = (): boolean => guests.some((g) => g.now().phase.name === 'over')
    await until(
      'all are in',
      () => whereabouts(guests),
      () => guests.every(inside) || lost(),
      limit,
    )
    expect(whereabouts(guests)).toEqual({ meeting: people - 1 })
    console.log(`${String(people)} inside after ${seconds()} s`)
    const all = [host, ...guests]
    const see = (): number => all.filter((b) => b.now().people.length !== people).length
    await until('all see all', see, (unlike) => unlike === 0, limit)
    const code = (b: Body): string => `${epoch(b)} ${b.now().verification?.digits ?? ''}`
    await until(
      'one code',
      () => new Set(all.map(code)).size,
      (codes) => codes === 1,
      limit,
    )
    console.log(`one group after ${seconds()} s, epoch ${epoch(host)}`)
    const unnamed = (): number => all.filter((b) => b.now().people.some((p) => p.name === '')).length
    await until('all know all by name', unnamed, (some) => some === 0, limit)
    host.commands.say('To all of you', { kind: 'all' })
    const read = (): number => all.filter((b) => !b.now().chat.some((c) => c.text === 'To all of you')).length
    await until('all read it', read, (unread) => unread === 0, limit)
    expect(all.flatMap((b) => b.now().alarms.map((a) => `${b.name}: ${a.code} ${a.detail}`))).toEqual([])
    console.log(cost())
  } finally {
    clearInterval(tells)
    clearInterval(admits)
  }
})
