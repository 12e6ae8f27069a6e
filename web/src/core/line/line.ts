/** Line is the WebSocket to the server: requests and their answers, numbered pushes, and coming back after a break. */
import { wallClock, type Clock } from '../clock'
import type { Link } from '../snapshot'
import type { Answer, AnswerOf, Fault, Push, Request } from '../wire.gen'
import { maxBytesAtDoor, maxBytesSeated, subprotocol } from '../wire.gen'

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

/** Greeter asks on the socket that is being greeted, before all others. */
export interface Greeter {
  ask<T extends Request['type']>(request: Asking<T>): Promise<AnswerOf[T]>
  /** latest is the number of the last push that arrived. */
  readonly latest: number
  /** restart counts pushes from 1 again: a new seat. */
  restart(): void
}

/** Asking is a request without its id, which the line gives. */
export type Asking<T extends Request['type']> = Omit<Extract<Request, { type: T }>, 'id'> & { readonly type: T }

interface Pending {
  readonly id: number
  readonly text: string
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

  /** once sends a request on this very socket only: a proof that names its challenge is worth nothing on the next one. */
  once<T extends Request['type']>(request: Asking<T>): Promise<AnswerOf[T]> {
    return this.#greeted ? this.#ask(request, false) : Promise.reject(new Refusal('line_broken'))
  }

  /** restart counts pushes from 1 again: a new seat. */
  restart(): void {
    this.#latest = 0
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
    const text = JSON.stringify({ ...request, id })
    if (text.length > (again ? maxBytesSeated : maxBytesAtDoor)) return Promise.reject(new Refusal('message_large'))
    return new Promise((resolve, reject) => {
      const settle = resolve as (a: Answer) => void
      const pending = { id, text, settle, fail: reject, again }
      this.#pending.set(id, pending)
      if (this.#greeted || !again) this.#socket?.send(pending.text)
    })
  }

  #connect(): void {
    this.#drop()
    const socket = this.#network.connect(this.#address, subprotocol)
    this.#socket = socket
    this.#after('connect', connectLimit, () => {
      this.#broken()
    })
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

  async #greet(socket: Socket): Promise<void> {
    const line = (): number => this.#latest
    const greeter: Greeter = {
      ask: (request) => this.#ask(request, false),
      restart: () => {
        this.restart()
      },
      get latest() {
        return line()
      },
    }
    try {
      await this.#caller.greet(greeter)
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
    for (const p of [...this.#pending.values()].sort((a, b) => a.id - b.id)) if (p.again) socket.send(p.text)
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
    if (this.#timers.has('silence')) {
      this.#stop('silence')
      this.#ping()
    }
    if (message.type === 'pong') return
    if (message.type === 'ok' || (message.type === 'fault' && message.id !== undefined)) {
      this.#answered(message)
      return
    }
    if (message.type === 'admitted') this.restart() // a new seat counts anew
    if ('seq' in message) {
      if (message.seq <= this.#latest) return // it came before the break already
      this.#latest = message.seq
    }
    this.#caller.push(message)
  }

  #answered(answer: Answer | Fault): void {
    const pending = this.#pending.get(answer.id ?? 0)
    if (!pending) return
    this.#pending.delete(pending.id)
    if (answer.type === 'fault') pending.fail(new Refusal(answer.code))
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
function isPassing(code: string): boolean {
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
