import { describe, expect, it } from 'vitest'
import { encode } from './keys/crockford'
import { guestLink, hideFragment, hostLink, readLink } from './link'

const bytes = (n: number): Uint8Array => Uint8Array.from({ length: n }, (_, i) => (i * 37 + 11) & 0xff)
const meeting = encode(bytes(16))
const code = encode(bytes(10))
const seed = encode(bytes(32))
const grouped = code.replace(/.{4}(?=.)/g, '$&-')

describe('readLink', () => {
  const read = (hash: string, pathname = `/m/${meeting}`): unknown => readLink({ pathname, hash })

  it.each([
    ['the guest link', `#${code}`, { meeting, code, seed: null }],
    ['the host link', `#${code}.${seed}`, { meeting, code, seed }],
    ['no fragment', '', { meeting, code: null, seed: null }],
    ['an empty fragment', '#', { meeting, code: null, seed: null }],
    ['groups', `#${grouped}`, { meeting, code, seed: null }],
    ['capitals', `#${grouped.toUpperCase()}.${seed.toUpperCase()}`, { meeting, code, seed }],
    ['spaces', `#${grouped.replaceAll('-', ' ')}`, { meeting, code, seed: null }],
    ['written spaces', `#${grouped.replaceAll('-', '%20')}`, { meeting, code, seed: null }],
    ['a full stop from the sentence around', `#${code}.`, { meeting, code, seed: null }],
    ['a personal link of a later version', `#${code}~token`, { meeting, code, seed: null }],
    ['a code cut short', `#${code.slice(1)}`, { meeting, code: null, seed: null }],
    ['a code that is too long', `#${code}0`, { meeting, code: null, seed: null }],
    ['a wrong character', `#u${code.slice(1)}`, { meeting, code: null, seed: null }],
    ['a seed cut short', `#${code}.${seed.slice(1)}`, { meeting, code, seed: null }],
    ['percent signs that mean nothing', '#%zz', { meeting, code: null, seed: null }],
  ])('reads %s', (_, hash, want) => {
    expect(read(hash)).toEqual(want)
  })

  it('takes o for 0, and i and l for 1', () => {
    expect(read('#o0o0-Il1i-oooo-0000')).toMatchObject({ code: '0000111100000000' })
  })

  it.each(['/', '/m', '/m/', '/m/abc', `/n/${meeting}`, `/m/${meeting}/x`, `/m/${meeting}0`])(
    'finds no meeting in %s',
    (pathname) => {
      expect(read(`#${code}`, pathname)).toBeNull()
    },
  )

  it('reads the id in capitals and with a slash behind', () => {
    expect(read('', `/m/${meeting.toUpperCase()}/`)).toMatchObject({ meeting })
  })
})

it('writes links that it reads again', () => {
  for (const written of [code, grouped]) {
    const guest = new URL(guestLink('https://meet.example', meeting, written))
    expect(guest.href).toBe(`https://meet.example/m/${meeting}#${code}`)
    expect(readLink(guest)).toEqual({ meeting, code, seed: null })
    expect(readLink(new URL(hostLink('https://meet.example', meeting, written, seed)))).toEqual({ meeting, code, seed })
  }
})

describe('hideFragment', () => {
  const hide = (href: string): unknown[] => {
    const calls: unknown[] = []
    const history = { state: { kept: 1 }, replaceState: (...args: unknown[]) => calls.push(args) }
    hideFragment(history as unknown as History, new URL(href) as unknown as Location)
    return calls
  }

  it('takes the fragment away and keeps state and query', () => {
    expect(hide(`https://meet.example/m/${meeting}?x=1#${code}`)).toEqual([[{ kept: 1 }, '', `/m/${meeting}?x=1`]])
    expect(hide(`https://meet.example/m/${meeting}#`)).toHaveLength(1)
  })

  it('leaves an address without fragment alone', () => {
    expect(hide(`https://meet.example/m/${meeting}`)).toEqual([])
  })
})
