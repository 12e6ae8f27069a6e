/** The protocol's recorded conversations, with a conference in the place of one of the people. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { Phase } from '../snapshot'
import { Player, stepsOf, type Message } from '../testkit/transcript'
import { settle } from '../testkit/time'
import { answer, guest, host, refusal } from '../testkit/visit'

interface Play {
  readonly file: string
  readonly role: 'guest' | 'host' | 'waiting' | 'stranger'
  readonly until?: string // a heading; what follows is not what a page does
  readonly ends: Phase['name'] | `over ${string}`
  readonly heard?: string // a chat text that must have arrived
}

const plays: readonly Play[] = [
  { file: 'knock-admit', role: 'guest', ends: 'over left', heard: '$host.message' },
  { file: 'knock-admit', role: 'host', ends: 'meeting', heard: '$guest.message' },
  { file: 'early-guest', role: 'guest', ends: 'over lapsed' },
  { file: 'wrong-code', role: 'guest', ends: 'over left' },
  { file: 'denied', role: 'guest', until: 'The same device again', ends: 'over denied' },
  { file: 'denied', role: 'host', ends: 'meeting' },
  { file: 'removed', role: 'guest', until: 'Neither the ticket', ends: 'over removed' },
  { file: 'bar', role: 'guest', until: 'The device stays out', ends: 'over removed' },
  { file: 'bar', role: 'host', until: 'The pardon', ends: 'meeting' },
  { file: 'lock', role: 'guest', ends: 'over locked' },
  { file: 'lock', role: 'host', until: 'The host unlocks', ends: 'meeting' },
  { file: 'lock', role: 'stranger', until: 'The host unlocks', ends: 'over locked' },
  { file: 'cohost', role: 'host', until: 'The co-host lets', ends: 'meeting' },
  { file: 'cohost', role: 'guest', ends: 'meeting' },
  { file: 'rejoin', role: 'guest', ends: 'meeting' },
  { file: 'restart', role: 'host', ends: 'meeting' },
  { file: 'restart', role: 'guest', ends: 'meeting', heard: '$host.message' },
  { file: 'end', role: 'guest', until: 'The link opens', ends: 'over ended' },
  { file: 'end', role: 'host', ends: 'over ended' },
  { file: 'end', role: 'waiting', ends: 'over ended' },
  { file: 'resume', role: 'guest', until: 'A wrong ticket', ends: 'meeting', heard: '$host.message.2' },
  { file: 'regroup', role: 'guest', ends: 'meeting' },
  { file: 'regroup', role: 'host', ends: 'meeting' },
]

/** nudge does what a person would do to make the page ask for it. */
async function nudge(player: Player, want: Message, file: string, next: string): Promise<void> {
  const { commands } = player
  switch (want.type) {
    case 'hello':
      if (player.phase.name === 'opening') player.connect()
      else await again(player, next)
      return
    case 'return':
      if (player.unasked.includes('resume')) await answer(player, 'resume', refusal('resume_bad'))
      else await player.clock.move(2_000)
      return
    case 'revive':
      await answer(player, 'resume', refusal('resume_bad'))
      await answer(player, 'return', refusal('group_unknown'))
      return
    case 'policy':
      if (file === 'lock') commands.lock(true)
      else commands.makeCoHost(guest, true)
      return
    case 'host':
    case 'knock':
      if (player.phase.name === 'pre-join') commands.enter('Ravi', '')
      else if (player.phase.name === 'waiting') await player.clock.move(45 * 60_000)
      return
    case 'admit':
      commands.admit(player.snapshot.get().waiting.map((k) => k.id))
      return
    case 'deny':
      commands.deny(guest)
      return
    case 'allow':
      commands.allowAgain(guest)
      return
    case 'remove':
      commands.remove(guest)
      return
    case 'end':
      commands.end()
      return
    case 'leave':
    case 'withdraw':
      commands.leave()
      return
    case 'stay':
      commands.stillHere()
      return
    case 'view':
      commands.showing(want['participants'] as string[])
      return
    case 'app':
      if (want['fleeting'] === true)
        player.vault.tell({
          kind: 'send',
          epoch: player.vault.epoch,
          message: player.vault.sealed(),
          to: [],
          fleeting: true,
        })
      else commands.say('a word', { kind: 'all' })
      return
  }
}

/** again is a line that breaks, or a page that is loaded anew where the transcript goes on without its seat. */
async function again(player: Player, next: string): Promise<void> {
  const { vault } = player
  vault.holds = next === 'return' || next === 'revive'
  vault.leads = next === 'revive'
  vault.seated = next === 'rejoin'
  if (next !== 'rejoin' && next !== 'host') return player.breaks()
  player.reload()
  await settle()
  player.connect()
}

/** asks waits for the page's next request of that type, by itself or nudged. */
async function asks(player: Player, want: Message, file: string, next: string): Promise<void> {
  let asked = player.asked(want)
  if (asked === undefined) {
    await nudge(player, want, file, next)
    await settle()
    asked = player.asked(want)
  }
  const bare = (m: Message | undefined): object => ({ ...m, id: 0 })
  expect(bare(asked), `${want.type} in phase ${player.phase.name}`).toEqual(bare(want))
}

/** before tells the vault what a real one would read in what the server says. */
function before(player: Player, message: Message): void {
  if (message.type === 'admitted') player.vault.epoch = Number(message['epoch'])
}

/** after keeps the vault's roster and rules in step with what the server told. */
function after(player: Player, message: Message): void {
  const { vault } = player
  if (message.type === 'admitted') {
    vault.seated = false
    vault.roster(host, vault.me)
    vault.tell({ kind: 'confirmed', byMajority: false })
  }
  if (message.type !== 'commit' || vault.me !== host) return
  const change = vault.changes.pop()
  if (change?.kind === 'lock') vault.ruled({ locked: change.on }, host)
  else if (change?.kind === 'co-host') {
    vault.roles.set(change.participant, 'co-host')
    vault.roster(host, guest)
  } else vault.roster(host, ...(vault.members.length === 1 ? [guest] : []))
}

test.each(plays)('$role in $file', async ({ file, role, until, ends, heard }) => {
  const text = readFileSync(new URL(`../../../../protocol/transcripts/${file}.txt`, import.meta.url), 'utf8')
  const steps = stepsOf(text, role, until)
  expect(steps.length).toBeGreaterThan(3)
  const player = new Player(role, steps)
  await settle()
  for (const [i, { way, message }] of steps.entries()) {
    const next = steps.slice(i + 1).find((s) => s.way === 'asks')?.message?.type ?? ''
    if (message && way === 'hears') before(player, message)
    if (way === 'asks' && message) await asks(player, message, file, next)
    else player.hears(message)
    await settle()
    if (way === 'hears' && message) {
      after(player, message)
      await settle()
    }
  }
  const { phase } = player
  expect(phase.name === 'over' ? `over ${phase.reason}` : phase.name).toBe(ends)
  expect(player.unasked, 'asked beyond the transcript').toEqual([])
  expect(player.vault.wiped).toBe(phase.name === 'over')
  // Nothing stays on the device but what a second try needs, and what keeps a device out that is to stay out.
  const stays = phase.name === 'over' && ['lapsed', 'locked', 'denied', 'removed'].includes(phase.reason)
  if (phase.name === 'over') expect(player.memory.size).toBe(stays ? 1 : 0)
  if (player.offers > 0) expect(player.relays, 'media with the relay of the seat').not.toContain('')
  if (heard !== undefined) expect(player.snapshot.get().chat.map((l) => l.text)).toContain(heard)
})
