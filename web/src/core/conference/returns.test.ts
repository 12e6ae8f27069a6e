/** What a conference does when its group goes from under it: a host who opened a new one, a server that started anew. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { Player, stepsOf, type Message, type Step } from '../testkit/transcript'
import { settle } from '../testkit/time'

const text = readFileSync(new URL('../../../../protocol/transcripts/knock-admit.txt', import.meta.url), 'utf8')
const guest = '$guest.participant'
const host = '$host.participant'

function said(steps: readonly Step[], type: string, nth = 0): Message {
  const found = steps.filter((s) => s.way === 'hears' && s.message?.type === type)[nth]?.message
  if (!found) throw new Error(`no ${type}`)
  return found
}

/** answer waits for the page's request and gives the server's answer to it. */
async function answer(player: Player, type: string, reply: Message): Promise<void> {
  if (!player.asked({ type, id: reply.id ?? 0 })) throw new Error(`no ${type} was sent: ${player.unasked.join()}`)
  player.hears(reply)
  await settle()
}

async function hears(player: Player, push: Message): Promise<void> {
  player.hears(push)
  await settle()
}

function refusal(code: string): Message {
  return { type: 'fault', id: 90, code }
}

const steps = stepsOf(text, 'guest')
const hello = said(steps, 'ok')
const knocked = said(steps, 'ok', 1)
const regroup: Message = { type: 'regroup', seq: 9, challenge: hello['challenge'] }

/** joining is a guest who was admitted and whose joined is on its way. */
async function joining(): Promise<Player> {
  const player = new Player('guest', steps)
  await settle()
  player.connect()
  await settle()
  await answer(player, 'hello', hello)
  player.commands.enter('Ravi', '')
  await settle()
  await answer(player, 'knock', knocked)
  await hears(player, said(steps, 'admitted'))
  return player
}

async function inside(): Promise<Player> {
  const player = await joining()
  await answer(player, 'joined', said(steps, 'ok', 2))
  player.vault.roster(host, guest)
  player.vault.tell({ kind: 'confirmed' })
  player.vault.roster(host, guest)
  await settle()
  expect(player.phase.name).toBe('meeting')
  return player
}

test('a guest whose joined comes too late for the old group knocks for the new one, without an alarm', async () => {
  const player = await joining()
  await answer(player, 'joined', refusal('not_member'))
  await hears(player, regroup)
  await answer(player, 'knock', knocked)
  expect(player.snapshot.get().alarms).toEqual([])
  expect(player.phase.name).toBe('entering')
})

test('what the old group still tells does not reach who has knocked for the new one', async () => {
  const player = await inside()
  await hears(player, regroup)
  await answer(player, 'knock', knocked)
  player.vault.tell({ kind: 'standing', standing: { silent: [host], lost: [host], stopped: true, removing: [] } })
  player.vault.tell({ kind: 'send', epoch: 1, message: new Uint8Array(), fleeting: true })
  player.vault.tell({ kind: 'unconfirmed' })
  await player.clock.move(60_000)
  expect(player.phase.name).not.toBe('over')
  expect(player.snapshot.get()).toMatchObject({ stopped: false, alarms: [] })
  expect(player.unasked.filter((type) => type === 'app')).toEqual([])
})

test('a knock for the new group that is refused is told', async () => {
  const player = await inside()
  await hears(player, regroup)
  await answer(player, 'knock', refusal('knock_denied'))
  expect(player.phase).toEqual({ name: 'over', reason: 'denied' })
})

test('who comes back and is not let in at once is told for whom they wait', async () => {
  const player = await inside()
  await hears(player, regroup)
  await answer(player, 'knock', knocked)
  expect(player.phase.name).toBe('entering')
  await player.clock.move(10_000)
  expect(player.phase).toMatchObject({ name: 'waiting', for: 'answer' })
  await hears(player, { type: 'ask' })
  expect(player.phase).toMatchObject({ name: 'waiting', askStill: true })
})

test('who comes back before the host waits for the host', async () => {
  const player = await inside()
  await player.breaks()
  await settle()
  await answer(player, 'hello', hello)
  await answer(player, 'resume', refusal('resume_bad'))
  await answer(player, 'knock', { ...knocked, open: false })
  expect(player.phase).toMatchObject({ name: 'waiting', for: 'host' })
})

test('somebody who was away and is heard is not away', async () => {
  const player = await inside()
  const away = (): boolean | undefined => player.snapshot.get().people.find((p) => p.id === host)?.away
  await hears(player, { type: 'presence', seq: 2, participant: host, connected: false })
  expect(away()).toBe(true)
  await hears(player, { type: 'app', seq: 3, epoch: 1, message: btoa('$host.message'), from: host })
  expect(away()).toBe(false)
})

test('an address that has to wait tries again, and keeps its seat', async () => {
  const player = await inside()
  await player.breaks()
  await settle()
  await answer(player, 'hello', hello)
  await answer(player, 'resume', refusal('tries_many'))
  expect(player.phase.name).toBe('meeting')
  await player.clock.move(5_000)
  player.connect()
  await settle()
  await answer(player, 'hello', hello)
  await answer(player, 'resume', { type: 'ok', id: 91 })
  expect(player.snapshot.get().link).toBe('connected')
})

test('after a line that was hung up the person can try again', async () => {
  const player = new Player('guest', steps)
  await settle()
  player.connect()
  await settle()
  await answer(player, 'hello', refusal('version_old'))
  expect(player.phase).toMatchObject({ name: 'pre-join', fault: 'version_old', busy: false })
  player.commands.enter('Ravi', '')
  await settle()
  player.connect()
  await settle()
  await answer(player, 'hello', hello)
  await answer(player, 'knock', knocked)
  expect(player.phase.name).toBe('waiting')
})
