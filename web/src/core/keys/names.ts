/** Titles and names as they travel: padded, committed to and sealed (protocol/README.md section 1). */
import type { PrivateKey } from 'ts-mls/crypto/hpke.js'
import { hpke } from '../group/suite'
import type { Bytes } from '../vault'
import { FormError, join, plain, random, Reader, text, u16, utf8 } from './bytes'
import { sha256 } from './derive'

const paddedTitle = 512
const paddedName = 256
const nonceSize = 12
const tagSize = 16

/** sealedNameSize is a sealed name on the wire: HPKE's key, the padded name and a tag. */
const sealedNameSize = 32 + paddedName + tagSize

function pad(what: string, size: number): Bytes {
  const bytes = utf8(what)
  if (bytes.length > size - 2) throw new FormError('text too long')
  return join(u16(bytes.length), bytes, new Uint8Array(size - 2 - bytes.length))
}

function unpad(padded: Uint8Array): string {
  const r = new Reader(padded)
  const words = text(r.vector(2))
  if (r.take(r.left).some((b) => b !== 0)) throw new FormError('padding')
  return words
}

export function padName(name: string): Bytes {
  return pad(name, paddedName)
}

/** unpadName refuses what padName would not have made. */
export function unpadName(padded: Uint8Array): string {
  if (padded.length !== paddedName) throw new FormError('padded name')
  return unpad(padded)
}

/** commitmentTo binds a padded name without telling it. */
export function commitmentTo(salt: Bytes, padded: Bytes): Promise<Bytes> {
  return sha256(salt, padded)
}

export async function sealTitle(
  key: CryptoKey,
  meeting: Bytes,
  title: string,
  nonce = random(nonceSize),
): Promise<Bytes> {
  const params = { name: 'AES-GCM', iv: nonce, additionalData: join(utf8('incamera/1 title'), meeting) }
  return join(nonce, new Uint8Array(await crypto.subtle.encrypt(params, key, pad(title, paddedTitle))))
}

/** openTitle rejects when the key is not the one that sealed. */
export async function openTitle(key: CryptoKey, meeting: Bytes, sealed: Bytes): Promise<string> {
  const iv = sealed.slice(0, nonceSize)
  const params = { name: 'AES-GCM', iv, additionalData: join(utf8('incamera/1 title'), meeting) }
  return unpad(new Uint8Array(await crypto.subtle.decrypt(params, key, sealed.slice(nonceSize))))
}

/** sealName hides a name from all but the holder of the knock key; it opens for this KeyPackage only. */
export async function sealName(knockKey: Bytes, meeting: Bytes, reference: Bytes, name: string): Promise<Bytes> {
  const to = await hpke.importPublicKey(knockKey)
  const { enc, ct } = await hpke.seal(to, padName(name), utf8('incamera/1 name'), join(meeting, reference))
  return join(enc, ct)
}

/** openName rejects when name, KeyPackage or meeting were not sealed together. */
export async function openName(key: CryptoKey, meeting: Bytes, reference: Bytes, sealed: Bytes): Promise<string> {
  if (sealed.length !== sealedNameSize) throw new FormError('sealed name')
  const enc = sealed.slice(0, 32)
  const aad = join(meeting, reference)
  return unpadName(plain(await hpke.open(key as PrivateKey, enc, sealed.slice(32), utf8('incamera/1 name'), aad)))
}
