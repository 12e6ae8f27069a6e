/** Pictures is what is seen and heard: the media line of the present seat, whose picture is in which slot, and who speaks. */
import type { Clock } from '../clock'
import type { Line } from '../line/line'
import type { Vault } from '../vault'
import type { Slots } from '../wire.gen'
import type { Keeper, MediaLine, MediaParts } from './parts'
import type { Place } from './place'
import { Speaking } from './speaking'

const levelEvery = 200 // ms
const ownVoice = 0.05

export interface PicturesParts {
  readonly vault: Vault
  readonly keeper: Keeper
  readonly clock: Clock
  readonly place: Place
  readonly slots: number
  readonly line: () => Line
  readonly media: (parts: MediaParts) => MediaLine
  readonly me: () => string
  /** changed is called when another picture or another speaker is to be shown. */
  readonly changed: () => void
}

export class Pictures {
  readonly #parts: PicturesParts
  readonly #speaking = new Speaking()
  readonly #stops: (() => void)[]
  #media: MediaLine | null = null
  #slots: readonly string[] = []
  #next: Slots | null = null // the newest word that the vault has not taken yet
  #taking = false
  #whoSpeaks: ReadonlySet<string> = new Set()
  #ownLevel = 0
  #lent = false

  constructor(parts: PicturesParts) {
    this.#parts = parts
    const { keeper } = parts
    this.#stops = [
      keeper.tracks.watch(() => {
        this.#setTracks()
      }),
      keeper.level.watch((level) => {
        this.#ownLevel = level
      }),
    ]
  }

  get slots(): readonly string[] {
    return this.#slots
  }

  get speaking(): ReadonlySet<string> {
    return this.#whoSpeaks
  }

  stream(slot: number): MediaStream | null {
    return this.#media?.stream(slot) ?? null
  }

  /** start opens the media line of a new seat; the one before is closed. */
  start(): void {
    const { line, media, vault, slots, clock, place } = this.#parts
    this.stop()
    this.#media = media({
      worker: vault.worker,
      slots,
      clock,
      relay: () => place.relay,
      ask: async (offer) => (await line().ask({ type: 'media', offer })).answer,
    })
    this.#media.start()
    this.#setTracks()
    this.#listen()
  }

  stop(): void {
    this.#media?.close()
    this.#media = null
    this.#slots = []
    this.#next = null
  }

  close(): void {
    this.lend(false)
    this.stop()
    for (const stop of this.#stops) stop()
  }

  /** lend gives microphone and camera to the group, or takes them back. */
  lend(lent: boolean): void {
    this.#lent = lent
    this.#setTracks()
  }

  /** tell takes the server's newest word; what a resume brings of older ones is passed over. */
  tell(push: Slots): void {
    this.#next = push
    if (!this.#taking) void this.#take()
  }

  async #take(): Promise<void> {
    this.#taking = true
    await Promise.resolve() // a burst counts as its last word
    for (let push = this.#next; push !== null; push = this.#next) {
      await this.#parts.vault.slots(push.slots).catch(() => undefined) // the next word replaces it
      if (this.#next !== push) continue
      this.#next = null
      this.#slots = push.slots
      this.#parts.changed()
    }
    this.#taking = false
  }

  #setTracks(): void {
    const { microphone, camera } = this.#parts.keeper.tracks.get()
    this.#media?.setMicrophone(this.#lent ? microphone : null)
    this.#media?.setCamera(this.#lent ? camera : null)
  }

  #listen(): void {
    const media = this.#media
    if (media === null) return
    const { clock, keeper, me, changed } = this.#parts
    clock.after(levelEvery, () => {
      if (media !== this.#media) return
      const levels = new Map(this.#slots.flatMap((who, slot) => (who === '' ? [] : [[who, media.level(slot)]])))
      levels.set(me(), keeper.devices.get().microphoneOn && this.#ownLevel > ownVoice ? 1 : 0)
      const speaking = this.#speaking.heard(levels, clock.now())
      if (speaking) {
        this.#whoSpeaks = speaking
        changed()
      }
      this.#listen()
    })
  }
}
