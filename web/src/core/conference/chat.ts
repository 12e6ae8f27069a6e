/** Chat is what is written: sealed by the vault, passed on by the server, told apart by its id. */
import type { Line } from '../line/line'
import type { ChatLine } from '../snapshot'
import type { Said, To, Vault } from '../vault'
import type { Board } from './board'
import { codeOf } from './reasons'
import { appOf } from './sending'

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

  async say(text: string, to: To): Promise<void> {
    const { board, vault, line, now, me } = this.#parts
    const trimmed = trim(text)
    if (trimmed === '') return
    const { id: from, name } = me()
    let sealed: Awaited<ReturnType<Vault['say']>>
    try {
      sealed = await vault.say(trimmed, to)
    } catch (e) {
      fault(board, e)
      return
    }
    const { id } = sealed
    const toName = this.#toName(to)
    const mine: ChatLine = {
      ...{ id, from, name, mine: true, text: trimmed, to, toName },
      ...{ amended: 'no', at: now(), state: 'sending' },
    }
    board.chat((lines) => [...lines, mine])
    const sent = await line()
      .ask(appOf(sealed, false))
      .then(
        () => true,
        () => false,
      )
    board.chat((lines) => lines.map((l) => (l.id === id && l.mine ? { ...l, state: sent ? 'sent' : 'failed' } : l)))
  }

  /** amend changes or deletes an own message for all who have it. */
  async amend(id: string, text: string | null): Promise<void> {
    const { board, vault, line, me } = this.#parts
    const trimmed = text === null ? null : trim(text)
    if (trimmed === '' || !board.now.chat.some((l) => l.id === id && l.mine && l.amended !== 'deleted')) return
    try {
      await line().ask(appOf(await vault.amend(id, trimmed), false))
      this.#change(id, me().id, trimmed)
    } catch (e) {
      fault(board, e)
    }
  }

  heard(said: Extract<Said, { kind: 'chat' }>): void {
    const { board, now, nameOf } = this.#parts
    const { id, from, text, to } = said
    if (board.now.chat.some((l) => l.id === id && l.from === from)) return
    const line: ChatLine = {
      ...{ id, from, name: nameOf(from), mine: false, text, to, toName: this.#toName(to) },
      ...{ amended: 'no', at: now(), state: 'sent' },
    }
    board.chat((lines) => [...lines, line])
    board.set({ unread: board.now.unread + 1 })
  }

  /** amended changes a line of the same author only; a deleted one stays deleted. */
  amended(said: Extract<Said, { kind: 'amend' }>): void {
    this.#change(said.id, said.from, said.text)
  }

  #change(id: string, from: string, text: string | null): void {
    const amended = text === null ? 'deleted' : 'edited'
    this.#parts.board.chat((lines) =>
      lines.map((l) =>
        l.id === id && l.from === from && l.amended !== 'deleted' ? { ...l, text: text ?? '', amended } : l,
      ),
    )
  }

  #toName(to: To): string {
    return to.kind === 'one' ? this.#parts.nameOf(to.participant) : ''
  }

  /** read tells that all that was written has been shown. */
  read(): void {
    this.#parts.board.set({ unread: 0 })
  }
}

function trim(text: string): string {
  return Array.from(text.trim()).slice(0, mostCharacters).join('')
}

function fault(board: Board, e: unknown): void {
  const code = codeOf(e)
  if (code !== 'line_closed') board.notice('fault', '', code)
}
