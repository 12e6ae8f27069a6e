/** Returning takes a held seat or group back after a break: the seat by its ticket, or the group from a server that forgot it. */
import type { Clock } from '../clock'
import { Refusal, isPassing, type Greeter, type Survives } from '../line/line'
import type { ReturnFields, Vault } from '../vault'
import type { OkReturn } from '../wire.gen'
import { fromBase64 } from './base64'
import { resumeRequest, returnRequest, reviveRequest } from './entry'
import type { Place } from './place'
import { farewellFor } from './reasons'

const askEvery = 2_000
const patience = 120_000 // as long as seats outlive their lines: then those who could bring the group back are gone

/** What a member signed or sealed for the group holds on a new seat of the same group; the rest was for the old one. */
const ofTheGroup: Survives = (type) => ['app', 'policy', 'remove', 'leave', 'end', 'deny', 'allow'].includes(type)

export interface ReturningParts {
  readonly vault: Vault
  readonly clock: Clock
  readonly place: Place
}

export class Returning {
  readonly #parts: ReturningParts
  #since = -Infinity // when the group was first asked for in vain

  constructor(parts: ReturningParts) {
    this.#parts = parts
  }

  /** resumed takes the seat with its ticket. False: it is gone, the group may not be. */
  async resumed(hello: Greeter): Promise<boolean> {
    const { vault, place } = this.#parts
    const seat = { participant: place.participant, ticket: place.ticket, seq: hello.latest }
    const request = await resumeRequest(vault, fromBase64(place.challenge), seat)
    return taken(hello.ask(request))
  }

  /**
   * returned brings the group back to a server that started anew: who may tells it the whole state, the others wait for that.
   * False: nobody did in time, or the group went on without this device.
   */
  async returned(hello: Greeter): Promise<boolean> {
    const { vault, clock, place } = this.#parts
    const fields = await vault.returning(fromBase64(place.challenge)).catch(() => null)
    if (fields === null) return false
    if (clock.now() - this.#since > 2 * patience) this.#since = clock.now()
    for (;;) {
      const said = await this.#ask(hello, fields)
      if (said === 'lost' || (said === 'unknown' && clock.now() - this.#since >= patience)) {
        this.#since = -Infinity
        return false
      }
      if (said !== 'unknown') {
        this.#since = -Infinity
        place.participant = fields.participant
        place.ticket = said.ticket
        place.relay = said.relay
        hello.reseat(ofTheGroup)
        return true
      }
      await new Promise<void>((next) => clock.after(askEvery, next))
    }
  }

  async #ask(hello: Greeter, fields: ReturnFields): Promise<OkReturn | 'unknown' | 'lost'> {
    try {
      return await hello.ask(returnRequest(fields))
    } catch (e) {
      if (stays(e) !== 'group_unknown') return 'lost'
    }
    if (fields.state.length === 0) return 'unknown'
    try {
      return await hello.ask(reviveRequest(fields))
    } catch (e) {
      stays(e)
      return 'unknown' // another was quicker: the next return finds the group
    }
  }
}

/** taken is false where the server says that there is no such thing any more. */
async function taken(asked: Promise<unknown>): Promise<boolean> {
  try {
    await asked
    return true
  } catch (e) {
    stays(e)
    return false
  }
}

/** stays is the code of a refusal that holds for what was asked; what passes, or ends the visit, is thrown on. */
function stays(e: unknown): string {
  if (!(e instanceof Refusal) || isPassing(e.code) || farewellFor(e.code, true) !== null) throw e
  return e.code
}
