/** Crockford's base32, as links and access codes are written (protocol/README.md section 1). */
import type { Bytes } from '../vault'
import { FormError } from './bytes'

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'

/** encode writes bytes as lower-case characters; unused bits are zero. */
export function encode(bytes: Uint8Array): string {
  let out = ''
  let bits = 0
  let held = 0
  for (const b of bytes) {
    held = (held << 8) | b
    bits += 8
    while (bits >= 5) {
      bits -= 5
      out += alphabet.charAt((held >> bits) & 31)
    }
    held &= (1 << bits) - 1
  }
  return bits > 0 ? out + alphabet.charAt((held << (5 - bits)) & 31) : out
}

/** decode reads exactly size bytes, without regard to case and dashes; o is 0, i and l are 1. Set unused bits are refused. */
export function decode(typed: string, size: number): Bytes {
  const clean = typed.toLowerCase().replace(/[-\s]/g, '').replace(/o/g, '0').replace(/[il]/g, '1')
  if (clean.length !== Math.ceil((size * 8) / 5)) throw new FormError('length')
  const out = new Uint8Array(size)
  let bits = 0
  let held = 0
  let at = 0
  for (const c of clean) {
    const v = alphabet.indexOf(c)
    if (v < 0) throw new FormError('character')
    held = (held << 5) | v
    bits += 5
    if (bits >= 8) {
      bits -= 8
      out[at++] = held >> bits
      held &= (1 << bits) - 1
    }
  }
  if (held !== 0) throw new FormError('unused bits')
  return out
}

/** grouped shows an access code in groups of four. */
export function grouped(code: string): string {
  return code.replace(/.{4}(?=.)/g, '$&-')
}
