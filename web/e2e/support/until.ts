/** until asks again and again until the answer satisfies, and fails with the last answer after the limit. */
export async function until<T>(
  what: string,
  ask: () => Promise<T> | T,
  good: (answer: T) => boolean,
  limit = 20_000,
): Promise<T> {
  const end = Date.now() + limit
  for (;;) {
    const answer = await ask()
    if (good(answer)) return answer
    if (Date.now() > end) throw new Error(`${what}: still ${JSON.stringify(answer)} after ${limit / 1000} s`)
    await new Promise((r) => setTimeout(r, 50))
  }
}

/** stays fails if the answer ever becomes false within the time. */
export async function stays(what: string, ask: () => Promise<boolean>, time: number): Promise<void> {
  const end = Date.now() + time
  while (Date.now() < end) {
    if (!(await ask())) throw new Error(`${what}: it did not stay so`)
    await new Promise((r) => setTimeout(r, 100))
  }
}
