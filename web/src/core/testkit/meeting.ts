/** A whole meeting in one process: real vaults and a server that only orders, for tests. */
import type { Clock } from '../clock'
import type { Bytes, CommitFields, Happening, Kept, KnockFields, Member, Said, Standing } from '../vault'
import { LocalVault } from '../vault-local'
import { sha256 } from '../keys/derive'

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
    return last?.standing ?? { silent: [], lost: [], stopped: false, removing: [] }
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

/** World is one meeting. It forwards in order and looks at nothing, unless drops says what it drops. */
export class World {
  readonly clock = new FakeClock()
  readonly inside: Person[] = []
  readonly commits: CommitFields[] = []
  epoch = 0
  drops: (from: Person, to: Person) => boolean = () => false
  #lease = 0

  readonly booked: Booked
  host: Person

  private constructor(booked: Booked) {
    this.booked = booked
    this.host = new Person(this.clock)
  }

  static async open(name = 'Host'): Promise<World> {
    const world = new World(await book())
    world.host = await world.arrive(world.booked.seed)
    await world.host.vault.enterAsHost(challenge)
    await world.host.vault.openGroup(name, 0, none)
    world.inside.push(world.host)
    return world
  }

  /** arrive opens the page, as a guest or with a host link or with what an earlier load kept. */
  async arrive(
    seed: string | null = null,
    kept: Kept | null = null,
    code: string | null = this.booked.code,
  ): Promise<Person> {
    const p = new Person(this.clock)
    await p.vault.begin({ meeting: this.booked.meeting, origin, code: kept ? null : code, seed, kept })
    await p.vault.openBooking(this.booked.hostKey, this.booked.booking)
    p.id = (await p.vault.keep()).participant
    return p
  }

  async knock(person: Person, name: string): Promise<Knocking> {
    return { person, fields: await person.vault.knock(challenge, name) }
  }

  /** admit lets people in with one admission and one commit by committer. */
  async admit(knocks: readonly Knocking[], committer: Person = this.host): Promise<Bytes> {
    const admission = await this.sign(knocks)
    await this.add(knocks, admission, committer)
    return admission
  }

  /** sign is the host's one admission for all who knock. */
  async sign(knocks: readonly Knocking[]): Promise<Bytes> {
    for (const k of knocks) await this.host.vault.readKnock(k.fields)
    return this.host.vault.admit(knocks.map((k) => k.fields.participant))
  }

  /** add is one commit for some whom an admission names. */
  async add(knocks: readonly Knocking[], admission: Bytes, committer: Person = this.host): Promise<void> {
    const adds = knocks.map((k) => ({ participant: k.fields.participant, keyPackage: k.fields.keyPackage, admission }))
    const back = knocks.filter((k) => this.inside.some((p) => p.id === k.person.id))
    const removes = back.map((k) => ({ participant: k.person.id, statement: none }))
    const made = await committer.vault.carryOut({ lease: ++this.#lease, epoch: this.epoch, adds, removes })
    await this.order(made)
    for (const k of knocks) {
      await k.person.vault.join(made.welcome, made.tree, admission)
      this.inside.push(k.person)
    }
    await this.deliver()
  }

  /** enter is arrive, knock and admit in one. */
  async enter(...names: readonly string[]): Promise<Person[]> {
    const people = await Promise.all(names.map(() => this.arrive()))
    const knocks = await Promise.all(people.map((p, i) => this.knock(p, names[i] ?? '')))
    await this.admit(knocks)
    return people
  }

  async remove(person: Person, statement: Bytes, committer: Person = this.host): Promise<CommitFields> {
    const removes = [{ participant: person.id, statement }]
    const made = await committer.vault.carryOut({ lease: ++this.#lease, epoch: this.epoch, adds: [], removes })
    await this.order(made)
    this.inside.splice(this.inside.indexOf(person), 1)
    await this.deliver()
    return made
  }

  async order(made: CommitFields): Promise<void> {
    this.commits.push(made)
    const returned = this.inside.filter((p) => !made.added.includes(p.id))
    this.inside.splice(0, this.inside.length, ...returned)
    for (const p of this.inside) await p.vault.ordered(made.epoch, made.commit)
    this.epoch = made.epoch + 1
  }

  /** deliver carries what the vaults wanted sent, until nobody wants anything. */
  async deliver(): Promise<void> {
    for (;;) {
      await this.settle()
      const mail = this.inside.flatMap((from) => from.outbox.map((h) => ({ from, h })))
      this.inside.forEach((p) => (p.outbox = []))
      if (mail.length === 0) return
      for (const { from, h } of mail) await this.carry(from, h.epoch, h.message)
    }
  }

  async carry(from: Person, epoch: number, message: Bytes): Promise<void> {
    for (const p of this.inside) {
      if (p === from || this.drops(from, p)) continue
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

  async chat(from: Person, text: string): Promise<void> {
    const { epoch, message } = await from.vault.say(text)
    await this.carry(from, epoch, message)
  }
}

export function chats(p: Person): string[] {
  return p.heard.flatMap((s) => (s.kind === 'chat' ? [s.text] : []))
}
