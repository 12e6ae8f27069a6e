/** From a refusal's code to what the person is told. */
import { Refusal } from '../line/line'
import type { OverReason } from '../snapshot'
import { VaultError } from '../vault-error'

const farewells: Readonly<Partial<Record<string, OverReason>>> = {
  knock_denied: 'denied',
  knock_lapsed: 'lapsed',
  removed: 'removed',
  meeting_locked: 'locked',
  meeting_full: 'full',
  door_full: 'full',
  booking_bad: 'unsealed',
}

/** farewellFor is the page that a code ends the visit with, or null where the person can mend it. */
export function farewellFor(code: string, inside: boolean): OverReason | null {
  if (code === 'meeting_unknown' || code === 'meeting_over') return inside ? 'closed' : 'unknown'
  return farewells[code] ?? null
}

/** codeOf is the stable code of whatever was thrown. */
export function codeOf(e: unknown): string {
  return e instanceof Refusal || e instanceof VaultError ? e.code : 'internal'
}
