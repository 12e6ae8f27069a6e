/** Line is the WebSocket to the server: requests and their answers, numbered pushes, and coming back after a break. */
import { wallClock, type Clock } from '../clock'
import type { Link } from '../snapshot'
import type { Answer, AnswerOf, Fault, Push, Request } from '../wire.gen'
import { maxBytesAtDoor, maxBytesSeated, subprotocol } from '../wire.gen'

const ownCodes = ['line_broken', 'line_closed'] // what this page says itself, and need not tell anybody: no server's word

/** Refusal is the server's no to a request; code is one of protocol/faults.json. */
export class Refusal extends Error {
  readonly code: string
  constructor(code: string) {
    super(code)
    this.code = code
  }
}

/** Socket is the part of a WebSocket that a line uses. */
export interface Socket {
  onopen: ((e: Event) => void) | null
  onmessage: ((e: MessageEvent) => void) | null
  onclose: ((e: CloseEvent) => void) | null
  send(text: string): void
  close(): void
}

export interface Network {
  connect(address: string, subprotocol: string): Socket
  /** whenBack calls when the device is on a network again. */
  whenBack(call: () => void): () => void
  /** chance is from 0 to 1: pages that lost one server must not all come back in one moment. */
  chance(): number
}

/** Caller is who speaks over the line. */
export interface Caller {
  /** greet says hello on a fresh socket and takes the place again; until it is done nothing else is sent. A Refusal hangs up for good. */
  greet(hello: Greeter): Promise<void>
  push(push: Push): void
  changed(link: Link): void
  /** hungUp tells that the line will not come back, with the code of the refusal. */
  hungUp(code: string): void
}

/** Greeter speaks on one socket only. Once that is broken it asks and changes nothing more, whatever comes after it. */
export interface Greeter {
  ask<T extends Request['type']>(request: Asking<T>): Promise<AnswerOf[T]>
  /** alive is whether its socket is still the line's. */
  alive(): boolean
  /** latest is the number of the last push that arrived. */
  readonly latest: number
  /** reseat begins a new seat: pushes count from 1 again, and of what was asked and not answered only what survives is asked again. */
  reseat(survives?: Survives): void
  /** renew breaks the line on purpose, so that it is greeted anew. */
  renew(): void
}

/** Survives tells which requests to an old seat mean the same to a new one. */
export type Survives = (type: Request['type']) => boolean

const nothing: Survives = () => false

/** Asking is a request without its id, which the line gives. */
export type Asking<T extends Request['type']> = Omit<Extract<Request, { type: T }>, 'id'> & { readonly type: T }

interface Pending {
  readonly id: number
  readonly request: { readonly type: Request['type'] }
  readonly settle: (a: Answer) => void
  readonly fail: (e: Refusal) => void
  readonly again: boolean // sent again on the next socket if this one breaks
}

const pingEvery = 5_000
const silence = 2_000 // after a ping: then the line counts as broken
const connectLimit = 8_000
const firstWait = 200
const longestWait = 5_000
const mostPending = 512 // more is refused: the page asks for less than that in minutes

export class Line {
  readonly #address: string
  readonly #caller: Caller
  readonly #network: Network
  readonly #clock: Clock
  #socket: Socket | null = null
  #greeted = false
  #ever = false
  #closed = false
  #tries = 0
  #id = 0
  #latest = 0
  #pending = new Map<number, Pending>()
  #timers = new Map<'ping' | 'silence' | 'connect' | 'retry', () => void>()
  #unwatch: () => void

  constructor(address: string, caller: Caller, network: Network, clock: Clock = wallClock) {
    this.#address = address
    this.#caller = caller
    this.#network = network
    this.#clock = clock
    this.#unwatch = network.whenBack(() => {
      if (this.#timers.has('retry')) this.#connect()
    })
  }

  open(): void {
    this.#caller.changed('connecting')
    this.#connect()
  }

  /** ask sends a request once the place is taken; it is sent again after a break until it is answered. */
  ask<T extends Request['type']>(request: Asking<T>): Promise<AnswerOf[T]> {
    return this.#ask(request, true)
  }

  /** here speaks on this very socket only: a proof that names its challenge is worth nothing on the next one. Before the greeting nobody listens. */
  here(): Greeter {
    return this.#greeter(this.#greeted ? this.#socket : null)
  }

  /** renew breaks the line on purpose, so that it is greeted anew. */
  renew(): void {
    this.#broken()
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#unwatch()
    this.#drop()
    for (const p of this.#pending.values()) p.fail(new Refusal('line_closed'))
    this.#pending.clear()
  }

  #ask<T extends Request['type']>(request: Asking<T>, again: boolean): Promise<AnswerOf[T]> {
    if (this.#closed) return Promise.reject(new Refusal('line_closed'))
    if (this.#pending.size >= mostPending) return Promise.reject(new Refusal('message_flood'))
    const id = ++this.#id
    const large = JSON.stringify({ ...request, id }).length > (again ? maxBytesSeated : maxBytesAtDoor)
    if (large) return Promise.reject(new Refusal('message_large'))
    return new Promise((resolve, reject) => {
      const settle = resolve as (a: Answer) => void
      const pending = { id, request, settle, fail: reject, again }
      this.#pending.set(id, pending)
      if (this.#greeted || !again) this.#send(pending)
    })
  }

  #send(pending: Pending): void {
    this.#socket?.send(JSON.stringify({ ...pending.request, id: pending.id }))
  }

  /** reseat numbers what survives anew: a seat takes rising numbers only. */
  #reseat(survives: Survives): void {
    this.#latest = 0
    const old = [...this.#pending.values()].filter((p) => p.again).sort((a, b) => a.id - b.id)
    for (const p of old) {
      this.#pending.delete(p.id)
      if (survives(p.request.type)) {
        const anew = { ...p, id: ++this.#id }
        this.#pending.set(anew.id, anew)
        if (this.#greeted) this.#send(anew)
      } else p.fail(new Refusal('seat_unknown'))
    }
  }

  #connect(): void {
    this.#drop()
    const socket = this.#network.connect(this.#address, subprotocol)
    this.#socket = socket
    this.#limit()
    socket.onopen = () => {
      if (socket === this.#socket) void this.#greet(socket)
    }
    socket.onmessage = (e) => {
      if (socket === this.#socket) this.#heard(String(e.data))
    }
    socket.onclose = () => {
      if (socket === this.#socket) this.#broken()
    }
  }

  #limit(): void {
    this.#after('connect', connectLimit, () => {
      this.#broken()
    })
  }

  #greeter(socket: Socket | null): Greeter {
    const alive = (): boolean => socket !== null && socket === this.#socket
    const latest = (): number => this.#latest
    return {
      ask: (request) => (alive() ? this.#ask(request, false) : Promise.reject(new Refusal('line_broken'))),
      alive,
      get latest() {
        return latest()
      },
      reseat: (survives = nothing) => {
        if (alive()) this.#reseat(survives)
      },
      renew: () => {
        if (alive()) this.#broken()
      },
    }
  }

  async #greet(socket: Socket): Promise<void> {
    try {
      await this.#caller.greet(this.#greeter(socket))
    } catch (e) {
      if (socket !== this.#socket) return
      if (e instanceof Refusal && !isPassing(e.code)) this.#hangUp(e.code)
      else this.#broken()
      return
    }
    if (socket !== this.#socket) return
    this.#stop('connect')
    this.#greeted = this.#ever = true
    this.#tries = 0
    for (const p of [...this.#pending.values()].sort((a, b) => a.id - b.id)) if (p.again) this.#send(p)
    this.#ping()
    this.#caller.changed('connected')
  }

  #ping(): void {
    this.#after('ping', pingEvery, () => {
      this.#socket?.send('{"type":"ping"}')
      this.#after('silence', silence, () => {
        this.#broken()
      })
    })
  }

  #heard(text: string): void {
    const message = JSON.parse(text) as Answer | Push
    if (this.#timers.has('connect')) this.#limit() // a greeting may take long as long as the server answers
    if (this.#timers.has('silence')) {
      this.#stop('silence')
      this.#ping()
    }
    if (message.type === 'pong') return
    if (message.type === 'ok' || (message.type === 'fault' && message.id !== undefined)) {
      this.#answered(message)
      return
    }
    if (message.type === 'fault' && message.code === 'server_closing') {
      this.#broken() // nothing more comes, whether it closes or not
      return
    }
    if (message.type === 'admitted') this.#latest = 0 // a new seat counts anew
    if ('seq' in message) {
      if (message.seq <= this.#latest) return // it came before the break already
      this.#latest = message.seq
    }
    if (message.type === 'regroup') this.#reseat(nothing) // the seat is gone
    this.#caller.push(message)
  }

  #answered(answer: Answer | Fault): void {
    const pending = this.#pending.get(answer.id ?? 0)
    if (!pending) return
    this.#pending.delete(pending.id)
    if (answer.type === 'fault') pending.fail(new Refusal(ownCodes.includes(answer.code) ? 'internal' : answer.code))
    else pending.settle(answer)
  }

  /** broken lets go of the socket and tries again after a while that grows. */
  #broken(): void {
    if (this.#closed) return
    this.#drop()
    if (this.#ever) this.#caller.changed('reconnecting')
    const wait = Math.min(longestWait, firstWait * 2 ** this.#tries++)
    this.#after('retry', wait * (0.5 + this.#network.chance() / 2), () => {
      this.#connect()
    })
  }

  #drop(): void {
    for (const timer of [...this.#timers.keys()]) this.#stop(timer)
    const socket = this.#socket
    this.#socket = null
    this.#greeted = false
    if (socket) {
      socket.onopen = socket.onmessage = socket.onclose = null
      socket.close()
    }
    for (const p of [...this.#pending.values()].filter((p) => !p.again)) {
      this.#pending.delete(p.id)
      p.fail(new Refusal('line_broken'))
    }
  }

  #hangUp(code: string): void {
    this.close()
    this.#caller.hungUp(code)
  }

  #after(name: 'ping' | 'silence' | 'connect' | 'retry', ms: number, call: () => void): void {
    this.#stop(name)
    const stop = this.#clock.after(ms, () => {
      this.#timers.delete(name)
      call()
    })
    this.#timers.set(name, stop)
  }

  #stop(name: 'ping' | 'silence' | 'connect' | 'retry'): void {
    this.#timers.get(name)?.()
    this.#timers.delete(name)
  }
}

/** isPassing tells a refusal that may be another one in a moment from one that stays. */
export function isPassing(code: string): boolean {
  const passing = [
    'line_broken',
    'line_closed',
    'server_full',
    'server_closing',
    'message_flood',
    'tries_many',
    'internal',
  ]
  return passing.includes(code)
}

/** browserNetwork is the browser's own. */
export const browserNetwork: Network = {
  connect: (address, protocol) => new WebSocket(address, protocol),
  whenBack: (call) => {
    addEventListener('online', call)
    return () => {
      removeEventListener('online', call)
    }
  },
  chance: Math.random,
}
