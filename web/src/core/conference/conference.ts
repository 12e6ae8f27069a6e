/**
 * A conference is one meeting as one page lives it: from the link through the door into the sealed group and out again. It owns
 * the phases; the line, the host's door, the group and the chat have rooms of their own.
 */
import { Line, Refusal, type Caller, type Greeter } from '../line/line'
import type { FaultCode, Link, OverReason, Phase } from '../snapshot'
import type { Vault } from '../vault'
import type { Over, Push, Slots } from '../wire.gen'
import { version } from '../wire.gen'
import { fromBase64, toBase64 } from './base64'
import type { Board } from './board'
import { Chat } from './chat'
import type { Hands } from './hands'
import { HostDoor } from './door'
import { hostRequest, knockRequest, resumeRequest, titleOf } from './entry'
import { Inside } from './inside'
import { Orders } from './orders'
import type { Keeper, Parts } from './parts'
import { codeOf, farewellFor } from './reasons'
import { Reload } from './reload'
import { Wait } from './wait'

const refreshKeyPackage = 45 * 60_000 // a KeyPackage lives an hour
const farewell = 1_500 // how long a leave may take before the page goes anyway

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
  readonly #door: HostDoor
  readonly #orders: Orders
  readonly #reload: Reload
  readonly #chat: Chat
  readonly #inside: Inside
  readonly #wait: Wait
  #line: Line
  readonly #here: Pick<Greeter, 'ask'> = { ask: (request) => this.#line.once(request) }
  #challenge = '' // the server's, for proofs on the present socket
  #participant = ''
  #ticket = '' // a seat's; '' at the door
  #name = ''
  #host = false
  #wantsIn = false
  #needsCode = true
  #over = false
  #grouped = false // the vault's group is the one that this page is in
  #dead = false // the line was hung up
  #turn: Promise<void> = Promise.resolve()
  #stopRefresh: () => void = () => undefined

  constructor(address: Address, parts: Parts, board: Board, keeper: Keeper) {
    this.#address = address
    this.#parts = parts
    this.#board = board
    this.#keeper = keeper
    this.#vault = parts.vault()
    const shared = { board, vault: this.#vault, line: () => this.#line }
    this.#door = new HostDoor({ ...shared, admitted: () => void this.#keep() })
    this.#orders = new Orders({ ...shared, removed: () => void this.#keep() })
    this.#reload = new Reload(address.meeting, parts.memory, this.#vault)
    this.#wait = new Wait(board, parts.clock)
    this.#chat = new Chat({
      ...shared,
      now: () => parts.clock.now(),
      me: () => this.#inside.me(),
      nameOf: (participant) => this.#inside.nameOf(participant),
    })
    this.#inside = new Inside({
      ...shared,
      clock: parts.clock,
      slots: parts.slots,
      media: (media) => parts.media(media),
      keeper,
      chat: this.#chat,
      entered: () => {
        this.#entered()
      },
      unsealed: () => void this.#end('unsealed'),
    })
    this.#vault.watch((h) => {
      if (this.#grouped || h.kind === 'alarm') this.#inside.happened(h)
    })
    this.hands = { board, keeper, inside: this.#inside, door: this.#door, chat: this.#chat, orders: this.#orders }
    this.#line = this.#newLine()
  }

  #revive(): void {
    this.#dead = false
    this.#line = this.#newLine()
    this.#line.open()
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
    this.#host = host
    const guestLink = `${origin}/m/${this.#address.meeting}#${code}`
    this.#board.set({ host, ...(host ? { guestLink, accessCode: code } : {}) })
    this.#name = found?.name ?? ''
    this.#wantsIn = found?.inside === true
    this.#needsCode = code === ''
    if (!this.#wantsIn) await this.#keep() // the link is out of the address bar: a reload must find it
    this.#line.open()
  }

  // ── the line ──

  async greet(hello: Greeter): Promise<void> {
    const { meeting } = this.#address
    const said = await hello.ask({ type: 'hello', version, meeting })
    const title = await titleOf(this.#vault, said)
    if (title !== '') this.#board.set({ title })
    this.#challenge = said.challenge
    if (this.#ticket !== '' && (await this.#resume(hello))) return
    if (this.#wantsIn) await this.#enterAgain(hello)
    else if (this.#board.now.phase.name === 'opening') this.#preJoin(null)
  }

  /** enterAgain goes back to the door by itself; what only the person can mend brings them to pre-join. */
  async #enterAgain(hello: Greeter): Promise<void> {
    try {
      await this.#enterBy(hello)
    } catch (e) {
      const code = codeOf(e)
      if (code === 'line_broken' || farewellFor(code, false) !== null) throw e
      this.#refusedAtDoor(code)
    }
  }

  async #resume(hello: Greeter): Promise<boolean> {
    const seat = { participant: this.#participant, ticket: this.#ticket, seq: hello.latest }
    const request = await resumeRequest(this.#vault, fromBase64(this.#challenge), seat)
    try {
      await hello.ask(request)
      if (this.#inside.confirmed) this.#board.notice('back', '')
      return true
    } catch (e) {
      if (!(e instanceof Refusal) || e.code !== 'resume_bad') throw e
      this.#unseated() // knock again, with the same device
      return false
    }
  }

  /** unseated: seat and group are gone; what the vault still tells of the old group is nobody's business. */
  #unseated(): void {
    this.#grouped = false
    this.#ticket = ''
    this.#inside.left()
    this.#show({ name: 'entering' })
  }

  /** push takes pushes in their turn, but for the word of whose picture is where: the first frames wait for it. */
  push(push: Push): void {
    if (push.type === 'slots') {
      if (!this.#over) this.#inside.slots(push).catch(() => undefined) // the next word replaces it
      return
    }
    this.#turn = this.#turn
      .then(() => (this.#over ? undefined : this.#take(push)))
      .catch((e: unknown) => {
        this.#stumbled(push, e)
      })
  }

  changed(link: Link): void {
    if (this.#over) return
    this.#board.set({ link })
    this.#inside.linked(link)
  }

  hungUp(code: string): void {
    const reason = farewellFor(code, this.#ticket !== '')
    if (reason === 'unsealed') this.#board.alarm(code, '', '')
    if (reason !== null) void this.#end(reason)
    else if (!this.#over) {
      this.#dead = true
      this.#preJoin(code)
    }
  }

  // ── pushes, one after the other ──

  async #take(push: Exclude<Push, Slots>): Promise<void> {
    switch (push.type) {
      case 'waiting':
        this.#wait.told(push.open)
        return
      case 'ask':
        this.#wait.asked()
        return
      case 'over':
        return this.#told(push)
      case 'knock':
        return this.#door.knocked(push)
      case 'knock-gone':
        this.#door.gone(push.participant)
        return
      case 'admitted':
        this.#ticket = push.ticket
        this.#grouped = true
        this.#wait.end()
        this.#stopRefresh()
        this.#show({ name: 'entering' })
        return this.#inside.admitted(push)
      case 'task':
        return this.#inside.task(push)
      case 'commit':
        return this.#inside.ordered(push)
      case 'app':
        return this.#inside.heard(push)
      case 'presence':
        this.#inside.presence(push)
        return
      case 'regroup':
        return this.#regroup(push.challenge)
      case 'fault':
      case 'ping':
      case 'pong':
        return
    }
  }

  /** stumbled judges a push that could not be carried out. Where the server refused, it says itself how it goes on. */
  #stumbled(push: Push, e: unknown): void {
    if (this.#over) return
    if (push.type === 'regroup' && codeOf(e) !== 'line_broken') this.#refusedAtDoor(codeOf(e))
    if (push.type !== 'admitted' || e instanceof Refusal) return
    this.#board.alarm('welcome_refused', '', e instanceof Error ? e.message : '')
    void this.#end('unsealed')
  }

  async #told(over: Over): Promise<void> {
    const statement = fromBase64(over.statement)
    if (over.reason === 'ended') return this.#end((await this.#vault.checkEnd(statement)) ? 'ended' : 'closed')
    if (over.reason === 'removed') return this.#end((await this.#vault.checkRemoval(statement)) ? 'removed' : 'closed')
    return this.#end(over.reason)
  }

  async #regroup(challenge: string): Promise<void> {
    this.#unseated()
    this.#challenge = challenge
    this.#line.restart()
    await this.#knock(this.#here)
  }

  // ── entering ──

  async enter(name: string, code: string): Promise<void> {
    const { phase } = this.#board.now
    if (phase.name !== 'pre-join' || phase.busy) return
    this.#show({ ...phase, busy: true, fault: null })
    if (this.#dead) this.#revive()
    try {
      if (code !== '') {
        await this.#vault.useCode(code)
        this.#needsCode = false
      }
      this.#name = name
      this.#keeper.remember(name)
      this.#wantsIn = true
      await this.#enterBy(this.#here)
    } catch (e) {
      const code = codeOf(e)
      if (code !== 'line_broken') this.#refusedAtDoor(code) // a broken line goes on with the next greeting
    }
  }

  async #enterBy(by: Pick<Greeter, 'ask'>): Promise<void> {
    if (this.#host) await this.#enterAsHost(by)
    else await this.#knock(by)
  }

  async #enterAsHost(by: Pick<Greeter, 'ask'>): Promise<void> {
    const entry = await hostRequest(this.#vault, fromBase64(this.#challenge))
    this.#participant = entry.participant
    this.#line.restart()
    const seat = await by.ask(entry)
    this.#grouped = true
    const { group, policy } = await this.#vault.openGroup(this.#name, seat.generation, fromBase64(seat.policy))
    await by.ask({ type: 'open', group: toBase64(group), policy: toBase64(policy) })
    this.#ticket = seat.ticket // only now: a seat without a group is taken anew
    this.#inside.opened()
  }

  async #knock(by: Pick<Greeter, 'ask'>): Promise<void> {
    const knock = await knockRequest(this.#vault, fromBase64(this.#challenge), this.#name)
    this.#participant = knock.participant
    const said = await by.ask(knock)
    this.#line.restart()
    this.#wait.knocked(said.open)
    this.#refreshLater()
    void this.#keep()
  }

  #refreshLater(): void {
    this.#stopRefresh()
    this.#stopRefresh = this.#parts.clock.after(refreshKeyPackage, () => {
      this.#knock(this.#here).catch(() => {
        this.#line.renew()
      })
    })
  }

  #entered(): void {
    this.#show({ name: 'meeting' })
    void this.#keep()
  }

  #preJoin(fault: FaultCode | null): void {
    this.#wantsIn = false
    this.#show({
      name: 'pre-join',
      needsCode: this.#needsCode,
      fault,
      busy: false,
      host: this.#host,
      suggestedName: this.#name || this.#keeper.name,
    })
  }

  /** refusedAtDoor brings the person back to pre-join with the reason, or to the page that says why not. */
  #refusedAtDoor(code: string): void {
    const reason = farewellFor(code, false)
    if (reason !== null) {
      void this.#end(reason)
      return
    }
    if (code === 'code_wrong') this.#needsCode = true
    this.#preJoin(code)
  }

  #keep(): Promise<void> {
    return this.#over ? Promise.resolve() : this.#reload.keep(this.#name, this.#ticket !== '')
  }

  // ── leaving ──

  async leave(): Promise<void> {
    if (this.#over) return
    const left = this.#ticket === '' ? this.#orders.withdraw() : this.#orders.leave()
    this.#over = true
    await Promise.race([left, new Promise<void>((late) => this.#parts.clock.after(farewell, late))])
    await this.#finish('left')
  }

  async #end(reason: OverReason): Promise<void> {
    if (this.#over) return
    this.#over = true
    await this.#finish(reason)
  }

  /** finish lets go of everything: devices, media, keys, and what a reload would have found. */
  async #finish(reason: OverReason): Promise<void> {
    this.#stopRefresh()
    this.#wait.end()
    this.#line.close()
    this.#inside.close()
    this.#keeper.close()
    this.#board.set({
      people: [],
      waiting: [],
      refused: [],
      chat: reason === 'left' || reason === 'ended' ? this.#board.now.chat : [],
      unread: 0,
    })
    this.#show({ name: 'over', reason })
    await this.#vault.wipe().catch(() => undefined)
    this.#vault.worker?.terminate()
    await this.#reload.over(reason)
  }

  #show(phase: Phase): void {
    this.#board.set({ phase })
  }

  stillHere(): void {
    if (this.#wait.answered()) this.#line.ask({ type: 'stay' }).catch(() => undefined)
  }
}
