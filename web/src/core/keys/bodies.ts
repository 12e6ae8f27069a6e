/** The bodies of statements, one pair of functions a kind (protocol/README.md section 2). Readers refuse what writers would not write. */
import type { Bytes } from '../vault'
import { FormError, hex, join, Reader, u32, u64, u8, utf8, vector, whole } from './bytes'

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

/** Leaf is the body of a leaf and of a leave. */
export interface Leaf {
  readonly participant: Bytes
  readonly signatureKey: Bytes
}

export function leaf(l: Leaf): Bytes {
  return join(l.participant, l.signatureKey)
}

export function readLeaf(body: Bytes): Leaf {
  return whole(body, (r) => ({ participant: r.take(16), signatureKey: r.take(32) }))
}

export interface Policy {
  readonly generation: number
  readonly sequence: number
  readonly previous: Bytes
  readonly label: number
  readonly locked: boolean
  readonly sharers: number // 0 hosts, 1 everyone
  readonly recording: boolean
  readonly hosts: readonly Bytes[]
  readonly coHosts: readonly Bytes[]
  readonly barred: readonly Bytes[]
}

export function policy(p: Policy): Bytes {
  const lists = [p.hosts, p.coHosts, p.barred].map((keys) => vector(2, join(...keys)))
  const flags = Uint8Array.of(p.label, p.locked ? 1 : 0, p.sharers, p.recording ? 1 : 0)
  return join(u32(p.generation), u32(p.sequence), p.previous, flags, ...lists)
}

export function readPolicy(body: Bytes): Policy {
  return whole(body, (r) => {
    const p = {
      generation: r.u32(),
      sequence: r.u32(),
      previous: r.take(32),
      label: r.below(1),
      locked: r.below(2) === 1,
      sharers: r.below(2),
      recording: r.below(2) === 1,
      hosts: keys(r),
      coHosts: keys(r),
      barred: keys(r),
    }
    if (p.generation === 0 || p.sequence === 0 || p.hosts.length === 0) throw new FormError('policy')
    return p
  })
}

function keys(r: Reader): Bytes[] {
  const list = new Reader(r.vector(2)).all((inner) => inner.take(32))
  if (new Set(list.map(hex)).size !== list.length) throw new FormError('key twice')
  return list
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

export const roles = { guest: 0, coHost: 1, host: 2 } as const

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
  return {
    reference: r.take(32),
    participant: r.take(16),
    device: r.take(32),
    commitment: r.take(32),
    role: r.below(roles.host + 1),
  }
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

export interface Head {
  readonly epoch: number
  readonly authenticator: Bytes
  readonly under: Under
  readonly rosterHash: Bytes
}

export function head(h: Head): Bytes {
  return join(u64(h.epoch), h.authenticator, under(h.under), h.rosterHash)
}

export function readHead(body: Bytes): Head {
  return whole(body, (r) => ({
    epoch: r.u64(),
    authenticator: r.take(32),
    under: readUnder(r),
    rosterHash: r.take(32),
  }))
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
