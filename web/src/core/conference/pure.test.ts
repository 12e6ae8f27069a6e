import { describe, expect, test } from 'vitest'
import type { Member } from '../vault'
import { fromBase64, toBase64 } from './base64'
import { alike, arrival, peopleOf } from './people'
import { Speaking } from './speaking'

function member(participant: string, more: Partial<Member> = {}): Member {
  const fixed: Omit<Member, 'participant'> = {
    device: '',
    leaf: 0,
    name: participant.toUpperCase(),
    role: 'guest',
    hand: 0,
    me: false,
    microphone: true,
    camera: true,
  }
  return { participant, ...fixed, ...more }
}

describe('people', () => {
  const stream = {} as MediaStream
  const around = {
    slots: ['', 'b'],
    away: new Set(['c']),
    silent: ['b2'],
    removing: ['b'],
    speaking: new Set(['b']),
    mine: { camera: false, microphone: true, preview: null },
    stream: (slot: number) => (slot === 1 ? stream : null),
    reaction: (p: string) => (p === 'b' ? ('clap' as const) : null),
  }

  test('I come first, then the others as they arrived', () => {
    const people = peopleOf([member('b'), member('a', { me: true }), member('c')], ['c', 'b', 'a'], around)
    expect(people.map((p) => p.id)).toEqual(['a', 'c', 'b'])
  })

  test('a picture is shown only with a slot and while its owner says that the camera is on', () => {
    const [on, off, unslotted] = peopleOf([member('b'), member('b2', { camera: false }), member('c')], [], around)
    expect(on).toMatchObject({
      video: true,
      stream,
      speaking: true,
      away: false,
      confirmed: true,
      removing: true,
      reaction: 'clap',
    })
    expect(off).toMatchObject({ video: false, confirmed: false, removing: false })
    expect(unslotted).toMatchObject({ video: false, stream: null, away: true })
  })

  test('my own devices are what this page knows, not what the group was told', () => {
    const [me] = peopleOf([member('a', { me: true, microphone: false, camera: true })], [], around)
    expect(me).toMatchObject({ microphone: true, camera: false, video: false })
  })

  test('people stand in the order in which their names were proven', () => {
    const [a, b, c] = [member('a', { me: true }), member('b', { name: '' }), member('c')]
    expect(arrival([a, b, c], ['a'])).toEqual(['a', 'c'])
    expect(arrival([a, { ...b, name: 'B' }, c], ['a', 'c'])).toEqual(['a', 'c', 'b'])
    expect(arrival([a, { ...b, name: 'B' }], ['a', 'c', 'b'])).toEqual(['a', 'b'])
    expect(peopleOf([member('x', { name: '' }), member('b'), a], ['a', 'b'], around).map((p) => p.id)).toEqual([
      'a',
      'b',
      'x',
    ])
  })

  test('names that could be taken for each other', () => {
    for (const [a, b] of [
      ['Priya Raman', 'priya  raman'],
      ['Álvaro', 'Alvaro'],
      ['Ilya', 'llya'],
      ['Bob 0', 'Bob O'],
      ['Ana.', 'Ana'],
    ] as const)
      expect(alike(a, b), `${a} ~ ${b}`).toBe(true)
    for (const [a, b] of [
      ['Priya', 'Prija'],
      ['लीला', 'शीला'],
      ['Ana', 'Anna'],
    ] as const)
      expect(alike(a, b), `${a} ≁ ${b}`).toBe(false)
  })
})

describe('speaking', () => {
  test('begins with a voice, bears its pauses, ends 600 ms after it', () => {
    const s = new Speaking()
    expect(s.heard(new Map([['a', 0.015]]), 0)).toBeNull()
    expect(s.heard(new Map([['a', 0.3]]), 200)).toEqual(new Set(['a']))
    expect(s.heard(new Map([['a', 0.015]]), 400)).toBeNull()
    expect(s.heard(new Map([['a', 0]]), 900)).toBeNull()
    expect(s.heard(new Map([['a', 0]]), 1_000)).toEqual(new Set())
  })

  test('who is heard no more speaks no more', () => {
    const s = new Speaking()
    s.heard(new Map([['a', 1]]), 0)
    expect(s.heard(new Map(), 1)).toEqual(new Set())
  })
})

test('base64 comes back as it was, however long', () => {
  for (const length of [0, 1, 2, 3, 0x8000, 0x8001]) {
    const bytes = Uint8Array.from({ length }, (_, i) => i * 31)
    expect(fromBase64(toBase64(bytes))).toEqual(bytes)
  }
  expect(toBase64(Uint8Array.of(251, 255))).toBe('+/8=')
  expect(() => fromBase64('*')).toThrow()
})
