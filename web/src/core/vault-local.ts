/** LocalVault is the vault itself: it runs in the crypto worker, and in tests in their own thread. */
import { wallClock, type Clock } from './clock'
import { Frames } from './frames/frames'
import { changing, consenting, removing } from './group/acts'
import { makeMeeting } from './group/booking'
import { Door } from './group/door'
import { Entrance, type Way } from './group/entrance'
import { endHolds, removalHolds, type Last } from './group/farewell'
import { Refused } from './group/gate'
import { Group, type Start } from './group/group'
import { isHost, policyOf, underOf } from './group/roster'
import { recallSeat } from './group/seat'
import { Session } from './group/session'
import { Messages, type Talk } from './group/talk'
import { opensAnew } from './group/ways-in'
import * as bodies from './keys/bodies'
import { equal, fromHex, hex } from './keys/bytes'
import { rootOf, type DeriveRoot, type Signer } from './keys/derive'
import { LinkSecrets } from './keys/secrets'
import { sign } from './keys/statement'
import type * as v from './vault'
import type { Bytes, Happening, Sealed, Vault } from './vault'
import { VaultError } from './vault-error'

const none = new Uint8Array()

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
  #entrance: Entrance | null = null
  #door = new Door()
  #messages = new Messages()
  #session: Session | null = null
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

  #mine(): Entrance {
    if (this.#entrance === null) throw new VaultError('not_begun', 'begin comes first')
    return this.#entrance
  }

  get #device(): Signer {
    return this.#mine().secrets.device
  }

  #inside(): Session {
    if (this.#session === null) throw new VaultError('group_missing', 'no group yet')
    return this.#session
  }

  make(title: string, nonce: Bytes): ReturnType<Vault['make']> {
    return makeMeeting(title, nonce, this.#deriveRoot)
  }

  async begin(input: Parameters<Vault['begin']>[0]): ReturnType<Vault['begin']> {
    await this.wipe()
    const secrets = await LinkSecrets.begin(input, this.#deriveRoot)
    const { kept } = input
    const seat = kept ? await recallSeat(await secrets.openSeat(kept.seat)) : null
    if (kept) this.#door.recall(await secrets.openAdmitted(kept.admitted))
    this.#entrance = new Entrance({ secrets, origin: input.origin, clock: this.#clock, seat })
    return { host: secrets.host !== null, code: await secrets.codeText() }
  }

  async useCode(code: string): Promise<void> {
    await this.#mine().secrets.useCode(code)
  }

  async keep(): Promise<v.Kept> {
    const mine = this.#mine()
    return this.#inTurn(() => mine.secrets.keep(this.#door.note(), mine.note(this.#session)))
  }

  async openBooking(hostKey: Bytes, booking: Bytes): Promise<v.Opened> {
    return this.#mine().openBooking(hostKey, booking)
  }

  knock(challenge: Bytes, name: string): Promise<v.KnockFields> {
    return this.#inTurn(async () => this.#mine().knock(challenge, name))
  }

  async enterAsHost(challenge: Bytes): ReturnType<Vault['enterAsHost']> {
    return this.#mine().asHost(challenge)
  }

  openGroup(...[name, orderKey, last]: Parameters<Vault['openGroup']>): ReturnType<Vault['openGroup']> {
    return this.#inTurn(async () => {
      const { forgotten, older, ...way } = await this.#mine().open(name, orderKey, last, this.#session)
      await this.#enter(way)
      const { policy, keyPackage, admission, roster } = way.start
      return { group: roster.place.group, policy, keyPackage, admission, forgotten, older }
    })
  }

  take(...[name, last]: Parameters<Vault['take']>): ReturnType<Vault['take']> {
    return this.#inTurn(async () => this.#mine().take(name, last, this.#session))
  }

  async #enter(way: Way<Start>): Promise<void> {
    const mine = this.#mine()
    const group = await Group.start(way.start, way.psk)
    this.#leaveGroup()
    mine.entered()
    const session = new Session({
      group,
      device: mine.secrets.device,
      participant: mine.secrets.participant,
      frames: this.frames,
      clock: this.#clock,
      messages: this.#messages,
      awaited: mine.awaited,
      entered: way.entered,
      tell: (h) => {
        this.#tell(h)
      },
      run: (job) => {
        void this.#inTurn(job).catch(() => undefined)
      },
      knock: { secret: () => mine.knockSecret(), take: (raw) => mine.takeKnockKey(raw) },
    })
    this.#session = session
    this.#last = { roster: group.roster, leaf: group.leaf }
    await session.begin(way.names)
  }

  /** leaveGroup drops the group, but for what brings this device back. */
  #leaveGroup(): void {
    this.#mine().rest(this.#mine().seat(this.#session))
    this.#session?.close()
    this.#session = null
    this.frames.wipe()
  }

  async resume(challenge: Bytes, ticket: Bytes): Promise<Bytes> {
    return this.#mine().resume(challenge, ticket)
  }

  rejoin(challenge: Bytes): Promise<v.RejoinFields | null> {
    return this.#inTurn(async () => this.#mine().rejoin(challenge, this.#session))
  }

  returning(challenge: Bytes): Promise<v.ReturnFields | null> {
    return this.#inTurn(async () => {
      if (!this.#session?.confirmed) return null
      const { group, leads } = this.#session
      const mine = this.#mine()
      return {
        participant: hex(mine.secrets.participant),
        device: this.#device.publicKey,
        statement: await mine.resume(challenge, none),
        group: group.roster.place.group,
        epoch: group.epoch,
        state: leads ? group.stateData() : none,
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
      const mine = this.#mine()
      const session = mine.secrets.host ? this.#session : this.#leading()
      const privateKey = await mine.knockKey()
      const roster = session?.group.roster ?? null
      const seen = await this.#door.read(knock, mine.secrets.meeting, privateKey, this.#clock.now(), roster)
      return { name: seen.name, ...this.#door.judge(seen, roster) }
    })
  }

  admit(participants: readonly string[]): Promise<Bytes> {
    return this.#inTurn(async () => {
      const session = this.#leading()
      session.mustBeConfirmed()
      const { roster } = session.group
      const admission = await this.#door.admit(participants, this.#device, roster, this.#clock.now())
      session.admitted(participants)
      return admission
    })
  }

  change(change: v.Change): Promise<Bytes> {
    return this.#inTurn(async () => {
      const session = this.#inside()
      const { policy, body } = await changing(session.group.roster, this.#device, change)
      session.changing(body)
      return policy
    })
  }

  consent(policy: Bytes): Promise<Bytes> {
    return this.#inTurn(() => consenting(this.#inside().group.roster, this.#device, policy))
  }

  removal(participant: string): ReturnType<Vault['removal']> {
    return this.#inTurn(async () => {
      const session = this.#inside()
      const key = this.#mine().secrets.host?.host ?? null
      const { leaf, ...signed } = await removing(session.group.roster, this.#device, key, participant)
      this.#door.forget(leaf.device)
      session.removing(participant)
      return signed
    })
  }

  async gaveUp(what: 'removal' | 'change', participant: string): Promise<void> {
    await this.#queue
    this.#mine().awaited.gaveUp(what, participant)
  }

  leaving(): Promise<Bytes> {
    return this.#inTurn(async () => {
      const group = this.#session?.group
      const mine = group?.roster.leaves.get(group.leaf)
      if (group === undefined || mine === undefined) return none
      this.#mine().quit()
      return sign(this.#device, 'leave', group.roster.place, bodies.leave(mine))
    })
  }

  ending(): Promise<Bytes> {
    return this.#inTurn(async () => {
      const { roster, epoch } = this.#inside().group
      const key = this.#mine().secrets.host?.host
      if (key === undefined && !isHost(roster, this.#device.publicKey)) throw new VaultError('not_host', 'no host')
      return sign(key ?? this.#device, 'end', roster.place, bodies.end({ under: underOf(roster), epoch }))
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
      for (const r of out) this.#door.forget(r.leaf.device)
      const mine = change?.removed.find((r) => removedMe && r.leaf.leaf === group.leaf)
      if (mine !== undefined || (rejoin && refusal.length === 0)) {
        if (out.some((r) => r === mine)) this.#mine().quit()
        this.#leaveGroup()
      } else {
        this.#last = { roster: group.roster, leaf: group.leaf }
        if (!session.leads) this.#mine().forgetKnockKey()
      }
      return { refusal, rejoin }
    })
  }

  reopened(epoch: number, author: string, refusals: readonly Bytes[]): Promise<v.Verdict> {
    return this.#inTurn(async () => {
      const session = this.#inside()
      const rejoin = await session.reopened(epoch, author, refusals)
      if (rejoin) {
        const before = session.group.epochAt(epoch)
        this.#leaveGroup()
        if (before) this.#mine().undo(epoch, before.authenticator, policyOf(before.roster))
      }
      return { refusal: none, rejoin }
    })
  }

  mayRegroup(policy: Bytes): Promise<boolean> {
    return this.#inTurn(() => {
      const known = this.#session?.group.roster
      const body = known ? policyOf(known).body : this.#mine().seat(null)?.policy.body
      const anew = opensAnew(policy, this.#mine().hostKey, body?.generation ?? 0)
      return Promise.resolve(anew && this.#session?.vouched !== true)
    })
  }

  join(welcome: Bytes, tree: Bytes, admission: Bytes): Promise<{ epoch: number }> {
    return this.#inTurn(async () => {
      try {
        const way = await this.#mine().join(welcome, tree, admission, this.#session)
        const present = this.#session?.group.roster.place.group
        if (present && !equal(present, way.start.roster.place.group) && this.#session?.vouched)
          throw new Refused('another group while this one is confirmed')
        await this.#enter(way)
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
    if (holds) this.#entrance?.quit()
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
    this.#entrance?.close()
    this.#entrance = null
    this.#door = new Door()
    this.#messages = new Messages()
    this.#last = null
  }
}
