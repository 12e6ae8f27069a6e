/** People is what is known of those inside beyond the roster: names that fit their commitments, devices that are on, hands. */
import { equal, hex } from '../keys/bytes'
import { commitmentTo, unpadName } from '../keys/names'
import { checkName } from '../name'
import type { Bytes, Member } from '../vault'
import type { Named } from './forms'
import type { Group } from './group'
import { inOrder, may, roleOf, type Away } from './roster'

interface Known {
  readonly named: Named
  readonly commitment: Bytes
  readonly name: string
}

export interface Devices {
  readonly microphone: boolean
  readonly camera: boolean
}

export class People {
  readonly #group: Group
  readonly #names = new Map<string, Known>()
  readonly #devices = new Map<string, Devices>()
  readonly #hands = new Map<string, number>()

  constructor(group: Group) {
    this.#group = group
  }

  /** learn takes names that fit a commitment of the roster; tells whether anything was new. */
  async learn(names: readonly Named[]): Promise<boolean> {
    let fresh = false
    for (const named of names) {
      const participant = hex(named.participant)
      const one = this.#all().find((l) => equal(l.participant, named.participant))
      if (one === undefined || this.nameOf(participant) !== '') continue
      if (!equal(one.commitment, await commitmentTo(named.salt, named.padded))) continue
      const name = readName(named.padded)
      if (name === null) continue
      this.#names.set(participant, { named, commitment: one.commitment, name })
      fresh = true
    }
    return fresh
  }

  #all(): Away[] {
    const { leaves, away } = this.#group.roster
    return [...leaves.values(), ...away]
  }

  /** named gives the opened commitments of all who are inside or away, or of some. */
  named(participants?: readonly string[]): Named[] {
    return [...this.#names].flatMap(([p, n]) => (participants?.includes(p) === false ? [] : [n.named]))
  }

  /** nameOf is '' until a name with the right commitment came. */
  nameOf(participant: string): string {
    const known = this.#names.get(participant)
    if (known === undefined) return ''
    const one = this.#all().find((l) => equal(l.participant, known.named.participant))
    return one === undefined ? known.name : called(one, known)
  }

  /** unnamed are those inside whose name did not come. */
  unnamed(): string[] {
    const { leaves } = this.#group.roster
    return [...leaves.values()].flatMap((l) =>
      called(l, this.#names.get(hex(l.participant))) === '' ? hex(l.participant) : [],
    )
  }

  setDevices(participant: string, devices: Devices): void {
    this.#devices.set(participant, devices)
  }

  devicesOf(participant: string): Devices | undefined {
    return this.#devices.get(participant)
  }

  /** setHand takes since when a hand is raised, 0 when it is down. */
  setHand(participant: string, since: number): void {
    if (since === 0) this.#hands.delete(participant)
    else this.#hands.set(participant, since)
  }

  handOf(participant: string): number {
    return this.#hands.get(participant) ?? 0
  }

  /** forget drops what left with somebody, and the names of those who can come back no more. */
  forget(participant: string): void {
    this.#devices.delete(participant)
    this.#hands.delete(participant)
    const kept = new Set(this.#all().map((l) => hex(l.participant)))
    for (const p of [...this.#names.keys()]) if (!kept.has(p)) this.#names.delete(p)
  }

  members(): Member[] {
    const { roster, leaf: mine } = this.#group
    return inOrder(roster.leaves).map((l) => {
      const participant = hex(l.participant)
      const devices = this.#devices.get(participant)
      return {
        participant,
        device: hex(l.device),
        leaf: l.leaf,
        name: called(l, this.#names.get(participant)),
        role: roleOf(roster, l.device),
        me: l.leaf === mine,
        microphone: devices?.microphone ?? false,
        camera: devices?.camera ?? false,
        hand: may(roster, l.device, 'react') ? this.handOf(participant) : 0,
      }
    })
  }
}

/** called is a name that fits the commitment by which somebody is inside or away; '' where none does. */
function called(one: Away, known: Known | undefined): string {
  return known !== undefined && equal(one.commitment, known.commitment) ? known.name : ''
}

function readName(padded: Bytes): string | null {
  try {
    const name = unpadName(padded)
    return checkName(name) === null ? name : null
  } catch {
    return null
  }
}
