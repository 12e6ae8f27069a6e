/** The ways in for who has no seat: a reload's rejoin, a host's take and open, a knock at a locked door. */
import { expect, test } from 'vitest'
import type { Kept } from '../vault'
import type { Player } from '../testkit/transcript'
import {
  admitted,
  answer,
  atPreJoin,
  confirmed,
  guest,
  hears,
  host,
  inside,
  knockPush,
  ok,
  okHello,
  okHost,
  okKnock,
  opened,
  refusal,
  okSeated,
} from '../testkit/visit'
import { settle } from '../testkit/time'

const found = { kept: {} as Kept, name: 'Ravi', inside: true }
const held = { ...okHost, generation: 1, group: btoa('group'), policies: [btoa('policy')], holders: 2 }

/** reloaded is a page that was inside before. */
async function reloaded(role: 'guest' | 'host'): Promise<Player> {
  const player = await opened(role, found)
  player.vault.seated = true
  await answer(player, 'hello', okHello)
  return player
}

test('who reloads rejoins, without a knock', async () => {
  const player = await reloaded('guest')
  expect(player.unasked).toEqual(['rejoin'])
  expect(await answer(player, 'rejoin', okKnock)).toMatchObject({ participant: guest })
  expect(player.phase.name).toBe('entering')
  await hears(player, admitted)
  await answer(player, 'joined', okSeated)
  confirmed(player)
  expect(player.phase.name).toBe('meeting')
  await player.clock.move(60_000)
  expect(player.unasked).not.toContain('knock')
})

test.each([
  ['guest', 'no-host-confirms'],
  ['host', 'others-confirm'],
] as const)('a %s who comes back while nobody else leads is told who vouched', async (mine, kind) => {
  const player = await reloaded('guest')
  await answer(player, 'rejoin', okKnock)
  await hears(player, admitted)
  await answer(player, 'joined', okSeated)
  player.vault.roster(host, guest)
  player.vault.tell({ kind: 'confirmed', byMajority: true })
  player.vault.ruled({ mine })
  expect(player.snapshot.get().notices.map((n) => n.kind)).toContain(kind)
})

test('a rejoin that is refused becomes a knock, for the host link an entry as host', async () => {
  const player = await reloaded('guest')
  await answer(player, 'rejoin', refusal('rejoin_bad'))
  await answer(player, 'knock', okKnock)
  const leads = await reloaded('host')
  await answer(leads, 'rejoin', refusal('rejoin_bad'))
  await answer(leads, 'host', okHost)
  await answer(leads, 'open', okSeated)
  expect(leads.phase.name).toBe('meeting')
})

test('a rejoin that nobody carries out becomes a knock after a while', async () => {
  const player = await reloaded('guest')
  await answer(player, 'rejoin', okKnock)
  await player.clock.move(15_200)
  player.connect()
  await settle()
  await answer(player, 'hello', okHello)
  expect(player.unasked).toEqual(['knock'])
})

test('a host takes the group that others hold', async () => {
  const player = await atPreJoin('host')
  player.commands.enter('Asha', '')
  await settle()
  await answer(player, 'host', held)
  expect(await answer(player, 'take', ok)).toMatchObject({ admission: btoa('$host.admission') })
  await hears(player, admitted)
  await answer(player, 'joined', okSeated)
  player.vault.roster(host, guest)
  player.vault.tell({ kind: 'confirmed', byMajority: false })
  await player.clock.move(20_000)
  expect(player.phase.name).toBe('meeting')
  expect(player.unasked).not.toContain('open')
})

test('a take that nobody carries out within ten seconds becomes a new group', async () => {
  const player = await atPreJoin('host')
  player.commands.enter('Asha', '')
  await settle()
  await answer(player, 'host', held)
  await answer(player, 'take', ok)
  await player.clock.move(9_999)
  expect(player.unasked).toEqual([])
  await player.clock.move(1)
  await answer(player, 'open', okSeated)
  expect(player.phase.name).toBe('meeting')
})

test('where the group was taken up or let go meanwhile, the host asks anew how it stands', async () => {
  const player = await atPreJoin('host')
  player.commands.enter('Asha', '')
  await settle()
  await answer(player, 'host', okHost)
  player.vault.holds = true // what was never opened is nothing to return to
  await answer(player, 'open', refusal('group_held'))
  expect(player.phase.name).not.toBe('meeting')
  await player.clock.move(200)
  player.connect()
  await settle()
  await answer(player, 'hello', okHello)
  await answer(player, 'host', held)
  await answer(player, 'take', refusal('group_missing'))
  await answer(player, 'open', okSeated)
  expect(player.phase.name).toBe('meeting')
})

test('a host whose device remembers less than nothing says that the barred may knock again', async () => {
  const player = await atPreJoin('host')
  const openGroup = player.vault.openGroup.bind(player.vault)
  player.vault.openGroup = async () => ({ ...(await openGroup()), forgotten: true, older: true })
  player.commands.enter('Asha', '')
  await settle()
  await answer(player, 'host', okHost)
  await answer(player, 'open', okSeated)
  expect(player.snapshot.get().notices.map((n) => n.kind)).toEqual(['bars-forgotten'])
  expect(player.snapshot.get().alarms.map((a) => a.code)).toEqual(['policies_older'])
})

test('who was let in before and came before the host was inside is let in then', async () => {
  const player = await atPreJoin('host')
  player.vault.known.add(guest)
  player.commands.enter('Asha', '')
  await settle()
  await answer(player, 'host', held)
  await answer(player, 'take', ok)
  await hears(player, knockPush)
  await answer(player, 'admit', refusal('not_host'))
  await hears(player, admitted)
  await answer(player, 'joined', okSeated)
  expect(player.unasked).not.toContain('admit')
  player.vault.tell({ kind: 'confirmed', byMajority: false })
  await settle()
  await answer(player, 'admit', ok)
})

test('a locked door says so, to who knocks and to who waits', async () => {
  const player = await atPreJoin('guest')
  player.commands.enter('Ravi', '')
  await settle()
  await answer(player, 'knock', refusal('meeting_locked'))
  expect(player.phase).toEqual({ name: 'over', reason: 'locked' })
  const waits = await atPreJoin('guest')
  waits.commands.enter('Ravi', '')
  await settle()
  await answer(waits, 'knock', okKnock)
  await hears(waits, { type: 'over', reason: 'locked', statement: '' })
  expect(waits.phase).toEqual({ name: 'over', reason: 'locked' })
  expect(waits.memory.size).toBe(1) // the same device may knock again
})

test('a reload finds the newest policy and leaf, written once for all that changes within a second', async () => {
  const player = await inside()
  let kept = 0
  const keep = player.vault.keep.bind(player.vault)
  player.vault.keep = () => {
    kept++
    return keep()
  }
  for (let i = 0; i < 5; i++) player.vault.ruled({ locked: i % 2 === 0 }, host)
  await player.clock.move(1_000)
  expect(kept).toBe(1)
  expect(player.memory.get('$meeting')).toMatchObject({ inside: true, kept: { seat: { length: 6 } } })
  player.vault.ruled({ locked: true }, host)
  await player.clock.move(1_000)
  expect(kept).toBe(2)
})

test('nothing is written down after the end, and who is out keeps no way back', async () => {
  const player = await inside()
  player.vault.ruled({ locked: true }, host)
  await hears(player, { type: 'over', reason: 'removed', statement: btoa('removal') })
  expect(player.phase).toEqual({ name: 'over', reason: 'removed' })
  expect(player.memory.get('$meeting')).toMatchObject({ inside: false, kept: { seat: { length: 0 } } })
  const late = await inside()
  let kept = (): void => undefined
  const keep = late.vault.keep.bind(late.vault)
  late.vault.keep = async () => {
    await new Promise<void>((resolve) => (kept = resolve))
    return keep()
  }
  late.vault.ruled({ locked: true }, host)
  await late.clock.move(1_000)
  await hears(late, { type: 'over', reason: 'ended', statement: btoa('end') })
  kept() // the vault's answer comes after the end
  await settle()
  expect(late.memory.size).toBe(0)
  const left = await inside()
  left.vault.ruled({ locked: true }, host)
  left.commands.leave()
  await settle()
  await answer(left, 'leave', ok)
  await left.clock.move(5_000)
  expect(left.memory.size).toBe(0)
})
