import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import * as bodies from '../keys/bodies'
import { equal, hex } from '../keys/bytes'
import { newDevice, type Signer } from '../keys/derive'
import { everything, floorsHold } from '../keys/policy-body'
import { hashOf, parse, sign, type Place } from '../keys/statement'
import { policy, trio, type Trio } from '../testkit/group'
import type { Bytes, Change } from '../vault'
import { VaultError } from '../vault-error'
import { extend, follow, nextPolicy, takingPolicy, voids } from './policy'
import { Refused } from './refused'
import { may, policyOf, roleIn, roleOf, type Chain, type Policy, type Roster } from './roster'

let t: Trio
let place: Place
let hostKey: Signer
let people: Signer[] // Ada, Bob, Eve and two who are not inside

beforeAll(async () => {
  t = await trio()
  place = t.adas.roster.place
  hostKey = t.host.host
  people = [t.ada.device, t.bob.device, t.eve.device, await newDevice(), await newDevice()]
})

const has = (list: readonly Bytes[], key: Uint8Array): boolean => list.some((k) => equal(k, key))

async function signed(by: Signer, body: bodies.Policy, before: Policy): Promise<Policy> {
  return follow(before, parse(await sign(by, 'policy', place, bodies.policy(body))), place, hostKey.publicKey)
}

/** toggled moves a key in or out of one list. */
function toggled(p: bodies.Policy, list: 'hosts' | 'coHosts' | 'barred', key: Bytes): bodies.Policy {
  const out = p[list].filter((k) => !equal(k, key))
  if (out.length < p[list].length) return { ...p, [list]: out }
  const free = (name: 'hosts' | 'coHosts' | 'barred'): Bytes[] => p[name].filter((k) => !equal(k, key))
  const cleared = { ...p, hosts: free('hosts'), coHosts: free('coHosts'), barred: free('barred') }
  return { ...cleared, [list]: [...cleared[list], key] }
}

type Wish = readonly [what: number, who: number, by: number]

function mutated(p: bodies.Policy, [what, who]: Wish): bodies.Policy {
  const key = people[who % people.length]?.publicKey ?? new Uint8Array(32)
  switch (what) {
    case 0:
      return { ...p, locked: !p.locked }
    case 1:
      return { ...p, allows: { ...p.allows, chat: !p.allows.chat } }
    case 2:
      return { ...p, recording: (who % 3) as 0 | 1 | 2 }
    case 3:
      return { ...p, label: (who % 3) as 0 | 1 | 2, allows: { ...p.allows, share: false } }
    case 4:
      return { ...p, orderKey: key }
    case 5:
      return toggled(p, 'hosts', key)
    case 6:
      return toggled(p, 'coHosts', key)
    default:
      return toggled(p, 'barred', key)
  }
}

/** lawful says of an accepted policy what must never happen, whoever signs. */
function lawful(before: bodies.Policy, after: bodies.Policy, by: Signer): void {
  const byKey = equal(by.publicKey, hostKey.publicKey)
  const role = byKey ? 'host key' : roleIn(before, by.publicKey)
  expect(role).not.toBe('guest')
  expect(after.hosts.length).toBeGreaterThan(0)
  for (const h of before.hosts.filter((k) => !has(after.hosts, k))) expect(byKey || equal(h, by.publicKey)).toBe(true)
  if (after.hosts.some((k) => !has(before.hosts, k))) expect(['host', 'host key']).toContain(role)
  if (after.coHosts.some((k) => !has(before.coHosts, k))) expect(['host', 'host key']).toContain(role)
  if (before.barred.some((k) => !has(after.barred, k))) expect(role).toBe('host')
  if (after.barred.some((k) => has(before.hosts, k) && !equal(k, by.publicKey))) expect.unreachable()
  if (before.locked && !after.locked) expect(role).toBe('host')
  if (after.label !== before.label) expect(role).toBe('host')
  if (!equal(after.orderKey, before.orderKey)) expect(role).toBe('host key')
  if (after.recording !== before.recording && role !== 'host')
    expect([before.recording, after.recording]).toEqual([1, 2])
  expect(floorsHold(after)).toBe(true)
}

test('whatever is signed, nobody gets what the table does not give', async () => {
  let taken = 0
  const wish = fc.tuple(fc.nat(7), fc.nat(4), fc.nat(5))
  const walk = fc.array(fc.array(wish, { minLength: 1, maxLength: 2 }), { minLength: 15, maxLength: 30 })
  await fc.assert(
    fc.asyncProperty(walk, async (steps) => {
      let now: Policy = policyOf(t.adas.roster)
      for (const wishes of steps) {
        const by = [...people, hostKey][wishes[0]?.[2] ?? 0] ?? hostKey
        const wanted = wishes.reduce(mutated, now.body)
        const next = { ...wanted, sequence: now.body.sequence + 1, previous: now.hash }
        try {
          const after = await signed(by, next, now)
          lawful(now.body, after.body, by)
          now = after
          taken++
        } catch (e) {
          if (!(e instanceof Refused) && !String(e).includes('not of the right form')) throw e
        }
      }
    }),
    { numRuns: 60 },
  )
  expect(taken).toBeGreaterThan(50)
})

test('whatever a member wishes, what it signs is taken by all, or it is told why not', async () => {
  let made = 0
  const change = fc.tuple(fc.nat(6), fc.nat(4), fc.boolean(), fc.nat(4))
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 20, maxLength: 40 }), async (steps) => {
      let roster: Roster = t.adas.roster
      for (const [kind, who, on, by] of steps) {
        const signer = people[by] ?? hostKey
        try {
          const body = nextPolicy(roster, wished(kind, who, on), signer.publicKey)
          const after = await signed(signer, body, policyOf(roster))
          const [first, ...rest] = roster.policies
          roster = { ...roster, policies: [first, ...rest, after] }
          made++
        } catch (e) {
          expect(e).toBeInstanceOf(VaultError)
          expect(['not_host', 'seat_unknown', 'policy_bad']).toContain((e as VaultError).code)
        }
      }
    }),
    { numRuns: 60 },
  )
  expect(made).toBeGreaterThan(50)
})

function wished(kind: number, who: number, on: boolean): Change {
  const inside = [t.ada, t.bob, t.eve][who]
  const participant = hex(inside?.participant ?? new Uint8Array(16))
  const device = hex(people[who]?.publicKey ?? new Uint8Array(32))
  const all: Change[] = [
    { kind: 'lock', on },
    { kind: 'allows', allows: { ...everything, share: on } },
    { kind: 'co-host', participant, on },
    { kind: 'host', participant },
    { kind: 'bar', device },
    { kind: 'pardon', device },
    { kind: 'label', label: (who % 3) as 0 | 1 | 2 },
  ]
  return all[kind] ?? { kind: 'lock', on }
}

describe('a chain', () => {
  const chained = async (over: Partial<bodies.Policy>, by = t.ada.device): Promise<Chain> =>
    extend(t.adas.roster.policies, [parse(await policy(t, by, over))], place, hostKey.publicKey)

  test.each<[string, Partial<bodies.Policy>, boolean]>([
    ['a lock', { locked: true }, true],
    ['a bar', { barred: [new Uint8Array(32).fill(1)] }, true],
    ['a new co-host', { coHosts: [new Uint8Array(32).fill(1)] }, false],
    ['a recording', { recording: 1 }, false],
  ])('%s voids admissions: %s', async (_, over, does) => {
    const [first, second] = await chained(over)
    expect(second && voids(first.body, second.body)).toBe(does)
  })

  test('lets hosts do all, and guests what the policy allows', async () => {
    const policies = await chained({ allows: { ...everything, share: false }, coHosts: [t.eve.device.publicKey] })
    const devices = [t.ada, t.eve, t.bob].map((m) => m.device.publicKey)
    expect(devices.map((d) => roleOf({ policies }, d))).toEqual(['host', 'co-host', 'guest'])
    expect(devices.map((d) => may({ policies }, d, 'share'))).toEqual([true, true, false])
    expect(devices.map((d) => may({ policies }, d, 'chat'))).toEqual([true, true, true])
  })

  test('is taken by the host key for a device that is no host yet', async () => {
    const { policies } = t.adas.roster
    const second = await newDevice()
    const body = takingPolicy(policies, second.publicKey)
    if (body === null) throw new Error('a host already')
    const after = await signed(hostKey, body, policyOf({ policies }))
    expect(roleIn(after.body, second.publicKey)).toBe('host')
    expect(takingPolicy(policies, t.ada.device.publicKey)).toBeNull()
    const barring = await chained({ barred: [second.publicKey] })
    expect(() => takingPolicy(barring, second.publicKey)).toThrow('barred')
  })

  test('ends at 512 policies, and at 128 KiB', async () => {
    const statements = []
    let last: Policy = policyOf(t.adas.roster)
    for (let i = 0; i < 512; i++) {
      const statement = parse(await policy(t, t.ada.device, { recording: i % 2 === 0 ? 1 : 0 }, last))
      last = { statement, body: bodies.readPolicy(statement.body), hash: await hashOf(statement) }
      statements.push(statement)
    }
    await expect(extend(t.adas.roster.policies, statements, place, hostKey.publicKey)).rejects.toThrow('too long')
    const barred = Array.from({ length: 512 }, () => crypto.getRandomValues(new Uint8Array(32)))
    const large = []
    last = policyOf(t.adas.roster)
    for (let i = 0; i < 8; i++) {
      const statement = parse(await policy(t, t.ada.device, { barred, recording: i % 2 === 0 ? 1 : 0 }, last))
      last = { statement, body: bodies.readPolicy(statement.body), hash: await hashOf(statement) }
      large.push(statement)
    }
    await expect(extend(t.adas.roster.policies, large, place, hostKey.publicKey)).rejects.toThrow('too long')
    await expect(extend(t.adas.roster.policies, large.slice(0, 7), place, hostKey.publicKey)).resolves.toBeDefined()
  })
})
