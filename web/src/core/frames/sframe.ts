/** SFrame (RFC 9605): header, key derivation, sealing and opening. Which key belongs to whom is decided in keyring.ts. */
import { FormError, join, plain, utf8 } from '../keys/bytes'
import type { Bytes } from '../vault'

/** Suite is a cipher suite of RFC 9605 4.5; counter mode ones (1-3) have an HMAC tag. */
export interface Suite {
  readonly id: number
  readonly hash: 'SHA-256' | 'SHA-512'
  readonly keySize: number
  readonly tagSize: number
  readonly counterMode: boolean
}

export const suites: Readonly<Record<number, Suite>> = {
  1: { id: 1, hash: 'SHA-256', keySize: 48, tagSize: 10, counterMode: true },
  2: { id: 2, hash: 'SHA-256', keySize: 48, tagSize: 8, counterMode: true },
  3: { id: 3, hash: 'SHA-256', keySize: 48, tagSize: 4, counterMode: true },
  4: { id: 4, hash: 'SHA-256', keySize: 16, tagSize: 16, counterMode: false },
  5: { id: 5, hash: 'SHA-512', keySize: 32, tagSize: 16, counterMode: false },
}

/** aes128gcm is AES_128_GCM_SHA256_128, the one that meetings use. */
export const aes128gcm: Suite = { id: 4, hash: 'SHA-256', keySize: 16, tagSize: 16, counterMode: false }

const saltSize = 12
const nothing = new Uint8Array()

export interface Header {
  readonly keyId: bigint
  readonly counter: bigint
  readonly size: number
}

function bigEndian(value: bigint, size: number): Bytes {
  const out = new Uint8Array(size)
  for (let i = size - 1; i >= 0; i--) {
    out[i] = Number(value & 255n)
    value >>= 8n
  }
  return out
}

/** part gives a value's four header bits and the bytes that follow (RFC 9605 4.3). */
function part(value: bigint): { bits: number; bytes: Bytes } {
  if (value < 8n) return { bits: Number(value), bytes: nothing }
  let size = 1
  while (value >> BigInt(8 * size) > 0n) size++
  return { bits: 8 | (size - 1), bytes: bigEndian(value, size) }
}

export function header(keyId: bigint, counter: bigint): Bytes {
  const k = part(keyId)
  const c = part(counter)
  return join(Uint8Array.of((k.bits << 4) | c.bits), k.bytes, c.bytes)
}

/** readHeader refuses what header would not have written. */
export function readHeader(data: Uint8Array): Header {
  const config = data[0]
  if (config === undefined) throw new FormError('empty frame')
  let at = 1
  const read = (bits: number): bigint => {
    if (bits < 8) return BigInt(bits)
    const size = (bits & 7) + 1
    if (at + size > data.length) throw new FormError('short header')
    let value = 0n
    for (let end = at + size; at < end; at++) value = (value << 8n) | BigInt(data[at] ?? 0)
    if (part(value).bits !== bits) throw new FormError('long header')
    return value
  }
  return { keyId: read(config >> 4), counter: read(config & 15), size: at }
}

/** FrameKey seals or opens frames of one key id. Its bytes are gone once it is made. */
export interface FrameKey {
  readonly suite: Suite
  readonly keyId: bigint
  readonly salt: Bytes
  readonly cipher: CryptoKey
  readonly auth: CryptoKey | null // counter mode only
}

/** deriveKey makes the key of one key id from an epoch's base key (RFC 9605 4.4.2). */
export async function deriveKey(
  suite: Suite,
  keyId: bigint,
  base: Bytes,
  way: 'encrypt' | 'decrypt',
): Promise<FrameKey> {
  const ikm = await crypto.subtle.importKey('raw', base, 'HKDF', false, ['deriveBits'])
  const context = join(bigEndian(keyId, 8), bigEndian(BigInt(suite.id), 2))
  const derive = async (label: string, size: number): Promise<Bytes> => {
    const info = join(utf8(`SFrame 1.0 Secret ${label} `), context)
    const params = { name: 'HKDF', hash: suite.hash, salt: nothing, info }
    return new Uint8Array(await crypto.subtle.deriveBits(params, ikm, 8 * size))
  }
  const raw = await derive('key', suite.keySize)
  const salt = await derive('salt', saltSize)
  const [name, usable] = suite.counterMode ? ['AES-CTR', raw.slice(0, 16)] : ['AES-GCM', raw]
  const cipher = await crypto.subtle.importKey('raw', usable, name, false, [way])
  const hmac = { name: 'HMAC', hash: suite.hash }
  const auth = suite.counterMode ? await crypto.subtle.importKey('raw', raw.slice(16), hmac, false, ['sign']) : null
  raw.fill(0)
  return { suite, keyId, salt, cipher, auth }
}

function nonceOf(key: FrameKey, counter: bigint): Bytes {
  const nonce = key.salt.slice()
  for (let i = saltSize - 1; counter > 0n; i--) {
    nonce[i] = (nonce[i] ?? 0) ^ Number(counter & 255n)
    counter >>= 8n
  }
  return nonce
}

/** seal gives header, ciphertext and tag; metadata is covered but not carried. */
export async function seal(
  key: FrameKey,
  counter: bigint,
  metadata: Uint8Array,
  plaintext: Uint8Array,
): Promise<Bytes> {
  const head = header(key.keyId, counter)
  const iv = nonceOf(key, counter)
  const additionalData = join(head, metadata)
  if (key.auth === null) {
    const params = { name: 'AES-GCM', iv, additionalData, tagLength: 8 * key.suite.tagSize }
    return join(head, new Uint8Array(await crypto.subtle.encrypt(params, key.cipher, plain(plaintext))))
  }
  const ciphertext = new Uint8Array(await crypto.subtle.encrypt(counterParams(iv), key.cipher, plain(plaintext)))
  return join(head, ciphertext, await tag(key, key.auth, iv, additionalData, ciphertext))
}

/** open rejects unless every byte is as it was sealed under this key. */
export async function open(key: FrameKey, head: Header, metadata: Uint8Array, data: Uint8Array): Promise<Bytes> {
  const iv = nonceOf(key, head.counter)
  const additionalData = join(data.subarray(0, head.size), metadata)
  const body = data.subarray(head.size)
  if (body.length < key.suite.tagSize) throw new FormError('short frame')
  if (key.auth === null) {
    const params = { name: 'AES-GCM', iv, additionalData, tagLength: 8 * key.suite.tagSize }
    return new Uint8Array(await crypto.subtle.decrypt(params, key.cipher, plain(body)))
  }
  const ciphertext = body.subarray(0, body.length - key.suite.tagSize)
  const expected = await tag(key, key.auth, iv, additionalData, ciphertext)
  const difference = expected.reduce((d, v, i) => d | (v ^ (body[ciphertext.length + i] ?? 0)), 0)
  if (difference !== 0) throw new FormError('tag')
  return new Uint8Array(await crypto.subtle.decrypt(counterParams(iv), key.cipher, plain(ciphertext)))
}

function counterParams(iv: Bytes): AesCtrParams {
  return { name: 'AES-CTR', counter: join(iv, new Uint8Array(4)), length: 32 }
}

async function tag(key: FrameKey, auth: CryptoKey, nonce: Bytes, aad: Bytes, ciphertext: Uint8Array): Promise<Bytes> {
  const sizes = [aad.length, ciphertext.length, key.suite.tagSize].map((n) => bigEndian(BigInt(n), 8))
  const mac = await crypto.subtle.sign('HMAC', auth, join(...sizes, nonce, aad, ciphertext))
  return new Uint8Array(mac).slice(0, key.suite.tagSize)
}
