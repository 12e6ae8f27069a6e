/** Who is in the group and by whose word, as every member computes it from the commits alone. Values are replaced, never changed. */
import type { RatchetTree } from 'ts-mls/ratchetTree.js'
import { compare, equal, FormError, fromHex, hex, join, plain, u32, u64, u8, vector } from '../keys/bytes'
import * as bodies from '../keys/bodies'
import { sha256 } from '../keys/derive'
import { verify, type Place, type Statement } from '../keys/statement'
import type { Allows, Bytes, Role } from '../vault'
import { identityOf } from './credential'
import { leavesOf } from './mls'

export const maxAway = 256

/** Seat is a leaf as the tree alone tells it. */
export interface Seat {
  readonly leaf: number
  readonly participant: Bytes
  readonly device: Bytes
  readonly signatureKey: Bytes
  readonly inbox: Bytes
}

/** Word is what an admission says of a leaf. */
export interface Word {
  readonly commitment: Bytes // to the name
  readonly role: number
  readonly admission: Statement
}

/** Leaf is one live leaf with the word that let it in. */
export type Leaf = Seat & Word

/** Away is one who was removed for absence only, and may come back by a rejoin. */
export type Away = Omit<Seat, 'leaf' | 'inbox'> & Word

/** Policy is a signed policy with what it says. */
export interface Policy {
  readonly statement: Statement
  readonly body: bodies.Policy
  readonly hash: Bytes
}

/** Chain are the policies of one group from sequence 1 on. */
export type Chain = readonly [Policy, ...Policy[]]

/** Spent are the KeyPackage references that were used, in hex, until their KeyPackages die (milliseconds since 1970). */
export type Spent = ReadonlyMap<string, number>

export interface Roster {
  readonly place: Place
  readonly hostKey: Bytes
  readonly policies: Chain
  readonly leaves: ReadonlyMap<number, Leaf>
  readonly away: readonly Away[] // in the order of their going
  readonly spent: Spent
  readonly time: number // of the last commit, milliseconds since 1970
}

type Ruled = Pick<Roster, 'policies'>

/** Entry is an admission's entry together with the statement it stands in. */
export interface Entry {
  readonly admitted: bodies.Admitted
  readonly admission: Statement
}

export function wordOf(e: Entry | undefined): Word | undefined {
  return e && { commitment: e.admitted.commitment, role: e.admitted.role, admission: e.admission }
}

/** policyOf is the policy in force. */
export function policyOf(r: Ruled): Policy {
  return r.policies[r.policies.length - 1] ?? r.policies[0]
}

export function underOf(r: Ruled): bodies.Under {
  const { body, hash } = policyOf(r)
  return { sequence: body.sequence, hash }
}

export function isUnder(r: Ruled, under: bodies.Under): boolean {
  const now = underOf(r)
  return under.sequence === now.sequence && equal(under.hash, now.hash)
}

/** policyAt finds a policy of the chain by its name. */
export function policyAt(r: Ruled, under: bodies.Under): Policy | undefined {
  const found = r.policies[under.sequence - 1]
  return found && equal(found.hash, under.hash) ? found : undefined
}

/** roleIn goes by device keys alone: roles are what a policy lists. */
export function roleIn(p: bodies.Policy, device: Uint8Array): Role {
  if (p.hosts.some((h) => equal(h, device))) return 'host'
  return p.coHosts.some((c) => equal(c, device)) ? 'co-host' : 'guest'
}

export function roleOf(r: Ruled, device: Uint8Array): Role {
  return roleIn(policyOf(r).body, device)
}

export function isHost(r: Ruled, device: Uint8Array): boolean {
  return roleOf(r, device) === 'host'
}

/** leads tells whether a device is host or co-host. */
export function leads(r: Ruled, device: Uint8Array): boolean {
  return roleOf(r, device) !== 'guest'
}

/** may tells whether the policy allows a device something; hosts and co-hosts may all of it. */
export function may(r: Ruled, device: Uint8Array, what: keyof Allows): boolean {
  return leads(r, device) || policyOf(r).body.allows[what]
}

export function isBarred(r: Ruled, device: Uint8Array): boolean {
  return policyOf(r).body.barred.some((b) => equal(b, device))
}

export function leafOf(r: Pick<Roster, 'leaves'>, participant: Uint8Array): Leaf | undefined {
  return [...r.leaves.values()].find((l) => equal(l.participant, participant))
}

/** byHost tells whether a device of the policy's hosts truly signed. */
export async function byHost(r: Pick<Roster, 'policies' | 'place'>, s: Statement): Promise<boolean> {
  return isHost(r, s.signer) && (await verify(s, r.place))
}

/** leavesFrom matches a tree's leaves with what admitted them; a leaf that nothing admits throws. */
export function leavesFrom(tree: RatchetTree, wordFor: (seat: Seat) => Word | undefined): Map<number, Leaf> {
  const leaves = new Map<number, Leaf>()
  for (const { leaf, node } of leavesOf(tree)) {
    const { participant, device, inbox } = identityOf(node.credential)
    const seat = { leaf, participant, device, inbox, signatureKey: plain(node.signaturePublicKey) }
    const word = wordFor(seat)
    if (word === undefined) throw new FormError('a leaf that nobody admitted')
    leaves.set(leaf, { ...seat, commitment: word.commitment, role: word.role, admission: word.admission })
  }
  return leaves
}

/** inOrder lists the live leaves by their index. */
export function inOrder(leaves: Roster['leaves']): Leaf[] {
  return [...leaves.values()].sort((a, b) => a.leaf - b.leaf)
}

/** rosterHash is what a head states of the roster (protocol/README.md section 3). */
export function rosterHash(r: Pick<Roster, 'time' | 'leaves' | 'away' | 'spent'>): Promise<Bytes> {
  const person = (l: Away): Bytes => join(l.participant, l.device, l.signatureKey, l.commitment, u8(l.role))
  const leaves = inOrder(r.leaves).map((l) => join(u32(l.leaf), person(l)))
  return sha256(
    u64(r.time),
    vector(4, join(...leaves)),
    vector(4, join(...r.away.map(person))),
    vector(4, spentBytes(r.spent)),
  )
}

/** spentBytes lists the used references in byte order, each with its end. */
export function spentBytes(spent: Spent): Bytes {
  const sorted = [...spent].map(([reference, until]) => ({ reference: fromHex(reference), until }))
  sorted.sort((a, b) => compare(a.reference, b.reference))
  return join(...sorted.map((s) => join(s.reference, u64(s.until))))
}

/**
 * admissionsOf lists the admissions that cover somebody inside or away, each once. Where two name one person, the one that
 * holds comes later, as readers take the last.
 */
export function admissionsOf(people: Iterable<Away>): Statement[] {
  const idOf = (s: Statement): string => hex(s.signature)
  const personOf = (p: Person): string => hex(join(p.participant, p.device))
  const holding = new Map([...people].map((l): [string, Statement] => [personOf(l), l.admission]))
  const all = new Map([...holding.values()].map((s) => [idOf(s), { s, body: bodies.readAdmission(s.body) }]))
  const older = new Map<string, string[]>()
  for (const [id, { body }] of all) {
    for (const entry of body.entries) {
      const holds = holding.get(personOf(entry))
      if (holds && idOf(holds) !== id) older.set(idOf(holds), [...(older.get(idOf(holds)) ?? []), id])
    }
  }
  const listed = new Map<string, Statement>()
  const list = (id: string, above: readonly string[]): void => {
    const one = all.get(id)
    if (one === undefined || listed.has(id) || above.includes(id)) return
    older.get(id)?.forEach((o) => {
      list(o, [...above, id])
    })
    listed.set(id, one.s)
  }
  const byExpiry = [...all].sort(([, a], [, b]) => a.body.expiry - b.body.expiry)
  byExpiry.forEach(([id]) => {
    list(id, [])
  })
  return [...listed.values()]
}

type Person = Pick<Seat, 'participant' | 'device'>

/** isOf tells whether two speak of the same person with the same device. */
export function isOf(one: Person, who: Person): boolean {
  return equal(one.participant, who.participant) && equal(one.device, who.device)
}
