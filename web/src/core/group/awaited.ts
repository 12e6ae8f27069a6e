/**
 * Awaited is what this device signed and the server has not let happen yet; whatever takes too long is told once. It outlives a
 * group's session: a rejoin in between carries nothing out.
 */
import type { Clock } from '../clock'
import { hex } from '../keys/bytes'
import { policyOf, type Roster } from './roster'

const limits = { removal: 5_000, change: 5_000, add: 10_000 } as const
const most = 512 // of one kind; the oldest go first

export type Wait = keyof typeof limits

/** Hooks are told by whoever shows what is awaited. */
export interface Hooks {
  readonly late: (what: Wait, key: string) => void
  readonly changed: () => void
}

const nobody: Hooks = { late: () => undefined, changed: () => undefined }

interface Carried {
  readonly what: Wait
  readonly key: string
  readonly epoch: number // whose commit did it
}

export class Awaited {
  readonly #clock: Clock
  #hooks = nobody
  #carried: readonly Carried[] = []
  readonly #stops: Readonly<Record<Wait, Map<string, () => void>>> = {
    removal: new Map(),
    change: new Map(),
    add: new Map(),
  }

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** tells gives the hooks of the present session. */
  tells(hooks: Hooks): void {
    this.#hooks = hooks
  }

  await(what: Wait, key: string): void {
    this.done(what, key)
    const stops = this.#stops[what]
    stops.set(
      key,
      this.#clock.after(limits[what], () => {
        if (what === 'add') stops.delete(key)
        this.#hooks.late(what, key)
      }),
    )
    for (const old of [...stops.keys()].slice(0, -most)) this.done(what, old)
  }

  done(what: Wait, key: string): void {
    this.#stops[what].get(key)?.()
    this.#stops[what].delete(key)
  }

  /** settle ends the waits that an epoch answers. Who is only away can come back: their removal is not carried out. */
  settle(roster: Roster, epoch: number, leading: boolean): void {
    const reach = new Set([...roster.leaves.values(), ...roster.away].map((l) => hex(l.participant)))
    for (const p of this.of('removal')) if (!reach.has(p)) this.#carriedOut('removal', p, epoch - 1)
    if (!leading) this.clear('removal') // the word of who leads no more removes nobody
    const { sequence } = policyOf(roster).body
    for (const s of this.of('change')) if (Number(s) <= sequence) this.#carriedOut('change', s, epoch - 1)
  }

  /** carriedOut: the commit of an epoch did it. */
  #carriedOut(what: Wait, key: string, epoch: number): void {
    if (!this.#stops[what].has(key)) return
    this.done(what, key)
    this.#carried = [...this.#carried, { what, key, epoch }].slice(-most)
  }

  /** voided: the commits from an epoch on are void, and what they had carried out is awaited again. */
  voided(epoch: number): void {
    const again = this.#carried.filter((c) => c.epoch >= epoch)
    this.#carried = this.#carried.filter((c) => c.epoch < epoch)
    for (const { what, key } of again) this.await(what, key)
  }

  /** gaveUp: what was signed is not asked for any more. */
  gaveUp(what: 'removal' | 'change', participant: string): void {
    if (what === 'change') this.clear('change')
    else this.done('removal', participant)
    this.#hooks.changed()
  }

  of(what: Wait): string[] {
    return [...this.#stops[what].keys()]
  }

  clear(...kinds: readonly Wait[]): void {
    for (const what of kinds) for (const key of this.of(what)) this.done(what, key)
  }
}
