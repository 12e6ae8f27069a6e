/** Orders, ways back and later groups (PROTOCOL.md H1, H2, H3, M2, M3), with real vaults and a server that may lie. */
import { describe, expect, test } from 'vitest'
import * as bodies from './keys/bodies'
import { meetingOf, newDevice, sha256 } from './keys/derive'
import { sign } from './keys/statement'
import { challenge, chats, World, type Person } from './testkit/meeting'
import type { CommitFields, Ordered } from './vault'

const none = new Uint8Array()
const all = { kind: 'all' } as const

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

const bent = (raw: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> =>
  raw.map((b, i) => (i === raw.length - 1 ? b ^ 1 : b))

/** refused is a commit whose last byte, of its tag, was bent; its author signed it so. */
async function refused(w: World, made: CommitFields, author: Person): Promise<CommitFields> {
  const commit = bent(made.commit)
  const { devicePublic: publicKey, devicePrivate: privateKey } = await author.vault.keep()
  const place = { meeting: await meetingOf(w.booked.hostKey), group: w.group }
  const body = bodies.envelope({ epoch: made.epoch, hash: await sha256(commit) })
  return { ...made, commit, statement: await sign({ publicKey, privateKey }, 'commit', place, body) }
}

describe('M2: orders', () => {
  test.each<[string, (o: Ordered, w: World) => Promise<Ordered> | Ordered]>([
    ['no order', (o) => ({ ...o, order: none })],
    ['an order of another key', async (o, w) => w.sealed(o, await newDevice())],
    ['an order of another commit', (o) => ({ ...o, commit: bent(o.commit) })],
    ['an order of another epoch', async (o, w) => ({ ...o, order: (await w.sealed({ ...o, epoch: 7 })).order })],
    ['no word of the author', (o) => ({ ...o, statement: none })],
    [
      'the word of another author',
      async (o, w) => ({ ...o, statement: (await w.made(w.inside[1] ?? w.host, {})).statement }),
    ],
  ])('%s is forged, and nothing is applied', async (_, bend) => {
    const { w, host, bob } = await four()
    const ordered = await w.sealed(await w.made(host, {}))
    const { epoch } = bob
    expect(await bob.vault.ordered(await bend(ordered, w))).toEqual({ refusal: none, rejoin: false })
    expect([bob.alarms, bob.epoch]).toEqual([['order_forged'], epoch])
    expect(await bob.vault.ordered(ordered)).toEqual({ refusal: none, rejoin: false })
    expect(bob.epoch).toBe(epoch + 1)
  })

  test('two orders for one epoch are proof of cheating; the same one again is nothing', async () => {
    const { w, host, bob, eve } = await four()
    const [one, two] = [await w.sealed(await w.made(host, {})), await w.sealed(await w.made(eve, {}))]
    await bob.vault.ordered(one)
    await bob.vault.ordered(one)
    expect(bob.alarms).toEqual([])
    await bob.vault.ordered(two)
    expect(bob.alarms).toEqual(['order_forked'])
  })

  test('who missed a commit comes back by a rejoin', async () => {
    const { w, host, bob, eve } = await four()
    await w.order(await w.made(host, {}), [host, eve])
    await w.order(await w.made(host, {}))
    expect(w.verdicts.get(bob)).toEqual({ refusal: none, rejoin: true })
    expect(w.verdicts.get(eve)).toEqual({ refusal: none, rejoin: false })
    w.inside.splice(3, 1) // Kim missed it, too
    await w.rejoin(bob)
    await w.chat(bob, 'back')
    expect(chats(host)).toEqual(['back'])
    expect([...host.alarms, ...eve.alarms]).toEqual([])
  })

  test('a commit that the gate lets pass and that does not open is refused, signed, and its reader rejoins', async () => {
    const { w, host, bob, eve } = await four()
    const bad = await refused(w, await w.made(eve, {}), eve)
    const ordered = await w.sealed(bad)
    const verdict = await bob.vault.ordered(ordered)
    expect(verdict.refusal.length).toBeGreaterThan(0)
    await host.vault.ordered(ordered)
    expect([host.alarms, bob.alarms]).toEqual([['commit_refused'], ['commit_refused']])
    expect(verdict.rejoin).toBe(true)
  })
})

describe('M2: reopening', () => {
  async function reopening(): Promise<
    Four & { ordered: Ordered; refusal: (p: Person) => Promise<Uint8Array<ArrayBuffer>> }
  > {
    const f = await four()
    const { w, host, eve } = f
    const ordered = await w.sealed(await w.made(eve, {}))
    const place = { meeting: await meetingOf(w.booked.hostKey), group: w.group }
    const hash = await sha256(ordered.commit)
    const refusal = async (p: Person): Promise<Uint8Array<ArrayBuffer>> => {
      const { devicePublic: publicKey, devicePrivate: privateKey } = await p.vault.keep()
      const body = bodies.refusal({ epoch: ordered.epoch, hash, why: 1 })
      return sign({ publicKey, privateKey }, 'refusal', place, body)
    }
    expect(host.alarms).toEqual([])
    return { ...f, ordered, refusal }
  }

  test('who applied the void commit rejoins, without a false fork; the epoch is ordered anew', async () => {
    const { w, host, bob, eve, kim, ordered, refusal } = await reopening()
    await bob.vault.ordered(ordered)
    const proof = [await refusal(host)]
    expect(await bob.vault.reopened(ordered.epoch, eve.id, proof)).toEqual({ refusal: none, rejoin: true })
    for (const p of [host, eve, kim]) {
      expect(await p.vault.reopened(ordered.epoch, eve.id, proof)).toMatchObject({ rejoin: false })
      expect(p.alarms).toEqual([])
    }
    w.inside.splice(w.inside.indexOf(bob), 1)
    await w.rejoin(bob)
    expect([...host.alarms, ...eve.alarms, ...bob.alarms]).toEqual([])
    await w.chat(bob, 'again')
    expect(chats(kim)).toEqual(['again'])
  })

  test.each<[string, number[], boolean]>([
    ['a host', [0], true],
    ['two of three others', [1, 3], true],
    ['one guest', [1], false],
    ['the author and one guest', [1, 2], false],
    ['nobody', [], false],
  ])('by %s', async (_, by, holds) => {
    const { w, bob, eve, ordered, refusal } = await reopening()
    await bob.vault.ordered(ordered)
    const proof = await Promise.all(by.map((i) => refusal(w.inside[i] ?? eve)))
    expect((await bob.vault.reopened(ordered.epoch, eve.id, [...proof, ...proof])).rejoin).toBe(holds)
    expect(bob.alarms).toEqual(holds ? [] : ['order_forged'])
  })
})

describe('rejoin', () => {
  test('H8: a reload comes back through the lock without a host’s hand, under the same name', async () => {
    const { w, host, bob, eve } = await four()
    await w.change(host, { kind: 'lock', on: true })
    const again = await w.arrive(null, await bob.vault.keep())
    await w.rejoin(again, eve)
    expect(again.members.map((m) => m.name).sort()).toEqual(['Ada', 'Bob', 'Eve', 'Kim'])
    expect(host.told.findLast((h) => h.kind === 'passed')).toMatchObject({ came: [], back: [bob.id], gone: [] })
    expect(again.told.find((h) => h.kind === 'confirmed')).toMatchObject({ byMajority: false })
    expect([...host.alarms, ...again.alarms]).toEqual([])
  })

  test('who was away comes back; who left or was removed does not', async () => {
    const { w, host, bob, eve, kim } = await four()
    await w.pass(31_000)
    w.drops = (from) => from === bob
    await w.pass(31_000)
    await w.remove(bob, none)
    w.drops = () => false
    const again = await w.arrive(null, await bob.vault.keep())
    await w.rejoin(again)
    expect(host.members.map((m) => m.name).sort()).toEqual(['Ada', 'Bob', 'Eve', 'Kim'])
    await w.remove(eve, await eve.vault.leaving())
    expect(await eve.vault.rejoin(challenge)).toBeNull()
    expect(await (await w.arrive(null, await eve.vault.keep())).vault.rejoin(challenge)).toBeNull()
    await w.removes(host, kim)
    expect(await kim.vault.rejoin(challenge)).toBeNull()
  })

  test('without host or co-host the heads of more than half confirm, and it is said', async () => {
    const { w, host, bob, eve } = await four()
    await w.pass(31_000)
    const kept = await bob.vault.keep()
    w.drops = (from, to) => from === host || to === host
    await w.pass(31_000)
    await w.remove(host, none, eve)
    w.drops = () => false
    const again = await w.arrive(null, kept)
    await w.rejoin(again, eve)
    expect(again.told.find((h) => h.kind === 'confirmed')).toMatchObject({ byMajority: true })
  })

  test('without host or co-host less than half confirm nobody', async () => {
    const { w, host, bob, eve, kim } = await four()
    await w.pass(31_000)
    const kept = await bob.vault.keep()
    w.drops = (from, to) => from === host || to === host
    await w.pass(31_000)
    await w.remove(host, none, eve)
    const again = await w.arrive(null, kept)
    w.drops = (from) => from === kim
    await w.rejoin(again, eve)
    expect(again.confirmed()).toBe(false)
    await w.pass(11_000)
    expect(again.told.map((h) => h.kind)).toContain('unconfirmed')
  })

  test('H1: a pair that contradicts ours is a fork', async () => {
    const { w, host, bob, eve } = await four()
    const other = await w.sealed(await w.made(eve, {}))
    await bob.vault.ordered(other) // the server's other half
    w.inside.splice(w.inside.indexOf(bob), 1)
    await w.order(await w.made(host, {}))
    await w.rejoin(bob)
    expect(host.told.findLast((h) => h.kind === 'alarm')).toMatchObject({ code: 'fork', participant: bob.id })
  })
})

describe('the host key', () => {
  test('takes the meeting that others hold, whatever happened to the host’s browser', async () => {
    const { w, host, bob, eve } = await four()
    w.drops = (from, to) => from === host || to === host
    await w.pass(31_000)
    await w.remove(host, none, eve)
    w.drops = () => false
    const fresh = await w.arrive(w.booked.seed)
    await w.take(fresh, 'Ada', bob)
    w.host = fresh
    expect(bob.members.find((m) => m.participant === fresh.id)).toMatchObject({ role: 'host', name: 'Ada' })
    expect(fresh.told.find((h) => h.kind === 'confirmed')).toMatchObject({ byMajority: true })
    await w.change(fresh, { kind: 'lock', on: true })
    expect(bob.rules?.locked).toBe(true)
  })

  test('M3: a later group keeps bars and label; an older chain is told, and so is forgetting', async () => {
    const { w, host, bob, eve } = await four()
    const early = [...w.policies]
    await w.removes(host, eve)
    await w.change(host, { kind: 'label', label: 1 })
    const kept = await host.vault.keep()
    const again = await w.arrive(null, kept)
    expect(await w.opens(again, 'Ada', 1)).toMatchObject({ forgotten: false, older: false })
    expect(again.rules).toMatchObject({ generation: 2, label: 1, barred: [{ name: '' }] })
    const third = await w.arrive(null, kept)
    const lied = { generation: 1, group: w.group, policies: early }
    expect(await third.vault.openGroup('Ada', w.server.publicKey, lied)).toMatchObject({ older: true })
    expect(third.rules).toMatchObject({ generation: 2, label: 1, barred: [{ name: '' }] })
    const fresh = await w.arrive(w.booked.seed)
    const unknown = { generation: 3, group: none, policies: [] }
    expect(await fresh.vault.openGroup('Ada', w.server.publicKey, unknown)).toMatchObject({ forgotten: true })
    expect(fresh.rules).toMatchObject({ generation: 4, barred: [] })
    expect(bob.rules?.generation).toBe(1)
  })

  test('M3: a later group is taken only when nobody vouches for the present one', async () => {
    const { w, host, bob } = await four()
    const fresh = await w.arrive(w.booked.seed)
    const last = { generation: 1, group: w.group, policies: w.policies }
    const { policy } = await fresh.vault.openGroup('Ada', w.server.publicKey, last)
    expect(await bob.vault.mayRegroup(policy)).toBe(false)
    w.drops = (from) => from === host
    await w.pass(16_000)
    expect(await bob.vault.mayRegroup(policy)).toBe(true)
    expect(await bob.vault.mayRegroup(w.policies[0] ?? none)).toBe(false) // its own generation
    expect(await bob.vault.mayRegroup(none)).toBe(false)
  })

  test('who holds the group can give it back to a server that restarted', async () => {
    const { w, host, bob } = await four()
    const [revive, back] = [await host.vault.returning(challenge), await bob.vault.returning(challenge)]
    expect(revive).toMatchObject({ group: w.group, epoch: w.epoch })
    expect(revive?.state.length).toBeGreaterThan(500)
    expect(back?.state.length).toBe(0)
    expect(await (await w.arrive()).vault.returning(challenge)).toBeNull()
  })
})

describe('time', () => {
  test('H3: heads that were held back do not stretch the dead man’s switch', async () => {
    const { w, host, bob } = await four()
    w.drops = (from) => from === host
    const from = host.told.length
    await w.pass(8_000)
    const hoard = host.told.slice(from).flatMap((h) => (h.kind === 'send' ? [h] : []))
    await w.pass(3_000)
    expect(hoard.length).toBeGreaterThan(0)
    for (const head of hoard) expect(await bob.vault.hear(head.epoch, head.message)).toMatchObject({ kind: 'head' })
    expect(bob.standing.stopped).toBe(false)
    await w.pass(9_000) // 12 s after the last of them was said, 9 s after it came
    expect(bob.standing.stopped).toBe(true)
    await expect(bob.vault.say('to whom?', all)).rejects.toMatchObject({ code: 'stopped' })
  })

  test('H2: a clock that is more than two minutes off is told once and refuses nothing', async () => {
    const { w, host, bob } = await four()
    const first = await w.made(host, {})
    w.clock.advance(121_000)
    await w.order(first)
    expect(bob.alarms.filter((a) => a === 'clock_off')).toHaveLength(1)
    const second = await w.made(host, {})
    w.clock.advance(121_000)
    await w.order(second)
    expect(bob.alarms.filter((a) => a === 'clock_off')).toHaveLength(1)
    expect(bob.epoch).toBe(w.epoch)
  })

  test('a sender uses a new epoch as soon as all others are in it', async () => {
    const w = await World.open('Ada')
    const [bob] = await w.enter('Bob')
    if (!bob) throw new Error('nobody')
    await w.change(w.host, { kind: 'co-host', participant: bob.id, on: true })
    await w.pass(2_000)
    const frame = new Uint8Array(20)
    const epochOf = async (p: Person): Promise<number> => {
      const sealed = await p.vault.frames.seal('microphone', 'audio', frame)
      const [config = 0, next = 0] = sealed ?? []
      return p === w.host ? (config & 0x80 ? next : config >> 4) : next
    }
    const before = await epochOf(w.host)
    await w.order(await w.made(w.host, {}))
    expect(await epochOf(w.host)).toBe(before)
    await w.deliver() // heads of the new epoch; no time passes
    expect(await epochOf(w.host)).toBe(before + 1)
  })
})
