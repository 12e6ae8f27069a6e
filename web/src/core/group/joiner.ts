/** What a joiner checks of a Welcome before it believes a group (protocol/README.md section 3). */
import { joinGroupWithExtensions, makePskIndex, type ClientState } from 'ts-mls/clientState.js'
import { bytesToBase64 } from 'ts-mls/util/byteArray.js'
import { decryptGroupSecrets, type Welcome } from 'ts-mls/welcome.js'
import { equal, FormError, hex, plain } from '../keys/bytes'
import * as bodies from '../keys/bodies'
import { parse, verify, type Place, type Statement } from '../keys/statement'
import type { Bytes } from '../vault'
import { configFor, identityOf, vouched, type Own } from './credential'
import { commitmentTo, unpadName } from '../keys/names'
import { contextData, readRosterData, type Named, type RosterData } from './forms'
import {
  capabilities,
  contextExtension,
  leavesOf,
  maxLeaves,
  readMessage,
  readTree,
  referenceOf,
  rosterExtension,
  sameCapabilities,
} from './mls'
import { extend } from './policy'
import { must, Refused } from './refused'
import {
  isBarred,
  isOf,
  leavesFrom,
  maxAway,
  policyAt,
  roleIn,
  wordOf,
  type Away,
  type Chain,
  type Entry,
  type Roster,
  type Word,
} from './roster'
import { suite } from './suite'

/** Expected is what the joiner knows of itself and of the meeting. */
export interface Expected {
  readonly meeting: Bytes
  readonly hostKey: Bytes
  readonly psk: Bytes
  readonly participant: Bytes
  readonly device: Bytes
  readonly name: string
  readonly own: readonly Own[] // KeyPackages it knocked with
  readonly held: Held | null
}

/** Held is what a device kept of the group that it was in before. */
export interface Held {
  readonly group: Bytes
  readonly generation: number
  readonly under: bodies.Under // the newest policy
  readonly commitment: Bytes // to the own name
}

export interface Joined {
  readonly state: ClientState
  readonly roster: Roster
  readonly names: readonly Named[]
  readonly inbox: CryptoKey
}

/** pskIndex knows the meeting's one PSK. */
export function pskIndex(state: ClientState | undefined, meeting: Bytes, psk: Bytes): ReturnType<typeof makePskIndex> {
  return makePskIndex(state, { [bytesToBase64(meeting)]: psk })
}

/**
 * join throws Refused for a Welcome that is not this meeting's; nothing may be shown or sent before a head all the same. The
 * statement is the own admission or rejoin.
 */
export async function join(rawWelcome: Bytes, rawTree: Bytes, rawStatement: Bytes, who: Expected): Promise<Joined> {
  try {
    const outer = readMessage(rawWelcome)
    must(outer.wireformat === 'mls_welcome', 'no Welcome')
    must(outer.welcome.cipherSuite === suite.name, 'another suite')
    const own = await ownKeys(outer.welcome, who)
    await onePsk(outer.welcome, own, who.meeting)
    const psks = pskIndex(undefined, who.meeting, who.psk)
    const config = configFor(who.meeting)
    const [state, extensions] = await joinGroupWithExtensions(
      outer.welcome,
      own.keyPackage,
      own.keys,
      psks,
      suite,
      readTree(rawTree),
      undefined,
      config,
    )
    ourContext(state, who)
    must(extensions.length === 1 && extensions[0]?.extensionType === rosterExtension, 'GroupInfo extensions')
    const data = readRosterData(extensions[0].extensionData)
    const roster = await readRoster(state, data, parse(rawStatement), own, who)
    await namesFit(roster, data.names, who)
    return { state, roster, names: data.names, inbox: own.inbox }
  } catch (e) {
    if (e instanceof Refused) throw e
    throw e instanceof FormError ? new Refused(e.message) : new Refused('the Welcome does not open', 'opens')
  }
}

async function ownKeys(welcome: Welcome, who: Expected): Promise<Own> {
  for (const own of who.own) {
    const reference = await referenceOf(own.keyPackage)
    if (welcome.secrets.some((s) => equal(s.newMember, reference))) return own
  }
  throw new Refused('a Welcome for somebody else')
}

/** onePsk looks before the library does, which takes whatever the Welcome names, even nothing. */
async function onePsk(welcome: Welcome, own: Own, meeting: Bytes): Promise<void> {
  const reference = await referenceOf(own.keyPackage)
  const key = await suite.hpke.importPrivateKey(own.keys.initPrivateKey)
  const secrets = await decryptGroupSecrets(key, reference, welcome, suite.hpke)
  must(secrets !== undefined, 'the Welcome does not open')
  const [psk, ...more] = secrets.psks
  must(psk !== undefined && more.length === 0, 'number of PSKs')
  must(
    psk.psktype === 'external' && equal(psk.pskId, meeting) && psk.pskNonce.length === 32,
    'a PSK that is not the meeting’s',
  )
}

function ourContext(state: ClientState, who: Expected): void {
  const { groupContext: context } = state
  must(context.cipherSuite === suite.name, 'another suite')
  must(context.groupId.length === 32 && equal(context.groupId.subarray(0, 16), who.meeting), 'another meeting')
  const [extension, ...more] = context.extensions
  must(extension?.extensionType === contextExtension && more.length === 0, 'GroupContext extensions')
  must(equal(extension.extensionData, contextData(who.meeting, who.hostKey)), 'another host key')
}

async function readRoster(
  state: ClientState,
  data: RosterData,
  mine: Statement,
  own: Own,
  who: Expected,
): Promise<Roster> {
  const place = { meeting: who.meeting, group: plain(state.groupContext.groupId) }
  const policies = await extend([], data.policies, place, who.hostKey)
  reaches(policies, place, mine, who)
  const entries = await admitted(data.admissions, policies, place, who)
  const wordFor = (seat: Omit<Away, keyof Word>): Word | undefined =>
    wordOf(entries.findLast((e) => isOf(e.admitted, seat)))
  const leaves = leavesFrom(state.ratchetTree, wordFor)
  const away = data.away.map((seat): Away => {
    const word = wordFor(seat)
    must(word !== undefined, 'somebody away whom nobody admitted')
    return { ...seat, ...word }
  })
  const roster = { place, hostKey: who.hostKey, policies, leaves, away, spent: data.spent, time: data.time }
  await checkLeaves(state, roster)
  checkAway(roster)
  await ownLeaf(state, roster, mine, own, who)
  return roster
}

/** reaches: the chain goes as far as the own admission's policy and the newest that this device held before. */
function reaches(policies: Chain, place: Place, mine: Statement, who: Expected): void {
  const { held } = who
  if (mine.kind === 'admission') {
    const named = policyAt({ policies }, bodies.readAdmission(mine.body).under)
    must(named !== undefined, 'the policy chain does not reach the own admission')
  }
  if (held === null) return
  if (equal(held.group, place.group)) {
    must(policyAt({ policies }, held.under) !== undefined, 'the policy chain does not reach what was held before')
  } else {
    must(policies[0].body.generation > held.generation, 'an older group')
  }
}

/** admitted lists all entries of the admissions, each signed by who might. */
async function admitted(
  admissions: readonly Statement[],
  policies: Chain,
  place: Place,
  who: Expected,
): Promise<Entry[]> {
  const entries: Entry[] = []
  for (const admission of admissions) {
    must(admission.kind === 'admission' && (await verify(admission, place)), 'an admission with a bad signature')
    const body = bodies.readAdmission(admission.body)
    const policy = policyAt({ policies }, body.under)
    must(policy !== undefined, 'an admission under another policy')
    const byKey = equal(admission.signer, who.hostKey)
    const later = policies.slice(policy.body.sequence - 1)
    const fits = byKey
      ? body.entries.every((e) => later.some((p) => roleIn(p.body, e.device) === 'host'))
      : roleIn(policy.body, admission.signer) !== 'guest'
    must(fits, 'an admission that no host signed')
    const role = byKey ? bodies.roles.host : bodies.roles.guest
    must(
      body.entries.every((e) => e.role === role),
      'an admission with a role',
    )
    entries.push(...body.entries.map((entry) => ({ admitted: entry, admission })))
  }
  return entries
}

function checkAway({ leaves, away, policies }: Roster): void {
  must(away.length <= maxAway, 'too many away')
  const all = [...leaves.values(), ...away]
  for (const of of [(l: Away) => l.participant, (l: Away) => l.device, (l: Away) => l.signatureKey]) {
    must(new Set(all.map((l) => hex(of(l)))).size === all.length, 'two of one person')
  }
  must(!all.some((l) => isBarred({ policies }, l.device)), 'somebody barred')
}

/** ownLeaf: mine is the leaf that my own admission or rejoin names, with my own word. */
async function ownLeaf(state: ClientState, roster: Roster, mine: Statement, own: Own, who: Expected): Promise<void> {
  const leaf = roster.leaves.get(state.privatePath.leafIndex)
  must(leaf !== undefined && isOf(leaf, who), 'the own admission is for somebody else')
  const reference = await referenceOf(own.keyPackage)
  if (mine.kind === 'rejoin') {
    const body = bodies.readRejoin(mine.body)
    const me = equal(mine.signer, who.device) && equal(body.participant, who.participant)
    must(me && equal(body.reference, reference), 'the own rejoin is for somebody else')
    must(who.held !== null && equal(roster.place.group, who.held.group), 'another group')
    must(equal(leaf.commitment, who.held.commitment), 'my name was changed')
    return
  }
  must(mine.kind === 'admission' && equal(leaf.admission.raw, mine.raw), 'not by the own admission')
  const entry = bodies.readAdmission(mine.body).entries.find((e) => equal(e.reference, reference))
  must(entry !== undefined && isOf(entry, who), 'the own admission is for somebody else')
}

async function checkLeaves(state: ClientState, { leaves }: Roster): Promise<void> {
  const all = leavesOf(state.ratchetTree)
  const meeting = plain(state.groupContext.groupId).slice(0, 16)
  must(all.length <= maxLeaves && all.length === leaves.size, 'too many leaves')
  for (const { node } of all) {
    must(await vouched(node.credential, node.signaturePublicKey, meeting), 'a leaf that its device did not sign')
    must(
      sameCapabilities(node.capabilities, capabilities) && node.extensions.length === 0,
      'a leaf with other capabilities',
    )
  }
  const inboxes = new Set(all.map(({ node }) => hex(identityOf(node.credential).inbox)))
  must(inboxes.size === all.length, 'two leaves with one key or name')
}

/** namesFit: every name that came fits its commitment, and mine is the one I knocked with. */
async function namesFit(roster: Roster, names: readonly Named[], who: Expected): Promise<void> {
  for (const n of names) {
    const leaf = [...roster.leaves.values()].find((l) => equal(l.participant, n.participant))
    must(leaf !== undefined && equal(leaf.commitment, await commitmentTo(n.salt, n.padded)), 'a name that does not fit')
    must(!equal(n.participant, who.participant) || unpadName(n.padded) === who.name, 'my name was changed')
  }
}
