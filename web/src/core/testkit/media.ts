/** A connection that does what a test says, in place of the browser's own; only what MediaLine uses is there. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { vi } from 'vitest'

export class FakeTrack {
  readonly kind: string
  constructor(kind: string) {
    this.kind = kind
  }
}

export class FakeStream {
  readonly tracks: FakeTrack[] = []
  readonly counts: number[] = [] // how many tracks there were after each change
  addTrack(track: FakeTrack): void {
    this.tracks.push(track)
    this.counts.push(this.tracks.length)
  }
  removeTrack(track: FakeTrack): void {
    this.tracks.splice(this.tracks.indexOf(track), 1)
    this.counts.push(this.tracks.length)
  }
  getTracks(): FakeTrack[] {
    return [...this.tracks]
  }
}

class FakeTransform {
  readonly worker: unknown
  readonly options: unknown
  constructor(worker: unknown, options: unknown) {
    this.worker = worker
    this.options = options
  }
}

export class FakeTransceiver {
  readonly kind: string
  readonly direction: string
  readonly sent: unknown[] = []
  codecs: string[] = []
  extensions = [
    'urn:ietf:params:rtp-hdrext:sdes:mid',
    'urn:ietf:params:rtp-hdrext:ssrc-audio-level',
    'urn:x:other',
  ].map((uri) => ({ uri, direction: uri.endsWith('other') ? 'sendrecv' : 'stopped' }))
  measured: number | undefined
  looks = 0
  sources: { timestamp: number; audioLevel?: number }[] = []
  readonly transport = { state: 'new', onstatechange: (): void => undefined }
  readonly sender
  readonly receiver

  constructor(kind: string, direction: string) {
    this.kind = kind
    this.direction = direction
    this.sender = {
      transform: null as FakeTransform | null,
      transport: this.transport,
      replaceTrack: (track: unknown) => {
        this.sent.push(track)
        return Promise.resolve()
      },
    }
    this.receiver = {
      transform: null as FakeTransform | null,
      track: new FakeTrack(kind),
      getSynchronizationSources: () => this.sources,
      getStats: () => {
        this.looks++
        if (this.measured === undefined) return Promise.reject(new Error('closed'))
        return Promise.resolve(new Map([['a', { type: 'inbound-rtp', audioLevel: this.measured }]]))
      },
    }
  }
  setCodecPreferences(codecs: { mimeType: string }[]): void {
    this.codecs = codecs.map((c) => c.mimeType)
  }
  getHeaderExtensionsToNegotiate(): { uri: string; direction: string }[] {
    return this.extensions.map((x) => ({ ...x }))
  }
  setHeaderExtensionsToNegotiate(x: { uri: string; direction: string }[]): void {
    this.extensions = x
  }
}

const recorded = fileURLToPath(new URL('../media/testdata/chromium.sdp', import.meta.url))

export class FakeConnection {
  static all: FakeConnection[] = []
  readonly transceivers: FakeTransceiver[] = []
  readonly options: unknown
  connectionState = 'new'
  onconnectionstatechange: (() => void) | null = null
  localDescription: { sdp: string } | null = null
  remote = ''

  constructor(options: unknown) {
    this.options = options
    FakeConnection.all.push(this)
  }
  addTransceiver(kind: string, { direction }: { direction: string }): FakeTransceiver {
    const transceiver = new FakeTransceiver(kind, direction)
    this.transceivers.push(transceiver)
    return transceiver
  }
  setLocalDescription(): Promise<void> {
    this.localDescription = { sdp: readFileSync(recorded, 'utf8') }
    return Promise.resolve()
  }
  setRemoteDescription({ sdp }: { sdp: string }): Promise<void> {
    this.remote = sdp
    return Promise.resolve()
  }
  /** become moves the connection to another state, as the network would. */
  become(state: string): void {
    this.connectionState = state
    this.onconnectionstatechange?.()
  }
  close(): void {
    this.connectionState = 'closed' // tells nobody, as in browsers
  }
}

/** useFakes puts the fakes in the browser's place until vi.unstubAllGlobals. */
export function useFakes(): void {
  FakeConnection.all = []
  const kinds = ['opus', 'PCMU', 'VP8', 'VP9', 'rtx']
  vi.stubGlobal('RTCPeerConnection', FakeConnection)
  vi.stubGlobal('RTCRtpScriptTransform', FakeTransform)
  vi.stubGlobal('MediaStream', FakeStream)
  vi.stubGlobal('location', { hostname: 'localhost' })
  vi.stubGlobal('RTCRtpReceiver', {
    getCapabilities: (kind: string) => ({ codecs: kinds.map((name) => ({ mimeType: `${kind}/${name}` })) }),
  })
}
