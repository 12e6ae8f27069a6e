/** Making things for the group: a first group of one, and commits. What is made goes through the same gate as what others make. */
import { createGroup, type ClientState } from 'ts-mls/clientState.js'
import { createCommit } from 'ts-mls/createCommit.js'
import type { KeyPackage } from 'ts-mls/keyPackage.js'
import type { Proposal } from 'ts-mls/proposal.js'
import { equal, hex, join, random } from '../keys/bytes'
import * as bodies from '../keys/bodies'
import type { Signer } from '../keys/derive'
import { commitmentTo } from '../keys/names'
import { parse, sign, type Statement } from '../keys/statement'
import type { Bytes } from '../vault'
import { configFor, newKeyPackage } from './credential'
import { commitData, contextData, rosterData, type Named } from './forms'
import { addedPeople, diesAt, gate, Refused, spentAfter, type Change } from './gate'
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
  return { policy, state, roster: { place, hostKey: o.host.publicKey, policies, leaves, spent: new Map(), time: 0 } }
}

/** Order is what a commit is to do. */
export interface Order {
  readonly adds: readonly { readonly participant: Bytes; readonly keyPackage: Bytes; readonly admission: Bytes }[]
  readonly removes: readonly { readonly participant: Bytes; readonly statement: Bytes }[] // empty statement: absence
  readonly names: readonly Named[] // all that are known, of those inside and those who come
  readonly now: number
}

/** Made is a commit that waits to be ordered by the server. */
export interface Made {
  readonly commit: Bytes
  readonly welcome: Bytes // empty without Adds
  readonly tree: Bytes
  readonly added: readonly Bytes[] // participants; who could not be added is left out
  readonly removed: readonly Bytes[] // participants of the order who are out after this commit, or who come back
  readonly next: ClientState
  readonly change: Change
  readonly consumed: Uint8Array[] // secrets to wipe once next is adopted
}

interface Coming extends Entry {
  readonly keyPackage: KeyPackage
}

interface Going {
  readonly leaf: Leaf
  readonly statement: Statement | undefined
}

/** makeCommit builds one commit for an order; throws Refused where nothing of it can be done or the gate would refuse it. */
export async function makeCommit(order: Order, state: ClientState, roster: Roster, psk: Bytes): Promise<Made> {
  const time = Math.max(order.now, roster.time)
  const coming = (await Promise.all(order.adds.map((a) => comes(a, roster, time)))).filter((c) => c !== null)
  const added = coming.map((c) => c.admitted.participant)
  const removes = order.removes.filter((r) => possible(r, order, added, state, roster))
  if (added.length + removes.length === 0) throw new Refused('nothing that can be done')
  const going = leavesToGo(removes, added, roster)
  const statements = unique([...coming.map((c) => c.admission), ...going.flatMap((g) => g.statement ?? [])])
  const proposals: Proposal[] = [
    ...going.map((g): Proposal => ({ proposalType: 'remove', remove: { removed: g.leaf.leaf } })),
    ...coming.map((c): Proposal => ({ proposalType: 'add', add: { keyPackage: c.keyPackage } })),
    ...(coming.length > 0 ? [pskProposal(roster.place.meeting)] : []),
  ]
  const staying = [...roster.leaves.values()].filter((l) => !going.some((g) => g.leaf === l))
  const extensionData = await info(staying, coming, order.names, { ...roster, time })
  const made = await createCommit(
    { state, cipherSuite: suite, pskIndex: pskIndex(state, roster.place.meeting, psk) },
    {
      wireAsPublicMessage: true,
      extraProposals: proposals,
      authenticatedData: commitData({ time, statements }),
      groupInfoExtensions: [{ extensionType: rosterExtension, extensionData }],
    },
  )
  const commit = writeMessage(made.commit)
  const welcome = made.welcome && writeMessage({ version: 'mls10', wireformat: 'mls_welcome', welcome: made.welcome })
  return {
    commit,
    welcome: welcome ?? new Uint8Array(),
    tree: welcome ? writeTree(made.newState.ratchetTree) : new Uint8Array(),
    added,
    removed: removes.map((r) => r.participant),
    next: made.newState,
    change: await gate(commit, state, roster),
    consumed: made.consumed,
  }
}

/** comes checks one Add by itself, so that one bad KeyPackage does not keep others out; null for what the gate would refuse. */
async function comes(a: Order['adds'][number], roster: Roster, time: number): Promise<Coming | null> {
  try {
    const keyPackage = readKeyPackage(a.keyPackage)
    const [entry] = await addedPeople([keyPackage], { time, statements: [parse(a.admission)] }, roster, new Set())
    return entry && equal(entry.admitted.participant, a.participant) ? { ...entry, keyPackage } : null
  } catch {
    return null
  }
}

/** possible: nobody removes itself, and whoever was only to come back but cannot stays as they are. */
function possible(
  r: Order['removes'][number],
  order: Order,
  added: readonly Bytes[],
  state: ClientState,
  roster: Roster,
): boolean {
  if (leafOf(roster, r.participant)?.leaf === state.privatePath.leafIndex) return false
  const onlyReturns = r.statement.length === 0 && order.adds.some((a) => equal(a.participant, r.participant))
  return !onlyReturns || added.some((p) => equal(p, r.participant))
}

/** leavesToGo: those whom the order removes, and the old leaves of those who come back. Who is out already is passed over. */
function leavesToGo(removes: Order['removes'], added: readonly Bytes[], roster: Roster): Going[] {
  const going = new Map<number, Going>()
  for (const participant of added) {
    const leaf = leafOf(roster, participant)
    if (leaf) going.set(leaf.leaf, { leaf, statement: undefined })
  }
  for (const r of removes) {
    const leaf = leafOf(roster, r.participant)
    if (leaf === undefined) continue
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

/** info is what joiners are told, sealed: the policies, who is inside by whose word, and every name that fits. */
async function info(
  staying: readonly Leaf[],
  coming: readonly Coming[],
  names: readonly Named[],
  roster: Roster,
): Promise<Bytes> {
  const inside = [...staying, ...coming.map((c) => c.admitted)]
  const fitting = new Map<string, Named>()
  for (const n of names) {
    const one = inside.find((l) => equal(l.participant, n.participant))
    if (one && equal(one.commitment, await commitmentTo(n.salt, n.padded))) fitting.set(hex(n.participant), n)
  }
  return rosterData({
    policies: roster.policies.map((p) => p.statement),
    admissions: unique([...admissionsOf(staying), ...coming.map((c) => c.admission)]),
    names: [...fitting.values()],
    time: roster.time,
    spent: spentAfter(
      roster,
      coming.map((c) => ({ ...c, until: diesAt(c.keyPackage) })),
      roster.time,
    ),
  })
}

function pskProposal(meeting: Bytes): Proposal {
  const preSharedKeyId = { psktype: 'external' as const, pskId: meeting, pskNonce: random(32) }
  return { proposalType: 'psk', psk: { preSharedKeyId } }
}

function unique(list: readonly Statement[]): Statement[] {
  return list.filter((s, i) => list.findIndex((o) => equal(o.raw, s.raw)) === i)
}
