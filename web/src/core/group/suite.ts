/**
 * MLS suite 1 (MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519, RFC 9420 17.1) on the browser's own WebCrypto: what ts-mls calls
 * for every key. HPKE is RFC 9180 in base mode. It knows no group and no meeting.
 */
import type { CiphersuiteImpl } from 'ts-mls/crypto/ciphersuite.js'
import type { Hpke, PrivateKey, PublicKey } from 'ts-mls/crypto/hpke.js'
import { join, plain, random, u16, utf8 } from '../keys/bytes'
import type { Bytes } from '../vault'
import { Digests } from './digests'

const keySize = 16
const nonceSize = 12
const hashSize = 32
const none = new Uint8Array(0)
const pkcs8X25519 = Uint8Array.of(0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x6e, 4, 0x22, 4, 0x20)
const pkcs8Ed25519 = Uint8Array.of(0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20)
const basePoint = Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? 9 : 0))

async function hmac(key: Uint8Array, data: Uint8Array): Promise<Bytes> {
  // An empty key is a key of zeros (RFC 2104); WebCrypto refuses to import the former.
  const raw = key.length === 0 ? new Uint8Array(hashSize) : plain(key)
  const k = await crypto.subtle.importKey('raw', raw, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
  return new Uint8Array(await crypto.subtle.sign('HMAC', k, plain(data)))
}

async function expand(prk: Uint8Array, info: Uint8Array, size: number): Promise<Bytes> {
  let block: Bytes = none
  let out: Bytes = none
  for (let i = 1; out.length < size; i++) {
    block = await hmac(prk, join(block, info, Uint8Array.of(i)))
    out = out.length === 0 ? block : join(out, block)
  }
  return out.length === size ? out : out.slice(0, size)
}

async function gcm(
  way: 'encrypt' | 'decrypt',
  key: Uint8Array,
  iv: Uint8Array,
  aad: Uint8Array,
  data: Uint8Array,
): Promise<Bytes> {
  const k = await crypto.subtle.importKey('raw', plain(key), 'AES-GCM', false, [way])
  const covered = aad.length > 0 ? { additionalData: plain(aad) } : {}
  const params = { name: 'AES-GCM', iv: plain(iv), ...covered }
  return new Uint8Array(await crypto.subtle[way](params, k, plain(data)))
}

/** importX25519 takes a raw private key; extractable only where MLS must keep the bytes itself. */
export async function importX25519(raw: Uint8Array, extractable = false): Promise<CryptoKey> {
  return crypto.subtle.importKey('pkcs8', join(pkcs8X25519, raw), 'X25519', extractable, ['deriveBits'])
}

/** publicOf computes the public half: X25519 of the base point (RFC 7748). */
export async function publicOf(privateKey: CryptoKey): Promise<Bytes> {
  return agree(privateKey, await importPublic(basePoint))
}

async function importPublic(raw: Uint8Array): Promise<PublicKey> {
  return (await crypto.subtle.importKey('raw', plain(raw), 'X25519', true, [])) as PublicKey
}

async function agree(privateKey: CryptoKey, publicKey: CryptoKey): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.deriveBits({ name: 'X25519', public: publicKey }, privateKey, 256))
}

async function rawOf(publicKey: CryptoKey): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.exportKey('raw', publicKey))
}

/** newInbox makes the X25519 pair of one leaf's inbox; the private half never leaves WebCrypto. */
export async function newInbox(): Promise<{ publicKey: Bytes; privateKey: CryptoKey }> {
  const pair = await crypto.subtle.generateKey('X25519', false, ['deriveBits'])
  const publicKey = await rawOf(pair.publicKey)
  return { publicKey, privateKey: pair.privateKey }
}

/** importEd25519 takes a raw seed as a key that signs and never leaves WebCrypto. */
export async function importEd25519(seed: Uint8Array): Promise<CryptoKey> {
  return crypto.subtle.importKey('pkcs8', join(pkcs8Ed25519, seed), 'Ed25519', false, ['sign'])
}

/** publicOfSeed computes an Ed25519 public key from its seed; the intermediate key is extractable for this one step. */
export async function publicOfSeed(seed: Uint8Array): Promise<Bytes> {
  const key = await crypto.subtle.importKey('pkcs8', join(pkcs8Ed25519, seed), 'Ed25519', true, ['sign'])
  const { x } = await crypto.subtle.exportKey('jwk', key)
  if (x === undefined) throw new Error('no public half')
  return Uint8Array.from(atob(x.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0))
}

/** verifyEd25519 is false for a bad signature and for a key that is none. */
export async function verifyEd25519(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  try {
    const k = await crypto.subtle.importKey('raw', plain(publicKey), 'Ed25519', false, ['verify'])
    return await crypto.subtle.verify('Ed25519', k, plain(signature), plain(message))
  } catch {
    return false
  }
}

const version = utf8('HPKE-v1')
const kemSuite = join(utf8('KEM'), u16(0x0020))
const hpkeSuite = join(utf8('HPKE'), u16(0x0020), u16(0x0001), u16(0x0001))

function labeledExtract(suite: Bytes, salt: Uint8Array, label: string, ikm: Uint8Array): Promise<Bytes> {
  return hmac(salt, join(version, suite, utf8(label), ikm))
}

function labeledExpand(suite: Bytes, prk: Uint8Array, label: string, info: Uint8Array, size: number): Promise<Bytes> {
  return expand(prk, join(u16(size), version, suite, utf8(label), info), size)
}

/** schedule is the key schedule of RFC 9180 5.1 in base mode. */
async function schedule(shared: Bytes, info: Uint8Array): Promise<{ key: Bytes; nonce: Bytes; exporter: Bytes }> {
  const pskIdHash = await labeledExtract(hpkeSuite, none, 'psk_id_hash', none)
  const infoHash = await labeledExtract(hpkeSuite, none, 'info_hash', info)
  const context = join(Uint8Array.of(0), pskIdHash, infoHash)
  const secret = await labeledExtract(hpkeSuite, shared, 'secret', none)
  return {
    key: await labeledExpand(hpkeSuite, secret, 'key', context, keySize),
    nonce: await labeledExpand(hpkeSuite, secret, 'base_nonce', context, nonceSize),
    exporter: await labeledExpand(hpkeSuite, secret, 'exp', context, hashSize),
  }
}

async function sharedSecret(dh: Bytes, enc: Uint8Array, recipient: Bytes): Promise<Bytes> {
  const prk = await labeledExtract(kemSuite, none, 'eae_prk', dh)
  return labeledExpand(kemSuite, prk, 'shared_secret', join(enc, recipient), hashSize)
}

async function encap(to: CryptoKey): Promise<{ enc: Bytes; shared: Bytes }> {
  const pair = await crypto.subtle.generateKey('X25519', false, ['deriveBits'])
  const enc = await rawOf(pair.publicKey)
  return { enc, shared: await sharedSecret(await agree(pair.privateKey, to), enc, await rawOf(to)) }
}

async function decap(key: CryptoKey, enc: Uint8Array): Promise<Bytes> {
  return sharedSecret(await agree(key, await importPublic(enc)), enc, await publicOf(key))
}

/** hpke is HPKE in base mode with DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and AES-128-GCM. */
export const hpke: Hpke = {
  keyLength: keySize,
  nonceLength: nonceSize,
  async seal(to, plaintext, info, aad = none) {
    const { enc, shared } = await encap(to)
    const { key, nonce } = await schedule(shared, info)
    return { enc, ct: await gcm('encrypt', key, nonce, aad, plaintext) }
  },
  async open(privateKey, enc, ciphertext, info, aad = none) {
    const { key, nonce } = await schedule(await decap(privateKey, enc), info)
    return gcm('decrypt', key, nonce, aad, ciphertext)
  },
  async exportSecret(to, context, size, info) {
    const { enc, shared } = await encap(to)
    const { exporter } = await schedule(shared, info)
    return { enc, secret: await labeledExpand(hpkeSuite, exporter, 'sec', context, size) }
  },
  async importSecret(privateKey, context, enc, size, info) {
    const { exporter } = await schedule(await decap(privateKey, enc), info)
    return labeledExpand(hpkeSuite, exporter, 'sec', context, size)
  },
  importPublicKey: importPublic,
  exportPublicKey: rawOf,
  async importPrivateKey(raw) {
    return (await importX25519(raw, true)) as PrivateKey
  },
  async exportPrivateKey(key) {
    return new Uint8Array(await crypto.subtle.exportKey('pkcs8', key)).slice(-32)
  },
  encryptAead: (key, nonce, aad, plaintext) => gcm('encrypt', key, nonce, aad ?? none, plaintext),
  decryptAead: (key, nonce, aad, ciphertext) => gcm('decrypt', key, nonce, aad ?? none, ciphertext),
  async deriveKeyPair(ikm) {
    const prk = await labeledExtract(kemSuite, none, 'dkp_prk', ikm)
    const privateKey = await importX25519(await labeledExpand(kemSuite, prk, 'sk', none, 32), true)
    return { privateKey: privateKey as PrivateKey, publicKey: await importPublic(await publicOf(privateKey)) }
  },
  async generateKeyPair() {
    const pair = await crypto.subtle.generateKey('X25519', true, ['deriveBits'])
    return { privateKey: pair.privateKey as PrivateKey, publicKey: pair.publicKey as PublicKey }
  },
}

/** digests are those of the library; who leaves a meeting forgets them. */
export const digests = new Digests()

/** suite is what ts-mls gets. Signature private keys are PKCS#8 or raw seeds. */
export const suite: CiphersuiteImpl = {
  name: 'MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519',
  hpke,
  kdf: { size: hashSize, extract: hmac, expand },
  rng: { randomBytes: random },
  hash: {
    digest: (data) => digests.of(data),
    mac: hmac,
    async verifyMac(key, mac, data) {
      const k = await crypto.subtle.importKey('raw', plain(key), { name: 'HMAC', hash: 'SHA-256' }, false, ['verify'])
      return crypto.subtle.verify('HMAC', k, plain(mac), plain(data))
    },
  },
  signature: {
    async sign(signKey, message) {
      const pkcs8 = signKey.length === 32 ? join(pkcs8Ed25519, signKey) : plain(signKey)
      const key = await crypto.subtle.importKey('pkcs8', pkcs8, 'Ed25519', false, ['sign'])
      return new Uint8Array(await crypto.subtle.sign('Ed25519', key, plain(message)))
    },
    verify: verifyEd25519,
    async keygen() {
      const pair = await crypto.subtle.generateKey('Ed25519', true, ['sign', 'verify'])
      const signKey = new Uint8Array(await crypto.subtle.exportKey('pkcs8', pair.privateKey))
      return { signKey, publicKey: await rawOf(pair.publicKey) }
    },
  },
}
