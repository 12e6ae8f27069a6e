/**
 * KeyRing holds the media keys of the newest epochs: when a sender moves on, how long old keys live, and whose key an id names
 * (protocol/README.md section 4). One ring, and so one counter per key id, for all transforms of a worker.
 */
import type { Clock } from '../clock'
import type { Bytes } from '../vault'
import { contexts, type Context } from './payload'
import { ReplayWindow } from './replay'
import { aes128gcm, deriveKey, type FrameKey } from './sframe'

const keepsOld = 10_000
const keepsOldAfterRemove = 1_000
const sendsOldFor = 1_000
const maxOld = 8
const epochBits = 8
const leafBits = 12

/** EpochKeys is what a new epoch brings. */
export interface EpochKeys {
  readonly epoch: number
  readonly base: Bytes // the ring takes it over and wipes it
  readonly leaf: number // mine
  readonly leaves: ReadonlyMap<number, string> // participant of each leaf
  readonly removed: readonly number[] // leaves that the commit took out
}

/** Opening is the key and window of one key id, and whose it is. */
export interface Opening {
  readonly participant: string
  readonly context: number
  readonly key: Promise<FrameKey>
  readonly window: ReplayWindow
}

interface Held extends EpochKeys {
  readonly gone: Set<number>
  readonly openings: Map<number, Opening>
  readonly sealing: Map<Context, { readonly key: Promise<FrameKey>; counter: bigint }>
  cancel: () => void
}

export class KeyRing {
  readonly #clock: Clock
  readonly #held = new Map<number, Held>() // by epoch, oldest first
  #sending: number | null = null
  readonly #moves = new Set<() => void>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** advance takes a new epoch's keys and starts the end of the old ones. */
  advance(next: EpochKeys): void {
    const removal = next.removed.length > 0
    for (const [epoch, held] of this.#held) {
      next.removed.forEach((leaf) => held.gone.add(leaf))
      for (const [id] of held.openings) if (held.gone.has(leafIn(id))) held.openings.delete(id)
      if (epoch % 2 ** epochBits === next.epoch % 2 ** epochBits) this.#drop(epoch)
      else if (removal || epoch === this.#newest()) this.#endAfter(epoch, removal ? keepsOldAfterRemove : keepsOld)
    }
    this.#held.set(next.epoch, {
      ...next,
      gone: new Set(),
      openings: new Map(),
      sealing: new Map(),
      cancel: () => undefined,
    })
    const old = [...this.#held.keys()].slice(0, -1 - maxOld)
    old.forEach((epoch) => {
      this.#drop(epoch)
    })
    if (removal || this.#nobodyListens()) this.#sending = next.epoch
    else this.#moveLater(next.epoch)
  }

  /** nobodyListens tells that no one else has the keys that frames are sealed with now: waiting would serve nobody. */
  #nobodyListens(): boolean {
    const held = this.#sending === null ? undefined : this.#held.get(this.#sending)
    return held === undefined || held.leaves.size === 1
  }

  #newest(): number | undefined {
    return [...this.#held.keys()].at(-1)
  }

  #endAfter(epoch: number, ms: number): void {
    const held = this.#held.get(epoch)
    if (held === undefined) return
    held.cancel()
    held.cancel = this.#clock.after(ms, () => {
      this.#drop(epoch)
    })
  }

  #moveLater(epoch: number): void {
    const cancel = this.#clock.after(sendsOldFor, () => {
      this.#moves.delete(cancel)
      if (this.#held.has(epoch) && (this.#sending ?? -1) < epoch) this.#sending = epoch
    })
    this.#moves.add(cancel)
  }

  /** acknowledged: all others are in the epoch, so nobody has to be waited for. */
  acknowledged(epoch: number): void {
    if (epoch === this.#newest()) this.#sending = epoch
  }

  #drop(epoch: number): void {
    const held = this.#held.get(epoch)
    if (held === undefined) return
    held.cancel()
    held.base.fill(0)
    this.#held.delete(epoch)
    if (this.#sending === epoch) this.#sending = this.#newest() ?? null
  }

  /** sealing gives key and next counter for a frame of mine; null before there is a key. */
  async sealing(context: Context): Promise<{ key: FrameKey; counter: bigint } | null> {
    const held = this.#sending === null ? undefined : this.#held.get(this.#sending)
    if (held === undefined) return null
    let own = held.sealing.get(context)
    if (own === undefined) {
      const id =
        (contexts[context] << (epochBits + leafBits)) | (held.leaf << epochBits) | (held.epoch % 2 ** epochBits)
      own = { key: deriveKey(aes128gcm, BigInt(id), held.base, 'encrypt'), counter: 0n }
      held.sealing.set(context, own)
    }
    const counter = own.counter++ // taken before the first await: two frames never share one
    return { key: await own.key, counter }
  }

  /** opening finds whose key an id names; null for an epoch or leaf that is not held. */
  opening(keyId: bigint): Opening | null {
    if (keyId >= 1n << BigInt(epochBits + leafBits + 2)) return null
    const id = Number(keyId)
    const held = [...this.#held.values()].find((h) => h.epoch % 2 ** epochBits === id % 2 ** epochBits)
    const leaf = leafIn(id)
    const participant = held?.leaves.get(leaf)
    if (held === undefined || participant === undefined || held.gone.has(leaf) || leaf === held.leaf) return null
    let known = held.openings.get(id)
    if (known === undefined) {
      const key = deriveKey(aes128gcm, keyId, held.base, 'decrypt')
      known = { participant, context: id >> (epochBits + leafBits), key, window: new ReplayWindow() }
      held.openings.set(id, known)
    }
    return known
  }

  /** holds tells whether an opening may still be used; asked again once a frame opened. */
  holds(keyId: bigint, opening: Opening): boolean {
    return [...this.#held.values()].some((h) => h.openings.get(Number(keyId)) === opening)
  }

  /** wipe forgets every key. */
  wipe(): void {
    this.#moves.forEach((cancel) => {
      cancel()
    })
    this.#moves.clear()
    for (const epoch of [...this.#held.keys()]) this.#drop(epoch)
  }
}

function leafIn(id: number): number {
  return (id >> epochBits) & (2 ** leafBits - 1)
}
