/** What is told of a roster and of what a commit did to it. Pure. */
import { contexts } from '../frames/payload'
import { equal, hex } from '../keys/bytes'
import * as bodies from '../keys/bodies'
import type { Bytes, Happening, Rules } from '../vault'
import type { Change } from './gate'
import type { Group } from './group'
import type { People } from './people'
import { leads, may, policyOf, roleOf, type Leaf, type Roster } from './roster'
import { voids } from './policy'

const heardLately = 30_000

type Alarm = Pick<Extract<Happening, { kind: 'alarm' }>, 'code' | 'participant' | 'detail'>

/** rulesOf is the policy in force, as people read it. */
export function rulesOf(roster: Roster, device: Bytes, people: People, names: ReadonlyMap<string, string>): Rules {
  const { generation, sequence, label, locked, allows, barred } = policyOf(roster).body
  const named = barred.map((key) => {
    const one = [...roster.leaves.values(), ...roster.away].find((l) => equal(l.device, key))
    const name = one ? people.nameOf(hex(one.participant)) : ''
    return { device: hex(key), name: name || (names.get(hex(key)) ?? '') }
  })
  return { generation, sequence, label, locked, allows, barred: named, mine: roleOf(roster, device) }
}

/** barredNames remembers the names of those whom a commit barred while they were inside. */
export function barredNames(
  known: ReadonlyMap<string, string>,
  change: Change,
  people: People,
): ReadonlyMap<string, string> {
  const barred = new Set(policyOf({ policies: change.chain }).body.barred.map(hex))
  const gone = change.removed.map(({ leaf }) => [hex(leaf.device), people.nameOf(hex(leaf.participant))] as const)
  return new Map([...known, ...gone].filter(([device]) => barred.has(device)))
}

/** passedBy is what a commit did, by participant. It is asked before names are forgotten. */
export function passedBy(change: Change, people: People): Omit<Extract<Happening, { kind: 'passed' }>, 'kind'> {
  const backs = change.removed.filter((r) => r.how === 'back').map((r) => hex(r.leaf.participant))
  const added = change.added.map((a) => ({ who: hex(a.admitted.participant), rejoin: a.rejoin }))
  const isBack = (a: { who: string; rejoin: boolean }): boolean => a.rejoin || backs.includes(a.who)
  return {
    came: added.filter((a) => !isBack(a)).map((a) => a.who),
    back: added.filter(isBack).map((a) => a.who),
    gone: change.removed.flatMap(({ leaf, how }) => {
      const participant = hex(leaf.participant)
      return how === 'back' ? [] : [{ participant, name: people.nameOf(participant), how }]
    }),
  }
}

/** alarmsOf: an absence needs no proof, but whoever was heard a moment ago was not absent; and a rejoin states what its device held. */
export function alarmsOf(change: Change, group: Group, silentFor: (leaf: Leaf) => number): Alarm[] {
  const absences = change.removed
    .filter(({ leaf, how }) => how === 'absent' && silentFor(leaf) <= heardLately)
    .map(({ leaf }) => ({
      code: 'absence_contradicted',
      participant: hex(leaf.participant),
      detail: `removed as absent by ${hex(change.sender.participant)}`,
    }))
  const forks = change.added.flatMap(({ pair, admitted }) => {
    const ours = pair && group.epochAt(pair.epoch)
    if (!pair || !ours || pair.authenticator.every((b) => b === 0)) return []
    if (equal(ours.authenticator, pair.authenticator)) return []
    return [{ code: 'fork', participant: hex(admitted.participant), detail: `another epoch ${String(pair.epoch)}` }]
  })
  return [...absences, ...forks]
}

/** permits tells who may send what: hosts and co-hosts everything, guests what the policy allows. */
export function permits(roster: Roster): (participant: string, context: number) => boolean {
  const people = new Map([...roster.leaves.values()].map((l) => [hex(l.participant), l.device]))
  const needs = new Map<number, 'microphone' | 'camera' | 'share'>([
    [contexts.microphone, 'microphone'],
    [contexts.camera, 'camera'],
    [contexts.screen, 'share'],
    [contexts['screen-audio'], 'share'],
  ])
  return (participant, context) => {
    const [device, what] = [people.get(participant), needs.get(context)]
    return device !== undefined && what !== undefined && may(roster, device, what)
  }
}

/** newLeaders came in as hosts or co-hosts or were made such by a commit. Who comes by the host key's word has its seed, too. */
export function newLeaders(change: Change, roster: Roster): Leaf[] {
  const [first, ...more] = change.chain.slice(0, change.chain.length - change.policies.length)
  const led = (l: Leaf): boolean => first !== undefined && leads({ policies: [first, ...more] }, l.device)
  const came = (l: Leaf): boolean => change.added.some((a) => equal(a.signatureKey, l.signatureKey))
  const leaders = [...roster.leaves.values()].filter((l) => l.role !== bodies.roles.host && leads(roster, l.device))
  return leaders.filter((l) => came(l) || !led(l))
}

/** voidsAdmissions tells whether a commit's policies end admissions that were not committed before. */
export function voidsAdmissions(change: Change): boolean {
  const from = change.chain.length - change.policies.length
  return change.chain.some((p, i) => i >= from && i > 0 && voids((change.chain[i - 1] ?? p).body, p.body))
}
