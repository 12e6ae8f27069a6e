/** The sections of the browser's offer, in the protocol's order, each with its transform before any frame can pass. */
import type { TransformOptions } from '../vault'

/** Slot is one pair that shows a person whom the server chose. */
export interface Slot {
  readonly audio: RTCRtpTransceiver
  readonly video: RTCRtpTransceiver
}

export interface Sections {
  readonly microphone: RTCRtpSender
  readonly camera: RTCRtpSender
  readonly slots: readonly Slot[]
}

interface Negotiable {
  getHeaderExtensionsToNegotiate(): { readonly uri: string; direction: string }[]
  setHeaderExtensionsToNegotiate(extensions: { readonly uri: string; direction: string }[]): void
}

const mid = 'urn:ietf:params:rtp-hdrext:sdes:mid'
const level = 'urn:ietf:params:rtp-hdrext:ssrc-audio-level'
const arrivals = 'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01'
const sending: ReadonlySet<string> = new Set([mid, level, arrivals])
const receiving: ReadonlySet<string> = new Set([mid, level])

/** addSections fits a new connection out: two that send, two for a shared screen (not used yet), then the slots. */
export function addSections(pc: RTCPeerConnection, worker: Worker, slots: number): Sections {
  const microphone = add(pc, 'audio', 'sendonly').sender
  microphone.transform = transform(worker, { way: 'seal', context: 'microphone' })
  const camera = add(pc, 'video', 'sendonly').sender
  camera.transform = transform(worker, { way: 'seal', context: 'camera' })
  add(pc, 'video', 'inactive')
  add(pc, 'audio', 'inactive')
  return { microphone, camera, slots: Array.from({ length: slots }, (_, slot) => addSlot(pc, worker, slot)) }
}

function addSlot(pc: RTCPeerConnection, worker: Worker, slot: number): Slot {
  const audio = add(pc, 'audio', 'recvonly')
  audio.receiver.transform = transform(worker, { way: 'open', media: 'audio', slot })
  const video = add(pc, 'video', 'recvonly')
  video.receiver.transform = transform(worker, { way: 'open', media: 'video', slot })
  return { audio, video }
}

function transform(worker: Worker, options: TransformOptions): RTCRtpScriptTransform {
  return new RTCRtpScriptTransform(worker, options)
}

function add(pc: RTCPeerConnection, kind: 'audio' | 'video', direction: RTCRtpTransceiverDirection): RTCRtpTransceiver {
  const transceiver = pc.addTransceiver(kind, { direction })
  const wanted = kind === 'audio' ? /^audio\/opus$/i : /^video\/(?:vp8|rtx)$/i
  const codecs = RTCRtpReceiver.getCapabilities(kind)?.codecs.filter((c) => wanted.test(c.mimeType)) ?? []
  transceiver.setCodecPreferences(codecs)
  trim(transceiver, direction === 'recvonly' ? receiving : sending)
  return transceiver
}

/** trim offers only header extensions that are of use, where the browser lets a page choose them (Chromium). */
function trim(transceiver: RTCRtpTransceiver, kept: ReadonlySet<string>): void {
  if (!isNegotiable(transceiver)) return
  const extensions = transceiver.getHeaderExtensionsToNegotiate()
  for (const x of extensions) {
    if (!kept.has(x.uri)) x.direction = 'stopped'
    else if (x.direction === 'stopped') x.direction = 'sendrecv'
  }
  transceiver.setHeaderExtensionsToNegotiate(extensions)
}

function isNegotiable(transceiver: object): transceiver is Negotiable {
  return 'setHeaderExtensionsToNegotiate' in transceiver
}
