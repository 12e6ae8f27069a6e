/** Opening a group of one: the meeting's first, or one of a later generation when nobody holds the last one any more. */
import { createGroup, type ClientState } from 'ts-mls/clientState.js'
import { equal, join, random } from '../keys/bytes'
import * as bodies from '../keys/bodies'
import type { Signer } from '../keys/derive'
import { everything, labels } from '../keys/policy-body'
import { parse, sign } from '../keys/statement'
import type { Bytes } from '../vault'
import { configFor, newKeyPackage } from './credential'
import { contextData } from './forms'
import { contextExtension, referenceOf, writeKeyPackage } from './mls'
import { extend } from './policy'
import { leavesFrom, wordOf, type Entry, type Policy, type Roster } from './roster'
import { suite } from './suite'

const hour = 3_600_000

/** Opening is what a host gives to open a group. */
export interface Opening {
  readonly meeting: Bytes
  readonly host: Signer // the host key
  readonly participant: Bytes
  readonly device: Signer
  readonly commitment: Bytes // to the host's own name
  readonly orderKey: Bytes // the server's
  readonly generation: number
  readonly before: Pick<Policy, 'hash' | 'body'> | null // the newest policy known of the last group: bars and label go on
  readonly now: number
}

/** Opened is a group of one, and what the server is told of it. */
export interface Opened {
  readonly state: ClientState
  readonly roster: Roster
  readonly inbox: CryptoKey
  readonly policy: Bytes
  readonly keyPackage: Bytes
  readonly admission: Bytes
}

/** openGroup makes a group of one with policy 1 and the host key's admission of its own device. */
export async function openGroup(o: Opening): Promise<Opened> {
  const place = { meeting: o.meeting, group: join(o.meeting, random(16)) }
  const policy = await sign(o.host, 'policy', place, bodies.policy(firstPolicy(o)))
  const policies = await extend([], [parse(policy)], place, o.host.publicKey)
  const own = await newKeyPackage(o.meeting, o.participant, o.device, o.now)
  const admission = await selfAdmission(o, place, { sequence: 1, hash: policies[0].hash }, own.keyPackage)
  const extension = { extensionType: contextExtension, extensionData: contextData(o.meeting, o.host.publicKey) }
  const state = await createGroup(place.group, own.keyPackage, own.keys, [extension], suite, configFor(o.meeting))
  const [admitted] = bodies.readAdmission(parse(admission).body).entries
  const entry: Entry | undefined = admitted && { admitted, admission: parse(admission) }
  const leaves = leavesFrom(state.ratchetTree, () => wordOf(entry))
  const roster = { place, hostKey: o.host.publicKey, policies, leaves, away: [], spent: new Map(), time: 0 }
  return { state, roster, inbox: own.inbox, policy, keyPackage: writeKeyPackage(own.keyPackage), admission }
}

/** selfAdmission is the host key's word for a device of its own; it passes a lock. */
export async function selfAdmission(
  o: Pick<Opening, 'host' | 'participant' | 'device' | 'commitment' | 'now'>,
  place: Roster['place'],
  under: bodies.Under,
  keyPackage: Parameters<typeof referenceOf>[0],
): Promise<Bytes> {
  const admitted: bodies.Admitted = {
    reference: await referenceOf(keyPackage),
    participant: o.participant,
    device: o.device.publicKey,
    commitment: o.commitment,
    role: bodies.roles.host,
  }
  return sign(o.host, 'admission', place, bodies.admission({ under, expiry: o.now + hour, entries: [admitted] }))
}

function firstPolicy(o: Opening): bodies.Policy {
  const label = o.before?.body.label ?? labels.routine
  const barred = o.before?.body.barred ?? []
  return {
    generation: o.generation,
    sequence: 1,
    previous: o.before?.hash ?? new Uint8Array(32),
    label,
    locked: false,
    allows: { ...everything, share: false }, // by hosts only, until a host allows others
    recording: 0,
    orderKey: o.orderKey,
    hosts: [o.device.publicKey],
    coHosts: [],
    barred: barred.filter((key) => !equal(key, o.device.publicKey)),
  }
}
