/** Who keeps every key that it ever held, against every promise, and tries all of them on every frame. */
import type { ClientState } from 'ts-mls/clientState.js'
import { mlsExporter } from 'ts-mls/keySchedule.js'
import { clearSize, type Media } from '../frames/payload'
import { aes128gcm, deriveKey, open, readHeader, seal } from '../frames/sframe'
import { suite } from '../group/suite'
import { join, plain } from '../keys/bytes'
import type { Bytes } from '../vault'

/** keyId is whose frames a key is for (protocol/README.md section 4). */
export function keyId(context: number, leaf: number, epoch: number): bigint {
  return BigInt((context << 20) | (leaf << 8) | (epoch % 256))
}

export class Tap {
  readonly #bases: Bytes[] = []

  /** keep takes the media key of an epoch. */
  async keep(state: ClientState): Promise<void> {
    const { exporterSecret } = state.keySchedule
    this.#bases.push(
      plain(await mlsExporter(exporterSecret, 'SFrame 1.0 Base Key', new Uint8Array(), 16, suite)).slice(),
    )
  }

  /** newest is the media key of the newest epoch that was kept. */
  get newest(): Bytes {
    const base = this.#bases.at(-1)
    if (base === undefined) throw new Error('no epoch was kept')
    return base
  }

  /** opens tells whether any key opens a frame. */
  async opens(frame: Uint8Array, media: Media = 'audio'): Promise<boolean> {
    const clear = frame.subarray(0, clearSize(media, frame))
    const sealed = frame.subarray(clear.length)
    const head = readHeader(sealed)
    for (const base of this.#bases) {
      try {
        await open(await deriveKey(aes128gcm, head.keyId, base, 'decrypt'), head, clear, sealed)
        return true
      } catch {
        continue
      }
    }
    return false
  }

  /** forges seals sound under any key id with the newest epoch's key, or with another. */
  async forges(id: bigint, counter: bigint, sound: Uint8Array, base = this.newest): Promise<Bytes> {
    const key = await deriveKey(aes128gcm, id, base, 'encrypt')
    return join(await seal(key, counter, new Uint8Array(), sound))
  }
}
