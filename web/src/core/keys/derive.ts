/** Every key that follows from a link's secrets (protocol/README.md section 1). Private keys never leave WebCrypto. */
import { importEd25519, importX25519, publicOf, publicOfSeed } from '../group/suite'
import type { Bytes } from '../vault'
import { join, plain, utf8 } from './bytes'
import { encode } from './crockford'

/** Signer is an Ed25519 key that signs statements. */
export interface Signer {
  readonly publicKey: Bytes
  readonly privateKey: CryptoKey
}

/** CodeKeys are what the access code opens. */
export interface CodeKeys {
  readonly entry: Signer
  readonly psk: Bytes // ts-mls needs its bytes
  readonly seal: CryptoKey
}

/** KnockKey opens the names of those who knock. */
export interface KnockKey {
  readonly publicKey: Bytes
  readonly privateKey: CryptoKey
}

/** HostKeys are what the host seed opens. */
export interface HostKeys {
  readonly host: Signer
  readonly knock: KnockKey
}

/** DeriveRoot turns an access code into the root of its keys; slow on purpose, so tests give their own. */
export type DeriveRoot = (code: Bytes, meeting: Bytes) => Promise<Bytes>

export async function sha256(...parts: readonly Uint8Array[]): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', join(...parts)))
}

export async function meetingOf(hostKey: Bytes): Promise<Bytes> {
  return (await sha256(utf8('incamera/1 meeting id'), hostKey)).slice(0, 16)
}

/** meetingText is a meeting id as it stands in links. */
export function meetingText(meeting: Bytes): string {
  return encode(meeting)
}

export const rootOf: DeriveRoot = async (code, meeting) => {
  const key = await crypto.subtle.importKey('raw', code, 'PBKDF2', false, ['deriveBits'])
  const salt = join(utf8('incamera/1 code'), meeting)
  return new Uint8Array(
    await crypto.subtle.deriveBits({ name: 'PBKDF2', hash: 'SHA-256', salt, iterations: 600_000 }, key, 256),
  )
}

async function derive(secret: Bytes, meeting: Bytes, what: string): Promise<Bytes> {
  const key = await crypto.subtle.importKey('raw', secret, 'HKDF', false, ['deriveBits'])
  const params = { name: 'HKDF', hash: 'SHA-256', salt: meeting, info: utf8(`incamera/1 ${what}`) }
  return new Uint8Array(await crypto.subtle.deriveBits(params, key, 256))
}

/** signerOf makes a signing key of a seed and wipes the seed. */
async function signerOf(seed: Bytes): Promise<Signer> {
  const signer = { publicKey: await publicOfSeed(seed), privateKey: await importEd25519(seed) }
  seed.fill(0)
  return signer
}

/** codeKeys wipes the root. */
export async function codeKeys(root: Bytes, meeting: Bytes): Promise<CodeKeys> {
  const seal = await derive(root, meeting, 'seal')
  const keys = {
    entry: await signerOf(await derive(root, meeting, 'entry')),
    psk: await derive(root, meeting, 'psk'),
    seal: await crypto.subtle.importKey('raw', seal, 'AES-GCM', false, ['encrypt', 'decrypt']),
  }
  seal.fill(0)
  root.fill(0)
  return keys
}

/** hostKeys leaves the seed to its owner, who wipes it. */
export async function hostKeys(seed: Bytes): Promise<HostKeys & { readonly meeting: Bytes }> {
  const host = await signerOf(seed.slice())
  const meeting = await meetingOf(host.publicKey)
  return { host, meeting, knock: await knockKey(await knockSecret(seed, meeting)) }
}

/** knockSecret gives the raw private knock key, which a host hands to co-hosts; its owner wipes it. */
export function knockSecret(seed: Bytes, meeting: Bytes): Promise<Bytes> {
  return derive(seed, meeting, 'knock')
}

/** knockKey takes a raw private knock key and wipes it. */
export async function knockKey(raw: Bytes): Promise<KnockKey> {
  const privateKey = await importX25519(raw)
  raw.fill(0)
  return { privateKey, publicKey: await publicOf(privateKey) }
}

/** newDevice makes this browser's key for one meeting. */
export async function newDevice(): Promise<Signer> {
  const pair = await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify'])
  return {
    privateKey: pair.privateKey,
    publicKey: plain(new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey))),
  }
}
