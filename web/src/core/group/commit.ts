/** Making things for the group: a first group of one, and commits. What is made goes through the same gate as what others make. */
import { createGroup, type ClientState } from 'ts-mls/clientState.js'
import { createCommit } from 'ts-mls/createCommit.js'
import type { Proposal } from 'ts-mls/proposal.js'
import { equal, join, random } from '../keys/bytes'
import * as bodies from '../keys/bodies'
import type { Signer } from '../keys/derive'
import { parse, sign, type Statement } from '../keys/statement'
import type { Bytes } from '../vault'
import { configFor, newKeyPackage } from './credential'
import { commitData, contextData, rosterData, type Named } from './forms'
import { gate, type Change } from './gate'
import { pskIndex } from './joiner'
import { contextExtension, readKeyPackage, referenceOf, rosterExtension, writeMessage, writeTree } from './mls'
import { admissionsOf, leafOf, readChain, wordOf, leavesFrom, type Entry, type Leaf, type Roster } from './roster'
import { suite } from './suite'

const hour = 3_600_000

/** Opening is what a host gives to open a group. */
export interface Opening {
  readonly meeting: Bytes
  readonly host: Signer // the host key
  readonly participant: Bytes
  readonly device: Signer
  readonly commitment: Bytes // to the host's own name
  readonly generation: number
  readonly previous: Bytes // hash of the newest policy known, or zeros
  readonly now: number
}

/** openGroup makes a group of one with policy 1 and the host key's admission of its own device. */
export async function openGroup(o: Opening): Promise<{ state: ClientState; roster: Roster; policy: Bytes }> {
  const place = { meeting: o.meeting, group: join(o.meeting, random(16)) }
  const body: bodies.Policy = {
    generation: o.generation,
    sequence: 1,
    previous: o.previous,
    label: 0,
    locked: false,
    sharers: 1,
    recording: false,
    hosts: [o.device.publicKey],
    coHosts: [],
    barred: [],
  }
  const policy = await sign(o.host, 'policy', place, bodies.policy(body))
  const policies = await readChain([parse(policy)], place, o.host.publicKey)
  const own = await newKeyPackage(o.meeting, o.participant, o.device, o.now)
  const admitted: bodies.Admitted = {
    reference: await referenceOf(own.keyPackage),
    participant: o.participant,
    device: o.device.publicKey,
    commitment: o.commitment,
    role: bodies.roles.host,
  }
  const under = { sequence: 1, hash: policies[0].hash }
  const word = bodies.admission({ under, expiry: o.now + hour, entries: [admitted] })
  const entry: Entry = { admitted, admission: parse(await sign(o.host, 'admission', place, word)) }
  const extension = { extensionType: contextExtension, extensionData: contextData(o.meeting, o.host.publicKey) }
  const config = configFor(o.meeting)
  const state = await createGroup(place.group, own.keyPackage, own.keys, [extension], suite, config)
  const leaves = leavesFrom(state.ratchetTree, () => wordOf(entry))
  return { policy, state, roster: { place, hostKey: o.host.publicKey, policies, leaves, spent: new Set(), time: 0 } }
}

/** Order is what a commit is to do. */
export interface Order {
  readonly adds: readonly { readonly keyPackage: Bytes; readonly admission: Bytes }[]
  readonly removes: readonly { readonly participant: Bytes; readonly statement: Bytes }[] // empty statement: absence
  readonly names: readonly Named[] // all that are known, of those inside and those who come
  readonly now: number
}

/** Made is a commit that waits to be ordered by the server. */
export interface Made {
  readonly commit: Bytes
  readonly welcome: Bytes // empty without Adds
  readonly tree: Bytes
  readonly next: ClientState
  readonly change: Change
  readonly consumed: Uint8Array[] // secrets to wipe once next is adopted
}

/** makeCommit builds one commit for an order; throws Refused where the gate would refuse it. */
export async function makeCommit(order: Order, state: ClientState, roster: Roster, psk: Bytes): Promise<Made> {
  const adds = order.adds.map((a) => ({ keyPackage: readKeyPackage(a.keyPackage), admission: parse(a.admission) }))
  const entries = adds.map((a) => ({ ...a, entries: bodies.readAdmission(a.admission.body).entries }))
  const references = await Promise.all(adds.map((a) => referenceOf(a.keyPackage)))
  const coming = entries.flatMap(({ entries: of }, i) => of.filter((e) => equal(e.reference, references[i] ?? new Uint8Array())))
  const going = leavesToGo(order, coming, state, roster)
  const statements = unique([...adds.map((a) => a.admission), ...going.flatMap((g) => g.statement ?? [])])
  const staying = [...roster.leaves.values()].filter((l) => !going.some((g) => g.leaf === l))
  const inside = [...staying.map((l) => l.participant), ...coming.map((e) => e.participant)]
  const info = rosterData({
    policies: roster.policies.map((p) => p.statement),
    admissions: unique([...admissionsOf(staying), ...adds.map((a) => a.admission)]),
    names: order.names.filter((n) => inside.some((p) => equal(p, n.participant))),
  })
  const proposals: Proposal[] = [
    ...going.map((g): Proposal => ({ proposalType: 'remove', remove: { removed: g.leaf.leaf } })),
    ...adds.map((a): Proposal => ({ proposalType: 'add', add: { keyPackage: a.keyPackage } })),
    ...(adds.length > 0 ? [pskProposal(roster.place.meeting)] : []),
  ]
  const made = await createCommit(
    { state, cipherSuite: suite, pskIndex: pskIndex(state, roster.place.meeting, psk) },
    {
      wireAsPublicMessage: true,
      extraProposals: proposals,
      authenticatedData: commitData({ time: Math.max(order.now, roster.time), statements }),
      groupInfoExtensions: [{ extensionType: rosterExtension, extensionData: info }],
    },
  )
  const commit = writeMessage(made.commit)
  const welcome = made.welcome && writeMessage({ version: 'mls10', wireformat: 'mls_welcome', welcome: made.welcome })
  return {
    commit,
    welcome: welcome ?? new Uint8Array(),
    tree: welcome ? writeTree(made.newState.ratchetTree) : new Uint8Array(),
    next: made.newState,
    change: await gate(commit, state, roster),
    consumed: made.consumed,
  }
}

/** leavesToGo: those whom the order removes, and the old leaves of those who come back. Who is out already is passed over. */
function leavesToGo(
  order: Order,
  coming: readonly bodies.Admitted[],
  state: ClientState,
  roster: Roster,
): { leaf: Leaf; statement: Statement | undefined }[] {
  const going = new Map<number, { leaf: Leaf; statement: Statement | undefined }>()
  for (const { participant } of coming) {
    const leaf = leafOf(roster, participant)
    if (leaf) going.set(leaf.leaf, { leaf, statement: undefined })
  }
  for (const r of order.removes) {
    const leaf = leafOf(roster, r.participant)
    if (leaf === undefined || leaf.leaf === state.privatePath.leafIndex) continue
    const statement = r.statement.length > 0 ? parse(r.statement) : undefined
    going.set(leaf.leaf, { leaf, statement: statement && meant(statement, leaf) ? statement : undefined })
  }
  return [...going.values()]
}

/** meant: a removal or leave that names an older leaf of the same person says nothing of this one. */
function meant(s: Statement, leaf: Leaf): boolean {
  const body = s.kind === 'removal' ? bodies.readRemoval(s.body) : bodies.readLeaf(s.body)
  return equal(body.signatureKey, leaf.signatureKey)
}

function pskProposal(meeting: Bytes): Proposal {
  const preSharedKeyId = { psktype: 'external' as const, pskId: meeting, pskNonce: random(32) }
  return { proposalType: 'psk', psk: { preSharedKeyId } }
}

function unique(list: readonly Statement[]): Statement[] {
  return list.filter((s, i) => list.findIndex((o) => equal(o.raw, s.raw)) === i)
}
