/** Entering is the way into the group for who has no seat: back by the device's own word, as its host, or by a knock. */
import type { Clock } from '../clock'
import { Refusal, type Greeter } from '../line/line'
import type { Vault } from '../vault'
import type { OkHost } from '../wire.gen'
import { fromBase64, toBase64 } from './base64'
import type { Board } from './board'
import { hostRequest, knockRequest, rejoinRequest } from './entry'
import type { Place } from './place'
import { codeOf } from './reasons'
import type { Wait } from './wait'

const refreshKeyPackage = 45 * 60_000 // a KeyPackage lives an hour
const takePatience = 10_000 // members commit within two seconds, or there are none
const rejoinPatience = 15_000

export interface EnteringParts {
  readonly vault: Vault
  readonly clock: Clock
  readonly board: Board
  readonly place: Place
  readonly wait: Wait
  /** here speaks on the present socket. */
  readonly here: () => Greeter
  /** knocked is called when the vault has keys that a reload must find. */
  readonly knocked: () => void
  /** opened is called when this device's own group stands. */
  readonly opened: () => void
  /** failed is told the code of what went wrong later, while waiting to be let in. */
  readonly failed: (code: string) => void
}

export class Entering {
  readonly #parts: EnteringParts
  #rejoins = true // false once the server let a rejoin lie
  #stop: () => void = () => undefined

  constructor(parts: EnteringParts) {
    this.#parts = parts
  }

  /** enter takes the best way that is open to this device. */
  async enter(by: Greeter): Promise<void> {
    if (!by.alive()) throw new Refusal('line_broken') // before the vault forgets what it asked for last
    if (await this.#rejoined(by)) return
    if (this.#parts.place.hostLink) await this.#asHost(by)
    else await this.#knock(by)
  }

  /** again knocks at a new group: there is no way back into one that this device was never in. */
  async again(by: Greeter): Promise<void> {
    if (this.#parts.place.hostLink) await this.#asHost(by)
    else await this.#knock(by)
  }

  /** end is called when the person is let in or goes. */
  end(): void {
    this.#stop()
  }

  async #rejoined(by: Greeter): Promise<boolean> {
    const { vault, place, wait } = this.#parts
    if (!this.#rejoins) {
      this.#rejoins = true
      return false
    }
    const request = await rejoinRequest(vault, fromBase64(place.challenge)).catch(() => null)
    if (request === null) return false
    try {
      await by.ask(request)
    } catch (e) {
      if (['rejoin_bad', 'group_unknown', 'group_missing'].includes(codeOf(e))) return false
      throw e
    }
    place.participant = request.participant
    by.reseat()
    wait.comingBack()
    this.#within(rejoinPatience, () => {
      this.#rejoins = false
      by.renew()
    })
    return true
  }

  async #asHost(by: Greeter): Promise<void> {
    const { vault, place } = this.#parts
    const entry = await hostRequest(vault, fromBase64(place.challenge))
    const seat = await by.ask(entry)
    place.participant = entry.participant
    by.reseat()
    try {
      if (seat.holders > 0 && (await this.#take(by, seat))) return
      await this.#open(by, seat)
    } catch (e) {
      const moved = ['group_held', 'group_missing', 'policy_stale', 'message_order'].includes(codeOf(e))
      if (!moved || !by.alive()) throw e
      by.renew() // the meeting changed meanwhile: ask anew how it stands
      throw new Refusal('line_broken')
    }
  }

  /** take asks those inside to add this device. False: nobody holds the group any more. */
  async #take(by: Greeter, seat: OkHost): Promise<boolean> {
    const { vault, place, wait } = this.#parts
    const last = { group: fromBase64(seat.group), policies: seat.policies.map(fromBase64) }
    const taken = await vault.take(place.name, last)
    try {
      await by.ask({
        type: 'take',
        keyPackage: toBase64(taken.keyPackage),
        admission: toBase64(taken.admission),
        policy: toBase64(taken.policy),
      })
    } catch (e) {
      if (codeOf(e) === 'group_missing') return false
      throw e
    }
    wait.comingBack()
    this.#within(takePatience, () => {
      this.#open(by, seat).catch((e: unknown) => {
        if (codeOf(e) !== 'line_broken') by.renew()
      })
    })
    return true
  }

  async #open(by: Greeter, seat: OkHost): Promise<void> {
    const { vault, place, board } = this.#parts
    place.grouped = true
    const { generation } = seat
    const last = { generation, group: fromBase64(seat.group), policies: seat.policies.map(fromBase64) }
    const made = await vault.openGroup(place.name, fromBase64(place.orderKey), last)
    try {
      const said = await by.ask({
        type: 'open',
        group: toBase64(made.group),
        policy: toBase64(made.policy),
        keyPackage: toBase64(made.keyPackage),
        admission: toBase64(made.admission),
      })
      place.relay = said.relay
    } catch (e) {
      if (by.alive()) place.grouped = false
      throw e
    }
    place.ticket = seat.ticket // only now: a seat without a group is taken anew
    if (made.forgotten) board.notice('bars-forgotten', '')
    if (made.older) board.alarm('policies_older', '', '')
    this.#parts.opened()
  }

  async #knock(by: Greeter): Promise<void> {
    const { vault, place, wait, clock } = this.#parts
    const knock = await knockRequest(vault, fromBase64(place.challenge), place.name)
    const said = await by.ask(knock)
    place.participant = knock.participant
    by.reseat()
    wait.knocked(said.open)
    this.#stop()
    this.#stop = clock.after(refreshKeyPackage, () => {
      const here = this.#parts.here()
      this.#knock(here).catch((e: unknown) => {
        if (codeOf(e) === 'meeting_locked') this.#parts.failed('meeting_locked')
        else here.renew()
      })
    })
    this.#parts.knocked()
  }

  #within(ms: number, otherwise: () => void): void {
    this.#stop()
    this.#stop = this.#parts.clock.after(ms, otherwise)
  }
}
