/** What the views know about people: who leads, what may be done with whom, whose hand was up first. */
import type { Person, Role } from '../core/snapshot'

/** Act is something that can be done with a person. */
export type Act = 'lower' | 'make-co-host' | 'unmake-co-host' | 'make-host' | 'remove'

/** leads says whether a role opens the door and keeps the rules. */
export const leads = (role: Role): boolean => role !== 'guest'

/** actsOn lists what somebody of a role may do with a person, the gravest last. Nobody removes a host. */
export function actsOn(person: Person, role: Role): readonly Act[] {
  if (person.me || person.removing || !leads(role)) return []
  const acts: Act[] = person.hand > 0 ? ['lower'] : []
  if (person.role === 'host') return acts
  if (role === 'host') acts.push(person.role === 'guest' ? 'make-co-host' : 'unmake-co-host', 'make-host')
  acts.push('remove')
  return acts
}

/** handOrder gives each raised hand its place, from 1: the earlier first, equals by id. */
export function handOrder(people: readonly Person[]): ReadonlyMap<string, number> {
  const raised = people.filter((person) => person.hand > 0)
  raised.sort((a, b) => a.hand - b.hand || (a.id < b.id ? -1 : 1))
  return new Map(raised.map((person, i) => [person.id, i + 1]))
}

/** handsFirst puts the raised hands in their order before everybody else. */
export function handsFirst(people: readonly Person[]): readonly Person[] {
  const order = handOrder(people)
  const place = (person: Person): number => order.get(person.id) ?? people.length + 1
  return people.toSorted((a, b) => place(a) - place(b))
}

/** lastHost says whether I am the only host here while others are inside. */
export function lastHost(people: readonly Person[]): boolean {
  const others = people.filter((person) => !person.me)
  const mine = people.find((person) => person.me)?.role
  return mine === 'host' && others.length > 0 && !others.some((person) => person.role === 'host' && stays(person))
}

/** successors are those to whom a host can hand over, co-hosts first. */
export function successors(people: readonly Person[]): readonly Person[] {
  const fit = people.filter((person) => !person.me && person.name !== '' && stays(person))
  return fit.toSorted((a, b) => Number(b.role === 'co-host') - Number(a.role === 'co-host'))
}

const stays = (person: Person): boolean => !person.away && !person.removing
