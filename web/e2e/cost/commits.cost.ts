/** What a commit and a head cost one member, with real vaults; the others of the group have leaves and no vault. */
import { expect, test } from 'vitest'
import { digests } from '../../src/core/group/suite'
import { challenge, World, type Person } from '../../src/core/testkit/meeting'
import type { CommitFields } from '../../src/core/vault'

const rounds = 5
const perAdmission = 50
const none = new Uint8Array()

/** Took is the processor time and the time on the clock of one piece of work, in milliseconds. */
interface Took {
  readonly cpu: number
  readonly wall: number
}

const taken = new Map<string, Took[]>()

async function measured<T>(what: string, work: () => Promise<T>): Promise<T> {
  digests.forget() // all members are one process here: none may know a node by another's work
  const [cpu, began] = [process.cpuUsage(), performance.now()]
  const result = await work()
  const { user, system } = process.cpuUsage(cpu)
  const took = { cpu: (user + system) / 1000, wall: performance.now() - began }
  taken.set(what, [...(taken.get(what) ?? []), took])
  return result
}

function median(what: string): Took {
  const all = taken.get(what) ?? []
  const middle = (of: (t: Took) => number): number => all.map(of).sort((a, b) => a - b)[all.length >> 1] ?? 0
  return { cpu: middle((t) => t.cpu), wall: middle((t) => t.wall) }
}

function told(what: string, size = ''): string {
  const { cpu, wall } = median(what)
  return `${what}: ${cpu.toFixed(1)} ms of processor, ${wall.toFixed(1)} ms${size}`
}

const kib = (bytes: number): string => `${(bytes / 1024).toFixed(1)} KiB`

/** Crowd is a group whose host, member and watcher are real. */
interface Crowd {
  readonly world: World
  readonly member: Person
  count: number
}

async function crowd(people: number): Promise<Crowd> {
  const world = await World.open('Host')
  const [member] = await world.enter('Member')
  if (member === undefined) throw new Error('nobody came')
  for (let left = people - 2; left > 0; left -= perAdmission) {
    const some = Array.from({ length: Math.min(left, perAdmission) }, (_, i) => `Guest ${left}-${i}`)
    await follow(world, await added(world, some))
  }
  return { world, member, count: people }
}

interface Added {
  readonly made: CommitFields
  readonly person: Person
  readonly admission: Uint8Array<ArrayBuffer>
}

/** added makes one commit that lets people in; person is the last of them. */
async function added(world: World, names: readonly string[], what?: string): Promise<Added> {
  const people = await Promise.all(names.map(() => world.arrive()))
  const knocks = await Promise.all(people.map((p, i) => world.knock(p, names[i] ?? '')))
  const admission = await world.sign(knocks)
  const adds = knocks.map(({ fields }) => ({
    participant: fields.participant,
    keyPackage: fields.keyPackage,
    statement: admission,
  }))
  const commit = (): Promise<CommitFields> => world.made(world.host, { adds })
  const made = await (what === undefined ? commit() : measured(what, commit))
  const person = people.at(-1)
  if (person === undefined) throw new Error('nobody came')
  return { made, person, admission }
}

/** follow lets the host adopt its commit and the member apply it. */
async function follow(world: World, made: CommitFields | Added, what?: string): Promise<void> {
  const fields = 'made' in made ? made.made : made
  const [host, ...others] = world.inside
  if (host === undefined) throw new Error('no host')
  await world.order(fields, [host])
  for (const p of others) {
    const apply = async (): Promise<void> => {
      const verdict = await p.vault.ordered(await world.sealed(fields))
      if (verdict.refusal.length > 0) throw new Error('refused')
    }
    await (what === undefined ? apply() : measured(what, apply))
  }
  world.inside.forEach((p) => (p.outbox = []))
}

for (const people of [50, 250]) {
  test(`commits and heads among ${people}`, async () => {
    taken.clear()
    const { world } = await crowd(people)
    const sizes = new Map<string, number>()
    for (let i = 0; i < rounds; i++) {
      const newcomer = await added(world, [`Late ${i}`], 'add: commit')
      sizes.set('add: commit', newcomer.made.commit.length)
      sizes.set('Welcome and tree', newcomer.made.welcome.length + newcomer.made.tree.length)
      await follow(world, newcomer, 'add: apply')
      const { made, person, admission } = newcomer
      await measured('add: join', () => person.vault.join(made.welcome, made.tree, admission))
      await confirm(world, person)

      const fields = await person.vault.rejoin(challenge)
      if (fields === null) throw new Error('no way back')
      const { participant, keyPackage, statement } = fields
      const adds = [{ participant, keyPackage, statement }]
      const removes = [{ participant, statement: none }]
      const back = await measured('rejoin: commit', () => world.made(world.host, { adds, removes }))
      sizes.set('rejoin: commit', back.commit.length)
      await follow(world, back, 'rejoin: apply')
      await measured('rejoin: join', () => person.vault.join(back.welcome, back.tree, statement))

      const removal = await world.host.vault.removal(participant)
      const policies = removal.policy.length > 0 ? [removal.policy] : []
      const out = await measured('remove: commit', () =>
        world.made(world.host, { policies, removes: [{ participant, statement: removal.statement }] }),
      )
      sizes.set('remove: commit', out.commit.length)
      await follow(world, out, 'remove: apply')

      const policy = await world.host.vault.change({ kind: 'lock', on: true })
      const lock = await measured('lock: commit', () => world.made(world.host, { policies: [policy] }))
      sizes.set('lock: commit', lock.commit.length)
      await follow(world, lock, 'lock: apply')
      await unlocked(world)
    }
    const lines = [...taken.keys()].map((what) => told(what, sizes.has(what) ? `, ${kib(sizes.get(what) ?? 0)}` : ''))
    console.log(`${people} members\n${lines.join('\n')}\nWelcome and tree: ${kib(sizes.get('Welcome and tree') ?? 0)}`)
    console.log(await heads(world, people))
    expect(world.host.alarms.filter((a) => a !== 'split')).toEqual([])
  })
}

async function unlocked(world: World): Promise<void> {
  const policy = await world.host.vault.change({ kind: 'lock', on: false })
  await follow(world, await world.made(world.host, { policies: [policy] }))
}

/** confirm lets a newcomer hear a head of the host's. */
async function confirm(world: World, person: Person): Promise<void> {
  const [head] = await spoken(world)
  if (head === undefined) throw new Error('no head')
  await person.vault.hear(head.epoch, head.message)
}

/** spoken are the heads that the host says in four seconds. */
async function spoken(world: World): Promise<Person['outbox']> {
  world.host.outbox = []
  world.clock.advance(4_000)
  await world.settle()
  const heads = world.host.outbox.filter((h) => h.fleeting)
  world.inside.forEach((p) => (p.outbox = []))
  return heads
}

/** heads tells what it costs one member to hear all others and to speak itself. */
async function heads(world: World, people: number): Promise<string> {
  const member = world.inside[1]
  if (member === undefined) throw new Error('no member')
  const said: Person['outbox'] = []
  while (said.length < 100) said.push(...(await spoken(world)))
  const cpu = process.cpuUsage()
  for (const { epoch, message } of said) await member.vault.hear(epoch, message)
  const { user, system } = process.cpuUsage(cpu)
  const each = (user + system) / 1000 / said.length
  const every = people > 50 ? 20 : 4 // seconds; the host always speaks every four
  const rate = (people - 2) / every + 1 / 4
  const size = said[0]?.message.length ?? 0
  const push = JSON.stringify({ type: 'app', seq: 100_000, epoch: 1_000, message: '', from: '0'.repeat(32) })
  const frame = push.length + Math.ceil(size / 3) * 4
  const load = `${rate.toFixed(1)} heads a second, ${kib(rate * frame)}/s, ${((rate * each) / 10).toFixed(1)} % of a core`
  return `a head: ${size} bytes, ${frame} in its frame, ${each.toFixed(2)} ms of processor to hear; ${load}`
}
