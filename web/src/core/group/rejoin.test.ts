import { beforeAll, describe, expect, test } from 'vitest'
import type { Extension } from 'ts-mls/extension.js'
import { random } from '../keys/bytes'
import { parse } from '../keys/statement'
import {
  admission,
  expected,
  member,
  moved,
  none,
  nothing,
  policy,
  rejoin,
  trio,
  type Member,
  type Trio,
} from '../testkit/group'
import { info, invite, type Invitation } from '../testkit/invitation'
import type { Bytes } from '../vault'
import { makeCommit } from './commit'
import { rosterAfter } from './gate'
import { Group } from './group'
import { join, type Expected, type Held } from './joiner'
import { writeKeyPackage } from './mls'
import { admissionsOf, leafOf, rosterHash, underOf } from './roster'

let t: Trio // Eve is away
let before: Trio
let eve: Member // Eve with a new KeyPackage
let word: Bytes // her rejoin
let held: Held

beforeAll(async () => {
  before = await trio()
  const locked = await policy(before, before.ada.device, { locked: true })
  const removes = [{ participant: before.eve.participant, statement: none }]
  t = await moved(before, { policies: [locked], removes })
  eve = { ...(await member(t.meeting, 'Eve', t.eve.device, t.eve.participant)), named: t.eve.named }
  word = await rejoin(t, t.eve, eve)
  const { place, policies } = t.adas.roster
  const { commitment } = t.eve.admitted
  held = { group: place.group, generation: policies[0].body.generation, under: underOf(before.adas.roster), commitment }
})

const told = (over: Parameters<typeof info>[3] = {}): Extension => info(t, eve, [], over)

const invited = (own: Bytes = word, over: Parameters<typeof info>[3] = {}): Promise<Invitation> =>
  invite(t, eve, own, { extensions: [told({ away: [], ...over })] })

function accept(i: Invitation, over: Partial<Expected> = {}): ReturnType<typeof join> {
  return join(i.welcome, i.tree, i.word, { ...expected(t, eve), held, ...over })
}

describe('who comes back', () => {
  test('believes a Welcome by its own rejoin, and is who it was', async () => {
    const adds = [{ participant: eve.participant, keyPackage: writeKeyPackage(eve.own.keyPackage), statement: word }]
    const names = [t.ada.named, t.bob.named, t.eve.named]
    const order = { ...nothing, adds, names, now: t.now }
    const made = await makeCommit(order, t.bobs.state, t.bobs.roster, t.psk)
    const bobs = rosterAfter(t.bobs.roster, made.change, made.next.ratchetTree)
    const joined = await accept({ welcome: made.welcome, tree: made.tree, word })
    expect(await rosterHash(joined.roster)).toEqual(await rosterHash(bobs))
    const leaf = leafOf(joined.roster, eve.participant)
    expect(leaf?.commitment).toEqual(t.eve.admitted.commitment)
    expect(joined.names.length).toBe(3)
    expect(joined.roster.away).toEqual([])
  })

  test('believes the same Welcome made otherwise', async () => {
    await expect(accept(await invited())).resolves.toBeDefined()
  })

  test.each<[string, (i: () => Promise<Invitation>) => Promise<unknown>]>([
    [
      'the policy chain does not reach what was held before',
      async (i) => accept(await i(), { held: { ...held, under: { sequence: 2, hash: random(32) } } }),
    ],
    ['an older group', async (i) => accept(await i(), { held: { ...held, group: random(32) } })],
    ['another group', async (i) => accept(await i(), { held: null })],
    ['my name was changed', async (i) => accept(await i(), { held: { ...held, commitment: random(32) } })],
    ['my name was changed', async (i) => accept(await i(), { name: 'Eva' })],
    [
      'the own rejoin is for somebody else',
      async () => accept(await invited(await rejoin(t, t.eve, eve, { reference: random(32) }))),
    ],
    [
      'the own rejoin is for somebody else',
      async () => accept(await invited(await rejoin(t, { ...t.eve, device: t.bob.device }, eve))),
    ],
    ['two of one person', async () => accept(await invited(word, { away: t.adas.roster.away }))],
    ['no policy', async () => accept(await invited(word, { policies: [] }))],
  ])('refuses: %s', async (rule, attempt) => {
    await expect(attempt(() => invited())).rejects.toThrow(rule)
  })
})

describe('a newcomer', () => {
  test('believes the word of who was co-host under the policy that it names', async () => {
    const led = await moved(before, {
      policies: [await policy(before, before.ada.device, { coHosts: [before.eve.device.publicKey] })],
    })
    const kim = await member(led.meeting, 'Kim')
    const byEve = await admission(led, [kim.admitted], { by: led.eve.device })
    const i = await invite(led, kim, byEve, { extensions: [info(led, kim, [parse(byEve)])] })
    await expect(join(i.welcome, i.tree, i.word, expected(led, kim))).resolves.toBeDefined()
    const byBob = await admission(led, [kim.admitted], { by: led.bob.device })
    const bad = await invite(led, kim, byBob, { extensions: [info(led, kim, [parse(byBob)])] })
    await expect(join(bad.welcome, bad.tree, bad.word, expected(led, kim))).rejects.toThrow('no host signed')
  })
})

describe('the group', () => {
  test('tells what a rejoin needs, and keeps the hashes of its commits', async () => {
    const inbox = before.bob.own.inbox
    const group = await Group.start({ ...before.bobs, inbox }, before.psk)
    const epoch = group.epoch
    const { signatureKey, under, pair, generation } = group.standing()
    expect(signatureKey).toEqual(leafOf(before.bobs.roster, before.bob.participant)?.signatureKey)
    expect([under, generation, pair.epoch]).toEqual([underOf(before.bobs.roster), 1, epoch])
    const made = await group.commit({ ...nothing, now: before.now })
    expect(made.left).toEqual([])
    await group.apply(made.commit)
    expect(group.epoch).toBe(epoch + 1)
    expect(group.hashAt(epoch)).toEqual(new Uint8Array(await crypto.subtle.digest('SHA-256', made.commit)))
    expect(group.hashAt(epoch + 1)).toBeUndefined()
  })

  test('says whether the gate refuses a commit, or it does not open', async () => {
    const group = await Group.start({ ...before.adas, inbox: before.ada.own.inbox }, random(32)) // another code
    const { kim, raw } = await addingKim()
    await expect(group.apply(raw)).rejects.toMatchObject({ why: 'opens' })
    await expect(group.apply(none)).rejects.toMatchObject({ why: 'gate' })
    expect(leafOf(group.roster, kim.participant)).toBeUndefined()
  })

  async function addingKim(): Promise<{ kim: Member; raw: Bytes }> {
    const kim = await member(before.meeting, 'Kim')
    const statement = await admission(before, [kim.admitted])
    const adds = [{ participant: kim.participant, keyPackage: writeKeyPackage(kim.own.keyPackage), statement }]
    const made = await makeCommit(
      { ...nothing, adds, now: before.now },
      before.bobs.state,
      before.bobs.roster,
      before.psk,
    )
    return { kim, raw: made.commit }
  }
})

test('of two admissions that name one person, the one that holds is listed last', async () => {
  const { roster } = before.adas
  const [bob, eves] = [before.bob, before.eve].map((m) => leafOf(roster, m.participant))
  if (!bob || !eves) throw new Error('not inside')
  const soon = parse(await admission(before, [before.bob.admitted], { expiry: before.now + 1 })) // newer, but ends earlier
  const listed = admissionsOf([{ ...bob, admission: soon }, eves])
  expect(listed.map((s) => s.raw)).toEqual([eves.admission.raw, soon.raw])
})
