/** A whole meeting in one process: real vaults and a server that only orders, for tests. */
import type { Clock } from '../clock'
import * as bodies from '../keys/bodies'
import { newDevice, meetingOf, sha256, type Signer } from '../keys/derive'
import { sign } from '../keys/statement'
import type * as v from '../vault'
import type { Bytes, CommitFields, Happening, Kept, KnockFields, Member, Said, Standing } from '../vault'
import { LocalVault } from '../vault-local'

export const origin = 'https://meet.example'
export const challenge = new Uint8Array(32).fill(7)
const none = new Uint8Array()

/** FakeClock moves by hand; timers fire in order. */
export class FakeClock implements Clock {
  #now = Date.now() // the library compares KeyPackage lifetimes with the true clock
  #timers: { at: number; call: () => void }[] = []

  now(): number {
    return this.#now
  }

  after(ms: number, call: () => void): () => void {
    const timer = { at: this.#now + ms, call }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((t) => t !== timer)
    }
  }

  advance(ms: number): void {
    const end = this.#now + ms
    for (;;) {
      const next = this.#timers.filter((t) => t.at <= end).sort((a, b) => a.at - b.at)[0]
      if (next === undefined) break
      this.#timers = this.#timers.filter((t) => t !== next)
      this.#now = next.at
      next.call()
    }
    this.#now = end
  }
}

/** cheapRoot stands for PBKDF2, which is slow on purpose; keys.test.ts runs the true one. */
export function cheapRoot(code: Bytes, meeting: Bytes): Promise<Bytes> {
  return sha256(code, meeting)
}

export interface Booked {
  readonly meeting: string
  readonly code: string
  readonly seed: string
  readonly hostKey: Bytes
  readonly booking: Bytes
}

export async function book(title = 'Board'): Promise<Booked> {
  return new LocalVault({ deriveRoot: cheapRoot }).make(title, new Uint8Array(32))
}

/** Person is one vault with what it told. */
export class Person {
  readonly clock: FakeClock
  readonly vault: LocalVault
  readonly told: Happening[] = []
  readonly heard: Said[] = []
  id = ''
  outbox: Extract<Happening, { kind: 'send' }>[] = []

  constructor(clock: FakeClock) {
    this.clock = clock
    this.vault = new LocalVault({ clock, deriveRoot: cheapRoot })
    this.vault.watch((h) => {
      this.told.push(h)
      if (h.kind === 'send') this.outbox.push(h)
    })
  }

  get members(): readonly Member[] {
    return this.told.findLast((h) => h.kind === 'roster')?.members ?? []
  }

  get epoch(): number {
    return this.told.findLast((h) => h.kind === 'roster')?.epoch ?? -1
  }

  get alarms(): string[] {
    return this.told.flatMap((h) => (h.kind === 'alarm' ? [h.code] : []))
  }

  get standing(): Standing {
    const last = this.told.findLast((h) => h.kind === 'standing')
    return last?.standing ?? { silent: [], lost: [], stopped: false, removing: [], changing: false }
  }

  get rules(): v.Rules | undefined {
    return this.told.findLast((h) => h.kind === 'rules')?.rules
  }

  /** digits are the newest verification code, with its epoch. */
  get digits(): string {
    const code = this.told.findLast((h) => h.kind === 'verification')?.codes.at(-1)
    return code ? `${String(code.epoch)} ${code.digits}` : ''
  }

  confirmed(): boolean {
    return this.told.some((h) => h.kind === 'confirmed')
  }
}

interface Knocking {
  readonly person: Person
  readonly fields: KnockFields
}

type Add = v.Task['adds'][number]

/** World is one meeting. It forwards in order and looks at nothing, unless drops says what it drops. */
export class World {
  readonly clock = new FakeClock()
  readonly inside: Person[] = []
  readonly commits: CommitFields[] = []
  readonly policies: Bytes[] = [] // of the present group, as committed
  readonly verdicts = new Map<Person, v.Verdict>() // of the last order
  group: Bytes = none
  epoch = 0
  drops: (from: Person, to: Person) => boolean = () => false
  #lease = 0

  readonly booked: Booked
  readonly server: Signer // its order key
  host: Person

  private constructor(booked: Booked, server: Signer) {
    this.booked = booked
    this.server = server
    this.host = new Person(this.clock)
  }

  static async open(name = 'Host'): Promise<World> {
    const world = new World(await book(), await newDevice())
    world.host = await world.arrive(world.booked.seed)
    await world.host.vault.enterAsHost(challenge)
    await world.opens(world.host, name, 0)
    return world
  }

  /** opens lets a host open a group of its own, where nobody holds the last one any more. */
  async opens(host: Person, name: string, generation: number): ReturnType<LocalVault['openGroup']> {
    const last = { generation, group: this.group, policies: this.policies }
    const made = await host.vault.openGroup(name, this.server.publicKey, last)
    this.group = made.group
    this.policies.splice(0, this.policies.length, made.policy)
    this.inside.splice(0, this.inside.length, host)
    this.host = host
    this.epoch = 0
    return made
  }

  /** arrive opens the page, as a guest or with a host link or with what an earlier load kept. */
  async arrive(
    seed: string | null = null,
    kept: Kept | null = null,
    code: string | null = this.booked.code,
    clock = this.clock,
  ): Promise<Person> {
    const p = new Person(clock)
    await p.vault.begin({ meeting: this.booked.meeting, origin, code: kept ? null : code, seed, kept })
    await p.vault.openBooking(this.booked.hostKey, this.booked.booking)
    p.id = (await p.vault.keep()).participant
    return p
  }

  async knock(person: Person, name: string): Promise<Knocking> {
    return { person, fields: await person.vault.knock(challenge, name) }
  }

  /** admit lets people in with one admission by a host or co-host and one commit by committer. */
  async admit(knocks: readonly Knocking[], committer: Person = this.host, by: Person = this.host): Promise<Bytes> {
    const admission = await this.sign(knocks, by)
    await this.add(knocks, admission, committer)
    return admission
  }

  /** sign is one admission for all who knock. */
  async sign(knocks: readonly Knocking[], by: Person = this.host): Promise<Bytes> {
    for (const k of knocks) await by.vault.readKnock(k.fields)
    return by.vault.admit(knocks.map((k) => k.fields.participant))
  }

  /** add is one commit for some whom an admission names. */
  async add(knocks: readonly Knocking[], admission: Bytes, committer: Person = this.host): Promise<void> {
    const adds = knocks.map((k) => ({ ...addOf(k.fields, admission), person: k.person }))
    await this.bring(adds, committer)
  }

  /** bring is one commit that adds people, or adds them again. */
  async bring(
    adds: readonly (Add & { readonly person: Person })[],
    committer: Person = this.host,
    policies: readonly Bytes[] = [],
  ): Promise<CommitFields> {
    const back = adds.filter((a) => this.inside.some((p) => p.id === a.participant))
    const removes = back.map((a) => ({ participant: a.participant, statement: none }))
    const made = await this.made(committer, { adds, removes, policies })
    const stay = this.inside.filter((p) => !adds.some((a) => a.participant === p.id))
    this.inside.splice(0, this.inside.length, ...stay)
    await this.order(made)
    this.policies.push(...policies)
    for (const a of adds) {
      await a.person.vault.join(made.welcome, made.tree, a.statement)
      this.inside.push(a.person)
    }
    await this.deliver()
    return made
  }

  /** rejoin brings a person back by the device's own word; person is their page after a reload, or the same one. */
  async rejoin(person: Person, committer: Person = this.host): Promise<CommitFields> {
    const fields = await person.vault.rejoin(challenge)
    if (fields === null) throw new Error('nothing to come back to')
    return this.bring([{ ...addOf(fields, fields.statement), person }], committer)
  }

  /** take brings a device with the host key in. */
  async take(person: Person, name: string, committer: Person): Promise<CommitFields> {
    const fields = await person.vault.take(name, { group: this.group, policies: this.policies })
    const add = { participant: person.id, keyPackage: fields.keyPackage, statement: fields.admission, person }
    return this.bring([add], committer, fields.policy.length > 0 ? [fields.policy] : [])
  }

  /** rule commits policies. */
  async rule(
    policies: readonly Bytes[],
    committer: Person = this.host,
    consents: readonly Bytes[] = [],
  ): Promise<void> {
    await this.order(await this.made(committer, { policies, consents }))
    this.policies.push(...policies)
    await this.deliver()
  }

  /** change lets somebody wish for a change and commits it. */
  async change(by: Person, change: v.Change): Promise<void> {
    await this.rule([await by.vault.change(change)])
  }

  /** made asks somebody for a commit. */
  made(committer: Person, task: Partial<v.Task>): Promise<CommitFields> {
    const empty = { policies: [], consents: [], adds: [], removes: [] }
    return committer.vault.carryOut({ ...empty, ...task, lease: ++this.#lease, epoch: this.epoch })
  }

  /** enter is arrive, knock and admit in one. */
  async enter(...names: readonly string[]): Promise<Person[]> {
    const people = await Promise.all(names.map(() => this.arrive()))
    const knocks = await Promise.all(people.map((p, i) => this.knock(p, names[i] ?? '')))
    await this.admit(knocks)
    return people
  }

  /** remove takes a person out by a removal, a leave or, with an empty statement, for absence. */
  async remove(person: Person, statement: Bytes, committer: Person = this.host): Promise<CommitFields> {
    const made = await this.made(committer, { removes: [{ participant: person.id, statement }] })
    await this.order(made)
    this.inside.splice(this.inside.indexOf(person), 1)
    await this.deliver()
    return made
  }

  /** removes is remove by a host's or co-host's word, with its bar. */
  async removes(by: Person, person: Person, committer: Person = this.host): Promise<void> {
    const { statement, policy } = await by.vault.removal(person.id)
    const policies = policy.length > 0 ? [policy] : []
    await this.order(await this.made(committer, { policies, removes: [{ participant: person.id, statement }] }))
    this.policies.push(...policies)
    this.inside.splice(this.inside.indexOf(person), 1)
    await this.deliver()
  }

  /** sealed is a commit as the server orders it. */
  async sealed(made: Pick<CommitFields, 'epoch' | 'commit' | 'statement'>, by = this.server): Promise<v.Ordered> {
    const { epoch, commit, statement } = made
    const place = { meeting: await meetingOf(this.booked.hostKey), group: this.group }
    const body = bodies.envelope({ epoch, hash: await sha256(commit) })
    return { epoch, commit, statement, order: await sign(by, 'order', place, body) }
  }

  /** order gives a commit to some, or to all. */
  async order(made: CommitFields, to: readonly Person[] = this.inside): Promise<void> {
    this.commits.push(made)
    this.verdicts.clear()
    const ordered = await this.sealed(made)
    for (const p of to) this.verdicts.set(p, await p.vault.ordered(ordered))
    this.epoch = made.epoch + 1
  }

  /** deliver carries what the vaults wanted sent, until nobody wants anything. */
  async deliver(): Promise<void> {
    for (;;) {
      await this.settle()
      const mail = this.inside.flatMap((from) => from.outbox.map((h) => ({ from, h })))
      this.inside.forEach((p) => (p.outbox = []))
      if (mail.length === 0) return
      for (const { from, h } of mail) await this.carry(from, h)
    }
  }

  /** carry brings a message to everybody else, or to those whom it names. */
  async carry(from: Person, { epoch, message, to }: v.Sealed): Promise<void> {
    for (const p of this.inside) {
      if (p === from || this.drops(from, p) || (to.length > 0 && !to.includes(p.id))) continue
      const said = await p.vault.hear(epoch, message)
      if (said !== null) p.heard.push(said)
    }
  }

  /** pass lets time go by second by second and carries what the vaults want sent meanwhile. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 1_000) {
      this.clock.advance(Math.min(left, 1_000))
      await this.deliver()
    }
  }

  /** settle waits until timers' jobs ran. */
  async settle(): Promise<void> {
    await Promise.all(this.inside.map((p) => p.vault.checkEnd(none)))
  }

  async chat(from: Person, text: string, to: v.To = { kind: 'all' }): Promise<string> {
    const sealed = await from.vault.say(text, to)
    await this.carry(from, sealed)
    return sealed.id
  }
}

function addOf(fields: { participant: string; keyPackage: Bytes }, statement: Bytes): Add {
  return { participant: fields.participant, keyPackage: fields.keyPackage, statement }
}

export function chats(p: Person): string[] {
  return p.heard.flatMap((s) => (s.kind === 'chat' ? [s.text] : []))
}
