import { expect, test } from 'vitest'
import { book, challenge, cheapRoot, origin } from './testkit/meeting'
import type { Happening } from './vault'
import { methods, serve, type Call } from './vault-line'
import { LocalVault } from './vault-local'
import { VaultProxy } from './vault-proxy'

/** thread is a worker in this thread: everything it is given and gives is cloned, as between threads. */
function thread(): { worker: Worker; stop: () => void } {
  const outside = new EventTarget()
  const vault = new LocalVault({ deriveRoot: cheapRoot })
  const give = (data: unknown): void => {
    outside.dispatchEvent(Object.assign(new Event('message'), { data: structuredClone(data) }))
  }
  vault.watch((happening) => {
    give({ happening })
  })
  const worker = Object.assign(outside, {
    postMessage(call: Call) {
      void serve(vault, structuredClone(call)).then(give)
    },
  })
  return { worker: worker as unknown as Worker, stop: () => outside.dispatchEvent(new Event('error')) }
}

test('the page’s vault does what the worker’s vault does', async () => {
  const booked = await book()
  const told: Happening[] = []
  const vault = new VaultProxy(thread().worker)
  const stop = vault.watch((h) => told.push(h))
  await vault.begin({ meeting: booked.meeting, origin, code: booked.code, seed: booked.seed, kept: null })
  expect(await vault.openBooking(booked.hostKey, booked.booking)).toEqual({ title: 'Board' })
  await vault.enterAsHost(challenge)
  const last = { generation: 0, group: new Uint8Array(), policies: [] }
  await vault.openGroup('Ada', new Uint8Array(32), last)
  expect(new Set(told.map((h) => h.kind))).toEqual(
    new Set(['confirmed', 'roster', 'rules', 'standing', 'verification']),
  )
  expect((await vault.devices(true, true))?.epoch).toBe(0)
  expect((await vault.say('hello', { kind: 'all' })).id).toHaveLength(32)
  expect((await vault.keep()).devicePrivate.extractable).toBe(false)
  stop()
  await vault.wipe()
})

test('refusals keep their code; faults of ours tell nothing', async () => {
  const vault = new VaultProxy(thread().worker)
  await expect(vault.knock(challenge, 'Bob')).rejects.toMatchObject({ code: 'not_begun' })
  await expect(vault.useCode(null as unknown as string)).rejects.toMatchObject({ code: 'not_begun' })
  await expect(vault.slots(null as unknown as string[])).rejects.toMatchObject({ code: 'internal', detail: '' })
})

test('a message can call nothing but the methods', async () => {
  const vault = new LocalVault()
  for (const method of ['constructor', 'watch', 'frames', '__proto__']) {
    expect(await serve(vault, { id: 1, method: method as 'wipe', args: [] })).toMatchObject({
      failure: { code: 'internal' },
    })
  }
  expect(methods.every((m) => typeof vault[m] === 'function')).toBe(true)
})

test('a worker that stops answers nobody any more', async () => {
  const { worker, stop } = thread()
  const vault = new VaultProxy(worker)
  const asked = vault.make('Board', challenge)
  stop()
  await expect(asked).rejects.toMatchObject({ code: 'internal' })
})
