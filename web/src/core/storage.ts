/**
 * What a reload needs of a meeting, on this device until the meeting is over, and the lock by which one tab only has it.
 * Keys lie here as non-extractable CryptoKeys. Where the browser refuses to store, the page works without.
 */
import type { Kept } from './vault'

const database = 'incamera'
const meetings = 'meetings'

/** KeptStore holds one record for each meeting in IndexedDB. No method rejects. */
export class KeptStore {
  readonly #factory: IDBFactory | undefined

  constructor(factory: IDBFactory | undefined) {
    this.#factory = factory
  }

  /** load gives the meeting's record, null when there is none or storage is refused. */
  async load(meeting: string): Promise<Kept | null> {
    const found = await this.#run('readonly', (records) => records.get(meeting))
    return isKept(found.result) ? found.result : null
  }

  /** save replaces the meeting's record; false when it was not stored. */
  async save(meeting: string, kept: Kept): Promise<boolean> {
    return (await this.#run('readwrite', (records) => records.put(kept, meeting))).done
  }

  /** wipe deletes the meeting's record; false when storage is refused, so that there was hardly one. */
  async wipe(meeting: string): Promise<boolean> {
    return (await this.#run('readwrite', (records) => records.delete(meeting))).done
  }

  /** run opens the database for one transaction only, so that no tab stands in another's way. */
  async #run(mode: IDBTransactionMode, act: (records: IDBObjectStore) => IDBRequest): Promise<Outcome> {
    try {
      const db = await open(this.#factory)
      try {
        return await transact(db, mode, act)
      } finally {
        db.close()
      }
    } catch {
      return { done: false, result: undefined }
    }
  }
}

interface Outcome {
  readonly done: boolean
  readonly result: unknown
}

function open(factory: IDBFactory | undefined): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    if (factory === undefined) throw new Error('no IndexedDB')
    const request = factory.open(database, 1)
    request.onupgradeneeded = () => {
      request.result.createObjectStore(meetings)
    }
    request.onsuccess = () => {
      resolve(request.result)
    }
    request.onerror = () => {
      reject(request.error ?? new Error('open'))
    }
  })
}

function transact(db: IDBDatabase, mode: IDBTransactionMode, act: (records: IDBObjectStore) => IDBRequest) {
  return new Promise<Outcome>((resolve, reject) => {
    const transaction = db.transaction(meetings, mode)
    const request = act(transaction.objectStore(meetings))
    transaction.oncomplete = () => {
      resolve({ done: true, result: request.result as unknown })
    }
    transaction.onabort = () => {
      reject(transaction.error ?? new Error('aborted'))
    }
  })
}

/** isKept refuses what another version of the page left behind. */
function isKept(found: unknown): found is Kept {
  if (typeof found !== 'object' || found === null) return false
  const k = found as Record<keyof Kept, unknown>
  const bytes = [k.devicePublic, k.secrets, k.admitted].every((b) => b instanceof Uint8Array)
  const keys = [k.devicePrivate, k.wrapping].every((key) => key instanceof CryptoKey && !key.extractable)
  return typeof k.participant === 'string' && bytes && keys
}

/**
 * hold takes the meeting for this tab as long as the page lives; false when another tab has it, so that a duplicated tab
 * does not act under the same keys. Where the browser has no locks it is always true.
 */
export function hold(meeting: string, locks: LockManager | undefined): Promise<boolean> {
  if (locks === undefined) return Promise.resolve(true)
  return new Promise((resolve) => {
    const forEver = (lock: Lock | null): Promise<void> | undefined => {
      resolve(lock !== null)
      return lock === null ? undefined : new Promise<void>(() => undefined)
    }
    locks.request(`incamera ${meeting}`, { ifAvailable: true }, forEver).catch(() => {
      resolve(true)
    })
  })
}
