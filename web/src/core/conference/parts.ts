/** What a conference needs of the browser, so that tests can bring their own. */
import type { Clock } from '../clock'
import type { Network } from '../line/line'
import type { Devices, LevelSource } from '../snapshot'
import type { Kept, Vault } from '../vault'
import type { Watchable } from '../watchable'
import type { MediaAnswer, MediaOffer, Relay } from '../wire.gen'

/** MediaLine is picture and sound to and from the server, on one seat. */
export interface MediaLine {
  start(): void
  setMicrophone(track: MediaStreamTrack | null): void
  setCamera(track: MediaStreamTrack | null): void
  stream(slot: number): MediaStream
  level(slot: number): number
  close(): void
}

export interface MediaParts {
  readonly worker: Worker | undefined
  readonly slots: number
  readonly clock: Clock
  relay(): Relay
  ask(offer: MediaOffer): Promise<MediaAnswer>
}

export interface Tracks {
  readonly microphone: MediaStreamTrack | null
  readonly camera: MediaStreamTrack | null
}

/** Keeper keeps camera, microphone and speaker, and the person's own name on this device. */
export interface Keeper {
  readonly devices: Watchable<Devices>
  readonly tracks: Watchable<Tracks>
  readonly level: LevelSource
  readonly name: string
  remember(name: string): void
  setCamera(on: boolean): void
  setMicrophone(on: boolean): void
  chooseCamera(id: string): void
  chooseMicrophone(id: string): void
  chooseSpeaker(id: string): void
  refresh(): void
  playSpeakerTest(): void
  close(): void
}

/** Remembered is what a reload finds: keys that cannot be read, and whether this person was inside. */
export interface Remembered {
  readonly kept: Kept
  readonly name: string
  readonly inside: boolean
}

export interface Memory {
  load(meeting: string): Promise<Remembered | null>
  save(meeting: string, what: Remembered): Promise<void>
  wipe(meeting: string): Promise<void>
  /** hold is false where another tab of this browser has the meeting open. */
  hold(meeting: string): Promise<boolean>
  /** release lets another tab have it. */
  release(meeting: string): void
}

export interface Parts {
  readonly origin: string
  readonly clock: Clock
  readonly network: Network
  readonly memory: Memory
  readonly slots: number
  vault(): Vault
  keeper(): Keeper
  media(parts: MediaParts): MediaLine
  missing(): readonly string[] // what this browser lacks to take part
}
