/** What hosts and co-hosts sign about others inside: removals and policies; and what members agree to. */
import * as bodies from '../keys/bodies'
import { equal, fromHex, hex } from '../keys/bytes'
import type { Signer } from '../keys/derive'
import { parse, sign } from '../keys/statement'
import type { Bytes, Change } from '../vault'
import { VaultError } from '../vault-error'
import { follow, loosens, nextPolicy } from './policy'
import { isHost, leads, leafOf, policyOf, underOf, type Leaf, type Roster } from './roster'

/** changing signs the policy that a wish leads to. */
export async function changing(
  roster: Roster,
  device: Signer,
  change: Change,
): Promise<{ policy: Bytes; body: bodies.Policy }> {
  const body = nextPolicy(roster, change, device.publicKey)
  return { body, policy: await sign(device, 'policy', roster.place, bodies.policy(body)) }
}

/**
 * removing signs a removal and the policy that bars the device. A host is removed by the host key alone, which takes the device
 * out of the hosts; rejects with not_host, seat_unknown.
 */
export async function removing(
  roster: Roster,
  device: Signer,
  hostKey: Signer | null,
  participant: string,
): Promise<{ statement: Bytes; policy: Bytes; leaf: Leaf }> {
  const leaf = leafOf(roster, fromHex(participant))
  if (leaf === undefined) throw new VaultError('seat_unknown', 'nobody inside by this id')
  if (!leads(roster, device.publicKey)) throw new VaultError('not_host', 'neither host nor co-host')
  if (equal(leaf.device, device.publicKey)) throw new VaultError('not_allowed', 'nobody removes themselves')
  const body = bodies.removal({ under: underOf(roster), ...leaf })
  if (!isHost(roster, leaf.device)) {
    const { policy } = await changing(roster, device, { kind: 'bar', device: hex(leaf.device) })
    return { leaf, policy, statement: await sign(device, 'removal', roster.place, body) }
  }
  const { body: now, hash } = policyOf(roster)
  const hosts = now.hosts.filter((h) => !equal(h, leaf.device))
  if (hostKey === null || hosts.length === 0) throw new VaultError('not_host', 'a host is removed by the host key')
  const next = bodies.policy({ ...now, hosts, sequence: now.sequence + 1, previous: hash })
  const policy = await sign(hostKey, 'policy', roster.place, next)
  return { leaf, policy, statement: await sign(hostKey, 'removal', roster.place, body) }
}

/** consenting signs that this person agrees to a policy that lowers the label; rejects with policy_bad for any other. */
export async function consenting(roster: Roster, device: Signer, raw: Bytes): Promise<Bytes> {
  const now = policyOf(roster)
  const next = await follow(now, parse(raw), roster.place, roster.hostKey).catch(() => null)
  if (next === null || !loosens(now.body, next.body)) throw new VaultError('policy_bad', 'it lowers no label')
  return sign(device, 'consent', roster.place, bodies.consent(next.hash))
}
