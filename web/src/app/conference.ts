import type { Commands, LevelSource, Organiser, Snapshot } from '../core/snapshot'
import type { Watchable } from '../core/watchable'

/** Conference is one meeting as a view gets it. */
export interface Conference {
  readonly snapshot: Watchable<Snapshot>
  readonly commands: Commands
  readonly level: LevelSource
}

/** Core is what main.ts hands to the views: how to open a meeting's link, how to make a meeting. */
export interface Core {
  openConference(link: Pick<Location, 'href' | 'pathname' | 'hash' | 'origin'>): Conference
  openOrganiser(): Organiser
}
