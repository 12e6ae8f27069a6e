import { describe, expect, test } from 'vitest'
import { challenge, chats, World } from './testkit/meeting'

const none = new Uint8Array()
const all = { kind: 'all' } as const

function names(people: readonly { name: string }[]): string[] {
  return people.map((m) => m.name).sort()
}

describe('a meeting', () => {
  test('two people are let in, see each other’s names and talk', async () => {
    const w = await World.open('Ada')
    const [bob] = await w.enter('Bob')
    if (!bob) throw new Error('nobody')
    expect(bob.confirmed()).toBe(true)
    expect(names(bob.members)).toEqual(['Ada', 'Bob'])
    expect(names(w.host.members)).toEqual(['Ada', 'Bob'])
    expect(bob.members.find((m) => m.role === 'host')?.name).toBe('Ada')
    await w.chat(w.host, 'Welcome')
    await w.chat(bob, 'Hello 👋')
    expect(chats(bob)).toEqual(['Welcome'])
    expect(chats(w.host)).toEqual(['Hello 👋'])
    expect(w.host.heard.find((s) => s.kind === 'chat')?.from).toBe(bob.id)
    expect([...w.host.alarms, ...bob.alarms]).toEqual([])
  })

  test('three people agree after a third came, also on whose devices are on', async () => {
    const w = await World.open('Ada')
    const [bob] = await w.enter('Bob')
    const [eve] = await w.enter('Eve')
    const said = await bob?.vault.devices(true, false)
    if (bob && said) await w.carry(bob, said)
    expect(names(eve?.members ?? [])).toEqual(['Ada', 'Bob', 'Eve'])
    expect(names(bob?.members ?? [])).toEqual(['Ada', 'Bob', 'Eve'])
    for (const p of w.inside) {
      const of = p.members.find((m) => m.participant === bob?.id)
      expect([of?.microphone, of?.camera]).toEqual([true, false])
    }
  })

  test('one admission may come in by two commits, and who came by the first takes the second', async () => {
    const w = await World.open('Ada')
    const people = await Promise.all(['Bob', 'Eve', 'Mia'].map(() => w.arrive()))
    const knocks = await Promise.all(people.map((p, i) => w.knock(p, ['Bob', 'Eve', 'Mia'][i] ?? '')))
    const admission = await w.sign(knocks)
    await w.add(knocks.slice(0, 1), admission)
    await w.add(knocks.slice(1), admission)
    for (const p of w.inside) {
      expect(names(p.members)).toEqual(['Ada', 'Bob', 'Eve', 'Mia'])
      expect(p.alarms).toEqual([])
    }
  })

  test('fifty people in one commit, then one more by another committer', { timeout: 60_000 }, async () => {
    const w = await World.open('Host')
    const people = await w.enter(...Array.from({ length: 48 }, (_, i) => `Guest ${i}`))
    const late = await w.arrive()
    const started = performance.now()
    await w.admit([await w.knock(late, 'Late')], people[7])
    process.stdout.write(
      `admit one at N=50, everybody's work in turn: ${(performance.now() - started).toFixed(0)} ms\n`,
    )
    for (const p of w.inside) {
      expect(p.members.length).toBe(50)
      expect(p.members.every((m) => m.name !== '')).toBe(true)
      expect(p.alarms).toEqual([])
    }
    await w.chat(late, 'Sorry')
    expect(people.every((p) => chats(p).includes('Sorry'))).toBe(true)
  })

  test('whoever was removed hears nothing more and knows that it was the host', async () => {
    const w = await World.open()
    const [bob, eve] = await w.enter('Bob', 'Eve')
    if (!bob || !eve) throw new Error('nobody')
    const { statement } = await w.host.vault.removal(eve.id)
    expect(await eve.vault.checkRemoval(statement)).toBe(true)
    expect(await bob.vault.checkRemoval(statement)).toBe(false)
    await w.remove(eve, statement)
    expect(await eve.vault.checkRemoval(statement)).toBe(true)
    const { epoch, message } = await bob.vault.say('Just us', all)
    await expect(eve.vault.hear(epoch, message)).rejects.toMatchObject({ code: 'group_missing' })
    expect(names(bob.members)).toEqual(['Bob', 'Host'])
  })

  test('what a removed person said before is not shown after', async () => {
    const w = await World.open()
    const [bob, eve] = await w.enter('Bob', 'Eve')
    if (!bob || !eve) throw new Error('nobody')
    const late = await eve.vault.say('one last word', all)
    await w.removes(w.host, eve)
    expect(await bob.vault.hear(late.epoch, late.message)).toBeNull()
    expect(await w.host.vault.hear(late.epoch, late.message)).toBeNull()
  })

  test('leaving and absence take people out; an absence that contradicts the ear alarms', async () => {
    const w = await World.open()
    const [bob, eve, kim] = await w.enter('Bob', 'Eve', 'Kim')
    if (!bob || !eve || !kim) throw new Error('nobody')
    await w.remove(bob, await bob.vault.leaving())
    expect(names(kim.members)).toEqual(['Eve', 'Host', 'Kim'])
    w.clock.advance(40_000)
    await w.remove(eve, none, kim)
    expect(names(w.host.members)).toEqual(['Host', 'Kim'])
    expect([...w.host.alarms, ...kim.alarms]).toEqual([])
    const [zoe] = await w.enter('Zoe')
    if (!zoe) throw new Error('nobody')
    await w.chat(zoe, 'here')
    await w.remove(zoe, none, kim)
    expect(w.host.alarms).toEqual(['absence_contradicted'])
  })

  test('a reload comes back with the same device, in one commit, known to the host', async () => {
    const w = await World.open()
    const [bob] = await w.enter('Bob')
    if (!bob) throw new Error('nobody')
    const on = await w.host.vault.devices(true, true)
    if (on) await w.carry(w.host, on)
    const again = await w.arrive(null, await bob.vault.keep())
    expect(again.id).toBe(bob.id)
    const knock = await w.knock(again, 'Bob')
    expect(await w.host.vault.readKnock(knock.fields)).toEqual({ name: 'Bob', known: true, suspect: false })
    await w.admit([knock])
    expect(w.host.members.length).toBe(2)
    expect(
      again.members.find((m) => m.role === 'host'),
      'whose devices are on',
    ).toMatchObject({ microphone: true, camera: true })
    await w.chat(again, 'back')
    expect(chats(w.host)).toEqual(['back'])
    await w.removes(w.host, again)
    const third = await w.knock(await w.arrive(null, await again.vault.keep()), 'Bob')
    expect((await w.host.vault.readKnock(third.fields)).known).toBe(false)
  })

  test('one bad KeyPackage keeps nobody else out', async () => {
    const w = await World.open()
    const knocks = await Promise.all([w.arrive(), w.arrive()].map(async (p, i) => w.knock(await p, `Guest ${i}`)))
    for (const k of knocks) await w.host.vault.readKnock(k.fields)
    const admission = await w.host.vault.admit(knocks.map((k) => k.person.id))
    const adds = knocks.map((k, i) => ({
      participant: k.person.id,
      keyPackage: i === 0 ? none : k.fields.keyPackage,
      statement: admission,
    }))
    const made = await w.made(w.host, { adds })
    expect(made.left).toEqual([knocks[0]?.person.id])
    const nothing = w.made(w.host, { adds: adds.slice(0, 1) })
    await expect(nothing).rejects.toMatchObject({ code: 'commit_refused' })
  })

  test('a known device that comes under another name is a stranger', async () => {
    const w = await World.open()
    const [bob] = await w.enter('Bob')
    const again = await w.arrive(null, (await bob?.vault.keep()) ?? null)
    const knock = await w.knock(again, 'Ada')
    expect((await w.host.vault.readKnock(knock.fields)).known).toBe(false)
  })

  test('a host whose tab was lost opens a new group and knows its guests', async () => {
    const w = await World.open('Ada')
    const [bob] = await w.enter('Bob')
    if (!bob) throw new Error('nobody')
    const old = w.group
    const again = await w.arrive(null, await w.host.vault.keep())
    expect(await w.opens(again, 'Ada', 1)).toMatchObject({ forgotten: false, older: false })
    expect(w.group).not.toEqual(old)
    const knock = await w.knock(bob, 'Bob')
    expect(await again.vault.readKnock(knock.fields)).toEqual({ name: 'Bob', known: true, suspect: false })
    await w.pass(12_000) // nobody vouches for the old group any more
    await bob.vault.checkEnd(none)
    await w.admit([knock])
    expect(names(bob.members)).toEqual(['Ada', 'Bob'])
  })

  test('what was said just before a commit still opens after it', async () => {
    const w = await World.open()
    const [bob, eve] = await w.enter('Bob', 'Eve')
    if (!bob || !eve) throw new Error('nobody')
    const first = await bob.vault.say('one', all)
    const crossing = await bob.vault.say('two', all)
    await w.carry(bob, first) // consumed while a commit is on its way
    await w.enter('Kim')
    await w.carry(bob, crossing)
    expect(chats(eve)).toEqual(['one', 'two'])
    expect(chats(w.host)).toEqual(['one', 'two'])
  })

  test('an own commit is adopted only when it was ordered; another one drops it', async () => {
    const w = await World.open()
    const [bob, eve] = await w.enter('Bob', 'Eve')
    if (!bob || !eve) throw new Error('nobody')
    const mine = await w.made(bob, { removes: [{ participant: eve.id, statement: none }] })
    expect(bob.members.length).toBe(3)
    await w.enter('Kim')
    expect(await bob.vault.ordered(await w.sealed(mine))).toEqual({ refusal: none, rejoin: false })
    expect(bob.alarms).toEqual(['order_forked'])
    expect(bob.members.length).toBe(4)
    w.epoch = 0
    await expect(w.made(bob, {})).rejects.toMatchObject({ code: 'epoch_stale' })
  })
})

describe('a joiner', () => {
  test('shows and sends nothing before a host’s head, and gives up after ten seconds', async () => {
    const w = await World.open()
    const bob = await w.arrive()
    const knock = await w.knock(bob, 'Bob')
    await w.host.vault.readKnock(knock.fields)
    const admission = await w.host.vault.admit([bob.id])
    const adds = [{ participant: bob.id, keyPackage: knock.fields.keyPackage, statement: admission }]
    const made = await w.made(w.host, { adds })
    await w.order(made)
    await bob.vault.join(made.welcome, made.tree, admission)
    await expect(bob.vault.say('too soon', all)).rejects.toMatchObject({ code: 'unconfirmed' })
    const early = await w.host.vault.say('before the head', all)
    expect(await bob.vault.hear(early.epoch, early.message)).toBeNull()
    expect(bob.told.map((h) => h.kind)).toEqual([])
    const head = w.host.outbox.find((h) => !h.fleeting)
    expect(head).toBeDefined()
    w.clock.advance(10_001)
    expect(bob.told.map((h) => h.kind)).toEqual(['unconfirmed'])
  })

  test('a host’s head comes every four seconds, fleeting, and at once after an Add, lasting', async () => {
    const w = await World.open()
    await w.enter('Bob')
    await w.deliver()
    w.clock.advance(4_000)
    await w.settle()
    expect(w.host.outbox.map((h) => h.fleeting)).toEqual([true])
  })
})

describe('the door', () => {
  test('a wrong code is told before anything is sent, and opens no title', async () => {
    const w = await World.open()
    const eve = await w.arrive(null, null, '0000-0000-0000-0000')
    expect(await eve.vault.openBooking(w.booked.hostKey, w.booked.booking)).toEqual({ title: '' })
    await expect(eve.vault.knock(challenge, 'Eve')).rejects.toMatchObject({ code: 'code_wrong' })
    await expect(eve.vault.useCode('nonsense')).rejects.toMatchObject({ code: 'code_wrong' })
    await eve.vault.useCode(w.booked.code.toUpperCase().replaceAll('-', ' '))
    expect(await eve.vault.openBooking(w.booked.hostKey, w.booked.booking)).toEqual({ title: 'Board' })
    await expect(eve.vault.knock(challenge, 'Eve')).resolves.toBeDefined()
  })

  test('a server cannot put another host in the place', async () => {
    const w = await World.open()
    const other = await World.open()
    const bob = await w.arrive()
    await expect(bob.vault.openBooking(other.booked.hostKey, other.booked.booking)).rejects.toMatchObject({
      code: 'booking_bad',
    })
    await expect(bob.vault.openBooking(w.booked.hostKey, other.booked.booking)).rejects.toMatchObject({
      code: 'booking_bad',
    })
  })

  test('names cannot be swapped between knocks', async () => {
    const w = await World.open()
    const priya = (await w.knock(await w.arrive(), 'Priya')).fields
    const mallory = (await w.knock(await w.arrive(), 'Mallory')).fields
    const bad = { code: 'knock_bad' }
    await expect(w.host.vault.readKnock({ ...mallory, sealedName: priya.sealedName })).rejects.toMatchObject(bad)
    await expect(w.host.vault.readKnock({ ...mallory, statement: priya.statement })).rejects.toMatchObject(bad)
    await expect(w.host.vault.readKnock({ ...priya, keyPackage: mallory.keyPackage })).rejects.toMatchObject(bad)
    await expect(w.host.vault.readKnock({ ...priya, participant: mallory.participant })).rejects.toMatchObject(bad)
    await expect(w.host.vault.readKnock({ ...priya, device: mallory.device })).rejects.toMatchObject(bad)
    await expect(w.host.vault.readKnock(priya)).resolves.toMatchObject({ name: 'Priya' })
    await expect(w.host.vault.admit([mallory.participant])).rejects.toMatchObject(bad)
  })

  test('what is kept opens for its own meeting only and has no readable key', async () => {
    const w = await World.open()
    const [bob] = await w.enter('Bob')
    const kept = await bob?.vault.keep()
    if (!kept) throw new Error('nothing kept')
    expect([kept.devicePrivate.extractable, kept.wrapping.extractable]).toEqual([false, false])
    const other = await World.open()
    await expect(other.arrive(null, kept)).rejects.toMatchObject({ code: 'kept_bad' })
  })

  test('an end is believed from the host only, for this group only', async () => {
    const w = await World.open()
    const [bob] = await w.enter('Bob')
    const end = await w.host.vault.ending()
    expect(await bob?.vault.checkEnd(end)).toBe(true)
    expect(await (await World.open()).host.vault.checkEnd(end)).toBe(false)
    const forged = end.slice()
    forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1
    expect(await bob?.vault.checkEnd(forged)).toBe(false)
    await expect(bob?.vault.ending()).rejects.toMatchObject({ code: 'not_host' })
    await bob?.vault.wipe()
    expect(await bob?.vault.checkEnd(end)).toBe(false)
    await expect(bob?.vault.say('gone', all)).rejects.toMatchObject({ code: 'group_missing' })
  })
})
