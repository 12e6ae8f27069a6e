/** Clock is the time and its timers; tests move it by hand. */
export interface Clock {
  /** now is in milliseconds since 1970. */
  now(): number
  /** after calls once after so many milliseconds unless the returned function was called before. */
  after(ms: number, call: () => void): () => void
}

export const wallClock: Clock = {
  now: () => Date.now(),
  after(ms, call) {
    const timer = setTimeout(call, ms)
    return () => {
      clearTimeout(timer)
    }
  },
}
