import { beforeEach, describe, expect, test } from 'vitest'
import { FakeClock } from '../testkit/meeting'
import type { Bytes } from '../vault'
import { Frames } from './frames'
import type { EpochKeys } from './keyring'
import { aes128gcm, deriveKey, seal } from './sframe'
import { attach, type EncodedFrame, type Transformer } from './transform'

const vp8Key = Uint8Array.from({ length: 40 }, (_, i) => 2 * i) // even first byte: a key frame
const vp8Delta = Uint8Array.from({ length: 40 }, (_, i) => 2 * i + 1)
const opus = Uint8Array.from({ length: 30 }, (_, i) => i + 100)
const people = new Map([
  [0, 'ada'],
  [1, 'bob'],
])

function keys(epoch: number, leaf: number, over: Partial<EpochKeys> = {}): EpochKeys {
  return { epoch, base: new Uint8Array(16).fill(epoch + 1), leaf, leaves: people, removed: [], ...over }
}

let clock: FakeClock
let troubled: number[]
let ada: Frames
let bob: Frames

function person(): Frames {
  const frames = new Frames(clock, (slot) => troubled.push(slot))
  frames.permit(() => true)
  return frames
}

beforeEach(() => {
  clock = new FakeClock()
  troubled = []
  ada = person()
  bob = person()
  ada.advance(keys(1, 0))
  bob.advance(keys(1, 1))
  ada.confirm()
  bob.confirm()
  bob.slots(['', 'ada'])
})

async function sealed(by: Frames, frame: Bytes = opus): Promise<Bytes> {
  const out = await by.seal('microphone', 'audio', frame)
  if (out === null) throw new Error('not sealed')
  return out
}

async function fate(by: Frames, frame: Bytes, slot = 1, media: 'audio' | 'video' = 'audio'): Promise<string> {
  const { frame: out, fate: what } = await by.open(slot, media, frame)
  expect(out === null).toBe(what !== 'opened')
  return what
}

describe('sealing', () => {
  test('Opus is sealed whole, VP8 but for 10 or 1 bytes, and all open again', async () => {
    const sound = await sealed(ada)
    expect((await bob.open(1, 'audio', sound)).frame).toEqual(opus)
    for (const [frame, clear] of [
      [vp8Key, 10],
      [vp8Delta, 1],
    ] as const) {
      const picture = await ada.seal('camera', 'video', frame)
      expect(picture?.slice(0, clear)).toEqual(frame.slice(0, clear))
      expect(
        picture
          ?.slice(clear)
          .join()
          .includes(frame.slice(clear, clear + 8).join()),
      ).toBe(false)
      expect((await bob.open(1, 'video', picture ?? vp8Key)).frame).toEqual(frame)
    }
  })

  test('nothing leaves before a host’s head, before a key, or after wiping', async () => {
    const early = person()
    expect(await early.seal('microphone', 'audio', opus)).toBeNull()
    early.advance(keys(1, 0))
    expect(await early.seal('microphone', 'audio', opus)).toBeNull()
    early.confirm()
    expect(await early.seal('microphone', 'audio', opus)).not.toBeNull()
    expect(await early.seal('microphone', 'audio', new Uint8Array())).toBeNull()
    early.wipe()
    expect(await early.seal('microphone', 'audio', opus)).toBeNull()
  })

  test('no counter is used twice, also by frames that overlap', async () => {
    const all = await Promise.all(Array.from({ length: 50 }, () => sealed(ada)))
    expect(new Set(all.map((f) => f.slice(0, 5).join())).size).toBe(50)
    for (const f of all) expect(await fate(bob, f)).toBe('opened')
  })
})

describe('opening fails closed', () => {
  test.each<[string, Bytes]>([
    ['plain sound', opus],
    ['a plain key frame', vp8Key],
    ['a plain picture', vp8Delta],
    ['nothing', new Uint8Array()],
    ['a few bytes', Uint8Array.of(0x90, 1, 0)],
  ])('%s never passes', async (_, frame) => {
    for (const media of ['audio', 'video'] as const) expect((await bob.open(1, media, frame)).frame).toBeNull()
  })

  test('every bent byte is noticed, the clear ones too', async () => {
    const picture = (await ada.seal('camera', 'video', vp8Key)) ?? vp8Key
    for (let at = 0; at < picture.length; at++) {
      const bent = picture.slice()
      bent[at] = (bent[at] ?? 0) ^ 0x80
      expect((await bob.open(1, 'video', bent)).frame).toBeNull()
    }
    expect(await fate(bob, picture, 1, 'video')).toBe('opened')
  })

  test('a frame opens once, late ones within the window, and a long jump never', async () => {
    const frames = await Promise.all(Array.from({ length: 1100 }, () => sealed(ada)))
    const [first, second] = frames
    if (!first || !second) throw new Error('no frames')
    expect(await fate(bob, first)).toBe('opened')
    expect(await fate(bob, first)).toBe('repeat')
    expect(await Promise.all([fate(bob, second), fate(bob, second)])).toContain('repeat')
    expect(await fate(bob, frames[1098] ?? first)).toBe('opened')
    expect(await fate(bob, frames[100] ?? first)).toBe('opened')
    expect(await fate(bob, frames[74] ?? first)).toBe('repeat') // 1,024 behind the highest
    const id = 1n // ada's microphone in epoch 1
    const key = await deriveKey(aes128gcm, id, new Uint8Array(16).fill(2), 'encrypt')
    expect(await fate(bob, await seal(key, 1098n + 2n ** 20n + 1n, new Uint8Array(), opus))).toBe('repeat')
    expect(await fate(bob, frames[1099] ?? first)).toBe('opened')
  })

  test('a forged frame does not move the window', async () => {
    const real = await sealed(ada)
    const other = await deriveKey(aes128gcm, 1n, new Uint8Array(16).fill(99), 'encrypt')
    expect(await fate(bob, await seal(other, 1000n, new Uint8Array(), opus))).toBe('forged')
    expect(await fate(bob, real)).toBe('opened')
  })

  test('a frame shows only in the slot of its leaf and the section of its context', async () => {
    expect(await fate(bob, await sealed(ada), 0)).toBe('mismatch')
    expect(await fate(bob, (await ada.seal('camera', 'audio', opus)) ?? opus)).toBe('mismatch')
    bob.slots(['ada', 'eve'])
    expect(await fate(bob, await sealed(ada), 1)).toBe('mismatch')
    expect(await fate(bob, await sealed(ada), 0)).toBe('opened')
    bob.slots(['bob'])
    expect(await fate(bob, await sealed(bob), 0)).toBe('no-key') // my own frames come back to nobody
  })

  test('a picture that outruns the word of whose it is waits for it, but nothing waits for a word that does not come', async () => {
    const late = person()
    late.advance(keys(1, 1))
    late.confirm()
    const picture = async (): Promise<Bytes> => (await ada.seal('camera', 'video', vp8Key)) ?? opus
    const early = late.open(0, 'video', await picture())
    clock.advance(399)
    late.slots(['ada'])
    expect((await early).fate).toBe('opened')
    late.slots([''])
    const unannounced = late.open(0, 'video', await picture())
    clock.advance(400)
    expect((await unannounced).fate).toBe('mismatch')
    expect((await late.open(0, 'video', await picture())).fate).toBe('mismatch')
    late.slots([''])
    const wiped = late.open(0, 'video', await picture())
    late.wipe()
    expect((await wiped).fate).toBe('no-key')
  })

  test('a slot whose frames do not open for two seconds is told once', async () => {
    await fate(bob, opus)
    clock.advance(1_999)
    await fate(bob, opus)
    expect(troubled).toEqual([])
    clock.advance(1)
    await fate(bob, opus)
    await fate(bob, opus)
    expect(troubled).toEqual([1])
    await fate(bob, opus, 0) // an empty slot is nobody's trouble
    clock.advance(3_000)
    await fate(bob, opus, 0)
    expect(troubled).toEqual([1])
  })
})

describe('epochs', () => {
  /** idOf reads the epoch's low bits from ada's key ids below 256. */
  async function sendingEpoch(): Promise<number> {
    const [config = 0, next = 0] = await sealed(ada)
    return config & 0x80 ? next : config >> 4
  }

  test('a sender moves on after a second, at once after a removal', async () => {
    ada.advance(keys(2, 0))
    expect(await sendingEpoch()).toBe(1)
    clock.advance(1_000)
    expect(await sendingEpoch()).toBe(2)
    ada.advance(keys(3, 0, { removed: [4] }))
    expect(await sendingEpoch()).toBe(3)
  })

  test('who was alone moves on at once, so that the first guest sees something', async () => {
    const host = person()
    host.advance(keys(0, 0, { leaves: new Map([[0, 'ada']]) }))
    host.confirm()
    host.advance(keys(1, 0))
    expect(await fate(bob, await sealed(host))).toBe('opened')
  })

  test('old keys live ten seconds, one after a removal, the removed person’s not at all', async () => {
    const [one, two, three, four] = await Promise.all([sealed(ada), sealed(ada), sealed(ada), sealed(ada)])
    bob.advance(keys(2, 1))
    clock.advance(9_999)
    expect(await fate(bob, one)).toBe('opened')
    clock.advance(1)
    expect(await fate(bob, two)).toBe('no-key')
    ada.advance(keys(2, 0))
    clock.advance(1_000)
    const [five, six] = await Promise.all([sealed(ada), sealed(ada)])
    bob.advance(keys(3, 1, { removed: [7] }))
    clock.advance(999)
    expect(await fate(bob, five)).toBe('opened')
    clock.advance(1)
    expect(await fate(bob, six)).toBe('no-key')
    const eve = person()
    eve.confirm()
    eve.slots(['ada'])
    eve.advance(keys(1, 1))
    expect(await fate(eve, three, 0)).toBe('opened')
    eve.advance(keys(2, 1, { leaves: new Map([[0, 'ada']]), removed: [0] })) // the leaf is somebody's again
    expect(await fate(eve, four, 0)).toBe('no-key')
  })

  test('at most eight old epochs are held, and none with equal low bits', async () => {
    const old = await sealed(ada)
    for (let epoch = 2; epoch <= 9; epoch++) bob.advance(keys(epoch, 1))
    expect(await fate(bob, old)).toBe('opened')
    bob.advance(keys(10, 1))
    expect(await fate(bob, await sealed(ada))).toBe('no-key')
    const eve = person()
    eve.confirm()
    eve.slots(['', 'ada'])
    eve.advance(keys(1, 1))
    eve.advance(keys(257, 1, { base: new Uint8Array(16).fill(99) }))
    expect(await fate(eve, await sealed(ada))).toBe('forged') // the key of 257 is tried, not that of 1
  })

  test('a base key is wiped with its epoch', () => {
    const base = new Uint8Array(16).fill(5)
    ada.advance(keys(2, 0, { base }))
    ada.wipe()
    expect(base.every((b) => b === 0)).toBe(true)
  })
})

describe('a transform', () => {
  async function run(options: unknown, frames: readonly Bytes[], by: Frames): Promise<{ out: Bytes[]; asked: number }> {
    let asked = 0
    const out: Bytes[] = []
    const transformer: Transformer = {
      options,
      readable: new ReadableStream<EncodedFrame>({
        start(into) {
          frames.forEach((f) => {
            into.enqueue({ data: f.slice().buffer })
          })
          into.close()
        },
      }),
      writable: new WritableStream({
        write(f) {
          out.push(new Uint8Array(f.data))
        },
      }),
      sendKeyFrameRequest: () => Promise.resolve(asked++),
    }
    await attach(transformer, by, clock)
    return { out, asked }
  }

  test('seals with one and opens with the other', async () => {
    const { out } = await run({ way: 'seal', context: 'camera' }, [vp8Key, vp8Delta], ada)
    const opened = await run({ way: 'open', media: 'video', slot: 1 }, [...out, ...out, vp8Delta], bob)
    expect(opened.out).toEqual([vp8Key, vp8Delta])
  })

  test.each([
    undefined,
    null,
    {},
    { way: 'seal', context: 'toString' },
    { way: 'open', media: 'video' },
    { way: 'plain' },
  ])('options %j let nothing through', async (options) => {
    expect((await run(options, [opus, vp8Key], ada)).out).toEqual([])
  })

  test('what was held back builds nothing: the picture goes on with a key frame, asked for once a second', async () => {
    const sent: Bytes[] = []
    const asked: number[] = []
    const { readable, writable } = new TransformStream<EncodedFrame, EncodedFrame>()
    const into = writable.getWriter()
    const transformer: Transformer = {
      options: { way: 'seal', context: 'camera' },
      readable,
      writable: new WritableStream({ write: (f) => void sent.push(new Uint8Array(f.data)) }),
      generateKeyFrame: () => Promise.resolve(asked.push(clock.now())),
    }
    const done = attach(transformer, ada, clock)
    const feed = (f: Bytes): Promise<void> => into.write({ data: f.slice().buffer })
    await feed(vp8Key)
    await expect.poll(() => sent.length).toBe(1)
    ada.halt(true)
    await feed(vp8Delta)
    await feed(vp8Key)
    ada.halt(false)
    await feed(vp8Delta)
    await feed(vp8Delta)
    await expect.poll(() => asked.length).toBe(1)
    clock.advance(1_000)
    await feed(vp8Delta)
    await feed(vp8Key)
    await feed(vp8Delta)
    await into.close()
    await done
    expect(asked.length).toBe(2)
    expect(sent.length).toBe(3)
    expect((await Promise.all(sent.map((f) => fate(bob, f, 1, 'video')))).join()).toBe('opened,opened,opened')
  })

  test.each(['key', 'slot'])(
    'asks for a key frame, at most once a second, when pictures outran their %s',
    async (lack) => {
      const { out: sent } = await run(
        { way: 'seal', context: 'camera' },
        Array.from({ length: 5 }, () => vp8Delta),
        ada,
      )
      const { out: started } = await run({ way: 'seal', context: 'camera' }, [vp8Key, vp8Delta], ada)
      const late = person()
      late.advance(keys(1, 1))
      late.slots([lack === 'key' ? 'ada' : 'eve'])
      if (lack === 'slot') late.confirm()
      const seen: Bytes[] = []
      const asked: number[] = []
      const { readable, writable } = new TransformStream<EncodedFrame, EncodedFrame>()
      const into = writable.getWriter()
      const done = attach(
        {
          options: { way: 'open', media: 'video', slot: 0 },
          readable,
          writable: new WritableStream({ write: (f) => void seen.push(new Uint8Array(f.data)) }),
          sendKeyFrameRequest: () => Promise.resolve(asked.push(clock.now())),
        },
        late,
        clock,
      )
      const feed = (f: Bytes | undefined): Promise<void> => into.write({ data: (f ?? opus).slice().buffer })
      await feed(sent[0]) // dropped
      await feed(sent[0])
      await expect.poll(() => seen.length).toBe(0)
      late.confirm()
      late.slots(['ada'])
      await feed(sent[1])
      await feed(sent[2])
      await expect.poll(() => seen.length).toBe(2)
      expect(asked.length).toBe(1)
      clock.advance(1_000)
      await feed(sent[3])
      await expect.poll(() => asked.length).toBe(2)
      await feed(started[0])
      clock.advance(1_000)
      await feed(started[1])
      await into.close()
      await done
      expect(seen.length).toBe(5)
      expect(asked.length).toBe(2)
    },
  )
})
