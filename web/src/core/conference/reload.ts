/** Reload is what a page finds of its meeting when it is loaded again: the vault's keys, the name, whether it was inside. */
import type { Clock } from '../clock'
import type { OverReason } from '../snapshot'
import type { Vault } from '../vault'
import type { Memory } from './parts'

/** After these a reload tries again with the same link; after the last two the device must be known again, to stay out. */
const returnable: readonly OverReason[] = ['lapsed', 'full', 'locked', 'denied', 'removed']
const noSeat = new Uint8Array() // whoever is out comes back by a knock, if at all

const soon = 1_000 // ms; what changes quicker is written once

export class Reload {
  readonly #meeting: string
  readonly #memory: Memory
  readonly #vault: Vault
  readonly #clock: Clock
  #turn: Promise<void> = Promise.resolve() // one write after the other: the last word stays
  #due: (() => void) | null = null
  #closed = false

  constructor(meeting: string, memory: Memory, vault: Vault, clock: Clock) {
    this.#meeting = meeting
    this.#memory = memory
    this.#vault = vault
    this.#clock = clock
  }

  /** keep writes down where this person stands; where that is refused, a reload starts from the link. */
  async keep(name: string, inside: boolean): Promise<void> {
    const kept = await this.#vault.keep().catch(() => null) // asked outside the turn: a vault that is gone never answers
    if (kept !== null && !this.#closed) await this.#next(() => this.#memory.save(this.#meeting, { kept, name, inside }))
  }

  /** keepSoon keeps once for all that changes within a second. */
  keepSoon(keep: () => void): void {
    this.#due ??= this.#clock.after(soon, () => {
      this.#due = null
      keep()
    })
  }

  /** over forgets the meeting, unless a reload may try again or another tab has it, and lets another tab have it. */
  async over(reason: OverReason): Promise<void> {
    this.#closed = true
    this.#due?.()
    await this.#next(async () => {
      if (reason === 'elsewhere') return
      const found = returnable.includes(reason) ? await this.#memory.load(this.#meeting).catch(() => null) : null
      if (found === null) await this.#memory.wipe(this.#meeting)
      else await this.#memory.save(this.#meeting, { ...found, kept: { ...found.kept, seat: noSeat }, inside: false })
    })
    this.#memory.release(this.#meeting)
  }

  #next(act: () => Promise<void>): Promise<void> {
    this.#turn = this.#turn.then(act).catch(() => undefined) // a device that stores nothing works without
    return this.#turn
  }
}
