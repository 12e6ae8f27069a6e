/** Who a leaf is: participant, device and the device's word for the leaf key; and the KeyPackages that carry it (protocol/README.md section 3). */
import type { ClientConfig } from 'ts-mls/clientConfig.js'
import { defaultClientConfig } from 'ts-mls/clientConfig.js'
import type { Credential } from 'ts-mls/credential.js'
import {
  generateKeyPackageWithKey,
  verifyKeyPackage,
  type KeyPackage,
  type PrivateKeyPackage,
} from 'ts-mls/keyPackage.js'
import { verifyLeafNodeSignatureKeyPackage } from 'ts-mls/leafNode.js'
import { FormError, join, plain, whole } from '../keys/bytes'
import * as bodies from '../keys/bodies'
import type { Signer } from '../keys/derive'
import { parse, sign, verify, type Statement } from '../keys/statement'
import type { Bytes } from '../vault'
import { capabilities, sameCapabilities } from './mls'
import { newInbox, suite } from './suite'

const hour = 3600n
const noGroup = new Uint8Array(32)

export interface Identity {
  readonly participant: Bytes
  readonly device: Bytes
  readonly inbox: Bytes // X25519, for private messages
}

/** Own is a KeyPackage of ours with its private half. */
export interface Own {
  readonly keyPackage: KeyPackage
  readonly keys: PrivateKeyPackage
  readonly inbox: CryptoKey // private half
}

/** identityOf reads a credential; whether the device vouches for the leaf is told by vouched. */
export function identityOf(credential: Credential): Identity & { readonly signature: Bytes } {
  if (credential.credentialType !== 'basic') throw new FormError('credential')
  return whole(credential.identity, (r) => {
    const keys = { participant: r.take(16), device: r.take(32), inbox: r.take(32) }
    return { ...keys, signature: r.take(64) }
  })
}

/** vouched tells whether the device key of a credential signed for this leaf key (statement of kind leaf). */
export async function vouched(credential: Credential, signatureKey: Uint8Array, meeting: Bytes): Promise<boolean> {
  try {
    const { participant, device, inbox, signature } = identityOf(credential)
    const body = bodies.leaf({ participant, signatureKey: plain(signatureKey), inbox })
    const s: Statement = { kind: 'leaf', signer: device, body, signature, raw: body }
    return await verify(s, { meeting, group: noGroup })
  } catch {
    return false
  }
}

/** newKeyPackage makes a fresh leaf for one person, good for an hour. */
export async function newKeyPackage(meeting: Bytes, participant: Bytes, device: Signer, now: number): Promise<Own> {
  const pair = await suite.signature.keygen()
  const box = await newInbox()
  const body = bodies.leaf({ participant, signatureKey: plain(pair.publicKey), inbox: box.publicKey })
  const { signature } = parse(await sign(device, 'leaf', { meeting, group: noGroup }, body))
  const identity = join(participant, device.publicKey, box.publicKey, signature)
  const seconds = BigInt(Math.floor(now / 1000))
  const lifetime = { notBefore: seconds - hour, notAfter: seconds + hour }
  const credential: Credential = { credentialType: 'basic', identity }
  const made = await generateKeyPackageWithKey(credential, capabilities, lifetime, [], pair, suite)
  return { keyPackage: made.publicPackage, keys: made.privatePackage, inbox: box.privateKey }
}

/** keyPackageFault says what is wrong with a KeyPackage at a time (milliseconds since 1970), or null. */
export async function keyPackageFault(kp: KeyPackage, meeting: Bytes, time: number): Promise<string | null> {
  const { leafNode: leaf } = kp
  const seconds = BigInt(Math.floor(time / 1000))
  if (kp.cipherSuite !== suite.name) return 'another suite'
  if (!sameCapabilities(leaf.capabilities, capabilities)) return 'other capabilities'
  if (leaf.extensions.length > 0 || kp.extensions.length > 0) return 'extensions'
  if (leaf.lifetime.notAfter - leaf.lifetime.notBefore > 2n * hour) return 'lives too long'
  if (leaf.lifetime.notBefore > seconds || leaf.lifetime.notAfter < seconds) return 'not alive at this time'
  if (!(await vouched(leaf.credential, leaf.signaturePublicKey, meeting))) return 'credential not signed by its device'
  if (!(await verifyLeafNodeSignatureKeyPackage(leaf, suite.signature))) return 'leaf signature'
  if (!(await verifyKeyPackage(kp, suite.signature))) return 'signature'
  return null
}

/** retainedEpochs is for how many epochs back what was said before a commit still opens. */
export const retainedEpochs = 64

/** configFor makes ts-mls check every credential it meets against the meeting. Padding is ours (said.ts). */
export function configFor(meeting: Bytes): ClientConfig {
  return {
    ...defaultClientConfig,
    keyRetentionConfig: { ...defaultClientConfig.keyRetentionConfig, retainKeysForEpochs: retainedEpochs },
    lifetimeConfig: { maximumTotalLifetime: 2n * hour, validateLifetimeOnReceive: false }, // the gate compares with the commit's time
    paddingConfig: { kind: 'alwaysPad', paddingLength: 0 },
    authService: { validateCredential: (credential, key) => vouched(credential, key, meeting) },
  }
}
