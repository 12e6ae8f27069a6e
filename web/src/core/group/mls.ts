/** The messages of MLS (RFC 9420) between bytes and ts-mls. What is not in its one encoding is refused. */
import type { Capabilities } from 'ts-mls/capabilities.js'
import { encode } from 'ts-mls/codec/tlsEncoder.js'
import type { Decoder } from 'ts-mls/codec/tlsDecoder.js'
import type { BufferEncoder } from 'ts-mls/codec/tlsEncoder.js'
import { decodeKeyPackage, keyPackageEncoder, makeKeyPackageRef, type KeyPackage } from 'ts-mls/keyPackage.js'
import type { LeafNode } from 'ts-mls/leafNode.js'
import { decodeMlsMessage, mlsMessageEncoder, type MLSMessage } from 'ts-mls/message.js'
import { decodeRatchetTree, ratchetTreeEncoder, type RatchetTree } from 'ts-mls/ratchetTree.js'
import { equal, FormError, plain } from '../keys/bytes'
import type { Bytes } from '../vault'
import { suite } from './suite'

export const contextExtension = 0xf1ca
export const rosterExtension = 0xf1cb
export const maxLeaves = 1024

/** capabilities are those of every leaf, no more and no less. */
export const capabilities: Capabilities = {
  versions: ['mls10'],
  ciphersuites: [suite.name],
  extensions: [contextExtension, rosterExtension],
  proposals: [],
  credentials: ['basic'],
}

function exactly<T>(raw: Uint8Array, decode: Decoder<T>, encoder: BufferEncoder<T>, what: string): T {
  let value: T
  try {
    const decoded = decode(raw, 0)
    if (decoded === undefined) throw new FormError(what)
    value = decoded[0]
  } catch {
    throw new FormError(what)
  }
  if (!equal(encode(encoder)(value), raw)) throw new FormError(what)
  return value
}

export function readMessage(raw: Uint8Array): MLSMessage {
  return exactly(raw, decodeMlsMessage, mlsMessageEncoder, 'MLS message')
}

export function writeMessage(m: MLSMessage): Bytes {
  return plain(encode(mlsMessageEncoder)(m))
}

export function readTree(raw: Uint8Array): RatchetTree {
  return exactly(raw, decodeRatchetTree, ratchetTreeEncoder, 'ratchet tree')
}

export function writeTree(tree: RatchetTree): Bytes {
  return plain(encode(ratchetTreeEncoder)(tree))
}

export function readKeyPackage(raw: Uint8Array): KeyPackage {
  return exactly(raw, decodeKeyPackage, keyPackageEncoder, 'KeyPackage')
}

export function writeKeyPackage(kp: KeyPackage): Bytes {
  return plain(encode(keyPackageEncoder)(kp))
}

/** referenceOf names a KeyPackage (RFC 9420 5.2). */
export async function referenceOf(kp: KeyPackage): Promise<Bytes> {
  return plain(await makeKeyPackageRef(kp, suite.hash))
}

/** leavesOf lists the leaves of a tree with their index. */
export function leavesOf(tree: RatchetTree): { leaf: number; node: LeafNode }[] {
  return tree.flatMap((n, i) => (n?.nodeType === 'leaf' ? [{ leaf: i / 2, node: n.leaf }] : []))
}

export function sameCapabilities(a: Capabilities, b: Capabilities): boolean {
  return (['versions', 'ciphersuites', 'extensions', 'proposals', 'credentials'] as const).every(
    (list) => a[list].length === b[list].length && a[list].every((v, i) => v === b[list][i]),
  )
}
