/** Awaited is what this device signed and the server has not let happen yet; whatever takes too long is told once. */
import type { Clock } from '../clock'

const limits = { removal: 5_000, change: 5_000, add: 10_000 } as const
const most = 512 // of one kind; the oldest go first

export type Wait = keyof typeof limits

export class Awaited {
  readonly #clock: Clock
  readonly #late: (what: Wait, key: string) => void
  readonly #stops: Readonly<Record<Wait, Map<string, () => void>>> = {
    removal: new Map(),
    change: new Map(),
    add: new Map(),
  }

  constructor(clock: Clock, late: (what: Wait, key: string) => void) {
    this.#clock = clock
    this.#late = late
  }

  await(what: Wait, key: string): void {
    this.done(what, key)
    const stops = this.#stops[what]
    stops.set(
      key,
      this.#clock.after(limits[what], () => {
        if (what === 'add') stops.delete(key)
        this.#late(what, key)
      }),
    )
    for (const old of [...stops.keys()].slice(0, -most)) this.done(what, old)
  }

  done(what: Wait, key: string): void {
    this.#stops[what].get(key)?.()
    this.#stops[what].delete(key)
  }

  of(what: Wait): string[] {
    return [...this.#stops[what].keys()]
  }

  clear(...kinds: readonly Wait[]): void {
    for (const what of kinds) for (const key of this.of(what)) this.done(what, key)
  }
}
