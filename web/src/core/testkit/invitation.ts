/** Welcomes as a malicious committer with the group's keys can make them, for tests of the joiner. */
import { createGroup, makePskIndex, type ClientState } from 'ts-mls/clientState.js'
import { createCommit } from 'ts-mls/createCommit.js'
import type { Extension } from 'ts-mls/extension.js'
import type { Proposal } from 'ts-mls/proposal.js'
import { bytesToBase64 } from 'ts-mls/util/byteArray.js'
import { configFor } from '../group/credential'
import { commitData, contextData, rosterData, type RosterData } from '../group/forms'
import { contextExtension, rosterExtension, writeMessage, writeTree } from '../group/mls'
import { admissionsOf, leafOf } from '../group/roster'
import { suite } from '../group/suite'
import { random } from '../keys/bytes'
import type { Statement } from '../keys/statement'
import type { Bytes } from '../vault'
import type { Member, Trio } from './group'

export interface Invitation {
  readonly welcome: Bytes
  readonly tree: Bytes
  readonly word: Bytes
}

function pskOf(pskId: Bytes): Proposal {
  return { proposalType: 'psk', psk: { preSharedKeyId: { psktype: 'external', pskId, pskNonce: random(32) } } }
}

/** info is the true roster with a newcomer, changed as told. */
export function info(t: Trio, guest: Member, words: readonly Statement[], over: Partial<RosterData> = {}): Extension {
  const { roster } = t.adas
  const admissions = [...admissionsOf([...roster.leaves.values(), ...roster.away]), ...words]
  const inside = [t.ada, t.bob, t.eve].filter((m) => leafOf(roster, m.participant) && m.device !== guest.device)
  const names = [...inside, guest].map((m) => m.named)
  const { time, spent, away } = roster
  const data = { policies: roster.policies.map((p) => p.statement), admissions, names, time, spent, away, ...over }
  return { extensionType: rosterExtension, extensionData: rosterData(data) }
}

/** invite adds a guest by a commit of Ada's, or of a counterfeit group. */
export async function invite(
  t: Trio,
  guest: Member,
  word: Bytes,
  over: { state?: ClientState; psks?: readonly Bytes[]; extensions?: Extension[]; removed?: number },
): Promise<Invitation> {
  const { state = t.adas.state, psks = [t.meeting], extensions = [], removed } = over
  const other = new Uint8Array(16).fill(1)
  const known = makePskIndex(state, { [bytesToBase64(t.meeting)]: t.psk, [bytesToBase64(other)]: t.psk })
  const goes: Proposal[] = removed === undefined ? [] : [{ proposalType: 'remove', remove: { removed } }]
  const comes: Proposal = { proposalType: 'add', add: { keyPackage: guest.own.keyPackage } }
  const made = await createCommit(
    { state, cipherSuite: suite, pskIndex: known },
    {
      wireAsPublicMessage: true,
      extraProposals: [...goes, comes, ...psks.map(pskOf)],
      authenticatedData: commitData({ time: t.now, statements: [] }),
      groupInfoExtensions: extensions,
    },
  )
  if (made.welcome === undefined) throw new Error('no Welcome')
  const welcome = writeMessage({ version: 'mls10', wireformat: 'mls_welcome', welcome: made.welcome })
  return { welcome, tree: writeTree(made.newState.ratchetTree), word }
}

export const context = (data: Bytes): Extension => ({ extensionType: contextExtension, extensionData: data })

/** counterfeit is a group of an attacker's own, with anything of it changed. */
export async function counterfeit(
  t: Trio,
  over: { group?: Bytes; extensions?: Extension[]; by?: Member },
): Promise<ClientState> {
  const { own } = over.by ?? t.ada
  const ours = [context(contextData(t.meeting, t.host.host.publicKey))]
  const group = over.group ?? t.adas.roster.place.group
  return createGroup(group, own.keyPackage, own.keys, over.extensions ?? ours, suite, configFor(t.meeting))
}
