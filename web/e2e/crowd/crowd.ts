/** A crowd is many people's cores, each with a vault and a line of its own, in one process. */
import type { Clock } from '../../src/core/clock'
import { openAt, type Opened } from '../../src/core/conference'
import type { Memory, Parts, Remembered } from '../../src/core/conference/parts'
import { hex } from '../../src/core/keys/bytes'
import { rootOf, type DeriveRoot } from '../../src/core/keys/derive'
import type { Network, Socket } from '../../src/core/line/line'
import { readLink } from '../../src/core/link'
import { noDevices, type Snapshot } from '../../src/core/snapshot'
import { LocalVault } from '../../src/core/vault-local'
import { Watchable } from '../../src/core/watchable'

/** Hundreds share what is two cores here: each person's own time runs so much slower that none lapses for want of a processor. */
const slowness = 25

const began = Date.now()
const clock: Clock = {
  now: () => began + Math.round((Date.now() - began) / slowness),
  after: (ms, call) => {
    const timer = setTimeout(call, ms * slowness)
    return () => {
      clearTimeout(timer)
    }
  },
}

/** Sent is how many messages of one type the crowd sent, and their bytes. */
export interface Sent {
  count: number
  bytes: number
  largest: number
}

/** sent is all that the crowd sent so far, by type. */
export const sent = new Map<string, Sent>()

function counted(text: string): string {
  const { type } = JSON.parse(text) as { type: string }
  const of = sent.get(type) ?? { count: 0, bytes: 0, largest: 0 }
  sent.set(type, { count: of.count + 1, bytes: of.bytes + text.length, largest: Math.max(of.largest, text.length) })
  return text
}

const network = (origin: string): Network => ({
  connect: (address, subprotocol) => {
    const socket = new WebSocket(address, { protocols: [subprotocol], headers: { origin } } as never)
    const send = socket.send.bind(socket)
    socket.send = (text) => {
      send(counted(String(text)))
    }
    return socket as unknown as Socket
  },
  whenBack: () => () => undefined,
  chance: Math.random,
})

/** roots are derived once for a code: the work is slow on purpose, and the same for all of a meeting. */
const roots = new Map<string, Promise<Uint8Array<ArrayBuffer>>>()
const deriveRoot: DeriveRoot = async (code, meeting) => {
  const key = `${hex(code)} ${hex(meeting)}`
  const root = roots.get(key) ?? rootOf(code, meeting)
  roots.set(key, root)
  return (await root).slice()
}

function memory(): Memory {
  const kept = new Map<string, Remembered>()
  return {
    load: (meeting) => Promise.resolve(kept.get(meeting) ?? null),
    save: (meeting, what) => Promise.resolve(void kept.set(meeting, what)),
    wipe: (meeting) => Promise.resolve(void kept.delete(meeting)),
    hold: () => Promise.resolve(true),
    release: () => undefined,
  }
}

const nothing = (): void => undefined

function parts(origin: string): Parts {
  return {
    origin,
    clock,
    network: network(origin),
    memory: memory(),
    slots: 1,
    vault: () => new LocalVault({ clock, deriveRoot }),
    keeper: () => ({
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
    }),
    media: () => ({
      start: nothing,
      setMicrophone: nothing,
      setCamera: nothing,
      stream: () => ({}) as MediaStream,
      level: () => 0,
      close: nothing,
    }),
    missing: () => [],
  }
}

const againAfter = 3_000

/** Body is one person of a crowd. */
export interface Body extends Opened {
  readonly name: string
  readonly now: () => Snapshot
}

/** come opens a link as somebody of that name and asks to enter as soon as pre-join is there, and again when refused. */
export function come(link: string, name: string): Body {
  const { origin, pathname, hash } = new URL(link)
  const opened = openAt(readLink({ pathname, hash }), parts(origin))
  let asking = false
  const look = (): void => {
    const { phase } = opened.snapshot.get()
    if (asking || phase.name !== 'pre-join' || phase.busy) return
    asking = true
    // A person acts when the page has drawn, not within its own turn, and again where the door was full.
    setTimeout(
      () => {
        asking = false
        opened.commands.enter(name, '')
      },
      phase.fault === null ? 0 : againAfter * (0.5 + Math.random()),
    )
  }
  opened.snapshot.watch(look)
  look()
  return { ...opened, name, now: () => opened.snapshot.get() }
}

/** book makes a meeting as an organiser's page does, and gives its links. */
export async function book(origin: string, title: string): Promise<{ host: string; guest: string }> {
  const said = (await (await fetch(`${origin}/api/nonce`)).json()) as { nonce: string }
  const nonce = new Uint8Array(Buffer.from(said.nonce, 'base64'))
  const made = await new LocalVault({ clock, deriveRoot }).make(title, nonce)
  const answer = await fetch(`${origin}/api/meetings`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin },
    body: JSON.stringify({
      hostKey: Buffer.from(made.hostKey).toString('base64'),
      booking: Buffer.from(made.booking).toString('base64'),
    }),
  })
  if (answer.status !== 201) throw new Error(`not booked: ${answer.status} ${await answer.text()}`)
  const guest = `${origin}/m/${made.meeting}#${made.code}`
  return { host: `${guest}.${made.seed}`, guest }
}
