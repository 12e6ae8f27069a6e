/** Standard base64 with padding, as JSON on the wire has it. */
import type { Bytes } from '../vault'

const step = 0x8000 // arguments that one call can take everywhere

export function toBase64(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < bytes.length; i += step) text += String.fromCharCode(...bytes.subarray(i, i + step))
  return btoa(text)
}

/** fromBase64 throws on what is not base64. */
export function fromBase64(text: string): Bytes {
  const raw = atob(text)
  const bytes = new Uint8Array(raw.length)
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i)
  return bytes
}
