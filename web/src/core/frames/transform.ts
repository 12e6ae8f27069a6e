/** The browser's encoded transform (RTCRtpScriptTransform) around Frames: frames in, sealed or opened frames out, nothing plain. */
import type { Clock } from '../clock'
import type { Bytes, TransformOptions } from '../vault'
import type { Frames } from './frames'
import { contexts, isKeyFrame, mediaOf } from './payload'

/** EncodedFrame is what audio and video frames of a transform have in common. */
export interface EncodedFrame {
  data: ArrayBuffer
}

/** Transformer is the part of RTCRtpScriptTransformer that is used here. */
export interface Transformer {
  readonly options: unknown
  readonly readable: ReadableStream<EncodedFrame>
  readonly writable: WritableStream<EncodedFrame>
  sendKeyFrameRequest?(): Promise<unknown>
  generateKeyFrame?(): Promise<unknown>
}

const requestEvery = 1_000

/** attach carries frames of one sender or receiver until its stream ends. Options that are none let no frame through. */
export function attach(transformer: Transformer, frames: Frames, clock: Clock): Promise<void> {
  const step = stepFor(transformer, frames, clock)
  const through = new TransformStream<EncodedFrame, EncodedFrame>({
    async transform(frame, controller) {
      try {
        const data = await step(new Uint8Array(frame.data))
        if (data === null) return
        frame.data = data.buffer
        controller.enqueue(frame)
      } catch {
        // A frame that cannot be handled is dropped; an exception here would end the stream for good.
      }
    },
  })
  return transformer.readable
    .pipeThrough(through)
    .pipeTo(transformer.writable)
    .catch(() => undefined)
}

type Step = (frame: Uint8Array) => Promise<Uint8Array<ArrayBuffer> | null>

function stepFor(transformer: Transformer, frames: Frames, clock: Clock): Step {
  const options = transformer.options
  if (!isOptions(options)) return () => Promise.resolve(null)
  if (options.way === 'seal') {
    const media = mediaOf(contexts[options.context])
    const seal = (frame: Uint8Array): Promise<Bytes | null> => frames.seal(options.context, media, frame)
    return media === 'video' ? sealer(seal, transformer, clock) : seal
  }
  return opener(options.slot, options.media, transformer, frames, clock)
}

/** sealer begins with a key frame after frames were held back: what builds on those that nobody got is of no use. */
function sealer(seal: Step, transformer: Transformer, clock: Clock): Step {
  let held = false
  let asked = -requestEvery
  return async (frame) => {
    const sealed = await seal(frame)
    if (sealed === null) held = true
    if (!held || sealed === null) return sealed
    if (isKeyFrame(frame)) {
      held = false
      return sealed
    }
    if (clock.now() - asked >= requestEvery) {
      asked = clock.now()
      transformer.generateKeyFrame?.().catch(() => undefined)
    }
    return null
  }
}

/** opener asks for a key frame when pictures came before their key or before word of whose they are, so that they start at once. */
function opener(slot: number, media: 'audio' | 'video', transformer: Transformer, frames: Frames, clock: Clock): Step {
  let hungry = false
  let asked = -requestEvery
  return async (frame) => {
    const { frame: opened, fate } = await frames.open(slot, media, frame)
    if (media === 'audio') return opened
    if (fate === 'no-key' || fate === 'mismatch') hungry = true
    if (!hungry || opened === null) return opened
    if (isKeyFrame(opened)) {
      hungry = false
    } else if (clock.now() - asked >= requestEvery) {
      asked = clock.now()
      transformer.sendKeyFrameRequest?.().catch(() => undefined)
    }
    return opened
  }
}

function isOptions(o: unknown): o is TransformOptions {
  if (typeof o !== 'object' || o === null || !('way' in o)) return false
  if (o.way === 'seal') return 'context' in o && typeof o.context === 'string' && Object.hasOwn(contexts, o.context)
  if (o.way !== 'open' || !('slot' in o) || !('media' in o)) return false
  return Number.isInteger(o.slot) && (o.media === 'audio' || o.media === 'video')
}
