/**
 * Digests hashes with SHA-256 and remembers the hashes of tree nodes (RFC 9420 7.8): an epoch changes a few nodes of hundreds,
 * and the library hashes all of them again, for a Welcome many times over. Trees are public; nothing else is remembered.
 */
import { plain } from '../keys/bytes'
import type { Bytes } from '../vault'

const mostKnown = 4_096 // eight trees of 250 people
const longest = 2_048
const nodeTypes: readonly (number | undefined)[] = [1, 2] // what the input of a node's hash begins with

export class Digests {
  readonly #known = new Map<string, Bytes>()
  readonly #text = new TextDecoder('latin1') // each byte another sign

  async of(data: Uint8Array): Promise<Bytes> {
    if (data.length > longest || !nodeTypes.includes(data[0])) return sha256(data)
    const key = this.#text.decode(data)
    const known = this.#known.get(key)
    if (known !== undefined) return known.slice()
    const made = await sha256(data)
    this.#known.set(key, made)
    const [oldest] = this.#known.keys()
    if (this.#known.size > mostKnown && oldest !== undefined) this.#known.delete(oldest)
    return made.slice()
  }

  forget(): void {
    this.#known.clear()
  }
}

async function sha256(data: Uint8Array): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', plain(data)))
}
