/** The one place that starts the crypto worker, by the one Trusted Types policy of our own. */
import url from '../workers/crypto?worker&url'
import type { Vault } from './vault'
import { VaultProxy } from './vault-proxy'

interface Policy {
  createScriptURL(address: string): string
}

interface PolicyFactory {
  createPolicy(name: string, rules: Policy): Policy
}

let policy: Policy | undefined

/** startVault starts a worker with a vault in it. */
export function startVault(): Vault {
  const { trustedTypes } = globalThis as { trustedTypes?: PolicyFactory }
  policy ??= trustedTypes?.createPolicy('incamera', {
    createScriptURL(address) {
      if (address !== url) throw new TypeError('only the crypto worker is started')
      return address
    },
  })
  return new VaultProxy(new Worker(policy?.createScriptURL(url) ?? url, { type: 'module', name: 'crypto' }))
}
