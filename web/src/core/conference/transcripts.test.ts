/** The protocol's recorded conversations, with a conference in the place of one of the people. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { Phase } from '../snapshot'
import { Player, stepsOf, type Message } from '../testkit/transcript'
import { settle } from '../testkit/time'

const guest = '$guest.participant'
const host = '$host.participant'

interface Play {
  readonly file: string
  readonly role: 'guest' | 'host' | 'waiting'
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
  { file: 'removed', role: 'host', ends: 'meeting' },
  { file: 'end', role: 'guest', until: 'The link opens', ends: 'over ended' },
  { file: 'end', role: 'host', ends: 'over ended' },
  { file: 'end', role: 'waiting', ends: 'over ended' },
  { file: 'resume', role: 'guest', until: 'A wrong ticket', ends: 'meeting', heard: '$host.message.2' },
  { file: 'regroup', role: 'guest', ends: 'meeting' },
  { file: 'regroup', role: 'host', until: 'The host reloads.', ends: 'meeting' },
]

/** nudge does what a person would do to make the page ask for it. */
async function nudge(player: Player, want: Message): Promise<void> {
  const { commands } = player
  switch (want.type) {
    case 'hello':
      if (player.phase.name !== 'opening') await player.breaks()
      else player.connect()
      return
    case 'host':
    case 'knock':
      if (player.phase.name === 'pre-join') commands.enter('Ravi', '')
      else if (player.phase.name === 'waiting') await player.clock.move(45 * 60_000)
      return
    case 'admit':
      commands.admit([guest])
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
        player.vault.tell({ kind: 'send', epoch: 1, message: player.vault.sealed(), to: [], fleeting: true })
      else commands.say('a word', { kind: 'all' })
      return
  }
}

/** asks waits for the page's next request of that type, by itself or nudged. */
async function asks(player: Player, want: Message): Promise<void> {
  let asked = player.asked(want)
  if (asked === undefined) {
    await nudge(player, want)
    await settle()
    asked = player.asked(want)
  }
  const bare = (m: Message | undefined): object => ({ ...m, id: 0 })
  expect(bare(asked), `${want.type} in phase ${player.phase.name}`).toEqual(bare(want))
}

/** after keeps the vault's roster in step with what the server told. */
function after(player: Player, message: Message): void {
  if (message.type === 'admitted') {
    player.vault.roster(host, player.vault.me)
    player.vault.tell({ kind: 'confirmed', byMajority: false })
  }
  if (message.type === 'commit' && player.vault.me === host)
    player.vault.roster(host, ...(player.vault.members.length === 1 ? [guest] : []))
}

test.each(plays)('$role in $file', async ({ file, role, until, ends, heard }) => {
  const text = readFileSync(new URL(`../../../../protocol/transcripts/${file}.txt`, import.meta.url), 'utf8')
  const steps = stepsOf(text, role, until)
  expect(steps.length).toBeGreaterThan(3)
  const player = new Player(role, steps)
  await settle()
  for (const { way, message } of steps) {
    if (way === 'asks' && message) await asks(player, message)
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
  const stays = phase.name === 'over' && ['lapsed', 'denied', 'removed'].includes(phase.reason)
  if (phase.name === 'over') expect(player.memory.size).toBe(stays ? 1 : 0)
  if (heard !== undefined) expect(player.snapshot.get().chat.map((l) => l.text)).toContain(heard)
})
