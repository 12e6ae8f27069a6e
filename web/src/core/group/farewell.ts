/** Whether a farewell that the server shows is truly the host's: an end, or the removal of this very person. */
import { equal } from '../keys/bytes'
import * as bodies from '../keys/bodies'
import { parse, verify, type Statement } from '../keys/statement'
import type { Bytes } from '../vault'
import { byHost, isHost, isUnder, leads, type Roster } from './roster'

/** Last is what still judges farewells when the group is gone. */
export interface Last {
  readonly roster: Roster
  readonly leaf: number // mine
}

/** endHolds: the host key or a host device ended this group under the policy that stands. */
export async function endHolds(raw: Bytes, { roster }: Last): Promise<boolean> {
  try {
    const s = parse(raw)
    if (s.kind !== 'end' || !isUnder(roster, bodies.readEnd(s.body).under)) return false
    return equal(s.signer, roster.hostKey) ? await verify(s, roster.place) : await byHost(roster, s)
  } catch {
    return false
  }
}

/** removalHolds: the host key, a host, or a co-host for no host, removed my own leaf. */
export async function removalHolds(raw: Bytes, { roster, leaf }: Last): Promise<boolean> {
  try {
    const s = parse(raw)
    const me = roster.leaves.get(leaf)
    if (s.kind !== 'removal' || me === undefined) return false
    const body = bodies.readRemoval(s.body)
    const mine =
      equal(body.signatureKey, me.signatureKey) &&
      equal(body.participant, me.participant) &&
      equal(body.device, me.device)
    return mine && (await mayRemove(s, roster, body.device))
  } catch {
    return false
  }
}

/** mayRemove goes by the policy that this device saw last: one that came with the removal was never applied here. */
async function mayRemove(s: Statement, roster: Roster, target: Bytes): Promise<boolean> {
  const may = equal(s.signer, roster.hostKey) || (leads(roster, s.signer) && !isHost(roster, target))
  return may && (await verify(s, roster.place))
}
