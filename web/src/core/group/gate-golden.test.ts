/**
 * protocol/gate.json holds cases of the gate for the server's own: real commits, good and bad, with what the gate says of
 * them. INCAMERA_GATE=write writes it anew; without, it must hold every case that the server can tell.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import * as bodies from '../keys/bodies'
import { hex } from '../keys/bytes'
import { sha256 } from '../keys/derive'
import { sign } from '../keys/statement'
import { adds, form, framing } from '../testkit/gate-dishonest'
import { honest } from '../testkit/gate-honest'
import { world, type Case, type World } from '../testkit/gate-stage'
import { policies, words } from '../testkit/gate-words'
import type { Bytes } from '../vault'
import { rosterAfter } from './effect'
import { stateData } from './forms'
import { gate, Refused } from './gate'
import { pskIndex } from './joiner'
import { processPublicMessage } from 'ts-mls/processMessages.js'
import { allowList } from './gate'
import { suite } from './suite'

const file = resolve(import.meta.dirname, '../../../../protocol/gate.json')
const cases = [...honest, ...framing, ...adds, ...form, ...policies, ...words].filter((c) => c[4] !== 'client')

interface Golden {
  readonly name: string
  readonly meeting: string // hex, as host key, group and by
  readonly hostKey: string
  readonly group: string
  readonly epoch: number
  readonly state: string // base64, as all that follows: the public part of the roster before the commit
  readonly by: string // the committer's participant id
  readonly commit: string
  readonly envelope: string
  readonly verdict: string // the rule that it breaks, '' for none
  readonly after: string // the public part of the roster after it, '' unless let through and true MLS
}

const base64 = (b: Uint8Array): string => Buffer.from(b).toString('base64')

async function golden([name, , on, make]: Case, w: World): Promise<Golden> {
  const { t } = w[on]
  const commit = await make(w[on])
  const { state, roster } = t.adas
  const epoch = Number(state.groupContext.epoch)
  const body = bodies.envelope({ epoch, hash: await sha256(commit) })
  return {
    name,
    meeting: hex(t.meeting),
    hostKey: hex(t.host.host.publicKey),
    group: hex(roster.place.group),
    epoch,
    state: base64(stateData(roster)),
    by: hex(t.bob.participant),
    commit: base64(commit),
    envelope: base64(await sign(t.bob.device, 'commit', roster.place, body)),
    ...(await judged(commit, t)),
  }
}

async function judged(commit: Bytes, t: World['plain']['t']): Promise<Pick<Golden, 'verdict' | 'after'>> {
  const { state, roster } = t.adas
  try {
    const change = await gate(commit, state, roster)
    const psks = pskIndex(state, t.meeting, t.psk)
    const next = await processPublicMessage(state, change.message, psks, suite, allowList).catch(() => null)
    const after = next && next.actionTaken === 'accept' ? rosterAfter(roster, change, next.newState.ratchetTree) : null
    return { verdict: '', after: after ? base64(stateData(after)) : '' }
  } catch (e) {
    if (!(e instanceof Refused)) throw e
    return { verdict: e.message.startsWith('not of the right form') ? 'not of the right form' : e.message, after: '' }
  }
}

test.runIf(process.env['INCAMERA_GATE'] === 'write')('the cases are written', async () => {
  const w = await world()
  const list: Golden[] = []
  for (const one of cases) list.push(await golden(one, w))
  writeFileSync(file, JSON.stringify(list, null, 2) + '\n')
})

test('protocol/gate.json holds every case with its rule', () => {
  const kept = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Golden[]) : []
  expect(kept.map((g) => [g.name, g.verdict])).toEqual(cases.map(([name, rule]) => [name, rule]))
})
