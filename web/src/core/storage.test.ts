import { describe, expect, it } from 'vitest'
import type { Remembered } from './conference/parts'
import { BrowserMemory } from './storage'

/** FakeRequest answers in a later turn, as IndexedDB does. */
class FakeRequest {
  result: unknown
  error: Error | null = null
  onsuccess: (() => void) | null = null
  onerror: (() => void) | null = null
  onupgradeneeded: (() => void) | null = null
}

/** FakeDisk is an IndexedDB with one database, copying what goes in and out. */
class FakeDisk {
  readonly stores = new Map<string, Map<string, unknown>>()
  open = 0
  fails: 'open' | 'write' | null = null

  factory(): IDBFactory {
    const opened = (): FakeRequest => {
      const request = new FakeRequest()
      queueMicrotask(() => {
        if (this.fails === 'open') {
          request.onerror?.()
          return
        }
        request.result = this.#database()
        if (this.stores.size === 0) request.onupgradeneeded?.()
        this.open++
        request.onsuccess?.()
      })
      return request
    }
    return { open: opened } as unknown as IDBFactory
  }

  #database(): unknown {
    return {
      createObjectStore: (name: string) => this.stores.set(name, new Map()),
      close: () => this.open--,
      transaction: (name: string, mode: string) => this.#transaction(name, mode),
    }
  }

  #transaction(name: string, mode: string): unknown {
    const records = this.stores.get(name) ?? new Map<string, unknown>()
    const transaction: Record<string, unknown> = { error: null }
    const broken = this.fails === 'write' && mode === 'readwrite'
    const act = (act: () => unknown): FakeRequest => {
      const request = new FakeRequest()
      queueMicrotask(() => {
        if (!broken) request.result = act()
        const told = transaction[broken ? 'onabort' : 'oncomplete'] as () => void
        told()
      })
      return request
    }
    transaction['objectStore'] = () => ({
      get: (key: string) => act(() => structuredClone(records.get(key))),
      put: (value: unknown, key: string) => act(() => records.set(key, structuredClone(value))),
      delete: (key: string) => act(() => records.delete(key)),
    })
    return transaction
  }
}

async function remembered(extractable = false): Promise<Remembered> {
  const wrapping = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, extractable, ['encrypt'])
  const bytes = (n: number): Uint8Array<ArrayBuffer> => new Uint8Array(n).fill(n)
  const named = { participant: 'p', devicePublic: bytes(1), secrets: bytes(2), admitted: bytes(3), seat: bytes(4) }
  return { kept: { ...named, devicePrivate: wrapping, wrapping }, name: 'Asha', inside: true }
}

const memory = (disk: FakeDisk): BrowserMemory => new BrowserMemory(disk.factory(), undefined)

describe('memory of a meeting', () => {
  it('gives back what it was given, for each meeting its own', async () => {
    const disk = new FakeDisk()
    const store = memory(disk)
    const what = await remembered()
    expect(await store.load('m1')).toBeNull()
    await store.save('m1', what)
    const found = await memory(disk).load('m1')
    expect(found).toMatchObject({ name: 'Asha', inside: true, kept: { participant: 'p', secrets: what.kept.secrets } })
    expect(found?.kept.wrapping.extractable).toBe(false)
    expect(await store.load('m2')).toBeNull()
    expect(disk.open).toBe(0)
  })

  it('leaves nothing behind when wiped', async () => {
    const disk = new FakeDisk()
    const store = memory(disk)
    await store.save('m1', await remembered())
    await store.wipe('m1')
    expect(await store.load('m1')).toBeNull()
    expect([...(disk.stores.get('meetings') ?? [])]).toEqual([])
  })

  it('lets the page go on without storage', async () => {
    const disk = new FakeDisk()
    disk.fails = 'open'
    for (const store of [new BrowserMemory(undefined, undefined), memory(disk)]) {
      await store.save('m1', await remembered())
      expect(await store.load('m1')).toBeNull()
      await store.wipe('m1')
    }
  })

  it('lets the page go on when the disk is full', async () => {
    const disk = new FakeDisk()
    disk.fails = 'write'
    await memory(disk).save('m1', await remembered())
    expect(await memory(disk).load('m1')).toBeNull()
    expect(disk.open).toBe(0)
  })

  it('takes no record of another form, and no key that could be read out', async () => {
    const disk = new FakeDisk()
    const store = memory(disk)
    const what = await remembered()
    for (const odd of [{ ...what, name: 1 }, { ...what, kept: { participant: 'p' } }, await remembered(true)]) {
      await store.save('m1', odd as Remembered)
      expect(await store.load('m1')).toBeNull()
    }
  })
})

/** FakeLocks knows exclusive locks that are asked for only if free. */
class FakeLocks {
  readonly #held = new Set<string>()
  request(name: string, options: LockOptions, got: (lock: Lock | null) => unknown): Promise<unknown> {
    expect(options).toEqual({ ifAvailable: true })
    if (this.#held.has(name)) return Promise.resolve(got(null))
    this.#held.add(name)
    return Promise.resolve(got({ name, mode: 'exclusive' })).finally(() => this.#held.delete(name))
  }
}

describe('hold', () => {
  const settled = (): Promise<void> => new Promise((r) => setImmediate(r))

  it('refuses a second tab of the same meeting until the first lets it go', async () => {
    const locks = new FakeLocks() as unknown as LockManager
    const [tab, other] = [new BrowserMemory(undefined, locks), new BrowserMemory(undefined, locks)]
    expect(await tab.hold('m1')).toBe(true)
    expect(await other.hold('m1')).toBe(false)
    expect(await other.hold('m2')).toBe(true)
    await settled()
    expect(await other.hold('m1')).toBe(false)
    tab.release('m1')
    await settled()
    expect(await other.hold('m1')).toBe(true)
    expect(await tab.hold('m1')).toBe(false)
  })

  it('lets the same tab have it again, and forgives a release of what nobody holds', async () => {
    const tab = new BrowserMemory(undefined, new FakeLocks() as unknown as LockManager)
    tab.release('m1')
    expect(await tab.hold('m1')).toBe(true)
    expect(await tab.hold('m1')).toBe(true)
  })

  it('lets the page go on where there are no locks', async () => {
    expect(await new BrowserMemory(undefined, undefined).hold('m1')).toBe(true)
    const refusing = { request: () => Promise.reject(new Error('SecurityError')) } as unknown as LockManager
    expect(await new BrowserMemory(undefined, refusing).hold('m1')).toBe(true)
  })
})
