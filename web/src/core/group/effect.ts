/** What a commit that passed the gate does to the roster. */
import type { PublicMessage } from 'ts-mls/publicMessage.js'
import type { RatchetTree } from 'ts-mls/ratchetTree.js'
import { equal, hex } from '../keys/bytes'
import type { Added, Removed, Trial } from './covers'
import {
  isBarred,
  leavesFrom,
  maxAway,
  wordOf,
  type Away,
  type Chain,
  type Leaf,
  type Policy,
  type Roster,
  type Seat,
  type Spent,
  type Word,
} from './roster'

/** Change is what a commit that passed does to the roster. */
export interface Change {
  readonly message: PublicMessage
  readonly sender: Leaf
  readonly time: number
  readonly policies: readonly Policy[] // in their order; each statement names its signer
  readonly added: readonly Added[]
  readonly removed: readonly Removed[]
  readonly chain: Chain // after the commit
  readonly away: readonly Away[] // after the commit
}

/** rosterAfter is the roster of the epoch that a commit leads to. */
export function rosterAfter(roster: Roster, change: Change, tree: RatchetTree): Roster {
  const gone = new Set(change.removed.map((r) => r.leaf))
  const stays = [...roster.leaves.values()].filter((l) => !gone.has(l))
  const wordFor = (seat: Seat): Word | undefined => {
    const old = stays.find((l) => l.leaf === seat.leaf && equal(l.signatureKey, seat.signatureKey))
    return old ?? wordOf(change.added.find((a) => equal(a.signatureKey, seat.signatureKey)))
  }
  return {
    ...roster,
    policies: change.chain,
    leaves: leavesFrom(tree, wordFor),
    away: change.away,
    spent: spentAfter(roster, change.added, change.time),
    time: change.time,
  }
}

/** spentAfter remembers what a commit uses, and forgets what has died: the commit's own time decides, for all alike. */
export function spentAfter(roster: Roster, added: readonly Pick<Added, 'admitted' | 'until'>[], time: number): Spent {
  const living = [...roster.spent].filter(([, until]) => until >= time)
  return new Map([...living, ...added.map((a): [string, number] => [hex(a.admitted.reference), a.until])])
}

/** awayAfter: who was absent only goes to the end; who comes in, is removed or barred leaves it; the oldest go first. */
export function awayAfter(
  t: Pick<Trial, 'roster' | 'chain'>,
  added: readonly Added[],
  removed: readonly Removed[],
  forgotten: readonly Away[],
): Away[] {
  const absent = removed.filter((r) => r.how === 'absent').map((r) => awayOf(r.leaf))
  const inside = (a: Away): boolean =>
    added.some(({ admitted }) => equal(admitted.participant, a.participant) || equal(admitted.device, a.device))
  const kept = [...t.roster.away.filter((a) => !forgotten.includes(a)), ...absent]
  return kept.filter((a) => !inside(a) && !isBarred({ policies: t.chain }, a.device)).slice(-maxAway)
}

function awayOf({ participant, device, signatureKey, commitment, role, admission }: Leaf): Away {
  return { participant, device, signatureKey, commitment, role, admission }
}
