/** Loudness tells how loud a receiver's sound is just now, from what the browser knows already. */
import type { Clock } from '../clock'

const silence = 500 // ms without a packet of sound; Opus sends one every 400 ms even in pauses (RFC 6716 2.1.9)
const every = 200 // ms between two looks at a receiver's statistics

/** Heard is what is known of one receiver. */
interface Heard {
  stamp: number // the browser's number for the last packet
  at: number // when that number was new
  asked: number // when its statistics were asked for
  measured: number // what they said
}

export class Loudness {
  readonly #clock: Clock
  readonly #heard = new WeakMap<RTCRtpReceiver, Heard>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** of is 0…1: the sender's own word (RFC 6464) where it comes along, else what the browser measured at most 200 ms ago. */
  of(receiver: RTCRtpReceiver): number {
    const source = receiver.getSynchronizationSources()[0]
    if (source === undefined) return 0
    const now = this.#clock.now()
    const heard = this.#heard.get(receiver) ?? { stamp: NaN, at: now, asked: -Infinity, measured: 0 }
    this.#heard.set(receiver, heard)
    if (heard.stamp !== source.timestamp) {
      heard.stamp = source.timestamp
      heard.at = now
    }
    if (now - heard.at > silence) return 0
    if (source.audioLevel !== undefined) return source.audioLevel
    if (now - heard.asked >= every) {
      heard.asked = now
      void measure(receiver, heard)
    }
    return heard.measured
  }
}

async function measure(receiver: RTCRtpReceiver, heard: Heard): Promise<void> {
  try {
    ;(await receiver.getStats()).forEach((s: Partial<RTCInboundRtpStreamStats>) => {
      if (s.type === 'inbound-rtp') heard.measured = s.audioLevel ?? 0
    })
  } catch {
    heard.measured = 0 // the connection ended meanwhile
  }
}
