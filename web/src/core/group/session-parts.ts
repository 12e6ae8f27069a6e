/** What a session is made of, and what it gives back. */
import type { Clock } from '../clock'
import type { Frames } from '../frames/frames'
import type { Signer } from '../keys/derive'
import type { Bytes, Happening, Verdict } from '../vault'
import type { Awaited } from './awaited'
import type { Made } from './commit'
import type { Change } from './gate'
import type { Group } from './group'
import type { Messages } from './talk'

/** Entered is how this device came into the group: who opened it is sure of it, others wait for a head. */
export type Entered = 'opened' | 'admitted' | 'back'

export interface SessionParts {
  readonly group: Group
  readonly device: Signer
  readonly participant: Bytes
  readonly frames: Frames
  readonly clock: Clock
  readonly messages: Messages
  readonly awaited: Awaited
  readonly entered: Entered
  readonly tell: (h: Happening) => void
  readonly run: (job: () => Promise<void>) => void // one job at a time, for timers
  readonly knock: KnockKeyStore
}

/** KnockKeyStore keeps the key that opens knocks: from the link, or handed over by a host. */
export interface KnockKeyStore {
  /** secret gives a copy of the raw key, which its user wipes; null where it is not known. */
  readonly secret: () => Promise<Bytes | null>
  readonly take: (raw: Bytes) => Promise<void>
}

/** Applied is what became of an ordered commit here; change is null where it was not applied. */
export interface Applied extends Verdict {
  readonly change: Change | null
  readonly removedMe: boolean
}

/** CommitMade is a commit of this device with its envelope. */
export type CommitMade = Made & { readonly statement: Bytes }
