import { beforeAll, expect, test } from 'vitest'
import { generateKeyPackageWithKey } from 'ts-mls/keyPackage.js'
import { again, removal, spoilt, world, type World } from '../testkit/gate-stage'
import { admission, member, none, nothing, policy, rejoin, type Member } from '../testkit/group'
import type { Bytes } from '../vault'
import { makeCommit, type Made, type Order } from './commit'
import { capabilities, readMessage, referenceOf, writeKeyPackage } from './mls'
import { suite } from './suite'

let w: World

beforeAll(async () => {
  w = await world()
})

const make = (on: keyof World, order: Partial<Order>): Promise<Made> => {
  const { bobs, psk, now } = w[on].t
  return makeCommit({ ...nothing, now, ...order }, bobs.state, bobs.roster, psk)
}

const adding = (who: Member, statement: Bytes): Order['adds'][number] => ({
  participant: who.participant,
  keyPackage: writeKeyPackage(who.own.keyPackage),
  statement,
})

test('an order of nothing renews the path', async () => {
  const m = readMessage((await make('plain', {})).commit)
  if (m.wireformat !== 'mls_public_message' || m.publicMessage.content.contentType !== 'commit') throw new Error('none')
  expect(m.publicMessage.content.commit.path).toBeDefined()
  expect(m.publicMessage.content.commit.proposals).toEqual([])
})

test('a bad KeyPackage keeps nobody else out', async () => {
  const { t, kim } = w.plain
  const max = await member(t.meeting, 'Max')
  const pair = await suite.signature.keygen()
  const { leafNode } = max.own.keyPackage
  const broken = await generateKeyPackageWithKey(leafNode.credential, capabilities, leafNode.lifetime, [], pair, suite)
  const reference = await referenceOf(broken.publicPackage)
  const word = await admission(t, [kim.admitted, { ...max.admitted, reference }])
  const bad = { ...adding(max, word), keyPackage: writeKeyPackage(broken.publicPackage) }
  const made = await make('plain', { adds: [bad, adding(kim, word)] })
  expect(made.left).toEqual([max.participant])
  expect(made.change.added.map((a) => a.admitted.participant)).toEqual([kim.participant])
})

test('somebody twice in one order comes once', async () => {
  const { t, kim, word } = w.plain
  const twin = await member(t.meeting, 'Kim', kim.device)
  const other = await admission(t, [twin.admitted])
  const made = await make('plain', { adds: [adding(kim, word.raw), adding(twin, other)] })
  expect(made.left).toEqual([twin.participant])
})

test('a policy that locks leaves behind who was admitted before, but not who comes back', async () => {
  const { t, kim, word } = w.away
  const eve = await again(w.away, t.eve)
  const locked = await policy(t, t.ada.device, { locked: true })
  const adds = [adding(kim, word.raw), adding(eve, await rejoin(t, t.eve, eve))]
  const made = await make('away', { policies: [locked], adds })
  expect(made.left).toEqual([kim.participant])
  expect(made.change.added.map((a) => a.rejoin)).toEqual([true])
})

test('who is removed does not come back by the same commit', async () => {
  for (const on of ['plain', 'away'] as const) {
    const { t } = w[on]
    const eve = await again(w[on], t.eve)
    const adds = [adding(eve, await rejoin(t, t.eve, eve))]
    const removes = [{ participant: eve.participant, statement: await removal(w[on], t.ada.device, t.eve) }]
    const made = await make(on, { adds, removes })
    expect(made.left).toEqual([eve.participant])
    expect(made.change.away).toEqual([])
  }
})

test('a policy that does not follow is not left out in silence', async () => {
  const { t } = w.plain
  const [first, second] = [
    await policy(t, t.ada.device, { locked: true }),
    await policy(t, t.ada.device, { recording: 1 }),
  ]
  await expect(make('plain', { policies: [first, second] })).rejects.toThrow('policy chain')
  await expect(make('plain', { policies: [spoilt(first)] })).rejects.toThrow('policy signature')
})

test('what cannot be done is refused, or passed over beside the rest', async () => {
  const { t, kim } = w.plain
  await expect(make('plain', { adds: [adding(kim, await admission(t, [t.eve.admitted]))] })).rejects.toThrow(
    'nothing that',
  )
  const byGuest = { participant: t.eve.participant, statement: await removal(w.plain, t.bob.device, t.eve) }
  await expect(make('plain', { removes: [byGuest] })).rejects.toThrow('nothing that')
  const himself = { participant: t.bob.participant, statement: none }
  const absent = { participant: t.eve.participant, statement: none }
  const made = await make('plain', { removes: [himself, byGuest, absent] })
  expect(made.change.removed.map((r) => r.how)).toEqual(['absent'])
})
