/**
 * Orders remembers what the server signed as the order of commits, so that two orders for one epoch are seen (PROTOCOL.md M2).
 * It judges signatures only; what a commit does is for the gate.
 */
import * as bodies from '../keys/bodies'
import { equal, hex } from '../keys/bytes'
import { sha256, type Signer } from '../keys/derive'
import { parse, sign, verify, type Kind, type Place } from '../keys/statement'
import type { Bytes, Ordered } from '../vault'
import { retainedEpochs } from './credential'
import { readMessage } from './mls'
import { isHost, policyOf, type Roster } from './roster'

/** Judged is what the signatures of an ordered commit are worth: known ones came before, forked ones contradict one that did. */
export type Judged =
  | { readonly fate: 'sound'; readonly hash: Bytes }
  | { readonly fate: 'known' }
  | { readonly fate: 'forked' }
  | { readonly fate: 'forged'; readonly rule: string }

export class Orders {
  readonly #seen = new Map<number, Bytes>() // hash of the ordered commit, by epoch

  /** judge looks at the server's signature first, then at the author's; without both nothing is looked into. */
  async judge(o: Ordered, roster: Roster, epoch: number): Promise<Judged> {
    const hash = await sha256(o.commit)
    const { orderKey } = policyOf(roster).body
    if (!(await says(o.order, 'order', orderKey, { epoch: o.epoch, hash }, roster.place)))
      return { fate: 'forged', rule: 'the server did not sign this order' }
    const before = this.#seen.get(o.epoch)
    if (before !== undefined) return equal(before, hash) ? { fate: 'known' } : { fate: 'forked' }
    if (o.epoch === epoch) {
      const author = authorOf(o.commit, roster)
      const signed = author && (await says(o.statement, 'commit', author, { epoch: o.epoch, hash }, roster.place))
      if (signed !== true) return { fate: 'forged', rule: 'its author did not sign this commit' }
    }
    this.#seen.set(o.epoch, hash)
    for (const old of this.#seen.keys()) if (old <= o.epoch - retainedEpochs) this.#seen.delete(old)
    return { fate: 'sound', hash }
  }

  /** reopens tells whether signed refusals void the commit of an epoch: one host's, or those of more than half of the others. */
  async reopens(epoch: number, author: string, refusals: readonly Bytes[], roster: Roster): Promise<boolean> {
    let hash = this.#seen.get(epoch) // unknown to who came in by that very commit: then all refusals must name one
    const others = [...roster.leaves.values()].filter((l) => hex(l.participant) !== author)
    const refusing = new Set<string>()
    for (const raw of refusals.slice(0, roster.leaves.size)) {
      const refusal = await refusalOf(raw, epoch, hash, roster.place)
      if (refusal === null || !others.some((l) => equal(l.device, refusal.device))) continue
      hash ??= refusal.hash
      if (isHost(roster, refusal.device)) return true
      refusing.add(hex(refusal.device))
    }
    return 2 * refusing.size > others.length
  }

  /** forget lets an epoch be ordered anew, and those after it. */
  forget(epoch: number): void {
    for (const at of this.#seen.keys()) if (at >= epoch) this.#seen.delete(at)
  }
}

/** envelope signs a commit as its author's. */
export async function envelope(by: Signer, place: Place, epoch: number, commit: Bytes): Promise<Bytes> {
  return sign(by, 'commit', place, bodies.envelope({ epoch, hash: await sha256(commit) }))
}

/** refuse signs that an ordered commit is refused here. */
export function refuse(by: Signer, place: Place, r: bodies.Refusal): Promise<Bytes> {
  return sign(by, 'refusal', place, bodies.refusal(r))
}

async function says(raw: Bytes, kind: Kind, by: Bytes, what: bodies.Envelope, place: Place): Promise<boolean> {
  try {
    const s = parse(raw)
    const body = bodies.readEnvelope(s.body)
    const fits = s.kind === kind && equal(s.signer, by) && body.epoch === what.epoch && equal(body.hash, what.hash)
    return fits && (await verify(s, place))
  } catch {
    return false
  }
}

/** authorOf is the device of the leaf that a commit names as its sender. */
function authorOf(commit: Bytes, roster: Roster): Bytes | null {
  try {
    const m = readMessage(commit)
    if (m.wireformat !== 'mls_public_message') return null
    const { sender } = m.publicMessage.content
    return sender.senderType === 'member' ? (roster.leaves.get(sender.leafIndex)?.device ?? null) : null
  } catch {
    return null
  }
}

async function refusalOf(
  raw: Bytes,
  epoch: number,
  hash: Bytes | undefined,
  place: Place,
): Promise<{ device: Bytes; hash: Bytes } | null> {
  try {
    const s = parse(raw)
    const body = bodies.readRefusal(s.body)
    const fits = s.kind === 'refusal' && body.epoch === epoch && (hash === undefined || equal(body.hash, hash))
    return fits && (await verify(s, place)) ? { device: s.signer, hash: body.hash } : null
  } catch {
    return null
  }
}
