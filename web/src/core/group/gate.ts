/**
 * The gate: what every client checks of a commit before the library sees it (protocol/README.md section 3). It is a pure
 * function of group state, roster and the commit's bytes: no clock, no memory of who was heard, so that all members agree.
 */
import type { Commit } from 'ts-mls/commit.js'
import type { KeyPackage } from 'ts-mls/keyPackage.js'
import type { LeafNode } from 'ts-mls/leafNode.js'
import type { PublicMessage } from 'ts-mls/publicMessage.js'
import { encodeCredential } from 'ts-mls/credential.js'
import type { ClientState } from 'ts-mls/clientState.js'
import type { IncomingMessageCallback } from 'ts-mls/incomingMessageAction.js'
import { equal, hex } from '../keys/bytes'
import { coverAdds, coverPolicies, coverRemoves, nobodyBarred, policiesIn, type Trial } from './covers'
import { identityOf } from './credential'
import { awayAfter, type Change } from './effect'
import { readCommitData } from './forms'
import { leavesOf, maxLeaves, readMessage, sameCapabilities } from './mls'
import { extend } from './policy'
import { must, Refused, refusing } from './refused'
import type { Leaf, Roster } from './roster'

export { Refused } from './refused'
export type { Added, Removed } from './covers'
export { rosterAfter, type Change } from './effect'

const allowed = ['add', 'remove', 'psk']

/** allowList repeats the gate's first rule inside the library. It is synchronous: the library takes a promise for a yes. */
export const allowList: IncomingMessageCallback = (incoming) =>
  incoming.kind === 'commit' &&
  incoming.senderLeafIndex !== undefined &&
  incoming.proposals.every((p) => allowed.includes(String(p.proposal.proposalType)))
    ? 'accept'
    : 'reject'

/** gate throws Refused for a commit that breaks a rule; nothing has changed then. */
export function gate(raw: Uint8Array, state: ClientState, roster: Roster): Promise<Change> {
  return refusing(async () => {
    const { message, commit, sender } = framing(raw, state, roster)
    const { time, statements } = readCommitData(message.content.authenticatedData)
    must(time >= roster.time, 'time earlier than the commit before')
    const proposals = sortProposals(commit)
    const removed = removedLeaves(proposals.removes, sender, roster)
    const chain = await extend(roster.policies, policiesIn(statements), roster.place, roster.hostKey)
    const trial: Trial = { roster, chain, time, statements, removed, uses: new Set() }
    await coverPolicies(trial)
    const added = await coverAdds(proposals.adds, trial)
    checkPsks(proposals.psks, added.length, roster)
    const covered = await coverRemoves(added, trial)
    must(
      statements.every((s) => trial.uses.has(s)),
      'a statement that covers nothing',
    )
    nobodyBarred(added, trial)
    pathLeaf(commit, removed.length, leafNode(state, sender.leaf))
    unique(state, roster, removed, proposals.adds, commit.path && { leaf: sender.leaf, node: commit.path.leafNode })
    return {
      message,
      sender,
      time,
      policies: chain.slice(roster.policies.length),
      added,
      removed: covered.removed,
      chain,
      away: awayAfter(trial, added, covered.removed, covered.forgotten),
    }
  })
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

function checkPsks(psks: Sorted['psks'], adds: number, roster: Roster): void {
  must(psks.length === (adds > 0 ? 1 : 0), 'number of PSKs')
  for (const psk of psks) {
    const ours = psk.psktype === 'external' && psk.pskId !== undefined && equal(psk.pskId, roster.place.meeting)
    must(ours, 'a PSK that is not the meeting’s')
    must(psk.pskNonce.length === 32, 'PSK nonce')
  }
}

/** unique: after the commit no two leaves share a participant, device, signature key, inbox key or encryption key. */
export function unique(
  state: ClientState,
  roster: Roster,
  removed: readonly Leaf[],
  adds: readonly KeyPackage[],
  path?: { readonly leaf: number; readonly node: LeafNode },
): void {
  const gone = new Set(removed.map((l) => l.leaf))
  const stays = leavesOf(state.ratchetTree).filter(({ leaf }) => !gone.has(leaf))
  const nodes = stays.map(({ leaf, node }) => (leaf === path?.leaf ? path.node : node))
  const after = [...nodes, ...adds.map((kp) => kp.leafNode)]
  must(after.length <= maxLeaves, 'too many leaves')
  const of: ((n: LeafNode) => Uint8Array)[] = [
    (n) => identityOf(n.credential).participant,
    (n) => identityOf(n.credential).device,
    (n) => identityOf(n.credential).inbox,
    (n) => n.signaturePublicKey,
    (n) => n.hpkePublicKey,
  ]
  for (const value of of)
    must(new Set(after.map((n) => hex(value(n)))).size === after.length, 'two leaves with one key or name')
  // What a leaf was removed with may not come back as somebody else's.
  const before = [...roster.leaves.values(), ...roster.away].map((l) => hex(l.signatureKey))
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
