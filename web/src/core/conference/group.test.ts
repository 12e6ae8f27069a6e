/** What a page inside makes of what the group and its people say. */
import { expect, test } from 'vitest'
import type { Member, Said, To } from '../vault'
import type { Message, Player } from '../testkit/transcript'
import {
  answer,
  guest,
  hears,
  host,
  hosting,
  inside,
  joining,
  ok,
  okHello,
  reconnected,
  refusal,
  okSeated,
} from '../testkit/visit'
import { settle } from '../testkit/time'
import { bytesOf } from '../testkit/scripted-vault'

const notices = (player: Player): string[] =>
  player.snapshot.get().notices.map((n) => [n.kind, n.name, n.code].filter((w) => w !== '').join(' '))
const app: Message = { type: 'app', seq: 2, epoch: 1, message: btoa('m'), from: host }
const commit: Message = {
  ...{ type: 'commit', seq: 2, epoch: 1, commit: btoa('c'), statement: btoa('s'), order: btoa('o') },
}

/** says lets a member say something that the vault opens. */
async function says(player: Player, said: Said, seq: number): Promise<void> {
  player.vault.hear = () => Promise.resolve(said)
  await hears(player, { ...app, seq })
}

test('what is for one goes to one, and is shown with the name', async () => {
  const player = await inside()
  const to: To = { kind: 'one', participant: host }
  player.commands.say('quietly', to)
  await settle()
  expect(await answer(player, 'app', ok)).toMatchObject({ to: [host], fleeting: false })
  expect(player.snapshot.get().chat).toMatchObject([
    { text: 'quietly', to, toName: host, amended: 'no', state: 'sent' },
  ])
  player.commands.say('aloud', { kind: 'all' })
  await settle()
  expect(await answer(player, 'app', ok)).toMatchObject({ to: [] })
  await says(player, { kind: 'chat', from: host, id: 'x', text: 'back', to: { kind: 'one', participant: guest } }, 2)
  expect(player.snapshot.get().chat.at(-1)).toMatchObject({ mine: false, to: { kind: 'one' }, toName: guest })
})

test('an author changes and deletes their own lines, nobody else’s', async () => {
  const player = await inside()
  const lines = (): string[] => player.snapshot.get().chat.map((l) => `${l.amended} ${l.text}`)
  await says(player, { kind: 'chat', from: host, id: 'x', text: 'tpyo', to: { kind: 'all' } }, 2)
  await says(player, { kind: 'amend', from: '$eve.participant', id: 'x', text: 'evil' }, 3)
  expect(lines()).toEqual(['no tpyo'])
  await says(player, { kind: 'amend', from: host, id: 'x', text: 'typo' }, 4)
  expect(lines()).toEqual(['edited typo'])
  await says(player, { kind: 'amend', from: host, id: 'x', text: null }, 5)
  await says(player, { kind: 'amend', from: host, id: 'x', text: 'undead' }, 6)
  expect(lines()).toEqual(['deleted '])
  player.commands.say('mine', { kind: 'all' })
  await settle()
  await answer(player, 'app', ok)
  const { id } = player.snapshot.get().chat.at(-1) ?? { id: '' }
  player.commands.amend('x', null) // another's
  player.commands.amend(id, 'mended')
  await settle()
  await answer(player, 'app', ok)
  expect(player.unasked).not.toContain('app')
  expect(lines()).toEqual(['deleted ', 'edited mended'])
})

test('a reaction is shown for six seconds', async () => {
  const player = await inside()
  const shown = (): unknown[] => player.snapshot.get().people.map((p) => p.reaction)
  await says(player, { kind: 'reaction', from: host, reaction: 'clap' }, 2)
  expect(shown()).toEqual([null, 'clap'])
  await player.clock.move(3_000)
  await says(player, { kind: 'reaction', from: host, reaction: 'heart' }, 3)
  await player.clock.move(5_999)
  expect(shown()).toEqual([null, 'heart'])
  await player.clock.move(1)
  expect(shown()).toEqual([null, null])
  player.commands.react('laugh')
  await settle()
  expect(await answer(player, 'app', ok)).toMatchObject({ fleeting: true })
  expect(shown()).toEqual(['laugh', null])
})

test('a raised hand is told of once until it is down again', async () => {
  const player = await inside()
  await says(player, { kind: 'hand', from: host, up: true }, 2)
  await says(player, { kind: 'hand', from: host, up: true }, 3)
  await says(player, { kind: 'hand', from: host, up: false }, 4)
  await says(player, { kind: 'hand', from: host, up: true }, 5)
  expect(notices(player)).toEqual([`hand ${host}`, `hand ${host}`])
  player.commands.hand(true)
  player.commands.lowerHand(host)
  await settle()
  await answer(player, 'app', ok)
  await answer(player, 'app', ok)
})

test('who came, came back and went is told by what commits did, once the name is proven', async () => {
  const player = await inside()
  const [eve, ann] = ['$eve.participant', '$ann.participant']
  player.vault.roster(host, guest, eve) // a roster alone tells of nobody
  expect(notices(player)).toEqual([])
  player.vault.tell({ kind: 'passed', came: [eve, ann], back: [host], gone: [] })
  expect(notices(player)).toEqual([`joined ${eve}`, `returned ${host}`])
  const unnamed = { ...player.vault.members[0], participant: ann, name: '', me: false } as Member
  player.vault.tell({ kind: 'roster', members: [...player.vault.members, unnamed], epoch: 2 })
  expect(notices(player)).toHaveLength(2)
  player.vault.roster(host, guest, eve, ann)
  expect(notices(player)).toEqual([`joined ${eve}`, `returned ${host}`, `joined ${ann}`])
  const gone = [
    { participant: eve, name: 'Eve', how: 'removed' },
    { participant: ann, name: 'Ann', how: 'left' },
    { participant: host, name: '', how: 'absent' },
  ] as const
  player.vault.tell({ kind: 'passed', came: [], back: [], gone })
  expect(notices(player).slice(3)).toEqual(['removed Eve', 'left Ann', `absent ${host}`])
  await hears(player, { type: 'presence', seq: 2, participant: host, connected: false })
  expect(notices(player)).toHaveLength(6)
})

test('a commit that is refused is refused in writing, and the group goes on', async () => {
  const player = await inside()
  player.vault.verdict = { refusal: bytesOf('no'), rejoin: false }
  await hears(player, commit)
  expect(await answer(player, 'refuse', ok)).toMatchObject({ epoch: 1, statement: btoa('no') })
  expect(player.phase.name).toBe('meeting')
  expect(player.dialled).toBe(1)
})

test('who cannot follow says so and rejoins on a new line, without a return', async () => {
  const player = await inside()
  player.vault.verdict = { refusal: bytesOf('no'), rejoin: true }
  await hears(player, commit)
  await answer(player, 'refuse', ok)
  await player.clock.move(2_900)
  expect(player.phase.name).toBe('meeting') // the epoch may be opened again
  await player.clock.move(200)
  expect(player.phase.name).toBe('entering')
  await player.clock.move(200)
  player.connect()
  await settle()
  await answer(player, 'hello', okHello)
  expect(player.unasked).toEqual(['rejoin'])
})

test('who could not follow a commit that is taken back stays', async () => {
  const player = await inside()
  player.vault.verdict = { refusal: bytesOf('no'), rejoin: true }
  await hears(player, commit)
  await answer(player, 'refuse', ok)
  player.vault.verdict = { refusal: bytesOf(''), rejoin: false }
  await hears(player, { type: 'reopened', seq: 3, epoch: 1, author: host, refusals: [btoa('r')] })
  await player.clock.move(10_000)
  expect(player.phase.name).toBe('meeting')
  expect(player.dialled).toBe(1)
})

test('a reopened epoch that was applied here leads to a rejoin', async () => {
  const player = await inside()
  player.vault.verdict = { refusal: bytesOf(''), rejoin: true }
  await hears(player, { type: 'reopened', seq: 2, epoch: 1, author: host, refusals: [btoa('r')] })
  await player.clock.move(200)
  player.connect()
  await settle()
  await answer(player, 'hello', okHello)
  expect(player.unasked).toEqual(['rejoin'])
})

test('a new group is refused as long as a host vouches for this one', async () => {
  const player = await inside()
  let may = false
  player.vault.mayRegroup = () => Promise.resolve(may)
  await hears(player, { type: 'regroup', seq: 2, challenge: btoa('another'), policy: btoa('policy') })
  await player.clock.move(4_000)
  expect(player.unasked).toEqual([])
  expect(player.phase.name).toBe('meeting')
  expect(player.snapshot.get().alarms.map((a) => a.code)).toEqual(['regroup_refused'])
  may = true
  await player.clock.move(2_000)
  await answer(player, 'knock', { type: 'ok', id: 9, open: true })
  expect(notices(player)).toEqual(['regrouped'])
})

test('who finds the group unconfirmed says that it leaves', async () => {
  const player = await joining()
  await answer(player, 'joined', okSeated)
  player.vault.tell({ kind: 'unconfirmed' })
  await settle()
  await answer(player, 'leave', ok)
  expect(player.phase).toEqual({ name: 'over', reason: 'unsealed' })
  expect(player.memory.size).toBe(0)
})

test('slots count as they were said last: what a resume repeats of older ones is passed over', async () => {
  const player = await inside()
  const taken: string[] = []
  player.vault.slots = (slots) => {
    taken.push(slots.join())
    return Promise.resolve()
  }
  await reconnected(player)
  const asked = player.asked({ type: 'resume', id: 1 })
  player.hears({ type: 'ok', id: 1 })
  for (const [i, who] of ['', '$eve.participant', host].entries())
    player.hears({ type: 'slots', seq: 2 + i, slots: [who] })
  await settle()
  expect(asked).toBeDefined()
  expect(taken).toEqual([host])
  expect(player.snapshot.get().people.find((p) => p.id === host)?.stream).not.toBeNull()
})

test('a knock that could be somebody who was removed is marked, and never let in by itself', async () => {
  const player = await hosting()
  player.vault.suspects = true
  player.vault.known.add(guest)
  player.hears({
    ...{ type: 'knock', seq: 1, participant: guest, device: '', keyPackage: '', sealedName: '' },
    ...{ statement: btoa('knock'), since: 1, returning: true },
  })
  await settle()
  expect(player.unasked).not.toContain('admit')
  expect(player.snapshot.get().waiting).toMatchObject([{ id: guest, suspect: true }])
})

test('what is not allowed is said', async () => {
  const player = await inside()
  player.commands.react('clap')
  await settle()
  await answer(player, 'app', refusal('not_member'))
  expect(notices(player)).toEqual(['fault not_member'])
  expect(player.snapshot.get().people[0]?.reaction).toBeNull()
})
