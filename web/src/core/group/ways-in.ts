/** The ways into a group: a knock, a rejoin, the host key's taking, and opening a new one (protocol/README.md sections 3 and 6). */
import * as bodies from '../keys/bodies'
import { equal, hex, random } from '../keys/bytes'
import { sha256, type CodeKeys, type Signer } from '../keys/derive'
import { commitmentTo, padName, sealName } from '../keys/names'
import { parse, sign, type Place } from '../keys/statement'
import { checkName } from '../name'
import type { Bytes, KnockFields, RejoinFields } from '../vault'
import { VaultError } from '../vault-error'
import { newKeyPackage, type Own } from './credential'
import type { Named } from './forms'
import { referenceOf, writeKeyPackage } from './mls'
import { openGroup, selfAdmission, type Opened } from './opening'
import { extend, takingPolicy } from './policy'
import { policyAt, policyOf, type Chain } from './roster'
import { heldOf, isOlder, type Seat } from './seat'

const noGroup = new Uint8Array(32)

/** Comer is who wants in. */
export interface Comer {
  readonly meeting: Bytes
  readonly participant: Bytes
  readonly device: Signer
  readonly origin: string
  readonly now: number
}

/** Last is a group as the server tells it. */
export interface Last {
  readonly group: Bytes
  readonly policies: readonly Bytes[]
}

/** nameAnew commits to a name under a fresh salt; rejects with name_bad. */
export async function nameAnew(participant: Bytes, name: string): Promise<{ named: Named; commitment: Bytes }> {
  if (checkName(name) !== null) throw new VaultError('name_bad', 'not a name')
  const named = { participant, salt: random(32), padded: padName(name) }
  return { named, commitment: await commitmentTo(named.salt, named.padded) }
}

/** knocking makes a fresh KeyPackage and the signed, sealed knock. */
export async function knocking(
  me: Comer,
  keys: CodeKeys,
  knockKey: Bytes,
  challenge: Bytes,
  name: string,
): Promise<{ fields: KnockFields; own: Own }> {
  if (checkName(name) !== null) throw new VaultError('name_bad', 'not a name')
  const { meeting, participant, device } = me
  const own = await newKeyPackage(meeting, participant, device, me.now)
  const reference = await referenceOf(own.keyPackage)
  const sealedName = await sealName(knockKey, meeting, reference, name)
  const body = bodies.knock({ reference, participant, sealedNameHash: await sha256(sealedName), time: me.now })
  const fields = {
    participant: hex(participant),
    device: device.publicKey,
    keyPackage: writeKeyPackage(own.keyPackage),
    sealedName,
    entry: await entry(me, keys, challenge, reference),
    statement: await sign(device, 'knock', { meeting, group: noGroup }, body),
  }
  return { fields, own }
}

function entry(me: Comer, keys: CodeKeys, challenge: Bytes, reference: Bytes): Promise<Bytes> {
  const body = bodies.entry(me.origin, challenge, me.device.publicKey, reference)
  return sign(keys.entry, 'entry', { meeting: me.meeting, group: noGroup }, body)
}

/** rejoining makes a fresh KeyPackage and the device's word for it. */
export async function rejoining(
  me: Comer,
  keys: CodeKeys,
  seat: Seat,
  challenge: Bytes,
): Promise<{ fields: RejoinFields; own: Own }> {
  const { meeting, participant, device } = me
  const { group, signatureKey, pair } = seat.standing
  const own = await newKeyPackage(meeting, participant, device, me.now)
  const reference = await referenceOf(own.keyPackage)
  const body = bodies.rejoin({ participant, signatureKey, reference, pair })
  const fields = {
    participant: hex(participant),
    device: device.publicKey,
    keyPackage: writeKeyPackage(own.keyPackage),
    entry: await entry(me, keys, challenge, reference),
    statement: await sign(device, 'rejoin', { meeting, group }, body),
  }
  return { fields, own }
}

/** taking signs this device into the hosts, where it is none yet, and admits it. Rejects with policy_bad for a chain that lacks what this device knew. */
export async function taking(
  me: Comer,
  host: Signer,
  commitment: Bytes,
  last: Last,
  seat: Seat | null,
): Promise<{ own: Own; keyPackage: Bytes; admission: Bytes; policy: Bytes }> {
  const place = { meeting: me.meeting, group: last.group }
  const chain = await chainOf(last, place, host.publicKey)
  if (chain === null) throw new VaultError('policy_bad', 'a chain that does not hold')
  const held = seat && equal(seat.standing.group, last.group) ? heldOf(seat) : null
  if (held && policyAt({ policies: chain }, held.under) === undefined)
    throw new VaultError('policy_bad', 'an older chain than this device knows')
  const next = takingPolicy(chain, me.device.publicKey)
  const policy = next ? await sign(host, 'policy', place, bodies.policy(next)) : new Uint8Array()
  const { sequence } = next ?? policyOf({ policies: chain }).body
  const hash = next ? await sha256(policy) : policyOf({ policies: chain }).hash
  const own = await newKeyPackage(me.meeting, me.participant, me.device, me.now)
  const admission = await selfAdmission({ ...me, host, commitment }, place, { sequence, hash }, own.keyPackage)
  return { own, keyPackage: writeKeyPackage(own.keyPackage), admission, policy }
}

async function chainOf(last: Last, place: Place, hostKey: Bytes): Promise<Chain | null> {
  try {
    return await extend([], last.policies.map(parse), place, hostKey)
  } catch {
    return null
  }
}

/**
 * openingAnew opens a group whose generation follows the newest known to anyone. Bars and label go on from this device's own
 * memory where the server's chain is older, else from the server's.
 */
export async function openingAnew(
  me: Comer,
  host: Signer,
  commitment: Bytes,
  orderKey: Bytes,
  last: Last & { readonly generation: number },
  seat: Seat | null,
): Promise<{ opened: Opened; forgotten: boolean; older: boolean }> {
  const chain = (await chainOf(last, { meeting: me.meeting, group: last.group }, host.publicKey)) ?? []
  const older = seat !== null && isOlder({ group: last.group, policies: chain }, seat)
  const before = older ? seat.policy : (chain.at(-1) ?? null)
  const generation = 1 + Math.max(last.generation, seat?.policy.body.generation ?? 0)
  const opened = await openGroup({ ...me, host, commitment, orderKey, generation, before })
  return { opened, forgotten: seat === null && last.generation > 0, older }
}

/** opensAnew reads the form of a policy that opens a later group; its signature is held against the group at the Welcome. */
export function opensAnew(raw: Bytes, hostKey: Bytes, generation: number): boolean {
  try {
    const s = parse(raw)
    const body = bodies.readPolicy(s.body)
    return s.kind === 'policy' && equal(s.signer, hostKey) && body.sequence === 1 && body.generation > generation
  } catch {
    return false
  }
}
