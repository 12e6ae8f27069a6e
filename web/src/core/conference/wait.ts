/** Wait is the waiting room as the person in it sees it: for whom they wait, and whether they still do. */
import type { Clock } from '../clock'
import type { Board } from './board'

const quick = 5_000 // ms within which who comes back is let in by the host's page itself, if at all

export class Wait {
  readonly #board: Board
  readonly #clock: Clock
  #stop: () => void = () => undefined

  constructor(board: Board, clock: Clock) {
    this.#board = board
    this.#clock = clock
  }

  /** knocked shows the waiting room: to who comes back only once it takes longer than a host's page needs. */
  knocked(open: boolean): void {
    this.end()
    const { name } = this.#board.now.phase
    if (name === 'over' || name === 'meeting') return
    if (name !== 'entering' || !open) this.#show(open)
    else
      this.#stop = this.#clock.after(quick, () => {
        this.#show(true)
      })
  }

  /** comingBack is for who asked nobody: the others' devices let them in, or nobody does. */
  comingBack(): void {
    this.end()
    if (this.#board.now.phase.name !== 'over') this.#board.set({ phase: { name: 'entering' } })
  }

  /** told is the server's word that the host came or went. */
  told(open: boolean): void {
    const { phase } = this.#board.now
    if (phase.name === 'waiting')
      this.#board.set({ phase: { ...phase, for: open ? 'answer' : 'host', askStill: open && phase.askStill } })
    else if (phase.name === 'entering' && !open) this.knocked(false)
  }

  /** asked asks the person whether they still wait; answered takes the question back and tells whether there was one to answer. */
  asked(): void {
    this.#askStill(true)
  }

  answered(): boolean {
    return this.#askStill(false)
  }

  /** end is called when the person is let in or goes. */
  end(): void {
    this.#stop()
  }

  #askStill(askStill: boolean): boolean {
    const { phase } = this.#board.now
    if (phase.name !== 'waiting') return false
    this.#board.set({ phase: { ...phase, askStill } })
    return true
  }

  #show(open: boolean): void {
    const { phase } = this.#board.now
    const since = phase.name === 'waiting' ? phase.since : this.#clock.now()
    this.#board.set({ phase: { name: 'waiting', for: open ? 'answer' : 'host', askStill: false, since } })
  }
}
