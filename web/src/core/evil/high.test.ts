/** PROTOCOL.md H1 to H5, each played as its attack against real vaults. */
import { describe, expect, test } from 'vitest'
import { fromHex, hex, random, utf8 } from '../keys/bytes'
import { knockKey } from '../keys/derive'
import { commitmentTo, openName, openTitle, padName, sealName } from '../keys/names'
import { readBooking } from '../group/booking'
import { referenceOf, readKeyPackage } from '../group/mls'
import { parse } from '../keys/statement'
import { add, deviceOf, Liar, psk } from '../testkit/liar'
import { chats, FakeClock, World, type Person } from '../testkit/meeting'
import { all, admitted, none, refusedBy, speaks, stage, type Stage } from '../testkit/stage'

const sorted = (list: readonly string[]): string[] => [...list].sort()
const ids = (...people: readonly Person[]): string[] => sorted(people.map((p) => p.id))

describe('H1: a split, laundered by absences', () => {
  test('H1: each half removes the other as absent, and both still miss the others by name; who comes back tells of the fork', async () => {
    const w = await World.open('Ada')
    const [bob, eve, kim] = await w.enter('Bob', 'Eve', 'Kim')
    if (!bob || !eve || !kim) throw new Error('nobody')
    await w.pass(5_000)
    const halves = [
      [w.host, bob],
      [eve, kim],
    ] as const
    w.drops = (from, to) => halves[0].includes(from) !== halves[0].includes(to)
    const [one, two] = await Promise.all(halves.map((h, i) => absences(w, h[0], halves[1 - i] ?? [])))
    for (const [half, made] of [
      [halves[0], one],
      [halves[1], two],
    ] as const)
      for (const p of half) if (made) await p.vault.ordered(await w.sealed(made))
    await w.pass(10_000)
    for (const p of halves[0]) expect(sorted(p.standing.lost)).toEqual(ids(eve, kim))
    for (const p of halves[1]) expect(sorted(p.standing.lost)).toEqual(ids(w.host, bob))
    await w.pass(50_000) // nobody is in the group whom they could miss; they miss them all the same
    for (const p of halves[0]) expect(sorted(p.standing.lost)).toEqual(ids(eve, kim))
    expect(sorted(eve.standing.lost)).toEqual(ids(w.host, bob))
    w.drops = () => false
    w.epoch = w.host.epoch
    w.inside.splice(0, 4, w.host, bob)
    await w.rejoin(kim)
    const fork = { kind: 'alarm', code: 'fork', participant: kim.id }
    for (const p of [w.host, bob]) expect(p.told).toContainEqual(expect.objectContaining(fork))
  })

  function absences(w: World, by: Person, whom: readonly Person[]): ReturnType<World['made']> {
    return w.made(by, { removes: whom.map((p) => ({ participant: p.id, statement: none })) })
  }
})

/** Skewed is a clock that is off by so much. */
class Skewed extends FakeClock {
  readonly #true: FakeClock
  readonly #off: number
  constructor(base: FakeClock, off: number) {
    super()
    this.#true = base
    this.#off = off
  }
  override now(): number {
    return this.#true.now() + this.#off
  }
  override after(ms: number, call: () => void): () => void {
    return this.#true.after(ms, call)
  }
}

describe('H2: what members do not share decides nothing', () => {
  /** clocks is a meeting in which one guest's clock is ten minutes slow and another's fast. */
  async function clocks(): Promise<Stage> {
    const w = await World.open('Ada')
    const off = [-600_000, 600_000].map((ms) => w.arrive(null, null, w.booked.code, new Skewed(w.clock, ms)))
    const [bob, priya] = await Promise.all(off)
    if (!bob || !priya) throw new Error('nobody')
    await w.admit([await w.knock(bob, 'Bob'), await w.knock(priya, 'Priya')])
    const mallory = await Liar.inside(w)
    await w.pass(2_000)
    return { w, ada: w.host, bob, priya, mallory }
  }

  test.each([
    [0, 'taken'],
    [1, 'an admission that expired'],
  ])('H2: an admission %d ms after its expiry, by the committer’s time, is one thing for all', async (late, fate) => {
    const { w, mallory, bob, priya } = await clocks()
    const zoe = await w.arrive()
    const { fields } = await w.knock(zoe, 'Zoe')
    const reference = await referenceOf(readKeyPackage(fields.keyPackage))
    const who = { participant: fromHex(zoe.id), device: fields.device, commitment: random(32), role: 0 as const }
    const expiry = w.clock.now() + 5_000
    const word = await mallory.admission(await deviceOf(w.host), { reference, ...who }, { expiry })
    const proposals = [add(fields.keyPackage), psk(mallory.meeting)]
    const rogue = await mallory.rogue(proposals, [word], { time: expiry + late })
    expect(await mallory.strikes(rogue)).toEqual(refusedBy(w, fate))
    expect(bob.alarms.slice(0, 1)).toEqual(['clock_off']) // they are warned, once, and stay
    expect(priya.alarms.slice(0, 1)).toEqual(['clock_off'])
    expect(new Set(w.inside.map((p) => p.epoch)).size).toBe(1)
  })

  test('H2: time that runs back is refused by all, whatever their clocks say', async () => {
    const { w, mallory } = await clocks()
    const rogue = await mallory.rogue([], [], { time: mallory.roster.time - 1 })
    expect(await mallory.strikes(rogue)).toEqual(refusedBy(w, 'time earlier than the commit before'))
  })

  test('H2: an absence is taken by those who heard the person a moment ago, too; they blame the committer, and the person comes back', async () => {
    const { w, mallory, ada, bob, priya } = await stage()
    const gone = mallory.leafOf(priya.id)
    w.inside.splice(w.inside.indexOf(priya), 1) // the server keeps it from her
    const rogue = await mallory.rogue([{ proposalType: 'remove', remove: { removed: gone.leaf } }])
    expect(await mallory.strikes(rogue)).toEqual(['taken', 'taken'])
    const blame = ada.told.filter((h) => h.kind === 'alarm')
    expect(blame).toMatchObject([{ code: 'absence_contradicted', participant: priya.id }])
    expect(blame[0]?.detail).toContain(mallory.id)
    await w.rejoin(priya)
    expect(ada.members.map((m) => m.name)).toContain('Priya')
    await w.chat(priya, 'I was never away')
    expect(chats(bob)).toEqual(['I was never away'])
  })
})

describe('H3: a withheld removal', () => {
  test('H3: the removed person hears the one who was not told for twelve seconds, and the others not at all', async () => {
    const s = await stage()
    const { w, ada, bob, priya, mallory } = s
    expect(await mallory.tap.opens(await speaks(ada))).toBe(true) // while she is a member she hears all
    const made = await removal(s)
    expect(ada.standing.removing).toEqual([mallory.id])
    await expect(speaks(ada)).rejects.toThrow('nothing may be sent') // until it is carried out
    await w.order(made, [ada, bob])
    w.drops = (from, to) => (from === priya) !== (to === priya)
    for (const p of [ada, bob]) expect(await mallory.tap.opens(await speaks(p))).toBe(false)
    let heard = 0
    for (; heard < 20; heard++) {
      const frame = await speaks(priya).catch(() => null)
      if (frame === null) break
      expect(await mallory.tap.opens(frame)).toBe(true)
      await w.pass(1_000)
    }
    expect(heard).toBeGreaterThan(5)
    expect(heard).toBeLessThanOrEqual(12)
    expect(priya.standing.stopped).toBe(true)
    expect(priya.standing.lost).toEqual(expect.arrayContaining([ada.id, bob.id]))
    await expect(priya.vault.say('to whom?', all)).rejects.toMatchObject({ code: 'stopped' })
  })

  test('H3: a removal that the server never lets through is never shown as done', async () => {
    const { w, ada, mallory } = await stage()
    await ada.vault.removal(mallory.id)
    await w.pass(5_000)
    expect(ada.alarms).toEqual(['removal_withheld'])
    expect(ada.standing.removing).toEqual([mallory.id])
    expect(ada.members.map((m) => m.participant)).toContain(mallory.id)
    await w.pass(60_000)
    await expect(speaks(ada)).rejects.toThrow('nothing may be sent')
  })

  /** removal is Ada's, as she herself commits it. */
  async function removal({ w, ada, mallory }: Stage): ReturnType<World['made']> {
    const { statement, policy } = await ada.vault.removal(mallory.id)
    return w.made(ada, { policies: [policy], removes: [{ participant: mallory.id, statement }] })
  }
})

describe('H4: names swapped at the door', () => {
  test('H4: Priya’s sealed name on a stranger’s knock shows the host no name, and nobody is let in under it', async () => {
    const { w, ada } = await stage()
    const stranger = await Liar.outside(w, 'Mallory')
    const genuine = await stranger.knocks()
    const kim = await w.arrive()
    const { fields: hers } = await w.knock(kim, 'Kim')
    const { knock: to } = await readBooking(w.booked.hostKey, w.booked.booking, stranger.meeting)
    const reference = await referenceOf(readKeyPackage(hers.keyPackage))
    const renamed = await sealName(to, stranger.meeting, reference, 'Somebody else') // a stranger’s name for her KeyPackage
    const resigned = await stranger.signsKnock({ ...genuine, sealedName: hers.sealedName })
    for (const knock of [
      { ...genuine, sealedName: hers.sealedName }, // the server alone swaps them
      { ...genuine, sealedName: hers.sealedName, statement: hers.statement },
      { ...hers, keyPackage: genuine.keyPackage },
      { ...hers, device: genuine.device },
      await stranger.signsKnock({ ...hers, sealedName: renamed }),
      resigned, // the stranger signs for her name as if it were its own
    ])
      await expect(ada.vault.readKnock(knock)).rejects.toMatchObject({ code: 'knock_bad' })
    await expect(ada.vault.admit([stranger.id])).rejects.toMatchObject({ code: 'knock_bad' })
    expect(await ada.vault.readKnock(genuine)).toMatchObject({ name: 'Mallory' })
    expect(await ada.vault.readKnock(hers)).toMatchObject({ name: 'Kim' })
  })
})

describe('H5: names are for who is inside', () => {
  test('H5: the code and all that the server ever saw give the title and no name', async () => {
    const { w, ada, mallory } = await stage()
    const kim = await w.arrive()
    const { fields } = await w.knock(kim, 'Xanthippe')
    await w.admit([{ person: kim, fields }])
    const outsider = await Liar.outside(w)
    const { meeting, keys } = outsider
    const booking = await readBooking(w.booked.hostKey, w.booked.booking, meeting)
    expect(await openTitle(keys.seal, meeting, booking.sealedTitle)).toBe('Board') // that much is in the link
    const reference = await referenceOf(readKeyPackage(fields.keyPackage))
    for (const guess of [keys.psk, keys.psk.slice().reverse(), booking.knock]) {
      const key = await knockKey(guess.slice())
      await expect(openName(key.privateKey, meeting, reference, fields.sealedName)).rejects.toThrow()
    }
    const wire = [fields.sealedName, fields.keyPackage, fields.statement, fields.entry, ...w.policies]
    wire.push(...w.commits.flatMap((c) => [c.commit, c.welcome, c.tree, c.statement]))
    const names = ['Xanthippe', 'Priya', 'Mallory'].map((n) => hex(utf8(n)))
    for (const raw of wire) for (const name of names) expect(hex(raw).includes(name)).toBe(false)
    expect(await ada.vault.readKnock(fields)).toMatchObject({ name: 'Xanthippe' }) // the same bytes hold it
    expect(hex(padName('Xanthippe'))).toContain(names[0])
    expect(mallory.id).not.toBe(outsider.id)
  })

  test('H5: a member cannot show anybody under another name, a co-host neither', async () => {
    const { w, ada, bob, priya, mallory } = await stage()
    const lie = { participant: fromHex(priya.id), salt: random(32), padded: padName('Host') }
    const tell = async (): Promise<void> => {
      const { epoch, message } = await mallory.says({ kind: 'names', names: [lie] })
      for (const p of w.inside) await p.vault.hear(epoch, message)
    }
    await tell()
    await w.change(ada, { kind: 'co-host', participant: mallory.id, on: true })
    await mallory.follows()
    await tell()
    for (const p of [ada, bob, priya]) {
      expect(p.members.find((m) => m.participant === priya.id)?.name).toBe('Priya')
      expect(p.members.map((m) => m.name)).not.toContain('Host')
    }
    const { commitment } = mallory.leafOf(priya.id)
    expect(hex(await commitmentTo(lie.salt, lie.padded))).not.toBe(hex(commitment))
  })

  test('H5: a newcomer who is told another name for somebody takes nothing of it', async () => {
    const { w, mallory, priya } = await stage()
    const { zoe, fields, admission } = await admitted(w)
    const lie = { participant: fromHex(priya.id), salt: random(32), padded: padName('Host') }
    const extensions = [mallory.info([parse(admission)], { names: [lie] })]
    const made = await mallory.rogue([add(fields.keyPackage), psk(mallory.meeting)], [admission], { extensions })
    await expect(zoe.vault.join(made.welcome, made.tree, admission)).rejects.toMatchObject({
      detail: 'a name that does not fit',
    })
    expect(zoe.members).toEqual([])
  })
})
