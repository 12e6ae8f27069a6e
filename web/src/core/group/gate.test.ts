import { beforeAll, describe, expect, test } from 'vitest'
import { createCommit, createGroupInfoWithExternalPubAndRatchetTree, joinGroupExternal } from 'ts-mls/createCommit.js'
import { createProposal } from 'ts-mls/createMessage.js'
import { generateKeyPackageWithKey } from 'ts-mls/keyPackage.js'
import type { KeyPackage } from 'ts-mls/keyPackage.js'
import { mlsExporter } from 'ts-mls/keySchedule.js'
import { processPublicMessage } from 'ts-mls/processMessages.js'
import type { Proposal } from 'ts-mls/proposal.js'
import type { UpdatePath } from 'ts-mls/updatePath.js'
import * as bodies from '../keys/bodies'
import { random } from '../keys/bytes'
import { newDevice } from '../keys/derive'
import { parse, type Statement } from '../keys/statement'
import { admission, bent, data, member, none, statement, trio, type Member, type Trio } from '../testkit/group'
import type { Bytes } from '../vault'
import { makeCommit } from './commit'
import { configFor } from './credential'
import { allowList, gate, rosterAfter } from './gate'
import { pskIndex } from './joiner'
import { capabilities, readMessage, writeKeyPackage, writeMessage } from './mls'
import { leafOf, underOf, type Leaf } from './roster'
import { suite } from './suite'

let t: Trio
let base: Bytes // a true commit of Bob's, without proposals: what every forgery is made of
let path: UpdatePath
let kim: Member
let word: Statement // the host's true admission of Kim

beforeAll(async () => {
  t = await trio()
  kim = await member(t.meeting, 'Kim')
  word = parse(await admission(t, [kim.admitted]))
  const made = await createCommit(
    { state: t.bobs.state, cipherSuite: suite },
    { wireAsPublicMessage: true, authenticatedData: data(t.now, []) },
  )
  base = writeMessage(made.commit)
  const content = made.commit.wireformat === 'mls_public_message' ? made.commit.publicMessage.content : null
  if (content?.contentType !== 'commit' || content.commit.path === undefined) throw new Error('no path')
  path = content.commit.path
})

const add = (keyPackage: KeyPackage): Proposal => ({ proposalType: 'add', add: { keyPackage } })
const remove = (removed: number): Proposal => ({ proposalType: 'remove', remove: { removed } })
const psk = (pskId: Uint8Array = t.meeting, pskNonce: Uint8Array = random(32)): Proposal => ({
  proposalType: 'psk',
  psk: { preSharedKeyId: { psktype: 'external', pskId, pskNonce } },
})

function leaf(of: Member): Leaf {
  const found = leafOf(t.adas.roster, of.participant)
  if (found === undefined) throw new Error('not inside')
  return found
}

/** forged is Bob's commit with other proposals and statements. */
function forged(proposals: readonly Proposal[], statements: readonly Statement[] = [], time = t.now): Bytes {
  const list = proposals.map((proposal) => ({ proposalOrRefType: 'proposal' as const, proposal }))
  return bent(base, { authenticatedData: data(time, statements) }, { proposals: list })
}

function withPath(over: Partial<UpdatePath['leafNode']>): Bytes {
  return bent(base, {}, { path: { ...path, leafNode: { ...path.leafNode, ...over } } })
}

async function signed(by: Member, kind: 'removal' | 'leave' | 'end', body: Bytes): Promise<Statement> {
  return parse(await statement(t, by.device, kind, body))
}

function removalOf(m: Member, under = underOf(t.adas.roster)): Bytes {
  return bodies.removal({ under, ...leaf(m) })
}

async function admitted(over: Partial<bodies.Admitted>, how: Parameters<typeof admission>[2] = {}): Promise<Bytes> {
  const s = parse(await admission(t, [{ ...kim.admitted, ...over }], how))
  return forged([add(kim.own.keyPackage), psk()], [s])
}

/** odd makes a KeyPackage of Kim's with something changed, admitted by the host. */
async function odd(over: {
  caps?: typeof capabilities
  hours?: bigint
  old?: boolean
  extension?: boolean
  unsigned?: boolean
}): Promise<Bytes> {
  const pair = await suite.signature.keygen()
  const seconds = BigInt(Math.floor(Date.now() / 1000)) - (over.old ? 100_000n : 0n)
  const lifetime = { notBefore: seconds - 3600n, notAfter: seconds + 3600n * (over.hours ?? 1n) }
  const own = (await member(t.meeting, 'Kim', kim.device, kim.participant)).own
  const extensions = over.extension ? [{ extensionType: 0xf1ca, extensionData: none }] : []
  const keys = over.unsigned
    ? pair
    : { signKey: own.keys.signaturePrivateKey, publicKey: own.keyPackage.leafNode.signaturePublicKey }
  const { credential } = own.keyPackage.leafNode
  const made = await generateKeyPackageWithKey(credential, over.caps ?? capabilities, lifetime, extensions, keys, suite)
  return addOf(made.publicPackage, kim)
}

async function addOf(keyPackage: KeyPackage, who: Member, ...more: Proposal[]): Promise<Bytes> {
  const { referenceOf } = await import('./mls')
  const entry = { ...who.admitted, reference: await referenceOf(keyPackage) }
  return forged([...more, add(keyPackage), psk()], [parse(await admission(t, [entry]))])
}

const refusals: [rule: string, forge: () => Bytes | Promise<Bytes>][] = [
  [
    'no PublicMessage',
    async () => {
      const made = await createCommit(
        { state: t.bobs.state, cipherSuite: suite },
        { authenticatedData: data(t.now, []) },
      )
      return writeMessage(made.commit)
    },
  ],
  ['another group', () => bent(base, { groupId: random(32) }, {})],
  ['another epoch', () => bent(base, { epoch: 7n }, {})],
  ['sender is no member', () => bent(base, { sender: { senderType: 'member', leafIndex: 9 } }, {})],
  ['sender is no member', externalCommit],
  ['no commit', async () => writeMessage(readMessage(await proposalOnly()))],
  [
    'a proposal by reference',
    () => bent(base, {}, { proposals: [{ proposalOrRefType: 'reference', reference: random(32) }] }),
  ],
  ['a proposal of another type', () => forged([{ proposalType: 0xf001, proposalData: none }])],
  [
    'a proposal of another type',
    () => forged([{ proposalType: 'group_context_extensions', groupContextExtensions: { extensions: [] } }]),
  ],
  [
    'a proposal of another type',
    () => forged([{ proposalType: 'external_init', externalInit: { kemOutput: random(32) } }]),
  ],
  [
    'a proposal of another type',
    () =>
      forged([
        {
          proposalType: 'reinit',
          reinit: { groupId: random(32), version: 'mls10', cipherSuite: suite.name, extensions: [] },
        },
      ]),
  ],
  ['not of the right form', () => bent(base, { authenticatedData: random(20) }, {})],
  ['time earlier than the commit before', () => forged([remove(leaf(t.eve).leaf)], [], t.now - 1)],
  ['an Add without admission', () => forged([add(kim.own.keyPackage), psk()])],
  ['an admission that no host signed', () => admitted({}, { by: t.bob.device })],
  ['an admission that no host signed', () => admitted({}, { by: t.host.host })],
  [
    'an admission that no host signed',
    () => {
      const bad = word.raw.slice()
      bad[bad.length - 1] = (bad.at(-1) ?? 0) ^ 1
      return forged([add(kim.own.keyPackage), psk()], [parse(bad)])
    },
  ],
  ['an admission under another policy', () => admitted({}, { under: { sequence: 2, hash: random(32) } })],
  ['an admission under another policy', () => admitted({}, { under: { sequence: 1, hash: random(32) } })],
  ['an admission that expired', () => admitted({}, { expiry: t.now - 1 })],
  ['an Add of somebody else', () => admitted({ participant: random(16) })],
  ['an Add of somebody else', () => admitted({ device: random(32) })],
  ['an Add without admission', () => admitted({ reference: random(32) })],
  [
    'a KeyPackage used before',
    () => forged([remove(leaf(t.eve).leaf), add(t.eve.own.keyPackage), psk()], [parseWord(t.eve)]),
  ],
  ['a KeyPackage used before', () => forged([add(kim.own.keyPackage), add(kim.own.keyPackage), psk()], [word])],
  ['other capabilities', () => odd({ caps: { ...capabilities, proposals: [0xf001] } })],
  ['lives too long', () => odd({ hours: 2n })],
  ['not alive at this time', () => odd({ old: true })],
  ['extensions', () => odd({ extension: true })],
  ['credential not signed by its device', () => odd({ unsigned: true })],
  ['signature', () => addOf({ ...kim.own.keyPackage, signature: random(64) }, kim)],
  ['number of PSKs', () => forged([add(kim.own.keyPackage)], [word])],
  ['number of PSKs', () => forged([add(kim.own.keyPackage), psk(), psk()], [word])],
  ['number of PSKs', () => forged([psk()])],
  ['a PSK that is not', () => forged([add(kim.own.keyPackage), psk(random(16))], [word])],
  ['a PSK that is not', () => forged([add(kim.own.keyPackage), resumption()], [word])],
  ['PSK nonce', () => forged([add(kim.own.keyPackage), psk(t.meeting, random(31))], [word])],
  ['a Remove of nobody', () => forged([remove(12)])],
  ['a leaf named twice', () => forged([remove(leaf(t.eve).leaf), remove(leaf(t.eve).leaf)])],
  ['the sender removes itself', () => forged([remove(leaf(t.bob).leaf)])],
  [
    'a removal that no host signed',
    async () => forged([remove(leaf(t.eve).leaf)], [await signed(t.bob, 'removal', removalOf(t.eve))]),
  ],
  [
    'a removal under another policy',
    async () =>
      forged(
        [remove(leaf(t.eve).leaf)],
        [await signed(t.ada, 'removal', removalOf(t.eve, { sequence: 2, hash: random(32) }))],
      ),
  ],
  [
    'a statement that covers nothing',
    async () => forged([remove(leaf(t.ada).leaf)], [await signed(t.ada, 'removal', removalOf(t.eve))]),
  ],
  ['a statement that covers nothing', () => forged([remove(leaf(t.eve).leaf)], [word])],
  [
    'a statement that covers nothing',
    async () => forged([remove(leaf(t.eve).leaf)], [await signed(t.bob, 'leave', bodies.leaf(leaf(t.eve)))]),
  ],
  [
    'a leave with a bad signature',
    async () => {
      const bad = (await signed(t.eve, 'leave', bodies.leaf(leaf(t.eve)))).raw.slice()
      bad[bad.length - 1] = (bad.at(-1) ?? 0) ^ 1
      return forged([remove(leaf(t.eve).leaf)], [parse(bad)])
    },
  ],
  [
    'a statement of another kind',
    async () =>
      forged(
        [remove(leaf(t.eve).leaf)],
        [await signed(t.ada, 'end', bodies.end({ under: underOf(t.adas.roster), epoch: 1 }))],
      ),
  ],
  [
    'a leaf key used before',
    async () => {
      const { own } = t.eve
      const keys = { signKey: own.keys.signaturePrivateKey, publicKey: own.keyPackage.leafNode.signaturePublicKey }
      const { credential, lifetime } = own.keyPackage.leafNode
      const made = await generateKeyPackageWithKey(credential, capabilities, lifetime, [], keys, suite)
      return addOf(made.publicPackage, t.eve, remove(leaf(t.eve).leaf))
    },
  ],
  [
    'a person replaced by another device',
    async () => {
      const twin = await member(t.meeting, 'Eve', await newDevice(), t.eve.participant)
      return addOf(twin.own.keyPackage, twin, remove(leaf(t.eve).leaf))
    },
  ],
  [
    'two leaves with one key or name',
    async () => {
      const twin = await member(t.meeting, 'Eve', await newDevice(), t.eve.participant)
      return addOf(twin.own.keyPackage, twin)
    },
  ],
  [
    'two leaves with one key or name',
    async () => {
      const twin = await member(t.meeting, 'Eve', t.eve.device)
      return addOf(twin.own.keyPackage, twin)
    },
  ],
  ['no path', () => bent(base, {}, { path: undefined })],
  ['no path', () => bent(forged([remove(leaf(t.eve).leaf)]), {}, { path: undefined })],
  ['the path changes who', () => withPath({ credential: t.eve.own.keyPackage.leafNode.credential })],
  ['the path changes who', () => withPath({ signaturePublicKey: random(32) })],
  ['the path changes who', () => withPath({ capabilities: { ...capabilities, proposals: [8] } })],
  ['the path changes who', () => withPath({ extensions: [{ extensionType: 0xf1ca, extensionData: none }] })],
  ['the path keeps the old key', () => withPath({ hpkePublicKey: t.bob.own.keyPackage.leafNode.hpkePublicKey })],
]

function parseWord(of: Member): Statement {
  return leaf(of).admission
}

function resumption(): Proposal {
  const preSharedKeyId = {
    psktype: 'resumption' as const,
    usage: 'application' as const,
    pskGroupId: t.adas.roster.place.group,
    pskEpoch: 1n,
    pskNonce: random(32),
  }
  return { proposalType: 'psk', psk: { preSharedKeyId } }
}

async function externalCommit(): Promise<Bytes> {
  const info = await createGroupInfoWithExternalPubAndRatchetTree(t.bobs.state, [], suite)
  const { keyPackage, keys } = kim.own
  const made = await joinGroupExternal(
    info,
    keyPackage,
    keys,
    false,
    suite,
    undefined,
    configFor(t.meeting),
    data(t.now, []),
  )
  return writeMessage({ version: 'mls10', wireformat: 'mls_public_message', publicMessage: made.publicMessage })
}

async function proposalOnly(): Promise<Bytes> {
  return writeMessage((await createProposal(t.bobs.state, true, remove(leaf(t.eve).leaf), suite)).message)
}

describe('the gate refuses', () => {
  test.each(refusals)('%s', async (rule, forge) => {
    await expect(gate(await forge(), t.adas.state, t.adas.roster)).rejects.toThrow(rule)
  })
})

describe('the gate lets through', () => {
  test.each<[string, () => Bytes | Promise<Bytes>, number]>([
    ['a true Add', () => forged([add(kim.own.keyPackage), psk()], [word]), 0],
    ['an empty path', () => base, 0],
    [
      'a removal',
      async () => forged([remove(leaf(t.eve).leaf)], [await signed(t.ada, 'removal', removalOf(t.eve))]),
      0,
    ],
    [
      'a leave',
      async () => forged([remove(leaf(t.eve).leaf)], [await signed(t.eve, 'leave', bodies.leaf(leaf(t.eve)))]),
      0,
    ],
    ['an absence', () => forged([remove(leaf(t.eve).leaf)]), 1],
    [
      'a return',
      async () => {
        const again = await member(t.meeting, 'Eve', t.eve.device, t.eve.participant)
        return addOf(again.own.keyPackage, again, remove(leaf(t.eve).leaf))
      },
      0,
    ],
  ])('%s', async (_, forge, absent) => {
    const change = await gate(await forge(), t.adas.state, t.adas.roster)
    expect(change.absent.length).toBe(absent)
    expect(change.sender.device).toEqual(t.bob.device.publicKey)
  })
})

describe('the library', () => {
  test('takes a promise of a refusal for a yes: our list answers at once', async () => {
    const m = readMessage(base)
    if (m.wireformat !== 'mls_public_message') throw new Error('no commit')
    const late = (() => Promise.resolve('reject')) as unknown as typeof allowList
    const psks = pskIndex(t.adas.state, t.meeting, t.psk)
    const tricked = await processPublicMessage(t.adas.state, m.publicMessage, psks, suite, late)
    expect(tricked.newState.groupContext.epoch).toBe(t.adas.state.groupContext.epoch + 1n)
    const custom = { proposal: { proposalType: 0xf001, proposalData: none }, senderLeafIndex: 1 }
    expect(allowList({ kind: 'commit', senderLeafIndex: 1 as never, proposals: [custom] })).toBe('reject')
    expect(allowList({ kind: 'commit', senderLeafIndex: undefined, proposals: [] })).toBe('reject')
    expect(allowList({ kind: 'proposal', proposal: custom })).toBe('reject')
    expect(allowList({ kind: 'commit', senderLeafIndex: 1 as never, proposals: [] })).toBe('accept')
  })

  test('puts a path on every Remove, and whoever was removed does not derive the next epoch', async () => {
    for (const statements of [none, await statement(t, t.ada.device, 'removal', removalOf(t.eve))]) {
      const removes = [{ participant: t.eve.participant, statement: statements }]
      const made = await makeCommit({ adds: [], removes, names: [], now: t.now }, t.bobs.state, t.bobs.roster, t.psk)
      const m = readMessage(made.commit)
      if (m.wireformat !== 'mls_public_message' || m.publicMessage.content.contentType !== 'commit')
        throw new Error('no commit')
      expect(m.publicMessage.content.commit.path).toBeDefined()
      const process = (state: Trio['eves']['state']): ReturnType<typeof processPublicMessage> =>
        processPublicMessage(state, m.publicMessage, pskIndex(state, t.meeting, t.psk), suite, allowList)
      const stays = await process(t.adas.state)
      const goes = await process(t.eves.state).catch(() => null)
      const key = (state: Trio['eves']['state']): Promise<Uint8Array> =>
        mlsExporter(state.keySchedule.exporterSecret, 'SFrame 1.0 Base Key', none, 16, suite)
      expect(await key(stays.newState)).toEqual(await key(made.next))
      if (goes !== null) {
        expect(await key(goes.newState)).toEqual(await key(t.eves.state)) // still the old one
        expect(goes.newState.groupActiveState.kind).toBe('removedFromGroup')
      }
      const { change } = made
      expect(rosterAfter(t.bobs.roster, change, made.next.ratchetTree).leaves.size).toBe(2)
    }
  })

  test('lets nobody in who lacks the code', async () => {
    const adds = [
      { participant: kim.participant, keyPackage: writeKeyPackage(kim.own.keyPackage), admission: word.raw },
    ]
    const made = await makeCommit({ adds, removes: [], names: [], now: t.now }, t.bobs.state, t.bobs.roster, random(32))
    const m = readMessage(made.commit)
    if (m.wireformat !== 'mls_public_message') throw new Error('no commit')
    const applied = processPublicMessage(
      t.adas.state,
      m.publicMessage,
      pskIndex(t.adas.state, t.meeting, t.psk),
      suite,
      allowList,
    )
    await expect(applied).rejects.toThrow()
  })
})
