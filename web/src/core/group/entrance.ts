/** Entrance is this browser's side of the door: its secrets, the booking, its KeyPackages, its name and its seat of before. */
import type { Clock } from '../clock'
import * as bodies from '../keys/bodies'
import { equal, hex } from '../keys/bytes'
import { knockKey, sha256, type CodeKeys } from '../keys/derive'
import { openTitle } from '../keys/names'
import type { LinkSecrets } from '../keys/secrets'
import { parse, sign, type Statement } from '../keys/statement'
import type * as v from '../vault'
import type { Bytes, Vault } from '../vault'
import { VaultError } from '../vault-error'
import { Awaited } from './awaited'
import { readBooking } from './booking'
import type { Own } from './credential'
import type { Named } from './forms'
import { join as joinGroup, type Joined } from './joiner'
import type { Opened } from './opening'
import type { Policy } from './roster'
import { heldOf, noteSeat, seatOf, type Seat } from './seat'
import type { Session } from './session'
import type { Entered } from './session-parts'
import { knocking, nameAnew, openingAnew, rejoining, taking, type Comer } from './ways-in'

const noGroup = new Uint8Array(32)
const none = new Uint8Array()
const ownKept = 2 // KeyPackages: the newest and the one it replaced, whose Welcome may be on its way

/** Booked is what the booking told; it is signed by the host key. */
interface Booked {
  readonly hostKey: Bytes
  readonly entry: Bytes
  readonly knock: Bytes
}

export interface EntranceParts {
  readonly secrets: LinkSecrets
  readonly origin: string
  readonly clock: Clock
  readonly seat: Seat | null // as an earlier load of the page kept it
}

/** Way is a group that was entered, with what its session begins with. */
export interface Way<T> {
  readonly start: T
  readonly psk: Bytes
  readonly names: readonly Named[]
  readonly entered: Entered
}

export class Entrance {
  readonly secrets: LinkSecrets
  readonly awaited: Awaited
  readonly #origin: string
  readonly #clock: Clock
  #booked: Booked | null = null
  #own: Own[] = []
  #name = ''
  #named: Named | null = null // the own name with its salt, where this device knows it
  #seat: Seat | null // in the last group that was vouched for
  #left = false // who left on purpose or was removed does not come back by a rejoin
  #handed: Bytes | null = null // the raw knock key, where a host gave it to this device

  constructor(parts: EntranceParts) {
    this.secrets = parts.secrets
    this.#origin = parts.origin
    this.#clock = parts.clock
    this.awaited = new Awaited(parts.clock)
    this.#seat = parts.seat
  }

  #comer(): Comer {
    const { meeting, participant, device } = this.secrets
    return { meeting, participant, device, origin: this.#origin, now: this.#clock.now() }
  }

  get #booking(): Booked {
    if (this.#booked === null) throw new VaultError('booking_bad', 'openBooking comes first')
    return this.#booked
  }

  get hostKey(): Bytes {
    return this.#booking.hostKey
  }

  get host(): NonNullable<LinkSecrets['host']> {
    const { host } = this.secrets
    if (host === null) throw new VaultError('not_host', 'the link has no host seed')
    return host
  }

  /** seat is the one in the present group once somebody vouched for it, until then the one of before. */
  seat(session: Session | null): Seat | null {
    const named = session?.people.named([hex(this.secrets.participant)])[0] ?? this.#named
    const seat = session?.confirmed ? seatOf(session.group, this.#name, named) : this.#seat
    return seat && { ...seat, returns: seat.returns && !this.#left }
  }

  /** rest keeps the seat of a group that is left. */
  rest(seat: Seat | null): void {
    this.#seat = seat
  }

  /** undo: what a void commit brought never was; neither its policies nor its epoch may be stated. */
  undo(epoch: number, authenticator: Bytes, policy: Policy): void {
    if (this.#seat === null) return
    this.#seat = { ...this.#seat, standing: { ...this.#seat.standing, pair: { epoch, authenticator } }, policy }
  }

  /** quit: this person left or was removed; a rejoin is not for them. */
  quit(): void {
    this.#left = true
  }

  note(session: Session | null): Bytes {
    const seat = this.seat(session)
    return seat ? noteSeat(seat, this.secrets.participant) : none
  }

  async openBooking(hostKey: Bytes, booking: Bytes): Promise<v.Opened> {
    const { meeting } = this.secrets
    const read = await readBooking(hostKey, booking, meeting)
    this.#booked = { hostKey, entry: read.entry, knock: read.knock }
    if (!this.secrets.hasCode) return { title: '' }
    const keys = await this.secrets.codeKeys()
    return { title: await openTitle(keys.seal, meeting, read.sealedTitle).catch(() => '') } // a wrong code opens nothing; knock says so
  }

  async #codeKeys(): Promise<CodeKeys> {
    const { entry } = this.#booking
    const keys = await this.secrets.codeKeys()
    if (!equal(keys.entry.publicKey, entry))
      throw new VaultError('code_wrong', 'the booking was made with another code')
    return keys
  }

  async knock(challenge: Bytes, name: string): Promise<v.KnockFields> {
    const keys = await this.#codeKeys()
    const { fields, own } = await knocking(this.#comer(), keys, this.#booking.knock, challenge, name)
    this.#expect(own, name, null)
    return fields
  }

  /** expect remembers the KeyPackage that a Welcome will be for. */
  #expect(own: Own, name: string, named: Named | null): void {
    this.#own = [own, ...this.#own].slice(0, ownKept)
    this.#name = name
    this.#named = named
  }

  async asHost(challenge: Bytes): ReturnType<Vault['enterAsHost']> {
    const { meeting, participant, device } = this.secrets
    const body = bodies.host(this.#origin, challenge, device.publicKey, participant)
    const statement = await sign(this.host.host, 'host', { meeting, group: noGroup }, body)
    return { participant: hex(participant), device: device.publicKey, statement }
  }

  async resume(challenge: Bytes, ticket: Bytes): Promise<Bytes> {
    const { meeting, device } = this.secrets
    const body = bodies.resume(this.#origin, challenge, await sha256(ticket))
    return sign(device, 'resume', { meeting, group: noGroup }, body)
  }

  async open(
    name: string,
    orderKey: Bytes,
    last: Parameters<Vault['openGroup']>[2],
    session: Session | null,
  ): Promise<Way<Opened> & { forgotten: boolean; older: boolean }> {
    const { host } = this.host
    const { psk } = await this.secrets.codeKeys()
    const { named, commitment } = await nameAnew(this.secrets.participant, name)
    const seat = this.seat(session)
    const { opened, ...told } = await openingAnew(this.#comer(), host, commitment, orderKey, last, seat)
    this.#name = name
    this.#named = named
    this.#left = false
    return { start: opened, psk, names: [named], entered: 'opened', ...told }
  }

  async take(
    name: string,
    last: Parameters<Vault['take']>[1],
    session: Session | null,
  ): Promise<{ keyPackage: Bytes; admission: Bytes; policy: Bytes }> {
    const { host } = this.host
    const { named, commitment } = await nameAnew(this.secrets.participant, name)
    const { own, ...fields } = await taking(this.#comer(), host, commitment, last, this.seat(session))
    this.#expect(own, name, named)
    return fields
  }

  async rejoin(challenge: Bytes, session: Session | null): Promise<v.RejoinFields | null> {
    const seat = this.seat(session)
    if (seat === null || !seat.returns) return null
    const { fields, own } = await rejoining(this.#comer(), await this.#codeKeys(), seat, challenge)
    this.#expect(own, seat.name, seat.named)
    return fields
  }

  /** join runs the joiner's checks; throws Refused. */
  async join(welcome: Bytes, tree: Bytes, word: Bytes, session: Session | null): Promise<Way<Joined>> {
    const { hostKey } = this.#booking
    const { psk } = await this.secrets.codeKeys()
    const { meeting, participant, device } = this.secrets
    const seat = this.seat(session)
    const held = seat ? heldOf(seat) : null
    const who = { meeting, hostKey, psk, participant, device: device.publicKey, name: this.#name, own: this.#own, held }
    const start = await joinGroup(welcome, tree, word, who)
    const names = this.#named ? [...start.names, this.#named] : start.names
    return { start, psk, names, entered: wayOf(parse(word), hostKey) }
  }

  /** entered: init keys open one Welcome only. */
  entered(): void {
    this.#own = []
    this.#left = false
  }

  /** knockSecret gives a copy of the raw knock key, which its user wipes; null where it is not known. */
  async knockSecret(): Promise<Bytes | null> {
    return this.secrets.host ? this.secrets.knockSecret() : (this.#handed?.slice() ?? null)
  }

  /** knockKey opens names; rejects with not_host where nobody handed it over yet. */
  async knockKey(): Promise<CryptoKey> {
    const raw = await this.knockSecret()
    if (raw === null) throw new VaultError('not_host', 'no host handed over the knock key yet')
    return (await knockKey(raw)).privateKey
  }

  /** takeKnockKey takes the key that fits the booking, and no other. */
  async takeKnockKey(raw: Bytes): Promise<void> {
    const { publicKey } = await knockKey(raw.slice())
    if (equal(publicKey, this.#booking.knock)) this.#handed = raw
  }

  /** close forgets what was handed over, and waits for nothing any more. */
  close(): void {
    this.forgetKnockKey()
    this.awaited.clear('removal', 'change', 'add')
  }

  /** forgetKnockKey: who leads no more reads no names. */
  forgetKnockKey(): void {
    this.#handed?.fill(0)
    this.#handed = null
  }
}

/** wayOf: who is let in by the host key or by an own rejoin may be all that is left of those who lead. */
function wayOf(word: Statement, hostKey: Bytes): Entered {
  return word.kind === 'rejoin' || equal(word.signer, hostKey) ? 'back' : 'admitted'
}
