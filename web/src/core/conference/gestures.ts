/** Gestures are raised hands and reactions. */
import type { Clock } from '../clock'
import type { Line } from '../line/line'
import type { Reaction, Said, Sealed, Vault } from '../vault'
import type { Board } from './board'
import { codeOf } from './reasons'
import { appOf } from './sending'

const shownFor = 6_000 // ms

export interface GesturesParts {
  readonly board: Board
  readonly vault: Vault
  readonly clock: Clock
  readonly line: () => Line
  readonly me: () => string
  readonly nameOf: (participant: string) => string
  /** changed is called when other reactions are to be shown. */
  readonly changed: () => void
}

export class Gestures {
  readonly #parts: GesturesParts
  readonly #reactions = new Map<string, { reaction: Reaction; stop: () => void }>()
  readonly #up = new Set<string>() // whose hand was told of

  constructor(parts: GesturesParts) {
    this.#parts = parts
  }

  reactionOf(participant: string): Reaction | null {
    return this.#reactions.get(participant)?.reaction ?? null
  }

  async react(reaction: Reaction): Promise<void> {
    const { vault, me } = this.#parts
    if (await this.#say(() => vault.react(reaction), true)) this.#show(me(), reaction)
  }

  async hand(up: boolean): Promise<void> {
    await this.#say(() => this.#parts.vault.hand(up), false)
  }

  async lower(participant: string): Promise<void> {
    await this.#say(() => this.#parts.vault.hand(false, participant), false)
  }

  heard(said: Extract<Said, { kind: 'reaction' | 'hand' }>): void {
    const { board, nameOf } = this.#parts
    if (said.kind === 'reaction') this.#show(said.from, said.reaction)
    else if (!said.up) this.#up.delete(said.from)
    else if (!this.#up.has(said.from)) {
      this.#up.add(said.from)
      board.notice('hand', nameOf(said.from))
    }
  }

  /** keep forgets who is not inside any more, and whose hand another lowered. */
  keep(hands: ReadonlyMap<string, boolean>): void {
    for (const p of this.#up) if (hands.get(p) !== true) this.#up.delete(p)
    for (const p of this.#reactions.keys()) if (!hands.has(p)) this.#forget(p)
  }

  clear(): void {
    for (const p of [...this.#reactions.keys()]) this.#forget(p)
    this.#up.clear()
  }

  #show(participant: string, reaction: Reaction): void {
    const { clock, changed } = this.#parts
    this.#forget(participant)
    const stop = clock.after(shownFor, () => {
      this.#reactions.delete(participant)
      changed()
    })
    this.#reactions.set(participant, { reaction, stop })
    changed()
  }

  #forget(participant: string): void {
    this.#reactions.get(participant)?.stop()
    this.#reactions.delete(participant)
  }

  async #say(seal: () => Promise<Sealed>, fleeting: boolean): Promise<boolean> {
    const { board, line } = this.#parts
    try {
      await line().ask(appOf(await seal(), fleeting))
      return true
    } catch (e) {
      const code = codeOf(e)
      if (code !== 'line_closed') board.notice('fault', '', code)
      return false
    }
  }
}
