import faults from '../../../protocol/faults.json'

/** What is told of a refusal: what happened and what to do next. */
export interface FaultText {
  readonly text: string
  readonly todo: string
}

const known: Readonly<Record<string, FaultText>> = faults

/** serverFault finds a code of the common table; one newer than this page gets the words of `internal`. */
export function serverFault(code: string): FaultText {
  return (Object.hasOwn(known, code) ? known[code] : undefined) ?? faults.internal
}
