/** LocalVault is the vault itself: it runs in the crypto worker, and in tests in their own thread. */
import { wallClock, type Clock } from './clock'
import { Frames } from './frames/frames'
import { openGroup } from './group/commit'
import { newKeyPackage, type Own } from './group/credential'
import { Door } from './group/door'
import { endHolds, removalHolds, type Last } from './group/farewell'
import { Group } from './group/group'
import { join as joinGroup } from './group/joiner'
import { referenceOf, writeKeyPackage } from './group/mls'
import type { Named } from './group/forms'
import { Refused } from './group/gate'
import { leafOf, underOf, type Roster } from './group/roster'
import { Session } from './group/session'
import * as bodies from './keys/bodies'
import { equal, fromHex, hex, random } from './keys/bytes'
import { encode, grouped } from './keys/crockford'
import { codeKeys, hostKeys, meetingOf, meetingText, rootOf, sha256, type DeriveRoot } from './keys/derive'
import { commitmentTo, openTitle, padName, sealName, sealTitle } from './keys/names'
import { LinkSecrets } from './keys/secrets'
import { hashOf, parse, sign, verify, type Kind } from './keys/statement'
import { checkName } from './name'
import type { Bytes, CommitFields, Happening, Kept, KnockFields, KnockSeen, Opened, Said, Task, Vault } from './vault'
import { VaultError } from './vault-error'

const noGroup = new Uint8Array(32)
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
  #door = new Door()
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

  #mine(): LinkSecrets {
    if (this.#secrets === null) throw new VaultError('not_begun', 'begin comes first')
    return this.#secrets
  }

  #inside(): Session {
    if (this.#session === null) throw new VaultError('group_missing', 'no group yet')
    return this.#session
  }

  #booking(): Booked {
    if (this.#booked === null) throw new VaultError('booking_bad', 'openBooking comes first')
    return this.#booked
  }

  async make(title: string, nonce: Bytes): ReturnType<Vault['make']> {
    const seed = random(32)
    const code = random(10)
    const host = await hostKeys(seed)
    const keys = await codeKeys(await this.#deriveRoot(code, host.meeting), host.meeting)
    const sealedTitle = await sealTitle(keys.seal, host.meeting, title)
    const body = bodies.booking({ nonce, entry: keys.entry.publicKey, knock: host.knock.publicKey, sealedTitle })
    const booking = await sign(host.host, 'booking', { meeting: host.meeting, group: noGroup }, body)
    const made = { code: grouped(encode(code)), seed: encode(seed) }
    seed.fill(0)
    code.fill(0)
    return { hostKey: host.host.publicKey, booking, meeting: meetingText(host.meeting), ...made }
  }

  async begin(input: Parameters<Vault['begin']>[0]): ReturnType<Vault['begin']> {
    await this.wipe()
    const secrets = await LinkSecrets.begin(input, this.#deriveRoot)
    if (input.kept) this.#door.recall(await secrets.openNote(input.kept.admitted))
    this.#secrets = secrets
    this.#origin = input.origin
    return { host: secrets.host !== null, code: await secrets.codeText() }
  }

  async useCode(code: string): Promise<void> {
    await this.#mine().useCode(code)
  }

  async keep(): Promise<Kept> {
    return this.#mine().keep(this.#door.note())
  }

  async openBooking(hostKey: Bytes, booking: Bytes): Promise<Opened> {
    const mine = this.#mine()
    const { meeting } = mine
    const read = await this.#readBooking(hostKey, booking, meeting)
    this.#booked = { hostKey, entry: read.entry, knock: read.knock }
    if (!mine.hasCode) return { title: '' }
    const keys = await mine.codeKeys()
    return { title: await openTitle(keys.seal, meeting, read.sealedTitle).catch(() => '') } // a wrong code opens nothing; knock says so
  }

  async #readBooking(hostKey: Bytes, booking: Bytes, meeting: Bytes): Promise<bodies.Booking> {
    const bad = (what: string): VaultError => new VaultError('booking_bad', what)
    if (!equal(await meetingOf(hostKey), meeting)) throw bad('the host key is not the one of this address')
    try {
      const s = parse(booking)
      const signed = s.kind === 'booking' && equal(s.signer, hostKey) && (await verify(s, { meeting, group: noGroup }))
      if (!signed) throw bad('the host key did not sign it')
      return bodies.readBooking(s.body)
    } catch (e) {
      throw e instanceof VaultError ? e : bad('not of the right form')
    }
  }

  knock(challenge: Bytes, name: string): Promise<KnockFields> {
    return this.#inTurn(async () => {
      const mine = this.#mine()
      const { meeting, participant, device } = mine
      const booked = this.#booking()
      const keys = await mine.codeKeys()
      if (!equal(keys.entry.publicKey, booked.entry))
        throw new VaultError('code_wrong', 'the booking was made with another code')
      if (checkName(name) !== null) throw new VaultError('name_bad', 'not a name')
      const now = this.#clock.now()
      const own = await newKeyPackage(meeting, participant, device, now)
      const reference = await referenceOf(own.keyPackage)
      const sealedName = await sealName(booked.knock, meeting, reference, name)
      const sealedNameHash = await sha256(sealedName)
      const place = { meeting, group: noGroup }
      const entry = bodies.entry(this.#origin, challenge, device.publicKey, reference)
      const said = bodies.knock({ reference, participant, sealedNameHash, time: now })
      this.#own = [own, ...this.#own].slice(0, ownKept)
      this.#name = name
      return {
        participant: hex(participant),
        device: device.publicKey,
        keyPackage: writeKeyPackage(own.keyPackage),
        sealedName,
        entry: await sign(keys.entry, 'entry', place, entry),
        statement: await sign(device, 'knock', place, said),
      }
    })
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

  openGroup(name: string, generation: number, policy: Bytes): ReturnType<Vault['openGroup']> {
    return this.#inTurn(async () => {
      const { meeting, participant, device } = this.#mine()
      const { host } = this.#hostSide()
      if (checkName(name) !== null) throw new VaultError('name_bad', 'not a name')
      const { psk } = await this.#mine().codeKeys()
      const named = { participant, salt: random(32), padded: padName(name) }
      const commitment = await commitmentTo(named.salt, named.padded)
      const previous = policy.length > 0 ? await hashOf(parse(policy)) : new Uint8Array(32)
      const now = this.#clock.now()
      const opening = { meeting, host, participant, device, commitment, generation: generation + 1, previous, now }
      const opened = await openGroup(opening)
      await this.#enter(await Group.start(opened.state, opened.roster, psk), [named])
      return { group: opened.roster.place.group, policy: opened.policy }
    })
  }

  async #enter(group: Group, names: readonly Named[]): Promise<void> {
    this.#leaveGroup()
    const { device, participant } = this.#mine()
    const session = new Session({
      group,
      device,
      participant,
      frames: this.frames,
      clock: this.#clock,
      tell: (h) => {
        this.#tell(h)
      },
      run: (job) => {
        void this.#inTurn(job).catch(() => undefined)
      },
    })
    this.#session = session
    this.#last = { roster: group.roster, leaf: group.leaf }
    await session.begin(names)
  }

  #leaveGroup(): void {
    this.#session?.close()
    this.#session = null
    this.frames.wipe()
  }

  async resume(challenge: Bytes, ticket: Bytes): Promise<Bytes> {
    const { meeting, device } = this.#mine()
    const body = bodies.resume(this.#origin, challenge, await sha256(ticket))
    return sign(device, 'resume', { meeting, group: noGroup }, body)
  }

  readKnock(knock: KnockSeen): Promise<{ name: string; known: boolean }> {
    return this.#inTurn(async () => {
      const key = this.#hostSide().knock.privateKey
      const roster = this.#session?.group.roster ?? null
      const seen = await this.#door.read(knock, this.#mine().meeting, key, this.#clock.now(), roster)
      return { name: seen.name, known: this.#door.knows(seen) }
    })
  }

  admit(participants: readonly string[]): Promise<Bytes> {
    return this.#inTurn(() => {
      this.#hostSide()
      const { roster } = this.#inside().group
      return this.#door.admit(participants, this.#mine().device, roster.place, underOf(roster), this.#clock.now())
    })
  }

  removal(participant: string): Promise<Bytes> {
    return this.#inTurn(async () => {
      const session = this.#inside()
      const { roster } = session.group
      const leaf = leafOf(roster, fromHex(participant))
      if (leaf === undefined) throw new VaultError('seat_unknown', 'nobody inside by this id')
      this.#door.forget(leaf.device)
      session.removing(participant)
      return this.#sign('removal', bodies.removal({ under: underOf(roster), ...leaf }), roster)
    })
  }

  #sign(kind: Kind, body: Bytes, roster: Roster): Promise<Bytes> {
    return sign(this.#mine().device, kind, roster.place, body)
  }

  leaving(): Promise<Bytes> {
    return this.#inTurn(async () => {
      if (this.#session === null) return new Uint8Array()
      const { roster, leaf } = this.#session.group
      const mine = roster.leaves.get(leaf)
      return mine ? this.#sign('leave', bodies.leaf(mine), roster) : new Uint8Array()
    })
  }

  ending(): Promise<Bytes> {
    return this.#inTurn(async () => {
      const { roster, epoch } = this.#inside().group
      return sign(this.#hostSide().host, 'end', roster.place, bodies.end({ under: underOf(roster), epoch }))
    })
  }

  carryOut(task: Task): Promise<CommitFields> {
    return this.#inTurn(async () => {
      const session = this.#inside()
      if (task.epoch !== session.group.epoch) throw new VaultError('epoch_stale', 'the group has moved on')
      const names = [...session.known(), ...this.#door.names()]
      try {
        const adds = task.adds.map((a) => ({ ...a, participant: fromHex(a.participant) }))
        const removes = task.removes.map((r) => ({ ...r, participant: fromHex(r.participant) }))
        const { commit, welcome, tree, ...made } = await session.commit({
          adds,
          removes,
          names,
          now: this.#clock.now(),
        })
        const { lease, epoch } = task
        return { lease, epoch, commit, welcome, tree, added: made.added.map(hex), removed: made.removed.map(hex) }
      } catch (e) {
        throw e instanceof VaultError
          ? e
          : new VaultError('commit_refused', e instanceof Refused ? e.message : 'cannot be made')
      }
    })
  }

  ordered(epoch: number, commit: Bytes): Promise<void> {
    return this.#inTurn(async () => {
      const session = this.#inside()
      const { removedMe } = await session.ordered(epoch, commit, this.#door.names())
      if (removedMe) this.#leaveGroup()
      else this.#last = { roster: session.group.roster, leaf: session.group.leaf }
    })
  }

  join(welcome: Bytes, tree: Bytes, admission: Bytes): Promise<{ epoch: number }> {
    return this.#inTurn(async () => {
      const mine = this.#mine()
      const { hostKey } = this.#booking()
      const { psk } = await mine.codeKeys()
      const { meeting, participant, device } = mine
      const who = { meeting, hostKey, psk, participant, device: device.publicKey, name: this.#name, own: this.#own }
      try {
        const joined = await joinGroup(welcome, tree, admission, who)
        this.#own = [] // init keys open one Welcome only
        const group = await Group.start(joined.state, joined.roster, psk)
        await this.#enter(group, joined.names)
        return { epoch: group.epoch }
      } catch (e) {
        const rule = e instanceof Refused ? e.message : 'it does not open'
        this.#tell({ kind: 'alarm', code: 'welcome_refused', participant: '', detail: rule })
        throw new VaultError('welcome_refused', rule)
      }
    })
  }

  hear(epoch: number, message: Bytes): Promise<Said | null> {
    return this.#inTurn(() => this.#inside().hear(epoch, message))
  }

  say(text: string): ReturnType<Vault['say']> {
    return this.#inTurn(() => this.#inside().say(text))
  }

  devices(microphone: boolean, camera: boolean): ReturnType<Vault['devices']> {
    return this.#inTurn(async () => (this.#session ? this.#session.devices(microphone, camera) : null))
  }

  async checkEnd(statement: Bytes): Promise<boolean> {
    await this.#queue
    return this.#last !== null && endHolds(statement, this.#last)
  }

  async checkRemoval(statement: Bytes): Promise<boolean> {
    await this.#queue
    return this.#last !== null && removalHolds(statement, this.#last)
  }

  slots(participants: readonly string[]): Promise<void> {
    this.frames.slots(participants)
    return Promise.resolve()
  }

  async wipe(): Promise<void> {
    await this.#queue
    this.#leaveGroup()
    this.#secrets = null
    this.#booked = null
    this.#own = []
    this.#door = new Door()
    this.#last = null
    this.#name = ''
  }
}
