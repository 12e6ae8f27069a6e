/** What a conference does when the line breaks at a bad moment, or when what it hears does not fit. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { Player, stepsOf, type Message, type Step } from '../testkit/transcript'
import { settle } from '../testkit/time'
import { VaultError } from '../vault-error'

const text = readFileSync(new URL('../../../../protocol/transcripts/knock-admit.txt', import.meta.url), 'utf8')
const guest = '$guest.participant'

/** said finds the server's n-th answer or push of that type in the transcript. */
function said(steps: readonly Step[], type: string, nth = 0): Message {
  const found = steps.filter((s) => s.way === 'hears' && s.message?.type === type)[nth]?.message
  if (!found) throw new Error(`no ${type}`)
  return found
}

/** answer waits for the page's request and gives the server's answer to it. */
async function answer(player: Player, type: string, reply: Message): Promise<Message> {
  const asked = player.asked({ type, id: reply.id ?? 0 })
  if (!asked) throw new Error(`no ${type} was sent: ${player.unasked.join()}`)
  player.hears(reply)
  await settle()
  return asked
}

async function atPreJoin(role: 'guest' | 'host'): Promise<{ player: Player; steps: readonly Step[] }> {
  const steps = stepsOf(text, role)
  const player = new Player(role, steps)
  await settle()
  player.connect()
  await settle()
  await answer(player, 'hello', said(steps, 'ok'))
  expect(player.phase.name).toBe('pre-join')
  return { player, steps }
}

test('a knock that a break swallowed is made anew for the new challenge, once', async () => {
  const { player, steps } = await atPreJoin('guest')
  player.commands.enter('Ravi', '')
  await settle()
  expect(player.unasked).toEqual(['knock'])
  await player.breaks()
  await settle()
  await answer(player, 'hello', said(steps, 'ok'))
  const knock = await answer(player, 'knock', { ...said(steps, 'ok', 1) })
  expect(atob(String(knock['keyPackage']))).toBe('$guest.keyPackage.2')
  expect(player.phase).toMatchObject({ name: 'waiting', for: 'answer' })
})

test('a host whose line broke between seat and group takes the seat anew and opens the group', async () => {
  const { player, steps } = await atPreJoin('host')
  player.commands.enter('Asha', '')
  await settle()
  await answer(player, 'host', said(steps, 'ok', 1))
  await player.breaks()
  await settle()
  await answer(player, 'hello', said(steps, 'ok'))
  await answer(player, 'host', said(steps, 'ok', 1))
  const open = await answer(player, 'open', said(steps, 'ok', 2))
  expect(atob(String(open['group']))).toBe('$host.group.2')
  expect(player.phase.name).toBe('meeting')
})

test('a booking that the host’s key did not sign ends the visit with an alarm', async () => {
  const steps = stepsOf(text, 'guest')
  const player = new Player('guest', steps)
  await settle()
  player.connect()
  await settle()
  await answer(player, 'hello', { ...said(steps, 'ok'), booking: '' })
  expect(player.phase).toEqual({ name: 'over', reason: 'unsealed' })
  expect(player.snapshot.get().alarms.map((a) => a.code)).toEqual(['booking_bad'])
})

async function hosting(): Promise<{ player: Player; knock: Message }> {
  const { player, steps } = await atPreJoin('host')
  player.commands.enter('Asha', '')
  await settle()
  await answer(player, 'host', said(steps, 'ok', 1))
  await answer(player, 'open', said(steps, 'ok', 2))
  return { player, knock: said(steps, 'knock') }
}

test('who was let in before is let in again without a question; if that fails, the host is asked and nobody is barred', async () => {
  const { player, knock } = await hosting()
  player.vault.known.add(guest)
  player.hears(knock)
  await settle()
  await answer(player, 'admit', { type: 'fault', id: 90, code: 'seat_unknown' })
  expect(player.unasked).not.toContain('deny')
  expect(player.snapshot.get().waiting.map((k) => k.id)).toEqual([guest])
  player.hears({ ...knock, seq: 2 })
  await settle()
  await answer(player, 'admit', { type: 'ok', id: 91 })
  expect(player.snapshot.get().alarms).toEqual([])
})

test('a knock that is not whole is turned away with an alarm', async () => {
  const { player, knock } = await hosting()
  player.hears({ ...knock, statement: '' })
  await settle()
  expect((await answer(player, 'deny', { type: 'ok', id: 90 }))['participant']).toBe(guest)
  expect(player.snapshot.get().waiting).toEqual([])
  expect(player.snapshot.get().alarms.map((a) => a.code)).toEqual(['knock_bad'])
})

test('a flood of bad knocks does not hold up the others', async () => {
  const { player, knock } = await hosting()
  player.hears({ ...knock, statement: '', participant: '$evil.participant' })
  await settle()
  player.hears({ ...knock, seq: 2 })
  await settle()
  expect(player.unasked).toContain('deny') // not answered yet
  expect(player.snapshot.get().waiting.map((k) => k.id)).toEqual([guest])
})

test('a host who cannot add somebody says so, and nothing of a task that came too late', async () => {
  const { player } = await hosting()
  const task: Message = {
    type: 'task',
    seq: 1,
    lease: 7,
    epoch: 0,
    adds: [{ admission: '', keyPackage: '', participant: guest }],
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
