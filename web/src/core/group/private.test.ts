import { beforeEach, expect, test } from 'vitest'
import { random } from '../keys/bytes'
import { trio, type Trio } from '../testkit/group'
import { openFor, sealFor, type Envelope } from './private'
import type { Leaf } from './roster'
import type { Content, Private } from './said'

let t: Trio
let bob: Leaf
let eve: Leaf
let envelope: Envelope
let sealed: Private
const content: Content = { kind: 'chat', id: random(16), text: 'for you' }

beforeEach(async () => {
  t = await trio()
  const [ada, second, third] = [...t.adas.roster.leaves.values()]
  if (!ada || !second || !third) throw new Error('three leaves')
  bob = second
  eve = third
  envelope = { group: t.adas.roster.place.group, epoch: 1, sender: ada.signatureKey, id: content.id }
  sealed = await sealFor(content, 1, envelope, [bob])
})

test('opens for its recipient, and is nothing to others', async () => {
  expect(await openFor(sealed, envelope, bob, t.bob.own.inbox)).toEqual(content)
  expect(await openFor(sealed, envelope, eve, t.eve.own.inbox)).toBeNull()
  const both = await sealFor(content, 2, envelope, [bob, eve])
  expect(await openFor(both, envelope, eve, t.eve.own.inbox)).toEqual(content)
})

test.each<[string, () => Partial<Envelope>]>([
  ['group', () => ({ group: random(32) })],
  ['epoch', () => ({ epoch: 2 })],
  ['sender', () => ({ sender: eve.signatureKey })],
  ['message id', () => ({ id: random(16) })],
])('H10: used again under another %s it does not open', async (_, over) => {
  await expect(openFor(sealed, { ...envelope, ...over() }, bob, t.bob.own.inbox)).rejects.toThrow()
})

test('H10: a wrap handed on to another leaf, or around other content, does not open', async () => {
  const [wrap] = sealed.wraps
  if (!wrap) throw new Error('no wrap')
  const forEve = { ...sealed, wraps: [{ ...wrap, leaf: eve.leaf }] }
  await expect(openFor(forEve, envelope, eve, t.eve.own.inbox)).rejects.toThrow()
  await expect(
    openFor(forEve, envelope, { ...bob, leaf: eve.leaf, signatureKey: eve.signatureKey }, t.bob.own.inbox),
  ).rejects.toThrow()
  const other = await sealFor({ ...content, text: 'something else' }, 1, envelope, [bob])
  await expect(openFor({ ...sealed, sealed: other.sealed }, envelope, bob, t.bob.own.inbox)).rejects.toThrow()
})

test('has 1 to 80 recipients', async () => {
  await expect(sealFor(content, 2, envelope, [])).rejects.toThrow()
  const many = Array.from({ length: 81 }, () => bob)
  await expect(sealFor(content, 2, envelope, many)).rejects.toThrow()
})
