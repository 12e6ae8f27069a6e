import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { MediaAnswer, MediaOffer } from '../wire.gen'
import { answerOf } from './answer'
import { factsOf, isLoopback, OfferError } from './facts'

const browsers = ['chromium', 'firefox'] as const
const recorded = (browser: string): string =>
  readFileSync(new URL(`./testdata/${browser}.sdp`, import.meta.url), 'utf8')

/** answerTo accepts as the server does: Opus, VP8 and its repair, three extensions of the sections that send. */
function answerTo(offer: MediaOffer): MediaAnswer {
  const sends = new Set(offer.sections.slice(0, 2).map((s) => s.coding))
  return {
    ufrag: 'srvU',
    password: 'serverPassword/22chars+',
    fingerprint: '0a'.repeat(32),
    candidates: [
      { address: '127.0.0.1', port: 7882 },
      { address: 'fd00::1', port: 7882 },
    ],
    codings: offer.codings.map((c, i) => ({
      payloads: c.codecs.filter((k) => ['opus', 'VP8', 'rtx'].includes(k.name)).map((k) => k.payload),
      extensions: sends.has(i)
        ? c.extensions.filter((x) => /sdes:mid$|ssrc-audio-level$|transport-wide-cc/.test(x.uri)).map((x) => x.id)
        : [],
    })),
    sections: offer.sections.map((s, i) => ({
      active: i < 2 || i > 3,
      ssrc: i > 3 ? 1000 + i : 0,
      rtx: s.role === 'slot-video' ? 2000 + i : 0,
    })),
  }
}

describe('factsOf', () => {
  it.each(browsers)('keeps the order of the roles (%s)', (browser) => {
    const offer = factsOf(recorded(browser), true)
    expect(offer.sections.map((s) => s.role)).toEqual([
      ...['microphone', 'camera', 'screen', 'screen-audio'],
      ...['slot-audio', 'slot-video', 'slot-audio', 'slot-video'],
    ])
    expect(offer.sections.map((s) => s.mid)).toEqual(['0', '1', '2', '3', '4', '5', '6', '7'])
    expect(offer.sections.map((s) => offer.codings[s.coding]?.kind)).toEqual(
      ['audio', 'video', 'video', 'audio', 'audio', 'video', 'audio', 'video'], // prettier-ignore
    )
    expect(offer.loopback).toBe(true)
  })

  it('reads what Chromium offers, each coding once', () => {
    const mid = { uri: 'urn:ietf:params:rtp-hdrext:sdes:mid', id: 4 }
    const level = { uri: 'urn:ietf:params:rtp-hdrext:ssrc-audio-level', id: 1 }
    const offer = factsOf(recorded('chromium'), false)
    expect(offer.ufrag).toBe(/ice-ufrag:(\S+)/.exec(recorded('chromium'))?.[1])
    expect(offer.fingerprint).toMatch(/^a124d6bd5d[\da-f]{54}$/)
    expect(offer.codings[0]?.codecs).toEqual([
      { name: 'opus', payload: 111, format: 'minptime=10;useinbandfec=1', primary: -1 },
    ])
    expect(offer.codings[1]?.codecs).toEqual([
      { name: 'VP8', payload: 96, format: '', primary: -1 },
      { name: 'rtx', payload: 97, format: 'apt=96', primary: 96 },
    ])
    expect(offer.codings[offer.sections[4]?.coding ?? -1]?.extensions).toEqual([level, mid])
    expect(new Set(offer.codings.map((c) => JSON.stringify(c))).size).toBe(offer.codings.length)
    expect(offer.codings.length).toBeLessThan(offer.sections.length)
  })

  it('reads what Firefox offers: fingerprint of the session, ids with a direction', () => {
    const offer = factsOf(recorded('firefox'), false)
    expect(offer.fingerprint).toMatch(/^1cbcf3db18[\da-f]{54}$/)
    expect(offer.codings[0]?.codecs).toMatchObject([{ name: 'opus', payload: 109 }])
    expect(offer.codings[0]?.extensions).toContainEqual({ uri: 'urn:ietf:params:rtp-hdrext:csrc-audio-level', id: 2 })
    expect(offer.codings[1]?.codecs).toMatchObject([
      { name: 'VP8', payload: 120 },
      { name: 'rtx', payload: 124, primary: 120 },
    ])
  })

  it('leaves out codecs that the protocol does not name, and repair of what is left out', () => {
    const part = 'm=video 9 X 96 97 98 99\r\na=mid:0\r\na=rtpmap:96 VP8/90000\r\na=rtpmap:97 rtx/90000\r\n'
    const more = 'a=fmtp:97 apt=98\r\na=rtpmap:98 ulpfec/90000\r\na=rtpmap:99 rtx/90000\r\na=fmtp:99 apt=96\r\n'
    const head = `v=0\r\na=ice-ufrag:abcd\r\na=fingerprint:sha-256 ${'AB:'.repeat(31)}AB\r\n`
    expect(factsOf(head + part + more, false).codings[0]?.codecs.map((c) => c.payload)).toEqual([96, 99])
  })

  it('refuses an offer without mid or SHA-256 fingerprint', () => {
    const sdp = recorded('chromium')
    expect(() => factsOf(sdp.replaceAll('a=mid:', 'a=x:'), false)).toThrow(OfferError)
    expect(() => factsOf(sdp.replaceAll('sha-256', 'sha-1'), false)).toThrow(OfferError)
  })

  it('knows pages of the same machine', () => {
    const names = ['localhost', 'a.localhost', '127.0.0.1', '[::1]', 'meet.example', '10.0.0.1', 'localhost.example']
    expect(names.filter(isLoopback)).toEqual(['localhost', 'a.localhost', '127.0.0.1', '[::1]'])
  })
})

describe('answerOf', () => {
  it.each(browsers)('writes the session lines and one section for each of the offer (%s)', (browser) => {
    const offer = factsOf(recorded(browser), true)
    const [session = '', ...parts] = answerOf(offer, answerTo(offer)).split('m=')
    for (const line of [
      'a=group:BUNDLE 0 1 2 3 4 5 6 7',
      'a=ice-lite',
      'a=ice-ufrag:srvU',
      'a=ice-pwd:serverPassword/22chars+',
      `a=fingerprint:sha-256 ${'0A:'.repeat(31)}0A`,
      'a=setup:passive',
    ]) {
      expect(session.split('\r\n')).toContain(line)
    }
    expect(parts).toHaveLength(8)
    expect(parts.map((p) => /a=(sendonly|recvonly|inactive)\r\n/.exec(p)?.[1])).toEqual([
      ...['recvonly', 'recvonly', 'inactive', 'inactive'],
      ...['sendonly', 'sendonly', 'sendonly', 'sendonly'],
    ])
    expect(parts.map((p) => p.includes('a=candidate:'))).toEqual([true, ...Array<boolean>(7).fill(false)])
  })

  it('writes the lines of a microphone and of a slot', () => {
    const offer = factsOf(recorded('chromium'), true)
    const parts = answerOf(offer, answerTo(offer)).split('m=').slice(1)
    expect(parts[0]?.split('\r\n')).toEqual([
      'audio 9 UDP/TLS/RTP/SAVPF 111',
      'c=IN IP4 0.0.0.0',
      'a=mid:0',
      'a=rtcp-mux',
      'a=rtcp-rsize',
      'a=candidate:1 1 udp 2130706431 127.0.0.1 7882 typ host',
      'a=candidate:2 1 udp 2130706175 fd00::1 7882 typ host',
      'a=end-of-candidates',
      'a=setup:passive',
      'a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level',
      'a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01',
      'a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid',
      'a=rtpmap:111 opus/48000/2',
      'a=fmtp:111 minptime=10;useinbandfec=1',
      'a=rtcp-fb:111 transport-cc',
      'a=recvonly',
      '',
    ])
    expect(parts[7]?.split('\r\n')).toEqual([
      'video 9 UDP/TLS/RTP/SAVPF 96 97',
      'c=IN IP4 0.0.0.0',
      'a=mid:7',
      'a=rtcp-mux',
      'a=rtcp-rsize',
      'a=rtpmap:96 VP8/90000',
      'a=rtcp-fb:96 nack',
      'a=rtcp-fb:96 nack pli',
      'a=rtcp-fb:96 ccm fir',
      'a=rtcp-fb:96 goog-remb',
      'a=rtpmap:97 rtx/90000',
      'a=fmtp:97 apt=96',
      'a=sendonly',
      'a=msid:s1 v1',
      'a=ssrc:1007 cname:incamera',
      'a=ssrc:2007 cname:incamera',
      'a=ssrc-group:FID 1007 2007',
      '',
    ])
  })

  const offer = factsOf(recorded('chromium'), true)
  const good = answerTo(offer)
  const coding = (change: Partial<MediaAnswer['codings'][0]>): Partial<MediaAnswer> => ({
    codings: good.codings.map((c) => ({ ...c, ...change })),
  })
  it.each<[string, Partial<MediaAnswer>]>([
    ['lines in the ufrag', { ufrag: 'abcd\r\na=x' }],
    ['lines in the password', { password: `${'a'.repeat(22)}\r\na=x` }],
    ['a short password', { password: 'short' }],
    ['a fingerprint that is none', { fingerprint: '0a' }],
    ['no candidate', { candidates: [] }],
    ['a name instead of an address', { candidates: [{ address: 'evil.example', port: 1 }] }],
    ['a port that is none', { candidates: [{ address: '127.0.0.1', port: 65536 }] }],
    ['a coding too few', { codings: good.codings.slice(1) }],
    ['a section too few', { sections: good.sections.slice(1) }],
    ['a payload type that was not offered', coding({ payloads: [1] })],
    ['no payload type', coding({ payloads: [] })],
    ['an extension that was not offered', coding({ extensions: [200] })],
    ['a slot without source', { sections: good.sections.map((s) => ({ ...s, ssrc: 0 })) }],
    ['a source that is no number of 32 bits', { sections: good.sections.map((s) => ({ ...s, ssrc: 2 ** 32 })) }],
  ])('refuses %s', (_, change) => {
    expect(() => answerOf(offer, { ...good, ...change })).toThrow(/^media answer: /)
  })
})
