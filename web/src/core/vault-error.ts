import type { VaultFailure } from './vault'

/** VaultError is how a vault refuses: a stable code and, for experts, a detail without secrets. */
export class VaultError extends Error implements VaultFailure {
  readonly code: string
  readonly detail: string

  constructor(code: string, detail: string) {
    super(`${code}: ${detail}`)
    this.name = 'VaultError'
    this.code = code
    this.detail = detail
  }
}
