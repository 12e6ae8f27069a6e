/** Commits that break the gate's first, third and fifth rule: framing, Adds, PSK and path. */
import { createCommit, createGroupInfoWithExternalPubAndRatchetTree, joinGroupExternal } from 'ts-mls/createCommit.js'
import { createProposal } from 'ts-mls/createMessage.js'
import { generateKeyPackageWithKey } from 'ts-mls/keyPackage.js'
import type { Proposal } from 'ts-mls/proposal.js'
import { configFor } from '../group/credential'
import { capabilities, writeMessage } from '../group/mls'
import { suite } from '../group/suite'
import * as bodies from '../keys/bodies'
import { random } from '../keys/bytes'
import { newDevice } from '../keys/derive'
import type { Bytes } from '../vault'
import {
  add,
  addingOdd,
  admitting,
  again,
  forged,
  leaf,
  odd,
  out,
  psk,
  remove,
  spoilt,
  withPath,
  type Case,
  type Stage,
} from './gate-stage'
import { bent, data, member, none, type Trio } from './group'

function resumption(s: Stage): Proposal {
  const preSharedKeyId = {
    psktype: 'resumption' as const,
    usage: 'application' as const,
    pskGroupId: s.t.adas.roster.place.group,
    pskEpoch: 1n,
    pskNonce: random(32),
  }
  return { proposalType: 'psk', psk: { preSharedKeyId } }
}

async function externalCommit({ t, kim }: Stage): Promise<Bytes> {
  const info = await createGroupInfoWithExternalPubAndRatchetTree(t.bobs.state, [], suite)
  const { keyPackage, keys } = kim.own
  const [config, said] = [configFor(t.meeting), data(t.now, [])]
  const made = await joinGroupExternal(info, keyPackage, keys, false, suite, undefined, config, said)
  return writeMessage({ version: 'mls10', wireformat: 'mls_public_message', publicMessage: made.publicMessage })
}

async function privateCommit({ t }: Stage): Promise<Bytes> {
  const made = await createCommit({ state: t.bobs.state, cipherSuite: suite }, { authenticatedData: data(t.now, []) })
  return writeMessage(made.commit)
}

async function proposalOnly(s: Stage): Promise<Bytes> {
  return writeMessage((await createProposal(s.t.bobs.state, true, out(s, s.t.eve), suite)).message)
}

/** oldKey brings Eve back with the signature key of the leaf that goes. */
async function oldKey(s: Stage): Promise<Bytes> {
  const { own } = s.t.eve
  const keys = { signKey: own.keys.signaturePrivateKey, publicKey: own.keyPackage.leafNode.signaturePublicKey }
  const { credential, lifetime } = own.keyPackage.leafNode
  const made = await generateKeyPackageWithKey(credential, capabilities, lifetime, [], keys, suite)
  return addingOdd(s, made.publicPackage, s.t.eve, out(s, s.t.eve))
}

async function twin(t: Trio, device = newDevice()): Promise<Awaited<ReturnType<typeof member>>> {
  return member(t.meeting, 'Eve', await device, t.eve.participant)
}

const ours = (s: Stage): Proposal[] => [add(s.kim), psk(s)]
const far = { sequence: 2, hash: new Uint8Array(32).fill(7) }

export const framing: readonly Case[] = [
  ['a PrivateMessage', 'no PublicMessage', 'plain', privateCommit],
  ['a commit of another group', 'another group', 'plain', (s) => bent(s.base, { groupId: random(32) }, {})],
  ['a commit of another epoch', 'another epoch', 'plain', (s) => bent(s.base, { epoch: 7n }, {})],
  [
    'a sender beyond the tree',
    'sender is no member',
    'plain',
    (s) => bent(s.base, { sender: { senderType: 'member', leafIndex: 9 } }, {}),
  ],
  ['an external commit', 'sender is no member', 'plain', externalCommit],
  ['a bare proposal', 'no commit', 'plain', proposalOnly],
  [
    'a proposal by reference',
    'a proposal by reference',
    'plain',
    (s) => bent(s.base, {}, { proposals: [{ proposalOrRefType: 'reference', reference: random(32) }] }),
  ],
  [
    'a proposal of no known type',
    'a proposal of another type',
    'plain',
    (s) => forged(s, [{ proposalType: 0xf001, proposalData: none }]),
  ],
  [
    'other extensions',
    'a proposal of another type',
    'plain',
    (s) => forged(s, [{ proposalType: 'group_context_extensions', groupContextExtensions: { extensions: [] } }]),
  ],
  [
    'an external init',
    'a proposal of another type',
    'plain',
    (s) => forged(s, [{ proposalType: 'external_init', externalInit: { kemOutput: random(32) } }]),
  ],
  [
    'a group begun anew',
    'a proposal of another type',
    'plain',
    (s) => {
      const reinit = { groupId: random(32), version: 'mls10' as const, cipherSuite: suite.name, extensions: [] }
      return forged(s, [{ proposalType: 'reinit', reinit }])
    },
  ],
  [
    'authenticated data of no form',
    'not of the right form',
    'plain',
    (s) => bent(s.base, { authenticatedData: new Uint8Array(20) }, {}),
  ],
  [
    'time that runs back',
    'time earlier than the commit before',
    'plain',
    (s) => forged(s, [out(s, s.t.eve)], [], s.t.now - 1),
  ],
]

export const adds: readonly Case[] = [
  ['an Add without a word', 'an Add without admission', 'plain', (s) => forged(s, ours(s))],
  [
    'an admission by a guest',
    'an admission that no host signed',
    'plain',
    (s) => admitting(s, {}, { by: s.t.bob.device }),
  ],
  [
    'an admission with a bad signature',
    'an admission that no host signed',
    'plain',
    (s) => forged(s, ours(s), [spoilt(s.word.raw)]),
  ],
  [
    'an admission of a guest by the host key',
    'an admission by the host key of somebody who is no host',
    'plain',
    (s) => admitting(s, { role: bodies.roles.host }, { by: s.t.host.host }),
  ],
  [
    'an admission by a device to the role of a host',
    'an admission with a role',
    'plain',
    (s) => admitting(s, { role: bodies.roles.host }),
  ],
  [
    'an admission under a policy that never was',
    'an admission under another policy',
    'plain',
    (s) => admitting(s, {}, { under: far }),
  ],
  ['an admission that expired', 'an admission that expired', 'plain', (s) => admitting(s, {}, { expiry: s.t.now - 1 })],
  [
    'an admission of another person',
    'an Add of somebody else than admitted',
    'plain',
    (s) => admitting(s, { participant: random(16) }),
  ],
  [
    'an admission of another device',
    'an Add of somebody else than admitted',
    'plain',
    (s) => admitting(s, { device: random(32) }),
  ],
  [
    'an admission of another KeyPackage',
    'an Add without admission',
    'plain',
    (s) => admitting(s, { reference: random(32) }),
  ],
  [
    'a KeyPackage that was used',
    'a KeyPackage used before',
    'plain',
    (s) => forged(s, [out(s, s.t.eve), add(s.t.eve), psk(s)], [leaf(s, s.t.eve).admission]),
  ],
  [
    'a KeyPackage twice in one commit',
    'a KeyPackage used before',
    'plain',
    (s) => forged(s, [add(s.kim), ...ours(s)], [s.word]),
  ],
  [
    'a KeyPackage with other capabilities',
    'KeyPackage: other capabilities',
    'plain',
    (s) => odd(s, { caps: { ...capabilities, proposals: [0xf001] } }),
  ],
  ['a KeyPackage that lives too long', 'KeyPackage: lives too long', 'plain', (s) => odd(s, { hours: 2n })],
  ['a KeyPackage that is dead', 'KeyPackage: not alive at this time', 'plain', (s) => odd(s, { old: true })],
  ['a KeyPackage with extensions', 'KeyPackage: extensions', 'plain', (s) => odd(s, { extension: true })],
  [
    'a KeyPackage that its device did not sign',
    'KeyPackage: credential not signed by its device',
    'plain',
    (s) => odd(s, { unsigned: true }),
  ],
  [
    'a KeyPackage with a bad signature',
    'KeyPackage: signature',
    'plain',
    (s) => addingOdd(s, { ...s.kim.own.keyPackage, signature: random(64) }, s.kim),
  ],
  ['an old signature key', 'a leaf key used before', 'plain', oldKey],
  [
    'a participant taken over',
    'a person replaced by another device',
    'plain',
    async (s) => {
      const other = await twin(s.t)
      return addingOdd(s, other.own.keyPackage, other, out(s, s.t.eve))
    },
  ],
  [
    'a participant twice',
    'two leaves with one key or name',
    'plain',
    async (s) => {
      const other = await twin(s.t)
      return addingOdd(s, other.own.keyPackage, other)
    },
  ],
  [
    'a device twice',
    'two leaves with one key or name',
    'plain',
    async (s) => {
      const other = await member(s.t.meeting, 'Eve', s.t.eve.device)
      return addingOdd(s, other.own.keyPackage, other)
    },
  ],
  ['an admission to a locked meeting', 'an admission to a locked meeting', 'locked', async (s) => admitting(s)],
  [
    'a return without a word',
    'an Add without admission',
    'away',
    async (s) => forged(s, [add(await again(s, s.t.eve)), psk(s)]),
  ],
]

export const form: readonly Case[] = [
  ['no PSK with an Add', 'number of PSKs', 'plain', (s) => forged(s, [add(s.kim)], [s.word])],
  ['two PSKs', 'number of PSKs', 'plain', (s) => forged(s, [...ours(s), psk(s)], [s.word])],
  ['a PSK without an Add', 'number of PSKs', 'plain', (s) => forged(s, [psk(s)])],
  [
    'another PSK',
    'a PSK that is not the meeting’s',
    'plain',
    (s) => forged(s, [add(s.kim), psk(s, random(16))], [s.word]),
  ],
  [
    'a PSK of a resumption',
    'a PSK that is not the meeting’s',
    'plain',
    (s) => forged(s, [add(s.kim), resumption(s)], [s.word]),
  ],
  ['a short nonce', 'PSK nonce', 'plain', (s) => forged(s, [add(s.kim), psk(s, s.t.meeting, random(31))], [s.word])],
  ['a Remove of nobody', 'a Remove of nobody', 'plain', (s) => forged(s, [remove(12)])],
  ['a Remove twice', 'a leaf named twice', 'plain', (s) => forged(s, [out(s, s.t.eve), out(s, s.t.eve)])],
  ['a Remove of the sender', 'the sender removes itself', 'plain', (s) => forged(s, [out(s, s.t.bob)])],
  ['an empty commit without a path', 'no path', 'plain', (s) => bent(s.base, {}, { path: undefined })],
  ['a Remove without a path', 'no path', 'plain', (s) => bent(forged(s, [out(s, s.t.eve)]), {}, { path: undefined })],
  [
    'a path with another credential',
    'the path changes who the sender is',
    'plain',
    (s) => withPath(s, { credential: s.t.eve.own.keyPackage.leafNode.credential }),
  ],
  [
    'a path with another signature key',
    'the path changes who the sender is',
    'plain',
    (s) => withPath(s, { signaturePublicKey: random(32) }),
  ],
  [
    'a path with other capabilities',
    'the path changes who the sender is',
    'plain',
    (s) => withPath(s, { capabilities: { ...capabilities, proposals: [8] } }),
  ],
  [
    'a path with extensions',
    'the path changes who the sender is',
    'plain',
    (s) => withPath(s, { extensions: [{ extensionType: 0xf1ca, extensionData: none }] }),
  ],
  [
    'a path with the old key',
    'the path keeps the old key',
    'plain',
    (s) => withPath(s, { hpkePublicKey: s.t.bob.own.keyPackage.leafNode.hpkePublicKey }),
    'client',
  ],
  [
    'a path with somebody’s key',
    'two leaves with one key or name',
    'plain',
    (s) => withPath(s, { hpkePublicKey: s.t.eve.own.keyPackage.leafNode.hpkePublicKey }),
    'client',
  ],
]
