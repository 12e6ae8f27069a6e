/**
 * Watchable is a value that tells its watchers when it was replaced. It knows no UI framework.
 * Watchers are called at once, in the order they came; one may stop watching while being called.
 */
export class Watchable<T> {
  #value: T
  readonly #watchers = new Set<() => void>()

  constructor(value: T) {
    this.#value = value
  }

  get(): T {
    return this.#value
  }

  /** set replaces the value; the same value again tells nobody. */
  set(value: T): void {
    if (Object.is(value, this.#value)) return
    this.#value = value
    for (const changed of [...this.#watchers]) if (this.#watchers.has(changed)) changed()
  }

  /** watch calls changed after every replacement until the returned function is called. */
  watch(changed: () => void): () => void {
    const watcher = (): void => {
      changed()
    }
    this.#watchers.add(watcher)
    return () => this.#watchers.delete(watcher)
  }
}
