/** What this device remembers between meetings: the person's own name and which devices were chosen. Never whether one was on. */

export interface Choices {
  readonly name: string
  readonly camera: string // device id, '' for the default
  readonly microphone: string
  readonly speaker: string
}

const key = 'incamera.choices'
const nothing: Choices = { name: '', camera: '', microphone: '', speaker: '' }

/** Remembered keeps Choices in localStorage; where storage is refused it forgets with the page. */
export class Remembered {
  #choices: Choices
  readonly #storage: Storage | null

  constructor(storage: Storage | null) {
    this.#storage = storage
    this.#choices = read(storage)
  }

  get(): Choices {
    return this.#choices
  }

  set(change: Partial<Choices>): void {
    this.#choices = { ...this.#choices, ...change }
    try {
      this.#storage?.setItem(key, JSON.stringify(this.#choices))
    } catch {
      // Refused or full: the choice holds for this page.
    }
  }
}

function read(storage: Storage | null): Choices {
  try {
    const found: unknown = JSON.parse(storage?.getItem(key) ?? 'null')
    if (typeof found !== 'object' || found === null) return nothing
    const text = (field: keyof Choices): string => {
      const value = (found as Record<string, unknown>)[field]
      return typeof value === 'string' ? value : ''
    }
    return { name: text('name'), camera: text('camera'), microphone: text('microphone'), speaker: text('speaker') }
  } catch {
    return nothing
  }
}

/** pageStorage is localStorage, or null where the browser refuses it by throwing. */
export function pageStorage(): Storage | null {
  try {
    return localStorage
  } catch {
    return null
  }
}
