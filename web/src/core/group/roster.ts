/** Who is in the group and by whose word, as every member computes it from the commits alone. Values are replaced, never changed. */
import type { RatchetTree } from 'ts-mls/ratchetTree.js'
import { equal, FormError, hex, join, plain, u32, u8 } from '../keys/bytes'
import * as bodies from '../keys/bodies'
import { sha256 } from '../keys/derive'
import { hashOf, verify, type Place, type Statement } from '../keys/statement'
import type { Bytes } from '../vault'
import { identityOf } from './credential'
import type { Spent } from './forms'
import { leavesOf } from './mls'

/** Seat is a leaf as the tree alone tells it. */
export interface Seat {
  readonly leaf: number
  readonly participant: Bytes
  readonly device: Bytes
  readonly signatureKey: Bytes
}

/** Word is what a host's admission says of a leaf. */
export interface Word {
  readonly commitment: Bytes // to the name
  readonly role: number
  readonly admission: Statement
}

/** Leaf is one live leaf with the word that let it in. */
export type Leaf = Seat & Word

/** Policy is a signed policy with what it says. */
export interface Policy {
  readonly statement: Statement
  readonly body: bodies.Policy
  readonly hash: Bytes
}

export interface Roster {
  readonly place: Place
  readonly hostKey: Bytes
  readonly policies: readonly [Policy, ...Policy[]] // the chain from sequence 1
  readonly leaves: ReadonlyMap<number, Leaf>
  readonly spent: Spent
  readonly time: number // of the last commit, milliseconds since 1970
}

/** Entry is an admission's entry together with the statement it stands in. */
export interface Entry {
  readonly admitted: bodies.Admitted
  readonly admission: Statement
}

export function wordOf(e: Entry | undefined): Word | undefined {
  return e && { commitment: e.admitted.commitment, role: e.admitted.role, admission: e.admission }
}

function policyOf(r: Pick<Roster, 'policies'>): Policy {
  return r.policies[r.policies.length - 1] ?? r.policies[0]
}

export function underOf(r: Pick<Roster, 'policies'>): bodies.Under {
  const { body, hash } = policyOf(r)
  return { sequence: body.sequence, hash }
}

export function isUnder(r: Pick<Roster, 'policies'>, under: bodies.Under): boolean {
  const now = underOf(r)
  return under.sequence === now.sequence && equal(under.hash, now.hash)
}

/** isHost goes by device keys alone: roles are what the policy lists. */
export function isHost(r: Pick<Roster, 'policies'>, device: Uint8Array): boolean {
  return policyOf(r).body.hosts.some((h) => equal(h, device))
}

export function leafOf(r: Roster, participant: Uint8Array): Leaf | undefined {
  return [...r.leaves.values()].find((l) => equal(l.participant, participant))
}

/** byHost tells whether a device of the policy's hosts truly signed. */
export async function byHost(r: Pick<Roster, 'policies' | 'place'>, s: Statement): Promise<boolean> {
  return isHost(r, s.signer) && (await verify(s, r.place))
}

/** readChain checks a chain of policies from the host key on; throws FormError. */
export async function readChain(
  chain: readonly Statement[],
  place: Place,
  hostKey: Bytes,
): Promise<Roster['policies']> {
  const policies: Policy[] = []
  for (const statement of chain) {
    if (statement.kind !== 'policy' || !(await verify(statement, place))) throw new FormError('policy signature')
    const body = bodies.readPolicy(statement.body)
    const before = policies.at(-1)
    if (before === undefined) {
      if (body.sequence !== 1 || !equal(statement.signer, hostKey)) throw new FormError('first policy')
    } else {
      const follows = body.sequence === before.body.sequence + 1 && body.generation === before.body.generation
      if (!follows || !equal(body.previous, before.hash)) throw new FormError('policy chain')
      if (!before.body.hosts.some((h) => equal(h, statement.signer))) throw new FormError('policy signer')
    }
    policies.push({ statement, body, hash: await hashOf(statement) })
  }
  const [first, ...rest] = policies
  if (first === undefined) throw new FormError('no policy')
  return [first, ...rest]
}

/** leavesFrom matches a tree's leaves with what admitted them; a leaf that nothing admits throws. */
export function leavesFrom(tree: RatchetTree, wordFor: (seat: Seat) => Word | undefined): Map<number, Leaf> {
  const leaves = new Map<number, Leaf>()
  for (const { leaf, node } of leavesOf(tree)) {
    const { participant, device } = identityOf(node.credential)
    const seat = { leaf, participant, device, signatureKey: plain(node.signaturePublicKey) }
    const word = wordFor(seat)
    if (word === undefined) throw new FormError('a leaf that nobody admitted')
    leaves.set(leaf, { ...seat, commitment: word.commitment, role: word.role, admission: word.admission })
  }
  return leaves
}

/** rosterHash is what a head states of the roster (protocol/README.md section 3). */
export function rosterHash(r: { readonly leaves: ReadonlyMap<number, Omit<Leaf, 'admission'>> }): Promise<Bytes> {
  const sorted = [...r.leaves.values()].sort((a, b) => a.leaf - b.leaf)
  const parts = sorted.map((l) => join(u32(l.leaf), l.participant, l.device, l.signatureKey, l.commitment, u8(l.role)))
  return sha256(...parts)
}

/** admissionsOf lists the admissions that cover a live leaf, each once, the newest last. */
export function admissionsOf(leaves: Iterable<Leaf>): Statement[] {
  const seen = new Map<string, Statement>()
  for (const l of leaves) seen.set(hex(l.admission.signature), l.admission)
  return [...seen.values()].sort((a, b) => bodies.readAdmission(a.body).expiry - bodies.readAdmission(b.body).expiry)
}
