/**
 * The gate: what every client checks of a commit before the library sees it (protocol/README.md section 3). It is a pure
 * function of group state, roster and the commit's bytes: no clock, no memory of who was heard, so that all members agree.
 */
import type { Commit } from 'ts-mls/commit.js'
import type { KeyPackage } from 'ts-mls/keyPackage.js'
import type { LeafNode } from 'ts-mls/leafNode.js'
import type { RatchetTree } from 'ts-mls/ratchetTree.js'
import type { PublicMessage } from 'ts-mls/publicMessage.js'
import { encodeCredential } from 'ts-mls/credential.js'
import type { ClientState } from 'ts-mls/clientState.js'
import type { IncomingMessageCallback } from 'ts-mls/incomingMessageAction.js'
import { equal, FormError, hex, plain } from '../keys/bytes'
import * as bodies from '../keys/bodies'
import { verify, type Statement } from '../keys/statement'
import type { Bytes } from '../vault'
import { identityOf, keyPackageFault } from './credential'
import { readCommitData, type CommitData, type Spent } from './forms'
import { leavesOf, maxLeaves, readMessage, referenceOf, sameCapabilities } from './mls'
import { byHost, isUnder, leavesFrom, wordOf, type Entry, type Leaf, type Roster, type Seat, type Word } from './roster'

/** Refused says which rule a commit breaks. */
export class Refused extends Error {
  constructor(rule: string) {
    super(rule)
    this.name = 'Refused'
  }
}

/** Added is one person whom a commit lets in. */
export interface Added extends Entry {
  readonly signatureKey: Bytes
  readonly until: number // when the KeyPackage dies, milliseconds since 1970
}

/** Change is what a commit that passed does to the roster. */
export interface Change {
  readonly message: PublicMessage
  readonly sender: Leaf
  readonly time: number
  readonly added: readonly Added[]
  readonly removed: readonly Leaf[]
  readonly absent: readonly Leaf[] // removed for absence only
}

const allowed = ['add', 'remove', 'psk']

/** allowList repeats the gate's first rule inside the library. It is synchronous: the library takes a promise for a yes. */
export const allowList: IncomingMessageCallback = (incoming) =>
  incoming.kind === 'commit' &&
  incoming.senderLeafIndex !== undefined &&
  incoming.proposals.every((p) => allowed.includes(String(p.proposal.proposalType)))
    ? 'accept'
    : 'reject'

function must(holds: boolean, rule: string): asserts holds {
  if (!holds) throw new Refused(rule)
}

/** gate throws Refused for a commit that breaks a rule; nothing has changed then. */
export async function gate(raw: Uint8Array, state: ClientState, roster: Roster): Promise<Change> {
  try {
    const { message, commit, sender } = framing(raw, state, roster)
    const data = readCommitData(message.content.authenticatedData)
    must(data.time >= roster.time, 'time earlier than the commit before')
    const proposals = sortProposals(commit)
    const removed = removedLeaves(proposals.removes, sender, roster)
    const uses = new Set<Statement>()
    const added = await addedPeople(proposals.adds, data, roster, uses)
    checkPsks(proposals.psks, added.length, roster)
    const absent = await coverRemoves(removed, added, data, roster, uses)
    must(
      data.statements.every((s) => uses.has(s)),
      'a statement that covers nothing',
    )
    unique(state, roster, removed, proposals.adds)
    pathLeaf(commit, removed.length, leafNode(state, sender.leaf))
    return { message, sender, time: data.time, added, removed, absent }
  } catch (e) {
    throw e instanceof FormError ? new Refused(e.message) : e
  }
}

function framing(
  raw: Uint8Array,
  state: ClientState,
  roster: Roster,
): { message: PublicMessage; commit: Commit; sender: Leaf } {
  const outer = readMessage(raw)
  must(outer.wireformat === 'mls_public_message', 'no PublicMessage')
  const { content } = outer.publicMessage
  must(equal(content.groupId, roster.place.group), 'another group')
  must(content.epoch === state.groupContext.epoch, 'another epoch')
  must(content.sender.senderType === 'member', 'sender is no member')
  const sender = roster.leaves.get(content.sender.leafIndex)
  must(sender !== undefined, 'sender is no member')
  must(content.contentType === 'commit', 'no commit')
  return { message: outer.publicMessage, commit: content.commit, sender }
}

interface Sorted {
  readonly adds: KeyPackage[]
  readonly removes: number[]
  readonly psks: { readonly psktype: string; readonly pskId?: Uint8Array; readonly pskNonce: Uint8Array }[]
}

function sortProposals(commit: Commit): Sorted {
  const sorted: Sorted = { adds: [], removes: [], psks: [] }
  for (const p of commit.proposals) {
    must(p.proposalOrRefType === 'proposal', 'a proposal by reference')
    if (!('proposalData' in p.proposal) && p.proposal.proposalType === 'add')
      sorted.adds.push(p.proposal.add.keyPackage)
    else if (!('proposalData' in p.proposal) && p.proposal.proposalType === 'remove')
      sorted.removes.push(p.proposal.remove.removed)
    else if (!('proposalData' in p.proposal) && p.proposal.proposalType === 'psk')
      sorted.psks.push(p.proposal.psk.preSharedKeyId)
    else throw new Refused('a proposal of another type')
  }
  return sorted
}

function removedLeaves(removes: readonly number[], sender: Leaf, roster: Roster): Leaf[] {
  must(new Set(removes).size === removes.length, 'a leaf named twice')
  return removes.map((index) => {
    const leaf = roster.leaves.get(index)
    must(leaf !== undefined, 'a Remove of nobody')
    must(leaf !== sender, 'the sender removes itself')
    return leaf
  })
}

/** addedPeople holds every Add against the admissions beside it, and notes which of them were of use. */
export async function addedPeople(
  adds: readonly KeyPackage[],
  data: CommitData,
  roster: Roster,
  uses: Set<Statement>,
): Promise<Added[]> {
  const entries = new Map<string, Entry>()
  for (const s of data.statements.filter((each) => each.kind === 'admission')) {
    const body = bodies.readAdmission(s.body)
    must(await byHost(roster, s), 'an admission that no host signed')
    must(isUnder(roster, body.under), 'an admission under another policy')
    must(body.expiry >= data.time, 'an admission that expired')
    for (const admitted of body.entries) entries.set(hex(admitted.reference), { admitted, admission: s })
  }
  const added: Added[] = []
  for (const kp of adds) {
    const reference = hex(await referenceOf(kp))
    const entry = entries.get(reference)
    must(entry !== undefined, 'an Add without admission')
    must(
      !roster.spent.has(reference) && !added.some((a) => hex(a.admitted.reference) === reference),
      'a KeyPackage used before',
    )
    const identity = identityOf(kp.leafNode.credential)
    const same =
      equal(identity.participant, entry.admitted.participant) && equal(identity.device, entry.admitted.device)
    must(same, 'an Add of somebody else than admitted')
    const fault = await keyPackageFault(kp, roster.place.meeting, data.time)
    must(fault === null, `KeyPackage: ${fault ?? ''}`)
    uses.add(entry.admission)
    added.push({ ...entry, signatureKey: plain(kp.leafNode.signaturePublicKey), until: diesAt(kp) })
  }
  return added
}

function checkPsks(psks: Sorted['psks'], adds: number, roster: Roster): void {
  must(psks.length === (adds > 0 ? 1 : 0), 'number of PSKs')
  for (const psk of psks) {
    const ours = psk.psktype === 'external' && psk.pskId !== undefined && equal(psk.pskId, roster.place.meeting)
    must(ours, 'a PSK that is not the meeting’s')
    must(psk.pskNonce.length === 32, 'PSK nonce')
  }
}

/** coverRemoves finds a reason for each Remove; those without are for absence, which is always taken and never a bar. */
async function coverRemoves(
  removed: readonly Leaf[],
  added: readonly Added[],
  data: CommitData,
  roster: Roster,
  uses: Set<Statement>,
): Promise<Leaf[]> {
  const covered = new Set<Leaf>()
  for (const s of data.statements) {
    if (s.kind === 'admission') continue
    const leaf = s.kind === 'removal' ? await removalOf(s, removed, roster) : await leaveOf(s, removed, roster)
    if (leaf === undefined) continue
    covered.add(leaf)
    uses.add(s)
  }
  for (const leaf of removed) {
    const back = added.find((a) => equal(a.admitted.participant, leaf.participant))
    if (back === undefined) continue
    must(equal(back.admitted.device, leaf.device), 'a person replaced by another device')
    covered.add(leaf)
  }
  return removed.filter((leaf) => !covered.has(leaf))
}

async function removalOf(s: Statement, removed: readonly Leaf[], roster: Roster): Promise<Leaf | undefined> {
  const body = bodies.readRemoval(s.body)
  must(await byHost(roster, s), 'a removal that no host signed')
  must(isUnder(roster, body.under), 'a removal under another policy')
  return removed.find(
    (l) =>
      equal(l.signatureKey, body.signatureKey) &&
      equal(l.participant, body.participant) &&
      equal(l.device, body.device),
  )
}

async function leaveOf(s: Statement, removed: readonly Leaf[], roster: Roster): Promise<Leaf | undefined> {
  must(s.kind === 'leave', 'a statement of another kind')
  const body = bodies.readLeaf(s.body)
  must(await verify(s, roster.place), 'a leave with a bad signature')
  return removed.find(
    (l) =>
      equal(l.signatureKey, body.signatureKey) && equal(l.participant, body.participant) && equal(l.device, s.signer),
  )
}

/** unique: after the commit no two leaves share a participant, device, signature key or encryption key. */
function unique(state: ClientState, roster: Roster, removed: readonly Leaf[], adds: readonly KeyPackage[]): void {
  const gone = new Set(removed.map((l) => l.leaf))
  const nodes = leavesOf(state.ratchetTree).filter(({ leaf }) => !gone.has(leaf))
  const after = [...nodes.map(({ node }) => node), ...adds.map((kp) => kp.leafNode)]
  must(after.length <= maxLeaves, 'too many leaves')
  const of: ((n: LeafNode) => Uint8Array)[] = [
    (n) => identityOf(n.credential).participant,
    (n) => identityOf(n.credential).device,
    (n) => n.signaturePublicKey,
    (n) => n.hpkePublicKey,
  ]
  for (const value of of)
    must(new Set(after.map((n) => hex(value(n)))).size === after.length, 'two leaves with one key or name')
  // What a leaf was removed with may not come back as somebody else's.
  const before = [...roster.leaves.values()].map((l) => hex(l.signatureKey))
  must(!adds.some((kp) => before.includes(hex(kp.leafNode.signaturePublicKey))), 'a leaf key used before')
}

function leafNode(state: ClientState, leaf: number): LeafNode {
  const node = state.ratchetTree[2 * leaf]
  must(node?.nodeType === 'leaf', 'sender is no member')
  return node.leaf
}

function pathLeaf(commit: Commit, removes: number, now: LeafNode): void {
  must(commit.path !== undefined || (removes === 0 && commit.proposals.length > 0), 'no path')
  if (commit.path === undefined) return
  const { leafNode: next } = commit.path
  const same =
    equal(encodeCredential(next.credential), encodeCredential(now.credential)) &&
    equal(next.signaturePublicKey, now.signaturePublicKey) &&
    sameCapabilities(next.capabilities, now.capabilities) &&
    next.extensions.length === 0 &&
    now.extensions.length === 0
  must(same, 'the path changes who the sender is')
  must(!equal(next.hpkePublicKey, now.hpkePublicKey), 'the path keeps the old key')
}

/** rosterAfter is the roster of the epoch that a commit leads to. */
export function rosterAfter(roster: Roster, change: Change, tree: RatchetTree): Roster {
  const stays = [...roster.leaves.values()].filter((l) => !change.removed.includes(l))
  const wordFor = (seat: Seat): Word | undefined => {
    const old = stays.find((l) => l.leaf === seat.leaf && equal(l.signatureKey, seat.signatureKey))
    return old ?? wordOf(change.added.find((a) => equal(a.signatureKey, seat.signatureKey)))
  }
  const spent = spentAfter(roster, change.added, change.time)
  return { ...roster, leaves: leavesFrom(tree, wordFor), spent, time: change.time }
}

/** diesAt is the time after which a KeyPackage is refused anyway. */
export function diesAt(kp: KeyPackage): number {
  return Number(kp.leafNode.lifetime.notAfter) * 1_000
}

/** spentAfter remembers what a commit uses, and forgets what has died: the commit's own time decides, for all alike. */
export function spentAfter(roster: Roster, added: readonly Pick<Added, 'admitted' | 'until'>[], time: number): Spent {
  const living = [...roster.spent].filter(([, until]) => until >= time)
  return new Map([...living, ...added.map((a): [string, number] => [hex(a.admitted.reference), a.until])])
}
