/** LocalVault is the vault itself: it runs in the crypto worker, and in tests in their own thread. */
import { wallClock, type Clock } from './clock'
import { Frames } from './frames/frames'
import { changing, consenting, removing } from './group/acts'
import { makeMeeting, readBooking } from './group/booking'
import type { Own } from './group/credential'
import { Door } from './group/door'
import { endHolds, removalHolds, type Last } from './group/farewell'
import type { Named } from './group/forms'
import { Refused } from './group/gate'
import { Group, type Start } from './group/group'
import { join as joinGroup } from './group/joiner'
import { isHost, policyOf, underOf } from './group/roster'
import { heldOf, noteSeat, recallSeat, seatOf, type Seat } from './group/seat'
import { Session, type Entered } from './group/session'
import { Messages, type Talk } from './group/talk'
import { knocking, nameAnew, openingAnew, rejoining, taking, type Comer } from './group/ways-in'
import * as bodies from './keys/bodies'
import { equal, fromHex, hex } from './keys/bytes'
import { knockKey, rootOf, sha256, type DeriveRoot } from './keys/derive'
import { openTitle } from './keys/names'
import { LinkSecrets } from './keys/secrets'
import { parse, sign, type Kind, type Statement } from './keys/statement'
import type * as v from './vault'
import type { Bytes, Happening, Sealed, Vault } from './vault'
import { VaultError } from './vault-error'

const noGroup = new Uint8Array(32)
const none = new Uint8Array()
const ownKept = 2 // KeyPackages: the newest and the one it replaced, whose Welcome may be on its way

/** Booked is what the booking told; it is signed by the host key. */
interface Booked {
  readonly hostKey: Bytes
  readonly entry: Bytes
  readonly knock: Bytes
}

export interface LocalVaultParts {
  readonly clock?: Clock
  readonly deriveRoot?: DeriveRoot
}

export class LocalVault implements Vault {
  readonly frames: Frames
  readonly #clock: Clock
  readonly #deriveRoot: DeriveRoot
  readonly #watchers = new Set<(h: Happening) => void>()
  #queue: Promise<unknown> = Promise.resolve()
  #secrets: LinkSecrets | null = null
  #origin = ''
  #name = ''
  #booked: Booked | null = null
  #own: Own[] = []
  #ownNamed: Named | null = null // the own name with the salt that a host link's device chose
  #door = new Door()
  #messages = new Messages()
  #session: Session | null = null
  #seat: Seat | null = null // in the last group that was vouched for
  #left = false // who left on purpose does not come back by a rejoin
  #handed: Bytes | null = null // the raw knock key, where a host gave it to this device
  #last: Last | null = null

  constructor(parts: LocalVaultParts = {}) {
    this.#clock = parts.clock ?? wallClock
    this.#deriveRoot = parts.deriveRoot ?? rootOf
    this.frames = new Frames(this.#clock, (slot) => {
      this.#tell({ kind: 'undecryptable', slot })
    })
  }

  watch(happened: (h: Happening) => void): () => void {
    this.#watchers.add(happened)
    return () => this.#watchers.delete(happened)
  }

  #tell(h: Happening): void {
    this.#watchers.forEach((happened) => {
      happened(h)
    })
  }

  /** inTurn runs jobs one after the other, so that no two change the group at once. */
  #inTurn<T>(job: () => Promise<T>): Promise<T> {
    const done = this.#queue.then(job)
    this.#queue = done.catch(() => undefined)
    return done
  }

  #mine(): LinkSecrets {
    if (this.#secrets === null) throw new VaultError('not_begun', 'begin comes first')
    return this.#secrets
  }

  #comer(): Comer {
    const { meeting, participant, device } = this.#mine()
    return { meeting, participant, device, origin: this.#origin, now: this.#clock.now() }
  }

  #inside(): Session {
    if (this.#session === null) throw new VaultError('group_missing', 'no group yet')
    return this.#session
  }

  #booking(): Booked {
    if (this.#booked === null) throw new VaultError('booking_bad', 'openBooking comes first')
    return this.#booked
  }

  make(title: string, nonce: Bytes): ReturnType<Vault['make']> {
    return makeMeeting(title, nonce, this.#deriveRoot)
  }

  async begin(input: Parameters<Vault['begin']>[0]): ReturnType<Vault['begin']> {
    await this.wipe()
    const secrets = await LinkSecrets.begin(input, this.#deriveRoot)
    if (input.kept) {
      this.#door.recall(await secrets.openAdmitted(input.kept.admitted))
      this.#seat = await recallSeat(await secrets.openSeat(input.kept.seat))
    }
    this.#secrets = secrets
    this.#origin = input.origin
    return { host: secrets.host !== null, code: await secrets.codeText() }
  }

  async useCode(code: string): Promise<void> {
    await this.#mine().useCode(code)
  }

  keep(): Promise<v.Kept> {
    const mine = this.#mine()
    return this.#inTurn(() => {
      const seat = this.#seatNow()
      return mine.keep(this.#door.note(), seat ? noteSeat(seat, mine.participant) : none)
    })
  }

  /** seatNow is the seat in the present group once somebody vouched for it, until then the one of before. */
  #seatNow(): Seat | null {
    if (!this.#session?.confirmed) return this.#seat
    const { group, people } = this.#session
    const named = people.named([hex(this.#mine().participant)])[0] ?? this.#ownNamed
    const seat = seatOf(group, this.#name, named)
    return seat && { ...seat, returns: !this.#left }
  }

  async openBooking(hostKey: Bytes, booking: Bytes): Promise<v.Opened> {
    const mine = this.#mine()
    const read = await readBooking(hostKey, booking, mine.meeting)
    this.#booked = { hostKey, entry: read.entry, knock: read.knock }
    if (!mine.hasCode) return { title: '' }
    const keys = await mine.codeKeys()
    return { title: await openTitle(keys.seal, mine.meeting, read.sealedTitle).catch(() => '') } // a wrong code opens nothing; knock says so
  }

  knock(challenge: Bytes, name: string): Promise<v.KnockFields> {
    return this.#inTurn(async () => {
      const booked = this.#booking()
      const keys = await this.#mine().codeKeys()
      if (!equal(keys.entry.publicKey, booked.entry))
        throw new VaultError('code_wrong', 'the booking was made with another code')
      const { fields, own } = await knocking(this.#comer(), keys, booked.knock, challenge, name)
      this.#expect(own, name, null)
      return fields
    })
  }

  /** expect remembers the KeyPackage that a Welcome will be for. */
  #expect(own: Own, name: string, named: Named | null): void {
    this.#own = [own, ...this.#own].slice(0, ownKept)
    this.#name = name
    this.#ownNamed = named
  }

  async enterAsHost(challenge: Bytes): ReturnType<Vault['enterAsHost']> {
    const { meeting, participant, device } = this.#mine()
    const body = bodies.host(this.#origin, challenge, device.publicKey, participant)
    const statement = await sign(this.#hostSide().host, 'host', { meeting, group: noGroup }, body)
    return { participant: hex(participant), device: device.publicKey, statement }
  }

  #hostSide(): NonNullable<LinkSecrets['host']> {
    const { host } = this.#mine()
    if (host === null) throw new VaultError('not_host', 'the link has no host seed')
    return host
  }

  openGroup(...[name, orderKey, last]: Parameters<Vault['openGroup']>): ReturnType<Vault['openGroup']> {
    return this.#inTurn(async () => {
      const { host } = this.#hostSide()
      const { psk } = await this.#mine().codeKeys()
      const { named, commitment } = await nameAnew(this.#mine().participant, name)
      const seat = this.#seatNow()
      const { opened, ...told } = await openingAnew(this.#comer(), host, commitment, orderKey, last, seat)
      this.#name = name
      this.#ownNamed = named
      await this.#enter(opened, psk, [named], 'opened')
      const { policy, keyPackage, admission, roster } = opened
      return { group: roster.place.group, policy, keyPackage, admission, ...told }
    })
  }

  take(...[name, last]: Parameters<Vault['take']>): ReturnType<Vault['take']> {
    return this.#inTurn(async () => {
      const { host } = this.#hostSide()
      const { named, commitment } = await nameAnew(this.#mine().participant, name)
      const { own, ...fields } = await taking(this.#comer(), host, commitment, last, this.#seatNow())
      this.#expect(own, name, named)
      return fields
    })
  }

  async #enter(start: Start, psk: Bytes, names: readonly Named[], entered: Entered): Promise<void> {
    const group = await Group.start(start, psk)
    this.#leaveGroup()
    const { device, participant } = this.#mine()
    const session = new Session({
      group,
      device,
      participant,
      frames: this.frames,
      clock: this.#clock,
      messages: this.#messages,
      entered,
      tell: (h) => {
        this.#tell(h)
      },
      run: (job) => {
        void this.#inTurn(job).catch(() => undefined)
      },
      knock: { secret: () => this.#knockSecret(), take: (raw) => this.#takeKnockKey(raw) },
    })
    this.#session = session
    this.#left = false
    this.#last = { roster: group.roster, leaf: group.leaf }
    await session.begin(names)
  }

  /** leaveGroup drops the group, but for what brings this device back. */
  #leaveGroup(): void {
    this.#seat = this.#seatNow()
    this.#session?.close()
    this.#session = null
    this.frames.wipe()
  }

  async #knockSecret(): Promise<Bytes | null> {
    return this.#mine().host ? this.#mine().knockSecret() : (this.#handed?.slice() ?? null)
  }

  /** takeKnockKey takes the key that fits the booking, and no other. */
  async #takeKnockKey(raw: Bytes): Promise<void> {
    const { publicKey } = await knockKey(raw.slice())
    if (equal(publicKey, this.#booking().knock)) this.#handed = raw
  }

  async resume(challenge: Bytes, ticket: Bytes): Promise<Bytes> {
    const { meeting, device } = this.#mine()
    const body = bodies.resume(this.#origin, challenge, await sha256(ticket))
    return sign(device, 'resume', { meeting, group: noGroup }, body)
  }

  rejoin(challenge: Bytes): Promise<v.RejoinFields | null> {
    return this.#inTurn(async () => {
      const seat = this.#seatNow()
      if (seat === null || !seat.returns || this.#left) return null
      const keys = await this.#mine().codeKeys()
      const { fields, own } = await rejoining(this.#comer(), keys, seat, challenge)
      this.#expect(own, seat.name, seat.named)
      return fields
    })
  }

  returning(challenge: Bytes): Promise<v.ReturnFields | null> {
    return this.#inTurn(async () => {
      if (!this.#session?.confirmed) return null
      const { group, leads: vouches } = this.#session
      const { participant, device } = this.#mine()
      return {
        participant: hex(participant),
        device: device.publicKey,
        statement: await this.resume(challenge, none),
        group: group.roster.place.group,
        epoch: group.epoch,
        state: vouches ? group.stateData() : none,
      }
    })
  }

  /** leading is the session of a host or co-host. */
  #leading(): Session {
    const session = this.#inside()
    if (!session.leads) throw new VaultError('not_host', 'neither host nor co-host')
    return session
  }

  readKnock(knock: v.KnockSeen): ReturnType<Vault['readKnock']> {
    return this.#inTurn(async () => {
      const session = this.#mine().host ? this.#session : this.#leading()
      const raw = await this.#knockSecret()
      if (raw === null) throw new VaultError('not_host', 'no host handed over the knock key yet')
      const { privateKey } = await knockKey(raw)
      const roster = session?.group.roster ?? null
      const seen = await this.#door.read(knock, this.#mine().meeting, privateKey, this.#clock.now(), roster)
      return { name: seen.name, ...this.#door.judge(seen, roster) }
    })
  }

  admit(participants: readonly string[]): Promise<Bytes> {
    return this.#inTurn(async () => {
      const session = this.#leading()
      const { roster } = session.group
      const admission = await this.#door.admit(participants, this.#mine().device, roster, this.#clock.now())
      session.admitted(participants)
      return admission
    })
  }

  change(change: v.Change): Promise<Bytes> {
    return this.#inTurn(async () => {
      const session = this.#inside()
      const { policy, body } = await changing(session.group.roster, this.#mine().device, change)
      session.changing(body)
      return policy
    })
  }

  consent(policy: Bytes): Promise<Bytes> {
    return this.#inTurn(() => consenting(this.#inside().group.roster, this.#mine().device, policy))
  }

  removal(participant: string): ReturnType<Vault['removal']> {
    return this.#inTurn(async () => {
      const session = this.#inside()
      const { device, host } = this.#mine()
      const { leaf, ...signed } = await removing(session.group.roster, device, host?.host ?? null, participant)
      this.#door.forget(leaf.device)
      session.removing(participant)
      return signed
    })
  }

  gaveUp(what: 'removal' | 'change', participant: string): Promise<void> {
    return this.#inTurn(async () => {
      await Promise.resolve()
      this.#session?.gaveUp(what, participant)
    })
  }

  #sign(kind: Kind, body: Bytes): Promise<Bytes> {
    return sign(this.#mine().device, kind, this.#inside().group.roster.place, body)
  }

  leaving(): Promise<Bytes> {
    return this.#inTurn(async () => {
      const group = this.#session?.group
      const mine = group?.roster.leaves.get(group.leaf)
      if (mine === undefined) return none
      this.#left = true
      return this.#sign('leave', bodies.leave(mine))
    })
  }

  ending(): Promise<Bytes> {
    return this.#inTurn(async () => {
      const { roster, epoch } = this.#inside().group
      const { host, device } = this.#mine()
      if (host === null && !isHost(roster, device.publicKey)) throw new VaultError('not_host', 'no host')
      return sign(host?.host ?? device, 'end', roster.place, bodies.end({ under: underOf(roster), epoch }))
    })
  }

  carryOut(task: v.Task): Promise<v.CommitFields> {
    return this.#inTurn(async () => {
      const session = this.#inside()
      if (task.epoch !== session.group.epoch) throw new VaultError('epoch_stale', 'the group has moved on')
      try {
        const { lease, epoch, policies, consents } = task
        const adds = task.adds.map((a) => ({ ...a, participant: fromHex(a.participant) }))
        const removes = task.removes.map((r) => ({ ...r, participant: fromHex(r.participant) }))
        const order = { policies, consents, adds, removes, now: this.#clock.now() }
        const { commit, statement, welcome, tree, left } = await session.commit(order, this.#door.names())
        return { lease, epoch, commit, statement, welcome, tree, left: left.map(hex) }
      } catch (e) {
        if (e instanceof VaultError) throw e
        throw new VaultError('commit_refused', e instanceof Refused ? e.message : 'cannot be made')
      }
    })
  }

  ordered(o: v.Ordered): Promise<v.Verdict> {
    return this.#inTurn(async () => {
      const session = this.#inside()
      const { refusal, rejoin, change, removedMe } = await session.ordered(o, this.#door.names())
      const { group } = session
      const out = change?.removed.filter((r) => r.how === 'removed' || r.how === 'left') ?? []
      out.forEach((r) => {
        this.#door.forget(r.leaf.device)
      })
      const mine = change?.removed.find((r) => removedMe && r.leaf.leaf === group.leaf)
      if (mine !== undefined || rejoin) {
        this.#left ||= out.some((r) => r === mine)
        this.#leaveGroup()
      } else {
        this.#last = { roster: group.roster, leaf: group.leaf }
        if (!session.leads) this.#forgetKnockKey()
      }
      return { refusal, rejoin }
    })
  }

  /** forgetKnockKey: who leads no more reads no names. */
  #forgetKnockKey(): void {
    this.#handed?.fill(0)
    this.#handed = null
  }

  reopened(epoch: number, author: string, refusals: readonly Bytes[]): Promise<v.Verdict> {
    return this.#inTurn(async () => {
      const session = this.#inside()
      const rejoin = await session.reopened(epoch, author, refusals)
      if (rejoin) {
        const before = session.group.epochAt(epoch)
        this.#leaveGroup()
        // What the void commit brought never was: neither its policies nor its epoch may be stated.
        if (this.#seat && before) {
          const standing = { ...this.#seat.standing, pair: { epoch, authenticator: before.authenticator } }
          this.#seat = { ...this.#seat, standing, policy: policyOf(before.roster) }
        }
      }
      return { refusal: none, rejoin }
    })
  }

  mayRegroup(policy: Bytes): Promise<boolean> {
    return this.#inTurn(async () => {
      await Promise.resolve()
      const known = this.#session?.group.roster ?? null
      const generation = known ? policyOf(known).body.generation : (this.#seat?.policy.body.generation ?? 0)
      return opensAnew(policy, this.#booking().hostKey, generation) && this.#session?.vouched !== true
    })
  }

  join(welcome: Bytes, tree: Bytes, admission: Bytes): Promise<{ epoch: number }> {
    return this.#inTurn(async () => {
      const mine = this.#mine()
      const { hostKey } = this.#booking()
      const { psk } = await mine.codeKeys()
      const { meeting, participant, device } = mine
      const seat = this.#seatNow()
      const held = seat ? heldOf(seat) : null
      const who = { meeting, hostKey, psk, participant, device: device.publicKey, name: this.#name, own: this.#own, held }
      try {
        const joined = await joinGroup(welcome, tree, admission, who)
        const present = this.#session?.group.roster.place.group
        if (present && !equal(present, joined.roster.place.group) && this.#session?.vouched)
          throw new Refused('another group while this one is confirmed')
        this.#own = [] // init keys open one Welcome only
        const names = this.#ownNamed ? [...joined.names, this.#ownNamed] : joined.names
        await this.#enter(joined, psk, names, waysBack(parse(admission), hostKey))
        return { epoch: this.#inside().group.epoch }
      } catch (e) {
        const rule = e instanceof Refused ? e.message : 'it does not open'
        this.#tell({ kind: 'alarm', code: 'welcome_refused', participant: '', detail: rule })
        throw new VaultError('welcome_refused', rule)
      }
    })
  }

  hear(epoch: number, message: Bytes): Promise<v.Said | null> {
    return this.#inTurn(() => this.#inside().hear(epoch, message))
  }

  #speak<T extends Sealed>(say: (talk: Talk) => Promise<T>): Promise<T> {
    return this.#inTurn(() => this.#inside().speak(say))
  }

  say(text: string, to: v.To): ReturnType<Vault['say']> {
    return this.#speak((talk) => talk.say(text, to))
  }

  amend(id: string, text: string | null): Promise<Sealed> {
    return this.#speak((talk) => talk.amend(id, text))
  }

  react(reaction: v.Reaction): Promise<Sealed> {
    return this.#speak((talk) => talk.react(reaction))
  }

  hand(up: boolean, participant = ''): Promise<Sealed> {
    return this.#speak((talk) => talk.hand(up, participant))
  }

  devices(microphone: boolean, camera: boolean): Promise<Sealed | null> {
    return this.#inTurn(async () => (this.#session ? this.#session.devices(microphone, camera) : null))
  }

  async checkEnd(statement: Bytes): Promise<boolean> {
    await this.#queue
    return this.#last !== null && endHolds(statement, this.#last)
  }

  async checkRemoval(statement: Bytes): Promise<boolean> {
    await this.#queue
    const holds = this.#last !== null && (await removalHolds(statement, this.#last))
    if (holds) this.#left = true
    return holds
  }

  slots(participants: readonly string[]): Promise<void> {
    this.frames.slots(participants)
    return Promise.resolve()
  }

  async wipe(): Promise<void> {
    await this.#queue
    this.#session?.close()
    this.#session = null
    this.frames.wipe()
    this.#forgetKnockKey()
    this.#secrets = null
    this.#booked = null
    this.#own = []
    this.#ownNamed = null
    this.#door = new Door()
    this.#messages = new Messages()
    this.#seat = null
    this.#last = null
    this.#left = false
    this.#name = ''
  }
}

/** waysBack: who is let in by the host key or by an own rejoin may be all that is left of those who lead. */
function waysBack(statement: Statement, hostKey: Bytes): Entered {
  return statement.kind === 'rejoin' || equal(statement.signer, hostKey) ? 'back' : 'admitted'
}

/** opensAnew reads the form of a policy that opens a later group; its signature is held against the group at the Welcome. */
function opensAnew(raw: Bytes, hostKey: Bytes, generation: number): boolean {
  try {
    const s = parse(raw)
    const body = bodies.readPolicy(s.body)
    return s.kind === 'policy' && equal(s.signer, hostKey) && body.sequence === 1 && body.generation > generation
  } catch {
    return false
  }
}
