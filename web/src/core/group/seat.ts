/** What a device keeps of its group, never group state: enough to come back by a rejoin, and to know an older chain (PROTOCOL.md M3). */
import * as bodies from '../keys/bodies'
import { equal, FormError, join, Reader, text, u64, u8, utf8, vector } from '../keys/bytes'
import { hashOf, parse } from '../keys/statement'
import type { Bytes } from '../vault'
import type { Named } from './forms'
import type { Group, Standing } from './group'
import type { Held } from './joiner'
import { policyOf, type Policy } from './roster'

const version = 1

/** Seat is the newest standing in a group that was vouched for. */
export interface Seat {
  readonly standing: Pick<Standing, 'group' | 'signatureKey' | 'pair'>
  readonly policy: Policy // the newest
  readonly commitment: Bytes // to the own name
  readonly name: string
  readonly named: Named | null // the own name with its salt, where it is known
  readonly returns: boolean // false once this person left or was removed
}

/** seatOf is the seat in a group as it stands; null without a leaf of one's own. */
export function seatOf(group: Group, name: string, named: Named | null): Seat | null {
  const mine = group.roster.leaves.get(group.leaf)
  if (mine === undefined) return null
  const { commitment } = mine
  return { standing: group.standing(), policy: policyOf(group.roster), commitment, name, named, returns: true }
}

export function noteSeat(s: Seat, participant: Bytes): Bytes {
  const { group, signatureKey, pair } = s.standing
  const named = s.named ? join(s.named.salt, s.named.padded) : new Uint8Array()
  return join(
    u8(version),
    u8(s.returns ? 1 : 0),
    participant,
    group,
    signatureKey,
    u64(pair.epoch),
    pair.authenticator,
    s.commitment,
    vector(2, utf8(s.name)),
    vector(2, named),
    vector(4, s.policy.statement.raw),
  )
}

/** recallSeat reads a note; null for an empty one. Throws FormError. */
export async function recallSeat(note: Bytes): Promise<Seat | null> {
  if (note.length === 0) return null
  const r = new Reader(note)
  if (r.u8() !== version) throw new FormError('version')
  const returns = r.below(2) === 1
  const participant = r.take(16)
  const standing = {
    group: r.take(32),
    signatureKey: r.take(32),
    pair: { epoch: r.u64(), authenticator: r.take(32) },
  }
  const commitment = r.take(32)
  const name = text(r.vector(2))
  const own = new Reader(r.vector(2)).all((n) => ({ participant, salt: n.take(32), padded: n.take(256) }))
  const statement = parse(r.vector(4))
  r.end()
  const policy = { statement, body: bodies.readPolicy(statement.body), hash: await hashOf(statement) }
  return { standing, policy, commitment, name, named: own[0] ?? null, returns }
}

/** heldOf is what a joiner's checks need of a seat. */
export function heldOf(s: Seat): Held {
  const { body, hash } = s.policy
  const under = { sequence: body.sequence, hash }
  return { group: s.standing.group, generation: body.generation, under, commitment: s.commitment }
}

/** isOlder tells whether a chain of the last group lacks what this device knew. */
export function isOlder(last: { readonly group: Bytes; readonly policies: readonly Policy[] }, mine: Seat): boolean {
  const newest = last.policies.at(-1)
  const { body, hash } = mine.policy
  if (newest === undefined || newest.body.generation < body.generation) return true
  if (newest.body.generation > body.generation) return false
  const same = last.policies[body.sequence - 1]
  return !equal(last.group, mine.standing.group) || same === undefined || !equal(same.hash, hash)
}
