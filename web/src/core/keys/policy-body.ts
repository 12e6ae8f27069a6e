/** The body of a policy (protocol/README.md section 2): its form, its bounds and the floors of its label. */
import type { Allows, Bytes } from '../vault'
import { compare, equal, FormError, join, Reader, u16, u32, u8, vector, whole } from './bytes'

export const maxHosts = 16
export const maxCoHosts = 64
export const maxBarred = 512

/** labels in the order of their strength. */
export const labels = { routine: 0, sensitive: 1, restricted: 2 } as const

export interface Policy {
  readonly generation: number
  readonly sequence: number
  readonly previous: Bytes
  readonly label: 0 | 1 | 2
  readonly locked: boolean
  readonly allows: Allows
  readonly recording: 0 | 1 | 2 // off, on, paused
  readonly orderKey: Bytes
  readonly hosts: readonly Bytes[]
  readonly coHosts: readonly Bytes[]
  readonly barred: readonly Bytes[]
}

const bits: readonly (keyof Allows)[] = ['share', 'chat', 'whisper', 'microphone', 'camera', 'react']

export const everything: Allows = {
  share: true,
  chat: true,
  whisper: true,
  microphone: true,
  camera: true,
  react: true,
}

/** policy writes the lists in byte order. */
export function policy(p: Policy): Bytes {
  const allows = bits.reduce((sum, what, i) => sum + (p.allows[what] ? 2 ** i : 0), 0)
  const lists = [p.hosts, p.coHosts, p.barred].map((keys) => vector(2, join(...[...keys].sort(compare))))
  const rules = [u8(p.label), u8(p.locked ? 1 : 0), u16(allows), u8(p.recording), p.orderKey]
  return join(u32(p.generation), u32(p.sequence), p.previous, ...rules, ...lists)
}

export function readPolicy(body: Bytes): Policy {
  return whole(body, (r) => {
    const p: Policy = {
      generation: r.u32(),
      sequence: r.u32(),
      previous: r.take(32),
      label: r.below(3) as Policy['label'],
      locked: r.below(2) === 1,
      allows: readAllows(r),
      recording: r.below(3) as Policy['recording'],
      orderKey: r.take(32),
      hosts: readKeys(r, maxHosts),
      coHosts: readKeys(r, maxCoHosts),
      barred: readKeys(r, maxBarred),
    }
    if (p.generation === 0 || p.sequence === 0 || p.hosts.length === 0) throw new FormError('policy')
    const all = [...p.hosts, ...p.coHosts, ...p.barred].sort(compare)
    if (all.some((key, i) => equal(key, all[i + 1] ?? new Uint8Array()))) throw new FormError('key in two lists')
    if (!floorsHold(p)) throw new FormError('below the floor of its label')
    return p
  })
}

/** floorsHold: from sensitive on guests share no screen, and what is restricted is not recorded. */
export function floorsHold(p: Pick<Policy, 'label' | 'allows' | 'recording'>): boolean {
  return (p.label < labels.sensitive || !p.allows.share) && (p.label < labels.restricted || p.recording === 0)
}

function readAllows(r: Reader): Allows {
  const value = r.u16()
  if (value >= 2 ** bits.length) throw new FormError('value out of its range')
  const set = bits.map((what, i): [keyof Allows, boolean] => [what, (value & (2 ** i)) !== 0])
  return { ...everything, ...Object.fromEntries(set) }
}

function readKeys(r: Reader, limit: number): Bytes[] {
  const list = new Reader(r.vector(2)).all((inner) => inner.take(32))
  if (list.length > limit) throw new FormError('too many keys')
  if (list.some((key, i) => i > 0 && compare(list[i - 1] ?? key, key) >= 0)) throw new FormError('keys out of order')
  return list
}
