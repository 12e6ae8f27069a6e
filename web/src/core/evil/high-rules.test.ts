/** PROTOCOL.md H6 to H11, each played as its attack against real vaults. */
import { describe, expect, test } from 'vitest'
import type { Proposal } from 'ts-mls/proposal.js'
import { policyOf, type Leaf } from '../group/roster'
import { openFor } from '../group/private'
import { readSaid } from '../group/said'
import * as bodies from '../keys/bodies'
import { hex, random, utf8 } from '../keys/bytes'
import { decode } from '../keys/crockford'
import { hostKeys, type Signer } from '../keys/derive'
import { sign } from '../keys/statement'
import { member } from '../testkit/group'
import { add, deviceOf, Liar, packageOf, picture, psk, remove } from '../testkit/liar'
import { chats } from '../testkit/meeting'
import { keyId } from '../testkit/tap'
import type { Bytes } from '../vault'
import { admitted, hears, refusedBy, sound, speaks, stage, type Stage } from '../testkit/stage'

const hosts = { kind: 'hosts' } as const

/** ruling has Mallory commit a policy that somebody signed, with removals or not. */
async function ruling(s: Stage, by: Signer, over: Partial<bodies.Policy>): Promise<string[]> {
  return s.mallory.strikes(await s.mallory.rogue([], [await s.mallory.policy(by, over)]))
}

/** coHost makes a co-host of somebody. */
async function coHost(s: Stage, participant: string, on = true): Promise<void> {
  await s.w.change(s.ada, { kind: 'co-host', participant, on })
  await s.mallory.follows()
}

const hostKeyOf = async (s: Stage): Promise<Signer> => (await hostKeys(decode(s.w.booked.seed, 32))).host

describe('H6: each power by who has it', () => {
  const beyond = 'a policy beyond what its signer may change'
  const nobody = 'policy signer'

  test('H6: nobody does by signing what the table does not give', async () => {
    const s = await stage()
    const guest = s.mallory.me.device
    const bobs = await deviceOf(s.bob)
    const hostKey = await hostKeyOf(s)
    await coHost(s, s.bob.id)
    const now = policyOf(s.mallory.roster).body
    const before = picture(s.w)
    const [adas, priyas] = [s.ada.id, s.priya.id].map((id) => s.mallory.leafOf(id).device)
    if (!adas || !priyas) throw new Error('nobody')
    const tries: [Signer, Partial<bodies.Policy>, string][] = [
      [guest, { locked: true }, nobody],
      [guest, { coHosts: [...now.coHosts, guest.publicKey].sort(byBytes) }, nobody],
      [guest, { hosts: [...now.hosts, guest.publicKey].sort(byBytes) }, nobody],
      [guest, { barred: [priyas] }, nobody],
      [bobs, { coHosts: [...now.coHosts, priyas].sort(byBytes) }, beyond],
      [bobs, { hosts: [...now.hosts, bobs.publicKey].sort(byBytes), coHosts: [] }, beyond],
      [bobs, { allows: { ...now.allows, share: true } }, beyond],
      [bobs, { label: 1 }, beyond],
      [bobs, { hosts: [bobs.publicKey], coHosts: [] }, beyond],
      [bobs, { recording: 1 }, beyond],
      [hostKey, { locked: true }, beyond],
      [hostKey, { barred: [priyas] }, beyond],
      [hostKey, { label: 1 }, beyond],
    ]
    for (const [by, over, rule] of tries) expect(await ruling(s, by, over)).toEqual(refusedBy(s.w, rule))
    expect(picture(s.w)).toEqual(before)
    expect(await ruling(s, bobs, { barred: [random(32)] })).toEqual(refusedBy(s.w, 'taken')) // what a co-host may
  })

  test('H6: a co-host opens nothing that a host closed: no unlock, no pardon', async () => {
    const s = await stage()
    await coHost(s, s.bob.id)
    const bobs = await deviceOf(s.bob)
    const bad = random(32)
    await s.w.rule([await s.ada.vault.change({ kind: 'bar', device: hex(bad) })])
    await s.mallory.follows()
    expect(await ruling(s, bobs, { locked: true })).toEqual(refusedBy(s.w, 'taken'))
    expect(await ruling(s, bobs, { locked: false })).toEqual(refusedBy(s.w, beyond))
    expect(await ruling(s, bobs, { barred: [] })).toEqual(refusedBy(s.w, beyond))
    for (const p of s.w.inside) expect(p.rules).toMatchObject({ locked: true, barred: [{ device: hex(bad) }] })
  })

  test('H6: nobody but the host key takes out a host, and a guest takes out nobody', async () => {
    const s = await stage()
    await coHost(s, s.bob.id)
    await s.w.rule([await s.ada.vault.change({ kind: 'host', participant: s.priya.id })])
    await s.mallory.follows()
    const [adas, bobs] = [s.mallory.leafOf(s.ada.id), s.mallory.leafOf(s.bob.id)]
    const removes = async (by: Signer, leaf: Leaf): Promise<string[]> =>
      s.mallory.strikes(await s.mallory.rogue([remove(leaf)], [await s.mallory.removal(by, leaf)]))
    for (const by of [await deviceOf(s.bob), await deviceOf(s.priya)])
      expect(await removes(by, adas)).toEqual(refusedBy(s.w, 'a removal of a host'))
    expect(await removes(s.mallory.me.device, bobs)).toEqual(refusedBy(s.w, 'a removal that no host signed'))
    const takes = policyOf(s.mallory.roster).body.hosts.filter((h) => hex(h) !== hex(adas.device))
    expect(await ruling(s, await deviceOf(s.priya), { hosts: takes })).toEqual(refusedBy(s.w, beyond))
    expect(s.ada.members.length).toBe(4)
  })

  test('H6: what a demoted co-host signed before is worth nothing after', async () => {
    const s = await stage()
    await coHost(s, s.bob.id)
    const kim = await member(s.mallory.meeting, 'Kim')
    const hoarded = await s.mallory.admission(await deviceOf(s.bob), kim.admitted)
    await coHost(s, s.bob.id, false)
    const proposals = [add(packageOf(kim)), psk(s.mallory.meeting)]
    const refused = refusedBy(s.w, 'an admission that no host signed')
    expect(await s.mallory.strikes(await s.mallory.rogue(proposals, [hoarded]))).toEqual(refused)
    const lilly = await member(s.mallory.meeting, 'Lilly')
    const signed = await s.mallory.admission(await deviceOf(s.ada), lilly.admitted)
    await coHost(s, s.priya.id)
    await coHost(s, s.priya.id, false) // a demotion voids what a host signed, too
    const next = await s.mallory.rogue([add(packageOf(lilly)), psk(s.mallory.meeting)], [signed])
    expect(await s.mallory.strikes(next)).toEqual(refusedBy(s.w, 'an admission from before a lock, bar or demotion'))
  })

  test('H6: a lower label carries the consent of everybody inside, or does not pass', async () => {
    const s = await stage()
    await s.w.change(s.ada, { kind: 'label', label: 2 })
    await s.mallory.follows()
    const lower = await s.mallory.policy(await deviceOf(s.ada), { label: 0 })
    const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', lower))
    const consents = await Promise.all(
      [s.mallory.me.device, await deviceOf(s.bob)].map((d) => s.mallory.signs('consent', bodies.consent(hash), d)),
    )
    const without = await s.mallory.rogue([], [lower, ...consents])
    expect(await s.mallory.strikes(without)).toEqual(refusedBy(s.w, 'a lower label without the consent of all'))
    const hers = await s.mallory.signs('consent', bodies.consent(hash), await deviceOf(s.priya))
    expect(await s.mallory.strikes(await s.mallory.rogue([], [lower, ...consents, hers]))).toEqual(
      refusedBy(s.w, 'taken'),
    )
  })
})

const byBytes = (a: Bytes, b: Bytes): number => (hex(a) < hex(b) ? -1 : 1)

describe('H7: signatures used again', () => {
  test('H7: the admission of somebody who left brings nobody back, and their leave takes nobody out later', async () => {
    const s = await stage()
    const { zoe, fields, admission } = await admitted(s.w)
    await s.w.add([{ person: zoe, fields }], admission)
    await s.mallory.follows()
    const left = s.mallory.leafOf(zoe.id)
    const leave = await zoe.vault.leaving()
    await s.w.remove(zoe, leave)
    await s.mallory.follows()
    const again = await s.mallory.rogue([add(fields.keyPackage), psk(s.mallory.meeting)], [admission])
    expect(await s.mallory.strikes(again)).toEqual(refusedBy(s.w, 'a KeyPackage used before'))
    const page = await s.w.arrive(null, await zoe.vault.keep())
    await s.w.admit([await s.w.knock(page, 'Zoe')]) // a host lets her in anew
    await s.mallory.follows()
    const now = s.mallory.leafOf(zoe.id)
    const replayed = await s.mallory.rogue([remove(now)], [leave])
    expect(await s.mallory.strikes(replayed)).toEqual(refusedBy(s.w, 'a statement that covers nothing'))
    const removal = await s.mallory.removal(await deviceOf(s.ada), left) // of the leaf that was
    const old = await s.mallory.rogue([remove(now)], [removal])
    expect(await s.mallory.strikes(old)).toEqual(refusedBy(s.w, 'a statement that covers nothing'))
    expect(s.bob.members.map((m) => m.name)).toContain('Zoe')
  })

  test('H7: a removal names a leaf by its key: it does not hit who sits on the place later', async () => {
    const s = await stage()
    const left = s.mallory.leafOf(s.bob.id)
    const word = await s.mallory.removal(await deviceOf(s.ada), left)
    await s.w.remove(s.bob, await s.bob.vault.leaving())
    const [kim] = await s.w.enter('Kim')
    await s.mallory.follows()
    const now = s.mallory.leafOf(kim?.id ?? '')
    expect(now.leaf).toBe(left.leaf) // the same place in the tree
    const rogue = await s.mallory.rogue([remove(now)], [word])
    expect(await s.mallory.strikes(rogue)).toEqual(refusedBy(s.w, 'a statement that covers nothing'))
  })

  test('H7: what was signed for another group of the same meeting, or in another form, holds nothing here', async () => {
    const s = await stage()
    const kim = await member(s.mallory.meeting, 'Kim')
    const ada = await deviceOf(s.ada)
    const { place, policies } = s.mallory.roster
    const under = { sequence: policies.length, hash: policyOf(s.mallory.roster).hash }
    const body = bodies.admission({ under, expiry: s.w.clock.now() + 60_000, entries: [kim.admitted] })
    const elsewhere = { meeting: place.meeting, group: random(32) }
    const foreign = await sign(ada, 'admission', elsewhere, body)
    const proposals = [add(packageOf(kim)), psk(s.mallory.meeting)]
    const refused = refusedBy(s.w, 'an admission that no host signed')
    expect(await s.mallory.strikes(await s.mallory.rogue(proposals, [foreign]))).toEqual(refused)
    const leaf = s.mallory.leafOf(s.bob.id)
    const removal = await sign(ada, 'removal', elsewhere, bodies.removal({ under, ...leaf }))
    const refusedRemoval = refusedBy(s.w, 'a removal that no host signed')
    expect(await s.mallory.strikes(await s.mallory.rogue([remove(leaf)], [removal]))).toEqual(refusedRemoval)
  })
})

describe('H8: a lock locks', () => {
  test('H8: a stolen co-host’s signature after the lock lets nobody in, nor one that unlocks and admits at once', async () => {
    const s = await stage()
    await coHost(s, s.bob.id)
    const kim = await member(s.mallory.meeting, 'Kim')
    const early = await s.mallory.admission(await deviceOf(s.ada), kim.admitted)
    await s.w.change(s.ada, { kind: 'lock', on: true })
    await s.mallory.follows()
    const proposals: Proposal[] = [add(packageOf(kim)), psk(s.mallory.meeting)]
    const locked = refusedBy(s.w, 'an admission to a locked meeting')
    for (const by of [s.bob, s.ada]) {
      const word = await s.mallory.admission(await deviceOf(by), kim.admitted)
      expect(await s.mallory.strikes(await s.mallory.rogue(proposals, [word]))).toEqual(locked)
    }
    const before = refusedBy(s.w, 'an admission from before a lock, bar or demotion')
    expect(await s.mallory.strikes(await s.mallory.rogue(proposals, [early]))).toEqual(before)
    const unlock = await s.mallory.policy(await deviceOf(s.ada), { locked: false })
    const word = await s.mallory.admission(await deviceOf(s.ada), kim.admitted)
    expect(await s.mallory.strikes(await s.mallory.rogue(proposals, [unlock, word]))).toEqual(locked)
    expect(s.priya.members.length).toBe(4)
    await s.w.rejoin(s.bob) // who was inside comes back through it
    expect(s.priya.told.findLast((h) => h.kind === 'passed')).toMatchObject({ back: [s.bob.id] })
    await s.w.change(s.ada, { kind: 'lock', on: false })
    expect(s.priya.told.findLast((h) => h.kind === 'rules')).toMatchObject({ by: s.ada.id, rules: { locked: false } })
  })
})

describe('H9: a bar, and the next browser', () => {
  test('H9: the barred device is refused whoever signs for it, and every stranger after it is suspect', async () => {
    const s = await stage()
    const removed = s.mallory.me
    await s.ada.vault.removal(s.mallory.id).then(async ({ statement, policy }) => {
      const removes = [{ participant: s.mallory.id, statement }]
      await s.w.order(await s.w.made(s.ada, { policies: [policy], removes }))
      s.w.policies.push(policy)
      await s.w.deliver()
    })
    const back = await Liar.outside(s.w, 'Mallory', removed.device, removed.participant)
    const knock = await back.knocks()
    expect(await s.ada.vault.readKnock(knock)).toMatchObject({ known: false, suspect: true })
    const word = await s.ada.vault.admit([back.id])
    await expect(
      s.w.made(s.bob, { adds: [{ participant: back.id, keyPackage: knock.keyPackage, statement: word }] }),
    ).rejects.toMatchObject({ code: 'commit_refused' })
    const other = await Liar.outside(s.w, 'Somebody else')
    expect(await s.ada.vault.readKnock(await other.knocks())).toEqual({
      name: 'Somebody else',
      known: false,
      suspect: true,
    })
    expect(s.bob.members.length).toBe(3)
  })

  test('H9: a friend inside who adds the barred device is refused by all', async () => {
    const s = await stage()
    const kim = await member(s.mallory.meeting, 'Kim')
    await s.w.rule([await s.ada.vault.change({ kind: 'bar', device: hex(kim.device.publicKey) })])
    await s.mallory.follows()
    const word = await s.mallory.admission(await deviceOf(s.ada), kim.admitted) // a host was talked into it
    const rogue = await s.mallory.rogue([add(packageOf(kim)), psk(s.mallory.meeting)], [word])
    expect(await s.mallory.strikes(rogue)).toEqual(refusedBy(s.w, 'somebody barred'))
  })
})

describe('H10: a private message in a liar’s hands', () => {
  test('H10: another member, whom the server gives it, finds no word in it and no key that opens it', async () => {
    const s = await stage()
    const words = 'for the hosts only'
    const open = await s.bob.vault.say('for everybody', { kind: 'all' })
    const secret = await s.bob.vault.say(words, hosts)
    expect(hex(await s.mallory.reads(open))).toContain(hex(utf8('for everybody'))) // she reads what is for all
    const plain = await s.mallory.reads(secret)
    expect(hex(plain)).not.toContain(hex(utf8(words)))
    const content = readSaid(plain)
    if (content?.kind !== 'private') throw new Error('not private')
    const [wrap] = content.wraps
    const mine = s.mallory.leafOf(s.mallory.id)
    const { place } = s.mallory.roster
    const sender = s.mallory.leafOf(s.bob.id).signatureKey
    const envelope = { group: place.group, epoch: secret.epoch, sender, id: content.id }
    const { inbox } = s.mallory.me.own
    expect(await openFor(content, envelope, mine, inbox)).toBeNull()
    if (!wrap) throw new Error('nobody reads it')
    const handed = { ...content, wraps: [{ ...wrap, leaf: mine.leaf }] }
    await expect(openFor(handed, envelope, mine, inbox)).rejects.toThrow()
    await s.w.carry(s.bob, { ...secret, to: [] })
    expect([chats(s.ada), chats(s.priya)]).toEqual([[words], []])
  })
})

describe('H11: whose frame it is', () => {
  test('H11: a frame under Bob’s key id shows in nobody else’s slot, and silences nobody', async () => {
    const { ada, bob, mallory, priya } = await stage()
    const [bobs, epoch] = [mallory.leafOf(bob.id).leaf, priya.epoch]
    const forged = await mallory.tap.forges(keyId(0, bobs, epoch), 7n, sound)
    for (const slot of [mallory.id, ada.id]) expect(await hears(priya, slot, forged)).toBe('mismatch')
    expect(await hears(priya, bob.id, await speaks(bob))).toBe('opened')
    const jump = await mallory.tap.forges(keyId(0, bobs, epoch), 2n ** 40n, sound)
    expect(await hears(priya, bob.id, jump)).not.toBe('opened')
    const bent = (await mallory.tap.forges(keyId(0, bobs, epoch), 900n, sound)).map((b, i, a) =>
      i === a.length - 1 ? b ^ 1 : b,
    )
    expect(await hears(priya, bob.id, bent)).toBe('forged') // and does not move the window:
    for (let i = 0; i < 3; i++) expect(await hears(priya, bob.id, await speaks(bob))).toBe('opened')
    const camera = await mallory.tap.forges(keyId(1, bobs, epoch), 3n, sound)
    expect(await hears(priya, bob.id, camera)).toBe('mismatch') // a picture’s key in a section of sound
  })

  test('H11: after a removal the removed person’s frames are nothing at once, and the old epoch’s after a second', async () => {
    const { w, ada, bob, priya, mallory } = await stage()
    const { epoch } = priya
    const [bobs, mine] = [bob, { id: mallory.id }].map((p) => mallory.leafOf(p.id).leaf)
    const old = mallory.tap.newest
    const { statement, policy } = await ada.vault.removal(mallory.id)
    const removes = [{ participant: mallory.id, statement }]
    await w.order(await w.made(ada, { policies: [policy], removes }))
    const own = await mallory.tap.forges(keyId(0, mine ?? 0, epoch), 1n, sound, old)
    expect(await hears(priya, mallory.id, own)).toBe('no-key')
    w.clock.advance(1_000)
    const asBob = await mallory.tap.forges(keyId(0, bobs ?? 0, epoch), 5n, sound, old)
    expect(await hears(priya, bob.id, asBob)).toBe('no-key')
    expect(await hears(priya, bob.id, await speaks(bob))).toBe('opened')
  })

  test('H11: frames of who sat on a place before do not show under the name of who sits there now', async () => {
    const { w, ada, bob, priya, mallory } = await stage()
    const [first, second, third] = await Promise.all([speaks(bob), speaks(bob), speaks(bob)])
    expect(await hears(priya, bob.id, first)).toBe('opened')
    const left = mallory.leafOf(bob.id).leaf
    await w.remove(bob, await bob.vault.leaving(), ada)
    const [kim] = await w.enter('Kim')
    await mallory.follows()
    expect(mallory.leafOf(kim?.id ?? '').leaf).toBe(left)
    expect(await hears(priya, kim?.id ?? '', second)).not.toBe('opened')
    w.clock.advance(1_000)
    expect(await hears(priya, kim?.id ?? '', third)).not.toBe('opened')
    expect(await hears(kim ?? bob, ada.id, await speaks(ada))).toBe('opened')
  })
})
