/** What a conference does when its group goes from under it: a host who opened a new one, a server that started anew. */
import { expect, test } from 'vitest'
import type { Message } from '../testkit/transcript'
import { answer, hears, host, inside, joining, okHello, okKnock, opened, reconnected, refusal } from '../testkit/visit'
import { settle } from '../testkit/time'

const regroup: Message = { type: 'regroup', seq: 9, challenge: btoa('another'), policy: btoa('policy') }

test('a guest whose joined comes too late for the old group knocks for the new one, without an alarm', async () => {
  const player = await joining()
  await answer(player, 'joined', refusal('not_member'))
  await hears(player, regroup)
  await answer(player, 'knock', okKnock)
  expect(player.snapshot.get().alarms).toEqual([])
  expect(player.phase.name).toBe('entering')
})

test('what the old group still tells does not reach who has knocked for the new one', async () => {
  const player = await inside()
  await hears(player, regroup)
  await answer(player, 'knock', okKnock)
  player.vault.tell({
    kind: 'standing',
    standing: { silent: [host], lost: [host], stopped: true, removing: [], changing: true },
  })
  player.vault.tell({ kind: 'send', epoch: 1, message: new Uint8Array(), to: [], fleeting: true })
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
  await answer(player, 'knock', okKnock)
  expect(player.phase.name).toBe('entering')
  await player.clock.move(10_000)
  expect(player.phase).toMatchObject({ name: 'waiting', for: 'answer' })
  await hears(player, { type: 'ask' })
  expect(player.phase).toMatchObject({ name: 'waiting', askStill: true })
})

test('who comes back before the host waits for the host', async () => {
  const player = await inside()
  await reconnected(player)
  player.vault.holds = player.vault.seated = false
  await answer(player, 'resume', refusal('resume_bad'))
  await answer(player, 'knock', { ...okKnock, open: false })
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
  await reconnected(player)
  await answer(player, 'resume', refusal('tries_many'))
  expect(player.phase.name).toBe('meeting')
  await player.clock.move(5_000)
  player.connect()
  await settle()
  await answer(player, 'hello', okHello)
  await answer(player, 'resume', { type: 'ok', id: 91 })
  expect(player.snapshot.get().link).toBe('connected')
})

test('after a line that was hung up the person can try again', async () => {
  const player = await opened('guest')
  await answer(player, 'hello', refusal('version_old'))
  expect(player.phase).toMatchObject({ name: 'pre-join', fault: 'version_old', busy: false })
  player.commands.enter('Ravi', '')
  await settle()
  player.connect()
  await settle()
  await answer(player, 'hello', okHello)
  await answer(player, 'knock', okKnock)
  expect(player.phase.name).toBe('waiting')
})
