import { describe, expect, it } from 'vitest'
import type { Allows, To } from '../core/snapshot'
import { obstacle, offered, usual, type Reach } from './recipient'
import { person } from './testkit/person'

const all: Allows = { share: true, chat: true, whisper: true, microphone: true, camera: true, react: true }

const people = [
  person('me', { me: true }),
  person('host', { role: 'host' }),
  person('co', { role: 'co-host' }),
  person('guest'),
]
const reach = (may: Partial<Allows> = {}, more: Partial<Reach> = {}): Reach => ({
  people,
  may: { ...all, ...may },
  stopped: false,
  ...more,
})
const one = (participant: string): To => ({ kind: 'one', participant })

describe('a message', () => {
  it.each([
    ['to everyone', { kind: 'all' }, reach(), null],
    ['to everyone, not allowed', { kind: 'all' }, reach({ chat: false }), 'everyone'],
    ['to everyone, not allowed, no host', { kind: 'all' }, reach({ chat: false }, { people: [] }), 'everyoneAlone'],
    ['to the hosts', { kind: 'hosts' }, reach({ chat: false, whisper: false }), null],
    ['to the hosts, none here', { kind: 'hosts' }, reach({}, { people: people.slice(3) }), 'noHosts'],
    ['to a guest', one('guest'), reach(), null],
    ['to a guest, not allowed', one('guest'), reach({ whisper: false }), 'one'],
    ['to a co-host', one('co'), reach({ chat: false, whisper: false }), null],
    ['to somebody gone', one('nobody'), reach(), 'gone'],
    ['while nothing is sent', { kind: 'all' }, reach({}, { stopped: true }), 'stopped'],
  ] as const)('%s', (_, to, given, why) => {
    expect(obstacle(to, given)).toBe(why)
  })
  it('goes to everyone unless only the hosts may be written to', () => {
    expect(usual(reach())).toEqual({ kind: 'all' })
    expect(usual(reach({ chat: false }))).toEqual({ kind: 'hosts' })
    expect(usual(reach({ chat: false }, { people: people.slice(3) }))).toEqual({ kind: 'all' })
  })
  it('never has oneself to choose, nor whom one may not write to', () => {
    expect(offered(reach()).ones.map(({ id }) => id)).toEqual(['host', 'co', 'guest'])
    expect(offered(reach({ whisper: false })).ones.map(({ id }) => id)).toEqual(['host', 'co'])
    expect(offered(reach({}, { people: [person('me', { me: true, role: 'host' }), person('guest')] })).hosts).toBe(
      false,
    )
  })
})
