/** Rules are the policy as it holds, and the orders that change it: one at a time, each signed under what was seen last. */
import type { Clock } from '../clock'
import { Refusal, type Line } from '../line/line'
import type { Allows, Change, Happening, Member, Rules as Policy, Vault } from '../vault'
import { toBase64 } from './base64'
import type { Board } from './board'
import { codeOf } from './reasons'

const mostTries = 5
const seenWithin = 5_000 // ms in which a policy that another signed, or that was taken, comes by a commit

/** guestsMay is what guests may do before the policy says otherwise. */
export const guestsMay: Allows = {
  share: false,
  chat: true,
  whisper: true,
  microphone: true,
  camera: true,
  react: true,
}
const everything: Allows = { share: true, chat: true, whisper: true, microphone: true, camera: true, react: true }

export interface RulesParts {
  readonly board: Board
  readonly vault: Vault
  readonly clock: Clock
  readonly line: () => Line
  readonly hostLink: () => boolean
  readonly members: () => readonly Member[]
}

export class Rules {
  readonly #parts: RulesParts
  #policy: Policy | null = null
  #turn: Promise<void> = Promise.resolve()
  #orders = 0
  #unapplied = false // the vault waits for something that was signed here
  #woken = new Set<() => void>()

  constructor(parts: RulesParts) {
    this.#parts = parts
  }

  take(h: Extract<Happening, { kind: 'rules' }>): void {
    const { board, hostLink } = this.#parts
    const { rules, first } = h
    const before = first ? null : this.#policy
    this.#policy = rules
    const host = rules.mine === 'host'
    board.set({
      role: rules.mine,
      host: host || hostLink(),
      locked: rules.locked,
      allows: rules.allows,
      may: rules.mine === 'guest' ? rules.allows : everything,
      barred: host ? rules.barred : [],
      ...(rules.mine === 'guest' ? { waiting: [], refused: [] } : {}),
    })
    if (before !== null) this.#tell(before, rules, h.by)
    this.#wake()
  }

  /** seen is called after every change of the roster: an order may be carried out with it. */
  seen(): void {
    this.#wake()
  }

  changing(unapplied: boolean): void {
    this.#unapplied = unapplied
    this.#show()
  }

  /** order carries a wish out, after those before it. False: it was not carried out, and a notice says why. */
  order(change: Change): Promise<boolean> {
    return this.#queued(() => this.#change(change))
  }

  /** remove takes somebody out for good; where the bar came too late it is signed anew. */
  remove(participant: string, device: string): Promise<boolean> {
    return this.#queued(async () => {
      const { vault, line, board } = this.#parts
      try {
        const { statement, policy } = await vault.removal(participant)
        const request = { type: 'remove', statement: toBase64(statement), policy: toBase64(policy) } as const
        const { barred } = await line().ask(request)
        const bar: Change = { kind: 'bar', device }
        return barred ? await this.#carriedOut(bar) : await this.#change(bar)
      } catch (e) {
        await vault.gaveUp('removal', participant).catch(() => undefined)
        fault(board, e)
        return false
      }
    })
  }

  /** became waits until a wish is true, at most so long. */
  became(change: Change, ms: number): Promise<boolean> {
    return this.#until(() => this.#isTrue(change), ms)
  }

  async #until(isSo: () => boolean, ms: number): Promise<boolean> {
    const until = this.#parts.clock.now() + ms
    while (!isSo()) {
      const left = until - this.#parts.clock.now()
      if (left <= 0) return false
      await this.#next(left)
    }
    return true
  }

  async #change(change: Change): Promise<boolean> {
    const { vault, line, board } = this.#parts
    let signed = false
    try {
      for (let tries = 1; !this.#isTrue(change); tries++) {
        const under = this.#policy
        const statement = toBase64(await vault.change(change))
        signed = true
        try {
          await line().ask({ type: 'policy', statement, consents: [] })
          return await this.#carriedOut(change)
        } catch (e) {
          if (!(e instanceof Refusal) || e.code !== 'policy_stale' || tries === mostTries) throw e
          await this.#until(() => this.#policy !== under, seenWithin) // never signed blindly
        }
      }
      if (signed) await vault.gaveUp('change', '') // another had the same wish
      return true
    } catch (e) {
      if (signed) await vault.gaveUp('change', '').catch(() => undefined)
      fault(board, e)
      return false
    }
  }

  /** carriedOut gives a policy that the server took the time to come by its commit: the next one is signed under it. */
  async #carriedOut(change: Change): Promise<boolean> {
    await this.became(change, seenWithin)
    return true
  }

  async #queued(act: () => Promise<boolean>): Promise<boolean> {
    this.#orders++
    this.#show()
    const done = this.#turn.then(act)
    this.#turn = done.then(
      () => undefined,
      () => undefined,
    )
    try {
      return await done
    } finally {
      this.#orders--
      this.#show()
    }
  }

  #show(): void {
    this.#parts.board.set({ changing: this.#orders > 0 || this.#unapplied })
  }

  #isTrue(change: Change): boolean {
    const rules = this.#policy
    if (rules === null) return false
    const barred = (device: string): boolean => rules.barred.some((b) => b.device === device)
    switch (change.kind) {
      case 'lock':
        return rules.locked === change.on
      case 'allows':
        return (Object.keys(everything) as (keyof Allows)[]).every((k) => rules.allows[k] === change.allows[k])
      case 'co-host':
        return (this.#roleOf(change.participant) === 'co-host') === change.on
      case 'host':
        return this.#roleOf(change.participant) === 'host'
      case 'bar':
        return barred(change.device)
      case 'pardon':
        return !barred(change.device)
      case 'label':
        return rules.label === change.label
    }
  }

  #roleOf(participant: string): string | undefined {
    return this.#parts.members().find((m) => m.participant === participant)?.role
  }

  #tell(before: Policy, now: Policy, by: string): void {
    const { board, members } = this.#parts
    const name = members().find((m) => m.participant === by)?.name ?? ''
    if (before.locked !== now.locked) board.notice(now.locked ? 'locked' : 'unlocked', name)
    if (now.mine !== 'host') return
    const pardoned = before.barred.filter((b) => !now.barred.some((n) => n.device === b.device))
    for (const p of pardoned) board.notice('pardoned', p.name)
  }

  /** next waits for the next word of the policy or the roster, at most so long. */
  #next(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const go = (): void => {
        stop()
        this.#woken.delete(go)
        resolve()
      }
      const stop = this.#parts.clock.after(ms, go)
      this.#woken.add(go)
    })
  }

  #wake(): void {
    for (const go of [...this.#woken]) go()
  }
}

function fault(board: Board, e: unknown): void {
  const code = codeOf(e)
  if (code !== 'line_closed') board.notice('fault', '', code)
}
