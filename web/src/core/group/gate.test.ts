import { beforeAll, describe, expect, test } from 'vitest'
import { mlsExporter } from 'ts-mls/keySchedule.js'
import { processPublicMessage } from 'ts-mls/processMessages.js'
import { random } from '../keys/bytes'
import { adds, form, framing } from '../testkit/gate-dishonest'
import { honest } from '../testkit/gate-honest'
import { removal, world, type World } from '../testkit/gate-stage'
import { policies, words } from '../testkit/gate-words'
import { none, nothing, type Trio } from '../testkit/group'
import { makeCommit } from './commit'
import { allowList, gate, rosterAfter } from './gate'
import { pskIndex } from './joiner'
import { readMessage, writeKeyPackage } from './mls'
import { leafOf } from './roster'
import { suite } from './suite'

let w: World
let t: Trio

beforeAll(async () => {
  w = await world()
  t = w.plain.t
})

const refused = [...framing, ...adds, ...form, ...policies, ...words].map(([name, rule, on, commit]) => ({
  name,
  rule,
  on,
  commit,
}))

test.each(refused)('refused: $name', async ({ rule, on, commit }) => {
  const raw = await commit(w[on])
  const { state, roster } = w[on].t.adas
  await expect(gate(raw, state, roster)).rejects.toThrow(rule)
})

test.each(honest.map(([name, , on, commit]) => ({ name, on, commit })))(
  'let through: $name',
  async ({ on, commit }) => {
    const raw = await commit(w[on])
    const { state, roster } = w[on].t.adas
    const change = await gate(raw, state, roster)
    expect(change.sender.device).toEqual(t.bob.device.publicKey)
  },
)

describe('what a commit does', () => {
  async function change(name: string): Promise<Awaited<ReturnType<typeof gate>>> {
    const found = honest.find((c) => c[0] === name)
    if (found === undefined) throw new Error(name)
    const stage = w[found[2]]
    return gate(await found[3](stage), stage.t.adas.state, stage.t.adas.roster)
  }

  test.each([
    ['a removal by a host', 'removed', 0],
    ['a removal with its bar', 'removed', 0],
    ['a leave', 'left', 0],
    ['an absence', 'absent', 1],
    ['a return in place of a live leaf', 'back', 0],
    ['an admission in place of a live leaf', 'back', 0],
  ])('%s: %s', async (name, how, away) => {
    const { removed, away: gone } = await change(name)
    expect([removed.map((r) => r.how), gone.length]).toEqual([[how], away])
  })

  test.each([
    'a return of who is away',
    'a removal of who is away',
    'a bar of who is away',
    'an admission of who is away',
  ])('%s ends the absence', async (name) => {
    expect(w.away.t.adas.roster.away.length).toBe(1)
    expect((await change(name)).away).toEqual([])
  })

  test('a return keeps name, role and admission', async () => {
    const { added } = await change('a return through a lock')
    const before = leafOf(w.locked.t.adas.roster, t.eve.participant)
    expect(added[0]?.rejoin).toBe(true)
    expect(added[0]?.pair).toEqual({ epoch: 0, authenticator: new Uint8Array(32) })
    expect(added[0]?.admitted.commitment).toEqual(before?.commitment)
    expect(added[0]?.admission.raw).toEqual(before?.admission.raw)
  })

  test('absences go away in the order of the commit', async () => {
    const { away } = await change('two absences')
    expect(away.map((a) => a.participant)).toEqual([t.eve.participant, t.ada.participant])
  })

  test('policies are told with their signers', async () => {
    const { policies: taken } = await change('a lock by a co-host')
    expect(taken.map((p) => p.statement.signer)).toEqual([t.eve.device.publicKey])
  })
})

describe('the library', () => {
  test('takes a promise of a refusal for a yes: our list answers at once', async () => {
    const m = readMessage(w.plain.base)
    if (m.wireformat !== 'mls_public_message') throw new Error('no commit')
    const late = (() => Promise.resolve('reject')) as unknown as typeof allowList
    const psks = pskIndex(t.adas.state, t.meeting, t.psk)
    const tricked = await processPublicMessage(t.adas.state, m.publicMessage, psks, suite, late)
    expect(tricked.newState.groupContext.epoch).toBe(t.adas.state.groupContext.epoch + 1n)
    const custom = { proposal: { proposalType: 0xf001, proposalData: none }, senderLeafIndex: 1 }
    expect(allowList({ kind: 'commit', senderLeafIndex: 1 as never, proposals: [custom] })).toBe('reject')
    expect(allowList({ kind: 'commit', senderLeafIndex: undefined, proposals: [] })).toBe('reject')
    expect(allowList({ kind: 'proposal', proposal: custom })).toBe('reject')
    expect(allowList({ kind: 'commit', senderLeafIndex: 1 as never, proposals: [] })).toBe('accept')
  })

  test('puts a path on every Remove, and whoever was removed does not derive the next epoch', async () => {
    for (const statement of [none, await removal(w.plain, t.ada.device, t.eve)]) {
      const removes = [{ participant: t.eve.participant, statement }]
      const made = await makeCommit({ ...nothing, removes, now: t.now }, t.bobs.state, t.bobs.roster, t.psk)
      const m = readMessage(made.commit)
      if (m.wireformat !== 'mls_public_message' || m.publicMessage.content.contentType !== 'commit')
        throw new Error('no commit')
      expect(m.publicMessage.content.commit.path).toBeDefined()
      const process = (state: Trio['eves']['state']): ReturnType<typeof processPublicMessage> =>
        processPublicMessage(state, m.publicMessage, pskIndex(state, t.meeting, t.psk), suite, allowList)
      const stays = await process(t.adas.state)
      const goes = await process(t.eves.state).catch(() => null)
      const key = (state: Trio['eves']['state']): Promise<Uint8Array> =>
        mlsExporter(state.keySchedule.exporterSecret, 'SFrame 1.0 Base Key', none, 16, suite)
      expect(await key(stays.newState)).toEqual(await key(made.next))
      if (goes !== null) {
        expect(await key(goes.newState)).toEqual(await key(t.eves.state)) // still the old one
        expect(goes.newState.groupActiveState.kind).toBe('removedFromGroup')
      }
      expect(rosterAfter(t.bobs.roster, made.change, made.next.ratchetTree).leaves.size).toBe(2)
    }
  })

  test('lets nobody in who lacks the code', async () => {
    const { kim, word } = w.plain
    const keyPackage = writeKeyPackage(kim.own.keyPackage)
    const adding = [{ participant: kim.participant, keyPackage, statement: word.raw }]
    const order = { ...nothing, adds: adding, now: t.now }
    const made = await makeCommit(order, t.bobs.state, t.bobs.roster, random(32))
    const m = readMessage(made.commit)
    if (m.wireformat !== 'mls_public_message') throw new Error('no commit')
    const psks = pskIndex(t.adas.state, t.meeting, t.psk)
    await expect(processPublicMessage(t.adas.state, m.publicMessage, psks, suite, allowList)).rejects.toThrow()
  })
})
