import { expect, test } from 'vitest'
import golden from '../../../../protocol/keys.json'
import { fromHex, hex, join } from './bytes'
import * as bodies from './bodies'
import { decode, encode, grouped } from './crockford'
import { codeKeys, hostKeys, knockKey, meetingText, newDevice, rootOf } from './derive'
import { commitmentTo, openName, openTitle, padName, sealName, sealTitle, unpadName } from './names'
import { LinkSecrets } from './secrets'
import { hashOf, parse, sign, verify } from './statement'
import { importEd25519, publicOfSeed } from '../group/suite'
import type { Bytes } from '../vault'

const meeting = fromHex(golden.meeting.bytes)
const place = { meeting, group: fromHex(golden.group) }

test('codes and seeds are read as Go reads them', () => {
  expect(grouped(encode(fromHex(golden.code.bytes)))).toBe(golden.code.text)
  for (const typed of golden.code.typed) expect(hex(decode(typed, 10))).toBe(golden.code.bytes)
  expect(encode(fromHex(golden.seed.bytes))).toBe(golden.seed.text)
  for (const bad of ['', '8515-1j2m-9mak-5ak', '8515-1j2m-9mak-5aku', '8515-1j2m-9mak-5akk-0']) {
    expect(() => decode(bad, 10)).toThrow()
  }
})

test('every derived value is that of Go', async () => {
  const host = await hostKeys(fromHex(golden.seed.bytes))
  expect(hex(host.host.publicKey)).toBe(golden.meeting.hostKey)
  expect(hex(host.knock.publicKey)).toBe(golden.derived.knockPublic)
  expect(meetingText(host.meeting)).toBe(golden.meeting.text)
  const root = await rootOf(fromHex(golden.code.bytes), meeting)
  expect(hex(root)).toBe(golden.derived.root)
  const keys = await codeKeys(root, meeting)
  expect(root.every((b) => b === 0)).toBe(true) // wiped
  expect(hex(keys.entry.publicKey)).toBe(golden.derived.entryPublic)
  expect(hex(keys.psk)).toBe(golden.derived.psk)
  expect(hex(await sealTitle(keys.seal, meeting, golden.title.text, fromHex(golden.title.nonce)))).toBe(
    golden.title.sealed,
  )
  expect(await openTitle(keys.seal, meeting, fromHex(golden.title.sealed))).toBe(golden.title.text)
})

test('a title opens under its own code and meeting only', async () => {
  const right = await codeKeys(fromHex(golden.derived.root), meeting)
  const wrong = await codeKeys(new Uint8Array(32), meeting)
  const sealed = fromHex(golden.title.sealed)
  await expect(openTitle(wrong.seal, meeting, sealed)).rejects.toThrow()
  await expect(openTitle(right.seal, new Uint8Array(16), sealed)).rejects.toThrow()
})

test('names are padded, committed to and sealed as in Go', async () => {
  const { name } = golden
  const padded = padName(name.text)
  expect(hex(padded)).toBe(name.padded)
  expect(unpadName(padded)).toBe(name.text)
  expect(hex(await commitmentTo(fromHex(name.salt), padded))).toBe(name.commitment)
  const { knock } = await hostKeys(fromHex(golden.seed.bytes))
  const reference = fromHex(name.reference)
  expect(await openName(knock.privateKey, meeting, reference, fromHex(name.sealed))).toBe(name.text)
  const sealed = await sealName(knock.publicKey, meeting, reference, 'Ada')
  expect(await openName(knock.privateKey, meeting, reference, sealed)).toBe('Ada')
  await expect(openName(knock.privateKey, meeting, new Uint8Array(32), sealed)).rejects.toThrow()
  await expect(openName(knock.privateKey, new Uint8Array(16), reference, sealed)).rejects.toThrow()
  expect(() => unpadName(join(padded.slice(0, 255), Uint8Array.of(1)))).toThrow()
})

/** again reads a body and writes it anew; kinds that the page only writes are written from Go's values. */
const again: Record<string, (body: Bytes) => Bytes> = {
  booking: (b) => bodies.booking(bodies.readBooking(b)),
  entry: () => bodies.entry('https://meet.example', key(1), key(2), key(3)),
  host: () => bodies.host('https://meet.example', key(1), key(2), key(1).slice(0, 16)),
  resume: () => bodies.resume('https://meet.example', key(1), key(2)),
  knock: (b) => bodies.knock(bodies.readKnock(b)),
  leaf: (b) => bodies.leaf(bodies.readLeaf(b)),
  leave: (b) => bodies.leave(bodies.readLeave(b)),
  policy: (b) => bodies.policy(bodies.readPolicy(b)),
  admission: (b) => bodies.admission(bodies.readAdmission(b)),
  rejoin: (b) => bodies.rejoin(bodies.readRejoin(b)),
  removal: (b) => bodies.removal(bodies.readRemoval(b)),
  consent: (b) => bodies.consent(bodies.readConsent(b)),
  head: (b) => bodies.head(bodies.readHead(b)),
  commit: (b) => bodies.envelope(bodies.readEnvelope(b)),
  refusal: (b) => bodies.refusal(bodies.readRefusal(b)),
  order: (b) => bodies.envelope(bodies.readEnvelope(b)),
  end: (b) => bodies.end(bodies.readEnd(b)),
}

function key(start: number): Bytes {
  return Uint8Array.from({ length: 32 }, (_, i) => start + i)
}

test('there is a golden statement of every kind', () => {
  expect(golden.statements.map((s) => s.kind).sort()).toEqual(Object.keys(again).sort())
})

test.each(golden.statements)('a statement of kind $kind is signed, read and checked as in Go', async (g) => {
  const raw = fromHex(g.statement)
  const s = parse(raw)
  expect(s.kind).toBe(g.kind)
  expect(hex(await hashOf(s))).toBe(g.hash)
  expect(await verify(s, place)).toBe(true)
  expect(hex(again[g.kind]?.(s.body) ?? new Uint8Array())).toBe(g.body)
  const seed = fromHex(golden.signerSeed)
  const signer = { publicKey: await publicOfSeed(seed), privateKey: await importEd25519(seed) }
  expect(hex(await sign(signer, s.kind, place, s.body))).toBe(g.statement)
  const elsewhere = await verify(s, { meeting: new Uint8Array(16), group: place.group })
  const othersGroup = await verify(s, { meeting, group: new Uint8Array(32).fill(1) })
  expect(elsewhere).toBe(false)
  expect(othersGroup).toBe(['booking', 'entry', 'host', 'knock', 'leaf', 'resume'].includes(g.kind))
})

test('malformed statements are refused', () => {
  const good = fromHex(golden.statements[0]?.statement ?? '')
  for (const bad of [
    good.slice(0, -1),
    join(good, Uint8Array.of(0)),
    join(Uint8Array.of(6), good.slice(1)),
    new Uint8Array(0),
  ]) {
    expect(() => parse(bad)).toThrow()
  }
  expect(() => parse(Uint8Array.of(8, ...new TextEncoder().encode('toString'), ...good.slice(8)))).toThrow()
})

test('bodies that no writer writes are refused', () => {
  const person = { reference: key(1), participant: key(2).slice(0, 16), device: key(3), commitment: key(4), role: 0 }
  const under = { sequence: 1, hash: key(5) }
  const made = (entries: bodies.Admitted[]): Bytes => bodies.admission({ under, expiry: 1, entries })
  expect(bodies.readAdmission(made([person])).entries.length).toBe(1)
  expect(() => bodies.readAdmission(made([]))).toThrow()
  expect(() => bodies.readAdmission(made([{ ...person, role: 3 }]))).toThrow()
  expect(() =>
    bodies.readAdmission(made([person, { ...person, reference: key(9), participant: key(9).slice(0, 16) }])),
  ).toThrow()
})

test('policies below a floor, with keys out of order or too many of them are refused', () => {
  const good: bodies.Policy = {
    generation: 1,
    sequence: 1,
    previous: key(0),
    label: 0,
    locked: false,
    allows: { share: true, chat: true, whisper: false, microphone: true, camera: true, react: false },
    recording: 0,
    orderKey: key(1),
    hosts: [key(9), key(2)],
    coHosts: [key(3)],
    barred: [key(4)],
  }
  const read = (over: Partial<bodies.Policy>): bodies.Policy => bodies.readPolicy(bodies.policy({ ...good, ...over }))
  expect(read({})).toEqual({ ...good, hosts: [key(2), key(9)] })
  const unshared = { ...good.allows, share: false }
  expect(read({ label: 2, allows: unshared }).label).toBe(2)
  const many = (n: number): Bytes[] => Array.from({ length: n }, () => crypto.getRandomValues(new Uint8Array(32)))
  const bad: Partial<bodies.Policy>[] = [
    { label: 1 },
    { label: 2, allows: unshared, recording: 1 },
    { hosts: [] },
    { coHosts: [key(2)] },
    { barred: [key(3)] },
    { hosts: [key(2), key(2)] },
    { hosts: many(17) },
    { coHosts: many(65) },
    { barred: many(513) },
    { generation: 0 },
    { sequence: 0 },
  ]
  for (const over of bad) expect(() => read(over)).toThrow()
  const body = bodies.policy(good)
  const swapped = body.slice()
  const hosts = 4 + 4 + 32 + 1 + 1 + 2 + 1 + 32 + 2
  swapped.set(body.slice(hosts, hosts + 32), hosts + 32)
  swapped.set(body.slice(hosts + 32, hosts + 64), hosts)
  expect(() => bodies.readPolicy(swapped)).toThrow('out of order')
  const unknown = body.slice()
  unknown[43] = 64
  expect(() => bodies.readPolicy(unknown)).toThrow()
  for (const of of [0, 3])
    expect(() => bodies.readRefusal(bodies.refusal({ epoch: 1, hash: key(1), why: of }))).toThrow()
  expect(() =>
    bodies.readAdmission(bodies.admission({ under: { sequence: 1, hash: key(5) }, expiry: 1, entries: [] })),
  ).toThrow()
})

test('the raw knock key opens what the host opens, and notes open as what they are', async () => {
  const deriveRoot = rootOf
  const link = { meeting: golden.meeting.text, code: golden.code.text, seed: golden.seed.text, kept: null }
  const host = await LinkSecrets.begin(link, deriveRoot)
  const raw = await host.knockSecret()
  const again = await knockKey(raw)
  expect(raw.every((b) => b === 0)).toBe(true) // wiped
  const sealed = await sealName(host.host?.knock.publicKey ?? raw, meeting, key(1), 'Ada')
  expect(await openName(again.privateKey, meeting, key(1), sealed)).toBe('Ada')
  expect(again.privateKey.extractable).toBe(false)
  const guest = await LinkSecrets.begin({ ...link, seed: null }, deriveRoot)
  await expect(guest.knockSecret()).rejects.toMatchObject({ code: 'not_host' })
  const kept = await guest.keep(key(1), key(2))
  expect(await guest.openAdmitted(kept.admitted)).toEqual(key(1))
  expect(await guest.openSeat(kept.seat)).toEqual(key(2))
  await expect(guest.openSeat(kept.admitted)).rejects.toMatchObject({ code: 'kept_bad' })
  const outside = await guest.keep(key(1), new Uint8Array())
  expect((await guest.openSeat(outside.seat)).length).toBe(0)
})

test('a device key never leaves WebCrypto', async () => {
  const device = await newDevice()
  expect(device.privateKey.extractable).toBe(false)
})
