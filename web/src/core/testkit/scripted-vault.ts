/** A vault for transcripts: what it makes are the names that protocol/transcripts write for it. */
import type { Bytes, Happening, Kept, KnockFields, Member, Vault } from '../vault'
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
      device: '',
      leaf,
      name: participant,
      host: participant.startsWith('$host'),
      me: participant === this.me,
      microphone: false,
      camera: false,
    }))
    this.tell({ kind: 'roster', members: this.members, epoch: 1 })
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
    return Promise.resolve({ participant: this.me } as Kept)
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
    return Promise.resolve({ group: this.#next('group'), policy: this.#next('policy') })
  }
  resume(): Promise<Bytes> {
    return Promise.resolve(this.#next('resume'))
  }

  /** known are participants that were let in before; a knock without a statement is bad. */
  readonly known = new Set<string>()
  readKnock: Vault['readKnock'] = ({ participant, statement }) =>
    statement.length > 0
      ? Promise.resolve({ name: participant, known: this.known.has(participant) })
      : Promise.reject(new VaultError('knock_bad', 'empty'))
  admit(): Promise<Bytes> {
    return Promise.resolve(this.#next('admission'))
  }
  removal(): Promise<Bytes> {
    return Promise.resolve(this.#next('removal'))
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
      welcome: bytesOf(adding ? 'a welcome' : ''),
      tree: bytesOf(adding ? 'a tree' : ''),
      added: task.adds.map((a) => a.participant),
      removed: task.removes.map((r) => r.participant),
    })
  }
  ordered(): Promise<void> {
    return Promise.resolve()
  }
  join(): ReturnType<Vault['join']> {
    return Promise.resolve({ epoch: 1 })
  }
  hear: Vault['hear'] = (_, message) => {
    const id = new TextDecoder().decode(message)
    return Promise.resolve({ kind: 'chat', from: `${id.split('.')[0] ?? ''}.participant`, id, text: id })
  }
  say(): ReturnType<Vault['say']> {
    const message = this.sealed()
    return Promise.resolve({ id: new TextDecoder().decode(message), epoch: 1, message })
  }
  devices(): ReturnType<Vault['devices']> {
    return Promise.resolve(null)
  }
  checkEnd: Vault['checkEnd'] = (s) => Promise.resolve(s.length > 0)
  checkRemoval: Vault['checkRemoval'] = (s) => Promise.resolve(s.length > 0)
  slots(): Promise<void> {
    return Promise.resolve()
  }
  wipe(): Promise<void> {
    this.wiped = true
    return Promise.resolve()
  }
  watch(happened: (h: Happening) => void): () => void {
    this.#watchers.add(happened)
    return () => this.#watchers.delete(happened)
  }
}
