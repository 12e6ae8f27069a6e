/** openConference is how the app opens a meeting's link: it joins the browser's parts to a Conference. */
import { browserParts } from './conference/browser'
import { Board } from './conference/board'
import { commandsOf } from './conference/commands'
import { Conference, type Address } from './conference/conference'
import type { Keeper, Parts } from './conference/parts'
import { guestsMay } from './conference/rules'
import { hideFragment, readLink } from './link'
import { noDevices, type Commands, type LevelSource, type OverReason, type Snapshot } from './snapshot'
import { VaultError } from './vault-error'
import type { Watchable } from './watchable'

/** Opened is one meeting as a view gets it. */
export interface Opened {
  readonly snapshot: Watchable<Snapshot>
  readonly commands: Commands
  readonly level: LevelSource
}

/** openConference takes the secrets out of the address bar before anything else. */
export function openConference(at: Pick<Location, 'pathname' | 'hash' | 'origin'>): Opened {
  const address = readLink(at)
  hideFragment(history, location)
  return openAt(address, browserParts(at.origin))
}

/** openAt opens a meeting with given parts; null is a link that leads nowhere. */
export function openAt(address: Address | null, parts: Parts): Opened {
  const board = new Board(blank(parts.missing()))
  const comeBack = (): void => {
    board.set(blank(parts.missing()))
    visit = begin(address, parts, board, comeBack)
  }
  let visit = begin(address, parts, board, comeBack)
  const commands = new Proxy({} as Commands, { get: (_, name): unknown => Reflect.get(visit.commands, name) })
  const level: LevelSource = {
    watch: (changed) => visit.keeper.level.watch(changed),
  }
  return { snapshot: board.snapshot, commands, level }
}

interface Visit {
  readonly commands: Commands
  readonly keeper: Keeper
}

function begin(address: Address | null, parts: Parts, board: Board, comeBack: () => void): Visit {
  const keeper = parts.keeper()
  keeper.devices.watch(() => {
    board.set({ devices: keeper.devices.get() })
  })
  board.set({ devices: keeper.devices.get() })
  const conference = new Conference(address ?? { meeting: '', code: null, seed: null }, parts, board, keeper)
  const refused: OverReason | null = board.now.missing.length > 0 ? 'unsupported' : address === null ? 'unknown' : null
  if (refused !== null) board.set({ phase: { name: 'over', reason: refused } })
  else
    conference.start().catch((e: unknown) => {
      const link = e instanceof VaultError && (e.code === 'host_proof_bad' || e.code === 'meeting_unknown')
      board.set(
        link
          ? { phase: { name: 'over', reason: 'unknown' } }
          : { missing: ['Ed25519'], phase: { name: 'over', reason: 'unsupported' } },
      )
    })
  return { commands: commandsOf(conference, comeBack), keeper }
}

function blank(missing: readonly string[]): Snapshot {
  return {
    phase: { name: 'opening' },
    title: '',
    link: 'connecting',
    host: false,
    role: 'guest',
    locked: false,
    allows: guestsMay,
    may: guestsMay,
    changing: false,
    barred: [],
    people: [],
    waiting: [],
    refused: [],
    chat: [],
    unread: 0,
    devices: noDevices,
    alarms: [],
    stopped: false,
    verification: null,
    notices: [],
    missing,
    guestLink: '',
    accessCode: '',
  }
}
