/** Door is the side of hosts and co-hosts at the door: whom they saw knock, whom they let in, under which names. It knows no server. */
import { checkName } from '../name'
import { equal, FormError, fromHex, hex, join, random, Reader, text, u16, utf8, vector } from '../keys/bytes'
import * as bodies from '../keys/bodies'
import { sha256, type Signer } from '../keys/derive'
import { commitmentTo, openName, padName } from '../keys/names'
import { parse, sign, verify } from '../keys/statement'
import type { Bytes, KnockSeen } from '../vault'
import { VaultError } from '../vault-error'
import { identityOf, keyPackageFault } from './credential'
import type { Named } from './forms'
import { readKeyPackage, referenceOf } from './mls'
import { isBarred, leafOf, policyOf, underOf, type Roster } from './roster'

const goodFor = 60 * 60_000 // the commit follows in seconds, but clocks differ
const mostKept = 1_024 // people in each list; the oldest go first

interface Seen {
  readonly reference: Bytes
  readonly participant: Bytes
  readonly device: Bytes
  readonly name: string
}

interface Known {
  readonly participant: string
  readonly name: string
}

export class Door {
  readonly #seen = new Map<string, Seen>() // by participant
  readonly #names = new Map<string, Named>() // of whom I admitted, by participant
  #known = new Map<string, Known>() // by device: admitted before, and neither removed nor left

  /** read checks a knock whole and gives the name; rejects with knock_bad. */
  async read(knock: KnockSeen, meeting: Bytes, knockKey: CryptoKey, now: number, roster: Roster | null): Promise<Seen> {
    try {
      const seen = await readKnock(knock, meeting, knockKey, now)
      const inside = roster && leafOf(roster, seen.participant)
      if (inside && !equal(inside.device, seen.device))
        throw new FormError('a person who is inside with another device')
      keep(this.#seen, hex(seen.participant), seen)
      return seen
    } catch (e) {
      throw new VaultError('knock_bad', e instanceof FormError ? e.message : 'it does not open')
    }
  }

  /**
   * judge: known is who was admitted before, with this device and name, and neither removed nor left since; once somebody was
   * barred, everybody else could be them (PROTOCOL.md H9).
   */
  judge(seen: Seen, roster: Roster | null): { known: boolean; suspect: boolean } {
    const before = this.#known.get(hex(seen.device))
    const same = before !== undefined && before.participant === hex(seen.participant) && before.name === seen.name
    const known = same && !(roster && isBarred(roster, seen.device))
    return { known, suspect: !known && roster !== null && policyOf(roster).body.barred.length > 0 }
  }

  /** admit signs one admission for people whose knocks were read. */
  async admit(participants: readonly string[], by: Signer, roster: Roster, now: number): Promise<Bytes> {
    const seen = participants.map((p) => this.#seen.get(p))
    const entries: bodies.Admitted[] = []
    const names: Named[] = []
    for (const s of seen) {
      if (s === undefined) throw new VaultError('knock_bad', 'a knock that was not read')
      const named = { participant: s.participant, salt: random(32), padded: padName(s.name) }
      const commitment = await commitmentTo(named.salt, named.padded)
      entries.push({
        reference: s.reference,
        participant: s.participant,
        device: s.device,
        commitment,
        role: bodies.roles.guest,
      })
      names.push(named)
    }
    const body = bodies.admission({ under: underOf(roster), expiry: now + goodFor, entries })
    bodies.readAdmission(body)
    const admission = await sign(by, 'admission', roster.place, body)
    names.forEach((n) => {
      keep(this.#names, hex(n.participant), n)
    })
    seen.forEach((s) => {
      if (s) keep(this.#known, hex(s.device), { participant: hex(s.participant), name: s.name })
    })
    return admission
  }

  names(): Named[] {
    return [...this.#names.values()]
  }

  /** forget makes the device of who left or was removed a stranger again. */
  forget(device: Bytes): void {
    this.#known.delete(hex(device))
  }

  /** note writes who is known, for a reload. */
  note(): Bytes {
    const list = [...this.#known].map(([device, k]) =>
      join(fromHex(device), fromHex(k.participant), vector(2, utf8(k.name))),
    )
    return join(u16(list.length), ...list)
  }

  recall(note: Bytes): void {
    const r = new Reader(note)
    r.u16()
    const list = r.all((each) => ({
      device: hex(each.take(32)),
      participant: hex(each.take(16)),
      name: text(each.vector(2)),
    }))
    this.#known = new Map(list.slice(-mostKept).map(({ device, participant, name }) => [device, { participant, name }]))
  }
}

/** keep puts an entry last and drops the oldest beyond the bound. */
function keep<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key)
  map.set(key, value)
  for (const old of [...map.keys()].slice(0, -mostKept)) map.delete(old)
}

async function readKnock(knock: KnockSeen, meeting: Bytes, knockKey: CryptoKey, now: number): Promise<Seen> {
  const must = (holds: boolean, what: string): void => {
    if (!holds) throw new FormError(what)
  }
  const s = parse(knock.statement)
  const participant = fromHex(knock.participant)
  must(s.kind === 'knock' && equal(s.signer, knock.device), 'another statement')
  must(await verify(s, { meeting, group: new Uint8Array(32) }), 'signature')
  const said = bodies.readKnock(s.body)
  const keyPackage = readKeyPackage(knock.keyPackage)
  const reference = await referenceOf(keyPackage)
  must(equal(said.reference, reference), 'another KeyPackage than signed')
  must(equal(said.participant, participant), 'another person than signed')
  must(equal(said.sealedNameHash, await sha256(knock.sealedName)), 'another name than signed')
  const identity = identityOf(keyPackage.leafNode.credential)
  must(equal(identity.participant, participant) && equal(identity.device, knock.device), 'another leaf than signed')
  const fault = await keyPackageFault(keyPackage, meeting, now)
  must(fault === null, `KeyPackage: ${fault ?? ''}`)
  const name = await openName(knockKey, meeting, reference, knock.sealedName)
  must(checkName(name) === null, 'a name that is none')
  return { reference, participant, device: knock.device, name }
}
