/** What a conference does when the line breaks at a bad moment, or when what it hears does not fit. */
import { expect, test } from 'vitest'
import type { Message } from '../testkit/transcript'
import {
  answer,
  atPreJoin,
  guest,
  hosting,
  knockPush,
  okHello,
  okHost,
  okKnock,
  opened,
  okSeated,
} from '../testkit/visit'
import { settle } from '../testkit/time'
import { VaultError } from '../vault-error'

test('a knock that a break swallowed is made anew for the new challenge, once', async () => {
  const player = await atPreJoin('guest')
  player.commands.enter('Ravi', '')
  await settle()
  expect(player.unasked).toEqual(['knock'])
  await player.breaks()
  await settle()
  await answer(player, 'hello', okHello)
  const knock = await answer(player, 'knock', okKnock)
  expect(atob(String(knock['keyPackage']))).toBe('$guest.keyPackage.2')
  expect(player.phase).toMatchObject({ name: 'waiting', for: 'answer' })
})

test('a host whose line broke between seat and group takes the seat anew and opens the group', async () => {
  const player = await atPreJoin('host')
  player.commands.enter('Asha', '')
  await settle()
  await answer(player, 'host', okHost)
  await player.breaks()
  await settle()
  await answer(player, 'hello', okHello)
  await answer(player, 'host', okHost)
  const open = await answer(player, 'open', okSeated)
  expect(atob(String(open['group']))).toBe('$host.group.2')
  expect(player.phase.name).toBe('meeting')
})

test('a booking that the host’s key did not sign ends the visit with an alarm', async () => {
  const player = await opened('guest')
  await answer(player, 'hello', { ...okHello, booking: '' })
  expect(player.phase).toEqual({ name: 'over', reason: 'unsealed' })
  expect(player.snapshot.get().alarms.map((a) => a.code)).toEqual(['booking_bad'])
})

test('who was let in before is let in again without a question; if that fails, the host is asked and nobody is barred', async () => {
  const player = await hosting()
  player.vault.known.add(guest)
  player.hears(knockPush)
  await settle()
  await answer(player, 'admit', { type: 'fault', id: 90, code: 'seat_unknown' })
  expect(player.unasked).not.toContain('deny')
  expect(player.snapshot.get().waiting.map((k) => k.id)).toEqual([guest])
  player.hears({ ...knockPush, seq: 2 })
  await settle()
  await answer(player, 'admit', { type: 'ok', id: 91 })
  expect(player.snapshot.get().alarms).toEqual([])
})

test('a knock that is not whole is turned away with an alarm', async () => {
  const player = await hosting()
  player.hears({ ...knockPush, statement: '' })
  await settle()
  expect((await answer(player, 'deny', { type: 'ok', id: 90 }))['participant']).toBe(guest)
  expect(player.snapshot.get().waiting).toEqual([])
  expect(player.snapshot.get().alarms.map((a) => a.code)).toEqual(['knock_bad'])
})

test('a flood of bad knocks does not hold up the others', async () => {
  const player = await hosting()
  player.hears({ ...knockPush, statement: '', participant: '$evil.participant' })
  await settle()
  player.hears({ ...knockPush, seq: 2 })
  await settle()
  expect(player.unasked).toContain('deny') // not answered yet
  expect(player.snapshot.get().waiting.map((k) => k.id)).toEqual([guest])
})

test('a host who cannot add somebody says so, and nothing of a task that came too late', async () => {
  const player = await hosting()
  const task: Message = {
    type: 'task',
    seq: 1,
    lease: 7,
    epoch: 0,
    policies: [],
    consents: [],
    adds: [{ statement: '', keyPackage: '', participant: guest }],
    removes: [],
  }
  player.vault.carryOut = () => Promise.reject(new VaultError('epoch_stale', ''))
  player.hears(task)
  await settle()
  expect(player.unasked).not.toContain('cannot')
  player.vault.carryOut = () => Promise.reject(new VaultError('commit_refused', 'nothing that can be done'))
  player.hears({ ...task, seq: 2 })
  await settle()
  const said = await answer(player, 'cannot', { type: 'ok', id: 90 })
  expect(said).toMatchObject({ lease: 7, participants: [guest] })
})
