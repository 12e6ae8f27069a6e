/** A page against a server that a test speaks for, message by message: what transcripts do not record. */
import type { Remembered } from '../conference/parts'
import { Player, type Message } from './transcript'
import { settle } from './time'

export const guest = '$guest.participant'
export const host = '$host.participant'

export const okHello: Message = {
  ...{ type: 'ok', id: 900, hostKey: btoa('key'), booking: btoa('booking'), challenge: btoa('challenge') },
  ...{ open: true, orderKey: btoa('order key') },
}
export const okHost: Message = {
  ...{ type: 'ok', id: 901, ticket: btoa('$host.ticket'), generation: 0, group: '', policies: [], holders: 0 },
}
export const okKnock: Message = { type: 'ok', id: 902, open: true }
export const ok: Message = { type: 'ok', id: 903 }
const relay = { urls: ['turn:localhost:8080?transport=tcp'], username: 'a name', credential: 'a secret' }
export const okSeated: Message = { type: 'ok', id: 906, relay }
export const okReturn: Message = {
  ...{ type: 'ok', id: 904, ticket: btoa('$ticket.2'), relay: { ...relay, username: 'a new name' } },
}
export const admitted: Message = {
  ...{ type: 'admitted', seq: 1, epoch: 1, welcome: btoa('welcome'), tree: btoa('tree') },
  ...{ admission: btoa('admission'), ticket: btoa('$guest.ticket') },
}
export const knockPush: Message = {
  ...{ type: 'knock', seq: 1, participant: guest, device: btoa('device'), keyPackage: btoa('package') },
  ...{ sealedName: btoa('name'), statement: btoa('knock'), since: 946684800000, returning: false },
}

export function refusal(code: string): Message {
  return { type: 'fault', id: 905, code }
}

/** answer waits for the page's request and gives the server's answer to it; null leaves it open. */
export async function answer(player: Player, type: string, reply: Message | null): Promise<Message> {
  const asked = player.asked({ type, id: reply?.id ?? 0 })
  if (!asked) throw new Error(`no ${type} was sent: ${player.unasked.join()}`)
  if (reply !== null) player.hears(reply)
  await settle()
  return asked
}

export async function hears(player: Player, push: Message): Promise<void> {
  player.hears(push)
  await settle()
}

/** opened is a page that has connected and said hello. */
export async function opened(role: 'guest' | 'host', found: Remembered | null = null): Promise<Player> {
  const player = new Player(role, [], found)
  await settle()
  player.connect()
  await settle()
  return player
}

export async function atPreJoin(role: 'guest' | 'host'): Promise<Player> {
  const player = await opened(role)
  await answer(player, 'hello', okHello)
  return player
}

/** hosting is a host alone in the group. */
export async function hosting(): Promise<Player> {
  const player = await atPreJoin('host')
  player.commands.enter('Asha', '')
  await settle()
  await answer(player, 'host', okHost)
  await answer(player, 'open', okSeated)
  player.vault.holds = player.vault.leads = true
  player.vault.ruled({ mine: 'host' }, host)
  return player
}

/** joining is a guest who was admitted and whose joined is on its way. */
export async function joining(): Promise<Player> {
  const player = await atPreJoin('guest')
  player.commands.enter('Ravi', '')
  await settle()
  await answer(player, 'knock', okKnock)
  await hears(player, admitted)
  return player
}

/** inside is a guest in a meeting with its host. */
export async function inside(): Promise<Player> {
  const player = await joining()
  await answer(player, 'joined', okSeated)
  confirmed(player)
  await settle()
  return player
}

/** confirmed is what the vault of a guest tells once a host vouched for the group. */
export function confirmed(player: Player): void {
  player.vault.holds = player.vault.seated = true
  player.vault.ruled({ mine: 'guest' })
  player.vault.roster(host, player.vault.me)
  player.vault.tell({ kind: 'confirmed', byMajority: false })
}

/** reconnected breaks the line and brings the page to its next hello, which is answered. */
export async function reconnected(player: Player): Promise<void> {
  await player.breaks()
  await settle()
  await answer(player, 'hello', okHello)
}
