/** Making commits. What is made goes through the same gate as what others make. */
import type { ClientState } from 'ts-mls/clientState.js'
import { createCommit } from 'ts-mls/createCommit.js'
import type { KeyPackage } from 'ts-mls/keyPackage.js'
import type { Proposal } from 'ts-mls/proposal.js'
import { equal, FormError, hex, random } from '../keys/bytes'
import { commitmentTo } from '../keys/names'
import { parse, type Statement } from '../keys/statement'
import type { Bytes } from '../vault'
import { coverAdds, coverRemoves, kinds, policiesIn, type Added, type Trial } from './covers'
import { awayAfter, spentAfter, type Change } from './effect'
import { commitData, rosterData, type Named } from './forms'
import { gate, Refused, unique } from './gate'
import { pskIndex } from './joiner'
import { readKeyPackage, rosterExtension, writeMessage, writeTree } from './mls'
import { extend } from './policy'
import { must, refusing } from './refused'
import { admissionsOf, leafOf, type Away, type Chain, type Leaf, type Roster } from './roster'
import { suite } from './suite'

/** Order is what a commit is to do; an empty one renews the sender's path. */
export interface Order {
  readonly policies: readonly Bytes[] // all of them are carried
  readonly consents: readonly Bytes[]
  readonly adds: readonly { readonly participant: Bytes; readonly keyPackage: Bytes; readonly statement: Bytes }[] // admission or rejoin
  readonly removes: readonly { readonly participant: Bytes; readonly statement: Bytes }[] // empty statement: absence
  readonly names: readonly Named[] // all that are known, of those inside and those who come
  readonly now: number
}

/** Made is a commit that waits to be ordered by the server. */
export interface Made {
  readonly commit: Bytes
  readonly welcome: Bytes // empty without Adds
  readonly tree: Bytes
  readonly left: readonly Bytes[] // participants of the order whom this commit cannot add
  readonly next: ClientState
  readonly change: Change
  readonly consumed: Uint8Array[] // secrets to wipe once next is adopted
}

/** Base is what a commit is made on. */
interface Base {
  readonly state: ClientState
  readonly roster: Roster
  readonly chain: Chain // with the order's policies
  readonly time: number
}

interface Coming extends Added {
  readonly keyPackage: KeyPackage
  readonly statement: Statement
}

interface Going {
  readonly participant: Bytes
  readonly leaf: Leaf | undefined // none for who is away
  readonly statement: Statement | undefined
}

/** makeCommit builds one commit for an order; throws Refused where nothing of it can be done or the gate would refuse it. */
export function makeCommit(order: Order, state: ClientState, roster: Roster, psk: Bytes): Promise<Made> {
  return refusing(async () => {
    const policies = policiesIn(order.policies.map(parse))
    must(policies.length === order.policies.length, 'a statement of another kind')
    const chain = await extend(roster.policies, policies, roster.place, roster.hostKey)
    const base = { state, roster, chain, time: Math.max(order.now, roster.time) }
    const { coming, going } = await people(order, base)
    const wanted = order.policies.length + order.adds.length + order.removes.length
    must(policies.length + coming.length + going.length > 0 || wanted === 0, 'nothing that can be done')
    const statements = inTurn([
      ...policies,
      ...order.consents.map(parse),
      ...coming.map((c) => c.statement),
      ...going.flatMap((g) => g.statement ?? []),
    ])
    const removed = going.flatMap((g) => g.leaf ?? [])
    const trial: Trial = { ...base, statements, removed, uses: new Set() }
    const proposals: Proposal[] = [
      ...removed.map((leaf): Proposal => ({ proposalType: 'remove', remove: { removed: leaf.leaf } })),
      ...coming.map((c): Proposal => ({ proposalType: 'add', add: { keyPackage: c.keyPackage } })),
      ...(coming.length > 0 ? [pskProposal(roster.place.meeting)] : []),
    ]
    const told = coming.length > 0 ? [await info(trial, coming, order.names)] : []
    const made = await build(base, proposals, told, statements, psk)
    const came = coming.map((c) => c.admitted.participant)
    const left = order.adds.map((a) => a.participant).filter((p) => !came.some((c) => equal(c, p)))
    return { ...made, left, change: await gate(made.commit, state, roster) }
  })
}

async function build(
  { state, roster, time }: Base,
  extraProposals: Proposal[],
  told: readonly Bytes[],
  statements: readonly Statement[],
  psk: Bytes,
): Promise<Omit<Made, 'left' | 'change'>> {
  const made = await createCommit(
    { state, cipherSuite: suite, pskIndex: pskIndex(state, roster.place.meeting, psk) },
    {
      wireAsPublicMessage: true,
      extraProposals,
      authenticatedData: commitData({ time, statements }),
      groupInfoExtensions: told.map((extensionData) => ({ extensionType: rosterExtension, extensionData })),
    },
  )
  const { welcome } = made
  return {
    commit: writeMessage(made.commit),
    welcome: welcome ? writeMessage({ version: 'mls10', wireformat: 'mls_welcome', welcome }) : new Uint8Array(),
    tree: welcome ? writeTree(made.newState.ratchetTree) : new Uint8Array(),
    next: made.newState,
    consumed: made.consumed,
  }
}

/** people finds who can come and who goes; what cannot be done is passed over. */
async function people(order: Order, base: Base): Promise<{ coming: Coming[]; going: Going[] }> {
  const { state, roster } = base
  const asked = await leavesToGo(order.removes, base)
  const coming: Coming[] = []
  const returning: Going[] = []
  for (const a of order.adds) {
    const one = await comes(a, base)
    const leaf = leafOf(roster, a.participant)
    const ended = one?.rejoin && asked.some((g) => g.statement !== undefined && equal(g.participant, a.participant))
    if (one === null || ended || leaf?.leaf === state.privatePath.leafIndex) continue
    const gone = [...returning, { leaf }].flatMap((g) => g.leaf ?? [])
    const packages = [...coming, one].map((c) => c.keyPackage)
    if (
      !fits(() => {
        unique(state, roster, gone, packages)
      })
    )
      continue
    coming.push(one)
    if (leaf) returning.push({ participant: a.participant, leaf, statement: undefined })
  }
  const onlyReturns = (g: Going): boolean =>
    g.statement === undefined && order.adds.some((a) => equal(a.participant, g.participant))
  const going = asked.filter((g) => !onlyReturns(g))
  const backs = returning.filter((g) => !going.some((o) => o.leaf === g.leaf))
  return { coming, going: [...going, ...backs] }
}

function fits(check: () => void): boolean {
  try {
    check()
    return true
  } catch {
    return false
  }
}

/** comes checks one Add by itself, so that one bad KeyPackage does not keep others out; null for what the gate would refuse. */
async function comes(a: Order['adds'][number], base: Base): Promise<Coming | null> {
  try {
    const keyPackage = readKeyPackage(a.keyPackage)
    const statement = parse(a.statement)
    const leaf = leafOf(base.roster, a.participant)
    const trial: Trial = { ...base, statements: [statement], removed: leaf ? [leaf] : [], uses: new Set() }
    const [added] = await coverAdds([keyPackage], trial)
    if (added === undefined || !equal(added.admitted.participant, a.participant)) return null
    await coverRemoves([added], trial)
    const barred = base.chain[base.chain.length - 1]?.body.barred ?? []
    return barred.some((b) => equal(b, added.admitted.device)) ? null : { ...added, keyPackage, statement }
  } catch {
    return null
  }
}

/** leavesToGo: whom the order removes and who is still inside, or away and removed. Nobody removes itself; a removal that does not hold is passed over. */
async function leavesToGo(removes: Order['removes'], base: Base): Promise<Going[]> {
  const { roster, state } = base
  const going = new Map<string, Going>()
  for (const { participant, statement: raw } of removes) {
    const leaf = leafOf(roster, participant)
    if (leaf?.leaf === state.privatePath.leafIndex) continue
    try {
      const statement = raw.length > 0 ? parse(raw) : undefined
      const covers = statement !== undefined && (await covered(statement, leaf, base))
      if (leaf || covers) going.set(hex(participant), { participant, leaf, statement: covers ? statement : undefined })
    } catch (e) {
      if (!(e instanceof Refused || e instanceof FormError)) throw e
    }
  }
  return [...going.values()]
}

/** covered: a removal or leave that names an older leaf of the same person says nothing of this one. */
async function covered(statement: Statement, leaf: Leaf | undefined, base: Base): Promise<boolean> {
  const trial: Trial = { ...base, statements: [statement], removed: leaf ? [leaf] : [], uses: new Set() }
  await coverRemoves([], trial)
  return trial.uses.has(statement)
}

/** info is what joiners are told, sealed: the policies, who is inside or away by whose word, and every name that fits. */
async function info(t: Trial, coming: readonly Coming[], names: readonly Named[]): Promise<Bytes> {
  const { removed, forgotten } = await coverRemoves(coming, t)
  const staying: Away[] = [...t.roster.leaves.values()].filter((l) => !t.removed.includes(l))
  const newcomers = coming.map((c): Away => {
    const { participant, device } = c.admitted
    const word = { commitment: c.admitted.commitment, role: c.admitted.role, admission: c.admission }
    return { participant, device, signatureKey: c.signatureKey, ...word }
  })
  const inside = [...staying, ...newcomers]
  const away = awayAfter(t, coming, removed, forgotten)
  const fitting = new Map<string, Named>()
  for (const n of names) {
    const one = inside.find((l) => equal(l.participant, n.participant))
    if (one && equal(one.commitment, await commitmentTo(n.salt, n.padded))) fitting.set(hex(n.participant), n)
  }
  return rosterData({
    policies: t.chain.map((p) => p.statement),
    admissions: admissionsOf([...inside, ...away]),
    names: [...fitting.values()],
    time: t.time,
    spent: spentAfter(t.roster, coming, t.time),
    away,
  })
}

function pskProposal(meeting: Bytes): Proposal {
  const preSharedKeyId = { psktype: 'external' as const, pskId: meeting, pskNonce: random(32) }
  return { proposalType: 'psk', psk: { preSharedKeyId } }
}

/** inTurn puts statements into the order that the gate asks for, each once. */
function inTurn(list: readonly Statement[]): Statement[] {
  const once = new Map(list.map((s) => [hex(s.raw), s]))
  return [...once.values()].sort((a, b) => kinds.indexOf(a.kind) - kinds.indexOf(b.kind))
}
