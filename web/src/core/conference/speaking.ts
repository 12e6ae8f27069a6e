/** Who speaks: loudness with a memory, so that a ring neither flickers nor lingers. */

const loud = 0.02 // of full scale, about -34 dBov
const quiet = 0.01
const linger = 600 // ms; the ring goes that long after the voice

export class Speaking {
  #until = new Map<string, number>()

  /** heard takes the present levels and gives who speaks, or null where nothing changed. */
  heard(levels: ReadonlyMap<string, number>, now: number): ReadonlySet<string> | null {
    const before = [...this.#until.keys()].join()
    for (const [who, level] of levels) {
      const speaks = this.#until.has(who)
      if (level > (speaks ? quiet : loud)) this.#until.set(who, now + linger)
    }
    for (const [who, until] of this.#until) if (until <= now || !levels.has(who)) this.#until.delete(who)
    return before === [...this.#until.keys()].join() ? null : new Set(this.#until.keys())
  }
}
