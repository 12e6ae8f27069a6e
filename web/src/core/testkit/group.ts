/** A group of three with everything that an attacker would need, for tests of gate and joiner. */
import type { ClientState } from 'ts-mls/clientState.js'
import type { Commit } from 'ts-mls/commit.js'
import type { FramedContentData } from 'ts-mls/framedContent.js'
import { processPublicMessage } from 'ts-mls/processMessages.js'
import { makeCommit, type Order } from '../group/commit'
import { newKeyPackage, type Own } from '../group/credential'
import { commitData, type Named } from '../group/forms'
import { allowList, gate, rosterAfter } from '../group/gate'
import { join, pskIndex, type Expected } from '../group/joiner'
import { readMessage, referenceOf, writeKeyPackage, writeMessage } from '../group/mls'
import { openGroup } from '../group/opening'
import { policyOf, underOf, type Roster } from '../group/roster'
import { suite } from '../group/suite'
import * as bodies from '../keys/bodies'
import { random } from '../keys/bytes'
import { hostKeys, newDevice, type HostKeys, type Signer } from '../keys/derive'
import { commitmentTo, padName } from '../keys/names'
import { sign, type Kind } from '../keys/statement'
import type { Bytes } from '../vault'

export const none = new Uint8Array()

/** nothing is an order of nothing, to be filled. */
export const nothing = { policies: [], consents: [], adds: [], removes: [], names: [] } as const

/** Member is one person with device, leaf and name. */
export interface Member {
  readonly name: string
  readonly participant: Bytes
  readonly device: Signer
  readonly own: Own
  readonly named: Named
  readonly admitted: bodies.Admitted
}

export interface View {
  readonly state: ClientState
  readonly roster: Roster
}

export interface Trio {
  readonly meeting: Bytes
  readonly psk: Bytes
  readonly host: HostKeys
  readonly ada: Member // host
  readonly bob: Member
  readonly eve: Member
  readonly adas: View
  readonly bobs: View
  readonly eves: View
  readonly now: number
}

export async function member(meeting: Bytes, name: string, device?: Signer, participant = random(16)): Promise<Member> {
  const key = device ?? (await newDevice())
  const own = await newKeyPackage(meeting, participant, key, Date.now())
  const named = { participant, salt: random(32), padded: padName(name) }
  const commitment = await commitmentTo(named.salt, named.padded)
  const reference = await referenceOf(own.keyPackage)
  return {
    name,
    participant,
    device: key,
    own,
    named,
    admitted: { reference, participant, device: key.publicKey, commitment, role: 0 },
  }
}

/** admission is signed by any key, for any entries. */
export function admission(
  of: { ada: Member; adas: View },
  entries: readonly bodies.Admitted[],
  over: { by?: Signer; under?: bodies.Under; expiry?: number } = {},
): Promise<Bytes> {
  const { roster } = of.adas
  const body = { under: over.under ?? underOf(roster), expiry: over.expiry ?? Date.now() + 60_000, entries }
  return sign(over.by ?? of.ada.device, 'admission', roster.place, bodies.admission(body))
}

export function expected(t: { meeting: Bytes; psk: Bytes; host: HostKeys }, who: Member): Expected {
  const { meeting, psk } = t
  const { participant, device, name, own } = who
  return {
    meeting,
    psk,
    hostKey: t.host.host.publicKey,
    participant,
    device: device.publicKey,
    name,
    own: [own],
    held: null,
  }
}

export async function trio(): Promise<Trio> {
  const host = await hostKeys(random(32))
  const { meeting } = host
  const psk = random(32)
  const [ada, bob, eve] = await Promise.all(['Ada', 'Bob', 'Eve'].map((name) => member(meeting, name)))
  if (!ada || !bob || !eve) throw new Error('three people')
  const now = Date.now()
  const server = await newDevice()
  const { commitment } = ada.admitted
  const { participant, device } = ada
  const opening = {
    meeting,
    host: host.host,
    participant,
    device,
    commitment,
    orderKey: server.publicKey,
    generation: 1,
    before: null,
    now,
  }
  const first = await openGroup(opening)
  const word = await admission({ ada, adas: first }, [bob.admitted, eve.admitted])
  const adds = [bob, eve].map((m) => ({
    participant: m.participant,
    keyPackage: writeKeyPackage(m.own.keyPackage),
    statement: word,
  }))
  const order: Order = { ...nothing, adds, names: [ada.named, bob.named, eve.named], now }
  const made = await makeCommit(order, first.state, first.roster, psk)
  const adas = { state: made.next, roster: rosterAfter(first.roster, made.change, made.next.ratchetTree) }
  const bobs = await join(made.welcome, made.tree, word, expected({ meeting, psk, host }, bob))
  const eves = await join(made.welcome, made.tree, word, expected({ meeting, psk, host }, eve))
  return { meeting, psk, host, ada, bob, eve, adas, bobs, eves, now }
}

/** statement signs any body by any key for the trio's group. */
export function statement(t: Trio, by: Signer, kind: Kind, body: Bytes): Promise<Bytes> {
  return sign(by, kind, t.adas.roster.place, body)
}

export function data(time: number, statements: readonly { raw: Bytes }[]): Bytes {
  return commitData({ time, statements: statements as never })
}

/** bent rewrites a commit: its frame, its proposals or its path. Signature and tag are those of before, as the gate comes first. */
export function bent(raw: Bytes, frame: Partial<FramedContentData>, commit: Partial<Commit>): Bytes {
  const m = readMessage(raw)
  if (m.wireformat !== 'mls_public_message' || m.publicMessage.content.contentType !== 'commit')
    throw new Error('no commit')
  const content = { ...m.publicMessage.content, ...frame, commit: { ...m.publicMessage.content.commit, ...commit } }
  return writeMessage({ ...m, publicMessage: { ...m.publicMessage, content } as never })
}

/** moved lets Bob carry out an order; Ada follows, and Eve where she still can. */
export async function moved(t: Trio, order: Partial<Order>): Promise<Trio> {
  const made = await makeCommit({ ...nothing, now: t.now, ...order }, t.bobs.state, t.bobs.roster, t.psk)
  const bobs = { state: made.next, roster: rosterAfter(t.bobs.roster, made.change, made.next.ratchetTree) }
  const goes = made.change.removed.some((r) => r.leaf.leaf === t.eves.state.privatePath.leafIndex)
  const [adas, eves] = [await followed(t.adas, made.commit, t), goes ? t.eves : await followed(t.eves, made.commit, t)]
  return { ...t, adas, bobs, eves }
}

async function followed({ state, roster }: View, commit: Bytes, t: Trio): Promise<View> {
  const change = await gate(commit, state, roster)
  const psks = pskIndex(state, t.meeting, t.psk)
  const { newState } = await processPublicMessage(state, change.message, psks, suite, allowList)
  return { state: newState, roster: rosterAfter(roster, change, newState.ratchetTree) }
}

/** policy signs what follows the newest policy, changed as told. */
export function policy(
  t: Trio,
  by: Signer,
  over: Partial<bodies.Policy>,
  after = policyOf(t.adas.roster),
): Promise<Bytes> {
  const body = { ...after.body, sequence: after.body.sequence + 1, previous: after.hash, ...over }
  return sign(by, 'policy', t.adas.roster.place, bodies.policy(body))
}

/** rejoin is what brings a member back with a new leaf. */
export async function rejoin(t: Trio, who: Member, again: Member, over: Partial<bodies.Rejoin> = {}): Promise<Bytes> {
  const body = {
    participant: who.participant,
    signatureKey: who.own.keyPackage.leafNode.signaturePublicKey as Bytes,
    reference: again.admitted.reference,
    pair: { epoch: 0, authenticator: new Uint8Array(32) },
    ...over,
  }
  return statement(t, who.device, 'rejoin', bodies.rejoin(body))
}
