/** HandTime is a clock that tests move by hand. */
import type { Clock } from '../clock'

interface Timer {
  readonly due: number
  readonly call: () => void
}

export class HandTime implements Clock {
  #now = 1_000_000
  readonly #timers = new Set<Timer>()

  now(): number {
    return this.#now
  }

  after(ms: number, call: () => void): () => void {
    const timer = { due: this.#now + ms, call }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  /** waiting is how many timers run. */
  get waiting(): number {
    return this.#timers.size
  }

  /** move lets time pass; timers fire in order, each at its own moment. */
  async move(ms: number): Promise<void> {
    const end = this.#now + ms
    for (;;) {
      const next = [...this.#timers].filter((t) => t.due <= end).sort((a, b) => a.due - b.due)[0]
      if (next === undefined) break
      this.#timers.delete(next)
      this.#now = next.due
      next.call()
      await settle()
    }
    this.#now = end
    await settle()
  }
}

/** settle lets every promise that can go on do so. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
