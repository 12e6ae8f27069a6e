/** Chat is what is written: sealed by the vault, passed on by the server, told apart by its id. */
import type { Asking, Line } from '../line/line'
import type { ChatLine } from '../snapshot'
import type { Said, Vault } from '../vault'
import { toBase64 } from './base64'
import type { Board } from './board'
import { codeOf } from './reasons'

const mostCharacters = 4_000

export interface ChatParts {
  readonly board: Board
  readonly vault: Vault
  readonly line: () => Line
  readonly now: () => number
  readonly me: () => { readonly id: string; readonly name: string }
  readonly nameOf: (participant: string) => string
}

export class Chat {
  readonly #parts: ChatParts

  constructor(parts: ChatParts) {
    this.#parts = parts
  }

  async say(text: string): Promise<void> {
    const { board, vault, line, now, me } = this.#parts
    const trimmed = Array.from(text.trim()).slice(0, mostCharacters).join('')
    if (trimmed === '') return
    const { id, name } = me()
    let sealed: Awaited<ReturnType<Vault['say']>>
    try {
      sealed = await vault.say(trimmed)
    } catch (e) {
      board.notice('fault', '', codeOf(e) === 'stopped' ? 'stopped' : 'not_member')
      return
    }
    const mine: ChatLine = { id: sealed.id, from: id, name, mine: true, text: trimmed, at: now(), state: 'sending' }
    board.chat((lines) => [...lines, mine])
    const request: Asking<'app'> = {
      type: 'app',
      epoch: sealed.epoch,
      message: toBase64(sealed.message),
      fleeting: false,
    }
    const sent = await line()
      .ask(request)
      .then(
        () => true,
        () => false,
      )
    board.chat((lines) => lines.map((l) => (l.id === sealed.id ? { ...l, state: sent ? 'sent' : 'failed' } : l)))
  }

  heard(said: Extract<Said, { kind: 'chat' }>): void {
    const { board, now, nameOf } = this.#parts
    const { id, from, text } = said
    if (board.now.chat.some((l) => l.id === id && l.from === from)) return
    board.chat((lines) => [...lines, { id, from, name: nameOf(from), mine: false, text, at: now(), state: 'sent' }])
    board.set({ unread: board.now.unread + 1 })
  }

  /** read tells that all that was written has been shown. */
  read(): void {
    this.#parts.board.set({ unread: 0 })
  }
}
