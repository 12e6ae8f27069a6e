/** FAULTS.md F 42 to 54, the malicious server, as far as core and worker decide them. */
import { describe, expect, test } from 'vitest'
import { createGroupInfoWithExternalPubAndRatchetTree, joinGroupExternal } from 'ts-mls/createCommit.js'
import { configFor } from '../group/credential'
import { commitData } from '../group/forms'
import { writeMessage } from '../group/mls'
import { suite } from '../group/suite'
import { member } from '../testkit/group'
import { add, Liar, packageOf, picture, psk } from '../testkit/liar'
import { chats } from '../testkit/meeting'
import { keyId } from '../testkit/tap'
import { admitted, all, hears, none, refusedBy, sound, speaks, stage, type Stage } from '../testkit/stage'

describe('F42: ghosts', () => {
  test('F42: an external commit with the group’s own secrets brings nobody in', async () => {
    const s = await stage()
    const before = picture(s.w)
    const info = await createGroupInfoWithExternalPubAndRatchetTree(s.mallory.state, [], suite)
    const kim = await member(s.mallory.meeting, 'Kim')
    const { keyPackage, keys } = kim.own
    const said = commitData({ time: s.mallory.roster.time, statements: [] })
    const config = configFor(s.mallory.meeting)
    const made = await joinGroupExternal(info, keyPackage, keys, false, suite, undefined, config, said)
    const commit = writeMessage({
      version: 'mls10',
      wireformat: 'mls_public_message',
      publicMessage: made.publicMessage,
    })
    const ordered = await s.w.sealed(await s.mallory.signed(commit))
    for (const p of s.w.inside) await p.vault.ordered(ordered)
    expect(picture(s.w)).toEqual(before)
    for (const p of s.w.inside) expect(p.alarms).toEqual(['order_forged']) // nobody inside is its author
  })

  test('F42: an Add that no host admitted is shown and refused by every client', async () => {
    const s = await stage()
    const before = picture(s.w)
    const kim = await member(s.mallory.meeting, 'Kim')
    const rogue = await s.mallory.rogue([add(packageOf(kim)), psk(s.mallory.meeting)])
    expect(await s.mallory.strikes(rogue)).toEqual(refusedBy(s.w, 'an Add without admission'))
    expect(picture(s.w)).toEqual(before)
    for (const p of s.w.inside) expect(p.alarms).toEqual(['commit_refused'])
  })
})

describe('F43, F49: what is kept back', () => {
  test('F43: who is kept from a commit is missed by all within ten seconds, knows it, and sends nothing after twelve', async () => {
    const { w, ada, bob, priya } = await stage()
    await w.order(await w.made(ada, {}), [ada, bob])
    w.drops = (from, to) => (from === priya) !== (to === priya)
    await w.pass(10_000)
    for (const p of [ada, bob]) expect(p.standing.silent).toContain(priya.id)
    expect(priya.standing.lost).toEqual(expect.arrayContaining([ada.id, bob.id]))
    await w.pass(2_000)
    await expect(speaks(priya)).rejects.toThrow('nothing may be sent')
    await expect(priya.vault.say('hello?', all)).rejects.toMatchObject({ code: 'stopped' })
  })

  test('F49: a removed person whom the server keeps serving opens nothing that was sent a second later', async () => {
    const { w, ada, bob, priya } = await stage()
    expect(await hears(bob, ada.id, await speaks(ada))).toBe('opened')
    const { statement, policy } = await ada.vault.removal(bob.id)
    const made = await w.made(ada, { policies: [policy], removes: [{ participant: bob.id, statement }] })
    await w.order(made, [ada, priya])
    w.inside.splice(w.inside.indexOf(bob), 1)
    await w.pass(1_000)
    for (const p of [ada, priya]) expect(await hears(bob, p.id, await speaks(p))).toBe('no-key')
    expect(await hears(priya, ada.id, await speaks(ada))).toBe('opened')
    const chat = await ada.vault.say('without him', all)
    expect(await bob.vault.hear(chat.epoch, chat.message)).toBeNull()
  })
})

describe('F44: played again', () => {
  test('F44: an old commit, message, Welcome or KeyPackage does nothing a second time', async () => {
    const s = await stage()
    const { w, ada, bob, mallory } = s
    const { zoe, fields, admission } = await admitted(w)
    await w.add([{ person: zoe, fields }], admission)
    await mallory.follows()
    const made = w.commits.at(-1)
    if (!made) throw new Error('no commit')
    const before = picture(w)
    for (const old of w.commits) for (const p of w.inside) await p.vault.ordered(await w.sealed(old))
    expect(picture(w)).toEqual(before)
    const chat = await ada.vault.say('once', all)
    for (let i = 0; i < 3; i++) await w.carry(ada, chat)
    expect(chats(bob)).toEqual(['once'])
    await expect(zoe.vault.join(made.welcome, made.tree, admission)).rejects.toMatchObject({
      detail: 'a Welcome for somebody else', // its init key is gone
    })
    await w.remove(zoe, await zoe.vault.leaving())
    await mallory.follows()
    const again = await mallory.rogue([add(fields.keyPackage), psk(mallory.meeting)], [admission])
    expect(await mallory.strikes(again)).toEqual(refusedBy(w, 'a KeyPackage used before'))
  })
})

describe('F45: order', () => {
  test('F45: of two concurrent commits one is the epoch’s; commits out of turn apply nowhere, and all converge', async () => {
    const { w, ada, bob, priya, mallory } = await stage()
    const [one, two] = [await w.made(ada, {}), await w.made(bob, {})]
    await w.order(one)
    const later = await w.made(priya, {})
    for (const p of w.inside) await p.vault.ordered(await w.sealed(two))
    for (const p of w.inside) expect(p.alarms).toEqual(['order_forked'])
    expect(new Set(w.inside.map((p) => p.digits)).size).toBe(1)
    await w.order(later)
    await w.deliver()
    expect(new Set(w.inside.map((p) => p.digits)).size).toBe(1)
    await mallory.follows()
    const ahead = await mallory.rogue([])
    const skipped = await w.made(bob, {})
    await w.order(skipped, [ada, bob])
    const next = await w.made(ada, {})
    const verdict = await priya.vault.ordered(await w.sealed(next)) // the server left one out for her
    expect(verdict).toEqual({ refusal: none, rejoin: true })
    expect(ahead.epoch).toBe(skipped.epoch)
  })
})

describe('F46: equivocation', () => {
  test('F46: two commits of one epoch for two halves are seen by all within ten seconds, by name', async () => {
    const { w, ada, bob, priya, mallory } = await stage()
    const [one, two] = [await mallory.rogue([]), await mallory.rogue([])]
    for (const p of [ada, bob]) await p.vault.ordered(await w.sealed(one))
    await priya.vault.ordered(await w.sealed(two))
    await w.pass(10_000)
    for (const p of [ada, bob]) expect(p.standing.silent).toContain(priya.id)
    expect(priya.standing.lost).toEqual(expect.arrayContaining([ada.id, bob.id]))
    expect(priya.digits).not.toBe(ada.digits)
  })
})

describe('F47, F50: no encryption, or less', () => {
  test.each<[string, (s: Stage) => Promise<Uint8Array<ArrayBuffer>>]>([
    ['of another version', (s) => framed(s, { wire: true })],
    ['sealed instead of open', (s) => framed(s, {})],
  ])('F47: a commit %s is refused', async (_, make) => {
    const s = await stage()
    const before = picture(s.w)
    const ordered = await s.w.sealed(await s.mallory.signed(await make(s)))
    for (const p of s.w.inside) await p.vault.ordered(ordered)
    expect(picture(s.w)).toEqual(before)
    for (const p of s.w.inside) expect(p.alarms).toEqual(['order_forged'])
  })

  async function framed(s: Stage, how: { wire?: boolean }): Promise<Uint8Array<ArrayBuffer>> {
    const { commit } = await s.mallory.rogue([])
    if (how.wire) return commit.map((b, i) => (i === 1 ? 2 : b)) // mls10 is version 1
    const said = await s.bob.vault.say('hello', all)
    return said.message
  }

  test('F47, F50: plain frames, by whomever, never reach a decoder', async () => {
    const { ada, bob, mallory } = await stage()
    const vp8 = Uint8Array.from({ length: 40 }, (_, i) => 2 * i)
    for (const slot of [ada.id, mallory.id, 'f'.repeat(32)]) {
      await bob.vault.slots([slot])
      for (const media of ['audio', 'video'] as const)
        for (const plain of [sound, vp8, none, Uint8Array.of(0x90, 1, 0)])
          expect((await bob.vault.frames.open(0, media, plain)).frame).toBeNull()
    }
    expect(await hears(bob, ada.id, await speaks(ada))).toBe('opened')
  })
})

describe('F48: keys that were put in another’s place', () => {
  test('F48: a knock whose KeyPackage, device or name was exchanged is shown to no host; a Welcome under other keys opens for nobody', async () => {
    const { w, ada, mallory } = await stage()
    const { zoe, fields, admission } = await admitted(w)
    const liar = await Liar.outside(w)
    const theirs = await liar.knocks()
    for (const bad of [
      { ...fields, keyPackage: theirs.keyPackage },
      { ...fields, device: theirs.device },
      { ...fields, participant: theirs.participant },
      { ...theirs, participant: fields.participant },
    ])
      await expect(ada.vault.readKnock(bad)).rejects.toMatchObject({ code: 'knock_bad' })
    const swapped = await mallory.rogue([add(theirs.keyPackage), psk(mallory.meeting)], [admission])
    expect(await mallory.strikes(swapped)).toEqual(refusedBy(w, 'an Add without admission'))
    await expect(zoe.vault.join(swapped.welcome, swapped.tree, admission)).rejects.toMatchObject({
      detail: 'a Welcome for somebody else',
    })
  })
})

describe('F51, F52, F53: frames', () => {
  test('F51: repeats, frames beyond the window, short tags and bent headers: none is accepted', async () => {
    const { bob, ada } = await stage()
    const frames: Uint8Array[] = []
    for (let i = 0; i < 1_100; i++) frames.push(await speaks(ada))
    const [first, second] = frames
    const last = frames.at(-1)
    if (!first || !second || !last) throw new Error('silence')
    expect(await hears(bob, ada.id, first)).toBe('opened')
    expect(await hears(bob, ada.id, first)).toBe('repeat')
    expect(await hears(bob, ada.id, last)).toBe('opened')
    expect(await hears(bob, ada.id, second)).toBe('repeat') // older than the window
    const fresh = await speaks(ada)
    for (let at = 0; at < fresh.length; at++)
      for (const bit of [1, 128])
        expect(
          await hears(
            bob,
            ada.id,
            fresh.map((b, i) => (i === at ? b ^ bit : b)),
          ),
        ).not.toBe('opened')
    for (let cut = 1; cut < fresh.length; cut++)
      expect(await hears(bob, ada.id, fresh.slice(0, cut))).not.toBe('opened')
    expect(await hears(bob, ada.id, fresh)).toBe('opened')
  })

  test('F52: a member’s frame as another is nobody’s in the slot that the server gives it', async () => {
    const { bob, ada, priya, mallory } = await stage()
    const { leaf } = mallory.leafOf(priya.id)
    const forged = await mallory.tap.forges(keyId(0, leaf, bob.epoch), 1n, sound)
    for (const slot of [mallory.id, ada.id, bob.id]) expect(await hears(bob, slot, forged)).toBe('mismatch')
    expect(await hears(bob, priya.id, await speaks(priya))).toBe('opened')
  })

  test('F53: while two epochs live, a frame is tried with the one key of its id, never with another', async () => {
    const s = await stage()
    const { w, ada, bob, mallory } = s
    const before = { base: mallory.tap.newest, epoch: bob.epoch }
    expect(await mallory.strikes(await mallory.rogue([]))).toEqual(refusedBy(w, 'taken'))
    const { leaf } = mallory.leafOf(mallory.id)
    const now = keyId(0, leaf, bob.epoch)
    const crossed = await mallory.tap.forges(now, 1n, sound, before.base) // the old key under the new id
    expect(await hears(bob, mallory.id, crossed)).toBe('forged')
    const back = await mallory.tap.forges(keyId(0, leaf, before.epoch), 2n, sound) // and the other way round
    expect(await hears(bob, mallory.id, back)).toBe('forged')
    const old = await mallory.tap.forges(keyId(0, leaf, before.epoch), 3n, sound, before.base)
    expect(await hears(bob, mallory.id, old)).toBe('opened') // both epochs do live
    expect(await hears(bob, mallory.id, await mallory.tap.forges(now, 3n, sound))).toBe('opened')
    expect(ada.epoch).toBe(bob.epoch)
  })
})
