import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Role } from '../core/snapshot'
import { actsOn, handOrder, handsFirst, lastHost, successors } from './people'
import { person } from './testkit/person'

const roles: readonly Role[] = ['host', 'co-host', 'guest']

describe('what may be done with somebody', () => {
  it.each([
    ['host', 'guest', ['make-co-host', 'make-host', 'remove']],
    ['host', 'co-host', ['unmake-co-host', 'make-host', 'remove']],
    ['host', 'host', []],
    ['co-host', 'guest', ['remove']],
    ['co-host', 'co-host', ['remove']],
    ['co-host', 'host', []],
    ['guest', 'guest', []],
    ['guest', 'host', []],
  ] as const)('a %s with a %s', (mine, theirs, acts) => {
    expect(actsOn(person('a', { role: theirs }), mine)).toEqual(acts)
    const lower = mine === 'guest' ? [] : ['lower']
    expect(actsOn(person('a', { role: theirs, hand: 5 }), mine)).toEqual([...lower, ...acts])
  })
  it.each(roles)('a %s does nothing with oneself, nor with who is being removed', (mine) => {
    expect(actsOn(person('a', { me: true, hand: 1 }), mine)).toEqual([])
    expect(actsOn(person('a', { removing: true }), mine)).toEqual([])
  })
})

describe('raised hands', () => {
  it('have places by time, and come first', () => {
    const people = [person('me', { me: true }), person('b', { hand: 20 }), person('c'), person('a', { hand: 10 })]
    expect([...handOrder(people)]).toEqual([
      ['a', 1],
      ['b', 2],
    ])
    expect(handsFirst(people).map(({ id }) => id)).toEqual(['a', 'b', 'me', 'c'])
  })
  it('have one order whatever order people stand in', () => {
    const hands = fc.array(fc.nat(3), { maxLength: 12 })
    const both = hands.chain((times) => {
      const people = times.map((hand, i) => person(`p${String(i)}`, { hand }))
      return fc.tuple(fc.constant(people), fc.shuffledSubarray(people, { minLength: people.length }))
    })
    fc.assert(
      fc.property(both, ([people, shuffled]) => {
        const order = handOrder(people)
        expect([...handOrder(shuffled)]).toEqual([...order])
        expect([...order.values()]).toEqual(people.filter(({ hand }) => hand > 0).map((_, i) => i + 1))
        expect(handsFirst(people).map(({ id }) => order.get(id) ?? 99)).toEqual(
          people.map(({ id }) => order.get(id) ?? 99).sort((a, b) => a - b),
        )
      }),
    )
  })
})

describe('the last host', () => {
  const me = person('me', { me: true, role: 'host' })
  it.each([
    ['alone', [me], false],
    ['with a guest', [me, person('a')], true],
    ['with a co-host', [me, person('a', { role: 'co-host' })], true],
    ['with another host', [me, person('a', { role: 'host' })], false],
    ['with a host whose connection is lost', [me, person('a', { role: 'host', away: true })], true],
    ['as a guest', [person('me', { me: true }), person('a')], false],
    ['as a co-host', [person('me', { me: true, role: 'co-host' }), person('a')], false],
  ] as const)('%s', (_, people, last) => {
    expect(lastHost(people)).toBe(last)
  })
  it('can hand over to who is really here, co-hosts first', () => {
    const people = [
      me,
      person('a'),
      person('b', { away: true }),
      person('c', { role: 'co-host' }),
      person('d', { removing: true }),
      person('e', { name: '' }),
    ]
    expect(successors(people).map(({ id }) => id)).toEqual(['c', 'a'])
  })
})
