/** What every screen does on its own: know the width, take focus, keep the display awake. */
import { MediaQuery } from 'svelte/reactivity'

export const phone = new MediaQuery('(max-width: 719px)')

let opened = false

/** takesFocus moves focus to a screen's heading, so that its name is read; not on the page's first screen. */
export function takesFocus(heading: HTMLElement): void {
  if (opened) heading.focus()
  opened = true
}

/** keepAwake holds the display on until the returned function is called; browsers that cannot are left alone. */
export function keepAwake(): () => void {
  let lock: WakeLockSentinel | null = null
  let over = false
  const take = async (): Promise<void> => {
    if (document.visibilityState !== 'visible' || !('wakeLock' in navigator)) return
    try {
      lock = await navigator.wakeLock.request('screen')
      if (over) await lock.release()
    } catch {
      // refused on a low battery: the meeting goes on, the display may sleep
    }
  }
  const again = (): void => void take()
  document.addEventListener('visibilitychange', again)
  again()
  return () => {
    over = true
    document.removeEventListener('visibilitychange', again)
    void lock?.release()
  }
}
