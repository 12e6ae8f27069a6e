/** What covers the Adds, Removes and policies of a commit: rules 2 to 4 of the gate (protocol/README.md section 3). */
import type { KeyPackage } from 'ts-mls/keyPackage.js'
import { equal, hex, plain } from '../keys/bytes'
import * as bodies from '../keys/bodies'
import { verify, type Kind, type Statement } from '../keys/statement'
import type { Bytes } from '../vault'
import { identityOf, keyPackageFault } from './credential'
import { referenceOf } from './mls'
import { loosens, voids } from './policy'
import { must, Refused } from './refused'
import {
  isBarred,
  isHost,
  isOf,
  leads,
  policyAt,
  policyOf,
  roleIn,
  roleOf,
  type Away,
  type Chain,
  type Entry,
  type Leaf,
  type Roster,
} from './roster'

/** Trial is what a commit is judged by. */
export interface Trial {
  readonly roster: Roster // before the commit
  readonly chain: Chain // after its policies
  readonly time: number // of the commit
  readonly statements: readonly Statement[]
  readonly removed: readonly Leaf[] // in the order of the commit
  readonly uses: Set<Statement> // filled with the statements that covered something
}

/** Added is one person whom a commit lets in. A rejoin keeps the word of before. */
export interface Added extends Entry {
  readonly signatureKey: Bytes
  readonly until: number // when the KeyPackage dies, milliseconds since 1970
  readonly rejoin: boolean
  readonly pair: bodies.Pair | null // what a rejoin states
}

/** Removed is one who is out: back is who came in again by the same commit. */
export interface Removed {
  readonly leaf: Leaf
  readonly how: 'removed' | 'left' | 'absent' | 'back'
}

/** kinds of statements in the order in which a commit carries them. */
export const kinds: readonly Kind[] = ['policy', 'consent', 'admission', 'rejoin', 'removal', 'leave']
const maxPolicies = 16

/** policiesIn gives the policies that a commit carries; throws Refused where its statements do not stand in their order. */
export function policiesIn(statements: readonly Statement[]): Statement[] {
  const places = statements.map((s) => kinds.indexOf(s.kind))
  must(!places.includes(-1), 'a statement of another kind')
  must(
    places.every((at, i) => i === 0 || at >= (places[i - 1] ?? 0)),
    'statements out of order',
  )
  const policies = statements.filter((s) => s.kind === 'policy')
  must(policies.length <= maxPolicies, 'too many policies')
  return policies
}

/** coverPolicies asks for everybody's consent to a lower label. */
export async function coverPolicies(t: Trial): Promise<void> {
  const consents = t.statements.filter((s) => s.kind === 'consent')
  for (const s of consents) must(await verify(s, t.roster.place), 'a consent with a bad signature')
  for (const [i, policy] of t.chain.entries()) {
    const before = t.chain[i - 1]
    if (i < t.roster.policies.length || before === undefined) continue
    t.uses.add(policy.statement)
    if (!loosens(before.body, policy.body)) continue
    const others = [...t.roster.leaves.values()].filter((l) => !equal(l.device, policy.statement.signer))
    for (const { device } of others) {
      const consent = consents.find((s) => equal(s.signer, device) && equal(bodies.readConsent(s.body), policy.hash))
      must(consent !== undefined, 'a lower label without the consent of all')
      t.uses.add(consent)
    }
  }
}

interface Offer extends Entry {
  readonly statement: Statement
  readonly pair: bodies.Pair | null
}

/** coverAdds holds every Add against the admissions and rejoins beside it. */
export async function coverAdds(adds: readonly KeyPackage[], t: Trial): Promise<Added[]> {
  const offers = new Map<string, Offer>()
  for (const statement of t.statements) {
    if (statement.kind === 'admission') {
      for (const admitted of (await admission(statement, t)).entries)
        offers.set(hex(admitted.reference), { admitted, admission: statement, statement, pair: null })
    } else if (statement.kind === 'rejoin') {
      const offer = await rejoin(statement, t)
      offers.set(hex(offer.admitted.reference), offer)
    }
  }
  const added: Added[] = []
  for (const kp of adds) {
    const reference = hex(await referenceOf(kp))
    const offer = offers.get(reference)
    must(offer !== undefined, 'an Add without admission')
    const again = t.roster.spent.has(reference) || added.some((a) => hex(a.admitted.reference) === reference)
    must(!again, 'a KeyPackage used before')
    const { statement, ...entry } = offer
    must(isOf(entry.admitted, identityOf(kp.leafNode.credential)), 'an Add of somebody else than admitted')
    const fault = await keyPackageFault(kp, t.roster.place.meeting, t.time)
    must(fault === null, `KeyPackage: ${fault ?? ''}`)
    t.uses.add(statement)
    const signatureKey = plain(kp.leafNode.signaturePublicKey)
    added.push({ ...entry, signatureKey, until: diesAt(kp), rejoin: statement.kind === 'rejoin' })
  }
  return added
}

/** diesAt is the time after which a KeyPackage is refused anyway. */
function diesAt(kp: KeyPackage): number {
  return Number(kp.leafNode.lifetime.notAfter) * 1_000
}

async function admission(s: Statement, t: Trial): Promise<bodies.Admission> {
  const body = bodies.readAdmission(s.body)
  const after = { policies: t.chain }
  const named = policyAt(after, body.under)
  must(await verify(s, t.roster.place), 'an admission that no host signed')
  must(named !== undefined, 'an admission under another policy')
  must(body.expiry >= t.time, 'an admission that expired')
  if (equal(s.signer, t.roster.hostKey)) {
    const hosts = body.entries.every((e) => e.role === bodies.roles.host && isHost(after, e.device))
    must(hosts, 'an admission by the host key of somebody who is no host')
    return body
  }
  const led = roleIn(named.body, s.signer) !== 'guest' && leads(after, s.signer)
  must(led, 'an admission that no host signed')
  must(
    body.entries.every((e) => e.role === bodies.roles.guest),
    'an admission with a role',
  )
  const since = t.chain.slice(body.under.sequence - 1)
  const voided = since.some((p, i) => i > 0 && voids((since[i - 1] ?? p).body, p.body))
  must(!voided, 'an admission from before a lock, bar or demotion')
  must(!policyOf(t.roster).body.locked && !policyOf(after).body.locked, 'an admission to a locked meeting')
  return body
}

async function rejoin(s: Statement, t: Trial): Promise<Offer> {
  const body = bodies.readRejoin(s.body)
  must(await verify(s, t.roster.place), 'a rejoin with a bad signature')
  const old = [...t.removed, ...t.roster.away].find((l) => equal(l.signatureKey, body.signatureKey))
  const same = old !== undefined && equal(old.participant, body.participant) && equal(old.device, s.signer)
  must(same, 'a rejoin of nobody who is out')
  const { participant, device, commitment, role } = old
  const admitted = { reference: body.reference, participant, device, commitment, role }
  return { admitted, admission: old.admission, statement: s, pair: body.pair }
}

/** coverRemoves finds a reason for each Remove; absence needs none. It also tells who is away no more by a removal. */
export async function coverRemoves(
  added: readonly Added[],
  t: Trial,
): Promise<{ removed: Removed[]; forgotten: Away[] }> {
  const how = new Map<Leaf, Removed['how']>()
  const forgotten: Away[] = []
  for (const s of t.statements) {
    if (s.kind !== 'removal' && s.kind !== 'leave') continue
    const named = s.kind === 'removal' ? await removal(s, t) : await leave(s, t)
    const leaf = t.removed.find(named)
    const away = s.kind === 'removal' ? t.roster.away.find(named) : undefined
    const out = leaf ?? away
    if (out === undefined) continue
    t.uses.add(s)
    must(!comesBack(out, t), 'a rejoin of somebody removed')
    if (leaf) how.set(leaf, how.get(leaf) === 'removed' || s.kind === 'removal' ? 'removed' : 'left')
    else if (away) forgotten.push(away)
  }
  for (const out of [...t.removed, ...t.roster.away]) {
    const back = added.find((a) => equal(a.admitted.participant, out.participant))
    must(back === undefined || equal(back.admitted.device, out.device), 'a person replaced by another device')
  }
  const removed = t.removed.map((leaf): Removed => {
    const back = added.some((a) => isOf(a.admitted, leaf))
    return { leaf, how: how.get(leaf) ?? (back ? 'back' : 'absent') }
  })
  return { removed, forgotten }
}

function comesBack(out: Away, t: Trial): boolean {
  return t.statements.some(
    (s) => s.kind === 'rejoin' && equal(bodies.readRejoin(s.body).signatureKey, out.signatureKey),
  )
}

type Named = (l: Away) => boolean

async function removal(s: Statement, t: Trial): Promise<Named> {
  const body = bodies.readRemoval(s.body)
  const after = { policies: t.chain }
  must(await verify(s, t.roster.place), 'a removal that no host signed')
  must(policyAt(after, body.under) !== undefined, 'a removal under another policy')
  if (!equal(s.signer, t.roster.hostKey)) {
    must(leads(after, s.signer), 'a removal that no host signed')
    must(roleOf(after, body.device) !== 'host', 'a removal of a host')
  }
  return (l) => equal(l.signatureKey, body.signatureKey) && isOfRemoval(body, l)
}

function isOfRemoval(body: bodies.Removal, l: Away): boolean {
  return equal(l.participant, body.participant) && equal(l.device, body.device)
}

async function leave(s: Statement, t: Trial): Promise<Named> {
  const body = bodies.readLeave(s.body)
  must(await verify(s, t.roster.place), 'a leave with a bad signature')
  return (l) =>
    equal(l.signatureKey, body.signatureKey) && equal(l.participant, body.participant) && equal(l.device, s.signer)
}

/** nobodyBarred: no barred device is a leaf after the commit. */
export function nobodyBarred(added: readonly Added[], t: Trial): void {
  const stays = [...t.roster.leaves.values()].filter((l) => !t.removed.includes(l))
  const devices = [...stays.map((l) => l.device), ...added.map((a) => a.admitted.device)]
  if (devices.some((device) => isBarred({ policies: t.chain }, device))) throw new Refused('somebody barred')
}
