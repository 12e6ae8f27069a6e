/** Plays one role of a protocol transcript (protocol/transcripts) against a conference: the test is the server. */
import { openAt } from '../conference'
import { toBase64 } from '../conference/base64'
import type { Memory, Parts, Remembered } from '../conference/parts'
import type { Network, Socket } from '../line/line'
import { noDevices, type Commands, type Snapshot } from '../snapshot'
import { Watchable } from '../watchable'
import type { MediaOffer } from '../wire.gen'
import { HandTime } from './time'
import { bytesOf, ScriptedVault } from './scripted-vault'

export interface Message {
  readonly type: string
  readonly id?: number
  readonly [field: string]: unknown
}

/** Step is one line of a transcript that concerns a role; a null message is a line that closes. */
export interface Step {
  readonly way: 'asks' | 'hears'
  readonly message: Message | null
}

/** stepsOf reads a role's lines up to the heading, with names in place of bytes. */
export function stepsOf(text: string, role: string, until = '\u0000'): Step[] {
  const own = (text.split(`# ${until}`)[0] ?? '')
    .split('\n')
    .filter((line) => /^\S+[<>] /.test(line) && line.startsWith(role))
  return own.map((line): Step => {
    const rest = line.slice(role.length + 2)
    const message = rest === 'closed' ? null : (filled(JSON.parse(rest)) as Message)
    return { way: line[role.length] === '>' ? 'asks' : 'hears', message }
  })
}

function filled(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(filled)
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, filled(v)]))
  const named = typeof value === 'string' && value.startsWith('$')
  return named && !/\.participant$|^\$meeting$/.test(value) ? toBase64(bytesOf(value)) : value
}

class Wire implements Socket {
  onopen: Socket['onopen'] = null
  onmessage: Socket['onmessage'] = null
  onclose: Socket['onclose'] = null
  readonly sent: Message[] = []
  opened = false
  closed = false

  send(text: string): void {
    const message = JSON.parse(text) as Message
    if (message.type !== 'ping') this.sent.push(message)
    else
      queueMicrotask(() => {
        this.say({ type: 'pong' })
      })
  }
  close(): void {
    this.opened = false
    this.closed = true
  }
  say(message: object): void {
    this.onmessage?.({ data: JSON.stringify(message) } as MessageEvent)
  }
}

/** Player is one page with everything around it faked. */
export class Player {
  readonly clock = new HandTime()
  readonly vault: ScriptedVault
  snapshot: Watchable<Snapshot>
  commands: Commands
  readonly memory = new Map<string, Remembered>()
  offers = 0 // how often a media line was opened
  readonly relays: string[] = [] // with whose credential each was to be opened
  readonly #seed: string | null
  #loads = 0
  #wires: Wire[] = []
  #ids = new Map<number, number>() // a transcript's number to ours
  #offer: MediaOffer | null = null

  constructor(role: string, steps: readonly Step[], found: Remembered | null = null) {
    this.vault = new ScriptedVault(role)
    if (found !== null) this.memory.set('$meeting', found)
    const media = steps.find((s) => s.message?.type === 'media')?.message
    this.#offer = (media?.['offer'] as MediaOffer | undefined) ?? null
    this.#seed = role === 'host' ? 'seed' : null
    const opened = this.#open()
    this.snapshot = opened.snapshot
    this.commands = opened.commands
  }

  /** reload loads the page anew: of the old one only memory stays. */
  reload(): void {
    this.hears(null)
    this.vault.reloaded()
    const opened = this.#open()
    this.snapshot = opened.snapshot
    this.commands = opened.commands
  }

  #open(): ReturnType<typeof openAt> {
    return openAt({ meeting: '$meeting', code: 'code', seed: this.#seed }, this.#parts(++this.#loads))
  }

  #parts(load: number): Parts {
    const network: Network = {
      connect: () => {
        const wire = new Wire()
        if (load === this.#loads) this.#wires.push(wire) // a page that is gone reaches nobody
        return wire
      },
      whenBack: () => () => undefined,
      chance: () => 1,
    }
    return {
      origin: 'https://meet.example',
      clock: this.clock,
      network,
      memory: this.#memory(),
      slots: 1,
      vault: () => this.vault,
      keeper: () => keeper(),
      media: (media) => ({
        start: () => {
          this.offers++
          this.relays.push(media.relay().username)
          if (this.#offer) void media.ask(this.#offer).catch(() => undefined)
        },
        setMicrophone: () => undefined,
        setCamera: () => undefined,
        stream: () => ({}) as MediaStream,
        level: () => 0,
        close: () => undefined,
      }),
      missing: () => [],
    }
  }

  #memory(): Memory {
    return {
      load: (meeting) => Promise.resolve(this.memory.get(meeting) ?? null),
      save: (meeting, what) => {
        this.memory.set(meeting, what)
        return Promise.resolve()
      },
      wipe: (meeting) => {
        this.memory.delete(meeting)
        return Promise.resolve()
      },
      hold: () => Promise.resolve(true),
      release: () => undefined,
    }
  }

  get phase(): Snapshot['phase'] {
    return this.snapshot.get().phase
  }

  /** unasked is what the page sent that the transcript has not asked for yet. */
  get unasked(): readonly string[] {
    return this.#wires.flatMap((w) => w.sent.map((m) => m.type))
  }

  hears(message: Message | null): void {
    const wire = this.#wires.at(-1)
    if (message === null) wire?.onclose?.(new Event('close') as CloseEvent)
    else wire?.say(message.id === undefined ? message : { ...message, id: this.#ids.get(message.id) })
  }

  /** asked takes what the page sent and the transcript expects next, or gives undefined. */
  asked(want: Message): Message | undefined {
    const wire = this.#wires.at(-1)
    const at = wire?.sent.findIndex((m) => m.type === want.type) ?? -1
    const message = wire?.sent.splice(at, at < 0 ? 0 : 1)[0]
    if (message?.id !== undefined && want.id !== undefined) this.#ids.set(want.id, message.id)
    return message
  }

  /** dialled is how often the page dialled. */
  get dialled(): number {
    return this.#wires.length
  }

  /** next takes whatever the page said next on its newest line, while that is open; its number is the page's own. */
  next(): Message | undefined {
    const wire = this.#wires.at(-1)
    const message = wire?.opened === true ? wire.sent.shift() : undefined
    if (message?.id !== undefined) this.#ids.set(message.id, message.id)
    return message
  }

  /** connect opens the newest socket; breaks cuts it and opens the next one. */
  connect(): void {
    const wire = this.#wires.at(-1)
    if (!wire || wire.opened || wire.closed) return
    wire.opened = true
    wire.onopen?.(new Event('open'))
  }

  async breaks(): Promise<void> {
    this.hears(null)
    await this.clock.move(5_000)
    this.connect()
  }
}

function keeper(): ReturnType<Parts['keeper']> {
  const nothing = (): void => undefined
  return {
    devices: new Watchable(noDevices),
    tracks: new Watchable({ microphone: null, camera: null }),
    level: { watch: () => nothing },
    name: '',
    remember: nothing,
    setCamera: nothing,
    setMicrophone: nothing,
    chooseCamera: nothing,
    chooseMicrophone: nothing,
    chooseSpeaker: nothing,
    refresh: nothing,
    playSpeakerTest: nothing,
    close: nothing,
  }
}
