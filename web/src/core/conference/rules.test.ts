/** How a host's page changes the rules: one order at a time, none signed blindly, and what everybody is told of it. */
import { expect, test } from 'vitest'
import type { Player } from '../testkit/transcript'
import { answer, confirmed, guest, host, hosting, inside, ok, refusal } from '../testkit/visit'
import { settle } from '../testkit/time'
import { VaultError } from '../vault-error'

const notices = (player: Player): string[] =>
  player.snapshot.get().notices.map((n) => [n.kind, n.name, n.code].filter((w) => w !== '').join(' '))

async function withGuest(): Promise<Player> {
  const player = await hosting()
  player.vault.roster(host, guest)
  await settle()
  return player
}

async function told(tell: () => void): Promise<void> {
  tell()
  await settle()
}

test('a lock is signed, shown as on its way until it holds, and told of by name', async () => {
  const player = await withGuest()
  player.commands.lock(true)
  await settle()
  expect(player.snapshot.get()).toMatchObject({ changing: true, locked: false })
  expect(await answer(player, 'policy', ok)).toMatchObject({ consents: [] })
  expect(player.snapshot.get().changing).toBe(true)
  await told(() => {
    player.vault.ruled({ locked: true }, host)
  })
  expect(player.snapshot.get()).toMatchObject({ changing: false, locked: true })
  expect(notices(player)).toEqual([`locked ${host}`])
  player.commands.lock(true)
  await settle()
  expect(player.vault.changes).toHaveLength(1) // it is so already
})

test('what the vault waits for counts as changing, too', async () => {
  const player = await withGuest()
  const standing = { silent: [], lost: [], stopped: false, removing: [], changing: true }
  player.vault.tell({ kind: 'standing', standing })
  expect(player.snapshot.get().changing).toBe(true)
  player.vault.tell({ kind: 'standing', standing: { ...standing, changing: false } })
  expect(player.snapshot.get().changing).toBe(false)
})

test('orders go one at a time, each under the policy that the one before made', async () => {
  const player = await withGuest()
  player.commands.lock(true)
  player.commands.makeCoHost(guest, true)
  await settle()
  await answer(player, 'policy', ok)
  expect(player.vault.changes.map((c) => c.kind)).toEqual(['lock'])
  await told(() => {
    player.vault.ruled({ locked: true }, host)
  })
  expect(player.vault.changes.map((c) => c.kind)).toEqual(['lock', 'co-host'])
  await answer(player, 'policy', ok)
  player.vault.roles.set(guest, 'co-host')
  player.vault.roster(host, guest)
  await settle()
  expect(player.snapshot.get().changing).toBe(false)
  expect(notices(player)).toEqual([`locked ${host}`, `co-host ${guest}`])
})

test('an order that came second is signed anew only under what was seen since', async () => {
  const player = await withGuest()
  player.commands.lock(true)
  await settle()
  await answer(player, 'policy', refusal('policy_stale'))
  await player.clock.move(4_000)
  player.vault.roster(host, guest) // a new roster is no new policy
  await settle()
  expect(player.vault.changes).toHaveLength(1)
  await told(() => {
    player.vault.ruled({ label: 1 }, guest)
  })
  expect(player.vault.changes).toHaveLength(2)
  await answer(player, 'policy', refusal('policy_stale'))
  await told(() => {
    player.vault.ruled({ locked: true }, guest) // the other wished the same
  })
  expect(player.vault.changes).toHaveLength(2)
  expect(player.vault.gaveUpOn).toEqual(['change'])
  expect(player.snapshot.get().changing).toBe(false)
  expect(notices(player)).toEqual([`locked ${guest}`])
})

test('after five tries the person is told, and sending goes on', async () => {
  const player = await withGuest()
  player.commands.allow({ ...player.snapshot.get().allows, chat: false })
  await settle()
  for (let i = 0; i < 5; i++) {
    await answer(player, 'policy', refusal('policy_stale'))
    await player.clock.move(5_000)
  }
  expect(player.unasked).not.toContain('policy')
  expect(player.vault.gaveUpOn).toEqual(['change'])
  expect(notices(player)).toEqual(['fault policy_stale'])
})

test('what may not be is told; nothing was signed, nothing is given up', async () => {
  const player = await withGuest()
  player.vault.change = () => Promise.reject(new VaultError('not_host', ''))
  player.commands.makeHost(guest)
  await settle()
  expect(notices(player)).toEqual(['fault not_host'])
  expect(player.vault.gaveUpOn).toEqual([])
  player.commands.remove(guest)
  await settle()
  await answer(player, 'remove', refusal('statement_bad'))
  expect(player.vault.gaveUpOn).toEqual([`removal ${guest}`])
})

test('a removal bars in the same breath; where that came too late, the bar is signed anew', async () => {
  const player = await withGuest()
  player.commands.remove(guest)
  await settle()
  const asked = await answer(player, 'remove', { ...ok, barred: false })
  expect(atob(String(asked['policy']))).toBe('$host.policy.2')
  expect(player.vault.changes).toEqual([{ kind: 'bar', device: `device of ${guest}` }])
  await answer(player, 'policy', ok)
  const barred = [{ device: `device of ${guest}`, name: 'Ravi' }]
  await told(() => {
    player.vault.ruled({ barred }, host)
  })
  expect(player.snapshot.get()).toMatchObject({ barred, changing: false })
  player.commands.pardon(`device of ${guest}`)
  await settle()
  await answer(player, 'policy', ok)
  await told(() => {
    player.vault.ruled({ barred: [] }, host)
  })
  expect(notices(player)).toEqual(['pardoned Ravi'])
})

test('a removal that bars signs no second policy', async () => {
  const player = await withGuest()
  player.commands.remove(guest)
  await settle()
  await answer(player, 'remove', { ...ok, barred: true })
  await player.clock.move(6_000)
  expect(player.vault.changes).toEqual([])
  expect(player.snapshot.get().changing).toBe(false)
})

test('who hands over leaves once the other is host, and stays if that fails', async () => {
  const player = await withGuest()
  player.commands.handOver(guest)
  await settle()
  await answer(player, 'policy', ok)
  await player.clock.move(1_000)
  expect(player.unasked).not.toContain('leave')
  player.vault.roles.set(guest, 'host')
  player.vault.roster(host, guest)
  await settle()
  await answer(player, 'leave', ok)
  expect(player.phase).toEqual({ name: 'over', reason: 'left' })

  const stays = await withGuest()
  stays.commands.handOver(guest)
  await settle()
  await answer(stays, 'policy', ok)
  await stays.clock.move(25_000)
  expect(stays.unasked).not.toContain('leave')
  expect(stays.phase.name).toBe('meeting')
})

test('a guest may what the policy allows, a co-host everything; the barred are shown to hosts', async () => {
  const player = await inside()
  const allows = { ...player.snapshot.get().allows, share: false, chat: false }
  const barred = [{ device: 'd', name: 'Eve' }]
  player.vault.ruled({ allows, barred, mine: 'guest' }, host)
  expect(player.snapshot.get()).toMatchObject({ role: 'guest', host: false, allows, may: allows, barred: [] })
  player.vault.ruled({ mine: 'co-host' }, host)
  expect(player.snapshot.get()).toMatchObject({ role: 'co-host', host: false, may: { share: true, chat: true } })
  player.vault.ruled({ mine: 'host' }, host)
  expect(player.snapshot.get()).toMatchObject({ role: 'host', host: true, barred })
})

test('who is co-host no more sees no knocks', async () => {
  const player = await inside()
  player.vault.ruled({ mine: 'co-host' }, host)
  player.hears({
    ...{ type: 'knock', seq: 2, participant: '$eve.participant', device: '', keyPackage: '', sealedName: '' },
    ...{ statement: btoa('knock'), since: 1, returning: false },
  })
  await settle()
  expect(player.snapshot.get().waiting).toHaveLength(1)
  player.vault.ruled({ mine: 'guest' }, host)
  expect(player.snapshot.get().waiting).toEqual([])
})

test('rules that a newcomer finds are no news', async () => {
  const player = await inside()
  player.vault.rules = { ...player.vault.rules, sequence: 1 }
  player.vault.ruled({ locked: true }, host)
  expect(player.snapshot.get().locked).toBe(true)
  confirmed(player)
  expect(notices(player)).toEqual([])
})
