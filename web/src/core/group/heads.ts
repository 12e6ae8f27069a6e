/**
 * Heads tells the others which epoch this member is in, listens for theirs, and says when they are missed (PROTOCOL.md H1, H3).
 * Its timers run in the crypto worker: a hidden page's would be slowed down.
 */
import type { Clock } from '../clock'
import * as bodies from '../keys/bodies'
import { equal, hex, random } from '../keys/bytes'
import type { Signer } from '../keys/derive'
import { parse, sign, verify } from '../keys/statement'
import type { Bytes, Happening } from '../vault'
import type { Awaited } from './awaited'
import type { Change } from './gate'
import type { Group } from './group'
import { isHost, leads, underOf, type Leaf } from './roster'
import { headEvery, Silence, type Came, type Watched } from './silence'

export interface HeadsParts {
  readonly group: Group
  readonly device: Signer
  readonly clock: Clock
  readonly awaited: Awaited // removals and changes signed here
  readonly tell: (h: Happening) => void
  readonly run: (job: () => Promise<void>) => void
  readonly send: (head: Bytes, fleeting: boolean) => Promise<void>
  /** halt is told whether anything may be sent. */
  readonly halt: (halted: boolean) => void
}

const nobody: Came = { added: [], absent: [] }

export class Heads {
  readonly #p: HeadsParts
  readonly #silence = new Silence()
  #every = 0 // 0 before begin
  #told = ''
  #halted = false
  #closed = false
  #stopBeat: () => void = () => undefined
  #stopLook: () => void = () => undefined

  constructor(parts: HeadsParts) {
    this.#p = parts
  }

  /** halted tells that nothing may be sent: nobody vouches for the epoch, or a removal or a change that tightens is under way. */
  get halted(): boolean {
    return this.#halted
  }

  get #leads(): boolean {
    return leads(this.#p.group.roster, this.#p.device.publicKey)
  }

  /** begin starts to speak and to listen, once this member is sure of its group. */
  begin(): void {
    this.#silence.epoch(this.#others(), nobody, this.#p.clock.now())
    this.#pace()
    this.#look()
    if (this.#leads && this.#others().length > 0)
      this.#p.run(async () => {
        if (!this.#closed) await this.#speak(false)
      })
  }

  close(): void {
    this.#closed = true
    this.#stopBeat()
    this.#stopLook()
  }

  /**
   * moved takes a new epoch. Hosts and co-hosts vouch for it at once; a joiner waits for that, so it is not fleeting. Where none
   * is left, all do for who comes back.
   */
  async moved(change: Change): Promise<void> {
    if (this.#every === 0) return
    const added = change.added.map((a) => hex(a.admitted.participant))
    const absent = change.removed.filter((r) => r.how === 'absent').map((r) => hex(r.leaf.participant))
    this.#silence.epoch(this.#others(), { added, absent }, this.#p.clock.now())
    this.#pace()
    this.#look()
    if (this.#leads || this.#alone(change)) await this.#speak(false)
  }

  /** alone tells that somebody came and that nobody who leads was here before. */
  #alone(change: Change): boolean {
    const { roster } = this.#p.group
    const came = (l: Leaf): boolean => change.added.some((a) => equal(a.signatureKey, l.signatureKey))
    return change.added.length > 0 && ![...roster.leaves.values()].some((l) => leads(roster, l.device) && !came(l))
  }

  #others(): Watched[] {
    const { roster, leaf } = this.#p.group
    const others = [...roster.leaves.values()].filter((l) => l.leaf !== leaf)
    return others.map((l) => ({
      participant: hex(l.participant),
      host: isHost(roster, l.device),
      leads: leads(roster, l.device),
    }))
  }

  /** pace keeps the rhythm; it begins at a moment of its own, so that those who came together do not speak together. */
  #pace(): void {
    const every = headEvery(this.#leads, this.#p.group.roster.leaves.size)
    if (every === this.#every) return
    this.#every = every
    this.#beatIn((every * (random(1)[0] ?? 0)) / 256)
  }

  #beatIn(ms: number): void {
    this.#stopBeat()
    this.#stopBeat = this.#p.clock.after(ms, () => {
      this.#beatIn(this.#every)
      this.#p.run(async () => {
        if (!this.#closed) await this.#speak(true)
      })
    })
  }

  async #speak(fleeting: boolean): Promise<void> {
    const { group, device, send } = this.#p
    const epoch = group.epochAt(group.epoch)
    if (epoch === undefined) return
    const { authenticator, rosterHash } = epoch
    const time = this.#p.clock.now()
    const body = bodies.head({ epoch: group.epoch, authenticator, under: underOf(group.roster), rosterHash, time })
    await send(await sign(device, 'head', group.roster.place, body), fleeting)
  }

  /** take compares another's view of an epoch with ours. Null is no head of theirs; a contradiction alarms. */
  async take(body: Bytes, from: Leaf, epoch: number): Promise<{ leads: boolean; present: boolean } | null> {
    const { group, tell, clock } = this.#p
    const s = parse(body)
    if (s.kind !== 'head' || !equal(s.signer, from.device)) return null
    const ours = group.epochAt(epoch)
    if (ours === undefined || !(await verify(s, ours.roster.place))) return null
    const theirs = bodies.readHead(s.body)
    const under = underOf(ours.roster)
    const participant = hex(from.participant)
    const same =
      theirs.epoch === epoch &&
      equal(theirs.authenticator, ours.authenticator) &&
      theirs.under.sequence === under.sequence &&
      equal(theirs.under.hash, under.hash) &&
      equal(theirs.rosterHash, ours.rosterHash)
    if (!same) {
      tell({ kind: 'alarm', code: 'fork', participant, detail: `another epoch ${epoch}` })
      return null
    }
    const present = epoch === group.epoch
    this.#silence.heard(participant, present, theirs.time, clock.now())
    this.#look()
    return { leads: leads(ours.roster, from.device), present }
  }

  /** vouched tells whether the group was confirmed lately by who may. */
  vouched(): boolean {
    return this.#silence.vouched(this.#leads, this.#p.clock.now())
  }

  #look(): void {
    this.#stopLook()
    this.show()
    const now = this.#p.clock.now()
    const next = this.#silence.next(now)
    if (next === null || this.#closed) return
    this.#stopLook = this.#p.clock.after(next - now, () => {
      this.#look()
    })
  }

  /** show tells how things stand, where that is news. */
  show(): void {
    if (this.#closed || this.#every === 0) return
    const { awaited, clock } = this.#p
    const changing = awaited.of('change').length > 0
    const standing = { ...this.#silence.at(clock.now()), removing: awaited.of('removal'), changing }
    this.#halted = standing.stopped || changing || standing.removing.length > 0
    this.#p.halt(this.#halted)
    const told = JSON.stringify(standing)
    if (told === this.#told) return
    this.#told = told
    this.#p.tell({ kind: 'standing', standing })
  }
}
