/** Stages on which commits are judged, and forgeries of a true commit of Bob's, for the cases of the gate. */
import { createCommit } from 'ts-mls/createCommit.js'
import { generateKeyPackageWithKey, type KeyPackage } from 'ts-mls/keyPackage.js'
import type { Proposal } from 'ts-mls/proposal.js'
import type { UpdatePath } from 'ts-mls/updatePath.js'
import { makeCommit, type Order } from '../group/commit'
import { capabilities, referenceOf, writeMessage } from '../group/mls'
import { leafOf, underOf, type Leaf } from '../group/roster'
import { suite } from '../group/suite'
import * as bodies from '../keys/bodies'
import { random } from '../keys/bytes'
import type { Signer } from '../keys/derive'
import { parse, type Kind, type Statement } from '../keys/statement'
import type { Bytes } from '../vault'
import {
  admission,
  bent,
  data,
  member,
  moved,
  none,
  nothing,
  policy,
  statement,
  trio,
  type Member,
  type Trio,
} from './group'

/** Stage is a group of Ada (host), Bob and Eve at one moment, with a true, empty commit of Bob's. */
export interface Stage {
  readonly t: Trio
  readonly base: Bytes
  readonly path: UpdatePath
  readonly kim: Member // a stranger
  readonly word: Statement // the host's true admission of Kim
}

/** World are the stages that the cases need. */
export interface World {
  readonly plain: Stage
  readonly locked: Stage
  readonly led: Stage // Eve is co-host
  readonly away: Stage // Eve is away
  readonly strict: Stage // the label is sensitive
}

/** Case is one commit of Bob's: its name, the rule that it breaks ('' for none), and who can tell (the server, too, unless said). */
export type Case = readonly [
  name: string,
  rule: string,
  on: keyof World,
  commit: (s: Stage) => Bytes | Promise<Bytes>,
  only?: 'client',
]

export async function world(): Promise<World> {
  const t = await trio()
  const kim = await member(t.meeting, 'Kim')
  const under = (order: Partial<Order>): Promise<Stage> => moved(t, order).then((m) => stage(m, kim))
  const rule = async (over: Partial<bodies.Policy>): Promise<Stage> =>
    under({ policies: [await policy(t, t.ada.device, over)] })
  const { allows } = t.adas.roster.policies[0].body
  return {
    plain: await stage(t, kim),
    locked: await rule({ locked: true }),
    led: await rule({ coHosts: [t.eve.device.publicKey] }),
    away: await under({ removes: [{ participant: t.eve.participant, statement: none }] }),
    strict: await rule({ label: 1, allows: { ...allows, share: false } }),
  }
}

async function stage(t: Trio, kim: Member): Promise<Stage> {
  const made = await createCommit(
    { state: t.bobs.state, cipherSuite: suite },
    { wireAsPublicMessage: true, authenticatedData: data(t.now, []) },
  )
  const content = made.commit.wireformat === 'mls_public_message' ? made.commit.publicMessage.content : null
  if (content?.contentType !== 'commit' || content.commit.path === undefined) throw new Error('no path')
  const word = parse(await admission(t, [kim.admitted]))
  return { t, base: writeMessage(made.commit), path: content.commit.path, kim, word }
}

export const add = (who: Member): Proposal => ({ proposalType: 'add', add: { keyPackage: who.own.keyPackage } })
const addOf = (keyPackage: KeyPackage): Proposal => ({ proposalType: 'add', add: { keyPackage } })
export const remove = (removed: number): Proposal => ({ proposalType: 'remove', remove: { removed } })
export const psk = (s: Stage, pskId: Uint8Array = s.t.meeting, pskNonce: Uint8Array = random(32)): Proposal => ({
  proposalType: 'psk',
  psk: { preSharedKeyId: { psktype: 'external', pskId, pskNonce } },
})

/** leaf is somebody's live leaf, or the one that was theirs on the plain stage. */
export function leaf(s: Stage, of: Member): Leaf {
  const found = leafOf(s.t.adas.roster, of.participant) ?? leafOf(s.t.eves.roster, of.participant)
  if (found === undefined) throw new Error('never inside')
  return found
}

export const out = (s: Stage, who: Member): Proposal => remove(leaf(s, who).leaf)

/** forged is Bob's commit with other proposals and statements; a MAC or signature of MLS fits it no more. */
export function forged(
  s: Stage,
  proposals: readonly Proposal[],
  statements: readonly (Statement | Bytes)[] = [],
  time = s.t.now,
): Bytes {
  const list = proposals.map((proposal) => ({ proposalOrRefType: 'proposal' as const, proposal }))
  const parsed = statements.map((one) => ('raw' in one ? one : parse(one)))
  return bent(s.base, { authenticatedData: data(time, parsed) }, { proposals: list })
}

/** made is a true commit of Bob's for an order. */
export async function made(s: Stage, order: Partial<Order>): Promise<Bytes> {
  const { state, roster } = s.t.bobs
  return (await makeCommit({ ...nothing, now: s.t.now, ...order }, state, roster, s.t.psk)).commit
}

export function withPath(s: Stage, over: Partial<UpdatePath['leafNode']>): Bytes {
  return bent(s.base, {}, { path: { ...s.path, leafNode: { ...s.path.leafNode, ...over } } })
}

export function says(s: Stage, by: Signer, kind: Kind, body: Bytes): Promise<Bytes> {
  return statement(s.t, by, kind, body)
}

/** spoilt has a signature that does not hold. */
export function spoilt(raw: Bytes): Bytes {
  const bad = raw.slice()
  bad[bad.length - 1] = (bad.at(-1) ?? 0) ^ 1
  return bad
}

export function removal(s: Stage, by: Signer, of: Member, under = underOf(s.t.adas.roster)): Promise<Bytes> {
  return says(s, by, 'removal', bodies.removal({ under, ...leaf(s, of) }))
}

export function leave(s: Stage, by: Signer, of: Member): Promise<Bytes> {
  return says(s, by, 'leave', bodies.leave(leaf(s, of)))
}

/** admitting adds Kim by an admission that is bent as told. */
export async function admitting(
  s: Stage,
  over: Partial<bodies.Admitted> = {},
  how: Parameters<typeof admission>[2] = {},
): Promise<Bytes> {
  return forged(s, [add(s.kim), psk(s)], [await admission(s.t, [{ ...s.kim.admitted, ...over }], how)])
}

/** again is a member with a fresh KeyPackage. */
export function again(s: Stage, who: Member): Promise<Member> {
  return member(s.t.meeting, who.name, who.device, who.participant)
}

/** addingOdd adds a KeyPackage under a true admission for exactly it. */
export async function addingOdd(s: Stage, keyPackage: KeyPackage, who: Member, ...more: Proposal[]): Promise<Bytes> {
  const entry = { ...who.admitted, reference: await referenceOf(keyPackage) }
  return forged(s, [...more, addOf(keyPackage), psk(s)], [await admission(s.t, [entry])])
}

/** odd makes a KeyPackage of Kim's with something changed, admitted by the host. */
export async function odd(
  s: Stage,
  over: { caps?: typeof capabilities; hours?: bigint; old?: boolean; extension?: boolean; unsigned?: boolean },
): Promise<Bytes> {
  const pair = await suite.signature.keygen()
  const seconds = BigInt(Math.floor(Date.now() / 1000)) - (over.old ? 100_000n : 0n)
  const lifetime = { notBefore: seconds - 3600n, notAfter: seconds + 3600n * (over.hours ?? 1n) }
  const { own } = await again(s, s.kim)
  const extensions = over.extension ? [{ extensionType: 0xf1ca, extensionData: none }] : []
  const keys = over.unsigned
    ? pair
    : { signKey: own.keys.signaturePrivateKey, publicKey: own.keyPackage.leafNode.signaturePublicKey }
  const { credential } = own.keyPackage.leafNode
  const key = await generateKeyPackageWithKey(credential, over.caps ?? capabilities, lifetime, extensions, keys, suite)
  return addingOdd(s, key.publicPackage, s.kim)
}
