/** A vault for transcripts: what it makes are the names that protocol/transcripts write for it. */
import type { Bytes, Change, Happening, Kept, KnockFields, Member, Role, Rules, Vault, Verdict } from '../vault'
import { VaultError } from '../vault-error'

const encoder = new TextEncoder()

/** bytesOf stands for the bytes that a transcript calls by that name. */
export function bytesOf(name: string): Bytes {
  return encoder.encode(name)
}

/** ScriptedVault speaks for one role of a transcript; the n-th value of a kind is called NAME.n, the first only NAME. */
export class ScriptedVault implements Vault {
  readonly #role: string
  readonly #watchers = new Set<(h: Happening) => void>()
  readonly #made = new Map<string, number>()
  wiped = false
  members: readonly Member[] = []
  rules: Rules = {
    ...{ generation: 1, sequence: 1, label: 0, locked: false, barred: [], mine: 'guest' },
    allows: { share: true, chat: true, whisper: true, microphone: true, camera: true, react: true },
  }
  /** seated: there is something to rejoin; holds: there is a group to return with; leads: and its state to revive. */
  seated = false
  epoch = 1 // that a Welcome leads to, or the last commit did
  holds = false
  leads = false
  verdict: Verdict = { refusal: bytesOf(''), rejoin: false }
  readonly roles = new Map<string, Role>() // of participants who are not what their name says
  readonly changes: Change[] = []
  readonly gaveUpOn: string[] = []

  constructor(role: string) {
    this.#role = role
  }

  get me(): string {
    return `$${this.#role}.participant`
  }

  tell(h: Happening): void {
    this.#watchers.forEach((happened) => {
      happened(h)
    })
  }

  roster(...participants: readonly string[]): void {
    this.members = participants.map((participant, leaf) => ({
      participant,
      device: `device of ${participant}`,
      leaf,
      name: participant,
      role: this.roles.get(participant) ?? (participant.startsWith('$host') ? 'host' : 'guest'),
      hand: 0,
      me: participant === this.me,
      microphone: false,
      camera: false,
    }))
    this.tell({ kind: 'roster', members: this.members, epoch: 1 })
  }

  /** reloaded forgets who watches, and the group: a page that is loaded anew begins so. */
  reloaded(): void {
    this.#watchers.clear()
    this.members = []
    this.holds = false
  }

  /** ruled tells a policy that differs so from the one before. */
  ruled(change: Partial<Rules>, by = ''): void {
    const first = this.rules.sequence === 1
    this.rules = { ...this.rules, ...change, sequence: this.rules.sequence + 1 }
    this.tell({ kind: 'rules', rules: this.rules, by, first })
  }

  /** sealed gives the next message of this role. */
  sealed(): Bytes {
    return this.#next('message')
  }

  #next(what: string): Bytes {
    const n = (this.#made.get(what) ?? 0) + 1
    this.#made.set(what, n)
    return bytesOf(`$${this.#role}.${what}${n > 1 ? `.${n}` : ''}`)
  }

  #fixed(what: string): Bytes {
    return bytesOf(`$${this.#role}.${what}`)
  }

  make(): ReturnType<Vault['make']> {
    return Promise.reject(new Error('transcripts make no meeting'))
  }
  begin: Vault['begin'] = ({ seed, code }) => Promise.resolve({ host: seed !== null, code: code ?? '' })
  useCode(): Promise<void> {
    return Promise.resolve()
  }
  keep(): Promise<Kept> {
    return Promise.resolve({ participant: this.me, seat: bytesOf('a seat') } as Kept)
  }
  openBooking: Vault['openBooking'] = (_, booking) =>
    booking.length > 0 ? Promise.resolve({ title: 'A talk' }) : Promise.reject(new VaultError('booking_bad', 'empty'))

  knock(): Promise<KnockFields> {
    return Promise.resolve({
      participant: this.me,
      device: this.#fixed('device'),
      keyPackage: this.#next('keyPackage'),
      sealedName: this.#next('sealedName'),
      entry: this.#next('entry'),
      statement: this.#next('knock'),
    })
  }
  enterAsHost(): ReturnType<Vault['enterAsHost']> {
    return Promise.resolve({ participant: this.me, device: this.#fixed('device'), statement: this.#next('host') })
  }
  openGroup(): ReturnType<Vault['openGroup']> {
    this.roster(this.me)
    return Promise.resolve({
      group: this.#next('group'),
      policy: this.#next('policy'),
      keyPackage: this.#next('keyPackage'),
      admission: this.#next('admission'),
      forgotten: false,
      older: false,
    })
  }
  take(): ReturnType<Vault['take']> {
    return Promise.resolve({
      keyPackage: this.#next('keyPackage'),
      admission: this.#next('admission'),
      policy: this.#next('policy'),
    })
  }
  rejoin(): ReturnType<Vault['rejoin']> {
    if (!this.seated) return Promise.resolve(null)
    return Promise.resolve({
      participant: this.me,
      device: this.#fixed('device'),
      keyPackage: this.#next('keyPackage'),
      entry: this.#next('entry'),
      statement: this.#next('rejoin'),
    })
  }
  returning: Vault['returning'] = () => {
    if (!this.holds) return Promise.resolve(null)
    return Promise.resolve({
      participant: this.me,
      device: this.#fixed('device'),
      statement: this.#fixed('resume'),
      group: bytesOf('$host.group'),
      epoch: this.epoch,
      state: bytesOf(this.leads ? `$${this.#role}.state` : ''),
    })
  }
  resume: Vault['resume'] = () => Promise.resolve(this.#next('resume'))

  /** known are participants that were let in before; a knock without a statement is bad. */
  readonly known = new Set<string>()
  suspects = false
  readKnock: Vault['readKnock'] = ({ participant, statement }) =>
    statement.length > 0
      ? Promise.resolve({ name: participant, known: this.known.has(participant), suspect: this.suspects })
      : Promise.reject(new VaultError('knock_bad', 'empty'))
  admit(): Promise<Bytes> {
    return Promise.resolve(this.#next('admission'))
  }
  change: Vault['change'] = (change) => {
    this.changes.push(change)
    return Promise.resolve(this.#next('policy'))
  }
  consent(): Promise<Bytes> {
    return Promise.resolve(this.#next('consent'))
  }
  removal(): ReturnType<Vault['removal']> {
    return Promise.resolve({ statement: this.#next('removal'), policy: this.#next('policy') })
  }
  gaveUp: Vault['gaveUp'] = (what, participant) => {
    this.gaveUpOn.push(`${what} ${participant}`.trim())
    return Promise.resolve()
  }
  leaving(): Promise<Bytes> {
    return Promise.resolve(this.#next('leave'))
  }
  ending(): Promise<Bytes> {
    return Promise.resolve(this.#next('end'))
  }

  carryOut: Vault['carryOut'] = (task) => {
    const adding = task.adds.length > 0
    return Promise.resolve({
      lease: task.lease,
      epoch: task.epoch,
      commit: this.#next('commit'),
      statement: this.#next('committed'),
      welcome: bytesOf(adding ? 'a welcome' : ''),
      tree: bytesOf(adding ? 'a tree' : ''),
      left: [],
    })
  }
  ordered: Vault['ordered'] = ({ epoch }) => {
    this.epoch = epoch + 1
    return Promise.resolve(this.verdict)
  }
  reopened(): Promise<Verdict> {
    return Promise.resolve(this.verdict)
  }
  mayRegroup(): Promise<boolean> {
    return Promise.resolve(true)
  }
  join(): ReturnType<Vault['join']> {
    return Promise.resolve({ epoch: this.epoch })
  }
  hear: Vault['hear'] = (_, message) => {
    const id = new TextDecoder().decode(message)
    const from = `${id.split('.')[0] ?? ''}.participant`
    return Promise.resolve({ kind: 'chat', from, id, text: id, to: { kind: 'all' } })
  }
  say: Vault['say'] = (_, to) => {
    const message = this.sealed()
    const id = new TextDecoder().decode(message)
    return Promise.resolve({ id, epoch: this.epoch, message, to: to.kind === 'one' ? [to.participant] : [] })
  }
  amend: Vault['amend'] = () => Promise.resolve({ epoch: 1, message: this.sealed(), to: [] })
  react: Vault['react'] = () => Promise.resolve({ epoch: 1, message: this.sealed(), to: [] })
  hand: Vault['hand'] = () => Promise.resolve({ epoch: 1, message: this.sealed(), to: [] })
  devices(): ReturnType<Vault['devices']> {
    return Promise.resolve(null)
  }
  checkEnd: Vault['checkEnd'] = (s) => Promise.resolve(s.length > 0)
  checkRemoval: Vault['checkRemoval'] = (s) => Promise.resolve(s.length > 0)
  slots: Vault['slots'] = () => Promise.resolve()
  wipe(): Promise<void> {
    this.wiped = true
    return Promise.resolve()
  }
  watch(happened: (h: Happening) => void): () => void {
    this.#watchers.add(happened)
    return () => this.#watchers.delete(happened)
  }
}
