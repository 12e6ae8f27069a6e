import { afterEach, expect, test, vi } from 'vitest'
import { random } from '../keys/bytes'
import { Digests } from './digests'

const node = (...rest: readonly number[]): Uint8Array => Uint8Array.of(1, ...rest)

async function plainly(data: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', data.slice()))
}

afterEach(() => {
  vi.restoreAllMocks()
})

test('every byte counts: inputs that differ in one have the hashes of their own', async () => {
  const digests = new Digests()
  for (const round of [1, 2])
    for (let v = 0; v < 256; v++)
      expect(await digests.of(node(v, round, 0)), String(v)).toEqual(await plainly(node(v, round, 0)))
  const long = Uint8Array.of(2, ...random(1_000))
  expect(await digests.of(long)).toEqual(await plainly(long))
  expect(await digests.of(long)).toEqual(await plainly(long))
})

test('a node is hashed once, until it is forgotten; what is no node is not remembered', async () => {
  const hashed = vi.spyOn(crypto.subtle, 'digest')
  const digests = new Digests()
  for (let i = 0; i < 3; i++) await digests.of(node(7))
  expect(hashed).toHaveBeenCalledTimes(1)
  digests.forget()
  await digests.of(node(7))
  expect(hashed).toHaveBeenCalledTimes(2)
  for (let i = 0; i < 3; i++) await digests.of(Uint8Array.of(0, 7))
  expect(hashed).toHaveBeenCalledTimes(5)
})

test('whoever wipes a hash spoils nobody else’s', async () => {
  const digests = new Digests()
  for (let i = 0; i < 3; i++) {
    const made = await digests.of(node(9))
    expect(made).toEqual(await plainly(node(9)))
    made.fill(0)
  }
})

test('the oldest of too many is forgotten', async () => {
  const digests = new Digests()
  for (let i = 0; i < 4_097; i++) await digests.of(node(i >> 8, i & 255))
  const hashed = vi.spyOn(crypto.subtle, 'digest')
  await digests.of(node(16, 0))
  expect(hashed).toHaveBeenCalledTimes(0)
  await digests.of(node(0, 0))
  expect(hashed).toHaveBeenCalledTimes(1)
})
