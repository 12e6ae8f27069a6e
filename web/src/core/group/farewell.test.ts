import { beforeAll, expect, test } from 'vitest'
import * as bodies from '../keys/bodies'
import { random } from '../keys/bytes'
import { removal, world, type Stage } from '../testkit/gate-stage'
import { statement } from '../testkit/group'
import type { Bytes } from '../vault'
import { endHolds, removalHolds, type Last } from './farewell'
import { underOf } from './roster'

let s: Stage // Eve is co-host

beforeAll(async () => {
  s = (await world()).led
})

function seenBy(who: 'ada' | 'bob' | 'eve'): Last {
  const view = { ada: s.t.adas, bob: s.t.bobs, eve: s.t.eves }[who]
  return { roster: view.roster, leaf: view.state.privatePath.leafIndex }
}

const ended = (by: Stage['t']['ada']['device'], under = underOf(s.t.adas.roster)): Promise<Bytes> =>
  statement(s.t, by, 'end', bodies.end({ under, epoch: 2 }))

test('an end holds by the host key or a host, under the policy that stands', async () => {
  const last = seenBy('bob')
  expect(await endHolds(await ended(s.t.host.host), last)).toBe(true)
  expect(await endHolds(await ended(s.t.ada.device), last)).toBe(true)
  expect(await endHolds(await ended(s.t.eve.device), last)).toBe(false) // a co-host ends nothing
  expect(await endHolds(await ended(s.t.bob.device), last)).toBe(false)
  expect(await endHolds(await ended(s.t.ada.device, { sequence: 1, hash: random(32) }), last)).toBe(false)
  expect(await endHolds(random(40), last)).toBe(false)
})

test('a removal holds by the host key, by a host, or by a co-host for no host', async () => {
  const { ada, bob, eve, host } = s.t
  for (const by of [host.host, ada.device, eve.device]) {
    expect(await removalHolds(await removal(s, by, bob), seenBy('bob'))).toBe(true)
  }
  expect(await removalHolds(await removal(s, bob.device, bob), seenBy('bob'))).toBe(false)
  expect(await removalHolds(await removal(s, eve.device, ada), seenBy('ada'))).toBe(false)
  expect(await removalHolds(await removal(s, host.host, ada), seenBy('ada'))).toBe(true)
  expect(await removalHolds(await removal(s, ada.device, eve), seenBy('bob'))).toBe(false) // somebody else’s
})
