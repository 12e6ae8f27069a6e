/** The rules of heads and silence (PROTOCOL.md H1, H3, M9) with real vaults, a clock moved by hand and a server that may lie. */
import { describe, expect, test } from 'vitest'
import { World, type Person } from './testkit/meeting'
import type { CommitFields } from './vault'

const none = new Uint8Array()
const all = { kind: 'all' } as const
const calm = { silent: [], lost: [], stopped: false, removing: [], changing: false }
const frame = Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)

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

const ids = (...people: readonly Person[]): string[] => people.map((p) => p.id).sort()
const sorted = (list: readonly string[]): string[] => [...list].sort()
const sends = async (p: Person): Promise<boolean> => (await p.vault.frames.seal('microphone', 'audio', frame)) !== null

/** splits is the server's lie: only these people get the commit, and heads cross nowhere. */
async function splits(w: World, made: CommitFields, half: readonly Person[]): Promise<void> {
  const ordered = await w.sealed(made)
  for (const p of half) await p.vault.ordered(ordered)
  w.drops = (from, to) => half.includes(from) !== half.includes(to)
}

async function removes(w: World, by: Person, whom: Person): Promise<CommitFields> {
  return w.made(by, { removes: [{ participant: whom.id, statement: none }] })
}

describe('heads', () => {
  test('everybody speaks every four seconds, fleeting, and a meeting at rest is quiet about it', async () => {
    const { w, host, bob, eve, kim } = await four()
    const before = w.inside.map((p) => p.told.filter((h) => h.kind === 'send' && h.fleeting).length)
    await w.pass(60_000)
    w.inside.forEach((p, i) => {
      const beats = p.told.filter((h) => h.kind === 'send' && h.fleeting).length - (before[i] ?? 0)
      expect(beats).toBeGreaterThanOrEqual(14)
      expect(beats).toBeLessThanOrEqual(16)
    })
    for (const p of [host, bob, eve, kim]) {
      expect(p.standing).toEqual(calm)
      expect(p.alarms).toEqual([])
    }
  })

  test('a host vouches for a new epoch at once, and that word is kept for who joins', async () => {
    const { w, host } = await four()
    const before = host.told.length
    const [zoe] = await w.enter('Zoe') // no time passes
    expect(zoe?.confirmed()).toBe(true)
    const sent = host.told.slice(before).filter((h) => h.kind === 'send')
    expect(sent.length).toBe(2) // the head and the newcomer's name
    expect(sent.every((h) => !h.fleeting && h.epoch === w.epoch)).toBe(true)
  })
})

describe('H1: silence is the alarm', () => {
  test('one who falls silent is not confirmed, by name, and comes back with a head', async () => {
    const { w, host, bob, eve, kim } = await four()
    w.drops = (from) => from === eve
    await w.pass(10_000)
    for (const p of [host, bob, kim]) expect(p.standing).toMatchObject({ silent: [eve.id], lost: [], stopped: false })
    w.drops = () => false
    await w.pass(5_000)
    for (const p of [host, bob, kim]) expect(p.standing).toMatchObject({ silent: [], lost: [] })
  })

  test('the halves of a meeting that was split see it within ten seconds, by name', async () => {
    const { w, host, bob, eve, kim } = await four()
    await splits(w, await removes(w, host, kim), [host, bob])
    await w.pass(10_000)
    expect(sorted(host.standing.lost)).toEqual(ids(eve, kim)) // Kim, too, though the commit took her out as absent
    expect(sorted(bob.standing.lost)).toEqual(ids(eve, kim))
    expect(sorted(eve.standing.lost)).toEqual(ids(host, bob))
    expect(sorted(kim.standing.lost)).toEqual(ids(host, bob))
    expect(host.standing.silent).toEqual([eve.id])
  })

  test('a host who falls silent raises it alone; it stays after an absence and goes when they are heard', async () => {
    const { w, host, bob, eve } = await four()
    w.drops = (from, to) => from === host || to === host
    await w.pass(10_000)
    expect(bob.standing.lost).toEqual([host.id])
    expect(eve.standing.lost).toEqual([host.id])
    w.drops = () => false
    await w.pass(5_000)
    expect(bob.standing).toMatchObject({ silent: [], lost: [], stopped: false })
  })

  test('an absence Remove does not launder the alarm', async () => {
    const { w, host, bob, eve, kim } = await four()
    w.drops = (from) => from === eve || from === kim
    await w.pass(10_000)
    expect(sorted(host.standing.lost)).toEqual(ids(eve, kim))
    await w.remove(eve, none)
    await w.remove(kim, none)
    await w.pass(60_000)
    expect(sorted(host.standing.lost)).toEqual(ids(eve, kim))
    expect(sorted(bob.standing.lost)).toEqual(ids(eve, kim))
    expect(host.standing.silent).toEqual([])
  })

  test('who left or was removed by the host is missed by nobody', async () => {
    const { w, host, bob, eve, kim } = await four()
    w.drops = (from) => from === eve || from === kim
    await w.pass(10_000)
    w.drops = () => false
    await w.removes(host, eve)
    await w.remove(kim, await kim.vault.leaving())
    await w.pass(2_000)
    for (const p of [host, bob]) expect(p.standing).toEqual(calm)
  })

  test('a person’s head of an older epoch confirms nothing', async () => {
    const { w, host, bob, eve, kim } = await four()
    const old = w.inside.filter((p) => p !== eve)
    const made = await removes(w, host, kim)
    for (const p of old) if (p !== kim) await p.vault.ordered(await w.sealed(made))
    w.inside.splice(w.inside.indexOf(kim), 1) // Eve never hears of the commit, but her heads travel
    await w.pass(10_000)
    expect(host.standing.silent).toEqual([eve.id])
    expect(bob.standing.silent).toEqual([eve.id])
  })
})

describe('H3: the dead man’s switch', () => {
  test('without a host’s head for twelve seconds a guest sends neither frames nor chat, and goes on by itself', async () => {
    const { w, host, bob } = await four()
    expect(await sends(bob)).toBe(true)
    w.drops = (from) => from === host
    await w.pass(6_000)
    expect(await sends(bob)).toBe(true)
    await w.pass(6_000)
    expect(bob.standing.stopped).toBe(true)
    expect(await sends(bob)).toBe(false)
    await expect(bob.vault.say('to whom?', all)).rejects.toMatchObject({ code: 'stopped' })
    expect(await sends(host)).toBe(true) // the host hears the others
    w.drops = () => false
    await w.pass(4_000)
    expect(bob.standing.stopped).toBe(false)
    expect(await sends(bob)).toBe(true)
    await expect(bob.vault.say('to you', all)).resolves.toBeDefined()
  })

  test('new epochs by a conspirator put it off for nobody', async () => {
    const { w, host, bob, eve, kim } = await four()
    w.drops = (from) => from === host
    for (let i = 0; i < 3; i++) {
      await w.pass(4_000)
      const gone = [kim, eve][i]
      if (gone) await w.remove(gone, await gone.vault.leaving(), bob)
    }
    expect(bob.standing.stopped).toBe(true)
    await w.pass(9_000)
    expect(bob.standing.lost).toEqual([host.id])
  })

  test('the only host stops when half of the others are silent, and when alone never', async () => {
    const { w, host, bob, eve, kim } = await four()
    w.drops = (from) => from === eve
    await w.pass(12_000)
    expect(await sends(host)).toBe(true)
    w.drops = (from) => from === eve || from === kim
    await w.pass(10_000)
    expect(host.standing.stopped).toBe(true)
    expect(await sends(host)).toBe(false)
    expect(await sends(bob)).toBe(true) // the host vouches for what Bob sends
    w.drops = () => false
    for (const p of [bob, eve, kim]) await w.remove(p, await p.vault.leaving())
    await w.pass(60_000)
    expect(host.standing.stopped).toBe(false)
    expect(await sends(host)).toBe(true)
  })

  test('a removal is being carried out until its commit is applied; until then its author sends nothing', async () => {
    const { w, host, bob, eve } = await four()
    const { statement } = await host.vault.removal(eve.id)
    expect(host.standing.removing).toEqual([eve.id])
    expect(await sends(host)).toBe(false)
    await expect(host.vault.say('while she listens', all)).rejects.toMatchObject({ code: 'stopped' })
    await w.pass(4_000)
    expect(host.alarms).toEqual([])
    await w.pass(1_000)
    expect(host.alarms).toEqual(['removal_withheld'])
    expect(await sends(bob)).toBe(true)
    await w.remove(eve, statement)
    expect(host.standing.removing).toEqual([])
    expect(await sends(host)).toBe(true)
    await w.pass(10_000)
    expect(host.alarms).toEqual(['removal_withheld'])
  })

  test('a removal that is carried out in time alarms nobody', async () => {
    const { w, host, eve } = await four()
    await w.removes(host, eve)
    await w.pass(10_000)
    expect(host.alarms).toEqual([])
  })
})

describe('M9: the verification code', () => {
  test('all see the same digits; they change when somebody comes or leaves', async () => {
    const { w, host, bob, eve, kim } = await four()
    const first = host.digits
    expect(first).toMatch(/^\d+ \d{30}$/)
    for (const p of [bob, eve, kim]) expect(p.digits).toBe(first)
    await w.remove(kim, await kim.vault.leaving())
    expect(host.digits).not.toBe(first)
    for (const p of [bob, eve]) expect(p.digits).toBe(host.digits)
    expect(kim.digits).toBe(first)
  })

  test('halves of a split meeting see different digits in the same epoch', async () => {
    const { w, host, bob, eve, kim } = await four()
    await splits(w, await removes(w, host, kim), [host, bob])
    const other = await removes(w, eve, bob)
    for (const p of [eve, kim]) await p.vault.ordered(await w.sealed(other))
    expect(eve.digits).toBe(kim.digits)
    expect(host.digits).toBe(bob.digits)
    expect(eve.digits.split(' ')[0]).toBe(host.digits.split(' ')[0])
    expect(eve.digits).not.toBe(host.digits)
  })

  test('the codes of the last eight epochs are kept', async () => {
    const w = await World.open('Ada')
    for (let i = 0; i < 5; i++) {
      const [guest] = await w.enter('Guest')
      if (guest) await w.remove(guest, await guest.vault.leaving())
    }
    const codes = w.host.told.findLast((h) => h.kind === 'verification')?.codes ?? []
    expect(codes.map((c) => c.epoch)).toEqual([3, 4, 5, 6, 7, 8, 9, 10])
    expect(new Set(codes.map((c) => c.digits)).size).toBe(8)
  })

  test('a joiner has none before a host vouches for the group', async () => {
    const w = await World.open('Ada')
    w.drops = (from) => from === w.host
    const [bob] = await w.enter('Bob')
    expect(bob?.digits).toBe('')
    expect(w.host.digits).toMatch(/^1 /)
  })
})
