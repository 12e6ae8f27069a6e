/** The browser's encoded transform (RTCRtpScriptTransform) around Frames: frames in, sealed or opened frames out, nothing plain. */
import type { Clock } from '../clock'
import type { TransformOptions } from '../vault'
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
    return (frame) => frames.seal(options.context, media, frame)
  }
  return opener(options.slot, options.media, transformer, frames, clock)
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
