/** The critical rules of PROTOCOL.md, each played as its attack against real vaults. */
import { describe, expect, test } from 'vitest'
import { createGroup } from 'ts-mls/clientState.js'
import type { ClientState } from 'ts-mls/clientState.js'
import type { LeafNode } from 'ts-mls/leafNode.js'
import { configFor } from '../group/credential'
import { contextData } from '../group/forms'
import { suite } from '../group/suite'
import * as bodies from '../keys/bodies'
import { fromHex } from '../keys/bytes'
import type { Signer } from '../keys/derive'
import { parse } from '../keys/statement'
import { member } from '../testkit/group'
import { context } from '../testkit/invitation'
import { add, deviceOf, Liar, packageOf, packageWith, picture, psk, remove } from '../testkit/liar'
import { challenge, chats, type Person } from '../testkit/meeting'
import type { Bytes } from '../vault'
import { admitted, all, refusedBy, sound, stage, type Stage } from '../testkit/stage'

async function refuses(zoe: Person, how: { welcome: Bytes; tree: Bytes }, word: Bytes, rule: string): Promise<void> {
  await expect(zoe.vault.join(how.welcome, how.tree, word)).rejects.toMatchObject({
    detail: expect.stringContaining(rule) as string,
  })
  expect(zoe.alarms).toEqual(['welcome_refused'])
  expect([zoe.members, zoe.outbox]).toEqual([[], []])
  expect(await zoe.vault.frames.seal('microphone', 'audio', sound)).toBeNull()
}

describe('C1: a counterfeit group', () => {
  /** counterfeit is a group of the outsider's own: the same id and extension, the true chain, the true admissions. */
  async function counterfeit(s: Stage, as: Bytes): Promise<Liar> {
    const outsider = await Liar.outside(s.w, 'Ada', undefined, as)
    const ours = [context(contextData(s.mallory.meeting, s.w.booked.hostKey))]
    const { own } = outsider.me
    const { group } = s.mallory.roster.place
    const state = await createGroup(group, own.keyPackage, own.keys, ours, suite, configFor(outsider.meeting))
    await outsider.founds(state, s.mallory.roster)
    return outsider
  }

  test('C1: an outsider and the server, with the code, the true chain and the true admission, win no guest', async () => {
    const s = await stage()
    const { zoe, fields, admission } = await admitted(s.w)
    const host = fromHex(s.w.host.id)
    const outsider = await counterfeit(s, host) // it even calls itself the host
    const extensions = [outsider.info([parse(admission)])]
    const made = await outsider.rogue([add(fields.keyPackage), psk(outsider.meeting)], [admission], { extensions })
    await refuses(zoe, made, admission, 'a leaf that nobody admitted')
  })

  test('C1: without the code the server cannot even name a PSK away', async () => {
    const s = await stage()
    const { zoe, fields, admission } = await admitted(s.w)
    const extensions = [s.mallory.info([parse(admission)])]
    const none = await s.mallory.rogue([add(fields.keyPackage)], [admission], { extensions })
    await refuses(zoe, none, admission, 'number of PSKs')
  })

  test('C1: a member’s second, secret commit holds a guest who shows and sends nothing, and leaves', async () => {
    const s = await stage()
    const { zoe, fields, admission } = await admitted(s.w)
    const one = { participant: fromHex(zoe.id), keyPackage: fields.keyPackage, statement: admission }
    const secret = await s.mallory.commits({ adds: [one] }) // sound in every part, but ordered for nobody
    await zoe.vault.join(secret.welcome, secret.tree, admission) // every leaf in it is true
    await s.mallory.secretly(secret)
    const head = await s.mallory.head()
    expect(await zoe.vault.hear(head.epoch, head.message)).toMatchObject({ kind: 'head' }) // it fits
    expect(zoe.alarms).toEqual([])
    await s.w.order(await s.w.made(s.w.host, {})) // the meeting goes on without them
    for (const h of s.w.host.outbox) await zoe.vault.hear(h.epoch, h.message)
    await expect(zoe.vault.say('is anybody here?', all)).rejects.toMatchObject({ code: 'unconfirmed' })
    expect(await zoe.vault.frames.seal('microphone', 'audio', sound)).toBeNull()
    expect(zoe.members).toEqual([])
    s.w.clock.advance(10_000)
    expect(zoe.told.map((h) => h.kind)).toContain('unconfirmed')
    expect(zoe.confirmed()).toBe(false)
  })

  test('C1: a second leaf with Priya’s inbox, for a host’s stolen signature, is refused by members and guest', async () => {
    const s = await stage()
    const { zoe, fields, admission } = await admitted(s.w)
    const { meeting } = s.mallory
    const twin = await packageWith(meeting, await member(meeting, 'Kim'), s.mallory.leafOf(s.priya.id).inbox)
    const word = await s.mallory.admission(await deviceOf(s.w.host), twin.admitted)
    const extensions = [s.mallory.info([parse(admission), parse(word)])]
    const proposals = [add(fields.keyPackage), add(packageOf(twin)), psk(meeting)]
    const made = await s.mallory.rogue(proposals, [admission, word], { extensions })
    expect(await s.mallory.strikes(made)).toEqual(refusedBy(s.w, 'two leaves with one key or name'))
    await refuses(zoe, made, admission, 'two leaves with one key or name')
  })
})

describe('C2: a seat that is another’s', () => {
  /** stealing is a rejoin for Priya's seat by a device of Mallory's; over changes what it says. */
  async function stealing(s: Stage, over: Partial<bodies.Rejoin> = {}, device?: Signer): Promise<string[]> {
    const { mallory, priya } = s
    const old = mallory.leafOf(priya.id)
    const thief = await member(mallory.meeting, 'Priya', device, old.participant)
    const pair = { epoch: 0, authenticator: new Uint8Array(32) }
    const { participant, signatureKey } = old
    const body = { participant, signatureKey, reference: thief.admitted.reference, pair, ...over }
    const word = await mallory.signs('rejoin', bodies.rejoin(body), thief.device)
    return mallory.strikes(await mallory.rogue([remove(old), add(packageOf(thief)), psk(mallory.meeting)], [word]))
  }

  test('C2: a rejoin that another device signed takes nobody’s seat, lock or not', async () => {
    const s = await stage()
    const before = picture(s.w)
    expect(await stealing(s)).toEqual(refusedBy(s.w, 'a rejoin of nobody who is out'))
    expect(picture(s.w)).toEqual(before)
    await s.w.change(s.w.host, { kind: 'lock', on: true })
    await s.mallory.follows()
    expect(await stealing(s)).toEqual(refusedBy(s.w, 'a rejoin of nobody who is out'))
    await s.w.chat(s.priya, 'still me')
    expect(chats(s.bob)).toEqual(['still me'])
  })

  test('C2: who is in the host’s admission is who comes, with that device', async () => {
    const s = await stage()
    const { fields, admission } = await admitted(s.w)
    const { mallory } = s
    const kim = await member(mallory.meeting, 'Zoe', undefined, fromHex(fields.participant))
    const other = await mallory.rogue([add(packageOf(kim)), psk(mallory.meeting)], [admission])
    expect(await mallory.strikes(other)).toEqual(refusedBy(s.w, 'an Add without admission'))
    const honest = bodies.readAdmission(parse(admission).body).entries[0]
    if (!honest) throw new Error('nobody admitted')
    const mixed = { ...honest, reference: kim.admitted.reference } // the host's name, a stranger's KeyPackage
    const word = await mallory.admission(await deviceOf(s.w.host), mixed)
    const second = await mallory.rogue([add(packageOf(kim)), psk(mallory.meeting)], [word])
    expect(await mallory.strikes(second)).toEqual(refusedBy(s.w, 'an Add of somebody else than admitted'))
  })

  test('C2: a rejoin is good once', async () => {
    const s = await stage()
    const fields = await s.bob.vault.rejoin(challenge)
    if (fields === null) throw new Error('no seat')
    const old = s.mallory.leafOf(s.bob.id)
    s.w.inside.splice(s.w.inside.indexOf(s.bob), 1)
    const { statement, keyPackage } = fields
    const first = await s.mallory.rogue([remove(old), add(keyPackage), psk(s.mallory.meeting)], [statement])
    expect(await s.mallory.strikes(first)).toEqual(['taken', 'taken'])
    const now = s.mallory.leafOf(s.bob.id)
    const again = await s.mallory.rogue([remove(now), add(keyPackage), psk(s.mallory.meeting)], [statement])
    expect(await s.mallory.strikes(again)).toEqual(refusedBy(s.w, 'a rejoin of nobody who is out'))
  })
})

describe('C3: a path that changes who the sender is', () => {
  /** disguised is Mallory's own state in which her leaf looks otherwise. */
  function disguised({ mallory }: Stage, over: Partial<LeafNode>): ClientState {
    const at = 2 * mallory.leafOf(mallory.id).leaf
    const { ratchetTree } = mallory.state
    const node = ratchetTree[at]
    if (node?.nodeType !== 'leaf') throw new Error('no leaf')
    return {
      ...mallory.state,
      ratchetTree: ratchetTree.with(at, { ...node, leaf: { ...node.leaf, ...over } as LeafNode }),
    }
  }

  const rule = 'the path changes who the sender is'

  test.each<[string, (s: Stage) => Promise<Partial<LeafNode>>]>([
    ['Priya', (s) => credential(s, s.priya.id)],
    ['the host', (s) => credential(s, s.w.host.id)],
  ])('C3: an empty commit makes nobody %s', async (_, looks) => {
    const s = await stage()
    const before = picture(s.w)
    const state = disguised(s, await looks(s))
    expect(await s.mallory.strikes(await s.mallory.rogue([], [], { state }))).toEqual(refusedBy(s.w, rule))
    expect(picture(s.w)).toEqual(before)
  })

  test.each([
    ['a key that nobody admitted', true],
    ['a key of which its device says nothing', false],
  ])('C3: a seat is not handed to %s', async (_, vouched) => {
    const s = await stage()
    const before = picture(s.w)
    const friend = await member(s.mallory.meeting, 'Mallory', s.mallory.me.device, s.mallory.me.participant)
    const { signaturePublicKey, credential: theirs } = friend.own.keyPackage.leafNode
    const seat = disguised(s, { signaturePublicKey, ...(vouched ? { credential: theirs } : {}) })
    const state = { ...seat, signaturePrivateKey: friend.own.keys.signaturePrivateKey }
    expect(await s.mallory.strikes(await s.mallory.rogue([], [], { state }))).toEqual(refusedBy(s.w, rule))
    expect(picture(s.w)).toEqual(before)
  })

  function credential({ mallory }: Stage, participant: string): Promise<Partial<LeafNode>> {
    const node = mallory.state.ratchetTree[2 * mallory.leafOf(participant).leaf]
    if (node?.nodeType !== 'leaf') throw new Error('no leaf')
    return Promise.resolve({ credential: node.leaf.credential })
  }
})
