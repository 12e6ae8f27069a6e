/** Capture is one kind of device: asked for only when a person turned it on, stopped when nothing needs it. */
import type { Trouble } from '../snapshot'
import { Watchable } from '../watchable'

/** Captured is what a Capture has to show. */
export interface Captured {
  readonly on: boolean // wanted, and nothing is known to stand in the way
  readonly track: MediaStreamTrack | null // live, or null
  readonly trouble: Trouble | null // why the last try gave nothing, or what happened to the device
}

type Open = (constraints: MediaTrackConstraints) => Promise<MediaStreamTrack>

const off: Captured = { on: false, track: null, trouble: null }

export class Capture {
  readonly state = new Watchable<Captured>(off)
  readonly #open: Open
  readonly #constraints: MediaTrackConstraints
  #turn = 0 // counts what was asked of the device; an answer to an older turn is stopped at once

  constructor(constraints: MediaTrackConstraints, open: Open) {
    this.#constraints = constraints
    this.#open = open
  }

  /** start opens the device with this id, or the default for '' or when that one is gone; a live one is stopped first. */
  async start(id: string): Promise<void> {
    const turn = ++this.#turn
    stop(this.state.get().track)
    this.state.set({ on: true, track: null, trouble: null })
    try {
      const track = await this.#openAny(id)
      if (turn !== this.#turn) {
        stop(track)
        return
      }
      track.onended = () => {
        if (turn === this.#turn) this.#lose()
      }
      this.state.set({ on: true, track, trouble: null })
    } catch (e) {
      if (turn === this.#turn) this.state.set({ on: false, track: null, trouble: troubleOf(e) })
    }
  }

  /** stop lets the device go; its light goes out. */
  stop(): void {
    this.#turn++
    stop(this.state.get().track)
    this.state.set(off)
  }

  async #openAny(id: string): Promise<MediaStreamTrack> {
    if (id === '') return this.#open(this.#constraints)
    try {
      return await this.#open({ ...this.#constraints, deviceId: { exact: id } })
    } catch (e) {
      if (troubleOf(e) !== 'none') throw e
      return this.#open(this.#constraints)
    }
  }

  /** lose does not turn another device on by itself: nobody should be seen by a camera that they did not choose. */
  #lose(): void {
    this.#turn++
    this.state.set({ on: false, track: null, trouble: 'lost' })
  }
}

function stop(track: MediaStreamTrack | null): void {
  if (track === null) return
  track.onended = null
  track.stop()
}

/** troubleOf puts what getUserMedia rejects with (Media Capture and Streams 10.3.1) into a word with a remedy. */
function troubleOf(e: unknown): Trouble {
  switch (e instanceof Error ? e.name : '') {
    case 'NotAllowedError':
    case 'SecurityError':
      return 'blocked'
    case 'NotFoundError':
    case 'OverconstrainedError':
      return 'none'
    case 'NotReadableError':
      return 'busy'
    default:
      return 'failed'
  }
}
