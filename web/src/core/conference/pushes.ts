/** Pushes are what the server says of its own accord: taken in their turn, each with what it needs. */
import { Refusal, type Line } from '../line/line'
import type { OverReason } from '../snapshot'
import type { Vault } from '../vault'
import type { Over, Push, Regroup, Slots } from '../wire.gen'
import { fromBase64 } from './base64'
import type { Board } from './board'
import type { Clock } from '../clock'
import type { HostDoor } from './door'
import type { Entering } from './entering'
import type { Inside } from './inside'
import type { Place } from './place'
import { codeOf } from './reasons'
import type { Wait } from './wait'

const regroupEvery = 2_000
const regroupPatience = 60_000 // a group whose hosts are gone is given up after 12 s; five times that is a server's fault

export interface PushesParts {
  readonly board: Board
  readonly vault: Vault
  readonly clock: Clock
  readonly place: Place
  readonly line: () => Line
  readonly door: HostDoor
  readonly inside: Inside
  readonly wait: Wait
  readonly entering: Entering
  readonly isOver: () => boolean
  readonly end: (reason: OverReason) => void
  /** refused brings the person back to the door with the reason. */
  readonly refused: (code: string) => void
}

export class Pushes {
  readonly #parts: PushesParts
  #turn: Promise<void> = Promise.resolve()

  constructor(parts: PushesParts) {
    this.#parts = parts
  }

  /** push takes pushes in their turn, but for the word of whose picture is where: the first frames wait for it. */
  push(push: Push): void {
    const { inside, isOver } = this.#parts
    if (push.type === 'slots') {
      if (!isOver()) inside.slots(push)
      return
    }
    this.#turn = this.#turn
      .then(() => (isOver() ? undefined : this.#take(push)))
      .catch((e: unknown) => {
        this.#stumbled(push, e)
      })
  }

  async #take(push: Exclude<Push, Slots>): Promise<void> {
    const { wait, door, inside } = this.#parts
    switch (push.type) {
      case 'waiting':
        wait.told(push.open)
        return
      case 'ask':
        wait.asked()
        return
      case 'over':
        return this.#told(push)
      case 'knock':
        return door.knocked(push)
      case 'knock-gone':
        door.gone(push.participant)
        return
      case 'admitted': {
        const { place, entering, board } = this.#parts
        place.ticket = push.ticket
        place.grouped = true
        wait.end()
        entering.end()
        board.set({ phase: { name: 'entering' } })
        return inside.admitted(push)
      }
      case 'task':
        return inside.task(push)
      case 'commit':
        return inside.ordered(push)
      case 'reopened':
        return inside.reopened(push)
      case 'app':
        return inside.heard(push)
      case 'presence':
        inside.presence(push)
        return
      case 'regroup':
        this.#regroup(push).catch((e: unknown) => {
          if (codeOf(e) !== 'line_broken') this.#parts.refused(codeOf(e))
        })
        return
      case 'fault':
      case 'ping':
      case 'pong':
        return
    }
  }

  /** stumbled judges a push that could not be carried out. Where the server refused, it says itself how it goes on. */
  #stumbled(push: Push, e: unknown): void {
    const { board, end, isOver } = this.#parts
    if (isOver() || push.type !== 'admitted' || e instanceof Refusal) return
    board.alarm('welcome_refused', '', e instanceof Error ? e.message : '')
    end('unsealed')
  }

  async #told(over: Over): Promise<void> {
    const { vault, end } = this.#parts
    const statement = fromBase64(over.statement)
    if (over.reason === 'ended') end((await vault.checkEnd(statement)) ? 'ended' : 'closed')
    else if (over.reason === 'removed') end((await vault.checkRemoval(statement)) ? 'removed' : 'closed')
    else end(over.reason)
  }

  /** regroup goes over to the host's new group, but only once no host vouches for the present one: till then the server is not believed. */
  async #regroup(push: Regroup): Promise<void> {
    const { vault, place, clock, board, line, entering, inside } = this.#parts
    const here = line().here()
    place.ticket = ''
    place.challenge = push.challenge
    const since = clock.now()
    while (!(await vault.mayRegroup(fromBase64(push.policy)).catch(() => false))) {
      board.alarm('regroup_refused', '', '')
      if (clock.now() - since >= regroupPatience) {
        here.renew()
        return
      }
      await new Promise<void>((next) => clock.after(regroupEvery, next))
      if (!here.alive() || this.#parts.isOver()) return
    }
    const had = inside.confirmed
    place.unseated()
    inside.left()
    board.set({ phase: { name: 'entering' } })
    if (had) board.notice('regrouped', '')
    await entering.again(here)
  }
}
