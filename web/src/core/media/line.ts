/** MediaLine is picture and sound to and from the server, on one seat: it connects again and again until it is closed. */
import type { Clock } from '../clock'
import type { MediaAnswer, MediaOffer, Relay } from '../wire.gen'
import { Watchable } from '../watchable'
import { Attempt } from './attempt'
import { Loudness } from './loudness'
import type { Slot } from './sections'

const shortest = 500 // ms between two attempts, doubled after each failure
const longest = 8_000

export interface MediaLineParts {
  /** worker carries the vault; without one nothing can be sealed or opened, so nothing is sent and the line stays failed. */
  readonly worker: Worker | undefined
  readonly slots: number
  readonly clock: Clock
  /** relay is the seat's way through a network that lets no UDP out; each attempt takes the present one. */
  relay(): Relay
  /** ask sends the offer's facts to the server; a rejection counts as a failed attempt. */
  ask(offer: MediaOffer): Promise<MediaAnswer>
}

export type Connection = 'connecting' | 'connected' | 'failed'

export class MediaLine {
  /** state is failed between a failure and the next attempt. */
  readonly state = new Watchable<Connection>('connecting')
  readonly #parts: MediaLineParts
  readonly #streams: readonly MediaStream[]
  readonly #loudness: Loudness
  #attempt: Attempt | null = null
  #microphone: MediaStreamTrack | null = null
  #camera: MediaStreamTrack | null = null
  #wait = shortest
  #cancel: (() => void) | null = null
  #closed = false

  constructor(parts: MediaLineParts) {
    this.#parts = parts
    this.#loudness = new Loudness(parts.clock)
    this.#streams = Array.from({ length: parts.slots }, () => new MediaStream())
  }

  /** start opens the line; once is enough. */
  start(): void {
    if (!this.#closed && this.#attempt === null && this.#cancel === null) this.#try()
  }

  /** setMicrophone sends another track, or nothing, without negotiating anew. */
  setMicrophone(track: MediaStreamTrack | null): void {
    this.#microphone = track
    replace(this.#attempt?.sections.microphone, track)
  }

  setCamera(track: MediaStreamTrack | null): void {
    this.#camera = track
    replace(this.#attempt?.sections.camera, track)
  }

  /** stream is a slot's sound and picture; the object stays the same over every reconnection. */
  stream(slot: number): MediaStream {
    const stream = this.#streams[slot]
    if (stream === undefined) throw new RangeError(`no slot ${slot}`)
    return stream
  }

  /** level is how loud a slot is just now, 0…1. */
  level(slot: number): number {
    const receiver = this.#attempt?.sections.slots[slot]?.audio.receiver
    return receiver === undefined ? 0 : this.#loudness.of(receiver)
  }

  /** close ends the line for good; the tracks that were sent belong to others and live on. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#cancel?.()
    this.#attempt?.close()
    this.#attempt = null
    this.#streams.forEach((stream) => {
      swap(stream, [])
    })
  }

  #try(): void {
    const worker = this.#parts.worker
    if (worker === undefined) {
      this.state.set('failed')
      return
    }
    this.state.set('connecting')
    const before = this.#attempt
    try {
      this.#attempt = this.#open(worker)
    } catch {
      this.#again()
      return
    } finally {
      before?.close()
    }
    void this.#attempt.connect()
  }

  /** open moves the streams to a new connection before the old one ends, so that no element sees its stream die. */
  #open(worker: Worker): Attempt {
    const attempt = new Attempt({
      worker,
      slots: this.#parts.slots,
      clock: this.#parts.clock,
      relay: this.#parts.relay(),
      ask: (offer) => this.#parts.ask(offer),
      connected: () => {
        this.#wait = shortest
        this.state.set('connected')
      },
      failed: () => {
        this.#again()
      },
    })
    replace(attempt.sections.microphone, this.#microphone)
    replace(attempt.sections.camera, this.#camera)
    attempt.sections.slots.forEach((slot, i) => {
      swap(this.stream(i), tracksOf(slot))
    })
    return attempt
  }

  #again(): void {
    if (this.#closed) return
    this.state.set('failed')
    const wait = this.#wait
    this.#wait = Math.min(2 * wait, longest)
    this.#cancel = this.#parts.clock.after(wait, () => {
      this.#cancel = null
      this.#try()
    })
  }
}

function tracksOf(slot: Slot): MediaStreamTrack[] {
  return [slot.audio.receiver.track, slot.video.receiver.track]
}

function swap(stream: MediaStream, tracks: readonly MediaStreamTrack[]): void {
  const old = stream.getTracks()
  tracks.forEach((track) => {
    stream.addTrack(track)
  })
  old.forEach((track) => {
    stream.removeTrack(track)
  })
}

/** replace fails only on a connection that is closed, or with a track of the wrong kind. */
function replace(sender: RTCRtpSender | undefined, track: MediaStreamTrack | null): void {
  sender?.replaceTrack(track).catch(() => undefined)
}
