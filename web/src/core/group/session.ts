/**
 * Session is this person's part in one group: what epochs mean for media keys, who is told what, and whom the group proves.
 * Its owner calls one method at a time.
 */
import { equal, hex } from '../keys/bytes'
import * as bodies from '../keys/bodies'
import type { Bytes, Ordered, Said, Sealed, VerificationCode } from '../vault'
import { VaultError } from '../vault-error'
import type { Wait } from './awaited'
import type { Order } from './commit'
import { retainedEpochs } from './credential'
import { Refused, type Change } from './gate'
import type { Group, Heard } from './group'
import type { Named } from './forms'
import { Heads } from './heads'
import { envelope, Orders, refuse } from './order'
import { People } from './people'
import { isHost, leads, policyOf, type Leaf, type Policy } from './roster'
import { alarmsOf, barredNames, newLeaders, passedBy, permits, rulesOf, voidsAdmissions } from './telling'
import { namesAtOnce, readSaid, type Content } from './said'
import { voids } from './policy'
import { digests } from './suite'
import { Talk } from './talk'
import type { Applied, CommitMade, SessionParts } from './session-parts'
import { withCode } from './verification'
import { Wanting } from './wanting'

const waitForHead = 10_000
const reopenWithin = 130_000 // the server has two seconds, and a seat outlives its line for two minutes
const none = new Uint8Array()

const ignored: Applied = { refusal: none, rejoin: false, change: null, removedMe: false }

export class Session {
  readonly #p: SessionParts
  readonly #me: string
  readonly #people: People
  readonly #talk: Talk
  readonly #orders = new Orders()
  readonly #heads: Heads
  readonly #wanting: Wanting
  readonly #heard = new Map<string, number>()
  readonly #applied = new Map<number, number>() // when the commit of each epoch was applied here
  #vouching = new Set<string>() // whose head of the present epoch came
  #codes: readonly VerificationCode[] = []
  #barred: ReadonlyMap<string, string> = new Map() // names of barred devices that were inside
  #author = '' // of the last commit
  #clockWarned = false
  #confirmed = false
  #closed = false
  #stopTimer: () => void = () => undefined

  constructor(parts: SessionParts) {
    this.#p = parts
    this.#me = hex(parts.participant)
    this.#people = new People(parts.group)
    this.#talk = new Talk({ ...parts, participant: this.#me, people: this.#people, knockKey: parts.knock.take })
    this.#wanting = new Wanting({ ...parts, people: this.#people, send: this.#sendTo.bind(this) })
    this.#heads = new Heads({
      ...parts,
      send: (statement, fleeting) => this.#send({ kind: 'head', statement }, fleeting),
      halt: (halted) => {
        parts.frames.halt(halted)
      },
    })
    const [late, changed] = [this.#late.bind(this), this.#heads.show.bind(this.#heads)]
    parts.awaited.tells({ late, changed })
  }

  get group(): Group {
    return this.#p.group
  }

  get people(): People {
    return this.#people
  }

  get leads(): boolean {
    return leads(this.group.roster, this.#p.device.publicKey)
  }

  get confirmed(): boolean {
    return this.#confirmed
  }

  get vouched(): boolean {
    return this.#confirmed && this.#heads.vouched()
  }

  /** begin takes the first epoch: who opened the group is sure of it, a joiner waits for a head. */
  async begin(names: readonly Named[]): Promise<void> {
    await this.#people.learn(names)
    this.#applied.set(this.group.epoch - 1, this.#p.clock.now())
    await this.#newKeys([])
    if (this.#p.entered === 'opened') {
      this.#confirm(false)
      return
    }
    this.#checkClock(this.group.roster.time)
    this.#stopTimer = this.#p.clock.after(waitForHead, () => {
      if (!this.#confirmed && !this.#closed) this.#p.tell({ kind: 'unconfirmed' })
    })
  }

  /** close stops everything; the session is of no use afterwards. */
  close(): void {
    this.#closed = true
    this.#stopTimer()
    this.#heads.close()
    this.#wanting.close()
    this.#p.awaited.clear('add')
    digests.forget()
  }

  /** removing: this member signed a removal; until it is carried out nothing is sent. */
  removing(participant: string): void {
    this.#p.awaited.await('removal', participant)
    this.#heads.show()
  }

  /** changing: this member signed a policy; where it locks, bars or demotes, nothing is sent until it is carried out. */
  changing(next: bodies.Policy): void {
    if (!voids(policyOf(this.group.roster).body, next)) return
    this.#p.awaited.await('change', String(next.sequence))
    this.#heads.show()
  }

  /** admitted: this member let people in; whoever is held back is told. */
  admitted(participants: readonly string[]): void {
    participants.forEach((p) => {
      this.#p.awaited.await('add', p)
    })
  }

  #late(what: Wait, key: string): void {
    if (what === 'removal') this.#alarm('removal_withheld', key, 'no commit in 5 s')
    else if (what === 'change') this.#alarm('policy_withheld', '', 'no commit in 5 s')
    else this.#alarm('add_withheld', key, this.#people.nameOf(this.#author) || this.#author)
  }

  #alarm(code: string, participant: string, detail: string): void {
    this.#p.tell({ kind: 'alarm', code, participant, detail })
  }

  #tellRoster(): void {
    if (!this.#confirmed) return
    this.#p.tell({ kind: 'roster', members: this.#people.members(), epoch: this.group.epoch })
    this.#wanting.look()
  }

  async #sendTo(content: Content, who: string): Promise<void> {
    if (!this.#closed) this.#p.tell({ kind: 'send', fleeting: true, ...(await this.#talk.send(content)), to: [who] })
  }

  #tellRules(last: Policy | undefined, first: boolean): void {
    if (!this.#confirmed || last === undefined) return
    const { roster } = this.group
    const rules = rulesOf(roster, this.#p.device.publicKey, this.#people, this.#barred)
    const by = [...roster.leaves.values()].find((l) => equal(l.device, last.statement.signer))
    this.#p.tell({ kind: 'rules', rules, by: by ? hex(by.participant) : '', first })
  }

  #tellCodes(): void {
    if (this.#confirmed) this.#p.tell({ kind: 'verification', codes: this.#codes })
  }

  /** commit makes a commit with its author's signature; nobody is let in before a host's head. */
  async commit(order: Omit<Order, 'names'>, names: readonly Named[]): Promise<CommitMade> {
    this.mustBeConfirmed()
    const { group, device } = this.#p
    const made = await group.commit({ ...order, names: [...names, ...this.#people.named()] })
    return { ...made, statement: await envelope(device, group.roster.place, group.epoch, made.commit) }
  }

  /** ordered applies a commit that the server ordered. names are those this device let people in under. */
  async ordered(o: Ordered, names: readonly Named[]): Promise<Applied> {
    const { group } = this.#p
    const judged = await this.#orders.judge(o, group.roster, group.epoch)
    if (judged.fate === 'known') return ignored
    if (judged.fate === 'forged') {
      this.#alarm('order_forged', '', judged.rule)
      return ignored
    }
    if (judged.fate === 'forked') {
      this.#alarm('order_forked', '', `two orders for epoch ${String(o.epoch)}`)
      return ignored
    }
    if (o.epoch < group.epoch) return ignored
    if (o.epoch > group.epoch) return { ...ignored, rejoin: true }
    const before = group.roster
    try {
      const change = await group.apply(o.commit)
      alarmsOf(change, group, (leaf) => this.#heardLately(leaf)).forEach((a) => {
        this.#alarm(a.code, a.participant, a.detail)
      })
      if (!change.removedMe) await this.#afterEpoch(change, names)
      return { refusal: none, rejoin: false, change, removedMe: change.removedMe }
    } catch (e) {
      const why = e instanceof Refused ? e.why : 'opens'
      this.#alarm('commit_refused', '', e instanceof Refused ? e.message : 'the commit does not open')
      const said = { epoch: o.epoch, hash: judged.hash, why: bodies.why[why] }
      const refusal = await refuse(this.#p.device, before.place, said)
      return { ...ignored, refusal, rejoin: why === 'opens' }
    }
  }

  /** reopened: an epoch's commit is void, by refusals that hold and came in time. Tells whether it was applied here. */
  async reopened(epoch: number, author: string, refusals: readonly Bytes[]): Promise<boolean> {
    const then = (this.group.epochAt(epoch) ?? this.group.epochAt(epoch + 1))?.roster
    const late = this.#p.clock.now() - (this.#applied.get(epoch) ?? Infinity) > reopenWithin
    if (late || then === undefined || !(await this.#orders.reopens(epoch, author, refusals, then))) {
      this.#alarm('order_forged', author, 'an epoch was reopened without refusals that hold')
      return false
    }
    this.#orders.forget(epoch)
    if (epoch < this.group.epoch) this.#p.awaited.voided(epoch)
    return epoch < this.group.epoch
  }

  #heardLately(leaf: Leaf): number {
    return this.#p.clock.now() - (this.#heard.get(hex(leaf.participant)) ?? -Infinity)
  }

  #checkClock(time: number): void {
    const off = this.#p.clock.now() - time
    if (this.#clockWarned || Math.abs(off) <= 120_000) return
    this.#clockWarned = true
    this.#alarm('clock_off', '', `${String(Math.round(off / 1000))} s`)
  }

  async #afterEpoch(change: Change, names: readonly Named[]): Promise<void> {
    this.#author = hex(change.sender.participant)
    const passed = passedBy(change, this.#people)
    this.#barred = barredNames(this.#barred, change, this.#people)
    change.removed.forEach((r) => {
      this.#heard.delete(hex(r.leaf.participant))
      this.#people.forget(hex(r.leaf.participant))
    })
    this.#applied.set(this.group.epoch - 1, this.#p.clock.now())
    this.#applied.delete(this.group.epoch - 1 - retainedEpochs)
    if (this.#confirmed) this.#p.awaited.settle(this.group.roster, this.group.epoch, this.leads)
    if (voidsAdmissions(change)) this.#p.awaited.clear('add')
    change.added.forEach((a) => {
      this.#p.awaited.done('add', hex(a.admitted.participant))
    })
    await this.#people.learn(names)
    await this.#newKeys(change.removed.map((r) => r.leaf.leaf))
    if (this.#confirmed) this.#p.tell({ kind: 'passed', ...passed })
    this.#tellRoster()
    this.#tellRules(change.policies.at(-1), false)
    await this.#heads.moved(change)
    this.#checkClock(change.time)
    if (!this.#confirmed) return
    await this.#tellNewcomers(change)
    await this.#handKnockKey(change)
  }

  /** tellNewcomers: names come from who admitted them; of who comes back, whom others may not know yet, from all who lead. */
  async #tellNewcomers(change: Change): Promise<void> {
    if (change.added.length === 0) return
    if (this.leads) {
      const mine = change.added.filter((a) => a.rejoin || equal(a.admission.signer, this.#p.device.publicKey))
      const byHostKey = change.added.filter((a) => a.admitted.role === bodies.roles.host)
      await this.#sendNames([...mine, ...byHostKey].map((a) => hex(a.admitted.participant)))
    }
    const devices = this.#people.devicesOf(this.#me)
    if (devices) await this.#send({ kind: 'devices', ...devices }, false)
    const since = this.#people.handOf(this.#me)
    if (since > 0) await this.#send({ kind: 'hand', up: true, since, participant: '' }, false)
  }

  async #sendNames(participants: readonly string[]): Promise<void> {
    const list = this.#people.named(participants)
    for (let at = 0; at < list.length; at += namesAtOnce)
      await this.#send({ kind: 'names', names: list.slice(at, at + namesAtOnce) }, false)
  }

  /** handKnockKey: a host gives the knock key to each who leads now and did not before, or came in. */
  async #handKnockKey(change: Change): Promise<void> {
    const { roster, leaf } = this.group
    if (!isHost(roster, this.#p.device.publicKey)) return
    const fresh = newLeaders(change, roster).filter((l) => l.leaf !== leaf)
    const raw = fresh.length > 0 ? await this.#p.knock.secret() : null
    if (raw === null) return
    for (const l of fresh) this.#p.tell({ kind: 'send', fleeting: false, ...(await this.#talk.handKnockKey(raw, l)) })
    raw.fill(0)
  }

  async #newKeys(removed: readonly number[]): Promise<void> {
    const { group, frames } = this.#p
    const leaves = new Map([...group.roster.leaves.values()].map((l) => [l.leaf, hex(l.participant)]))
    this.#vouching = new Set()
    frames.permit(permits(group.roster))
    frames.advance({ epoch: group.epoch, base: await group.baseKey(), leaf: group.leaf, leaves, removed })
    this.#codes = withCode(this.#codes, { epoch: group.epoch, digits: await group.digits() })
    this.#tellCodes()
  }

  async #send(content: Content, fleeting: boolean): Promise<void> {
    this.#p.tell({ kind: 'send', fleeting, ...(await this.#talk.send(content)) })
  }

  #confirm(byMajority: boolean): void {
    if (this.#confirmed) return
    this.#confirmed = true
    this.#stopTimer()
    this.#p.frames.confirm()
    this.#p.tell({ kind: 'confirmed', byMajority })
    this.#tellRules(policyOf(this.group.roster), true)
    this.#tellRoster()
    this.#tellCodes()
    this.#p.awaited.settle(this.group.roster, this.group.epoch, this.leads)
    this.#heads.begin()
    if (this.#p.entered === 'back' && this.leads)
      this.#p.run(async () => {
        if (!this.#closed) await this.#sendNames([this.#me]) // nobody else may know the name of who took the meeting
      })
  }

  mustBeConfirmed(): void {
    if (!this.#confirmed) throw new VaultError('unconfirmed', 'no head of a host yet')
  }

  /** speak lets something be said where anything may be sent at all. */
  async speak<T extends Sealed>(say: (talk: Talk) => Promise<T>): Promise<T> {
    this.mustBeConfirmed()
    if (this.#heads.halted) throw new VaultError('stopped', 'nobody vouches for the epoch')
    const sealed = await say(this.#talk)
    this.#tellRoster()
    return sealed
  }

  /** devices says which devices are on; whoever comes later is told, too. */
  async devices(microphone: boolean, camera: boolean): Promise<Sealed | null> {
    this.#people.setDevices(this.#me, { microphone, camera })
    if (!this.#confirmed) return null
    this.#tellRoster()
    return this.#talk.send({ kind: 'devices', microphone, camera })
  }

  /** hear opens what a member said; null for what does not open or is ignored. */
  async hear(epoch: number, raw: Bytes): Promise<Said | null> {
    try {
      const heard = await this.group.hear(epoch, raw)
      if (heard === null) return null
      this.#heard.set(hex(heard.from.participant), this.#p.clock.now())
      const content = readSaid(heard.content)
      return content && (await this.#take(content, heard, epoch))
    } catch (e) {
      if (e instanceof VaultError) throw e
      return null
    }
  }

  async #take(content: Content, heard: Heard, epoch: number): Promise<Said | null> {
    const { from } = heard
    const who = hex(from.participant)
    if (content.kind === 'head') return this.#takeHead(content.statement, from, epoch)
    if (content.kind === 'names') {
      if (!leads(this.group.roster, from.device)) return null
      if (await this.#people.learn(content.names)) this.#tellRoster()
      return { kind: 'names', from: who }
    }
    if (content.kind === 'wanted') {
      if (this.#confirmed && this.leads) await this.#wanting.answer(content.participants, who)
      return null
    }
    if (content.kind === 'devices') {
      this.#people.setDevices(who, content)
      this.#tellRoster()
      return { kind: 'devices', from: who }
    }
    if (!this.#confirmed && content.kind !== 'private' && content.kind !== 'hand') return null
    const said = await this.#talk.hear(content, heard, epoch)
    if (said?.kind === 'hand') this.#tellRoster()
    return this.#confirmed ? said : null
  }

  /** takeHead: a head of who leads confirms a joiner; where nobody does, those of more than half confirm who came back. */
  async #takeHead(statement: Bytes, from: Leaf, epoch: number): Promise<Said | null> {
    const head = await this.#heads.take(statement, from, epoch)
    if (head === null) return null
    const who = hex(from.participant)
    if (head.leads) this.#confirm(false)
    if (head.present) this.#vouching.add(who)
    const others = [...this.group.roster.leaves.values()].filter((l) => l.leaf !== this.group.leaf)
    const vouching = others.filter((l) => this.#vouching.has(hex(l.participant))).length
    if (vouching === others.length) this.#p.frames.acknowledged(this.group.epoch)
    const led = others.some((l) => leads(this.group.roster, l.device))
    if (this.#p.entered === 'back' && !led && 2 * vouching > others.length) this.#confirm(true)
    return { kind: 'head', from: who }
  }
}
