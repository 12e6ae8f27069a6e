/** Orders are the signed words that the server must carry out: leave, remove somebody, end the meeting. */
import type { Line } from '../line/line'
import type { Bytes, Vault } from '../vault'
import { toBase64 } from './base64'
import type { Board } from './board'
import { codeOf } from './reasons'

export interface OrdersParts {
  readonly board: Board
  readonly vault: Vault
  readonly line: () => Line
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

  leave(): Promise<void> {
    return this.#order('leave', () => this.#parts.vault.leaving())
  }

  remove(participant: string): Promise<void> {
    return this.#order('remove', async () => {
      const statement = await this.#parts.vault.removal(participant)
      this.#parts.removed()
      return statement
    })
  }

  end(): Promise<void> {
    return this.#order('end', () => this.#parts.vault.ending())
  }

  async #order(type: 'leave' | 'remove' | 'end', sign: () => Promise<Bytes>): Promise<void> {
    try {
      await this.#parts.line().ask({ type, statement: toBase64(await sign()) })
    } catch (e) {
      const code = codeOf(e)
      if (code !== 'line_closed') this.#parts.board.notice('fault', '', code)
    }
  }
}
