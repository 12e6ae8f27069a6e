/** Byte strings: joining, comparing and reading them in the form of protocol/README.md (big-endian, length-prefixed). */
import type { Bytes } from '../vault'

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** FormError says that bytes are not exactly of their form. */
export class FormError extends Error {
  constructor(what: string) {
    super(`not of the right form: ${what}`)
    this.name = 'FormError'
  }
}

export function utf8(text: string): Bytes {
  return encoder.encode(text)
}

/** text reads UTF-8 and refuses what is none. */
export function text(b: Uint8Array): string {
  try {
    return decoder.decode(b)
  } catch {
    throw new FormError('text')
  }
}

/** plain gives the same bytes in a buffer that WebCrypto and postMessage take. */
export function plain(b: Uint8Array): Bytes {
  return b.buffer instanceof ArrayBuffer ? (b as Bytes) : new Uint8Array(b)
}

export function join(...parts: readonly Uint8Array[]): Bytes {
  const all = new Uint8Array(parts.reduce((n, p) => n + p.length, 0))
  let at = 0
  for (const p of parts) {
    all.set(p, at)
    at += p.length
  }
  return all
}

/** equal compares public values; the time it takes tells where they differ. */
export function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((v, i) => v === b[i])
}

/** compare orders byte strings of one length. */
export function compare(a: Uint8Array, b: Uint8Array): number {
  const at = a.findIndex((v, i) => v !== b[i])
  return at < 0 ? 0 : (a[at] ?? 0) - (b[at] ?? 0)
}

const pairs = Array.from({ length: 256 }, (_, v) => v.toString(16).padStart(2, '0'))

export function hex(b: Uint8Array): string {
  let out = ''
  for (const v of b) out += pairs[v] ?? ''
  return out
}

/** fromHex reads lower-case digits, as participant ids are written. */
export function fromHex(s: string): Bytes {
  if (s.length % 2 !== 0 || !/^[0-9a-f]*$/.test(s)) throw new FormError('hexadecimal')
  return Uint8Array.from({ length: s.length / 2 }, (_, i) => parseInt(s.slice(2 * i, 2 * i + 2), 16))
}

export function random(size: number): Bytes {
  return crypto.getRandomValues(new Uint8Array(size))
}

export function u8(v: number): Bytes {
  return Uint8Array.of(v)
}

export function u16(v: number): Bytes {
  return Uint8Array.of(v >> 8, v)
}

export function u32(v: number): Bytes {
  return Uint8Array.of(v >>> 24, v >>> 16, v >>> 8, v)
}

/** u64 writes a whole number below 2^53. */
export function u64(v: number): Bytes {
  return join(u32(Math.floor(v / 2 ** 32)), u32(v % 2 ** 32))
}

/** vector writes a length of one, two or four bytes and then the value. */
export function vector(lengthBytes: 1 | 2 | 4, value: Uint8Array): Bytes {
  if (value.length >= 2 ** (8 * lengthBytes)) throw new FormError('too long to be written')
  const length = lengthBytes === 1 ? u8 : lengthBytes === 2 ? u16 : u32
  return join(length(value.length), value)
}

/** Reader takes a byte string apart from its start; every read that does not fit throws FormError. */
export class Reader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get left(): number {
    return this.#bytes.length - this.#at
  }

  take(size: number): Bytes {
    if (size > this.left) throw new FormError('too short')
    this.#at += size
    return this.#bytes.slice(this.#at - size, this.#at)
  }

  u8(): number {
    return this.take(1)[0] ?? 0
  }

  u16(): number {
    return this.u8() * 2 ** 8 + this.u8()
  }

  u32(): number {
    return this.u16() * 2 ** 16 + this.u16()
  }

  u64(): number {
    const v = this.u32() * 2 ** 32 + this.u32()
    if (!Number.isSafeInteger(v)) throw new FormError('number too large')
    return v
  }

  /** below reads a byte that must be less than limit. */
  below(limit: number): number {
    const v = this.u8()
    if (v >= limit) throw new FormError('value out of its range')
    return v
  }

  vector(lengthBytes: 1 | 2 | 4): Bytes {
    return this.take(lengthBytes === 1 ? this.u8() : lengthBytes === 2 ? this.u16() : this.u32())
  }

  /** all reads entries until nothing is left. */
  all<T>(entry: (r: Reader) => T): T[] {
    const list: T[] = []
    while (this.left > 0) list.push(entry(this))
    return list
  }

  /** end refuses trailing bytes. */
  end(): void {
    if (this.left > 0) throw new FormError('trailing bytes')
  }
}

/** whole reads one value that must fill the bytes exactly. */
export function whole<T>(bytes: Uint8Array, read: (r: Reader) => T): T {
  const r = new Reader(bytes)
  const value = read(r)
  r.end()
  return value
}
