/** What people say inside a PrivateMessage (protocol/README.md section 3): typed, bounded, padded to a size class. */
import { FormError, fromHex, hex, join, Reader, text, u32, u64, u8, utf8, vector, whole } from '../keys/bytes'
import type { Bytes, Reaction } from '../vault'
import { names as namesBody, readNames, type Named } from './forms'

const version = 1
const kinds = {
  chat: 1,
  head: 2,
  names: 3,
  devices: 4,
  private: 5,
  knockKey: 6,
  reaction: 7,
  hand: 8,
  amend: 9,
  wanted: 10,
} as const
const sizes = [64, 256, 1024, 4096, 16384, 65536]
const chatCharacters = 4_000
const chatBytes = 16_000
export const namesAtOnce = 50
export const maxWraps = 80
const reactions: readonly Reaction[] = ['thumbs-up', 'clap', 'heart', 'laugh', 'surprise', 'celebrate']

/** Wrap is a private message's key, sealed to the inbox of one leaf. */
export interface Wrap {
  readonly leaf: number
  readonly enc: Bytes
  readonly key: Bytes
}

/** Private is a message for one person (to 1) or for hosts and co-hosts (to 2), sealed to their inboxes. */
export interface Private {
  readonly kind: 'private'
  readonly to: 1 | 2
  readonly id: Bytes
  readonly wraps: readonly Wrap[]
  readonly sealed: Bytes
}

/** Content is one thing said; ids are of 16 bytes. */
export type Content =
  | { readonly kind: 'chat'; readonly id: Bytes; readonly text: string }
  | { readonly kind: 'head'; readonly statement: Bytes }
  | { readonly kind: 'names'; readonly names: readonly Named[] }
  | { readonly kind: 'devices'; readonly microphone: boolean; readonly camera: boolean }
  | Private
  | { readonly kind: 'knock-key'; readonly key: Bytes }
  | { readonly kind: 'reaction'; readonly reaction: Reaction }
  | { readonly kind: 'hand'; readonly up: boolean; readonly since: number; readonly participant: string } // '' for the own
  | { readonly kind: 'amend'; readonly id: Bytes; readonly text: string | null } // null: deleted
  | { readonly kind: 'wanted'; readonly participants: readonly string[] } // whose names did not come

/** fitsChat tells whether a text may be said: 1 to 4,000 characters. */
export function fitsChat(words: string): boolean {
  return words !== '' && Array.from(words).length <= chatCharacters && utf8(words).length <= chatBytes
}

/** said writes content, padded so that the server sees a size class only. */
export function said(c: Content): Bytes {
  const [kind, body] = bodyOf(c)
  const content = join(u8(version), u8(kind), vector(4, body))
  const size = sizes.find((s) => s >= content.length)
  if (size === undefined) throw new FormError('too long to be said')
  return join(content, new Uint8Array(size - content.length))
}

function bodyOf(c: Content): [number, Bytes] {
  switch (c.kind) {
    case 'chat':
      return [kinds.chat, join(c.id, utf8(c.text))]
    case 'head':
      return [kinds.head, c.statement]
    case 'names':
      return [kinds.names, namesBody(c.names)]
    case 'devices':
      return [kinds.devices, u8((c.microphone ? 1 : 0) | (c.camera ? 2 : 0))]
    case 'private': {
      const wraps = join(...c.wraps.map((w) => join(u32(w.leaf), w.enc, w.key)))
      return [kinds.private, join(u8(c.to), c.id, vector(2, wraps), vector(4, c.sealed))]
    }
    case 'knock-key':
      return [kinds.knockKey, c.key]
    case 'reaction':
      return [kinds.reaction, u8(reactions.indexOf(c.reaction) + 1)]
    case 'hand':
      return [kinds.hand, join(u8(c.up ? 1 : 0), u64(c.since), fromHex(c.participant))]
    case 'amend':
      return [kinds.amend, join(c.id, u8(c.text === null ? 0 : 1), utf8(c.text ?? ''))]
    case 'wanted':
      return [kinds.wanted, join(...c.participants.map(fromHex))]
  }
}

/** readSaid throws FormError for what said would not write; null for a kind that is not known. */
export function readSaid(raw: Uint8Array): Content | null {
  if (!sizes.includes(raw.length)) throw new FormError('padding')
  const r = new Reader(raw)
  if (r.u8() !== version) throw new FormError('version')
  const kind = r.u8()
  const body = r.vector(4)
  if (r.take(r.left).some((b) => b !== 0)) throw new FormError('padding')
  return readers[kind]?.(body) ?? null
}

const readers: Readonly<Record<number, (body: Bytes) => Content>> = {
  [kinds.chat]: (body) => whole(body, (r) => ({ kind: 'chat', id: r.take(16), text: words(r) })),
  [kinds.head]: (body) => ({ kind: 'head', statement: body }),
  [kinds.names]: readNamesBody,
  [kinds.devices]: readDevices,
  [kinds.private]: readPrivate,
  [kinds.knockKey]: (body) => whole(body, (r) => ({ kind: 'knock-key', key: r.take(32) })),
  [kinds.reaction]: readReaction,
  [kinds.hand]: readHand,
  [kinds.amend]: readAmend,
  [kinds.wanted]: readWanted,
}

function words(r: Reader): string {
  if (r.left > chatBytes) throw new FormError('chat')
  const read = text(r.take(r.left))
  if (!fitsChat(read)) throw new FormError('chat')
  return read
}

function readNamesBody(body: Bytes): Content {
  const list = readNames(body)
  if (list.length < 1 || list.length > namesAtOnce) throw new FormError('number of names')
  return { kind: 'names', names: list }
}

function readWanted(body: Bytes): Content {
  const participants = new Reader(body).all((r) => hex(r.take(16)))
  if (participants.length < 1 || participants.length > namesAtOnce) throw new FormError('number of names')
  return { kind: 'wanted', participants }
}

function readDevices(body: Bytes): Content {
  const flags = whole(body, (r) => r.below(4))
  return { kind: 'devices', microphone: (flags & 1) !== 0, camera: (flags & 2) !== 0 }
}

function readPrivate(body: Bytes): Content {
  return whole(body, (r) => {
    const to = r.u8()
    if (to !== 1 && to !== 2) throw new FormError('value out of its range')
    const id = r.take(16)
    const wraps = new Reader(r.vector(2)).all((w): Wrap => ({ leaf: w.u32(), enc: w.take(32), key: w.take(48) }))
    const most = to === 1 ? 1 : maxWraps
    if (wraps.length < 1 || wraps.length > most) throw new FormError('number of recipients')
    if (new Set(wraps.map((w) => w.leaf)).size < wraps.length) throw new FormError('a recipient twice')
    return { kind: 'private', to, id, wraps, sealed: r.vector(4) }
  })
}

function readReaction(body: Bytes): Content {
  const reaction = reactions[whole(body, (r) => r.u8()) - 1]
  if (reaction === undefined) throw new FormError('value out of its range')
  return { kind: 'reaction', reaction }
}

function readHand(body: Bytes): Content {
  return whole(body, (r) => {
    const up = r.below(2) === 1
    const since = r.u64()
    const participant = r.left > 0 ? hex(r.take(16)) : ''
    if (up ? since === 0 || participant !== '' : since !== 0) throw new FormError('hand')
    return { kind: 'hand', up, since, participant }
  })
}

function readAmend(body: Bytes): Content {
  return whole(body, (r) => {
    const id = r.take(16)
    const given = r.below(2) === 1
    return { kind: 'amend', id, text: given ? words(r) : null }
  })
}
