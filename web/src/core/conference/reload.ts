/** Reload is what a page finds of its meeting when it is loaded again: the vault's keys, the name, whether it was inside. */
import type { OverReason } from '../snapshot'
import type { Vault } from '../vault'
import type { Memory } from './parts'

/** After these a reload tries again with the same link; after the last two the device must be known again, to stay out. */
const returnable: readonly OverReason[] = ['lapsed', 'full', 'denied', 'removed']

export class Reload {
  readonly #meeting: string
  readonly #memory: Memory
  readonly #vault: Vault

  constructor(meeting: string, memory: Memory, vault: Vault) {
    this.#meeting = meeting
    this.#memory = memory
    this.#vault = vault
  }

  /** keep writes down where this person stands; where that is refused, a reload starts from the link. */
  async keep(name: string, inside: boolean): Promise<void> {
    const kept = await this.#vault.keep().catch(() => null)
    if (kept !== null) await this.#memory.save(this.#meeting, { kept, name, inside }).catch(() => undefined)
  }

  /** over forgets the meeting, unless a reload may try again or another tab has it, and lets another tab have it. */
  async over(reason: OverReason): Promise<void> {
    if (reason !== 'elsewhere') {
      const found = returnable.includes(reason) ? await this.#memory.load(this.#meeting).catch(() => null) : null
      if (found === null) await this.#memory.wipe(this.#meeting).catch(() => undefined)
      else await this.#memory.save(this.#meeting, { ...found, inside: false }).catch(() => undefined)
    }
    this.#memory.release(this.#meeting)
  }
}
