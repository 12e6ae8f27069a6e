/** The bodies of statements, one pair of functions a kind (protocol/README.md section 2). Readers refuse what writers would not write. */
import type { Bytes } from '../vault'
import { FormError, hex, join, Reader, u32, u64, u8, utf8, vector, whole } from './bytes'

export { policy, readPolicy, type Policy } from './policy-body'

const maxAdmitted = 50
const titleSize = 12 + 512 + 16

export interface Booking {
  readonly nonce: Bytes
  readonly entry: Bytes
  readonly knock: Bytes
  readonly sealedTitle: Bytes
}

export function booking(b: Booking): Bytes {
  return join(b.nonce, b.entry, b.knock, u8(0), u8(0), vector(2, b.sealedTitle))
}

export function readBooking(body: Bytes): Booking {
  return whole(body, (r) => {
    const keys = { nonce: r.take(32), entry: r.take(32), knock: r.take(32) }
    r.below(1) // kind: meeting
    r.below(1) // label: routine
    const sealedTitle = r.vector(2)
    if (sealedTitle.length !== titleSize) throw new FormError('sealed title')
    return { ...keys, sealedTitle }
  })
}

export function entry(origin: string, challenge: Bytes, device: Bytes, reference: Bytes): Bytes {
  return join(vector(1, utf8(origin)), challenge, device, reference)
}

export function host(origin: string, challenge: Bytes, device: Bytes, participant: Bytes): Bytes {
  return join(vector(1, utf8(origin)), challenge, device, participant)
}

export function resume(origin: string, challenge: Bytes, ticketHash: Bytes): Bytes {
  return join(vector(1, utf8(origin)), challenge, ticketHash)
}

export interface Knock {
  readonly reference: Bytes
  readonly participant: Bytes
  readonly sealedNameHash: Bytes
  readonly time: number // milliseconds since 1970
}

export function knock(k: Knock): Bytes {
  return join(k.reference, k.participant, k.sealedNameHash, new Uint8Array(32), u64(k.time))
}

export function readKnock(body: Bytes): Knock {
  return whole(body, (r) => {
    const k = { reference: r.take(32), participant: r.take(16), sealedNameHash: r.take(32) }
    if (r.take(32).some((b) => b !== 0)) throw new FormError('token proof')
    return { ...k, time: r.u64() }
  })
}

/** Leaf is what a device says of a leaf of its own. */
export interface Leaf {
  readonly participant: Bytes
  readonly signatureKey: Bytes
  readonly inbox: Bytes // X25519 public key
}

export function leaf(l: Leaf): Bytes {
  return join(l.participant, l.signatureKey, l.inbox)
}

export function readLeaf(body: Bytes): Leaf {
  return whole(body, (r) => ({ participant: r.take(16), signatureKey: r.take(32), inbox: r.take(32) }))
}

export interface Leave {
  readonly participant: Bytes
  readonly signatureKey: Bytes
}

export function leave(l: Leave): Bytes {
  return join(l.participant, l.signatureKey)
}

export function readLeave(body: Bytes): Leave {
  return whole(body, (r) => ({ participant: r.take(16), signatureKey: r.take(32) }))
}

/** Under names the policy that a statement was made under. */
export interface Under {
  readonly sequence: number
  readonly hash: Bytes
}

function under(u: Under): Bytes {
  return join(u32(u.sequence), u.hash)
}

function readUnder(r: Reader): Under {
  return { sequence: r.u32(), hash: r.take(32) }
}

/** roles tell by whose word an entry stands: a device's or the host key's. */
export const roles = { guest: 0, host: 2 } as const

export interface Admitted {
  readonly reference: Bytes
  readonly participant: Bytes
  readonly device: Bytes
  readonly commitment: Bytes
  readonly role: number
}

export interface Admission {
  readonly under: Under
  readonly expiry: number // milliseconds since 1970
  readonly entries: readonly Admitted[]
}

export function admission(a: Admission): Bytes {
  const list = a.entries.map((e) => join(e.reference, e.participant, e.device, e.commitment, u8(e.role)))
  return join(under(a.under), u64(a.expiry), vector(2, join(...list)))
}

export function readAdmission(body: Bytes): Admission {
  const a = whole(body, (r) => ({
    under: readUnder(r),
    expiry: r.u64(),
    entries: new Reader(r.vector(2)).all(admitted),
  }))
  const twice = (of: (e: Admitted) => Bytes): boolean =>
    new Set(a.entries.map((e) => hex(of(e)))).size < a.entries.length
  if (a.entries.length < 1 || a.entries.length > maxAdmitted) throw new FormError('number of entries')
  if (twice((e) => e.reference) || twice((e) => e.participant) || twice((e) => e.device))
    throw new FormError('entry twice')
  return a
}

function admitted(r: Reader): Admitted {
  const keys = { reference: r.take(32), participant: r.take(16), device: r.take(32), commitment: r.take(32) }
  const role = r.u8()
  if (role !== roles.guest && role !== roles.host) throw new FormError('value out of its range')
  return { ...keys, role }
}

/** Pair names one epoch as its members know it. */
export interface Pair {
  readonly epoch: number
  readonly authenticator: Bytes
}

function pair(p: Pair): Bytes {
  return join(u64(p.epoch), p.authenticator)
}

function readPair(r: Reader): Pair {
  return { epoch: r.u64(), authenticator: r.take(32) }
}

export interface Rejoin {
  readonly participant: Bytes
  readonly signatureKey: Bytes // of the leaf that was lost
  readonly reference: Bytes
  readonly pair: Pair // the newest that the device held; zeros where it holds none
}

export function rejoin(j: Rejoin): Bytes {
  return join(j.participant, j.signatureKey, j.reference, pair(j.pair))
}

export function readRejoin(body: Bytes): Rejoin {
  return whole(body, (r) => ({
    participant: r.take(16),
    signatureKey: r.take(32),
    reference: r.take(32),
    pair: readPair(r),
  }))
}

export interface Removal {
  readonly under: Under
  readonly participant: Bytes
  readonly device: Bytes
  readonly signatureKey: Bytes
}

export function removal(m: Removal): Bytes {
  return join(under(m.under), m.participant, m.device, m.signatureKey)
}

export function readRemoval(body: Bytes): Removal {
  return whole(body, (r) => ({
    under: readUnder(r),
    participant: r.take(16),
    device: r.take(32),
    signatureKey: r.take(32),
  }))
}

/** consent is over the hash of the policy that loosens the label. */
export function consent(hash: Bytes): Bytes {
  return join(hash)
}

export function readConsent(body: Bytes): Bytes {
  return whole(body, (r) => r.take(32))
}

export interface Head extends Pair {
  readonly under: Under
  readonly rosterHash: Bytes
  readonly time: number // milliseconds since 1970, by its author's clock
}

export function head(h: Head): Bytes {
  return join(pair(h), under(h.under), h.rosterHash, u64(h.time))
}

export function readHead(body: Bytes): Head {
  return whole(body, (r) => ({ ...readPair(r), under: readUnder(r), rosterHash: r.take(32), time: r.u64() }))
}

/** Envelope is the body of a commit (by its author) and of an order (by the server). */
export interface Envelope {
  readonly epoch: number // before the commit
  readonly hash: Bytes // SHA-256 of the commit
}

export function envelope(e: Envelope): Bytes {
  return join(u64(e.epoch), e.hash)
}

export function readEnvelope(body: Bytes): Envelope {
  return whole(body, (r) => ({ epoch: r.u64(), hash: r.take(32) }))
}

/** why tells what a refusal says of a commit. */
export const why = { gate: 1, opens: 2 } as const

export interface Refusal extends Envelope {
  readonly why: number
}

export function refusal(f: Refusal): Bytes {
  return join(envelope(f), u8(f.why))
}

export function readRefusal(body: Bytes): Refusal {
  return whole(body, (r) => {
    const f = { epoch: r.u64(), hash: r.take(32), why: r.below(why.opens + 1) }
    if (f.why === 0) throw new FormError('value out of its range')
    return f
  })
}

export interface End {
  readonly under: Under
  readonly epoch: number
}

export function end(e: End): Bytes {
  return join(under(e.under), u64(e.epoch))
}

export function readEnd(body: Bytes): End {
  return whole(body, (r) => ({ under: readUnder(r), epoch: r.u64() }))
}
