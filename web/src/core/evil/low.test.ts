/** The low rules of PROTOCOL.md, each played as its attack against real vaults. */
import { describe, expect, test } from 'vitest'
import { mlsExporter } from 'ts-mls/keySchedule.js'
import { suite } from '../group/suite'
import { hex, join, random, utf8 } from '../keys/bytes'
import { newDevice } from '../keys/derive'
import { bent } from '../testkit/group'
import { add, picture, psk, remove } from '../testkit/liar'
import type { Bytes, Kept } from '../vault'
import { admitted, all, hears, none, refusedBy, speaks, stage } from '../testkit/stage'

describe('L1: whose order it is', () => {
  test('L1: nobody adopts a commit, their own included, before the server signed for it; two orders are proof of cheating', async () => {
    const { w, ada, bob, priya, mallory } = await stage()
    const before = picture(w)
    const own = await w.made(bob, {})
    const lies = [
      { ...(await w.sealed(own)), order: none },
      await w.sealed(own, await newDevice()), // another server's key
      await w.sealed(own, mallory.me.device),
    ]
    for (const o of lies) for (const p of [bob, ada]) await p.vault.ordered(o)
    expect(picture(w)).toEqual(before)
    expect(bob.alarms).toEqual(['order_forged', 'order_forged', 'order_forged'])
    await w.order(own)
    await w.deliver()
    expect(bob.epoch).toBe(w.epoch)
    const second = await mallory.rogue([])
    for (const p of w.inside) await p.vault.ordered(await w.sealed(second))
    for (const p of [ada, bob, priya]) expect(p.alarms.at(-1)).toBe('order_forked')
    expect(w.inside.map((p) => p.epoch)).toEqual([w.epoch, w.epoch, w.epoch])
  })
})

describe('L2: what a reload finds', () => {
  test('L2: what is kept holds no key of the group, and a copied tab neither speaks nor hears', async () => {
    const s = await stage()
    const { w, ada, bob, mallory } = s
    const kept = await bob.vault.keep()
    for (const key of [kept.devicePrivate, kept.wrapping]) {
      expect(key.extractable).toBe(false)
      await expect(crypto.subtle.exportKey('jwk', key)).rejects.toThrow()
    }
    const { keySchedule } = mallory.state // the same epoch's secrets
    const media = await mlsExporter(keySchedule.exporterSecret, 'SFrame 1.0 Base Key', none, 16, suite)
    const opened = hex(await unwrapped(kept, mallory.meeting))
    expect(opened).toContain(hex(keySchedule.epochAuthenticator)) // a seat names the epoch that it knew
    for (const secret of [media, keySchedule.exporterSecret, keySchedule.initSecret, keySchedule.senderDataSecret])
      expect(opened).not.toContain(hex(secret))
    const copy = await w.arrive(null, kept)
    const said = await ada.vault.say('to those inside', all)
    await expect(copy.vault.hear(said.epoch, said.message)).rejects.toMatchObject({ code: 'group_missing' })
    await expect(copy.vault.say('me, too', all)).rejects.toMatchObject({ code: 'group_missing' })
    await expect(speaks(copy)).rejects.toThrow('nothing may be sent')
    expect(await hears(copy, ada.id, await speaks(ada))).toBe('no-key')
    w.inside.splice(w.inside.indexOf(bob), 1)
    const old = await speaks(bob)
    await w.rejoin(copy) // it comes back with keys and counters of its own
    const fresh = await speaks(copy)
    expect(hex(fresh)).not.toBe(hex(old))
    expect(await hears(ada, copy.id, fresh)).toBe('opened')
  })

  /** unwrapped is all that stands sealed for a reload, opened with the browser's own key. */
  async function unwrapped(kept: Kept, meeting: Bytes): Promise<Uint8Array> {
    const open = async (sealed: Bytes, note: string): Promise<Uint8Array> => {
      const additionalData = join(utf8(note), meeting)
      const params = { name: 'AES-GCM', iv: sealed.slice(0, 12), additionalData }
      return new Uint8Array(await crypto.subtle.decrypt(params, kept.wrapping, sealed.slice(12)))
    }
    return join(await open(kept.secrets, ''), await open(kept.admitted, 'admitted'), await open(kept.seat, 'seat'))
  }
})

describe('L3: one PSK, and a path', () => {
  test.each<[string, number, string]>([
    ['no PSK', 0, 'number of PSKs'],
    ['two PSKs', 2, 'number of PSKs'],
  ])('L3: an Add with %s is refused by all', async (_, count, rule) => {
    const s = await stage()
    const { fields, admission } = await admitted(s.w)
    const psks = Array.from({ length: count }, () => psk(s.mallory.meeting))
    const rogue = await s.mallory.rogue([add(fields.keyPackage), ...psks], [admission])
    expect(await s.mallory.strikes(rogue)).toEqual(refusedBy(s.w, rule))
  })

  test('L3: a PSK without an Add, one with a short nonce, and a Remove without a path are refused by all', async () => {
    const s = await stage()
    const { fields, admission } = await admitted(s.w)
    const { meeting } = s.mallory
    const alone = await s.mallory.rogue([psk(meeting)])
    expect(await s.mallory.strikes(alone)).toEqual(refusedBy(s.w, 'number of PSKs'))
    const bare = await s.mallory.rogue([remove(s.mallory.leafOf(s.bob.id))])
    const pathless = await s.mallory.signed(bent(bare.commit, {}, { path: undefined }))
    expect(await s.mallory.strikes(pathless)).toEqual(refusedBy(s.w, 'no path'))
    const short = await s.mallory.rogue([add(fields.keyPackage), psk(meeting)], [admission])
    const list = [add(fields.keyPackage), psk(meeting, random(31))]
    const proposals = list.map((proposal) => ({ proposalOrRefType: 'proposal' as const, proposal }))
    const odd = await s.mallory.signed(bent(short.commit, {}, { proposals }))
    expect(await s.mallory.strikes(odd)).toEqual(refusedBy(s.w, 'PSK nonce'))
    expect(await s.mallory.strikes(short)).toEqual(refusedBy(s.w, 'taken')) // the true one
  })
})

test('L4: a committer who leaves a guest out is named to the host after ten seconds', async () => {
  const s = await stage()
  const { zoe } = await admitted(s.w)
  expect(await s.mallory.strikes(await s.mallory.rogue([]))).toEqual(refusedBy(s.w, 'taken'))
  await s.w.pass(9_000)
  expect(s.ada.alarms).toEqual([])
  await s.w.pass(2_000)
  const alarm = { kind: 'alarm', code: 'add_withheld', participant: zoe.id, detail: 'Mallory' }
  expect(s.ada.told).toContainEqual(alarm)
  for (const p of [s.bob, s.priya]) expect(p.alarms).toEqual([])
})
