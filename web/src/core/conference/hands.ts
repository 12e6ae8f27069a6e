import type { Board } from './board'
import type { Chat } from './chat'
import type { HostDoor } from './door'
import type { Inside } from './inside'
import type { Orders } from './orders'
import type { Keeper } from './parts'
import type { Rules } from './rules'

/** Hands are the rooms of a conference that commands reach. */
export interface Hands {
  readonly board: Board
  readonly keeper: Keeper
  readonly door: HostDoor
  readonly chat: Chat
  readonly inside: Inside
  readonly orders: Orders
  readonly rules: Rules
}
