/** What of an encoded frame stays in the clear, as the coding's depacketizer needs it (protocol/README.md section 4). */

/** contexts are the four things that a person can send, numbered as in key ids. */
export const contexts = { microphone: 0, camera: 1, screen: 2, 'screen-audio': 3 } as const

export type Context = keyof typeof contexts
export type Media = 'audio' | 'video'

const clearOfKeyFrame = 10
const clearOfOthers = 1

export function mediaOf(context: number): Media {
  return context === contexts.camera || context === contexts.screen ? 'video' : 'audio'
}

/** isKeyFrame reads VP8's frame tag (RFC 6386 9.1). */
export function isKeyFrame(frame: Uint8Array): boolean {
  return ((frame[0] ?? 1) & 1) === 0
}

/** clearSize is how many bytes of a frame are not sealed but covered: none of Opus, 10 or 1 of VP8. */
export function clearSize(media: Media, frame: Uint8Array): number {
  if (media === 'audio') return 0
  return Math.min(frame.length, isKeyFrame(frame) ? clearOfKeyFrame : clearOfOthers)
}
