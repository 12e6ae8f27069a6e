/**
 * A malicious member of a meeting of real vaults: it was let in by the host like anybody, but holds the group's keys in its own
 * hands, signs whatever it likes, and the server helps it.
 */
import type { ClientState } from 'ts-mls/clientState.js'
import { createCommit } from 'ts-mls/createCommit.js'
import { createApplicationMessage } from 'ts-mls/createMessage.js'
import type { Extension } from 'ts-mls/extension.js'
import { generateKeyPackageWithKey } from 'ts-mls/keyPackage.js'
import { processPrivateMessage, processPublicMessage } from 'ts-mls/processMessages.js'
import type { Proposal } from 'ts-mls/proposal.js'
import { readBooking } from '../group/booking'
import { makeCommit, type Order } from '../group/commit'
import { commitData, rosterData, type RosterData } from '../group/forms'
import { allowList, gate, rosterAfter } from '../group/gate'
import { join, pskIndex } from '../group/joiner'
import {
  capabilities,
  readKeyPackage,
  readMessage,
  referenceOf,
  rosterExtension,
  writeKeyPackage,
  writeMessage,
  writeTree,
} from '../group/mls'
import { envelope } from '../group/order'
import { admissionsOf, leafOf, policyOf, rosterHash, underOf, type Leaf, type Roster } from '../group/roster'
import { said, type Content } from '../group/said'
import { suite } from '../group/suite'
import { knocking } from '../group/ways-in'
import * as bodies from '../keys/bodies'
import { fromHex, hex, join as bytes, plain, random } from '../keys/bytes'
import { decode } from '../keys/crockford'
import { codeKeys, meetingOf, newDevice, sha256, type CodeKeys, type Signer } from '../keys/derive'
import { parse, sign, type Kind, type Statement } from '../keys/statement'
import type { Bytes, KnockFields } from '../vault'
import { member, nothing, type Member } from './group'
import { challenge, cheapRoot, origin, type Person, type World } from './meeting'
import { Tap } from './tap'

/** Rogue is a commit that no honest client would make; it is sound for the library. */
export interface Rogue {
  readonly epoch: number
  readonly commit: Bytes
  readonly statement: Bytes // its author's
  readonly welcome: Bytes
  readonly tree: Bytes
  readonly next: ClientState
}

interface Bend {
  readonly time?: number
  readonly state?: ClientState
  readonly cipher?: typeof suite
  readonly extensions?: Extension[]
}

/** deviceOf is a stolen device: its key signs for the thief. */
export async function deviceOf(p: Person): Promise<Signer> {
  const { devicePublic: publicKey, devicePrivate: privateKey } = await p.vault.keep()
  return { publicKey, privateKey }
}

export class Liar {
  readonly tap = new Tap()
  readonly w: World
  readonly keys: CodeKeys
  readonly meeting: Bytes
  me: Member
  #state: ClientState | null = null
  #roster: Roster | null = null
  #at = 0 // how many of the meeting's commits it followed

  private constructor(w: World, keys: CodeKeys, meeting: Bytes, me: Member) {
    this.w = w
    this.keys = keys
    this.meeting = meeting
    this.me = me
  }

  /** outside is somebody with the whole guest link and nothing else. */
  static async outside(w: World, name = 'Mallory', device?: Signer, participant?: Bytes): Promise<Liar> {
    const meeting = await meetingOf(w.booked.hostKey)
    const keys = await codeKeys(await cheapRoot(decode(w.booked.code, 10), meeting), meeting)
    return new Liar(w, keys, meeting, await member(meeting, name, device ?? (await newDevice()), participant))
  }

  /** inside knocks, is let in by the host and follows the group from then on. */
  static async inside(w: World, name = 'Mallory'): Promise<Liar> {
    const liar = await Liar.outside(w, name)
    await liar.enters()
    return liar
  }

  async enters(): Promise<void> {
    const { w } = this
    const fields = await this.knocks()
    await w.host.vault.readKnock(fields)
    const statement = await w.host.vault.admit([this.id])
    const add = { participant: this.id, keyPackage: fields.keyPackage, statement }
    const made = await w.made(w.host, { adds: [add] })
    await w.order(made)
    await this.joins(made, statement)
    await w.deliver()
  }

  /** joins takes a Welcome as an honest client would. */
  async joins(made: { welcome: Bytes; tree: Bytes }, word: Bytes): Promise<void> {
    const { participant, device, name, own } = this.me
    const who = { meeting: this.meeting, hostKey: this.w.booked.hostKey, psk: this.keys.psk, held: null }
    const all = { ...who, participant, device: device.publicKey, name, own: [own] }
    const joined = await join(made.welcome, made.tree, word, all)
    this.#at = this.w.commits.length
    await this.#adopt(joined.state, joined.roster)
  }

  async #adopt(state: ClientState, roster: Roster): Promise<void> {
    this.#state = state
    this.#roster = roster
    await this.tap.keep(state)
  }

  get id(): string {
    return hex(this.me.participant)
  }

  get state(): ClientState {
    if (this.#state === null) throw new Error('never inside')
    return this.#state
  }

  get roster(): Roster {
    if (this.#roster === null) throw new Error('never inside')
    return this.#roster
  }

  /** knocks makes a true knock with a fresh KeyPackage. */
  async knocks(): Promise<KnockFields> {
    const { participant, device, name } = this.me
    const { knock } = await readBooking(this.w.booked.hostKey, this.w.booked.booking, this.meeting)
    const comer = { meeting: this.meeting, participant, device, origin, now: this.w.clock.now() }
    const { fields, own } = await knocking(comer, this.keys, knock, challenge, name)
    this.me = { ...this.me, own }
    return fields
  }

  /** signsKnock signs a knock anew, whatever it carries. */
  async signsKnock(fields: KnockFields): Promise<KnockFields> {
    const said = bodies.readKnock(parse(fields.statement).body)
    const body = bodies.knock({ ...said, sealedNameHash: await sha256(fields.sealedName) })
    const place = { meeting: this.meeting, group: new Uint8Array(32) }
    return { ...fields, statement: await sign(this.me.device, 'knock', place, body) }
  }

  /** follows takes what the meeting committed meanwhile, as long as its keys open it. */
  async follows(): Promise<void> {
    for (const { commit } of this.w.commits.slice(this.#at)) {
      const change = await gate(commit, this.state, this.roster)
      if (change.removed.some((r) => hex(r.leaf.participant) === this.id)) break
      const psks = pskIndex(this.state, this.meeting, this.keys.psk)
      const { newState } = await processPublicMessage(this.state, change.message, psks, suite, allowList)
      await this.#adopt(newState, rosterAfter(this.roster, change, newState.ratchetTree))
    }
    this.#at = this.w.commits.length
  }

  leafOf(participant: string): Leaf {
    const leaf = leafOf(this.roster, fromHex(participant))
    if (leaf === undefined) throw new Error('not inside')
    return leaf
  }

  /** signs signs any body by any key for the group; by default by its own device. */
  signs(kind: Kind, body: Bytes, by = this.me.device): Promise<Bytes> {
    return sign(by, kind, this.roster.place, body)
  }

  /** policy follows the one in force, changed as told. */
  policy(by: Signer, over: Partial<bodies.Policy>): Promise<Bytes> {
    const { body, hash } = policyOf(this.roster)
    const next = { ...body, sequence: body.sequence + 1, previous: hash, ...over }
    return this.signs('policy', bodies.policy(next), by)
  }

  /** admission names one person under the policy in force. */
  admission(by: Signer, admitted: bodies.Admitted, over: Partial<bodies.Admission> = {}): Promise<Bytes> {
    const body = { under: underOf(this.roster), expiry: this.w.clock.now() + 60_000, entries: [admitted], ...over }
    return this.signs('admission', bodies.admission(body), by)
  }

  removal(by: Signer, leaf: Leaf, under = underOf(this.roster)): Promise<Bytes> {
    return this.signs('removal', bodies.removal({ under, ...leaf }), by)
  }

  /** rogue makes a commit of any proposals and statements, past all rules of ours. */
  async rogue(proposals: readonly Proposal[], statements: readonly Bytes[] = [], bend: Bend = {}): Promise<Rogue> {
    const { state = this.state, cipher = suite, time = this.roster.time, extensions = [] } = bend
    const made = await createCommit(
      { state, cipherSuite: cipher, pskIndex: pskIndex(state, this.meeting, this.keys.psk) },
      {
        wireAsPublicMessage: true,
        extraProposals: [...proposals],
        authenticatedData: commitData({ time, statements: statements.map(parse) }),
        groupInfoExtensions: extensions,
      },
    )
    const { welcome } = made
    return {
      ...(await this.signed(writeMessage(made.commit))),
      welcome: welcome ? writeMessage({ version: 'mls10', wireformat: 'mls_welcome', welcome }) : new Uint8Array(),
      tree: writeTree(made.newState.ratchetTree),
      next: made.newState,
    }
  }

  /** signed is any bytes with its word as their author. */
  async signed(commit: Bytes): Promise<{ epoch: number; commit: Bytes; statement: Bytes }> {
    const epoch = Number(this.state.groupContext.epoch)
    return { epoch, commit, statement: await envelope(this.me.device, this.roster.place, epoch, commit) }
  }

  /** commits makes an honest commit. */
  async commits(order: Partial<Order>): Promise<Rogue> {
    const full = { ...nothing, now: this.w.clock.now(), ...order }
    const made = await makeCommit(full, this.state, this.roster, this.keys.psk)
    return { ...made, ...(await this.signed(made.commit)) }
  }

  /**
   * strikes has the server order a commit to everybody. What each made of it: the rule by which it was refused, or 'taken'. A
   * refused one is taken back by the server, so that the meeting goes on.
   */
  async strikes(rogue: Omit<Rogue, 'welcome' | 'tree' | 'next'> & { next?: ClientState }): Promise<string[]> {
    const { w } = this
    const ordered = await w.sealed(rogue)
    const fates: string[] = []
    const refusals: Bytes[] = []
    for (const p of w.inside) {
      const before = p.alarms.length
      const verdict = await p.vault.ordered(ordered)
      const alarm = p.told.filter((h) => h.kind === 'alarm')[before]
      const refused = verdict.refusal.length > 0
      if (refused) refusals.push(verdict.refusal)
      fates.push(refused ? (alarm?.detail ?? 'no alarm') : 'taken')
    }
    if (refusals.length > 0) for (const p of w.inside) await p.vault.reopened(rogue.epoch, this.id, refusals)
    else if (rogue.next) {
      const change = await gate(rogue.commit, this.state, this.roster)
      await this.#adopt(rogue.next, rosterAfter(this.roster, change, rogue.next.ratchetTree))
      w.epoch++
    }
    return fates
  }

  /** founds is a group of its own, dressed in another's roster. */
  async founds(state: ClientState, roster: Roster): Promise<void> {
    await this.#adopt(state, roster)
  }

  /** secretly takes a commit that nobody else gets. */
  async secretly({ commit, next }: Rogue): Promise<void> {
    const change = await gate(commit, this.state, this.roster)
    await this.#adopt(next, rosterAfter(this.roster, change, next.ratchetTree))
  }

  /** reads opens what another member said, as far as the group's own keys open it. */
  async reads({ message }: { message: Bytes }): Promise<Bytes> {
    const outer = readMessage(message)
    if (outer.wireformat !== 'mls_private_message') throw new Error('no PrivateMessage')
    const psks = pskIndex(this.state, this.meeting, this.keys.psk)
    const heard = await processPrivateMessage(this.state, outer.privateMessage, psks, suite, allowList)
    if (heard.kind !== 'applicationMessage') throw new Error('no message')
    this.#state = heard.newState
    return plain(heard.message)
  }

  /** says seals anything for everybody. */
  async says(content: Content): Promise<{ epoch: number; message: Bytes }> {
    const made = await createApplicationMessage(this.state, said(content), suite)
    this.#state = made.newState
    const message = writeMessage({
      version: 'mls10',
      wireformat: 'mls_private_message',
      privateMessage: made.privateMessage,
    })
    return { epoch: Number(this.state.groupContext.epoch), message }
  }

  /** head is its word for the epoch in which it is. */
  async head(): Promise<{ epoch: number; message: Bytes }> {
    const epoch = Number(this.state.groupContext.epoch)
    const authenticator = plain(this.state.keySchedule.epochAuthenticator).slice()
    const hash = await rosterHash(this.roster)
    const body = { epoch, authenticator, under: underOf(this.roster), rosterHash: hash }
    const statement = await this.signs('head', bodies.head({ ...body, time: this.w.clock.now() }))
    return this.says({ kind: 'head', statement })
  }

  /** info is what a Welcome tells of the group, with a newcomer's admission, changed as told. */
  info(words: readonly Statement[], over: Partial<RosterData> = {}): Extension {
    const { roster } = this
    const admissions = [...admissionsOf([...roster.leaves.values(), ...roster.away]), ...words]
    const { time, spent, away } = roster
    const policies = roster.policies.map((p) => p.statement)
    const data = { policies, admissions, names: [], time, spent, away, ...over }
    return { extensionType: rosterExtension, extensionData: rosterData(data) }
  }
}

export const add = (keyPackage: Bytes): Proposal => ({
  proposalType: 'add',
  add: { keyPackage: readKeyPackage(keyPackage) },
})

export const remove = (leaf: Leaf): Proposal => ({ proposalType: 'remove', remove: { removed: leaf.leaf } })

export const psk = (pskId: Bytes, pskNonce = random(32)): Proposal => ({
  proposalType: 'psk',
  psk: { preSharedKeyId: { psktype: 'external', pskId, pskNonce } },
})

/** packageWith is a KeyPackage whose credential names another inbox; its device vouches for it all the same. */
export async function packageWith(meeting: Bytes, who: Member, inbox: Bytes): Promise<Member> {
  const pair = await suite.signature.keygen()
  const { participant, device } = who
  const body = bodies.leaf({ participant, signatureKey: plain(pair.publicKey), inbox })
  const { signature } = parse(await sign(device, 'leaf', { meeting, group: new Uint8Array(32) }, body))
  const identity = bytes(participant, device.publicKey, inbox, signature)
  const { lifetime } = who.own.keyPackage.leafNode
  const credential = { credentialType: 'basic' as const, identity }
  const made = await generateKeyPackageWithKey(credential, capabilities, lifetime, [], pair, suite)
  const own = { ...who.own, keyPackage: made.publicPackage, keys: made.privatePackage }
  return { ...who, own, admitted: { ...who.admitted, reference: await referenceOf(made.publicPackage) } }
}

/** packageOf is somebody's KeyPackage on the wire. */
export const packageOf = (who: Member): Bytes => writeKeyPackage(who.own.keyPackage)

/** picture is what everybody inside sees, to be compared. */
export function picture(w: World): unknown {
  return w.inside.map((p) => ({
    epoch: p.epoch,
    members: p.members.map((m) => [m.participant, m.device, m.name, m.role]),
    rules: p.rules,
    digits: p.digits,
  }))
}
