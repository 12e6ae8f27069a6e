import { beforeAll, expect, test } from 'vitest'
import type { ClientState } from 'ts-mls/clientState.js'
import { createApplicationMessage } from 'ts-mls/createMessage.js'
import type { Extension } from 'ts-mls/extension.js'
import * as bodies from '../keys/bodies'
import { join as bytes, random } from '../keys/bytes'
import { newDevice, type Signer } from '../keys/derive'
import { padName } from '../keys/names'
import { parse, sign, type Statement } from '../keys/statement'
import { admission, expected, member, none, policy as next, trio, type Member, type Trio } from '../testkit/group'
import {
  context,
  counterfeit as counterfeitOf,
  info as infoOf,
  invite as inviteTo,
  type Invitation,
} from '../testkit/invitation'
import type { Bytes } from '../vault'
import { contextData, type RosterData } from './forms'
import { join, type Expected } from './joiner'
import { readMessage, rosterExtension, writeMessage, writeTree } from './mls'
import { admissionsOf } from './roster'
import { suite } from './suite'

let t: Trio
let kim: Member
let word: Statement

beforeAll(async () => {
  t = await trio()
  kim = await member(t.meeting, 'Kim')
  word = parse(await admission(t, [kim.admitted]))
})

interface Over {
  readonly state?: ClientState
  readonly psks?: readonly Bytes[]
  readonly extensions?: Extension[]
  readonly word?: Bytes
}

const info = (over: Partial<RosterData> = {}): Extension => infoOf(t, kim, [word], over)

const invite = ({ word: own = word.raw, ...over }: Over): Promise<Invitation> =>
  inviteTo(t, kim, own, { extensions: [info()], ...over })

const counterfeit = (over: Parameters<typeof counterfeitOf>[1]): Promise<ClientState> => counterfeitOf(t, over)

/** policy signs the first one anew. */
function policy(by: Signer, over: Partial<bodies.Policy> = {}): Promise<Bytes> {
  const [first] = t.adas.roster.policies
  return sign(by, 'policy', t.adas.roster.place, bodies.policy({ ...first.body, ...over }))
}

async function accept(i: Invitation, over: Partial<Expected> = {}): ReturnType<typeof join> {
  return join(i.welcome, i.tree, i.word, { ...expected(t, kim), ...over })
}

test('a true Welcome is taken, with everybody’s name', async () => {
  const joined = await accept(await invite({}))
  expect(joined.roster.leaves.size).toBe(4)
  expect(joined.names.length).toBe(4)
})

async function privateMessage(): Promise<Bytes> {
  const { privateMessage: said } = await createApplicationMessage(t.adas.state, none, suite)
  return writeMessage({ version: 'mls10', wireformat: 'mls_private_message', privateMessage: said })
}

/** ofSuite2 changes the suite that a Welcome names. */
async function ofSuite2(): Promise<Bytes> {
  const m = readMessage((await invite({})).welcome)
  if (m.wireformat !== 'mls_welcome') throw new Error('no Welcome')
  return writeMessage({ ...m, welcome: { ...m.welcome, cipherSuite: 'MLS_128_DHKEMP256_AES128GCM_SHA256_P256' } })
}

/** manyAway tells of 257 people whom the host admitted once. */
async function manyAway(): Promise<Invitation> {
  const people = Array.from({ length: 257 }, () => ({
    reference: random(32),
    participant: random(16),
    device: random(32),
    commitment: random(32),
    role: bodies.roles.guest,
  }))
  const words: Statement[] = []
  for (let at = 0; at < people.length; at += 50) words.push(parse(await admission(t, people.slice(at, at + 50))))
  const away = people.map(({ participant, device }) => ({ participant, device, signatureKey: random(32) }))
  return invite({ extensions: [infoOf(t, kim, [...words, word], { away })] })
}

const refusals: [rule: string, make: () => Promise<Invitation>, over?: () => Partial<Expected>][] = [
  ['no Welcome', async () => ({ ...(await invite({})), welcome: await privateMessage() })],
  ['another suite', async () => ({ ...(await invite({})), welcome: await ofSuite2() })],
  ['number of PSKs', () => invite({ psks: [] })],
  ['number of PSKs', () => invite({ psks: [t.meeting, new Uint8Array(16).fill(1)] })],
  ['a PSK that is not', () => invite({ psks: [new Uint8Array(16).fill(1)] })],
  ['the Welcome does not open', () => invite({}), () => ({ psk: random(32) })], // another code
  ['a Welcome for somebody else', () => invite({}), () => ({ own: [t.bob.own] })],
  ['the Welcome does not open', async () => ({ ...(await invite({})), tree: writeTree(t.adas.state.ratchetTree) })],
  [
    'not of the right form',
    async () => ({ ...(await invite({})), tree: bytes((await invite({})).tree, Uint8Array.of(0)) }),
  ],
  ['another meeting', async () => invite({ state: await counterfeit({ group: random(32) }) })],
  [
    'another host key',
    async () => invite({ state: await counterfeit({ extensions: [context(contextData(t.meeting, random(32)))] }) }),
  ],
  ['another host key', async () => invite({ state: await counterfeit({ extensions: [context(none)] }) })],
  ['GroupContext extensions', async () => invite({ state: await counterfeit({ extensions: [] }) })],
  [
    'GroupContext extensions',
    async () => {
      const ours = context(contextData(t.meeting, t.host.host.publicKey))
      return invite({
        state: await counterfeit({ extensions: [ours, { extensionType: rosterExtension, extensionData: none }] }),
      })
    },
  ],
  ['GroupInfo extensions', () => invite({ extensions: [] })],
  [
    'GroupInfo extensions',
    () => invite({ extensions: [info(), { extensionType: 'external_pub', extensionData: random(32) }] }),
  ],
  ['no policy', () => invite({ extensions: [info({ policies: [] })] })],
  ['first policy', async () => invite({ extensions: [info({ policies: [parse(await policy(t.bob.device))] })] })],
  [
    'first policy',
    async () => invite({ extensions: [info({ policies: [parse(await policy(t.host.host, { sequence: 2 }))] })] }),
  ],
  [
    'policy chain',
    async () => {
      const second = parse(await policy(t.ada.device, { sequence: 2, previous: random(32) }))
      return invite({ extensions: [info({ policies: [t.adas.roster.policies[0].statement, second] })] })
    },
  ],
  [
    'policy signer',
    async () => {
      const second = parse(await policy(t.bob.device, { sequence: 2, previous: t.adas.roster.policies[0].hash }))
      return invite({ extensions: [info({ policies: [t.adas.roster.policies[0].statement, second] })] })
    },
  ],
  [
    'a policy beyond what its signer may change',
    async () => {
      const second = parse(await next(t, t.host.host, { locked: true }))
      return invite({ extensions: [info({ policies: [t.adas.roster.policies[0].statement, second] })] })
    },
  ],
  [
    'somebody barred',
    async () => {
      const second = parse(await next(t, t.ada.device, { barred: [t.bob.device.publicKey] }))
      return invite({ extensions: [info({ policies: [t.adas.roster.policies[0].statement, second] })] })
    },
  ],
  [
    'an admission with a role',
    async () => {
      const bad = parse(await admission(t, [{ ...kim.admitted, role: bodies.roles.host }]))
      return invite({ word: bad.raw, extensions: [infoOf(t, kim, [bad])] })
    },
  ],
  [
    'somebody away whom nobody admitted',
    () => {
      const away = [{ participant: random(16), device: random(32), signatureKey: random(32) }]
      return invite({ extensions: [info({ away })] })
    },
  ],
  ['too many away', manyAway],
  [
    'two of one person',
    () => {
      const { participant, device } = t.bob.admitted
      return invite({ extensions: [info({ away: [{ participant, device, signatureKey: random(32) }] })] })
    },
  ],
  [
    'the policy chain does not reach',
    async () => {
      const under = { sequence: 2, hash: random(32) }
      return invite({ word: await admission(t, [kim.admitted], { under }) })
    },
  ],
  ['a leaf that nobody admitted', () => invite({ extensions: [info({ admissions: [word] })] })],
  [
    'a leaf that nobody admitted',
    async () => {
      const attacker = await member(t.meeting, 'Ada', await newDevice(), t.ada.participant)
      return invite({ state: await counterfeit({ by: attacker }) })
    },
  ],
  [
    'an admission that no host signed',
    async () => {
      const attacker = await member(t.meeting, 'Mal')
      const own = parse(await admission(t, [attacker.admitted], { by: attacker.device }))
      return invite({ state: await counterfeit({ by: attacker }), extensions: [info({ admissions: [own, word] })] })
    },
  ],
  [
    'an admission that no host signed',
    async () => {
      const attacker = await member(t.meeting, 'Mal')
      const own = parse(await admission(t, [attacker.admitted], { by: t.host.host }))
      return invite({ state: await counterfeit({ by: attacker }), extensions: [info({ admissions: [own, word] })] })
    },
  ],
  [
    'an admission with a bad signature',
    async () => {
      const bad = admissionsOf(t.adas.roster.leaves.values()).map((a) => a.raw.slice())
      bad.forEach((raw) => (raw[raw.length - 1] = (raw.at(-1) ?? 0) ^ 1))
      return invite({ extensions: [info({ admissions: [...bad.map((raw) => parse(raw)), word] })] })
    },
  ],
  [
    'an admission under another policy',
    async () => {
      const odd = parse(await admission(t, [kim.admitted], { under: { sequence: 1, hash: random(32) } }))
      return invite({ extensions: [info({ admissions: [odd, word] })] })
    },
  ],
  ['not by the own admission', async () => invite({ word: await admission(t, [kim.admitted]) })],
  ['the own admission is for somebody else', () => invite({}), () => ({ participant: random(16) })],
  ['the own admission is for somebody else', () => invite({}), () => ({ device: random(32) })],
  [
    'a name that does not fit',
    () => invite({ extensions: [info({ names: [{ ...t.bob.named, padded: padName('Ada') }] })] }),
  ],
  [
    'a name that does not fit',
    () => invite({ extensions: [info({ names: [{ ...t.bob.named, participant: random(16) }] })] }),
  ],
  ['my name was changed', () => invite({}), () => ({ name: 'Kimberly' })],
]

test.each(refusals)('refused: %s', async (rule, make, over) => {
  await expect(accept(await make(), over?.() ?? {})).rejects.toThrow(rule)
})
