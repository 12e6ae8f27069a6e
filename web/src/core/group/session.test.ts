import { beforeEach, expect, test } from 'vitest'
import { Frames } from '../frames/frames'
import * as bodies from '../keys/bodies'
import { join, random, u8, utf8 } from '../keys/bytes'
import { padName } from '../keys/names'
import { FakeClock } from '../testkit/meeting'
import { none, statement, trio, type Member, type Trio, type View } from '../testkit/group'
import type { Bytes, Happening } from '../vault'
import { names, said, saidKinds } from './forms'
import { Group } from './group'
import { underOf } from './roster'
import { Session } from './session'

interface Person {
  readonly group: Group
  readonly session: Session
  readonly told: Happening[]
}

let t: Trio
let ada: Person // host
let bob: Person
let eve: Person

async function person(who: Member, view: View, roster = view.roster): Promise<Person> {
  const clock = new FakeClock()
  const told: Happening[] = []
  const group = await Group.start(view.state, roster, t.psk)
  const session = new Session({
    group,
    device: who.device,
    participant: who.participant,
    frames: new Frames(clock, () => undefined),
    clock,
    tell: (h) => told.push(h),
    run: (job) => void job(),
  })
  await session.begin([])
  return { group, session, told }
}

beforeEach(async () => {
  t = await trio()
  ada = await person(t.ada, t.adas)
  bob = await person(t.bob, t.bobs)
  eve = await person(t.eve, t.eves)
})

async function tell(from: Person, to: Person, kind: number, body: Bytes): Promise<unknown> {
  const { epoch } = from.group
  return to.session.hear(epoch, await from.group.say(said(kind, body)))
}

async function head(of: Person, by: Member, over: Partial<bodies.Head> = {}): Promise<Bytes> {
  const { epoch } = of.group
  const { authenticator = none, rosterHash = none } = of.group.epochAt(epoch) ?? {}
  const under = underOf(of.group.roster)
  return statement(t, by.device, 'head', bodies.head({ epoch, authenticator, rosterHash, under, ...over }))
}

function alarms(p: Person): string[] {
  return p.told.flatMap((h) => (h.kind === 'alarm' ? [h.code] : []))
}

test('a host’s head that fits confirms; a guest’s does not', async () => {
  expect(await tell(eve, bob, saidKinds.head, await head(eve, t.eve))).toMatchObject({ kind: 'head' })
  expect(bob.session.confirmed).toBe(false)
  expect(await tell(ada, bob, saidKinds.head, await head(ada, t.ada))).toMatchObject({ kind: 'head' })
  expect(bob.session.confirmed).toBe(true)
})

test('a head that another signed, or for another group, confirms nothing', async () => {
  expect(await tell(eve, bob, saidKinds.head, await head(ada, t.ada))).toBeNull() // the host's words from Eve's mouth
  expect(await tell(ada, bob, saidKinds.head, await head(ada, t.eve))).toBeNull()
  const elsewhere = (await head(ada, t.ada)).slice()
  elsewhere[elsewhere.length - 1] = (elsewhere.at(-1) ?? 0) ^ 1
  expect(await tell(ada, bob, saidKinds.head, elsewhere)).toBeNull()
  expect(bob.session.confirmed).toBe(false)
  expect(alarms(bob)).toEqual([])
})

test.each<[string, Partial<bodies.Head>]>([
  ['epoch', { epoch: 2 }],
  ['authenticator', { authenticator: random(32) }],
  ['policy', { under: { sequence: 1, hash: random(32) } }],
  ['roster', { rosterHash: random(32) }],
])('a head with another %s is a fork', async (_, over) => {
  expect(await tell(ada, bob, saidKinds.head, await head(ada, t.ada, over))).toBeNull()
  expect(alarms(bob)).toEqual(['fork'])
  expect(bob.session.confirmed).toBe(false)
})

test('a joiner who was told another admission than the host holds is not confirmed', async () => {
  const { roster } = t.bobs
  const leaves = new Map([...roster.leaves].map(([i, l]) => [i, l.leaf === 2 ? { ...l, commitment: random(32) } : l]))
  const misled = await person(t.bob, t.bobs, { ...roster, leaves })
  expect(await tell(ada, misled, saidKinds.head, await head(ada, t.ada))).toBeNull()
  expect(alarms(misled)).toEqual(['fork'])
})

test('names are taken from a host only, and only where they fit', async () => {
  await tell(ada, bob, saidKinds.head, await head(ada, t.ada))
  const nameOf = (m: Member): string | undefined =>
    bob.session.members().find((each) => each.participant === Buffer.from(m.participant).toString('hex'))?.name
  expect(await tell(eve, bob, saidKinds.names, names([t.eve.named]))).toBeNull()
  expect(nameOf(t.eve)).toBe('')
  await tell(ada, bob, saidKinds.names, names([{ ...t.eve.named, padded: padName('Ada') }]))
  expect(nameOf(t.eve)).toBe('')
  await tell(ada, bob, saidKinds.names, names([t.eve.named, t.ada.named]))
  expect([nameOf(t.eve), nameOf(t.ada)]).toEqual(['Eve', 'Ada'])
})

test('what is not of the form is ignored', async () => {
  await tell(ada, bob, saidKinds.head, await head(ada, t.ada))
  const id = random(16)
  expect(await tell(ada, bob, saidKinds.chat, join(id, utf8('hello')))).toMatchObject({ text: 'hello' })
  for (const body of [none, id, join(id, Uint8Array.of(0xff)), join(id, utf8('x'.repeat(4001)))]) {
    expect(await tell(ada, bob, saidKinds.chat, body)).toBeNull()
  }
  expect(await tell(ada, bob, 99, none)).toBeNull()
  expect(await tell(ada, bob, saidKinds.devices, u8(4))).toBeNull()
  expect(await bob.session.hear(1, random(80))).toBeNull()
  const unpadded = await ada.group.say(utf8('plain'))
  expect(await bob.session.hear(1, unpadded)).toBeNull()
  const other = await ada.group.say(said(saidKinds.chat, join(id, utf8('late'))))
  expect(await bob.session.hear(0, other)).toBeNull() // the server named another epoch
})

test('a chat message has 1 to 4,000 characters', async () => {
  await expect(ada.session.say('')).rejects.toMatchObject({ code: 'said_too_long' })
  await expect(ada.session.say('x'.repeat(4001))).rejects.toMatchObject({ code: 'said_too_long' })
  await expect(ada.session.say('😀'.repeat(4000))).resolves.toBeDefined()
})
