/** The line between page and crypto worker: a call and its answer, and what the vault tells on its own account. */
import type { Happening, Vault, VaultFailure } from './vault'
import { VaultError } from './vault-error'

/** Method is what the page may call; watch and worker stay on their own sides. */
export type Method = Exclude<keyof Vault, 'watch' | 'worker'>

/** methods are spelled out, so that a message can name nothing else. */
export const methods = [
  'make',
  'begin',
  'useCode',
  'keep',
  'openBooking',
  'knock',
  'enterAsHost',
  'openGroup',
  'take',
  'resume',
  'rejoin',
  'returning',
  'readKnock',
  'admit',
  'change',
  'consent',
  'removal',
  'gaveUp',
  'leaving',
  'ending',
  'carryOut',
  'ordered',
  'reopened',
  'mayRegroup',
  'join',
  'hear',
  'say',
  'amend',
  'react',
  'hand',
  'devices',
  'checkEnd',
  'checkRemoval',
  'slots',
  'wipe',
] as const satisfies readonly Method[]

export interface Call {
  readonly id: number
  readonly method: Method
  readonly args: readonly unknown[]
}

export type FromWorker =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly failure: VaultFailure }
  | { readonly happening: Happening }

/** serve answers one call; what is no VaultError is told as internal, without detail. */
export async function serve(vault: Vault, call: Call): Promise<FromWorker> {
  const { id, method, args } = call
  try {
    if (!methods.includes(method)) throw new VaultError('internal', 'no such call')
    const run = vault[method].bind(vault) as (...args: readonly unknown[]) => Promise<unknown>
    return { id, result: await run(...args) }
  } catch (e) {
    const failure = e instanceof VaultError ? { code: e.code, detail: e.detail } : { code: 'internal', detail: '' }
    return { id, failure }
  }
}
