/**
 * What a reload needs of a meeting, on this device until the meeting is over, and the lock by which one tab only has it.
 * Keys lie here as non-extractable CryptoKeys. Where the browser refuses to store, the page works without.
 */
import type { Memory, Remembered } from './conference/parts'
import type { Kept } from './vault'

const database = 'incamera'
const meetings = 'meetings'

/** BrowserMemory holds one record for each meeting in IndexedDB, and Web Locks. No method rejects. */
export class BrowserMemory implements Memory {
  readonly #factory: IDBFactory | undefined
  readonly #locks: LockManager | undefined
  readonly #held = new Map<string, () => void>() // what lets go of each lock

  constructor(factory: IDBFactory | undefined, locks: LockManager | undefined) {
    this.#factory = factory
    this.#locks = locks
  }

  /** load gives the meeting's record, null when there is none or storage is refused. */
  async load(meeting: string): Promise<Remembered | null> {
    const found = await this.#run('readonly', (records) => records.get(meeting))
    return isRemembered(found) ? found : null
  }

  /** save replaces the meeting's record. Where that fails, a reload starts from the link again. */
  async save(meeting: string, what: Remembered): Promise<void> {
    await this.#run('readwrite', (records) => records.put(what, meeting))
  }

  /** wipe deletes the meeting's record. */
  async wipe(meeting: string): Promise<void> {
    await this.#run('readwrite', (records) => records.delete(meeting))
  }

  /**
   * hold takes the meeting for this tab until release or the page's end; false when another tab has it, so that a duplicated tab
   * does not act under the same keys. Where the browser has no locks it is always true.
   */
  hold(meeting: string): Promise<boolean> {
    const locks = this.#locks
    if (locks === undefined || this.#held.has(meeting)) return Promise.resolve(true)
    return new Promise((resolve) => {
      const untilReleased = (lock: Lock | null): Promise<void> | undefined => {
        resolve(lock !== null)
        if (lock === null) return undefined
        return new Promise((letGo) => {
          this.#held.set(meeting, letGo)
        })
      }
      locks.request(`incamera ${meeting}`, { ifAvailable: true }, untilReleased).catch(() => {
        resolve(true)
      })
    })
  }

  /** release lets another tab have the meeting. */
  release(meeting: string): void {
    this.#held.get(meeting)?.()
    this.#held.delete(meeting)
  }

  /** run opens the database for one transaction only, so that no tab stands in another's way. */
  async #run(mode: IDBTransactionMode, act: (records: IDBObjectStore) => IDBRequest): Promise<unknown> {
    try {
      const db = await open(this.#factory)
      try {
        return await transact(db, mode, act)
      } finally {
        db.close()
      }
    } catch {
      return undefined
    }
  }
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
  return new Promise<unknown>((resolve, reject) => {
    const transaction = db.transaction(meetings, mode)
    const request = act(transaction.objectStore(meetings))
    transaction.oncomplete = () => {
      resolve(request.result)
    }
    transaction.onabort = () => {
      reject(transaction.error ?? new Error('aborted'))
    }
  })
}

/** isRemembered refuses what another version of the page left behind. */
function isRemembered(found: unknown): found is Remembered {
  if (typeof found !== 'object' || found === null) return false
  const r = found as Record<keyof Remembered, unknown>
  return typeof r.name === 'string' && typeof r.inside === 'boolean' && isKept(r.kept)
}

function isKept(found: unknown): found is Kept {
  if (typeof found !== 'object' || found === null) return false
  const k = found as Record<keyof Kept, unknown>
  const bytes = [k.devicePublic, k.secrets, k.admitted, k.seat].every((b) => b instanceof Uint8Array)
  const keys = [k.devicePrivate, k.wrapping].every((key) => key instanceof CryptoKey && !key.extractable)
  return typeof k.participant === 'string' && bytes && keys
}
