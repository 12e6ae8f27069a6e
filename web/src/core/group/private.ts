/**
 * Private messages inside the group (protocol/README.md section 3): HPKE (RFC 9180) to the inbox keys of some leaves. What was
 * sealed for one group, epoch, sender, recipient and message id opens for no other.
 */
import type { PrivateKey } from 'ts-mls/crypto/hpke.js'
import { FormError, join, plain, random, u64, utf8 } from '../keys/bytes'
import type { Bytes } from '../vault'
import type { Leaf } from './roster'
import { maxWraps, readSaid, said, type Content, type Private } from './said'
import { hpke } from './suite'

const nonce = new Uint8Array(12)

/** Envelope is what a private message holds for. */
export interface Envelope {
  readonly group: Bytes
  readonly epoch: number
  readonly sender: Bytes // leaf signature key
  readonly id: Bytes
}

function infoFor(e: Envelope, recipient: Bytes): Bytes {
  return join(utf8('incamera/1 inbox'), e.group, u64(e.epoch), e.sender, recipient, e.id)
}

function covered(e: Envelope): AesGcmParams {
  return { name: 'AES-GCM', iv: nonce, additionalData: join(e.group, u64(e.epoch), e.sender, e.id) }
}

/** sealFor seals content for 1 to 80 leaves under a fresh key. */
export async function sealFor(content: Content, to: 1 | 2, e: Envelope, recipients: readonly Leaf[]): Promise<Private> {
  if (recipients.length < 1 || recipients.length > maxWraps) throw new FormError('number of recipients')
  const key = random(32)
  const cipher = await crypto.subtle.importKey('raw', key, 'AES-GCM', false, ['encrypt'])
  const inner = said(content)
  const sealed = new Uint8Array(await crypto.subtle.encrypt(covered(e), cipher, inner))
  inner.fill(0)
  const wraps = await Promise.all(
    recipients.map(async (leaf) => {
      const inbox = await hpke.importPublicKey(leaf.inbox)
      const { enc, ct } = await hpke.seal(inbox, key, infoFor(e, leaf.signatureKey))
      return { leaf: leaf.leaf, enc: plain(enc), key: plain(ct) }
    }),
  )
  key.fill(0)
  return { kind: 'private', to, id: e.id, wraps, sealed }
}

/** openFor opens what was sealed for me; null where I am no recipient. Rejects for anything that was bent or used again elsewhere. */
export async function openFor(
  m: Private,
  e: Envelope,
  me: Pick<Leaf, 'leaf' | 'signatureKey'>,
  inbox: CryptoKey,
): Promise<Content | null> {
  const wrap = m.wraps.find((w) => w.leaf === me.leaf)
  if (wrap === undefined) return null
  const key = plain(await hpke.open(inbox as PrivateKey, wrap.enc, wrap.key, infoFor(e, me.signatureKey)))
  const cipher = await crypto.subtle.importKey('raw', key, 'AES-GCM', false, ['decrypt'])
  key.fill(0)
  const inner = new Uint8Array(await crypto.subtle.decrypt(covered(e), cipher, m.sealed))
  const content = readSaid(inner)
  inner.fill(0)
  return content
}
