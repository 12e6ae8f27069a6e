import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { HandTime, settle } from '../testkit/time'
import type { MediaAnswer, MediaOffer, Relay } from '../wire.gen'
import { FakeConnection, FakeStream, FakeTrack, useFakes } from '../testkit/media'
import { MediaLine } from './line'

const worker = {} as Worker

function answerTo(offer: MediaOffer): MediaAnswer {
  return {
    ufrag: 'srvU',
    password: 'a'.repeat(32),
    fingerprint: '0a'.repeat(32),
    candidates: [{ address: '127.0.0.1', port: 7882 }],
    codings: offer.codings.map((c) => ({ payloads: c.codecs.map((k) => k.payload), extensions: [] })),
    sections: offer.sections.map((_, i) => ({ active: i < 2 || i > 3, ssrc: i > 3 ? i : 0, rtx: 0 })),
  }
}

const time = { hand: new HandTime() }
const asked: MediaOffer[] = []
const url = 'turns:meet.example:443?transport=tcp'
let relay: Relay
let ask: (offer: MediaOffer) => Promise<MediaAnswer>
let line: MediaLine

beforeEach(() => {
  useFakes()
  time.hand = new HandTime()
  asked.length = 0
  relay = { urls: [url], username: 'u1', credential: 'c1' }
  ask = (offer) => {
    asked.push(offer)
    return Promise.resolve(answerTo(offer))
  }
  line = new MediaLine({ worker, slots: 2, clock: time.hand, relay: () => relay, ask: (offer) => ask(offer) })
})
afterEach(() => {
  line.close()
  vi.unstubAllGlobals()
})

const last = (): FakeConnection => FakeConnection.all.at(-1) ?? expect.fail('no connection')
const track = (kind: string): MediaStreamTrack => new FakeTrack(kind) as unknown as MediaStreamTrack
const tracksOf = (slot: number): FakeTrack[] => (line.stream(slot) as unknown as FakeStream).tracks

async function connected(): Promise<FakeConnection> {
  line.start()
  await settle()
  last().become('connected')
  return last()
}

it('lays the sections out in order, each with its codecs, extensions and transform', async () => {
  const pc = await connected()
  expect(pc.options).toEqual({
    bundlePolicy: 'max-bundle',
    iceServers: [{ urls: [url], username: 'u1', credential: 'c1' }],
  })
  expect(pc.transceivers.map((t) => `${t.kind} ${t.direction}`)).toEqual([
    ...['audio sendonly', 'video sendonly', 'video inactive', 'audio inactive'],
    ...['audio recvonly', 'video recvonly', 'audio recvonly', 'video recvonly'],
  ])
  for (const t of pc.transceivers) {
    expect(t.codecs).toEqual(t.kind === 'audio' ? ['audio/opus'] : ['video/VP8', 'video/rtx'])
    expect(t.extensions.map((x) => x.direction)).toEqual(['sendrecv', 'sendrecv', 'stopped'])
  }
  expect(pc.transceivers.map((t) => (t.sender.transform ?? t.receiver.transform)?.options)).toEqual([
    { way: 'seal', context: 'microphone' },
    { way: 'seal', context: 'camera' },
    undefined,
    undefined,
    { way: 'open', media: 'audio', slot: 0 },
    { way: 'open', media: 'video', slot: 0 },
    { way: 'open', media: 'audio', slot: 1 },
    { way: 'open', media: 'video', slot: 1 },
  ])
  expect(asked).toMatchObject([{ loopback: true, sections: { length: 8 } }])
  expect(pc.remote).toContain('a=ice-ufrag:srvU')
  expect(line.state.get()).toBe('connected')
})

it('takes the present relay with each attempt, and does without where there is none', async () => {
  const pc = await connected()
  relay = { urls: [url], username: 'u2', credential: 'c2' }
  pc.become('failed')
  await time.hand.move(500)
  expect(last().options).toMatchObject({ iceServers: [{ username: 'u2', credential: 'c2' }] })
  relay = { urls: [], username: '', credential: '' }
  last().become('failed')
  await time.hand.move(1_000)
  expect(FakeConnection.all).toHaveLength(3)
  expect(last().options).toEqual({ bundlePolicy: 'max-bundle', iceServers: [] })
})

it('opens no connection without the vault', async () => {
  const bare = new MediaLine({ worker: undefined, slots: 2, clock: time.hand, relay: () => relay, ask })
  bare.start()
  await time.hand.move(60_000)
  expect(FakeConnection.all).toEqual([])
  expect(bare.state.get()).toBe('failed')
})

it('sends other tracks without another offer, and the same ones after a reconnection', async () => {
  const [voice, picture] = [track('audio'), track('video')]
  line.setMicrophone(voice)
  const pc = await connected()
  line.setCamera(picture)
  line.setCamera(null)
  line.setCamera(picture)
  expect(pc.transceivers[0]?.sent).toEqual([voice])
  expect(pc.transceivers[1]?.sent.slice(-3)).toEqual([picture, null, picture])
  expect(asked).toHaveLength(1)
  pc.become('failed')
  await time.hand.move(500)
  expect(FakeConnection.all).toHaveLength(2)
  expect(last().transceivers[0]?.sent).toEqual([voice])
  expect(last().transceivers[1]?.sent).toEqual([picture])
})

it('keeps the streams over a reconnection, and never leaves one empty', async () => {
  const pc = await connected()
  const streams = [line.stream(0), line.stream(1)]
  expect(tracksOf(1)).toEqual([pc.transceivers[6]?.receiver.track, pc.transceivers[7]?.receiver.track])
  pc.become('failed')
  expect(line.state.get()).toBe('failed')
  await time.hand.move(500)
  expect(line.state.get()).toBe('connecting')
  last().become('connected')
  expect([line.stream(0), line.stream(1)]).toEqual(streams)
  expect(tracksOf(1)).toEqual([last().transceivers[6]?.receiver.track, last().transceivers[7]?.receiver.track])
  expect(Math.min(...(line.stream(1) as unknown as FakeStream).counts.slice(1))).toBe(2)
  expect(pc.connectionState).toBe('closed')
  expect(() => line.stream(2)).toThrow(RangeError)
})

it('waits five seconds for a connection that broke off to come back', async () => {
  const pc = await connected()
  pc.become('disconnected')
  await time.hand.move(4_900)
  pc.become('connected')
  await time.hand.move(60_000)
  expect(FakeConnection.all).toHaveLength(1)
  pc.become('disconnected')
  await time.hand.move(5_000)
  expect(line.state.get()).toBe('failed')
  await time.hand.move(500)
  expect(FakeConnection.all).toHaveLength(2)
})

it.each(['failed', 'closed'])('connects anew when the handshake is %s', async (state) => {
  const pc = await connected()
  const transport = pc.transceivers[0]?.transport ?? expect.fail('no transport')
  transport.state = state
  transport.onstatechange()
  pc.become('failed')
  await time.hand.move(500)
  expect(FakeConnection.all).toHaveLength(2)
})

it('gives up on an attempt that never connects', async () => {
  line.start()
  await time.hand.move(20_000)
  expect(line.state.get()).toBe('failed')
  await time.hand.move(500)
  expect(FakeConnection.all).toHaveLength(2)
})

it('doubles the pauses up to eight seconds, and begins small again after a success', async () => {
  ask = () => Promise.reject(new Error('slow_down'))
  line.start()
  await settle()
  for (const pause of [500, 1_000, 2_000, 4_000, 8_000, 8_000]) {
    const before = FakeConnection.all.length
    await time.hand.move(pause - 1)
    expect(FakeConnection.all).toHaveLength(before)
    await time.hand.move(1)
    expect(FakeConnection.all).toHaveLength(before + 1)
  }
  ask = (offer) => Promise.resolve(answerTo(offer))
  await time.hand.move(8_000)
  last().become('connected')
  const before = FakeConnection.all.length
  last().become('failed')
  await time.hand.move(500)
  expect(FakeConnection.all).toHaveLength(before + 1)
})

it('takes facts that do not fit for a failure', async () => {
  ask = (offer) => Promise.resolve({ ...answerTo(offer), password: 'x\r\na=y' })
  line.start()
  await settle()
  expect(line.state.get()).toBe('failed')
  expect(last().remote).toBe('')
})

it('ends for good, even while the server is being asked', async () => {
  let answered: (() => void) | undefined
  ask = (offer) =>
    new Promise((resolve) => {
      answered = () => {
        resolve(answerTo(offer))
      }
    })
  line.start()
  await settle()
  line.close()
  answered?.()
  await time.hand.move(60_000)
  line.start()
  line.setCamera(track('video'))
  expect(FakeConnection.all).toHaveLength(1)
  expect(last()).toMatchObject({ remote: '', connectionState: 'closed' })
  expect(tracksOf(0)).toEqual([])
  expect(time.hand.waiting).toBe(0)
})

it('tells how loud a slot is, and that it fell silent', async () => {
  const pc = await connected()
  const voice = pc.transceivers[4] ?? expect.fail('no slot')
  expect(line.level(0)).toBe(0)
  voice.sources = [{ timestamp: 1, audioLevel: 0.5 }]
  expect(line.level(0)).toBe(0.5)
  await time.hand.move(400)
  expect(line.level(0)).toBe(0.5)
  await time.hand.move(200)
  expect(line.level(0)).toBe(0)
  voice.sources = [{ timestamp: 2, audioLevel: 0.25 }]
  expect(line.level(0)).toBe(0.25)
})

it('measures a slot whose packets do not tell how loud they are, five times a second at most', async () => {
  const pc = await connected()
  const voice = pc.transceivers[4] ?? expect.fail('no slot')
  voice.measured = 0.125
  for (let i = 0; i < 10; i++) {
    voice.sources = [{ timestamp: i }]
    line.level(0)
    await time.hand.move(40)
  }
  expect(line.level(0)).toBe(0.125)
  expect(voice.looks).toBe(3)
  voice.measured = undefined
  await time.hand.move(200)
  line.level(0)
  await settle()
  expect(line.level(0)).toBe(0)
})
