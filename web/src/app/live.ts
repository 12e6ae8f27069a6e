import { createSubscriber } from 'svelte/reactivity'
import type { Watchable } from '../core/watchable'

/** live shows a core value to Svelte: a component that reads .now renders again when it was replaced. */
export function live<T>(source: Watchable<T>): { readonly now: T } {
  const subscribe = createSubscriber((update) => source.watch(update))
  return {
    get now() {
      subscribe()
      return source.get()
    },
  }
}
