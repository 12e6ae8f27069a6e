import { describe, expect, test } from 'vitest'
import { headEvery, Silence, type Watched } from './silence'

const host: Watched = { participant: 'host', host: true, leads: true }
const guests = (n: number): Watched[] =>
  Array.from({ length: n }, (_, i) => ({ participant: `g${String(i)}`, host: false, leads: false }))
const came = (added: readonly string[] = [], absent: readonly string[] = []): Parameters<Silence['epoch']>[1] => ({
  added,
  absent,
})
const begun = (others: readonly Watched[]): Silence => {
  const s = new Silence()
  s.epoch(others, came(), 0)
  return s
}

test.each([
  [true, 2, 4_000],
  [true, 250, 4_000],
  [false, 50, 4_000],
  [false, 51, 20_000],
])('host %s among %i leaves speaks every %i ms', (isHost, leaves, every) => {
  expect(headEvery(isHost, leaves)).toBe(every)
})

describe('silence', () => {
  test('is 10 s, or 50 s for guests among more than fifty, told at its very moment', () => {
    const few = begun(guests(2))
    expect(few.next(0)).toBe(10_000)
    expect(few.at(9_999).silent).toEqual([])
    expect(few.at(10_000).silent).toEqual(['g0', 'g1'])
    const many = begun([host, ...guests(50)])
    expect(many.next(0)).toBe(10_000)
    many.heard('host', true, 40_000, 40_000)
    expect(many.at(49_999).silent).toEqual([])
    expect(many.at(50_000).silent).toHaveLength(51)
  })

  test('begins anew with an epoch, but twice the time is the end of it', () => {
    const s = begun([host, ...guests(1)])
    for (const now of [8_000, 16_000]) {
      s.heard('host', true, now, now)
      s.epoch([host, ...guests(1)], came(), now)
    }
    expect(s.at(19_999).silent).toEqual([])
    expect(s.at(20_000).silent).toEqual(['g0'])
  })

  test('is not begun anew for one who is silent: only their own head brings them back', () => {
    const s = begun([host, ...guests(1)])
    s.heard('host', true, 9_000, 9_000)
    expect(s.at(10_000).silent).toEqual(['g0'])
    s.epoch([host, ...guests(1)], came(), 10_500)
    expect(s.at(11_000).silent).toEqual(['g0'])
    s.heard('g0', false, 11_000, 11_000) // of an older epoch
    expect(s.at(11_000).silent).toEqual(['g0'])
    s.heard('g0', true, 11_500, 11_500)
    expect(s.at(11_500).silent).toEqual([])
  })

  test('heads of an older epoch of ours let storms of epochs pass', () => {
    const s = begun([host, ...guests(1)])
    for (let now = 2_000; now <= 60_000; now += 2_000) {
      s.epoch([host, ...guests(1)], came(), now)
      s.heard('host', true, now, now)
      s.heard('g0', false, now, now)
      expect(s.at(now)).toEqual({ silent: [], lost: [], stopped: false })
    }
  })
})

describe('the meeting may have been split', () => {
  test('one guest alone is no reason, two are, a host is', () => {
    const two = begun([host, ...guests(3)])
    for (const p of ['host', 'g1', 'g2']) two.heard(p, true, 5_000, 5_000)
    expect(two.at(10_000)).toMatchObject({ silent: ['g0'], lost: [] })
    for (const p of ['host', 'g2']) two.heard(p, true, 9_000, 9_000)
    expect(two.at(15_000).lost).toEqual(['g0', 'g1'])
    const one = begun([host, ...guests(1)])
    one.heard('g0', true, 9_000, 9_000)
    expect(one.at(10_000).lost).toEqual(['host'])
  })

  test('one removed as absent and another who falls silent soon after are together', () => {
    const s = begun([host, ...guests(2)])
    for (const p of ['host', 'g1']) s.heard(p, true, 9_000, 9_000)
    expect(s.at(10_000).lost).toEqual([])
    s.epoch([host, { participant: 'g1', host: false, leads: false }], came([], ['g0']), 10_500)
    s.heard('host', true, 20_000, 20_000)
    expect(s.at(20_500).lost.toSorted()).toEqual(['g0', 'g1'])
    s.heard('g1', true, 100_000, 100_000)
    s.heard('host', true, 100_000, 100_000)
    expect(s.at(100_000).lost).toEqual(['g0'])
    s.epoch([host, ...guests(2)], came(['g0']), 100_500)
    expect(s.at(100_500).lost).toEqual(['g0']) // being let in again is not yet being heard
    s.heard('g0', true, 101_000, 101_000)
    expect(s.at(101_000).lost).toEqual([])
  })
})

describe('the dead man’s switch', () => {
  test('asks for a host’s head of the present epoch within 12 s, whatever epochs come', () => {
    const s = begun([host, ...guests(3)])
    for (let now = 1_000; now < 12_000; now += 1_000) {
      s.epoch([host, ...guests(3)], came(), now)
      s.heard('host', false, now, now)
      for (const p of ['g0', 'g1', 'g2']) s.heard(p, true, now, now)
    }
    expect(s.at(11_999).stopped).toBe(false)
    expect(s.at(12_000).stopped).toBe(true)
    s.heard('host', true, 12_500, 12_500)
    expect(s.at(12_500).stopped).toBe(false)
  })

  test('asks an only host for more than half of the others, and asks nothing of who is alone', () => {
    const s = begun(guests(3))
    s.heard('g0', true, 5_000, 5_000)
    s.heard('g1', true, 5_000, 5_000)
    expect(s.at(10_000).stopped).toBe(false)
    s.heard('g0', true, 9_000, 9_000)
    expect(s.at(15_000).stopped).toBe(true)
    const alone = begun([])
    expect(alone.next(0)).toBeNull()
    expect(alone.at(1e9)).toEqual({ silent: [], lost: [], stopped: false })
  })

  test('gives a host who has just come the whole time', () => {
    const s = begun(guests(1))
    s.heard('g0', true, 59_000, 59_000)
    s.epoch([host, ...guests(1)], came(['host']), 60_000)
    expect(s.at(60_000).stopped).toBe(false)
    expect(s.at(72_000).stopped).toBe(true)
  })
})
