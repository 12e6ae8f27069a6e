import { beforeAll, expect, test } from 'vitest'
import { hex, random } from '../keys/bytes'
import { none, nothing, trio, type Trio } from '../testkit/group'
import { makeCommit } from './commit'
import { awayAfter, spentAfter } from './effect'
import { gate } from './gate'

let t: Trio

beforeAll(async () => {
  t = await trio()
})

test('a joiner whose clock is a minute slow makes a commit that everybody else takes', async () => {
  const order = {
    ...nothing,
    removes: [{ participant: t.eve.participant, statement: none }],
    now: t.now - 60_000,
  }
  const made = await makeCommit(order, t.bobs.state, t.bobs.roster, t.psk)
  await expect(gate(made.commit, t.adas.state, t.adas.roster)).resolves.toMatchObject({ time: t.adas.roster.time })
})

test('a joiner knows the time and the used KeyPackages of the group that it enters', () => {
  for (const view of [t.bobs, t.eves]) {
    expect(view.roster.time).toBe(t.adas.roster.time)
    expect([...view.roster.spent].sort()).toEqual([...t.adas.roster.spent].sort())
  }
  expect([...t.bobs.roster.spent.keys()]).toContain(hex(t.bob.admitted.reference))
})

test('a used KeyPackage is remembered until it would be refused for its age, by the clock of the commits', () => {
  const { roster } = t.adas
  const [[reference, until] = ['', 0]] = roster.spent
  expect(spentAfter(roster, [], until).has(reference)).toBe(true)
  expect(spentAfter(roster, [], until + 1).has(reference)).toBe(false)
})

test('who is away longest is forgotten when there are more than 256', () => {
  const { roster } = t.adas
  const [eve] = [...roster.leaves.values()].filter((l) => hex(l.device) === hex(t.eve.device.publicKey))
  if (eve === undefined) throw new Error('not inside')
  const some = (): typeof eve => ({ ...eve, participant: random(16), device: random(32), signatureKey: random(32) })
  const away = Array.from({ length: 256 }, some)
  const trial = { roster: { ...roster, away }, chain: roster.policies }
  const after = awayAfter(trial, [], [{ leaf: eve, how: 'absent' }], [])
  expect(after.map((a) => hex(a.device))).toEqual([...away.slice(1), eve].map((a) => hex(a.device)))
})
