/** Attempt is one RTCPeerConnection, from its offer to its end; it is never repaired, MediaLine makes another one. */
import type { Clock } from '../clock'
import type { MediaAnswer, MediaOffer, Relay } from '../wire.gen'
import { answerOf } from './answer'
import { factsOf, isLoopback } from './facts'
import { addSections, type Sections } from './sections'

const limit = 20_000 // ms from the offer to the first connection; some browsers never say that no candidate answered
const patience = 5_000 // ICE often finds its way back from 'disconnected' within this

export interface AttemptParts {
  readonly worker: Worker
  readonly slots: number
  readonly clock: Clock
  readonly relay: Relay
  ask(offer: MediaOffer): Promise<MediaAnswer>
  connected(): void
  /** failed is called at most once, and never after close. */
  failed(): void
}

export class Attempt {
  readonly sections: Sections
  readonly #parts: AttemptParts
  readonly #pc: RTCPeerConnection
  #over = false
  #stopWaiting: (() => void) | null = null
  readonly #stopLimit: () => void

  constructor(parts: AttemptParts) {
    this.#parts = parts
    this.#pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle', iceServers: serversOf(parts.relay) })
    this.#pc.onconnectionstatechange = () => {
      this.#look()
    }
    this.sections = addSections(this.#pc, parts.worker, parts.slots)
    this.#stopLimit = parts.clock.after(limit, () => {
      this.#fail()
    })
  }

  /** connect makes the offer and takes the server's answer; what fails on the way is told by failed. */
  async connect(): Promise<void> {
    try {
      await this.#pc.setLocalDescription()
      const sdp = this.#pc.localDescription?.sdp ?? ''
      const offer = factsOf(sdp, isLoopback(location.hostname))
      this.#watchHandshake()
      const answer = await this.#parts.ask(offer)
      if (this.#over) return
      await this.#pc.setRemoteDescription({ type: 'answer', sdp: answerOf(offer, answer) })
    } catch {
      this.#fail()
    }
  }

  close(): void {
    this.#end()
    this.#pc.close()
  }

  /** watchHandshake hears of the end of DTLS at once; the connection's own state may tell it much later or not at all. */
  #watchHandshake(): void {
    const transport = this.sections.microphone.transport
    if (transport === null) return
    transport.onstatechange = () => {
      if (transport.state === 'failed' || transport.state === 'closed') this.#fail()
    }
  }

  #look(): void {
    if (this.#over) return
    const state = this.#pc.connectionState
    if (state === 'failed' || state === 'closed') {
      this.#fail()
    } else if (state === 'disconnected') {
      this.#stopWaiting ??= this.#parts.clock.after(patience, () => {
        this.#fail()
      })
    } else if (state === 'connected') {
      this.#stopLimit()
      this.#stopWaiting?.()
      this.#stopWaiting = null
      this.#parts.connected()
    }
  }

  #fail(): void {
    if (this.#over) return
    this.#end()
    this.#parts.failed()
  }

  #end(): void {
    this.#over = true
    this.#stopLimit()
    this.#stopWaiting?.()
  }
}

/** serversOf is the relay as browsers take it; ICE goes by it only where nothing more direct gets through. */
function serversOf({ urls, username, credential }: Relay): RTCIceServer[] {
  return urls.length === 0 ? [] : [{ urls: [...urls], username, credential }]
}
