/** To whom a message can go, and why not. */
import type { Person, Snapshot, To } from '../core/snapshot'
import { leads } from './people'

/** Obstacle is why nothing can be sent to somebody now; each has a sentence. */
export type Obstacle = 'everyone' | 'everyoneAlone' | 'one' | 'gone' | 'noHosts' | 'stopped'

/** Reach is what of a snapshot decides it. */
export type Reach = Pick<Snapshot, 'people' | 'may' | 'stopped'>

const otherLeads = (people: readonly Person[]): boolean => people.some((person) => !person.me && leads(person.role))

/** obstacle says why a message cannot go to somebody; null when it can. To hosts and co-hosts anybody may write. */
export function obstacle(to: To, { people, may, stopped }: Reach): Obstacle | null {
  if (stopped) return 'stopped'
  if (to.kind === 'all') return may.chat ? null : otherLeads(people) ? 'everyone' : 'everyoneAlone'
  if (to.kind === 'hosts') return otherLeads(people) ? null : 'noHosts'
  const person = people.find(({ id }) => id === to.participant)
  if (person === undefined) return 'gone'
  return may.whisper || leads(person.role) ? null : 'one'
}

/** usual is to whom a message goes until somebody else is chosen. */
export function usual({ people, may }: Reach): To {
  return may.chat || !otherLeads(people) ? { kind: 'all' } : { kind: 'hosts' }
}

/** offered lists whom one can choose: all, the hosts where there are others than oneself, and single people. */
export function offered({ people, may }: Reach): { readonly hosts: boolean; readonly ones: readonly Person[] } {
  const ones = people.filter((person) => !person.me && person.name !== '' && (may.whisper || leads(person.role)))
  return { hosts: otherLeads(people), ones }
}
