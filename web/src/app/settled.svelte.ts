import { SvelteSet } from 'svelte/reactivity'

const glance = 500 // ms for which a name must have been on screen before it can be let in

/** settled tells which of the ids now shown have been on screen for half a second. Call it while a component starts. */
export function settled(shown: () => readonly string[]): ReadonlySet<string> {
  const ready = new SvelteSet<string>()
  // eslint-disable-next-line svelte/prefer-svelte-reactivity -- bookkeeping that no view reads
  const timers = new Map<string, ReturnType<typeof setTimeout>>()
  $effect(() => {
    const ids = shown()
    for (const [id, timer] of timers) {
      if (ids.includes(id)) continue
      clearTimeout(timer)
      timers.delete(id)
      ready.delete(id)
    }
    for (const id of ids) {
      if (!timers.has(id))
        timers.set(
          id,
          setTimeout(() => ready.add(id), glance),
        )
    }
  })
  $effect(() => () => {
    for (const timer of timers.values()) clearTimeout(timer)
  })
  return ready
}
