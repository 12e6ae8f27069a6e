/**
 * Session is this person's part in one group: what epochs mean for media keys, who is told what, and whom the group proves.
 * Its owner calls one method at a time.
 */
import type { Clock } from '../clock'
import type { Frames } from '../frames/frames'
import { equal, FormError, hex, random, text, u8, utf8, join, Reader, whole } from '../keys/bytes'
import type { Signer } from '../keys/derive'
import { commitmentTo, unpadName } from '../keys/names'
import { checkName } from '../name'
import type { Bytes, Happening, Member, Said, VerificationCode } from '../vault'
import { VaultError } from '../vault-error'
import { names as namesBody, readNames, readSaid, said, saidKinds, type Named } from './forms'
import { Refused, type Change } from './gate'
import type { Group, Heard } from './group'
import type { Made, Order } from './commit'
import { Heads } from './heads'
import { isHost, leafOf } from './roster'
import { withCode } from './verification'

const waitForHead = 10_000
const heardLately = 30_000
const chatCharacters = 4_000
const chatBytes = 16_000
const namesAtOnce = 50

export interface SessionParts {
  readonly group: Group
  readonly device: Signer
  readonly participant: Bytes
  readonly frames: Frames
  readonly clock: Clock
  readonly tell: (h: Happening) => void
  readonly run: (job: () => Promise<void>) => void // one job at a time, for timers
}

interface Devices {
  readonly microphone: boolean
  readonly camera: boolean
}

export class Session {
  readonly #p: SessionParts
  readonly #names = new Map<string, { readonly named: Named; readonly commitment: Bytes; readonly name: string }>()
  readonly #devices = new Map<string, Devices>()
  readonly #heard = new Map<string, number>()
  readonly #heads: Heads
  #codes: readonly VerificationCode[] = []
  #confirmed = false
  #closed = false
  #stopTimer: () => void = () => undefined

  constructor(parts: SessionParts) {
    this.#p = parts
    this.#heads = new Heads({
      ...parts,
      send: (head, fleeting) => this.#send(saidKinds.head, head, fleeting),
      halt: (halted) => {
        parts.frames.halt(halted)
      },
    })
  }

  get group(): Group {
    return this.#p.group
  }

  get host(): boolean {
    return isHost(this.group.roster, this.#p.device.publicKey)
  }

  get confirmed(): boolean {
    return this.#confirmed
  }

  /** begin takes the first epoch: a host is sure of its own group, a joiner waits for a host's head. */
  async begin(names: readonly Named[]): Promise<void> {
    await this.learn(names)
    await this.#newKeys([])
    if (this.host) {
      this.#confirm()
      return
    }
    this.#stopTimer = this.#p.clock.after(waitForHead, () => {
      if (!this.#confirmed && !this.#closed) this.#p.tell({ kind: 'unconfirmed' })
    })
  }

  /** close stops everything; the session is of no use afterwards. */
  close(): void {
    this.#closed = true
    this.#stopTimer()
    this.#heads.close()
  }

  /** removing: this member signed a removal; until it is carried out nothing is sent. */
  removing(participant: string): void {
    this.#heads.removing(participant)
  }

  /** learn takes names that fit a commitment of the roster; tells whether anything was new. */
  async learn(names: readonly Named[]): Promise<boolean> {
    let fresh = false
    for (const named of names) {
      const leaf = leafOf(this.group.roster, named.participant)
      if (leaf === undefined || !equal(leaf.commitment, await commitmentTo(named.salt, named.padded))) continue
      const name = readName(named.padded)
      if (name === null) continue
      this.#names.set(hex(named.participant), { named, commitment: leaf.commitment, name })
      fresh = true
    }
    return fresh
  }

  known(): Named[] {
    return [...this.#names.values()].map((n) => n.named)
  }

  members(): Member[] {
    const { roster, leaf: mine } = this.group
    return [...roster.leaves.values()].map((l) => {
      const participant = hex(l.participant)
      const named = this.#names.get(participant)
      const devices = this.#devices.get(participant)
      return {
        participant,
        device: hex(l.device),
        leaf: l.leaf,
        name: named && equal(named.commitment, l.commitment) ? named.name : '',
        host: isHost(roster, l.device),
        me: l.leaf === mine,
        microphone: devices?.microphone ?? false,
        camera: devices?.camera ?? false,
      }
    })
  }

  #tellRoster(): void {
    if (this.#confirmed) this.#p.tell({ kind: 'roster', members: this.members(), epoch: this.group.epoch })
  }

  #tellCodes(): void {
    if (this.#confirmed) this.#p.tell({ kind: 'verification', codes: this.#codes })
  }

  commit(order: Order): Promise<Made> {
    return this.group.commit(order)
  }

  /** ordered applies a commit; rejects with commit_refused, having alarmed. names are those a host admitted people under. */
  async ordered(epoch: number, raw: Bytes, names: readonly Named[]): Promise<{ removedMe: boolean; change: Change }> {
    let change: Change & { removedMe: boolean }
    try {
      if (epoch !== this.group.epoch) throw new Refused('another epoch')
      change = await this.group.apply(raw)
    } catch (e) {
      const rule = e instanceof Refused ? e.message : 'the commit does not open'
      this.#p.tell({ kind: 'alarm', code: 'commit_refused', participant: '', detail: rule })
      throw new VaultError('commit_refused', rule)
    }
    this.#alarmAbsences(change)
    if (!change.removedMe) await this.#afterEpoch(change, names)
    return { removedMe: change.removedMe, change }
  }

  /** alarmAbsences: an absence needs no proof, but whoever was heard a moment ago was not absent. */
  #alarmAbsences(change: Change): void {
    for (const leaf of change.absent) {
      const participant = hex(leaf.participant)
      const heard = this.#heard.get(participant)
      if (heard === undefined || this.#p.clock.now() - heard > heardLately) continue
      const detail = `removed as absent by ${hex(change.sender.participant)}`
      this.#p.tell({ kind: 'alarm', code: 'absence_contradicted', participant, detail })
    }
  }

  async #afterEpoch(change: Change, names: readonly Named[]): Promise<void> {
    for (const l of change.removed) {
      this.#devices.delete(hex(l.participant))
      this.#heard.delete(hex(l.participant))
    }
    await this.learn(names)
    await this.#newKeys(change.removed.map((l) => l.leaf))
    this.#tellRoster()
    await this.#heads.moved(change)
    if (this.host) await this.#sendNames(change.added.map((a) => hex(a.admitted.participant)))
    if (change.added.length > 0) await this.#sendDevices()
  }

  /** sendDevices tells newcomers what is on; somebody who came back is a newcomer, too. */
  async #sendDevices(): Promise<void> {
    const mine = this.#devices.get(hex(this.#p.participant))
    if (this.#confirmed && mine) await this.#send(saidKinds.devices, devicesBody(mine), false)
  }

  async #newKeys(removed: readonly number[]): Promise<void> {
    const { group, frames } = this.#p
    const leaves = new Map([...group.roster.leaves.values()].map((l) => [l.leaf, hex(l.participant)]))
    frames.advance({ epoch: group.epoch, base: await group.baseKey(), leaf: group.leaf, leaves, removed })
    this.#codes = withCode(this.#codes, { epoch: group.epoch, digits: await group.digits() })
    this.#tellCodes()
  }

  async #send(kind: number, body: Bytes, fleeting: boolean): Promise<void> {
    const { epoch } = this.group
    this.#p.tell({ kind: 'send', epoch, message: await this.group.say(said(kind, body)), fleeting })
  }

  async #sendNames(participants: readonly string[]): Promise<void> {
    const list = participants.flatMap((p) => this.#names.get(p)?.named ?? [])
    for (let at = 0; at < list.length; at += namesAtOnce) {
      await this.#send(saidKinds.names, namesBody(list.slice(at, at + namesAtOnce)), false)
    }
  }

  #confirm(): void {
    if (this.#confirmed) return
    this.#confirmed = true
    this.#stopTimer()
    this.#p.frames.confirm()
    this.#p.tell({ kind: 'confirmed' })
    this.#tellRoster()
    this.#tellCodes()
    this.#heads.begin()
  }

  /** say makes a chat message. */
  async say(words: string): Promise<{ id: string; epoch: number; message: Bytes }> {
    this.#mustBeConfirmed()
    if (this.#heads.halted) throw new VaultError('stopped', 'nobody vouches for the epoch')
    const bytes = utf8(words)
    if (words === '' || Array.from(words).length > chatCharacters || bytes.length > chatBytes) {
      throw new VaultError('said_too_long', 'a message has 1 to 4,000 characters')
    }
    const id = random(16)
    const { epoch } = this.group
    return { id: hex(id), epoch, message: await this.group.say(said(saidKinds.chat, join(id, bytes))) }
  }

  /** devices says which devices are on; whoever comes later is told, too. */
  async devices(microphone: boolean, camera: boolean): Promise<{ epoch: number; message: Bytes } | null> {
    const state = { microphone, camera }
    this.#devices.set(hex(this.#p.participant), state)
    if (!this.#confirmed) return null
    this.#tellRoster()
    const { epoch } = this.group
    return { epoch, message: await this.group.say(said(saidKinds.devices, devicesBody(state))) }
  }

  #mustBeConfirmed(): void {
    if (!this.#confirmed) throw new VaultError('unconfirmed', 'no head of a host yet')
  }

  /** hear opens what a member said; null for what does not open or is ignored. */
  async hear(epoch: number, raw: Bytes): Promise<Said | null> {
    try {
      const heard = await this.group.hear(epoch, raw)
      if (heard === null) return null
      this.#heard.set(hex(heard.from.participant), this.#p.clock.now())
      const { kind, body } = readSaid(heard.content)
      return await this.#take(kind, body, heard, epoch)
    } catch (e) {
      if (e instanceof VaultError) throw e
      return null
    }
  }

  /** takeHead: a host's head that fits ours confirms a joiner. */
  #takeHead(head: { byHost: boolean } | null, from: string): Said | null {
    if (head === null) return null
    if (head.byHost) this.#confirm()
    return { kind: 'head', from }
  }

  async #take(kind: number, body: Bytes, { from }: Heard, epoch: number): Promise<Said | null> {
    const who = hex(from.participant)
    switch (kind) {
      case saidKinds.chat:
        return this.#confirmed ? readChat(body, who) : null
      case saidKinds.head:
        return this.#takeHead(await this.#heads.take(body, from, epoch), who)
      case saidKinds.names:
        if (!isHost(this.group.roster, from.device)) return null
        if (await this.learn(readNames(body))) this.#tellRoster()
        return { kind: 'names', from: who }
      case saidKinds.devices:
        this.#devices.set(who, readDevices(body))
        this.#tellRoster()
        return { kind: 'devices', from: who }
      default:
        return null
    }
  }
}

function readName(padded: Bytes): string | null {
  try {
    const name = unpadName(padded)
    return checkName(name) === null ? name : null
  } catch {
    return null
  }
}

function readChat(body: Bytes, from: string): Said {
  const r = new Reader(body)
  const id = hex(r.take(16))
  if (r.left > chatBytes) throw new FormError('chat')
  const words = text(r.take(r.left))
  if (words === '' || Array.from(words).length > chatCharacters) throw new FormError('chat')
  return { kind: 'chat', from, id, text: words }
}

function devicesBody(d: Devices): Bytes {
  return u8((d.microphone ? 1 : 0) | (d.camera ? 2 : 0))
}

function readDevices(body: Bytes): Devices {
  const flags = whole(body, (r) => r.below(4))
  return { microphone: (flags & 1) !== 0, camera: (flags & 2) !== 0 }
}
