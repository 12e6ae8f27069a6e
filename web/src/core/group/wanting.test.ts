import { expect, test } from 'vitest'
import { World, type Person } from '../testkit/meeting'

const named = (p: Person | undefined): string[] => (p?.members ?? []).map((m) => m.name).sort()

test('a name that the committer did not know is asked for of a host, and told to who asked alone', async () => {
  const w = await World.open('Ada')
  const [bob] = await w.enter('Bob')
  if (!bob) throw new Error('nobody')
  let hostsNames = 0
  w.drops = (from, to) => from === w.host && to === bob // Kim's name among it
  const [kim] = await w.enter('Kim')
  w.drops = () => false
  const eve = await w.arrive()
  await w.admit([await w.knock(eve, 'Eve')], bob) // Bob tells in the Welcome what he knows
  expect(named(eve)).toEqual(['', 'Ada', 'Bob', 'Eve'])
  const before = w.host.told.length
  await w.pass(3_000)
  for (const p of [w.host, bob, kim, eve]) expect(named(p)).toEqual(['Ada', 'Bob', 'Eve', 'Kim'])
  for (const h of w.host.told.slice(before)) if (h.kind === 'send' && h.to.length > 0) hostsNames++
  expect(hostsNames).toBe(2) // to Bob and to Eve
})

test('while nobody answers it is asked for more and more seldom', async () => {
  const w = await World.open('Ada')
  const [bob] = await w.enter('Bob')
  if (!bob) throw new Error('nobody')
  w.drops = (from, to) => from === w.host && to === bob
  await w.enter('Kim')
  const before = bob.told.length
  await w.pass(130_000)
  const asked = bob.told.slice(before).filter((h) => h.kind === 'send' && h.to.length > 0)
  expect(asked.length).toBeGreaterThanOrEqual(5) // 2, 6, 14, 30, 62, 122 s
  expect(asked.length).toBeLessThanOrEqual(7)
})
