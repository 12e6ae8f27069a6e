/** A server that started anew: everybody who was inside comes back into the same group, at whatever moment lines break. */
import { expect, test } from 'vitest'
import type { Bytes } from '../vault'
import type { Message, Player } from '../testkit/transcript'
import { answer, hosting, inside, ok, okHello, okReturn, reconnected, refusal } from '../testkit/visit'
import { settle } from '../testkit/time'

const link = (player: Player): string => player.snapshot.get().link

/** forgotten is a page whose seat the server knows no more. */
async function forgotten(player: Player): Promise<void> {
  await reconnected(player)
  await answer(player, 'resume', refusal('resume_bad'))
}

test('a guest asks every two seconds until a host brought the group back; tiles and conversation stay, media starts anew', async () => {
  const player = await inside()
  player.commands.say('before', { kind: 'all' })
  await settle()
  await answer(player, 'app', ok)
  const offers = player.offers
  await forgotten(player)
  for (let i = 0; i < 3; i++) {
    await answer(player, 'return', refusal('group_unknown'))
    await player.clock.move(1_999)
    expect(player.unasked).toEqual([])
    expect(link(player)).toBe('reconnecting')
    await player.clock.move(1)
  }
  expect(player.snapshot.get()).toMatchObject({ phase: { name: 'meeting' }, chat: [{ text: 'before' }] })
  expect(player.snapshot.get().people).toHaveLength(2)
  const asked = await answer(player, 'return', okReturn)
  expect(asked).toMatchObject({ participant: '$guest.participant', epoch: 1 })
  expect(link(player)).toBe('connected')
  expect(player.snapshot.get().notices.at(-1)?.kind).toBe('back')
  expect(player.offers).toBe(offers + 1)
  expect(player.relays).toEqual(['a name', 'a new name'])
  expect(player.phase.name).toBe('meeting')
  await reconnected(player) // the new seat has a ticket of its own
  expect(await answer(player, 'resume', ok)).toMatchObject({ ticket: btoa('$ticket.2'), seq: 0 })
})

test('a host brings the group back; where another was quicker it returns', async () => {
  const player = await hosting()
  await forgotten(player)
  await answer(player, 'return', refusal('group_unknown'))
  const revive = await answer(player, 'revive', refusal('group_held'))
  expect(atob(String(revive['state']))).toBe('$host.state')
  await player.clock.move(2_000)
  await answer(player, 'return', okReturn)
  expect(player.phase.name).toBe('meeting')
  await forgotten(player)
  await answer(player, 'return', refusal('group_unknown'))
  await answer(player, 'revive', okReturn)
  expect(link(player)).toBe('connected')
})

test('what was said meanwhile is said on the new seat, what only the old one could do is not', async () => {
  const player = await inside()
  player.hears({ type: 'task', seq: 2, lease: 1, epoch: 1, policies: [], consents: [], adds: [], removes: [] })
  player.commands.say('a word', { kind: 'all' })
  await settle()
  const first = await answer(player, 'app', null)
  await answer(player, 'commit', null)
  await forgotten(player)
  const { id } = await answer(player, 'return', okReturn)
  const again = await answer(player, 'app', ok)
  expect(again).toMatchObject({ message: first['message'] })
  expect(Number(again.id)).toBeGreaterThan(Number(id)) // a seat takes rising numbers only
  expect(player.unasked).not.toContain('commit')
  expect(player.snapshot.get().chat).toMatchObject([{ state: 'sent' }])
})

test('who went on without this device lets it rejoin; nobody for two minutes, and it knocks', async () => {
  const player = await inside()
  await forgotten(player)
  await answer(player, 'return', refusal('rejoin_bad'))
  await answer(player, 'rejoin', { type: 'ok', id: 1, open: true })
  expect(player.phase.name).toBe('entering')

  const alone = await inside()
  await forgotten(alone)
  for (let waited = 0; waited < 120_000; waited += 2_000) {
    await answer(alone, 'return', refusal('group_unknown'))
    await alone.clock.move(2_000)
  }
  await answer(alone, 'return', refusal('group_unknown'))
  await answer(alone, 'rejoin', refusal('rejoin_bad'))
  await answer(alone, 'knock', { type: 'ok', id: 1, open: false })
  expect(alone.phase).toMatchObject({ name: 'waiting', for: 'host' })
})

test('a server that says it closes is left at once', async () => {
  const player = await inside()
  player.hears({ type: 'fault', code: 'server_closing' })
  await settle()
  expect(link(player)).toBe('reconnecting')
  await player.clock.move(200)
  expect(player.dialled).toBe(2)
})

/** Restarted is a server without memory of the meeting. It takes a proof only for the challenge of the very line that it comes on. */
class Restarted {
  readonly #player: Player
  #line = 0
  #group = false
  wrong: string[] = []
  seated = false

  constructor(player: Player, group: boolean) {
    this.#player = player
    this.#group = group
  }

  /** step answers one message; false when there is none. */
  async step(): Promise<boolean> {
    const m = this.#player.next()
    if (m === undefined) return false
    if (m.id !== undefined) this.#player.hears({ ...this.#answer(m), id: m.id })
    await settle()
    return true
  }

  broke(): void {
    this.#line++
    this.seated = false
  }

  #answer(m: Message): Message {
    const challenge = btoa(`challenge ${String(this.#line)}`)
    switch (m.type) {
      case 'hello':
        return { ...okHello, challenge }
      case 'resume':
        if (m['statement'] !== challenge) this.wrong.push(m.type)
        return refusal('resume_bad')
      case 'return':
      case 'revive':
        if (m['statement'] !== challenge) this.wrong.push(m.type)
        if (m.type === 'return' && !this.#group) return refusal('group_unknown')
        this.#group = this.seated = true
        return okReturn
      default:
        if (!this.seated) this.wrong.push(m.type)
        return ok
    }
  }
}

/** slowly makes the vault's work late by some turns, so that lines break meanwhile. A proof is the challenge that it is for. */
function slowly(player: Player, turns: number): void {
  const { vault } = player
  const [returning, openBooking] = [vault.returning.bind(vault), vault.openBooking]
  const late = async (): Promise<void> => {
    for (let i = 0; i < turns; i++) await settle()
  }
  vault.openBooking = async (...said) => {
    await late()
    return openBooking(...said)
  }
  vault.resume = async (challenge: Bytes) => {
    await late()
    return challenge
  }
  vault.returning = async (challenge: Bytes) => {
    await late()
    const fields = await returning(challenge)
    return fields === null ? null : { ...fields, statement: challenge }
  }
}

const moments = [...Array(10).keys()]

test.each([true, false])('everybody is back within seconds, whenever the lines break (leading: %s)', async (leads) => {
  for (const first of moments)
    for (const second of moments)
      for (const turns of [0, 4]) {
        const player = leads ? await hosting() : await inside()
        const server = new Restarted(player, !leads)
        slowly(player, turns)
        const where = `${String(first)} ${String(second)} ${String(turns)}`
        player.hears(null)
        for (const moment of [first, second]) {
          await player.clock.move(200)
          player.connect()
          for (let i = 0; i < moment; i++) {
            await settle()
            await server.step()
          }
          player.hears(null)
          server.broke()
        }
        for (let i = 0; i < 60 && !server.seated; i++) {
          await player.clock.move(200)
          player.connect()
          await settle()
          while (await server.step());
        }
        expect(server.wrong, where).toEqual([])
        expect([player.phase.name, link(player)], where).toEqual(['meeting', 'connected'])
        expect(player.snapshot.get().alarms, where).toEqual([])
      }
})
