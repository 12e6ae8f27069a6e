/**
 * The facts of the browser's own offer: all that the server learns of it (protocol/README.md section 7).
 * The offer's sections stand in the protocol's order: microphone, camera, screen, screen audio, then slots in pairs.
 */
import type { MediaCodec, MediaCoding, MediaExtension, MediaOffer, MediaSection } from '../wire.gen'

const senders = ['microphone', 'camera', 'screen', 'screen-audio']
const known: Readonly<Record<string, readonly string[]>> = {
  audio: ['opus', 'red'],
  video: ['VP8', 'VP9', 'AV1', 'H264', 'rtx'],
}
const maxFormat = 256 // the server's bounds
const maxExtensions = 16

/** OfferError says that an offer lacks what every browser's offer has; it carries nothing of its content. */
export class OfferError extends Error {
  constructor(what: string) {
    super(`offer without ${what}`)
    this.name = 'OfferError'
  }
}

/** isLoopback tells whether a page of this host name came from the same machine. */
export function isLoopback(hostname: string): boolean {
  return /^(?:localhost|.+\.localhost|127(?:\.\d{1,3}){3}|\[::1\])$/i.test(hostname)
}

/** factsOf reads the facts out of an offer's SDP (RFC 8866). */
export function factsOf(sdp: string, loopback: boolean): MediaOffer {
  const [session = '', ...parts] = sdp.split(/^m=/m)
  const codings: MediaCoding[] = []
  const places = new Map<string, number>()
  const sections = parts.map((part, i): MediaSection => {
    const coding = codingOf(part)
    const text = JSON.stringify(coding)
    const place = places.get(text) ?? codings.push(coding) - 1
    places.set(text, place)
    return { mid: needed(part, 'mid'), role: roleAt(i), coding: place }
  })
  const head = parts[0] ?? ''
  return {
    ufrag: value(head, 'ice-ufrag') ?? needed(session, 'ice-ufrag'),
    fingerprint: fingerprintOf(head) ?? fingerprintOf(session) ?? missing('SHA-256 fingerprint'),
    codings,
    sections,
    loopback,
  }
}

function roleAt(i: number): string {
  return senders[i] ?? (i % 2 === 0 ? 'slot-audio' : 'slot-video')
}

function codingOf(part: string): MediaCoding {
  const kind = /^\w+/.exec(part)?.[0] ?? ''
  return { kind, codecs: codecsOf(part, kind), extensions: extensionsOf(part), rids: [] }
}

function codecsOf(part: string, kind: string): MediaCodec[] {
  const formats = new Map<string, string>()
  for (const [, payload = '', format = ''] of lines(part, /^a=fmtp:(\d+) (.*)$/gm)) formats.set(payload, format)
  const codecs: MediaCodec[] = []
  for (const [, payload = '', name = ''] of lines(part, /^a=rtpmap:(\d+) ([^/\s]+)/gm)) {
    const format = formats.get(payload) ?? ''
    if (known[kind]?.includes(name) !== true || format.length > maxFormat) continue
    const primary = name === 'rtx' ? Number(/(?:^|;\s*)apt=(\d+)/.exec(format)?.[1] ?? -1) : -1
    codecs.push({ name, payload: Number(payload), format, primary })
  }
  const repairable = new Set(codecs.filter((c) => c.name !== 'rtx').map((c) => c.payload))
  return codecs.filter((c) => c.name !== 'rtx' || repairable.has(c.primary))
}

function extensionsOf(part: string): MediaExtension[] {
  return lines(part, /^a=extmap:(\d+)(?:\/\w+)? (\S+)/gm)
    .map(([, id = '', uri = '']) => ({ uri, id: Number(id) }))
    .slice(0, maxExtensions)
}

function fingerprintOf(part: string): string | undefined {
  const written = /^a=fingerprint:sha-256 ([\dA-F:]+)\s*$/im.exec(part)?.[1]
  return written?.replaceAll(':', '').toLowerCase()
}

function lines(part: string, form: RegExp): RegExpMatchArray[] {
  return [...part.replaceAll('\r', '').matchAll(form)]
}

function value(part: string, name: string): string | undefined {
  return new RegExp(`^a=${name}:(\\S+)`, 'm').exec(part)?.[1]
}

function needed(part: string, name: string): string {
  return value(part, name) ?? missing(name)
}

function missing(what: string): never {
  throw new OfferError(what)
}
