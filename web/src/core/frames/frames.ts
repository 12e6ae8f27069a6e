/** Frames seals what this person sends and opens what others send, one frame at a time, and fails closed: null means drop. */
import type { Clock } from '../clock'
import type { Bytes } from '../vault'
import { KeyRing, type EpochKeys } from './keyring'
import { clearSize, contexts, mediaOf, type Context, type Media } from './payload'
import { open, readHeader, seal } from './sframe'
import { join } from '../keys/bytes'

const patience = 2_000
const announcement = 400 // pictures may outrun the word of whose they are by that much, and lose no key frame

/** Fate of a received frame. Repeats are dropped without noise: browsers hand some frames over twice. */
export type Fate = 'opened' | 'repeat' | 'no-key' | 'mismatch' | 'forbidden' | 'forged'

/** Permits tells whether a participant may send in a context. */
export type Permits = (participant: string, context: number) => boolean

interface Trouble {
  readonly since: number
  told: boolean
}

export class Frames {
  readonly #ring: KeyRing
  readonly #clock: Clock
  readonly #undecryptable: (slot: number) => void
  #slots: readonly string[] = []
  #confirmed = false
  #halted = false
  readonly #trouble = new Map<number, Trouble>()
  #announced: { readonly news: Promise<void>; readonly tell: () => void } | null = null
  #me = ''
  #permits: Permits = () => false
  #late = false // the announcement did not come in time: nothing waits for it any more

  constructor(clock: Clock, undecryptable: (slot: number) => void) {
    this.#clock = clock
    this.#ring = new KeyRing(clock)
    this.#undecryptable = undecryptable
  }

  advance(next: EpochKeys): void {
    this.#ring.advance(next)
    this.#me = next.leaves.get(next.leaf) ?? ''
  }

  /** acknowledged: all others said that they are in this epoch; its keys are used at once. */
  acknowledged(epoch: number): void {
    this.#ring.acknowledged(epoch)
  }

  /** permit says who may send what by the policy; nothing else is sealed or opened. */
  permit(permits: Permits): void {
    this.#permits = permits
  }

  /** confirm lets frames flow; before a host's head nothing is sent or shown. */
  confirm(): void {
    this.#confirmed = true
  }

  /** halt stops what is sent while nobody vouches for the epoch (PROTOCOL.md H3); what comes is still opened. */
  halt(halted: boolean): void {
    this.#halted = halted
  }

  /** slots says whose frames each slot may show. */
  slots(participants: readonly string[]): void {
    participants.forEach((p, slot) => {
      if (p !== this.#slots[slot]) this.#trouble.delete(slot)
    })
    this.#slots = participants
    this.#announced?.tell()
    this.#late = false
  }

  wipe(): void {
    this.#ring.wipe()
    this.#confirmed = false
    this.#halted = false
    this.#me = ''
    this.#permits = () => false
    this.#slots = []
    this.#trouble.clear()
    this.#announced?.tell()
  }

  /** seal gives the frame to send, or null where it must not be sent. */
  async seal(context: Context, media: Media, frame: Uint8Array): Promise<Bytes | null> {
    if (!this.#confirmed || this.#halted || frame.length === 0) return null
    if (!this.#permits(this.#me, contexts[context])) return null
    const next = await this.#ring.sealing(context)
    if (next === null) return null
    const clear = frame.subarray(0, clearSize(media, frame))
    return join(clear, await seal(next.key, next.counter, clear, frame.subarray(clear.length)))
  }

  /** open gives the frame to decode, or null and why not. */
  async open(slot: number, media: Media, frame: Uint8Array): Promise<{ frame: Bytes | null; fate: Fate }> {
    if (media === 'video' && (this.#slots[slot] ?? '') === '' && !this.#late) await this.#announcement()
    const opened = await this.#try(slot, media, frame)
    this.#note(slot, opened.fate)
    return opened
  }

  /** announcement waits, once, for the next word of whose frames the slots show. */
  #announcement(): Promise<void> {
    if (this.#announced === null) {
      let tell = (): void => undefined
      const news = new Promise<void>((resolve) => (tell = resolve))
      const cancel = this.#clock.after(announcement, () => {
        this.#late = true
        tell()
      })
      void news.then(() => {
        cancel()
        this.#announced = null
      })
      this.#announced = { news, tell }
    }
    return this.#announced.news
  }

  async #try(slot: number, media: Media, frame: Uint8Array): Promise<{ frame: Bytes | null; fate: Fate }> {
    try {
      const clear = frame.subarray(0, clearSize(media, frame))
      const sealed = frame.subarray(clear.length)
      const head = readHeader(sealed)
      const opening = this.#confirmed ? this.#ring.opening(head.keyId) : null
      if (opening === null) return { frame: null, fate: 'no-key' }
      if (!this.#fits(slot, media, opening)) return { frame: null, fate: 'mismatch' }
      if (!this.#permits(opening.participant, opening.context)) return { frame: null, fate: 'forbidden' }
      const counter = Number(head.counter)
      if (!Number.isSafeInteger(counter) || !opening.window.fits(counter)) return { frame: null, fate: 'repeat' }
      const plaintext = await open(await opening.key, head, clear, sealed)
      // Keys, slots and window may have changed while the cipher worked.
      if (!this.#ring.holds(head.keyId, opening)) return { frame: null, fate: 'no-key' }
      if (!this.#fits(slot, media, opening)) return { frame: null, fate: 'mismatch' }
      if (!this.#permits(opening.participant, opening.context)) return { frame: null, fate: 'forbidden' }
      if (!opening.window.take(counter)) return { frame: null, fate: 'repeat' }
      return { frame: join(clear, plaintext), fate: 'opened' }
    } catch {
      return { frame: null, fate: 'forged' }
    }
  }

  /** fits is rule H11: the leaf of the key is the participant announced for the slot, and the context that of the section. */
  #fits(slot: number, media: Media, of: { participant: string; context: number }): boolean {
    return of.participant === this.#slots[slot] && mediaOf(of.context) === media
  }

  #note(slot: number, fate: Fate): void {
    if (fate === 'repeat' || fate === 'forbidden') return
    if (fate === 'opened') {
      this.#trouble.delete(slot)
      return
    }
    if ((this.#slots[slot] ?? '') === '' || !this.#confirmed) return
    const trouble = this.#trouble.get(slot) ?? { since: this.#clock.now(), told: false }
    this.#trouble.set(slot, trouble)
    if (trouble.told || this.#clock.now() - trouble.since < patience) return
    trouble.told = true
    this.#undecryptable(slot)
  }
}
