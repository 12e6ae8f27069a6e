import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hex } from '../keys/bytes'
import { parse, sign } from '../keys/statement'
import * as bodies from '../keys/bodies'
import { expected, member, none, nothing, trio, type Member, type Trio } from '../testkit/group'
import type { Bytes } from '../vault'
import { VaultError } from '../vault-error'
import type { Order } from './commit'
import { stateData } from './forms'
import { Group, type Standing } from './group'
import { join, type Held } from './joiner'
import { writeKeyPackage } from './mls'
import { nextPolicy } from './policy'
import { Refused } from './refused'
import { isHost, leafOf, leads, policyOf, rosterHash, underOf, type Roster } from './roster'

interface Person {
  readonly who: Member
  group: Group | null
  lost: Standing | null // what is kept of the last group
}

/** Wish is an order; with an Add also the member and the word for them. */
interface Wish {
  readonly order: Partial<Order>
  readonly who?: Member
  readonly statement?: Bytes
}

/** Walk is a meeting in which people come, go, lose the group and change its rules; all who are inside must agree. */
class Walk {
  readonly t: Trio
  readonly people: Person[]
  #now: number
  done = 0

  constructor(t: Trio, people: Person[]) {
    this.t = t
    this.people = people
    this.#now = t.now
  }

  static async begin(): Promise<Walk> {
    const t = await trio()
    const start = async (who: Member, from: Trio['adas']): Promise<Person> => ({
      who,
      group: await Group.start({ ...from, inbox: who.own.inbox }, t.psk),
      lost: null,
    })
    const inside = await Promise.all([start(t.ada, t.adas), start(t.bob, t.bobs), start(t.eve, t.eves)])
    const strangers = await Promise.all(['Kim', 'Max'].map((name) => member(t.meeting, name)))
    return new Walk(t, [...inside, ...strangers.map((who) => ({ who, group: null, lost: null }))])
  }

  inside(): Person[] {
    return this.people.filter((p) => p.group !== null)
  }

  get roster(): Roster {
    const [first] = this.inside()
    if (!first?.group) throw new Error('nobody is inside')
    return first.group.roster
  }

  /** step lets one thing happen, carried out by somebody else; what may not be done changes nothing. */
  async step(what: number, target: number, by: number): Promise<void> {
    const person = this.people[target % this.people.length]
    const others = this.inside().filter((p) => p !== person)
    const author = others[by % others.length]
    if (!person || !author?.group) return
    const wish = await this.#wish(what, person)
    if (wish === null) return
    try {
      const made = await author.group.commit({
        ...nothing,
        names: this.people.map((p) => p.who.named),
        ...wish.order,
        now: (this.#now += 1000),
      })
      await this.#apply(made.commit)
      if (wish.statement && made.left.length === 0)
        await this.#welcome(wish.who ?? person.who, person, made, wish.statement)
      this.done++
    } catch (e) {
      if (!(e instanceof Refused) || !['nothing that can be done', 'somebody barred'].includes(e.message)) throw e
    }
  }

  async #apply(commit: Bytes): Promise<void> {
    for (const p of this.inside()) {
      const standing = p.group?.standing() ?? null
      const change = await p.group?.apply(commit)
      if (!change?.removedMe) continue
      const absent = change.removed.some(
        (r) => r.how === 'absent' && hex(r.leaf.participant) === hex(p.who.participant),
      )
      p.lost = absent ? standing : null
      p.group = null
    }
  }

  async #welcome(who: Member, person: Person, made: { welcome: Bytes; tree: Bytes }, statement: Bytes): Promise<void> {
    const lost = person.lost
    const held: Held | null = lost && { ...lost, commitment: person.who.admitted.commitment }
    const joined = await join(made.welcome, made.tree, statement, { ...expected(this.t, who), held })
    person.group = await Group.start(joined, this.t.psk)
    person.lost = null
  }

  async #wish(what: number, person: Person): Promise<Wish | null> {
    const { roster } = this
    const { participant, device } = person.who
    const signer = this.inside().find((p) => leads(roster, p.who.device.publicKey))
    const rule = async (change: Parameters<typeof nextPolicy>[1]): Promise<Wish | null> => {
      if (!signer) return null
      try {
        const body = bodies.policy(nextPolicy(roster, change, signer.who.device.publicKey))
        return { order: { policies: [await sign(signer.who.device, 'policy', roster.place, body)] } }
      } catch (e) {
        if (e instanceof VaultError) return null
        throw e
      }
    }
    switch (what) {
      case 0:
        return { order: {} }
      case 1:
        return { order: { removes: [{ participant, statement: none }] } }
      case 2: {
        const leaf = leafOf(roster, participant)
        if (!signer || !leaf || isHost(roster, device.publicKey)) return null
        const body = bodies.removal({ under: underOf(roster), ...leaf })
        const statement = await sign(signer.who.device, 'removal', roster.place, body)
        return { order: { removes: [{ participant, statement }] } }
      }
      case 3:
        return signer ? this.#admitted(person, signer) : null
      case 4:
        return this.#back(person)
      case 5:
        return rule({ kind: 'lock', on: !policyOf(roster).body.locked })
      case 6:
        return rule({ kind: 'co-host', participant: hex(participant), on: !leads(roster, device.publicKey) })
      default:
        return leafOf(roster, participant) ? null : rule({ kind: 'bar', device: hex(device.publicKey) })
    }
  }

  async #fresh(person: Person): Promise<Member> {
    const again = await member(this.t.meeting, person.who.name, person.who.device, person.who.participant)
    return {
      ...again,
      named: person.who.named,
      admitted: { ...again.admitted, commitment: person.who.admitted.commitment },
    }
  }

  async #admitted(person: Person, signer: Person): Promise<Wish | null> {
    if (person.group !== null) return null
    const who = await this.#fresh(person)
    const body = { under: underOf(this.roster), expiry: this.#now + 60_000, entries: [who.admitted] }
    return this.#adds(who, await sign(signer.who.device, 'admission', this.roster.place, bodies.admission(body)))
  }

  /** back: whoever is inside loses the group first, as by a reload. */
  async #back(person: Person): Promise<Wish | null> {
    const lost = person.group?.standing() ?? person.lost
    if (lost === null || this.inside().length < 2) return null
    const who = await this.#fresh(person)
    person.group = null
    person.lost = lost
    const body = {
      participant: who.participant,
      signatureKey: lost.signatureKey,
      reference: who.admitted.reference,
      pair: lost.pair,
    }
    return this.#adds(who, await sign(who.device, 'rejoin', this.roster.place, bodies.rejoin(body)))
  }

  #adds(who: Member, statement: Bytes): Wish {
    const keyPackage = writeKeyPackage(who.own.keyPackage)
    return { order: { adds: [{ participant: who.participant, keyPackage, statement }] }, who, statement }
  }

  /** agreed: everybody inside holds the same roster, and it is well-formed. */
  async agreed(): Promise<void> {
    const groups = this.inside().flatMap((p) => p.group ?? [])
    const [first] = groups
    if (!first) return
    const [hash, state] = [hex(await rosterHash(first.roster)), hex(stateData(first.roster))]
    for (const g of groups) {
      expect(hex(await rosterHash(g.roster))).toBe(hash)
      expect(hex(stateData(g.roster))).toBe(state)
      expect(g.epoch).toBe(first.epoch)
    }
    const { leaves, away, policies } = first.roster
    const everybody = [...leaves.values(), ...away]
    expect(new Set(everybody.map((l) => hex(l.device))).size).toBe(everybody.length)
    const { barred } = policyOf({ policies }).body
    expect(barred.filter((b) => everybody.some((l) => hex(l.device) === hex(b)))).toEqual([])
    expect(parse(policyOf({ policies }).statement.raw).kind).toBe('policy')
  }
}

test('whatever happens in a meeting, all who are inside hold one roster', async () => {
  let done = 0
  const step = fc.tuple(fc.nat(7), fc.nat(4), fc.nat(4))
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 15, maxLength: 25 }), async (steps) => {
      const walk = await Walk.begin()
      for (const [what, target, by] of steps) {
        await walk.step(what, target, by)
        await walk.agreed()
      }
      done += walk.done
    }),
    { numRuns: 12 },
  )
  expect(done).toBeGreaterThan(40)
}, 60_000)
