import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { joinGroup, makePskIndex } from 'ts-mls/clientState.js'
import { acceptAll } from 'ts-mls/incomingMessageAction.js'
import { decodeMlsMessage, type MLSMessage } from 'ts-mls/message.js'
import { processMessage } from 'ts-mls/processMessages.js'
import { decodeRatchetTree } from 'ts-mls/ratchetTree.js'
import { fromHex, hex } from '../keys/bytes'
import { vectorsFolder } from '../testkit/vectors'
import { suite } from './suite'

interface Case {
  cipher_suite: number
  external_psks: { psk_id: string; psk: string }[]
  key_package: string
  signature_priv: string
  encryption_priv: string
  init_priv: string
  welcome: string
  ratchet_tree: string | null
  initial_epoch_authenticator: string
  epochs: { proposals: string[]; commit: string; epoch_authenticator: string }[]
}

const folder = vectorsFolder('mls')

function message(raw: string): MLSMessage {
  const decoded = decodeMlsMessage(fromHex(raw), 0)
  if (decoded === undefined) throw new Error('a vector does not decode')
  return decoded[0]
}

function base64(raw: string): string {
  return Buffer.from(raw, 'hex').toString('base64')
}

async function follow(c: Case): Promise<void> {
  const psks = Object.fromEntries(c.external_psks.map((p) => [base64(p.psk_id), fromHex(p.psk)]))
  const keyPackage = message(c.key_package)
  const welcome = message(c.welcome)
  if (keyPackage.wireformat !== 'mls_key_package' || welcome.wireformat !== 'mls_welcome')
    throw new Error('other message')
  const keys = {
    initPrivateKey: fromHex(c.init_priv),
    hpkePrivateKey: fromHex(c.encryption_priv),
    signaturePrivateKey: fromHex(c.signature_priv),
  }
  const tree = c.ratchet_tree === null ? undefined : decodeRatchetTree(fromHex(c.ratchet_tree), 0)?.[0]
  let state = await joinGroup(welcome.welcome, keyPackage.keyPackage, keys, makePskIndex(undefined, psks), suite, tree)
  expect(hex(state.keySchedule.epochAuthenticator)).toBe(c.initial_epoch_authenticator)
  for (const epoch of c.epochs) {
    for (const raw of [...epoch.proposals, epoch.commit]) {
      const m = message(raw)
      if (m.wireformat !== 'mls_public_message' && m.wireformat !== 'mls_private_message')
        throw new Error('other message')
      state = (await processMessage(m, state, makePskIndex(state, psks), acceptAll, suite)).newState
    }
    expect(hex(state.keySchedule.epochAuthenticator)).toBe(epoch.epoch_authenticator)
  }
}

test.runIf(folder !== null).each([
  ['passive-client-welcome', 8],
  ['passive-client-handling-commit', 13],
  ['passive-client-random', 1],
])('the official vectors %s pass for suite 1 with our suite', { timeout: 120_000 }, async (name, count) => {
  const file = `${folder ?? ''}/${name}.json`
  expect(existsSync(file)).toBe(true)
  const cases = (JSON.parse(readFileSync(file, 'utf8')) as Case[]).filter((c) => c.cipher_suite === 1)
  expect(cases.length).toBe(count)
  for (const c of cases) await follow(c)
})
