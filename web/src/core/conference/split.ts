/** SplitAlarm says that the meeting may have been split, by the names of those who are missed, until they return or a person dismisses it. */
import type { Clock } from '../clock'
import type { Link } from '../snapshot'
import type { Board } from './board'

const id = 'split'
const steadyFor = 5_000 // ms: who was cut off oneself hears nobody for a moment; that is told already
const heldFor = 30_000 // however restless the line is, it is told then
const lookEvery = 1_000

export class SplitAlarm {
  readonly #board: Board
  readonly #clock: Clock
  readonly #names = new Map<string, string>() // of those who are missed
  readonly #told = new Set<string>() // those whom the alarm has named, dismissed or not
  #since = 0 // when the first whom it has not named was missed
  #linked: number // when the line came back; infinite while it is down
  #stop: () => void = () => undefined

  constructor(board: Board, clock: Clock) {
    this.#board = board
    this.#clock = clock
    this.#linked = -Infinity
  }

  linked(link: Link): void {
    if (link !== 'connected') this.#linked = Infinity
    else if (this.#linked === Infinity) this.#linked = this.#clock.now()
  }

  /** take is told who is missed now; a name is asked for while the group still knows it. */
  take(lost: readonly string[], nameOf: (participant: string) => string): void {
    for (const p of [...this.#names.keys()]) if (!lost.includes(p)) this.#names.delete(p)
    for (const p of [...this.#told]) if (!lost.includes(p)) this.#told.delete(p)
    for (const p of lost) this.#names.set(p, nameOf(p) || (this.#names.get(p) ?? ''))
    const shown = this.#board.now.alarms.some((a) => a.id === id)
    if (lost.length === 0) this.clear()
    else if (lost.some((p) => !this.#told.has(p))) this.#tellSoon()
    else if (shown) this.#tell()
  }

  clear(): void {
    this.#stop()
    this.#names.clear()
    this.#told.clear()
    this.#since = 0
    this.#board.drop(id)
  }

  #tellSoon(): void {
    this.#stop()
    const now = this.#clock.now()
    if (this.#since === 0) this.#since = now
    if (now - this.#linked >= steadyFor || now - this.#since >= heldFor) this.#tell()
    else
      this.#stop = this.#clock.after(lookEvery, () => {
        this.#tellSoon()
      })
  }

  #tell(): void {
    this.#since = 0
    for (const p of this.#names.keys()) this.#told.add(p)
    const known = [...this.#names.values()].filter((name) => name !== '')
    this.#board.hold(id, 'split', known.join(', '))
  }
}
