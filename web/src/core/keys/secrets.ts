/**
 * LinkSecrets holds what a link gave: access code and host seed, sealed under a key that cannot be read, and what follows from
 * them. Raw bytes are wiped as soon as the keys are made.
 */
import type { Bytes, Kept } from '../vault'
import { VaultError } from '../vault-error'
import { equal, fromHex, hex, join, random, u8, utf8, vector, whole } from './bytes'
import { decode, encode, grouped } from './crockford'
import {
  codeKeys,
  hostKeys,
  knockSecret,
  newDevice,
  type CodeKeys,
  type DeriveRoot,
  type HostKeys,
  type Signer,
} from './derive'

const codeSize = 10
const seedSize = 32
const version = 1
const nonceSize = 12

interface Raw {
  readonly code: Bytes // empty when not known
  readonly seed: Bytes // empty for guests
}

export interface Link {
  readonly meeting: string
  readonly code: string | null
  readonly seed: string | null
  readonly kept: Kept | null
}

export class LinkSecrets {
  readonly meeting: Bytes
  readonly participant: Bytes
  readonly device: Signer
  readonly host: HostKeys | null
  readonly #wrapping: CryptoKey
  readonly #deriveRoot: DeriveRoot
  #sealed: Bytes
  #hasCode: boolean
  #codeKeys: Promise<CodeKeys> | null = null

  private constructor(
    who: { meeting: Bytes; participant: Bytes; device: Signer; host: HostKeys | null },
    store: { wrapping: CryptoKey; sealed: Bytes; hasCode: boolean; deriveRoot: DeriveRoot },
  ) {
    this.meeting = who.meeting
    this.participant = who.participant
    this.device = who.device
    this.host = who.host
    this.#wrapping = store.wrapping
    this.#sealed = store.sealed
    this.#hasCode = store.hasCode
    this.#deriveRoot = store.deriveRoot
  }

  /** begin reads a link, and what an earlier load of the page kept; the link's own secrets win. */
  static async begin(link: Link, deriveRoot: DeriveRoot): Promise<LinkSecrets> {
    const meeting = read('meeting_unknown', () => decode(link.meeting, 16))
    const { kept } = link
    const wrapping = kept?.wrapping ?? (await newWrapping())
    const before = kept
      ? await unwrap(wrapping, meeting, kept.secrets)
      : { code: new Uint8Array(), seed: new Uint8Array() }
    const code = link.code === null ? before.code : readCode(link.code)
    const seed = link.seed === null ? before.seed : read('host_proof_bad', () => decode(link.seed ?? '', seedSize))
    const host = seed.length > 0 ? await hostKeys(seed) : null
    if (host !== null && !equal(host.meeting, meeting))
      throw new VaultError('host_proof_bad', 'the seed is another meeting’s')
    const device = kept ? { publicKey: kept.devicePublic, privateKey: kept.devicePrivate } : await newDevice()
    const participant = kept ? fromHex(kept.participant) : random(16)
    const hasCode = code.length > 0
    const sealed = await wrap(wrapping, meeting, { code, seed })
    return new LinkSecrets({ meeting, participant, device, host }, { wrapping, sealed, hasCode, deriveRoot })
  }

  get hasCode(): boolean {
    return this.#hasCode
  }

  /** codeText is the code for people to share, '' when not known. */
  async codeText(): Promise<string> {
    const { code, seed } = await unwrap(this.#wrapping, this.meeting, this.#sealed)
    const text = grouped(encode(code))
    code.fill(0)
    seed.fill(0)
    return text
  }

  async useCode(typed: string): Promise<void> {
    const code = readCode(typed)
    const { seed, code: old } = await unwrap(this.#wrapping, this.meeting, this.#sealed)
    old.fill(0)
    this.#sealed = await wrap(this.#wrapping, this.meeting, { code, seed })
    this.#hasCode = true
    this.#codeKeys = null
  }

  /** codeKeys derives once; the first call is slow on purpose. */
  codeKeys(): Promise<CodeKeys> {
    this.#codeKeys ??= this.#derive()
    return this.#codeKeys
  }

  async #derive(): Promise<CodeKeys> {
    const { code, seed } = await unwrap(this.#wrapping, this.meeting, this.#sealed)
    seed.fill(0)
    if (code.length === 0) throw new VaultError('code_wrong', 'no access code yet')
    const root = await this.#deriveRoot(code, this.meeting)
    code.fill(0)
    return codeKeys(root, this.meeting)
  }

  /** knockSecret is the raw private knock key for co-hosts; whoever asks wipes it. Rejects with not_host without a host seed. */
  async knockSecret(): Promise<Bytes> {
    const { code, seed } = await unwrap(this.#wrapping, this.meeting, this.#sealed)
    code.fill(0)
    if (seed.length === 0) throw new VaultError('not_host', 'the link has no host seed')
    const secret = await knockSecret(seed, this.meeting)
    seed.fill(0)
    return secret
  }

  /** keep gives what a reload needs, with two notes sealed: who was admitted, and the own seat (empty outside a group). */
  async keep(admitted: Bytes, seat: Bytes): Promise<Kept> {
    return {
      participant: hex(this.participant),
      devicePublic: this.device.publicKey,
      devicePrivate: this.device.privateKey,
      secrets: this.#sealed,
      wrapping: this.#wrapping,
      admitted: await sealWith(this.#wrapping, this.#note('admitted'), admitted),
      seat: seat.length > 0 ? await sealWith(this.#wrapping, this.#note('seat'), seat) : seat,
    }
  }

  #note(what: 'admitted' | 'seat'): Bytes {
    return join(utf8(what), this.meeting)
  }

  /** openAdmitted gives the first note of keep; rejects with kept_bad for any other bytes. */
  openAdmitted(sealed: Bytes): Promise<Bytes> {
    return openWith(this.#wrapping, this.#note('admitted'), sealed)
  }

  /** openSeat gives the second note of keep, empty where there was none; rejects with kept_bad for any other bytes. */
  async openSeat(sealed: Bytes): Promise<Bytes> {
    return sealed.length > 0 ? openWith(this.#wrapping, this.#note('seat'), sealed) : sealed
  }
}

function read<T>(code: string, parse: () => T): T {
  try {
    return parse()
  } catch {
    throw new VaultError(code, 'not of the right form')
  }
}

function readCode(typed: string): Bytes {
  return read('code_wrong', () => decode(typed, codeSize))
}

function newWrapping(): Promise<CryptoKey> {
  return crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt'])
}

async function wrap(key: CryptoKey, meeting: Bytes, raw: Raw): Promise<Bytes> {
  const content = join(u8(version), vector(1, raw.code), vector(1, raw.seed))
  raw.code.fill(0)
  raw.seed.fill(0)
  const sealed = await sealWith(key, meeting, content)
  content.fill(0)
  return sealed
}

async function unwrap(key: CryptoKey, meeting: Bytes, sealed: Bytes): Promise<Raw> {
  const content = await openWith(key, meeting, sealed)
  const raw = whole(content, (r) => {
    r.below(version + 1)
    return { code: r.vector(1), seed: r.vector(1) }
  })
  content.fill(0)
  return raw
}

async function sealWith(key: CryptoKey, bound: Bytes, content: Bytes): Promise<Bytes> {
  const iv = random(nonceSize)
  const params = { name: 'AES-GCM', iv, additionalData: bound }
  return join(iv, new Uint8Array(await crypto.subtle.encrypt(params, key, content)))
}

async function openWith(key: CryptoKey, bound: Bytes, sealed: Bytes): Promise<Bytes> {
  const params = { name: 'AES-GCM', iv: sealed.slice(0, nonceSize), additionalData: bound }
  try {
    return new Uint8Array(await crypto.subtle.decrypt(params, key, sealed.slice(nonceSize)))
  } catch {
    throw new VaultError('kept_bad', 'what was kept does not open for this meeting')
  }
}
