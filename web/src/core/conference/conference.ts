/**
 * A conference is one meeting as one page lives it: from the link through the door into the sealed group and out again. It owns
 * the phases; the line, the ways in and back, the door, the group, its rules and the chat have rooms of their own.
 */
import { Line, Refusal, isPassing, type Caller, type Greeter } from '../line/line'
import type { FaultCode, Link, OverReason } from '../snapshot'
import type { Happening, Vault } from '../vault'
import type { Push } from '../wire.gen'
import { version } from '../wire.gen'
import type { Board } from './board'
import { Chat } from './chat'
import { HostDoor } from './door'
import { Entering } from './entering'
import { titleOf } from './entry'
import type { Hands } from './hands'
import { Inside } from './inside'
import { Orders } from './orders'
import type { Keeper, Parts } from './parts'
import { Place } from './place'
import { Pushes } from './pushes'
import { codeOf, farewellFor } from './reasons'
import { Reload } from './reload'
import { Returning } from './returning'
import { Rules } from './rules'
import { Wait } from './wait'

const farewell = 1_500 // ms; how long a leave may take before the page goes anyway

/** Address is what a link says. */
export interface Address {
  readonly meeting: string
  readonly code: string | null
  readonly seed: string | null
}

export class Conference implements Caller {
  /** hands are the rooms that commands reach. */
  readonly hands: Hands
  readonly #address: Address
  readonly #parts: Parts
  readonly #board: Board
  readonly #keeper: Keeper
  readonly #vault: Vault
  readonly #place = new Place()
  readonly #orders: Orders
  readonly #reload: Reload
  readonly #inside: Inside
  readonly #wait: Wait
  readonly #entering: Entering
  readonly #returning: Returning
  readonly #pushes: Pushes
  #line: Line
  #over = false
  #dead = false // the line was hung up

  constructor(address: Address, parts: Parts, board: Board, keeper: Keeper) {
    this.#address = address
    this.#parts = parts
    this.#board = board
    this.#keeper = keeper
    const vault = (this.#vault = parts.vault())
    const { clock } = parts
    const place = this.#place
    const shared = { board, vault, clock, place, line: () => this.#line }
    this.#reload = new Reload(address.meeting, parts.memory, vault, clock)
    const wait = (this.#wait = new Wait(board, clock))
    const keep = (): void => void this.#keep()
    const members = (): Inside['members'] => this.#inside.members
    const rules = new Rules({ ...shared, hostLink: () => place.hostLink, members })
    const door = new HostDoor({ ...shared, admitted: keep })
    this.#orders = new Orders({ ...shared, rules, members, removed: keep })
    const [now, nameOf] = [() => clock.now(), (participant: string) => this.#inside.nameOf(participant)]
    const chat = new Chat({ ...shared, now, me: () => this.#inside.me(), nameOf })
    const inside = (this.#inside = this.#group({ ...shared, rules, chat }))
    const here = (): Greeter => this.#line.here()
    const failed = (code: string): void => {
      this.#refused(code)
    }
    const opened = (): void => {
      inside.opened()
    }
    const entering = (this.#entering = new Entering({ ...shared, wait, here, knocked: keep, opened, failed }))
    this.#returning = new Returning(shared)
    const [isOver, end] = [() => this.#over, (reason: OverReason) => void this.#end(reason)]
    this.#pushes = new Pushes({ ...shared, door, inside, wait, entering, isOver, end, refused: failed })
    vault.watch((h: Happening) => {
      if (place.grouped || h.kind === 'alarm') inside.happened(h)
    })
    this.hands = { board, keeper, inside, door, chat, orders: this.#orders, rules }
    this.#line = this.#newLine()
  }

  #group(
    shared: Pick<
      ConstructorParameters<typeof Inside>[0],
      'board' | 'vault' | 'clock' | 'line' | 'place' | 'rules' | 'chat'
    >,
  ) {
    const { slots } = this.#parts
    return new Inside({
      ...shared,
      keeper: this.#keeper,
      slots,
      media: (media) => this.#parts.media(media),
      entered: () => {
        this.#entered()
      },
      moved: () => {
        if (this.#inside.confirmed) this.#reload.keepSoon(() => void this.#keep())
      },
      lost: () => {
        this.#lost()
      },
      unsealed: () => void this.#end('unsealed'),
    })
  }

  #newLine(): Line {
    const { origin, network, clock } = this.#parts
    return new Line(`${origin.replace(/^http/, 'ws')}/signal`, this, network, clock)
  }

  /** start opens the line; a person who was inside before a reload goes straight back in. */
  async start(): Promise<void> {
    const { memory, origin } = this.#parts
    if (!(await memory.hold(this.#address.meeting))) return this.#end('elsewhere')
    const found = await memory.load(this.#address.meeting).catch(() => null)
    const { host, code } = await this.#vault.begin({ ...this.#address, origin, kept: found?.kept ?? null })
    const place = this.#place
    place.hostLink = host
    const guestLink = `${origin}/m/${this.#address.meeting}#${code}`
    this.#board.set({ host, ...(host ? { guestLink, accessCode: code } : {}) })
    place.name = found?.name ?? ''
    place.wantsIn = found?.inside === true
    place.needsCode = code === ''
    if (!place.wantsIn) await this.#keep() // the link is out of the address bar: a reload must find it
    this.#line.open()
  }

  // ── the line ──

  /** greet finds this page its place again: its seat, its group, or the door. */
  async greet(hello: Greeter): Promise<void> {
    const place = this.#place
    const said = await hello.ask({ type: 'hello', version, meeting: this.#address.meeting })
    const title = await titleOf(this.#vault, said)
    if (!hello.alive()) return // another greeting has begun; this one must not change its place
    if (title !== '') this.#board.set({ title })
    place.challenge = said.challenge
    place.orderKey = said.orderKey
    if (place.ticket !== '') {
      if (await this.#returning.resumed(hello)) {
        if (this.#inside.confirmed) this.#board.notice('back', '')
        return
      }
      place.ticket = ''
    }
    if (place.grouped) {
      if (await this.#returning.returned(hello)) {
        this.#inside.cameBack()
        if (this.#inside.confirmed) this.#board.notice('back', '')
        return
      }
      if (!hello.alive()) throw new Refusal('line_broken')
      this.#unseated()
    }
    if (place.wantsIn) await this.#enterAgain(hello)
    else if (this.#board.now.phase.name === 'opening') this.#preJoin(null)
  }

  /** enterAgain goes back to the door by itself; what only the person can mend brings them to pre-join. */
  async #enterAgain(hello: Greeter): Promise<void> {
    try {
      await this.#entering.enter(hello)
    } catch (e) {
      const code = codeOf(e)
      if (!hello.alive() || isPassing(code) || farewellFor(code, false) !== null) throw e
      this.#refused(code)
    }
  }

  /** unseated: seat and group are gone; what the vault still tells of the old group is nobody's business. */
  #unseated(): void {
    this.#place.unseated()
    this.#inside.left()
    this.#board.set({ phase: { name: 'entering' } })
  }

  /** lost: this device cannot follow its group; it comes back by a rejoin, on a line of its own. */
  #lost(): void {
    if (this.#over) return
    this.#unseated()
    this.#line.renew()
  }

  push(push: Push): void {
    this.#pushes.push(push)
  }

  changed(link: Link): void {
    if (this.#over) return
    this.#board.set({ link })
    this.#inside.linked(link)
  }

  hungUp(code: string): void {
    const reason = farewellFor(code, this.#place.ticket !== '')
    if (reason === 'unsealed') this.#board.alarm(code, '', '')
    if (reason !== null) void this.#end(reason)
    else if (!this.#over) {
      this.#dead = true
      this.#preJoin(code)
    }
  }

  // ── entering ──

  async enter(name: string, code: string): Promise<void> {
    const { phase } = this.#board.now
    const place = this.#place
    if (phase.name !== 'pre-join' || phase.busy) return
    this.#board.set({ phase: { ...phase, busy: true, fault: null } })
    if (this.#dead) {
      this.#dead = false
      this.#line = this.#newLine()
      this.#line.open()
    }
    try {
      if (code !== '') {
        await this.#vault.useCode(code)
        place.needsCode = false
      }
      place.name = name
      this.#keeper.remember(name)
      place.wantsIn = true
      await this.#entering.enter(this.#line.here())
    } catch (e) {
      if (codeOf(e) !== 'line_broken') this.#refused(codeOf(e)) // a broken line goes on with the next greeting
    }
  }

  #entered(): void {
    this.#board.set({ phase: { name: 'meeting' } })
    this.hands.door.entered()
    void this.#keep()
  }

  #preJoin(fault: FaultCode | null): void {
    const { name, hostLink, needsCode } = this.#place
    this.#place.wantsIn = false
    const suggestedName = name || this.#keeper.name
    this.#board.set({ phase: { name: 'pre-join', needsCode, fault, busy: false, host: hostLink, suggestedName } })
  }

  /** refused brings the person back to pre-join with the reason, or to the page that says why not. */
  #refused(code: string): void {
    const reason = farewellFor(code, false)
    if (reason !== null) {
      void this.#end(reason)
      return
    }
    if (code === 'code_wrong') this.#place.needsCode = true
    this.#preJoin(code)
  }

  #keep(): Promise<void> {
    return this.#over ? Promise.resolve() : this.#reload.keep(this.#place.name, this.#place.ticket !== '')
  }

  // ── leaving ──

  async leave(): Promise<void> {
    if (this.#over) return
    const left = this.#place.ticket === '' ? this.#orders.withdraw() : this.#orders.leave()
    this.#over = true
    await this.#atMost(left)
    await this.#finish('left')
  }

  /** handOver leaves once somebody else is host. */
  async handOver(participant: string): Promise<void> {
    if (await this.#orders.handedOver(participant)) await this.leave()
  }

  async #end(reason: OverReason): Promise<void> {
    if (this.#over) return
    this.#over = true
    if (reason === 'unsealed' && this.#place.ticket !== '') await this.#atMost(this.#orders.leave())
    await this.#finish(reason)
  }

  #atMost(left: Promise<void>): Promise<void> {
    return Promise.race([left, new Promise<void>((late) => this.#parts.clock.after(farewell, late))])
  }

  /** finish lets go of everything: devices, media, keys, and what a reload would have found. */
  async #finish(reason: OverReason): Promise<void> {
    this.#entering.end()
    this.#wait.end()
    this.#line.close()
    this.#inside.close()
    this.#keeper.close()
    const chat = reason === 'left' || reason === 'ended' ? this.#board.now.chat : []
    this.#board.set({ people: [], waiting: [], refused: [], chat, unread: 0, phase: { name: 'over', reason } })
    await this.#vault.wipe().catch(() => undefined)
    this.#vault.worker?.terminate()
    await this.#reload.over(reason)
  }

  stillHere(): void {
    if (this.#wait.answered()) this.#line.ask({ type: 'stay' }).catch(() => undefined)
  }
}
