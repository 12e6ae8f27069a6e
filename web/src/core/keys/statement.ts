/** Signed statements (protocol/README.md section 2): their form, and signing and checking them. The bodies are in bodies.ts. */
import { verifyEd25519 } from '../group/suite'
import type { Bytes } from '../vault'
import { FormError, join, Reader, text, u8, utf8, vector, whole } from './bytes'
import { sha256, type Signer } from './derive'

/** grouped tells for every kind whether it belongs to one group. */
const grouped = {
  booking: false,
  entry: false,
  host: false,
  knock: false,
  leaf: false,
  resume: false,
  policy: true,
  admission: true,
  rejoin: true,
  removal: true,
  leave: true,
  consent: true,
  head: true,
  commit: true,
  refusal: true,
  order: true,
  end: true,
} as const

export type Kind = keyof typeof grouped

/** Place is the meeting and the group that a signature holds for. */
export interface Place {
  readonly meeting: Bytes
  readonly group: Bytes // not looked at for kinds that belong to none
}

export interface Statement {
  readonly kind: Kind
  readonly signer: Bytes
  readonly body: Bytes
  readonly signature: Bytes
  readonly raw: Bytes
}

const noGroup = new Uint8Array(32)

function signed(kind: Kind, place: Place, body: Bytes): Bytes {
  const group = grouped[kind] ? place.group : noGroup
  return join(utf8(`incamera/1 ${kind}`), u8(0), place.meeting, group, body)
}

/** sign makes an encoded statement; no key signs anything else. */
export async function sign(by: Signer, kind: Kind, place: Place, body: Bytes): Promise<Bytes> {
  const signature = new Uint8Array(await crypto.subtle.sign('Ed25519', by.privateKey, signed(kind, place, body)))
  return join(vector(1, utf8(kind)), by.publicKey, vector(2, body), signature)
}

/** verify checks the signature under the signer that the statement names. */
export function verify(s: Statement, place: Place): Promise<boolean> {
  return verifyEd25519(s.signer, signed(s.kind, place, s.body), s.signature)
}

function read(r: Reader): Statement {
  const kind = text(r.vector(1))
  if (!Object.hasOwn(grouped, kind)) throw new FormError('unknown kind')
  const s = { kind: kind as Kind, signer: r.take(32), body: r.vector(2), signature: r.take(64) }
  return { ...s, raw: join(vector(1, utf8(kind)), s.signer, vector(2, s.body), s.signature) }
}

/** parse reads exactly one statement; it does not check the signature. */
export function parse(raw: Uint8Array): Statement {
  return whole(raw, read)
}

/** parseAll reads statements that stand one after the other. */
export function parseAll(raw: Uint8Array): Statement[] {
  return new Reader(raw).all(read)
}

/** hashOf names a policy. */
export function hashOf(s: Statement): Promise<Bytes> {
  return sha256(s.raw)
}
