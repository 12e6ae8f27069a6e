/** Orders are the signed words that the server must carry out: leave, hand over, remove somebody, end the meeting. */
import type { Line } from '../line/line'
import type { Bytes, Member, Vault } from '../vault'
import { toBase64 } from './base64'
import type { Board } from './board'
import { codeOf } from './reasons'
import type { Rules } from './rules'

const handedWithin = 15_000 // ms

export interface OrdersParts {
  readonly board: Board
  readonly vault: Vault
  readonly line: () => Line
  readonly rules: Rules
  readonly members: () => readonly Member[]
  /** removed is called when the vault has forgotten somebody: a reload must not let them in again. */
  readonly removed: () => void
}

export class Orders {
  readonly #parts: OrdersParts

  constructor(parts: OrdersParts) {
    this.#parts = parts
  }

  /** withdraw leaves the door; before the knock there is nothing to take back. */
  async withdraw(): Promise<void> {
    const { board, line } = this.#parts
    if (board.now.phase.name !== 'waiting') return
    await line()
      .ask({ type: 'withdraw' })
      .catch(() => undefined) // a closed line withdraws, too
  }

  /** leave says so to all, signed; before the group is joined there is nothing to sign. */
  leave(): Promise<void> {
    return this.#order('leave', () => this.#parts.vault.leaving().catch(() => new Uint8Array()))
  }

  async remove(participant: string): Promise<void> {
    const { rules, members, removed } = this.#parts
    const device = members().find((m) => m.participant === participant)?.device
    if (device === undefined) return
    await rules.remove(participant, device)
    removed()
  }

  /** handedOver makes a host of somebody, and is true once that holds for all. */
  async handedOver(participant: string): Promise<boolean> {
    const { rules, board } = this.#parts
    const wish = { kind: 'host', participant } as const
    if (!(await rules.order(wish))) return false
    const done = await rules.became(wish, handedWithin)
    if (!done) board.notice('fault', '', 'policy_stale')
    return done
  }

  end(): Promise<void> {
    return this.#order('end', () => this.#parts.vault.ending())
  }

  async #order(type: 'leave' | 'end', sign: () => Promise<Bytes>): Promise<void> {
    try {
      await this.#parts.line().ask({ type, statement: toBase64(await sign()) })
    } catch (e) {
      const code = codeOf(e)
      if (code !== 'line_closed') this.#parts.board.notice('fault', '', code)
    }
  }
}
