/** What policies forbid and change (PROTOCOL.md H3, H6, H8, H9, H10), with real vaults and a server that only orders. */
import { describe, expect, test } from 'vitest'
import { fromHex } from './keys/bytes'
import { Liar } from './testkit/liar'
import { chats, World, type Person } from './testkit/meeting'
import type { Allows, Said } from './vault'

const all = { kind: 'all' } as const
const hosts = { kind: 'hosts' } as const
const frame = Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)
const everything: Allows = { share: true, chat: true, whisper: true, microphone: true, camera: true, react: true }
const one = (p: Person): { kind: 'one'; participant: string } => ({ kind: 'one', participant: p.id })

interface Four {
  readonly w: World
  readonly host: Person
  readonly bob: Person
  readonly eve: Person
  readonly kim: Person
}

async function four(): Promise<Four> {
  const w = await World.open('Ada')
  const [bob, eve, kim] = await w.enter('Bob', 'Eve', 'Kim')
  if (!bob || !eve || !kim) throw new Error('nobody')
  await w.pass(5_000)
  return { w, host: w.host, bob, eve, kim }
}

const signs = (p: Person): Said[] => p.heard.filter((s) => s.kind === 'reaction' || s.kind === 'hand')

describe('what guests may do', () => {
  test('R19: chat, whispers, reactions and hands that are not allowed are refused at the sender; hosts and co-hosts go on', async () => {
    const { w, host, bob, eve, kim } = await four()
    await w.change(host, { kind: 'co-host', participant: kim.id, on: true })
    for (const p of [host, bob, kim]) {
      await w.chat(p, 'all')
      await w.chat(p, 'to one', one(eve))
      await w.carry(p, await p.vault.react('clap'))
    }
    const closed = { ...everything, chat: false, whisper: false, react: false }
    await w.change(host, { kind: 'allows', allows: closed })
    const refused = { code: 'not_allowed' }
    await expect(bob.vault.say('all', all)).rejects.toMatchObject(refused)
    await expect(bob.vault.say('to one', one(eve))).rejects.toMatchObject(refused)
    await expect(bob.vault.react('heart')).rejects.toMatchObject(refused)
    await expect(bob.vault.hand(true)).rejects.toMatchObject(refused)
    await expect(bob.vault.hand(false)).resolves.toBeDefined()
    await expect(bob.vault.say('to a host', one(host))).resolves.toBeDefined()
    await expect(bob.vault.say('to hosts', hosts)).resolves.toBeDefined()
    for (const p of [host, kim]) {
      await w.chat(p, 'we may')
      await w.chat(p, 'and we whisper', one(eve))
      await w.carry(p, await p.vault.react('heart'))
    }
    expect(chats(eve).slice(-4)).toEqual(['we may', 'and we whisper', 'we may', 'and we whisper'])
  })

  test('R19: what a guest said under an older policy is ignored once it is forbidden', async () => {
    const { w, host, bob, eve } = await four()
    const late = [
      await bob.vault.say('late', all),
      await bob.vault.say('psst', one(eve)),
      await bob.vault.react('heart'),
    ]
    const fine = await bob.vault.say('to hosts', hosts)
    const before = [chats(eve).length, signs(eve).length]
    await w.change(host, { kind: 'allows', allows: { ...everything, chat: false, whisper: false, react: false } })
    for (const sealed of [...late, fine]) await w.carry(bob, sealed)
    expect([chats(eve).length, signs(eve).length]).toEqual(before)
    expect(chats(host)).toEqual(['to hosts'])
  })

  test('R19: frames that are not allowed are neither sealed nor opened', async () => {
    const { w, host, bob, eve } = await four()
    await eve.vault.slots([bob.id, host.id])
    const contexts = ['microphone', 'camera', 'screen', 'screen-audio'] as const
    const medium = (c: (typeof contexts)[number]): 'audio' | 'video' =>
      c === 'microphone' || c === 'screen-audio' ? 'audio' : 'video'
    for (const c of contexts) {
      const first = await bob.vault.frames.seal(c, medium(c), frame) // screens are the hosts' until one allows them
      expect(first !== null).toBe(c === 'microphone' || c === 'camera')
    }
    await w.change(host, { kind: 'allows', allows: everything })
    const sealed = await Promise.all(contexts.map((c) => bob.vault.frames.seal(c, medium(c), frame)))
    const again = await Promise.all(contexts.map((c) => bob.vault.frames.seal(c, medium(c), frame)))
    for (const [i, c] of contexts.entries())
      expect((await eve.vault.frames.open(0, medium(c), sealed[i] ?? frame)).fate).toBe('opened')
    await w.change(host, { kind: 'allows', allows: { ...everything, camera: false, share: false } })
    for (const [i, c] of contexts.entries()) {
      const may = c === 'microphone'
      expect((await bob.vault.frames.seal(c, medium(c), frame)) !== null).toBe(may)
      expect((await eve.vault.frames.open(0, medium(c), again[i] ?? frame)).fate).toBe(may ? 'opened' : 'forbidden')
      const byHost = await host.vault.frames.seal(c, medium(c), frame)
      expect((await eve.vault.frames.open(1, medium(c), byHost ?? frame)).fate).toBe('opened')
    }
  })

  test('a hand stays up for who comes later, and hosts lower it', async () => {
    const { w, host, bob, eve } = await four()
    await w.carry(bob, await bob.vault.hand(true))
    const [zoe] = await w.enter('Zoe')
    const handOf = (p: Person | undefined): number => p?.members.find((m) => m.participant === bob.id)?.hand ?? -1
    expect([host, eve, zoe].map((p) => handOf(p) > 0)).toEqual([true, true, true])
    await expect(eve.vault.hand(false, bob.id)).rejects.toMatchObject({ code: 'not_allowed' })
    await w.carry(host, await host.vault.hand(false, bob.id))
    expect([host, bob, eve, zoe].map(handOf)).toEqual([0, 0, 0, 0])
  })

  test('who comes under the participant id of somebody who left amends nothing of theirs', async () => {
    const { w, bob, eve, kim } = await four()
    const id = await w.chat(bob, 'my word')
    await w.remove(bob, await bob.vault.leaving())
    const mallory = await Liar.outside(w, 'Mallory', undefined, fromHex(bob.id))
    await mallory.enters()
    const { epoch, message } = await mallory.says({ kind: 'amend', id: fromHex(id), text: 'never said' })
    for (const p of [eve, kim]) expect(await p.vault.hear(epoch, message)).toBeNull()
  })

  test('a message is amended and deleted by its author only, for those who got it', async () => {
    const { w, host, bob, eve, kim } = await four()
    const id = await w.chat(bob, 'teh', one(eve))
    await expect(eve.vault.amend(id, 'mine')).rejects.toMatchObject({ code: 'not_allowed' })
    const better = await bob.vault.amend(id, 'the')
    expect(better.to).toEqual([eve.id])
    await w.carry(bob, { ...better, to: [] })
    await w.carry(bob, await bob.vault.amend(id, null))
    const amends = (p: Person): unknown[] => p.heard.flatMap((s) => (s.kind === 'amend' ? [s.text] : []))
    expect(amends(eve)).toEqual(['the', null])
    expect([...amends(host), ...amends(kim)]).toEqual([])
  })
})

describe('H10: private messages', () => {
  test('open for their recipients only, though everybody gets them', async () => {
    const { w, host, bob, eve, kim } = await four()
    await w.change(host, { kind: 'co-host', participant: kim.id, on: true })
    const secret = await bob.vault.say('to the hosts', hosts)
    expect([...secret.to].sort()).toEqual([host.id, kim.id].sort())
    await w.carry(bob, { ...secret, to: [] }) // the server gives it to all
    expect([chats(host), chats(kim), chats(eve)]).toEqual([['to the hosts'], ['to the hosts'], []])
    await w.chat(bob, 'to one', one(eve))
    expect(eve.heard.findLast((s) => s.kind === 'chat')).toMatchObject({ text: 'to one', to: one(eve) })
    expect(chats(host)).toEqual(['to the hosts'])
  })
})

describe('co-hosts', () => {
  test('read knocks and let people in once a host handed them the key, and tell the names', async () => {
    const { w, host, bob, eve } = await four()
    const zoe = await w.arrive()
    const knock = await w.knock(zoe, 'Zoe')
    await expect(bob.vault.readKnock(knock.fields)).rejects.toMatchObject({ code: 'not_host' })
    await w.change(host, { kind: 'co-host', participant: bob.id, on: true })
    expect(await bob.vault.readKnock(knock.fields)).toMatchObject({ name: 'Zoe', known: false, suspect: false })
    await w.admit([knock], eve, bob)
    for (const p of w.inside) expect(p.members.map((m) => m.name).sort()).toEqual(['Ada', 'Bob', 'Eve', 'Kim', 'Zoe'])
    await w.change(host, { kind: 'co-host', participant: bob.id, on: false })
    await expect(bob.vault.readKnock(knock.fields)).rejects.toMatchObject({ code: 'not_host' })
    await expect(bob.vault.admit([zoe.id])).rejects.toMatchObject({ code: 'not_host' })
  })

  test('get the key again when they come back', async () => {
    const { w, host, bob } = await four()
    await w.change(host, { kind: 'co-host', participant: bob.id, on: true })
    const again = await w.arrive(null, await bob.vault.keep())
    await w.rejoin(again)
    const knock = await w.knock(await w.arrive(), 'Zoe')
    expect(await again.vault.readKnock(knock.fields)).toMatchObject({ name: 'Zoe' })
  })

  test('vouch for the group as hosts do', async () => {
    const { w, host, bob, eve } = await four()
    await w.change(host, { kind: 'co-host', participant: bob.id, on: true })
    w.drops = (from) => from === host
    await w.pass(20_000)
    expect(eve.standing.stopped).toBe(false)
    w.drops = (from) => from === host || from === bob
    await w.pass(14_000)
    expect(eve.standing.stopped).toBe(true)
  })

  test('H6: a co-host removes no host, and a guest nobody', async () => {
    const { w, host, bob, eve } = await four()
    await w.change(host, { kind: 'co-host', participant: bob.id, on: true })
    await expect(bob.vault.removal(host.id)).rejects.toMatchObject({ code: 'not_host' })
    await expect(eve.vault.removal(bob.id)).rejects.toMatchObject({ code: 'not_host' })
    await expect(bob.vault.change({ kind: 'lock', on: true })).resolves.toBeDefined()
    await w.removes(bob, eve)
    expect(host.members.map((m) => m.name)).not.toContain('Eve')
  })
})

describe('what is changed', () => {
  test('H8: a lock is announced, with its author, and nothing is sent before it holds', async () => {
    const { w, host, bob } = await four()
    const lock = await host.vault.change({ kind: 'lock', on: true })
    expect(host.standing.changing).toBe(true)
    await expect(host.vault.say('not yet', all)).rejects.toMatchObject({ code: 'stopped' })
    await w.pass(5_000)
    expect(host.alarms).toEqual(['policy_withheld'])
    await w.rule([lock])
    expect(host.standing.changing).toBe(false)
    expect(bob.told.findLast((h) => h.kind === 'rules')).toMatchObject({
      rules: { locked: true },
      by: host.id,
      first: false,
    })
    await expect(host.vault.change({ kind: 'lock', on: true })).rejects.toMatchObject({ code: 'policy_bad' })
    const unlock = await host.vault.change({ kind: 'lock', on: false })
    expect(host.standing.changing).toBe(false) // opening leaks nothing
    await w.rule([unlock])
    expect(bob.rules?.locked).toBe(false)
  })

  test('H3: sending goes on when what was signed is given up, or another policy came first', async () => {
    const { w, host, bob } = await four()
    await host.vault.change({ kind: 'lock', on: true })
    await host.vault.gaveUp('change', '')
    expect(host.standing.changing).toBe(false)
    await host.vault.removal(bob.id)
    expect(host.standing.removing).toEqual([bob.id])
    await host.vault.gaveUp('removal', bob.id)
    expect(host.standing.removing).toEqual([])
    const other = await host.vault.change({ kind: 'allows', allows: { ...everything, react: false } })
    await host.vault.change({ kind: 'lock', on: true })
    await w.rule([other])
    expect(host.standing.changing).toBe(false)
    await w.pass(8_000)
    expect(host.alarms).toEqual([])
  })

  test('H9: from the first bar on strangers are suspect, the barred are named, and leavers are strangers', async () => {
    const { w, host, bob, eve, kim } = await four()
    await w.remove(kim, await kim.vault.leaving())
    const gone = await w.knock(await w.arrive(null, await kim.vault.keep()), 'Kim')
    expect(await host.vault.readKnock(gone.fields)).toEqual({ name: 'Kim', known: false, suspect: false })
    await w.removes(host, eve)
    expect(bob.rules?.barred).toEqual([{ device: expect.any(String) as string, name: 'Eve' }])
    const stranger = await w.knock(await w.arrive(), 'Zoe')
    expect(await host.vault.readKnock(stranger.fields)).toEqual({ name: 'Zoe', known: false, suspect: true })
    const known = await w.knock(await w.arrive(null, await bob.vault.keep()), 'Bob')
    expect(await host.vault.readKnock(known.fields)).toEqual({ name: 'Bob', known: true, suspect: false })
    expect(bob.told.findLast((h) => h.kind === 'passed')).toMatchObject({
      gone: [{ participant: eve.id, name: 'Eve', how: 'removed' }],
    })
    expect(fromHex(bob.rules?.barred[0]?.device ?? '').length).toBe(32)
  })

  test('a lower label needs what everybody signs', async () => {
    const { w, host, bob, eve, kim } = await four()
    await w.change(host, { kind: 'label', label: 2 })
    const lower = await host.vault.change({ kind: 'label', label: 0 })
    await expect(bob.vault.consent(await host.vault.change({ kind: 'lock', on: true }))).rejects.toMatchObject({
      code: 'policy_bad',
    })
    await host.vault.gaveUp('change', '')
    const consents = await Promise.all([bob, eve, kim].map((p) => p.vault.consent(lower)))
    await expect(w.rule([lower], host, consents.slice(1))).rejects.toMatchObject({ code: 'commit_refused' })
    await w.rule([lower], host, consents)
    for (const p of w.inside) expect(p.rules?.label).toBe(0)
  })

  test('L4: who was let in and is not added in ten seconds is told', async () => {
    const { w, host, bob } = await four()
    const zoe = await w.arrive()
    await w.sign([await w.knock(zoe, 'Zoe')])
    await w.rule([await host.vault.change({ kind: 'allows', allows: everything })], bob)
    await w.pass(9_000)
    expect(host.alarms).toEqual([])
    await w.pass(2_000)
    expect(host.told.findLast((h) => h.kind === 'alarm')).toMatchObject({
      code: 'add_withheld',
      participant: zoe.id,
      detail: 'Bob',
    })
    const calm = await World.open()
    await calm.enter('Bob')
    await calm.pass(12_000)
    expect(calm.host.alarms).toEqual([])
  })
})
