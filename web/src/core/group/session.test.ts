import { Awaited } from './awaited'
import { beforeEach, expect, test } from 'vitest'
import { Frames } from '../frames/frames'
import * as bodies from '../keys/bodies'
import { join, random, u64, u8, utf8, vector } from '../keys/bytes'
import { padName } from '../keys/names'
import { FakeClock } from '../testkit/meeting'
import { none, statement, trio, type Member, type Trio, type View } from '../testkit/group'
import type { Bytes, Happening } from '../vault'
import { readSaid, said, type Content } from './said'
import { Messages } from './talk'
import { Group } from './group'
import { underOf } from './roster'
import { Session } from './session'
import type { Entered } from './session-parts'

interface Person {
  readonly group: Group
  readonly session: Session
  readonly told: Happening[]
}

let t: Trio
let ada: Person // host
let bob: Person
let eve: Person

async function person(who: Member, view: View, entered: Entered, roster = view.roster): Promise<Person> {
  const clock = new FakeClock()
  const told: Happening[] = []
  const group = await Group.start({ ...view, roster, inbox: who.own.inbox }, t.psk)
  const session = new Session({
    group,
    device: who.device,
    participant: who.participant,
    frames: new Frames(clock, () => undefined),
    clock,
    messages: new Messages(),
    awaited: new Awaited(clock),
    entered,
    knock: { secret: () => Promise.resolve(null), take: () => Promise.resolve() },
    tell: (h) => told.push(h),
    run: (job) => void job(),
  })
  await session.begin([])
  return { group, session, told }
}

beforeEach(async () => {
  t = await trio()
  ada = await person(t.ada, t.adas, 'opened')
  bob = await person(t.bob, t.bobs, 'admitted')
  eve = await person(t.eve, t.eves, 'admitted')
})

async function tell(from: Person, to: Person, content: Content): Promise<unknown> {
  const { epoch } = from.group
  return to.session.hear(epoch, await from.group.say(said(content)))
}

const headOf = (statement: Bytes): Content => ({ kind: 'head', statement })

/** raw writes a body as no honest page would, in place of a chat message of the same size class. */
function raw(kind: number, body: Bytes): Bytes {
  const content = join(u8(1), u8(kind), vector(4, body))
  const size = [64, 256, 1024, 4096, 16384].find((s) => s >= content.length) ?? content.length
  return join(content, new Uint8Array(size - content.length))
}

async function head(of: Person, by: Member, over: Partial<bodies.Head> = {}): Promise<Bytes> {
  const { epoch } = of.group
  const { authenticator = none, rosterHash = none } = of.group.epochAt(epoch) ?? {}
  const under = underOf(of.group.roster)
  const time = Date.now()
  return statement(t, by.device, 'head', bodies.head({ epoch, authenticator, rosterHash, under, time, ...over }))
}

function alarms(p: Person): string[] {
  return p.told.flatMap((h) => (h.kind === 'alarm' ? [h.code] : []))
}

test('a host’s head that fits confirms; a guest’s does not', async () => {
  expect(await tell(eve, bob, headOf(await head(eve, t.eve)))).toMatchObject({ kind: 'head' })
  expect(bob.session.confirmed).toBe(false)
  expect(await tell(ada, bob, headOf(await head(ada, t.ada)))).toMatchObject({ kind: 'head' })
  expect(bob.session.confirmed).toBe(true)
})

test('a head that another signed, or for another group, confirms nothing', async () => {
  expect(await tell(eve, bob, headOf(await head(ada, t.ada)))).toBeNull() // the host's words from Eve's mouth
  expect(await tell(ada, bob, headOf(await head(ada, t.eve)))).toBeNull()
  const elsewhere = (await head(ada, t.ada)).slice()
  elsewhere[elsewhere.length - 1] = (elsewhere.at(-1) ?? 0) ^ 1
  expect(await tell(ada, bob, headOf(elsewhere))).toBeNull()
  expect(bob.session.confirmed).toBe(false)
  expect(alarms(bob)).toEqual([])
})

test.each<[string, Partial<bodies.Head>]>([
  ['epoch', { epoch: 2 }],
  ['authenticator', { authenticator: random(32) }],
  ['policy', { under: { sequence: 1, hash: random(32) } }],
  ['roster', { rosterHash: random(32) }],
])('a head with another %s is a fork', async (_, over) => {
  expect(await tell(ada, bob, headOf(await head(ada, t.ada, over)))).toBeNull()
  expect(alarms(bob)).toEqual(['fork'])
  expect(bob.session.confirmed).toBe(false)
})

test('a joiner who was told another admission than the host holds is not confirmed', async () => {
  const { roster } = t.bobs
  const leaves = new Map([...roster.leaves].map(([i, l]) => [i, l.leaf === 2 ? { ...l, commitment: random(32) } : l]))
  const misled = await person(t.bob, t.bobs, 'admitted', { ...roster, leaves })
  expect(await tell(ada, misled, headOf(await head(ada, t.ada)))).toBeNull()
  expect(alarms(misled)).toEqual(['fork'])
})

test('names are taken from a host only, and only where they fit', async () => {
  await tell(ada, bob, headOf(await head(ada, t.ada)))
  const nameOf = (m: Member): string | undefined =>
    bob.session.people.members().find((each) => each.participant === Buffer.from(m.participant).toString('hex'))?.name
  expect(await tell(eve, bob, { kind: 'names', names: [t.eve.named] })).toBeNull()
  expect(nameOf(t.eve)).toBe('')
  await tell(ada, bob, { kind: 'names', names: [{ ...t.eve.named, padded: padName('Ada') }] })
  expect(nameOf(t.eve)).toBe('')
  await tell(ada, bob, { kind: 'names', names: [t.eve.named, t.ada.named] })
  expect([nameOf(t.eve), nameOf(t.ada)]).toEqual(['Eve', 'Ada'])
})

test('what is not of the form is ignored', async () => {
  await tell(ada, bob, headOf(await head(ada, t.ada)))
  const id = random(16)
  const told = async (content: Bytes): Promise<unknown> => bob.session.hear(1, await ada.group.say(content))
  expect(await told(raw(1, join(id, utf8('hello'))))).toMatchObject({ kind: 'chat', text: 'hello' })
  for (const body of [none, id, join(id, Uint8Array.of(0xff)), join(random(16), utf8('x'.repeat(4001)))])
    expect(await told(raw(1, body))).toBeNull()
  expect(await told(raw(1, join(id, utf8('again'))))).toBeNull() // an id is used once
  expect(await told(raw(99, none))).toBeNull()
  expect(await told(raw(4, u8(3)))).toMatchObject({ kind: 'devices' })
  for (const [kind, body] of [
    [4, u8(4)],
    [7, u8(0)],
    [7, u8(7)],
    [8, join(u8(1), u64(0))],
    [8, join(u8(1), u64(5), random(16))],
    [9, join(id, u8(2))],
    [9, join(id, u8(0), utf8('x'))],
    [9, join(id, u8(1))],
  ] as const)
    expect(await told(raw(kind, body))).toBeNull()
  expect(await bob.session.hear(1, random(80))).toBeNull()
  const unpadded = await ada.group.say(utf8('plain'))
  expect(await bob.session.hear(1, unpadded)).toBeNull()
  const other = await ada.group.say(raw(1, join(random(16), utf8('late'))))
  expect(await bob.session.hear(0, other)).toBeNull() // the server named another epoch
})

test('a chat message has 1 to 4,000 characters', async () => {
  const say = (text: string): Promise<unknown> => ada.session.speak((talk) => talk.say(text, { kind: 'all' }))
  await expect(say('')).rejects.toMatchObject({ code: 'said_too_long' })
  await expect(say('x'.repeat(4001))).rejects.toMatchObject({ code: 'said_too_long' })
  await expect(say('😀'.repeat(4000))).resolves.toBeDefined()
})

test.each<Content>([
  { kind: 'chat', id: random(16), text: 'hello' },
  { kind: 'head', statement: random(90) },
  { kind: 'devices', microphone: true, camera: false },
  {
    kind: 'private',
    to: 1,
    id: random(16),
    wraps: [{ leaf: 3, enc: random(32), key: random(48) }],
    sealed: random(80),
  },
  { kind: 'knock-key', key: random(32) },
  { kind: 'reaction', reaction: 'celebrate' },
  { kind: 'hand', up: true, since: 5, participant: '' },
  { kind: 'hand', up: false, since: 0, participant: 'ab'.repeat(16) },
  { kind: 'amend', id: random(16), text: 'better' },
  { kind: 'amend', id: random(16), text: null },
])('$kind is read as it was written', (content) => {
  expect(readSaid(said(content))).toEqual(content)
})
