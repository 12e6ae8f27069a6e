/** Wanting asks a host or co-host for names that did not come: who was added while the committer did not know them yet. */
import type { Clock } from '../clock'
import { hex, random } from '../keys/bytes'
import { namesAtOnce, type Content } from './said'
import { leads } from './roster'
import type { Group } from './group'
import type { People } from './people'

const patience = 2_000 // names follow a commit by themselves
const longest = 60_000
const answersEvery = 1_000 // to one member

export interface WantingParts {
  readonly clock: Clock
  readonly group: Group
  readonly people: People
  readonly run: (job: () => Promise<void>) => void
  readonly send: (content: Content, to: string) => Promise<void>
}

export class Wanting {
  readonly #p: WantingParts
  readonly #answered = new Map<string, number>()
  #wait = patience
  #stop: (() => void) | null = null

  constructor(parts: WantingParts) {
    this.#p = parts
  }

  /** look is called when the roster or a name changed. */
  look(): void {
    if (this.#p.people.unnamed().length === 0) this.close()
    else if (this.#stop === null) this.#later()
  }

  #later(): void {
    this.#stop = this.#p.clock.after(this.#wait, () => {
      this.#wait = Math.min(2 * this.#wait, longest)
      this.#stop = null
      this.#p.run(() => this.#ask())
      this.look()
    })
  }

  async #ask(): Promise<void> {
    const { group, people, send } = this.#p
    const participants = people.unnamed().slice(0, namesAtOnce)
    const leaders = [...group.roster.leaves.values()].filter(
      (l) => l.leaf !== group.leaf && leads(group.roster, l.device),
    )
    const one = leaders[(random(1)[0] ?? 0) % Math.max(1, leaders.length)]
    if (participants.length > 0 && one) await send({ kind: 'wanted', participants }, hex(one.participant))
  }

  /** answer gives who asks the names that are known here, once a second at most. */
  async answer(participants: readonly string[], who: string): Promise<void> {
    const now = this.#p.clock.now()
    const names = this.#p.people.named(participants)
    if (names.length === 0 || now - (this.#answered.get(who) ?? -Infinity) < answersEvery) return
    for (const [p, at] of this.#answered) if (now - at >= answersEvery) this.#answered.delete(p)
    this.#answered.set(who, now)
    await this.#p.send({ kind: 'names', names }, who)
  }

  close(): void {
    this.#stop?.()
    this.#stop = null
    this.#wait = patience
  }
}
