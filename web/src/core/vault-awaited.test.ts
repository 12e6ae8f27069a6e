/** What was signed here and is not carried out goes on holding its author back, whatever the server and members do (PROTOCOL.md H3, M2). */
import { describe, expect, test } from 'vitest'
import * as bodies from './keys/bodies'
import { meetingOf, sha256 } from './keys/derive'
import { sign } from './keys/statement'
import { World, type Person } from './testkit/meeting'
import type { CommitFields, Ordered } from './vault'

const none = new Uint8Array()
const all = { kind: 'all' } as const
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

const sends = async (p: Person): Promise<boolean> => (await p.vault.frames.seal('microphone', 'audio', frame)) !== null

/** ahead is the server's order for an epoch that nobody reached: whoever believes it gives its group up. */
async function ahead(w: World, p: Person): Promise<void> {
  const made = await w.made(w.host, {})
  expect(await p.vault.ordered(await w.sealed({ ...made, epoch: made.epoch + 1 }))).toMatchObject({ rejoin: true })
}

describe('H3: a removal that is held back', () => {
  test('a rejoin that the server brought about does not let its author send', async () => {
    const { w, host, bob, eve } = await four()
    const { statement, policy } = await host.vault.removal(eve.id)
    await ahead(w, host)
    await w.rejoin(host, bob)
    expect(host.standing.removing).toEqual([eve.id])
    expect(await sends(host)).toBe(false)
    await expect(host.vault.say('while she listens', all)).rejects.toMatchObject({ code: 'stopped' })
    await w.pass(5_000)
    expect(host.alarms).toEqual(['removal_withheld'])
    const removes = [{ participant: eve.id, statement }]
    await w.order(await w.made(bob, { policies: [policy], removes }))
    expect(host.standing.removing).toEqual([])
    expect(await sends(host)).toBe(true)
  })

  test('a lock that is held back outlives a rejoin, too', async () => {
    const { w, host, bob } = await four()
    const lock = await host.vault.change({ kind: 'lock', on: true })
    await ahead(w, host)
    await w.rejoin(host, bob)
    expect(host.standing.changing).toBe(true)
    expect(await sends(host)).toBe(false)
    await w.rule([lock], bob)
    expect(host.standing.changing).toBe(false)
    expect(await sends(host)).toBe(true)
  })

  test('an absence carries no removal out: who is only away comes back', async () => {
    const { w, host, bob, eve } = await four()
    await host.vault.removal(eve.id)
    await w.remove(eve, none, bob)
    expect(host.standing.removing).toEqual([eve.id])
    await w.rejoin(eve, bob)
    expect(await sends(host)).toBe(false)
    await w.removes(host, eve, bob)
    expect(host.standing.removing).toEqual([])
    expect(await sends(host)).toBe(true)
  })

  test('what its author gives up while the group is lost holds nobody back', async () => {
    const { w, host, bob, eve } = await four()
    await host.vault.removal(eve.id)
    await ahead(w, host)
    await host.vault.gaveUp('removal', eve.id)
    await w.rejoin(host, bob)
    expect(await sends(host)).toBe(true)
  })
})

describe('M2: a removal that members call void', () => {
  async function removal(f: Four): Promise<{ made: CommitFields; ordered: Ordered; proof: Uint8Array<ArrayBuffer>[] }> {
    const { w, host, bob, eve, kim } = f
    const { statement, policy } = await host.vault.removal(eve.id)
    const made = await w.made(host, { policies: [policy], removes: [{ participant: eve.id, statement }] })
    const ordered = await w.sealed(made)
    const place = { meeting: await meetingOf(w.booked.hostKey), group: w.group }
    const body = bodies.refusal({ epoch: made.epoch, hash: await sha256(made.commit), why: 1 })
    const proof = await Promise.all(
      [bob, eve, kim].map(async (p) => {
        const { devicePublic: publicKey, devicePrivate: privateKey } = await p.vault.keep()
        return sign({ publicKey, privateKey }, 'refusal', place, body)
      }),
    )
    return { made, ordered, proof }
  }

  test('its author sends nothing to whom it did not remove, and is alarmed', async () => {
    const f = await four()
    const { w, host, bob, eve } = f
    const { made, ordered, proof } = await removal(f)
    await host.vault.ordered(ordered)
    expect(await sends(host)).toBe(true)
    expect(await host.vault.reopened(made.epoch, host.id, proof)).toMatchObject({ rejoin: true })
    await w.rejoin(host, bob)
    expect(host.members.map((m) => m.participant)).toContain(eve.id)
    expect(host.standing.removing).toEqual([eve.id])
    expect(await sends(host)).toBe(false)
    await w.pass(5_000)
    expect(host.alarms).toEqual(['removal_withheld'])
  })

  test('nothing is void any more once the time for refusals is long over', async () => {
    const f = await four()
    const { w, host, bob, kim } = f
    const { made, ordered, proof } = await removal(f)
    for (const p of [host, bob, kim]) await p.vault.ordered(ordered)
    w.inside.splice(2, 1)
    await w.pass(140_000)
    for (const p of [host, bob]) {
      expect(await p.vault.reopened(made.epoch, host.id, proof)).toMatchObject({ rejoin: false })
      expect(p.alarms).toEqual(['order_forged'])
    }
    await w.chat(bob, 'still here')
  })
})

describe('C1: before a host’s head', () => {
  test('nobody is let in and no commit is made', async () => {
    const w = await World.open('Ada')
    const [bob] = await w.enter('Bob')
    if (!bob) throw new Error('nobody')
    await w.change(w.host, { kind: 'co-host', participant: bob.id, on: true })
    await w.pass(5_000)
    const kim = await w.arrive()
    const knock = await w.knock(kim, 'Kim')
    w.drops = (_, to) => to === bob
    await w.rejoin(bob)
    await bob.vault.readKnock(knock.fields).catch(() => undefined)
    await expect(w.made(bob, {})).rejects.toMatchObject({ code: 'unconfirmed' })
    await expect(bob.vault.admit([kim.id])).rejects.toMatchObject({ code: 'unconfirmed' })
  })
})
