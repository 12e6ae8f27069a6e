/** Comings tells who came, came back and went, as the group's commits say it: the server's word alone moves nobody. */
import type { Happening, Member } from '../vault'
import type { Notice } from '../snapshot'
import type { Board } from './board'

const kinds = { removed: 'removed', left: 'left', absent: 'absent' } as const
const mostExpected = 1_024 // leaves of a group

export class Comings {
  readonly #board: Board
  readonly #expected = new Map<string, 'joined' | 'returned'>() // who came, and whose name is not proven yet
  #members: readonly Member[] = []

  constructor(board: Board) {
    this.#board = board
  }

  passed(h: Extract<Happening, { kind: 'passed' }>): void {
    for (const { participant, name, how } of h.gone) {
      const unseen = this.#expected.delete(participant)
      const called = name || this.#nameOf(participant)
      if (!unseen && called !== '') this.#board.notice(kinds[how], called)
    }
    for (const p of h.came) this.#expect(p, 'joined')
    for (const p of h.back) this.#expect(p, 'returned')
    this.#tell()
  }

  /** roster tells of new roles, and of who came once their name is proven. */
  roster(members: readonly Member[], shown: boolean): void {
    const before = new Map(this.#members.map((m) => [m.participant, m.role]))
    this.#members = members
    if (!shown) return
    for (const m of members) {
      const role = before.get(m.participant)
      const kind = role === undefined ? null : promotion(role, m.role)
      if (kind !== null && m.name !== '') this.#board.notice(kind, m.name)
    }
    this.#tell()
  }

  /** forget is for a group that was left: whoever is in the next one did not come just now. */
  forget(): void {
    this.#expected.clear()
    this.#members = []
  }

  #expect(participant: string, how: 'joined' | 'returned'): void {
    if (this.#expected.size < mostExpected) this.#expected.set(participant, how)
  }

  #tell(): void {
    for (const [participant, how] of [...this.#expected]) {
      const member = this.#members.find((m) => m.participant === participant)
      if (member === undefined || (member.name === '' && !member.me)) continue
      this.#expected.delete(participant)
      if (!member.me) this.#board.notice(how, member.name)
    }
  }

  #nameOf(participant: string): string {
    return this.#members.find((m) => m.participant === participant)?.name ?? ''
  }
}

function promotion(before: Member['role'], after: Member['role']): Notice['kind'] | null {
  if (before === after) return null
  if (after === 'host') return 'host'
  if (after === 'co-host') return 'co-host'
  return before === 'co-host' ? 'co-host-no-more' : null
}
