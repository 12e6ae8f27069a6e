/** Refused says which rule something breaks, in words that the server's gate uses, too. */
import { FormError } from '../keys/bytes'

export class Refused extends Error {
  readonly why: 'gate' | 'opens' // whether the gate said so, or the bytes do not open here

  constructor(rule: string, why: 'gate' | 'opens' = 'gate') {
    super(rule)
    this.name = 'Refused'
    this.why = why
  }
}

export function must(holds: boolean, rule: string): asserts holds {
  if (!holds) throw new Refused(rule)
}

/** refusing turns bytes of a wrong form into a refusal. */
export async function refusing<T>(check: () => Promise<T>): Promise<T> {
  try {
    return await check()
  } catch (e) {
    throw e instanceof FormError ? new Refused(e.message) : e
  }
}
