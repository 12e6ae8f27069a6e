/**
 * The answer to the browser's own offer, by template: no SDP travels (protocol/README.md section 7). The server's facts are
 * checked before they are written into lines, so that nothing but those facts gets in.
 */
import type { MediaAnswer, MediaCodec, MediaCoding, MediaOffer, MediaSection, MediaSource } from '../wire.gen'

const firstSlot = 4 // microphone, camera, screen, screen audio come first
const arrivals = 'http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01'

/** AnswerError says that the server's facts do not fit the offer; it names the field, never its content. */
class AnswerError extends Error {
  constructor(field: string) {
    super(`media answer: ${field}`)
    this.name = 'AnswerError'
  }
}

/** answerOf writes the answer's SDP: one ICE-lite, passive end of one bundle (RFC 8445 2.5, RFC 8842, RFC 9143). */
export function answerOf(offer: MediaOffer, answer: MediaAnswer): string {
  check(offer, answer)
  const sections = offer.sections.map((section, i) => sectionLines(offer, answer, section, i))
  return [...sessionLines(offer, answer), ...sections.flat(), ''].join('\r\n')
}

function sessionLines(offer: MediaOffer, answer: MediaAnswer): string[] {
  const pairs = answer.fingerprint.toUpperCase().match(/../g) ?? []
  return [
    'v=0',
    'o=- 1 1 IN IP4 127.0.0.1',
    's=-',
    't=0 0',
    `a=group:BUNDLE ${offer.sections.map((s) => s.mid).join(' ')}`,
    'a=extmap-allow-mixed',
    'a=msid-semantic: WMS *',
    'a=ice-lite',
    `a=ice-ufrag:${answer.ufrag}`,
    `a=ice-pwd:${answer.password}`,
    `a=fingerprint:sha-256 ${pairs.join(':')}`,
    'a=setup:passive',
  ]
}

function sectionLines(offer: MediaOffer, answer: MediaAnswer, section: MediaSection, i: number): string[] {
  const coding = at(offer.codings, section.coding)
  const taken = at(answer.codings, section.coding)
  const codecs = taken.payloads.map((p) => coding.codecs.find((c) => c.payload === p) ?? refuse('payload type'))
  const extensions = taken.extensions.map((id) => coding.extensions.find((x) => x.id === id) ?? refuse('extension'))
  if (codecs.length === 0) refuse('no codec')
  const measured = extensions.some((x) => x.uri === arrivals)
  return [
    `m=${coding.kind} 9 UDP/TLS/RTP/SAVPF ${taken.payloads.join(' ')}`,
    'c=IN IP4 0.0.0.0',
    `a=mid:${section.mid}`,
    'a=rtcp-mux',
    'a=rtcp-rsize',
    ...(i === 0 ? candidateLines(answer) : []),
    ...extensions.map((x) => `a=extmap:${x.id} ${x.uri}`),
    ...codecs.flatMap((codec) => codecLines(coding, codec, measured)),
    ...directionLines(coding, at(answer.sections, i), i),
  ]
}

/** candidateLines stand in the first section only, for the whole bundle; some clients look for setup there alone. */
function candidateLines(answer: MediaAnswer): string[] {
  const host = 2_130_706_431 // priority of a host candidate (RFC 8445 5.1.2.1), falling with the server's order
  return [
    ...answer.candidates.map((c, n) => `a=candidate:${n + 1} 1 udp ${host - (n << 8)} ${c.address} ${c.port} typ host`),
    'a=end-of-candidates',
    'a=setup:passive',
  ]
}

function codecLines(coding: MediaCoding, codec: MediaCodec, measured: boolean): string[] {
  const p = codec.payload
  const format = codec.format === '' ? [] : [`a=fmtp:${p} ${codec.format}`]
  if (codec.name === 'rtx') return [`a=rtpmap:${p} rtx/90000`, ...format]
  const rate = coding.kind === 'audio' ? '48000/2' : '90000'
  const feedback = coding.kind === 'audio' ? [] : ['nack', 'nack pli', 'ccm fir', 'goog-remb']
  if (measured) feedback.push('transport-cc')
  return [`a=rtpmap:${p} ${codec.name}/${rate}`, ...format, ...feedback.map((f) => `a=rtcp-fb:${p} ${f}`)]
}

function directionLines(coding: MediaCoding, source: MediaSource, i: number): string[] {
  if (!source.active) return ['a=inactive']
  if (i < firstSlot) return ['a=recvonly']
  const slot = (i - firstSlot) >> 1
  const cname = (ssrc: number): string => `a=ssrc:${ssrc} cname:incamera`
  const repair = source.rtx === 0 ? [] : [cname(source.rtx), `a=ssrc-group:FID ${source.ssrc} ${source.rtx}`]
  return ['a=sendonly', `a=msid:s${slot} ${coding.kind.charAt(0)}${slot}`, cname(source.ssrc), ...repair]
}

function check(offer: MediaOffer, answer: MediaAnswer): void {
  if (!/^[A-Za-z\d+/]{4,256}$/.test(answer.ufrag)) refuse('ufrag') // ice-chars (RFC 8839 5.4)
  if (!/^[A-Za-z\d+/]{22,256}$/.test(answer.password)) refuse('password')
  if (!/^[\da-f]{64}$/.test(answer.fingerprint)) refuse('fingerprint')
  if (answer.candidates.length < 1 || answer.candidates.length > 8) refuse('candidates')
  for (const c of answer.candidates) {
    if (!/^[\da-f:.]{2,45}$/i.test(c.address) || !isCount(c.port, 0xffff) || c.port === 0) refuse('candidate')
  }
  if (answer.codings.length !== offer.codings.length) refuse('codings')
  if (answer.sections.length !== offer.sections.length) refuse('sections')
  answer.sections.forEach((s, i) => {
    if (!isCount(s.ssrc, 0xffff_ffff) || !isCount(s.rtx, 0xffff_ffff)) refuse('ssrc')
    if (s.active && i >= firstSlot && s.ssrc === 0) refuse('slot without ssrc')
  })
}

function isCount(n: number, most: number): boolean {
  return Number.isInteger(n) && n >= 0 && n <= most
}

function at<T>(list: readonly T[], i: number): T {
  return list[i] ?? refuse('index')
}

function refuse(field: string): never {
  throw new AnswerError(field)
}
