import type { Reaction } from '../core/snapshot'

/** The picture of each reaction, in the order in which they are offered. */
export const pictures: Readonly<Record<Reaction, string>> = {
  'thumbs-up': '👍',
  clap: '👏',
  heart: '❤️',
  laugh: '😂',
  surprise: '😮',
  celebrate: '🎉',
}
