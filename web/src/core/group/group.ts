/** Group is one MLS group as this member holds it: ordered commits go in, epochs come out. It has no clock and tells nobody. */
import type { ClientState } from 'ts-mls/clientState.js'
import { createApplicationMessage } from 'ts-mls/createMessage.js'
import { mlsExporter } from 'ts-mls/keySchedule.js'
import { decryptSenderData } from 'ts-mls/privateMessage.js'
import { processPrivateMessage, processPublicMessage } from 'ts-mls/processMessages.js'
import { zeroOutUint8Array } from 'ts-mls/util/byteArray.js'
import { equal, FormError, plain } from '../keys/bytes'
import type { Pair, Under } from '../keys/bodies'
import { sha256 } from '../keys/derive'
import type { Bytes } from '../vault'
import { makeCommit, type Made, type Order } from './commit'
import { retainedEpochs } from './credential'
import { allowList, gate, Refused, rosterAfter, type Change } from './gate'
import { stateData } from './forms'
import { pskIndex } from './joiner'
import { readMessage, writeMessage } from './mls'
import { leafOf, rosterHash, underOf, type Leaf, type Roster } from './roster'
import { suite } from './suite'
import { verificationDigits } from './verification'

/** Epoch is what a head states of one epoch. */
export interface Epoch {
  readonly roster: Roster
  readonly authenticator: Bytes
  readonly rosterHash: Bytes
}

/** Start is a group as it was opened or joined. */
export interface Start {
  readonly state: ClientState
  readonly roster: Roster
  readonly inbox: CryptoKey
}

/** Standing is what a device keeps to come back by a rejoin. */
export interface Standing {
  readonly group: Bytes
  readonly signatureKey: Bytes // of the own leaf
  readonly generation: number
  readonly under: Under // the newest policy
  readonly pair: Pair // the newest epoch
}

/** Heard is an opened PrivateMessage; from is proven by the group. */
export interface Heard {
  readonly from: Leaf
  readonly content: Bytes
}

const none = new Uint8Array()

const keptCommits = 8

export class Group {
  /** inbox opens what is sealed to the own leaf. */
  readonly inbox: CryptoKey
  #state: ClientState
  #roster: Roster
  #made: readonly Made[] = [] // for this epoch: whoever is asked again may still hear of the first one
  readonly #psk: Bytes
  readonly #epochs = new Map<number, Epoch>()
  readonly #applied = new Map<number, Bytes>()

  private constructor(from: Start, psk: Bytes) {
    this.inbox = from.inbox
    this.#state = from.state
    this.#roster = from.roster
    this.#psk = psk
  }

  /** start holds a group that was just opened or joined. */
  static async start(from: Start, psk: Bytes): Promise<Group> {
    const group = new Group(from, psk)
    await group.#note()
    return group
  }

  get epoch(): number {
    return Number(this.#state.groupContext.epoch)
  }

  get roster(): Roster {
    return this.#roster
  }

  get leaf(): number {
    return this.#state.privatePath.leafIndex
  }

  /** epochAt is what was held at one of the last 64 epochs. */
  epochAt(epoch: number): Epoch | undefined {
    return this.#epochs.get(epoch)
  }

  /** hashAt is the SHA-256 of the commit that was applied in an epoch, of the last 64. */
  hashAt(epoch: number): Bytes | undefined {
    return this.#applied.get(epoch)
  }

  /** standing is what a rejoin of this device would need. */
  standing(): Standing {
    const { place, leaves, policies } = this.#roster
    const mine = leaves.get(this.leaf)
    if (mine === undefined) throw new FormError('no leaf of one’s own')
    const authenticator = plain(this.#state.keySchedule.epochAuthenticator).slice()
    return {
      group: place.group,
      signatureKey: mine.signatureKey,
      generation: policies[0].body.generation,
      under: underOf(this.#roster),
      pair: { epoch: this.epoch, authenticator },
    }
  }

  /** stateData is the public part of the roster, for a server that restarted. */
  stateData(): Bytes {
    return stateData(this.#roster)
  }

  /** baseKey is the SFrame base key of this epoch (RFC 9605 5.2). */
  async baseKey(): Promise<Bytes> {
    return plain(await mlsExporter(this.#state.keySchedule.exporterSecret, 'SFrame 1.0 Base Key', none, 16, suite))
  }

  /** digits are this epoch's verification code. */
  digits(): Promise<string> {
    const { place } = this.#roster
    return verificationDigits(this.#state.keySchedule.exporterSecret, place.meeting, underOf(this.#roster).hash)
  }

  /** commit makes a commit; it changes nothing before apply is given the same bytes. The latest few are kept. */
  async commit(order: Order): Promise<Made> {
    const made = await makeCommit(order, this.#state, this.#roster, this.#psk)
    this.#made = [...this.#made, made].slice(-keptCommits)
    return made
  }

  /** apply runs the gate over an ordered commit and takes the next epoch; throws Refused and is unchanged otherwise. */
  async apply(raw: Bytes): Promise<Change & { readonly removedMe: boolean }> {
    const made = this.#made.find((m) => equal(m.commit, raw)) ?? null
    const { change, next, consumed } = made ?? (await this.#process(raw))
    const removedMe = change.removed.some((r) => r.leaf.leaf === this.leaf)
    if (!removedMe) {
      this.#applied.set(this.epoch, await sha256(raw))
      this.#applied.delete(this.epoch - retainedEpochs)
      const roster = rosterAfter(this.#roster, change, next.ratchetTree)
      this.#state = made === null ? next : { ...next, historicalReceiverData: this.#past(next) }
      this.#roster = roster
      await this.#note()
    }
    this.#made = []
    consumed.forEach(zeroOutUint8Array)
    return { ...change, removedMe }
  }

  async #process(raw: Bytes): Promise<{ change: Change; next: ClientState; consumed: Uint8Array[] }> {
    const change = await gate(raw, this.#state, this.#roster)
    const psks = pskIndex(this.#state, this.#roster.place.meeting, this.#psk)
    try {
      const result = await processPublicMessage(this.#state, change.message, psks, suite, allowList)
      if (result.actionTaken !== 'accept') throw new Refused('the list of allowed proposals')
      return { change, next: result.newState, consumed: result.consumed }
    } catch (e) {
      throw e instanceof Refused ? e : new Refused('the commit does not open', 'opens')
    }
  }

  /** past takes what was heard since a commit of ours was made into the past that the commit kept. */
  #past(next: ClientState): ClientState['historicalReceiverData'] {
    const now = this.#state
    return new Map(
      [...next.historicalReceiverData].map(([epoch, kept]) => {
        const newer =
          epoch === now.groupContext.epoch
            ? { ...kept, secretTree: now.secretTree }
            : now.historicalReceiverData.get(epoch)
        return [epoch, newer ?? kept]
      }),
    )
  }

  async #note(): Promise<void> {
    this.#epochs.set(this.epoch, {
      roster: this.#roster,
      authenticator: plain(this.#state.keySchedule.epochAuthenticator).slice(),
      rosterHash: await rosterHash(this.#roster),
    })
    this.#epochs.delete(this.epoch - retainedEpochs)
  }

  /** say seals content for everybody inside. */
  async say(content: Bytes): Promise<Bytes> {
    const made = await createApplicationMessage(this.#state, content, suite)
    this.#state = made.newState
    made.consumed.forEach(zeroOutUint8Array)
    return writeMessage({ version: 'mls10', wireformat: 'mls_private_message', privateMessage: made.privateMessage })
  }

  /** hear opens a PrivateMessage of this or an earlier epoch; null when its sender is inside no more. Throws when it does not open. */
  async hear(epoch: number, raw: Bytes): Promise<Heard | null> {
    const outer = readMessage(raw)
    if (outer.wireformat !== 'mls_private_message') throw new FormError('no PrivateMessage')
    const { privateMessage: message } = outer
    const fits =
      equal(message.groupId, this.#roster.place.group) &&
      message.epoch === BigInt(epoch) &&
      message.contentType === 'application' &&
      message.authenticatedData.length === 0
    if (!fits) throw new FormError('another group, epoch or content')
    const secret =
      epoch === this.epoch
        ? this.#state.keySchedule.senderDataSecret
        : this.#state.historicalReceiverData.get(message.epoch)?.senderDataSecret
    const then = this.#epochs.get(epoch)
    if (secret === undefined || then === undefined) throw new FormError('an epoch that is not held')
    const sender = await decryptSenderData(message, secret, suite) // the library does not tell it
    const from = sender && then.roster.leaves.get(sender.leafIndex)
    if (from === undefined) throw new FormError('sender')
    const result = await processPrivateMessage(this.#state, message, pskIndex(undefined, none, none), suite, allowList)
    if (result.kind !== 'applicationMessage') throw new FormError('content')
    this.#state = result.newState
    const content = plain(result.message).slice()
    result.consumed.forEach(zeroOutUint8Array)
    const now = leafOf(this.#roster, from.participant)
    return now !== undefined && equal(now.device, from.device) ? { from: now, content } : null
  }
}
