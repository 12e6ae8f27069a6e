/** What travels inside MLS messages in our own form: extensions, authenticated data and what is said (protocol/README.md section 3). */
import { FormError, hex, join, Reader, u32, u64, u8, vector, whole } from '../keys/bytes'
import { parseAll, type Statement } from '../keys/statement'
import type { Bytes } from '../vault'
import { admissionsOf, inOrder, spentBytes, type Away, type Roster, type Spent } from './roster'

const version = 1

/** contextData is the one GroupContext extension; it never changes. */
export function contextData(meeting: Bytes, hostKey: Bytes): Bytes {
  return join(u8(version), meeting, hostKey)
}

/** Named opens one name commitment. */
export interface Named {
  readonly participant: Bytes
  readonly salt: Bytes
  readonly padded: Bytes
}

/** RosterData is what a joiner is told in the sealed GroupInfo. */
export interface RosterData {
  readonly policies: readonly Statement[]
  readonly admissions: readonly Statement[]
  readonly names: readonly Named[]
  readonly time: number // of the commit that adds, milliseconds since 1970
  readonly spent: Spent
  readonly away: readonly Gone[] // in the order of their going
}

/** Gone names one who is away; the word for them stands in an admission. */
export type Gone = Pick<Away, 'participant' | 'device' | 'signatureKey'>

const raws = (list: readonly Statement[]): Bytes => vector(4, join(...list.map((s) => s.raw)))

const gone = (list: readonly Gone[]): Bytes =>
  vector(4, join(...list.map((a) => join(a.participant, a.device, a.signatureKey))))

export function rosterData(d: RosterData): Bytes {
  const told = [raws(d.policies), raws(d.admissions), vector(4, names(d.names)), u64(d.time)]
  return join(u8(version), ...told, vector(4, spentBytes(d.spent)), gone(d.away))
}

export function readRosterData(raw: Uint8Array): RosterData {
  return whole(raw, (r) => {
    expectVersion(r)
    const [policies, admissions] = [parseAll(r.vector(4)), parseAll(r.vector(4))]
    const named = readNames(r.vector(4))
    const time = r.u64()
    const spent = new Reader(r.vector(4)).all((one): [string, number] => [hex(one.take(32)), one.u64()])
    const away = new Reader(r.vector(4)).all((one) => ({
      participant: one.take(16),
      device: one.take(32),
      signatureKey: one.take(32),
    }))
    return { policies, admissions, names: named, time, spent: new Map(spent), away }
  })
}

/** stateData is the public part of the roster, for a server that restarted (`revive`, protocol/README.md section 6). */
export function stateData(r: Roster): Bytes {
  const leaves = inOrder(r.leaves).map((l) => join(u32(l.leaf), l.participant, l.device, l.signatureKey))
  const admissions = admissionsOf([...r.leaves.values(), ...r.away])
  const told = [
    raws(r.policies.map((p) => p.statement)),
    raws(admissions),
    vector(4, spentBytes(r.spent)),
    gone(r.away),
  ]
  return join(u8(version), ...told, u64(r.time), vector(4, join(...leaves)))
}

export function names(list: readonly Named[]): Bytes {
  return join(...list.map((n) => join(n.participant, n.salt, n.padded)))
}

export function readNames(raw: Uint8Array): Named[] {
  return new Reader(raw).all((r) => ({ participant: r.take(16), salt: r.take(32), padded: r.take(256) }))
}

/** CommitData is a commit's authenticated_data. */
export interface CommitData {
  readonly time: number // milliseconds since 1970, by the committer's clock
  readonly statements: readonly Statement[]
}

export function commitData(d: CommitData): Bytes {
  return join(u8(version), u64(d.time), vector(4, join(...d.statements.map((s) => s.raw))))
}

export function readCommitData(raw: Uint8Array): CommitData {
  return whole(raw, (r) => {
    expectVersion(r)
    return { time: r.u64(), statements: parseAll(r.vector(4)) }
  })
}

function expectVersion(r: Reader): void {
  if (r.u8() !== version) throw new FormError('version')
}
