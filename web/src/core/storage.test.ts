import { describe, expect, it } from 'vitest'
import { hold, KeptStore } from './storage'
import type { Kept } from './vault'

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

async function makeKept(extractable = false): Promise<Kept> {
  const wrapping = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, extractable, ['encrypt'])
  const bytes = (n: number): Uint8Array<ArrayBuffer> => new Uint8Array(n).fill(n)
  const named = { participant: 'p', devicePublic: bytes(1), secrets: bytes(2), admitted: bytes(3) }
  return { ...named, devicePrivate: wrapping, wrapping }
}

describe('KeptStore', () => {
  it('gives back what it was given, for each meeting its own', async () => {
    const disk = new FakeDisk()
    const store = new KeptStore(disk.factory())
    const kept = await makeKept()
    expect(await store.load('m1')).toBeNull()
    expect(await store.save('m1', kept)).toBe(true)
    const found = await new KeptStore(disk.factory()).load('m1')
    expect(found).toMatchObject({ participant: 'p', secrets: kept.secrets })
    expect(found?.wrapping.extractable).toBe(false)
    expect(await store.load('m2')).toBeNull()
    expect(disk.open).toBe(0)
  })

  it('leaves nothing behind when wiped', async () => {
    const disk = new FakeDisk()
    const store = new KeptStore(disk.factory())
    await store.save('m1', await makeKept())
    expect(await store.wipe('m1')).toBe(true)
    expect(await store.load('m1')).toBeNull()
    expect([...(disk.stores.get('meetings') ?? [])]).toEqual([])
  })

  it('works without storage', async () => {
    const disk = new FakeDisk()
    disk.fails = 'open'
    for (const store of [new KeptStore(undefined), new KeptStore(disk.factory())]) {
      expect(await store.load('m1')).toBeNull()
      expect(await store.save('m1', await makeKept())).toBe(false)
      expect(await store.wipe('m1')).toBe(false)
    }
  })

  it('says so when the disk is full', async () => {
    const disk = new FakeDisk()
    disk.fails = 'write'
    const store = new KeptStore(disk.factory())
    expect(await store.save('m1', await makeKept())).toBe(false)
    expect(await store.load('m1')).toBeNull()
    expect(disk.open).toBe(0)
  })

  it('takes no record of another form, and no key that could be read out', async () => {
    const disk = new FakeDisk()
    const store = new KeptStore(disk.factory())
    await store.save('m1', { participant: 'p' } as Kept)
    expect(await store.load('m1')).toBeNull()
    await store.save('m1', await makeKept(true))
    expect(await store.load('m1')).toBeNull()
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
  it('refuses a second tab of the same meeting, as long as the first lives', async () => {
    const locks = new FakeLocks() as unknown as LockManager
    expect(await hold('m1', locks)).toBe(true)
    expect(await hold('m1', locks)).toBe(false)
    expect(await hold('m2', locks)).toBe(true)
    await new Promise((r) => setImmediate(r))
    expect(await hold('m1', locks)).toBe(false)
  })

  it('lets the page go on where there are no locks', async () => {
    expect(await hold('m1', undefined)).toBe(true)
    const refusing = { request: () => Promise.reject(new Error('SecurityError')) } as unknown as LockManager
    expect(await hold('m1', refusing)).toBe(true)
  })
})
