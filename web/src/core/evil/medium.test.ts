/** The medium rules of PROTOCOL.md, each played as its attack against real vaults. M5 comes with personal links. */
import { describe, expect, test, vi } from 'vitest'
import { processPublicMessage } from 'ts-mls/processMessages.js'
import { identityOf } from '../group/credential'
import { allowList } from '../group/gate'
import { pskIndex } from '../group/joiner'
import { readKeyPackage, readMessage, referenceOf } from '../group/mls'
import { underOf } from '../group/roster'
import { suite } from '../group/suite'
import * as bodies from '../keys/bodies'
import { equal, fromHex, hex, random } from '../keys/bytes'
import { rootOf, sha256 } from '../keys/derive'
import { parse, sign, verify } from '../keys/statement'
import { add, deviceOf, Liar, picture, psk, remove, type Rogue } from '../testkit/liar'
import { challenge, chats, origin, World } from '../testkit/meeting'
import { admitted, all, hears, refusedBy, speaks, stage, type Stage } from '../testkit/stage'

describe('M1: policies side by side', () => {
  test('M1: of two hosts’ next policies one wins; the loser’s is worth nothing and is signed anew, never blindly', async () => {
    const s = await stage()
    await s.w.rule([await s.ada.vault.change({ kind: 'host', participant: s.bob.id })])
    const lock = await s.ada.vault.change({ kind: 'lock', on: true })
    const bar = await s.bob.vault.change({ kind: 'bar', device: hex(random(32)) })
    await s.w.rule([lock])
    await s.mallory.follows()
    expect(await s.mallory.strikes(await s.mallory.rogue([], [bar]))).toEqual(refusedBy(s.w, 'policy chain'))
    for (const p of s.w.inside) expect(p.rules).toMatchObject({ locked: true, barred: [] })
    expect(s.bob.standing.changing).toBe(false) // he has seen the winner
    await s.w.change(s.bob, { kind: 'bar', device: hex(random(32)) })
    for (const p of s.w.inside) expect(p.rules).toMatchObject({ locked: true, barred: [{ name: '' }] })
  })

  test('M1: a joiner who is shown the chain without its last rules is confirmed by no host, and leaves', async () => {
    const s = await stage()
    const { zoe, fields, admission } = await admitted(s.w)
    const { allows } = s.mallory.roster.policies[0].body
    await s.w.change(s.ada, { kind: 'allows', allows: { ...allows, share: true } })
    await s.mallory.follows()
    const [first] = s.mallory.roster.policies
    const extensions = [s.mallory.info([parse(admission)], { policies: [first.statement] })]
    const proposals = [add(fields.keyPackage), psk(s.mallory.meeting)]
    const rogue = await s.mallory.rogue(proposals, [admission], { extensions })
    expect(await s.mallory.strikes(rogue)).toEqual(refusedBy(s.w, 'taken'))
    await zoe.vault.join(rogue.welcome, rogue.tree, admission)
    s.w.inside.push(zoe)
    await s.w.deliver()
    expect(zoe.told.filter((h) => h.kind === 'alarm')).toMatchObject([{ code: 'fork', participant: s.ada.id }])
    expect([zoe.confirmed(), zoe.members]).toEqual([false, []])
    await s.w.pass(10_000)
    expect(zoe.told.map((h) => h.kind)).toContain('unconfirmed')
  })
})

describe('M2: a bad commit', () => {
  test('M2: a path that is garbage for one member throws nobody out: who cannot open it says so, signed, and comes back', async () => {
    const s = await stage()
    const { cipher, garbled } = garbling([leafKey(s, s.priya.id)])
    const rogue = await s.mallory.rogue([], [], { cipher })
    expect(garbled()).toBe(1)
    const ordered = await s.w.sealed(rogue)
    const verdicts = await Promise.all(s.w.inside.map((p) => p.vault.ordered(ordered)))
    expect(verdicts.map((v) => v.rejoin)).toEqual([false, false, true])
    const refusal = parse(verdicts[2]?.refusal ?? new Uint8Array())
    expect(bodies.readRefusal(refusal.body)).toMatchObject({ why: bodies.why.opens, epoch: rogue.epoch })
    expect(await verify(refusal, s.mallory.roster.place)).toBe(true)
    s.w.epoch++
    s.w.inside.splice(s.w.inside.indexOf(s.priya), 1)
    await s.w.rejoin(s.priya)
    await s.w.chat(s.priya, 'back')
    expect([chats(s.ada), chats(s.bob)]).toEqual([['back'], ['back']])
  })

  test('M2: a path that is garbage for everybody wedges nothing: all refuse, and the epoch is opened again for all', async () => {
    const s = await stage()
    const { cipher, garbled } = garbling([s.ada, s.bob, s.priya].map((p) => leafKey(s, p.id)))
    const rogue = await s.mallory.rogue([], [], { cipher })
    expect(garbled()).toBe(3)
    const ordered = await s.w.sealed(rogue)
    const verdicts = await Promise.all(s.w.inside.map((p) => p.vault.ordered(ordered)))
    expect(verdicts.map((v) => v.rejoin && v.refusal.length > 0)).toEqual([true, true, true])
    const refusals = verdicts.map((v) => v.refusal)
    const undone = await Promise.all(
      s.w.inside.map((p) => p.vault.reopened(rogue.epoch, hex(s.mallory.me.participant), refusals)),
    )
    expect(undone.map((v) => v.rejoin)).toEqual([false, false, false])
    await s.w.chat(s.priya, 'nobody left')
    expect([chats(s.ada), chats(s.bob)]).toEqual([['nobody left'], ['nobody left']])
  })

  test('M2: a refused commit changes nothing, and the meeting goes on in the same epoch', async () => {
    const s = await stage()
    const before = picture(s.w)
    const host = s.mallory.leafOf(s.ada.id)
    const word = await s.mallory.removal(s.mallory.me.device, host)
    const rogue = await s.mallory.rogue([remove(host)], [word])
    expect(await s.mallory.strikes(rogue)).toEqual(refusedBy(s.w, 'a removal that no host signed'))
    expect(picture(s.w)).toEqual(before)
    await s.w.order(await s.w.made(s.bob, {}))
    await s.w.deliver()
    expect(s.w.inside.map((p) => p.epoch)).toEqual(s.w.inside.map(() => s.w.epoch))
    for (const p of s.w.inside) expect(p.alarms).toEqual(['commit_refused'])
  })

  test('M2: the author of a commit is who signed it, or it is nobody’s', async () => {
    const s = await stage()
    const rogue = await s.mallory.rogue([])
    const { roster } = s.mallory
    const body = bodies.envelope({ epoch: rogue.epoch, hash: await sha256(rogue.commit) })
    const asBob = await sign(await deviceOf(s.bob), 'commit', roster.place, body)
    const forged = { ...rogue, statement: asBob }
    for (const p of s.w.inside) await p.vault.ordered(await s.w.sealed(forged))
    for (const p of s.w.inside) expect([p.alarms, p.epoch]).toEqual([['order_forged'], rogue.epoch])
  })

  /** garbling seals path secrets to these leaves as noise; garbled counts to how many it did. */
  function garbling(keys: readonly Uint8Array[]): { cipher: typeof suite; garbled: () => number } {
    const garbage = new Set<unknown>()
    const importPublicKey = suite.hpke.importPublicKey.bind(suite.hpke)
    const hpke: typeof suite.hpke = {
      ...suite.hpke,
      importPublicKey: async (raw: Uint8Array) => {
        const made = await importPublicKey(raw)
        if (keys.some((key) => equal(raw, key))) garbage.add(made)
        return made
      },
      seal: (...args: Parameters<typeof suite.hpke.seal>) =>
        garbage.has(args[0]) ? Promise.resolve({ enc: random(32), ct: random(48) }) : suite.hpke.seal(...args),
    }
    return { cipher: { ...suite, hpke }, garbled: () => garbage.size }
  }

  function leafKey({ mallory }: Stage, participant: string): Uint8Array {
    const node = mallory.state.ratchetTree[2 * mallory.leafOf(participant).leaf]
    if (node?.nodeType !== 'leaf') throw new Error('no leaf')
    return node.leaf.hpkePublicKey
  }
})

describe('M3: an older group', () => {
  test('M3: who is in the newer group is not brought into the old one, by a Welcome or by a claim', async () => {
    const s = await stage()
    const [bobs, adas] = await Promise.all([s.bob.vault.keep(), s.ada.vault.keep()])
    const old = s.mallory.roster
    const ada = await s.w.arrive(null, adas)
    await s.w.opens(ada, 'Ada', 1)
    const bob = await s.w.arrive(null, bobs)
    await s.w.admit([await s.w.knock(bob, 'Bob')])
    expect([bob.confirmed(), bob.rules?.generation]).toEqual([true, 2])
    expect(await bob.vault.mayRegroup(old.policies[0].statement.raw)).toBe(false)
    const { fields } = await s.w.knock(bob, 'Bob') // he loses the line and knocks; the server answers with the old group
    const admission = await s.mallory.admission(await deviceOf(s.ada), await namedIn(fields.keyPackage, bob.id))
    const proposals = [remove(s.mallory.leafOf(bob.id)), add(fields.keyPackage), psk(s.mallory.meeting)]
    const extensions = [s.mallory.info([parse(admission)])]
    const rogue = await s.mallory.rogue(proposals, [admission], { extensions })
    await expect(bob.vault.join(rogue.welcome, rogue.tree, admission)).rejects.toMatchObject({
      code: 'welcome_refused',
      detail: 'an older group',
    })
    await s.w.chat(ada, 'still here')
    expect(chats(bob)).toEqual(['still here'])
  })

  test('M3: a later group is not taken while a host confirms the present one', async () => {
    const s = await stage()
    const second = await s.w.arrive(s.w.booked.seed)
    const last = { generation: 1, group: s.w.group, policies: s.w.policies }
    const { policy, group } = await second.vault.openGroup('Ada', s.w.server.publicKey, last)
    expect(await s.bob.vault.mayRegroup(policy)).toBe(false)
    const { fields } = await s.w.knock(s.bob, 'Bob')
    await second.vault.readKnock(fields)
    const admission = await second.vault.admit([s.bob.id])
    const task = { policies: [], consents: [], removes: [], lease: 1, epoch: 0 }
    const one = { participant: s.bob.id, keyPackage: fields.keyPackage, statement: admission }
    const made = await second.vault.carryOut({ ...task, adds: [one] })
    await expect(s.bob.vault.join(made.welcome, made.tree, admission)).rejects.toMatchObject({
      detail: 'another group while this one is confirmed',
    })
    expect(equal(group, s.w.group)).toBe(false)
    await s.w.chat(s.ada, 'still here')
    expect(chats(s.bob)).toEqual(['still here'])
  })

  async function namedIn(raw: Uint8Array, participant: string): Promise<bodies.Admitted> {
    const kp = readKeyPackage(raw)
    const { device } = identityOf(kp.leafNode.credential)
    const reference = await referenceOf(kp)
    return { reference, participant: fromHex(participant), device, commitment: random(32), role: 0 }
  }
})

test('M4: after 256 epochs a recorded frame’s key id means the new key alone, and at most eight old epochs are held', async () => {
  const w = await World.open('Ada')
  const [bob] = await w.enter('Bob')
  if (!bob) throw new Error('nobody')
  const { host } = w
  await w.pass(2_000)
  const [first, second] = [await speaks(host), await speaks(host)]
  expect(await hears(bob, host.id, first)).toBe('opened')
  for (let i = 0; i < 8; i++) await w.order(await w.made(bob, {}))
  expect(await hears(bob, host.id, second)).toBe('opened') // the eighth epoch back
  const third = await speaks(host)
  await w.order(await w.made(bob, {}))
  expect(await hears(bob, host.id, third)).not.toBe('opened')
  for (let i = 0; i < 247; i++) await w.order(await w.made(bob, {}))
  await w.deliver()
  expect(await hears(bob, host.id, await speaks(host))).toBe('opened')
  expect(await hears(bob, host.id, third)).toBe('forged') // tried with one key, that of now
})

test('M6: a stolen ticket is worth nothing without the device, on this line and at this challenge', async () => {
  const { w, bob } = await stage()
  const ticket = random(32)
  const statement = parse(await bob.vault.resume(challenge, ticket))
  const hash = await sha256(ticket)
  expect(statement.body).toEqual(bodies.resume(origin, challenge, hash))
  expect(statement.body).not.toEqual(bodies.resume(origin, random(32), hash)) // another line's challenge
  expect(statement.body).not.toEqual(bodies.resume(origin, challenge, await sha256(random(32))))
  expect(hex(statement.signer)).toBe(bob.members.find((m) => m.me)?.device)
  expect(hex(statement.raw)).not.toContain(hex(ticket))
  const thief = await Liar.outside(w)
  const place = { meeting: thief.meeting, group: new Uint8Array(32) }
  const forged = parse(await sign(thief.me.device, 'resume', place, statement.body))
  expect(await verify(statement, place)).toBe(true)
  expect(await verify({ ...forged, signer: statement.signer }, place)).toBe(false)
})

describe('M7, M8: what the code is worth', () => {
  test('M7: each guess costs 600,000 rounds over the meeting’s own salt, and no id on the wire comes from the code', async () => {
    const derive = vi.spyOn(crypto.subtle, 'deriveBits')
    const meeting = random(16)
    await rootOf(random(10), meeting)
    const params = derive.mock.calls.map(([p]) => p as Pbkdf2Params).filter((p) => p.name === 'PBKDF2')
    expect(params).toMatchObject([{ iterations: 600_000, hash: 'SHA-256' }])
    expect(hex(new Uint8Array(params[0]?.salt as ArrayBuffer))).toContain(hex(meeting))
    derive.mockRestore()
    const { w, mallory } = await stage()
    const wire = w.commits.flatMap((c) => [c.commit, c.welcome, c.tree]).map(hex)
    expect(wire.some((raw) => raw.includes(hex(mallory.meeting)))).toBe(true) // the PSK's id
    for (const raw of wire) expect(raw).not.toContain(hex(mallory.keys.psk))
  })

  test('M8: who was removed keeps code and PSK, and opens no later epoch with them', async () => {
    const s = await stage()
    expect(await s.mallory.tap.opens(await speaks(s.ada))).toBe(true)
    const { statement, policy } = await s.ada.vault.removal(s.mallory.id)
    const removes = [{ participant: s.mallory.id, statement }]
    await s.w.order(await s.w.made(s.ada, { policies: [policy], removes }))
    await s.w.deliver()
    await s.w.enter('Kim') // a commit with the PSK
    for (const { commit } of s.w.commits.slice(-2)) {
      const outer = readMessage(commit)
      if (outer.wireformat !== 'mls_public_message') throw new Error('no commit')
      const psks = pskIndex(s.mallory.state, s.mallory.meeting, s.mallory.keys.psk)
      const trying = processPublicMessage(s.mallory.state, outer.publicMessage, psks, suite, allowList)
      const next = await trying.catch(() => null)
      if (next) await s.mallory.tap.keep(next.newState)
    }
    expect(await s.mallory.tap.opens(await speaks(s.ada))).toBe(false)
    expect(s.priya.members.map((m) => m.name).sort()).toEqual(['Ada', 'Bob', 'Kim', 'Priya'])
  })
})

test('M9: who commits in both halves of a split shows them two codes of thirty digits', async () => {
  const s = await stage()
  const [one, two] = [await s.mallory.rogue([]), await s.mallory.rogue([])]
  const half = async (rogue: Rogue, people: typeof s.w.inside): Promise<void> => {
    for (const p of people) await p.vault.ordered(await s.w.sealed(rogue))
  }
  expect(s.ada.digits).toBe(s.priya.digits)
  await half(one, [s.ada, s.bob])
  await half(two, [s.priya])
  expect(s.ada.digits).toMatch(/^\d+ \d{30}$/)
  expect(s.ada.digits).toBe(s.bob.digits)
  expect(s.priya.digits.split(' ')[0]).toBe(s.ada.digits.split(' ')[0]) // of the same epoch
  expect(s.priya.digits).not.toBe(s.ada.digits)
})

describe('M10: an end', () => {
  test('M10: an end that was stored is void once a rule changed, and no guest’s or other meeting’s ends anything', async () => {
    const s = await stage()
    const stored = await s.ada.vault.ending()
    const other = await World.open('Ada')
    const under = underOf(s.mallory.roster)
    const fake = await s.mallory.signs('end', bodies.end({ under, epoch: s.w.epoch }))
    expect(await s.bob.vault.checkEnd(stored)).toBe(true)
    expect(await s.bob.vault.checkEnd(fake)).toBe(false)
    await s.w.change(s.ada, { kind: 'lock', on: true })
    await s.w.change(s.ada, { kind: 'lock', on: false }) // the same rules, but later
    for (const bad of [stored, fake, await other.host.vault.ending()])
      expect(await s.bob.vault.checkEnd(bad)).toBe(false)
    expect(await s.bob.vault.checkEnd(await s.ada.vault.ending())).toBe(true)
  })
})

describe('M11: sizes', () => {
  test('M11: the server sees a size class: short words, reactions, hands and devices are all alike', async () => {
    const s = await stage()
    const size = async (text: string): Promise<number> => (await s.bob.vault.say(text, all)).message.length
    const short = [await size('a'), await size('yes'), await size('a'.repeat(30))]
    short.push((await s.bob.vault.react('heart')).message.length)
    short.push((await s.bob.vault.hand(true)).message.length)
    short.push((await s.bob.vault.devices(true, false))?.message.length ?? 0)
    expect(new Set(short).size).toBe(1)
    const classes = new Set<number>()
    for (const n of [1, 60, 150, 220, 400, 900, 1_500, 3_900]) classes.add(await size('a'.repeat(n)))
    expect(classes.size).toBe(4) // 64, 256, 1,024 and 4,096 bytes
  })
})
