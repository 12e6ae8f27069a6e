/** What a joiner checks of a Welcome before it believes a group (protocol/README.md section 3). */
import { joinGroupWithExtensions, makePskIndex, type ClientState } from 'ts-mls/clientState.js'
import { bytesToBase64 } from 'ts-mls/util/byteArray.js'
import { decryptGroupSecrets, type Welcome } from 'ts-mls/welcome.js'
import { equal, FormError, hex, plain } from '../keys/bytes'
import * as bodies from '../keys/bodies'
import { parse, verify, type Statement } from '../keys/statement'
import type { Bytes } from '../vault'
import { configFor, identityOf, vouched, type Own } from './credential'
import { commitmentTo, unpadName } from '../keys/names'
import { contextData, readRosterData, type Named, type RosterData } from './forms'
import { Refused } from './gate'
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
import { leavesFrom, readChain, wordOf, type Entry, type Leaf, type Roster, type Seat } from './roster'
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
}

export interface Joined {
  readonly state: ClientState
  readonly roster: Roster
  readonly names: readonly Named[]
}

function must(holds: boolean, rule: string): asserts holds {
  if (!holds) throw new Refused(rule)
}

/** pskIndex knows the meeting's one PSK. */
export function pskIndex(state: ClientState | undefined, meeting: Bytes, psk: Bytes): ReturnType<typeof makePskIndex> {
  return makePskIndex(state, { [bytesToBase64(meeting)]: psk })
}

/** join throws Refused for a Welcome that is not this meeting's; nothing may be shown or sent before a host's head all the same. */
export async function join(rawWelcome: Bytes, rawTree: Bytes, rawAdmission: Bytes, who: Expected): Promise<Joined> {
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
    const roster = await readRoster(state, data, parse(rawAdmission), own, who)
    await namesFit(roster, data.names, who)
    return { state, roster, names: data.names }
  } catch (e) {
    if (e instanceof Refused) throw e
    throw new Refused(e instanceof FormError ? e.message : 'the Welcome does not open')
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
  const policies = await readChain(data.policies, place, who.hostKey)
  const named = bodies.readAdmission(mine.body).under
  must(mine.kind === 'admission', 'own admission')
  must(
    policies.some((p) => p.body.sequence === named.sequence && equal(p.hash, named.hash)),
    'the policy chain does not reach the own admission',
  )
  const entries: Entry[] = []
  for (const admission of data.admissions) {
    must(admission.kind === 'admission' && (await verify(admission, place)), 'an admission with a bad signature')
    const body = bodies.readAdmission(admission.body)
    const policy = policies.find((p) => p.body.sequence === body.under.sequence && equal(p.hash, body.under.hash))
    must(policy !== undefined, 'an admission under another policy')
    const byDevice = policy.body.hosts.some((h) => equal(h, admission.signer))
    const self =
      equal(admission.signer, who.hostKey) &&
      body.entries.every((e) => policy.body.hosts.some((h) => equal(h, e.device)))
    must(byDevice || self, 'an admission that no host signed')
    entries.push(...body.entries.map((admitted) => ({ admitted, admission })))
  }
  const leaves = leavesFrom(state.ratchetTree, (seat) => wordOf(entries.findLast((e) => admits(e, seat))))
  await checkLeaves(state, leaves)
  await ownLeaf(state, leaves, mine, own, who)
  return { place, hostKey: who.hostKey, policies, leaves, spent: data.spent, time: data.time }
}

function admits(e: Entry, seat: Seat): boolean {
  return equal(e.admitted.participant, seat.participant) && equal(e.admitted.device, seat.device)
}

async function ownLeaf(
  state: ClientState,
  leaves: ReadonlyMap<number, Leaf>,
  mine: Statement,
  own: Own,
  who: Expected,
): Promise<void> {
  const leaf = leaves.get(state.privatePath.leafIndex)
  must(leaf !== undefined && equal(leaf.admission.raw, mine.raw), 'not by the own admission')
  const reference = await referenceOf(own.keyPackage)
  const entry = bodies.readAdmission(mine.body).entries.find((e) => equal(e.reference, reference))
  const me = entry !== undefined && equal(entry.participant, who.participant) && equal(entry.device, who.device)
  must(me, 'the own admission is for somebody else')
}

async function checkLeaves(state: ClientState, leaves: ReadonlyMap<number, Leaf>): Promise<void> {
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
  const people = new Set(all.map(({ node }) => hex(identityOf(node.credential).participant)))
  const devices = new Set(all.map(({ node }) => hex(identityOf(node.credential).device)))
  must(people.size === all.length && devices.size === all.length, 'two leaves of one person')
}

/** namesFit: every name that came fits its commitment, and mine is the one I knocked with. */
async function namesFit(roster: Roster, names: readonly Named[], who: Expected): Promise<void> {
  for (const n of names) {
    const leaf = [...roster.leaves.values()].find((l) => equal(l.participant, n.participant))
    must(leaf !== undefined && equal(leaf.commitment, await commitmentTo(n.salt, n.padded)), 'a name that does not fit')
    must(!equal(n.participant, who.participant) || unpadName(n.padded) === who.name, 'my name was changed')
  }
}
