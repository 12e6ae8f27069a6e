/** Cameras, microphones and speakers as a test wants them, in place of the browser's. */
import { vi } from 'vitest'

export class FakeTrack {
  readonly kind: string
  readonly id: string // of the device
  enabled = true
  readyState = 'live'
  onended: (() => void) | null = null
  constructor(kind: string, id: string) {
    this.kind = kind
    this.id = id
  }
  stop(): void {
    this.readyState = 'ended'
  }
  /** unplug is what a page sees when the device goes away. */
  unplug(): void {
    this.readyState = 'ended'
    this.onended?.()
  }
}

export class FakeStream {
  readonly #tracks: FakeTrack[]
  constructor(tracks: FakeTrack[]) {
    this.#tracks = tracks
  }
  getTracks(): FakeTrack[] {
    return this.#tracks
  }
}

export interface Plugged {
  readonly kind: 'videoinput' | 'audioinput' | 'audiooutput'
  readonly deviceId: string
  readonly label: string
}

type Asked = Record<string, MediaTrackConstraints>

export class FakeMedia extends EventTarget {
  plugged: Plugged[] = [
    { kind: 'videoinput', deviceId: 'cam1', label: 'Camera one' },
    { kind: 'videoinput', deviceId: 'cam2', label: 'Camera two' },
    { kind: 'audioinput', deviceId: 'default', label: 'Default' },
    { kind: 'audioinput', deviceId: 'mic1', label: 'Microphone one' },
    { kind: 'audioinput', deviceId: 'mic2', label: 'Microphone two' },
    { kind: 'audiooutput', deviceId: 'out1', label: 'Speaker' },
  ]
  readonly asked: Asked[] = []
  readonly tracks: FakeTrack[] = []
  refuses: string | null = null // name of the error
  gate: Promise<void> = Promise.resolve() // until the person answered the browser's question

  async getUserMedia(asked: Asked): Promise<FakeStream> {
    this.asked.push(asked)
    await this.gate
    if (this.refuses !== null) throw new DOMException('', this.refuses)
    const kind = 'video' in asked ? 'video' : 'audio'
    const exact = (asked[kind]?.deviceId as ConstrainDOMStringParameters | undefined)?.exact
    const fits = this.plugged.filter((d) => d.kind === `${kind}input` && d.deviceId !== 'default')
    const device = exact === undefined ? fits[0] : fits.find((d) => d.deviceId === exact)
    if (device === undefined) throw new DOMException('', exact === undefined ? 'NotFoundError' : 'OverconstrainedError')
    const track = new FakeTrack(kind, device.deviceId)
    this.tracks.push(track)
    return new FakeStream([track])
  }

  enumerateDevices(): Promise<Plugged[]> {
    return Promise.resolve(this.plugged)
  }

  /** live are the devices whose light is on. */
  get live(): string[] {
    return this.tracks.filter((t) => t.readyState === 'live').map((t) => t.id)
  }

  /** replug changes what is there. */
  replug(plugged: Plugged[]): void {
    this.plugged = plugged
    this.dispatchEvent(new Event('devicechange'))
  }
}

export class FakeStorage {
  readonly kept = new Map<string, string>()
  refuses = false
  getItem(key: string): string | null {
    if (this.refuses) throw new DOMException('', 'SecurityError')
    return this.kept.get(key) ?? null
  }
  setItem(key: string, value: string): void {
    if (this.refuses) throw new DOMException('', 'QuotaExceededError')
    this.kept.set(key, value)
  }
}

/** FakeSound is Web Audio with one loudness, and one audio element. */
export class FakeSound {
  open = 0
  sample = 0
  readonly speakers: string[] = []
  readonly oscillators: { onended: (() => void) | null }[] = []

  /** use puts it in the browser's place until vi.unstubAllGlobals. */
  use(): void {
    const { opened, closed, read, playing, started } = this.#hooks()
    vi.stubGlobal('AudioContext', class {
      readonly currentTime = 0
      constructor() { opened() }
      createMediaStreamSource(): unknown { return new Wire() }
      createMediaStreamDestination(): unknown { return { stream: {} } }
      resume(): Promise<void> { return Promise.resolve() }
      close(): Promise<void> { closed(); return Promise.resolve() }
    }) // prettier-ignore
    vi.stubGlobal('AnalyserNode', class {
      readonly fftSize = 4
      getFloatTimeDomainData(into: Float32Array): void { into.fill(read()) }
    }) // prettier-ignore
    vi.stubGlobal('OscillatorNode', class extends Wire {
      onended: (() => void) | null = null
      start(): void { started(this) }
      stop(): void { queueMicrotask(() => this.onended?.()) }
    }) // prettier-ignore
    vi.stubGlobal('GainNode', class extends Wire {
      readonly gain = { setValueAtTime: () => undefined, linearRampToValueAtTime: () => undefined }
    }) // prettier-ignore
    vi.stubGlobal('Audio', class {
      srcObject: unknown = null
      setSinkId(id: string): Promise<void> { return id === 'gone' ? Promise.reject(new Error(id)) : playing(id) }
      play(): Promise<void> { return Promise.resolve() }
    }) // prettier-ignore
  }

  #hooks() {
    return {
      opened: () => this.open++,
      closed: () => this.open--,
      read: () => this.sample,
      started: (o: { onended: (() => void) | null }) => this.oscillators.push(o),
      playing: (id: string): Promise<void> => {
        this.speakers.push(id)
        return Promise.resolve()
      },
    }
  }
}

class Wire {
  connect(to: unknown): unknown {
    return to
  }
}

/** useDevices stubs what the browser brings besides MediaDevices. */
export function useDevices(canChooseSpeaker: boolean): void {
  const prototype = canChooseSpeaker ? { setSinkId: () => undefined } : {}
  vi.stubGlobal('HTMLMediaElement', { prototype })
  vi.stubGlobal('MediaStream', FakeStream)
}
