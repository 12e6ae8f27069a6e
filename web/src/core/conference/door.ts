/** HostDoor is the side of hosts and co-hosts of the door: who knocks, by which proven name, and what they say to it. */
import { Refusal, type Line } from '../line/line'
import type { Knocker } from '../snapshot'
import type { Vault } from '../vault'
import type { KnockPush } from '../wire.gen'
import { fromBase64, toBase64 } from './base64'
import type { Board } from './board'
import { alike } from './people'

const mostNames = 200 // of people turned away

type Read = Awaited<ReturnType<Vault['readKnock']>>

export interface DoorParts {
  readonly board: Board
  readonly vault: Vault
  readonly line: () => Line
  /** admitted is called when the vault has learned whom it let in: a reload must know it. */
  readonly admitted: () => void
}

export class HostDoor {
  readonly #parts: DoorParts
  readonly #known = new Set<string>() // at the door, let in before, and not yet again

  constructor(parts: DoorParts) {
    this.#parts = parts
  }

  /** knocked shows a knock whose signature and seal are right, and lets in by itself whom the host had let in before. */
  async knocked(push: KnockPush): Promise<void> {
    const { participant } = push
    const read = await this.#read(push)
    if (read === null) {
      this.#parts.board.alarm('knock_bad', '', participant)
      void this.deny(participant) // its answer must not hold up what else the host hears
      return
    }
    this.#known.delete(participant)
    if (read.known && !read.suspect) {
      if (await this.#admittedAgain(participant)) return
      this.#known.add(participant)
    }
    this.#show(push, read)
  }

  /** entered lets in whom this device had let in before, where they came before it was inside itself. */
  entered(): void {
    const ids = [...this.#known]
    this.#known.clear()
    void this.admit(ids)
  }

  async #read(push: KnockPush): Promise<Read | null> {
    try {
      return await this.#parts.vault.readKnock({
        participant: push.participant,
        device: fromBase64(push.device),
        keyPackage: fromBase64(push.keyPackage),
        sealedName: fromBase64(push.sealedName),
        statement: fromBase64(push.statement),
      })
    } catch {
      return null
    }
  }

  /** admittedAgain is false where the admission did not go through; then the host is asked like for anybody. */
  #admittedAgain(participant: string): Promise<boolean> {
    return this.#admit([participant]).then(
      () => true,
      () => false,
    )
  }

  #show(push: KnockPush, { name, suspect }: Read): void {
    const { board } = this.#parts
    const { participant } = push
    const others = [...board.now.people, ...board.now.waiting].filter((p) => p.id !== participant)
    const lookalike = others.some((p) => alike(p.name, name))
    const knocker: Knocker = { id: participant, name, since: push.since, lookalike, suspect, busy: false }
    const again = board.now.waiting.some((k) => k.id === participant)
    const waiting = again
      ? board.now.waiting.map((k) => (k.id === participant ? { ...knocker, since: k.since } : k))
      : [...board.now.waiting, knocker]
    board.set({ waiting })
    if (!again) board.notice('knock', name)
  }

  gone(participant: string): void {
    const { board } = this.#parts
    this.#known.delete(participant)
    board.set({ waiting: board.now.waiting.filter((k) => k.id !== participant) })
  }

  async admit(ids: readonly string[]): Promise<void> {
    const there = this.#parts.board.now.waiting.filter((k) => ids.includes(k.id) && !k.busy).map((k) => k.id)
    if (there.length === 0) return
    this.#busy(there, true)
    await this.#admit(there).catch((e: unknown) => {
      this.#busy(there, false)
      this.#failed(e)
    })
  }

  async #admit(participants: readonly string[]): Promise<void> {
    const admission = await this.#parts.vault.admit(participants)
    await this.#parts.line().ask({ type: 'admit', admission: toBase64(admission) })
    this.#parts.admitted()
  }

  async deny(id: string): Promise<void> {
    const { board, line } = this.#parts
    const who = board.now.waiting.find((k) => k.id === id)
    this.#busy([id], true)
    try {
      await line().ask({ type: 'deny', participant: id })
      this.gone(id)
      if (who) board.set({ refused: [...board.now.refused, { id, name: who.name }].slice(-mostNames) })
    } catch (e) {
      this.#busy([id], false)
      this.#failed(e)
    }
  }

  async allowAgain(id: string): Promise<void> {
    const { board, line } = this.#parts
    try {
      await line().ask({ type: 'allow', participant: id })
      board.set({ refused: board.now.refused.filter((r) => r.id !== id) })
    } catch (e) {
      this.#failed(e)
    }
  }

  #busy(ids: readonly string[], busy: boolean): void {
    const { board } = this.#parts
    board.set({ waiting: board.now.waiting.map((k) => (ids.includes(k.id) ? { ...k, busy } : k)) })
  }

  #failed(e: unknown): void {
    if (e instanceof Refusal && e.code !== 'line_closed') this.#parts.board.notice('fault', '', e.code)
  }
}
