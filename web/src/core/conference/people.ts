/** Who is inside, as the views show them: what the group proves, joined with what the line and the media know. */
import type { Person, Reaction } from '../snapshot'
import type { Member } from '../vault'

/** Surroundings is what the group does not know of its members. */
export interface Surroundings {
  readonly slots: readonly string[] // a participant or '' for each slot
  readonly away: ReadonlySet<string>
  readonly silent: readonly string[]
  readonly removing: readonly string[]
  readonly speaking: ReadonlySet<string>
  readonly mine: { readonly camera: boolean; readonly microphone: boolean; readonly preview: MediaStream | null }
  stream(slot: number): MediaStream | null
  reaction(participant: string): Reaction | null
}

/** peopleOf lists me first, then the others by the order in which they were first seen. */
export function peopleOf(members: readonly Member[], order: readonly string[], around: Surroundings): Person[] {
  const place = (m: Member): number => {
    if (m.me) return -1
    const seen = order.indexOf(m.participant)
    return seen < 0 ? order.length : seen
  }
  return [...members].sort((a, b) => place(a) - place(b)).map((m) => personOf(m, around))
}

function personOf(m: Member, around: Surroundings): Person {
  const { mine } = around
  const slot = around.slots.indexOf(m.participant)
  const shown = !m.me && slot >= 0
  return {
    id: m.participant,
    name: m.name,
    me: m.me,
    role: m.role,
    hand: m.hand,
    reaction: around.reaction(m.participant),
    microphone: m.me ? mine.microphone : m.microphone,
    camera: m.me ? mine.camera : m.camera,
    speaking: around.speaking.has(m.participant),
    away: around.away.has(m.participant),
    confirmed: !around.silent.includes(m.participant),
    removing: around.removing.includes(m.participant),
    stream: m.me ? mine.preview : shown ? around.stream(slot) : null,
    video: m.me ? mine.camera && mine.preview !== null : shown && m.camera,
  }
}

/** arrival is the order in which people were first seen. Nobody has come before their name is proven. */
export function arrival(members: readonly Member[], order: readonly string[]): readonly string[] {
  const has = named(members)
  return [...order.filter((p) => has.has(p)), ...[...has].filter((p) => !order.includes(p))]
}

function named(members: readonly Member[]): ReadonlySet<string> {
  return new Set(members.filter((m) => m.name !== '').map((m) => m.participant))
}

const folded: Readonly<Record<string, string>> = { '0': 'o', '1': 'l', '|': 'l', i: 'l', '5': 's' }

/** alike tells whether two names could be taken for each other. */
export function alike(a: string, b: string): boolean {
  return skeleton(a) === skeleton(b)
}

function skeleton(name: string): string {
  const plain = name.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase()
  return Array.from(plain.replace(/[^\p{L}\p{N}|]/gu, ''), (c) => folded[c] ?? c).join('')
}
