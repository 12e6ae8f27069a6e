/**
 * Silence tells who has not confirmed the present epoch and whether enough was heard to go on sending (PROTOCOL.md H1, H3).
 * A pure machine: times are given, milliseconds of one clock; nothing is told here.
 */

const hostEvery = 4_000
const quickLeaves = 50 // with more leaves only hosts and co-hosts keep the quick pace
const slowEvery = 20_000
const silentAfter = 2.5 // intervals
const longestRestart = 2 // limits: epochs that follow one another may put silence off no longer
const goneCounts = 60_000 // removed as absent: still one of those who fell silent together
const deadManAfter = 12_000

/** headEvery is the interval of a member's heads. */
export function headEvery(leads: boolean, leaves: number): number {
  return leads || leaves <= quickLeaves ? hostEvery : slowEvery
}

/** Watched is one other member of the epoch. */
export interface Watched {
  readonly participant: string
  readonly host: boolean
  readonly leads: boolean // host or co-host: vouches for the epoch
}

/** Came is what a commit did, by participant. */
export interface Came {
  readonly added: readonly string[]
  readonly absent: readonly string[] // removed for absence only
}

/** Standing is what silence means now. */
export interface Standing {
  readonly silent: readonly string[] // not confirmed
  readonly lost: readonly string[] // fell silent together, or a host did: the meeting may have been split
  readonly stopped: boolean // nothing may be sent
}

interface Ear {
  readonly host: boolean
  readonly leads: boolean
  readonly limit: number
  since: number // when the last head of the present epoch was said, or that epoch's beginning
  heard: number // when the last head of any epoch that was ours, too, was said
  quickest: number // the least that a head of theirs took, their clock and ours apart
  silent: boolean // until a head comes: a new epoch alone brings nobody back
}

interface Gone {
  readonly host: boolean
  readonly at: number
}

export class Silence {
  readonly #ears = new Map<string, Ear>()
  readonly #gone = new Map<string, Gone>()
  readonly #lost = new Set<string>()
  #vouched = 0 // when another host or co-host said its last head of the epoch of that time; epochs do not restart it

  #begun = false

  /** epoch takes the others of a new epoch, whose interval begins anew. */
  epoch(others: readonly Watched[], came: Came, now: number): void {
    const hadLeader = this.#otherLeads()
    const leaves = others.length + 1
    const before = new Map(this.#ears)
    this.#ears.clear()
    for (const { participant, host, leads } of others) {
      const old = came.added.includes(participant) ? undefined : before.get(participant)
      const limit = silentAfter * headEvery(leads, leaves)
      const kept = old ?? { heard: now, quickest: Infinity, silent: false }
      this.#ears.set(participant, { ...kept, host, leads, limit, since: now })
      this.#gone.delete(participant)
    }
    for (const [participant, { host }] of before) {
      if (this.#ears.has(participant)) continue
      if (came.absent.includes(participant)) this.#gone.set(participant, { host, at: now })
      else this.#lost.delete(participant) // a host removed them, or they left: they are missed by nobody
    }
    if (!this.#begun || (!hadLeader && this.#otherLeads())) this.#vouched = now
    this.#begun = true
  }

  /**
   * heard takes a head that fits ours; present tells that it is of the present epoch, time is when its author's clock said it.
   * It counts from then: what took longer than the quickest of theirs is late by so much, and heads that were held back
   * stretch nothing.
   */
  heard(participant: string, present: boolean, time: number, now: number): void {
    const ear = this.#ears.get(participant)
    if (ear === undefined) return
    ear.quickest = Math.min(ear.quickest, now - time)
    const told = time + ear.quickest
    ear.heard = Math.max(ear.heard, told)
    if (!present) return
    ear.since = Math.max(ear.since, told)
    if (ear.leads) this.#vouched = Math.max(this.#vouched, told)
    ear.silent = now >= endOf(ear)
    if (!ear.silent) this.#lost.delete(participant)
  }

  /** vouched tells whether another host or co-host, or for who leads alone enough others, confirmed the group within 12 s. */
  vouched(leading: boolean, now: number): boolean {
    if (this.#otherLeads() || !leading) return now - this.#vouched < deadManAfter
    return this.#ears.size > 0 && !this.#stopped(now)
  }

  /** at tells how things stand. */
  at(now: number): Standing {
    for (const ear of this.#ears.values()) ear.silent ||= now >= endOf(ear)
    for (const [participant, { at }] of this.#gone) if (now - at >= goneCounts) this.#gone.delete(participant)
    const silent = [...this.#ears].filter(([, ear]) => ear.silent)
    const missing = [...silent, ...this.#gone]
    if (missing.length > 1 || missing.some(([, { host }]) => host))
      missing.forEach(([participant]) => this.#lost.add(participant))
    return { silent: silent.map(([participant]) => participant), lost: [...this.#lost], stopped: this.#stopped(now) }
  }

  #otherLeads(): boolean {
    return [...this.#ears.values()].some((ear) => ear.leads)
  }

  #stopped(now: number): boolean {
    const ears = [...this.#ears.values()]
    if (ears.length === 0) return false
    if (this.#otherLeads()) return now - this.#vouched >= deadManAfter
    return 2 * ears.filter((ear) => ear.silent).length >= ears.length
  }

  /** next is when things may stand otherwise if nothing is heard, or null. */
  next(now: number): number | null {
    const ends = [...this.#ears.values()].filter((ear) => !ear.silent).map(endOf)
    if (this.#otherLeads()) ends.push(this.#vouched + deadManAfter)
    const ahead = ends.filter((at) => at > now)
    return ahead.length === 0 ? null : Math.min(...ahead)
  }
}

function endOf(ear: Ear): number {
  return Math.min(ear.since + ear.limit, ear.heard + longestRestart * ear.limit)
}
