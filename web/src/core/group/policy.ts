/** The chain of policies: who may change what (protocol/README.md section 2), and the next policy for a wish. */
import { equal, fromHex } from '../keys/bytes'
import * as bodies from '../keys/bodies'
import { everything, floorsHold, labels, maxBarred, maxCoHosts, maxHosts } from '../keys/policy-body'
import { hashOf, verify, type Place, type Statement } from '../keys/statement'
import type { Bytes, Change, Role } from '../vault'
import { VaultError } from '../vault-error'
import { must } from './refused'
import { isBarred, leafOf, policyOf, roleIn, type Chain, type Policy, type Roster } from './roster'

const maxPolicies = 512
const maxChainBytes = 128 * 1024
const noHash = new Uint8Array(32)

type Signer = Role | 'host key'

/** follow reads a policy that follows another, or opens a chain; throws Refused with the rule that it breaks. */
export async function follow(
  before: Policy | null,
  statement: Statement,
  place: Place,
  hostKey: Bytes,
): Promise<Policy> {
  must(statement.kind === 'policy', 'a statement of another kind')
  must(await verify(statement, place), 'policy signature')
  const body = bodies.readPolicy(statement.body)
  if (before === null) {
    must(body.sequence === 1 && equal(statement.signer, hostKey), 'first policy')
    must(body.generation > 1 || equal(body.previous, noHash), 'first policy')
  } else {
    const next = body.sequence === before.body.sequence + 1 && body.generation === before.body.generation
    must(next && equal(body.previous, before.hash), 'policy chain')
    const signer = equal(statement.signer, hostKey) ? 'host key' : roleIn(before.body, statement.signer)
    must(signer !== 'guest', 'policy signer')
    must(mayChange(before.body, body, statement.signer, signer), 'a policy beyond what its signer may change')
  }
  return { statement, body, hash: await hashOf(statement) }
}

/** extend appends policies to a chain; throws Refused. */
export async function extend(
  chain: readonly Policy[],
  more: readonly Statement[],
  place: Place,
  hostKey: Bytes,
): Promise<Chain> {
  const all = [...chain]
  for (const statement of more) all.push(await follow(all.at(-1) ?? null, statement, place, hostKey))
  const [first, ...rest] = all
  must(first !== undefined, 'no policy')
  const size = all.reduce((sum, p) => sum + p.statement.raw.length, 0)
  must(all.length <= maxPolicies && size <= maxChainBytes, 'policy chain too long')
  return [first, ...rest]
}

/** voids tells whether a policy ends admissions that were signed before it: it locks, bars or demotes. */
export function voids(before: bodies.Policy, after: bodies.Policy): boolean {
  const ranks = [...before.hosts, ...before.coHosts]
  const demotes = ranks.some((device) => rank(after, device) < rank(before, device))
  return (after.locked && !before.locked) || demotes || lacks(before.barred, after.barred)
}

/** loosens tells whether a policy lowers the label, so that everybody has to consent. */
export function loosens(before: bodies.Policy, after: bodies.Policy): boolean {
  return after.label < before.label
}

function rank(p: bodies.Policy, device: Bytes): number {
  return { host: 2, 'co-host': 1, guest: 0 }[roleIn(p, device)]
}

const has = (list: readonly Bytes[], key: Uint8Array): boolean => list.some((k) => equal(k, key))

/** lacks tells whether list misses any of the keys. */
const lacks = (list: readonly Bytes[], keys: readonly Bytes[]): boolean => keys.some((k) => !has(list, k))

const sameKeys = (a: readonly Bytes[], b: readonly Bytes[]): boolean => a.length === b.length && !lacks(a, b)

const without = (list: readonly Bytes[], key: Uint8Array): Bytes[] => list.filter((k) => !equal(k, key))

function sameAllows(a: bodies.Policy, b: bodies.Policy): boolean {
  return (Object.keys(everything) as (keyof typeof everything)[]).every((what) => a.allows[what] === b.allows[what])
}

/** same compares what two policies rule, apart from the parts that are named. */
function same(a: bodies.Policy, b: bodies.Policy, ...but: readonly (keyof bodies.Policy)[]): boolean {
  const parts: Partial<Record<keyof bodies.Policy, boolean>> = {
    label: a.label === b.label,
    locked: a.locked === b.locked,
    allows: sameAllows(a, b),
    recording: a.recording === b.recording,
    orderKey: equal(a.orderKey, b.orderKey),
    hosts: sameKeys(a.hosts, b.hosts),
    coHosts: sameKeys(a.coHosts, b.coHosts),
    barred: sameKeys(a.barred, b.barred),
  }
  return Object.entries(parts).every(([part, held]) => held || but.includes(part as keyof bodies.Policy))
}

/** mayChange is the table of section 2; consents to a lower label are for the gate. */
function mayChange(before: bodies.Policy, after: bodies.Policy, device: Uint8Array, signer: Signer): boolean {
  switch (signer) {
    case 'host key':
      return same(before, after, 'hosts', 'coHosts', 'orderKey')
    case 'host': {
      const gone = before.hosts.filter((h) => !has(after.hosts, h))
      const stays = gone.length === 0 || (gone.every((h) => equal(h, device)) && before.hosts.length > 1)
      return stays && equal(before.orderKey, after.orderKey)
    }
    case 'co-host': {
      const left = before.coHosts.filter((c) => !has(after.barred, c))
      const tightens =
        (after.locked || !before.locked) &&
        (after.recording === before.recording || (before.recording === 1 && after.recording === 2)) &&
        !lacks(after.barred, before.barred) &&
        sameKeys(left, after.coHosts)
      return tightens && same(before, after, 'locked', 'recording', 'barred', 'coHosts')
    }
    case 'guest':
      return false
  }
}

/** nextPolicy builds the policy that a device wishes for; rejects with not_host, seat_unknown or policy_bad (it changes nothing, or too many). */
export function nextPolicy(roster: Roster, change: Change, signer: Bytes): bodies.Policy {
  const now = policyOf(roster)
  const role = roleIn(now.body, signer)
  if (role === 'guest') throw new VaultError('not_host', 'neither host nor co-host')
  const next = succeeding(now, changed(now.body, roster, change))
  if (!mayChange(now.body, next, signer, role)) throw new VaultError('not_host', 'not for this role')
  if (same(now.body, next)) throw new VaultError('policy_bad', 'it changes nothing')
  return fitting(next)
}

/** takingPolicy is what the host key signs so that a device becomes host; null where it is one already. Rejects with policy_bad for a barred device. */
export function takingPolicy(chain: Chain, device: Bytes, orderKey?: Bytes): bodies.Policy | null {
  const now = policyOf({ policies: chain })
  const { body } = now
  const key = orderKey ?? body.orderKey
  if (has(body.barred, device)) throw new VaultError('policy_bad', 'this device is barred')
  if (has(body.hosts, device) && equal(key, body.orderKey)) return null
  const hosts = [...without(body.hosts, device), device]
  return fitting(succeeding(now, { ...body, hosts, coHosts: without(body.coHosts, device), orderKey: key }))
}

function succeeding(before: Policy, body: bodies.Policy): bodies.Policy {
  return { ...body, sequence: before.body.sequence + 1, previous: before.hash }
}

function fitting(p: bodies.Policy): bodies.Policy {
  const fits = p.hosts.length <= maxHosts && p.coHosts.length <= maxCoHosts && p.barred.length <= maxBarred
  if (!fits || !floorsHold(p)) throw new VaultError('policy_bad', fits ? 'below the floor of its label' : 'too many')
  return p
}

function changed(now: bodies.Policy, roster: Roster, change: Change): bodies.Policy {
  const { hosts, coHosts, barred } = now
  switch (change.kind) {
    case 'lock':
      return { ...now, locked: change.on }
    case 'allows':
      return { ...now, allows: change.allows }
    case 'co-host': {
      const device = deviceOf(roster, change.participant)
      if (has(hosts, device)) throw new VaultError('policy_bad', 'a host already')
      const others = without(coHosts, device)
      return { ...now, coHosts: change.on ? [...others, device] : others }
    }
    case 'host': {
      const device = deviceOf(roster, change.participant)
      return { ...now, hosts: [...without(hosts, device), device], coHosts: without(coHosts, device) }
    }
    case 'bar': {
      const device = fromHex(change.device)
      if (device.length !== 32) throw new VaultError('policy_bad', 'no device key')
      if (has(hosts, device)) throw new VaultError('not_host', 'nobody bars a host')
      return { ...now, coHosts: without(coHosts, device), barred: [...without(barred, device), device] }
    }
    case 'pardon':
      return { ...now, barred: without(barred, fromHex(change.device)) }
    case 'label':
      return labelled(now, change.label)
  }
}

/** labelled lowers what the label's floor forbids. */
function labelled(now: bodies.Policy, label: bodies.Policy['label']): bodies.Policy {
  const share = now.allows.share && label < labels.sensitive
  return { ...now, label, allows: { ...now.allows, share }, recording: label < labels.restricted ? now.recording : 0 }
}

function deviceOf(roster: Roster, participant: string): Bytes {
  const leaf = leafOf(roster, fromHex(participant))
  if (leaf === undefined) throw new VaultError('seat_unknown', 'nobody inside by this id')
  if (isBarred(roster, leaf.device)) throw new VaultError('policy_bad', 'this device is barred')
  return leaf.device
}
