/**
 * Heads tells the others which epoch this member is in, listens for theirs, and says when they are missed (PROTOCOL.md H1, H3).
 * Its timers run in the crypto worker: a hidden page's would be slowed down.
 */
import type { Clock } from '../clock'
import * as bodies from '../keys/bodies'
import { equal, fromHex, hex, random } from '../keys/bytes'
import type { Signer } from '../keys/derive'
import { parse, sign, verify } from '../keys/statement'
import type { Bytes, Happening } from '../vault'
import type { Change } from './gate'
import type { Group } from './group'
import { isHost, leafOf, underOf, type Leaf } from './roster'
import { headEvery, Silence, type Came, type Watched } from './silence'

const removalTakes = 5_000 // longer, and somebody holds it back

export interface HeadsParts {
  readonly group: Group
  readonly device: Signer
  readonly clock: Clock
  readonly tell: (h: Happening) => void
  readonly run: (job: () => Promise<void>) => void
  readonly send: (head: Bytes, fleeting: boolean) => Promise<void>
  /** halt is told whether anything may be sent. */
  readonly halt: (halted: boolean) => void
}

const nobody: Came = { added: [], absent: [] }

export class Heads {
  readonly #p: HeadsParts
  readonly #silence = new Silence()
  readonly #removing = new Map<string, () => void>() // participants whose removal was ordered here
  #every = 0 // 0 before begin
  #told = ''
  #halted = false
  #closed = false
  #stopBeat: () => void = () => undefined
  #stopLook: () => void = () => undefined

  constructor(parts: HeadsParts) {
    this.#p = parts
  }

  /** halted tells that nothing may be sent: nobody vouches for the epoch, or a removal is under way. */
  get halted(): boolean {
    return this.#halted
  }

  get #host(): boolean {
    return isHost(this.#p.group.roster, this.#p.device.publicKey)
  }

  /** begin starts to speak and to listen, once this member is sure of its group. */
  begin(): void {
    this.#silence.epoch(this.#others(), nobody, this.#p.clock.now())
    this.#pace()
    this.#look()
  }

  close(): void {
    this.#closed = true
    this.#stopBeat()
    this.#stopLook()
    this.#removing.forEach((stop) => {
      stop()
    })
    this.#removing.clear()
  }

  /** moved takes a new epoch. A host vouches for it at once; a joiner waits for that, so it is not fleeting. */
  async moved(change: Change): Promise<void> {
    for (const [participant, stop] of [...this.#removing]) {
      if (leafOf(this.#p.group.roster, fromHex(participant)) !== undefined) continue
      stop()
      this.#removing.delete(participant)
    }
    if (this.#every > 0) {
      const added = change.added.map((a) => hex(a.admitted.participant))
      const absent = change.absent.map((l) => hex(l.participant))
      this.#silence.epoch(this.#others(), { added, absent }, this.#p.clock.now())
      this.#pace()
      this.#look()
    }
    if (this.#host) await this.#speak(false)
  }

  #others(): Watched[] {
    const { roster, leaf } = this.#p.group
    const others = [...roster.leaves.values()].filter((l) => l.leaf !== leaf)
    return others.map((l) => ({ participant: hex(l.participant), host: isHost(roster, l.device) }))
  }

  /** pace keeps the rhythm; it begins at a moment of its own, so that those who came together do not speak together. */
  #pace(): void {
    const every = headEvery(this.#host, this.#p.group.roster.leaves.size)
    if (every === this.#every) return
    this.#every = every
    this.#beatIn((every * (random(1)[0] ?? 0)) / 256)
  }

  #beatIn(ms: number): void {
    this.#stopBeat()
    this.#stopBeat = this.#p.clock.after(ms, () => {
      this.#beatIn(this.#every)
      this.#p.run(async () => {
        if (!this.#closed) await this.#speak(true)
      })
    })
  }

  async #speak(fleeting: boolean): Promise<void> {
    const { group, device, send } = this.#p
    const epoch = group.epochAt(group.epoch)
    if (epoch === undefined) return
    const { authenticator, rosterHash } = epoch
    const body = bodies.head({ epoch: group.epoch, authenticator, under: underOf(group.roster), rosterHash })
    await send(await sign(device, 'head', group.roster.place, body), fleeting)
  }

  /** take compares another's view of an epoch with ours. Null is no head of theirs; a contradiction alarms. */
  async take(body: Bytes, from: Leaf, epoch: number): Promise<{ byHost: boolean } | null> {
    const { group, tell, clock } = this.#p
    const s = parse(body)
    if (s.kind !== 'head' || !equal(s.signer, from.device)) return null
    const ours = group.epochAt(epoch)
    if (ours === undefined || !(await verify(s, ours.roster.place))) return null
    const theirs = bodies.readHead(s.body)
    const under = underOf(ours.roster)
    const participant = hex(from.participant)
    const same =
      theirs.epoch === epoch &&
      equal(theirs.authenticator, ours.authenticator) &&
      theirs.under.sequence === under.sequence &&
      equal(theirs.under.hash, under.hash) &&
      equal(theirs.rosterHash, ours.rosterHash)
    if (!same) {
      tell({ kind: 'alarm', code: 'fork', participant, detail: `another epoch ${epoch}` })
      return null
    }
    this.#silence.heard(participant, epoch === group.epoch, clock.now())
    this.#show()
    return { byHost: isHost(ours.roster, from.device) }
  }

  /** removing: a removal was signed here. Until its commit is applied nothing is sent. */
  removing(participant: string): void {
    if (this.#removing.has(participant)) return
    const stop = this.#p.clock.after(removalTakes, () => {
      this.#p.tell({ kind: 'alarm', code: 'removal_withheld', participant, detail: 'no commit in 5 s' })
    })
    this.#removing.set(participant, stop)
    this.#show()
  }

  #look(): void {
    this.#stopLook()
    this.#show()
    const now = this.#p.clock.now()
    const next = this.#silence.next(now)
    if (next === null || this.#closed) return
    this.#stopLook = this.#p.clock.after(next - now, () => {
      this.#look()
    })
  }

  #show(): void {
    if (this.#closed || this.#every === 0) return
    const standing = { ...this.#silence.at(this.#p.clock.now()), removing: [...this.#removing.keys()] }
    this.#halted = standing.stopped || standing.removing.length > 0
    this.#p.halt(this.#halted)
    const told = JSON.stringify(standing)
    if (told === this.#told) return
    this.#told = told
    this.#p.tell({ kind: 'standing', standing })
  }
}
