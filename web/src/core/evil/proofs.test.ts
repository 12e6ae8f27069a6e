/** The proofs of media: what removed people, later joiners and ghosts open, with every key that they ever held; and that members do. */
import { describe, expect, test } from 'vitest'
import { parse } from '../keys/statement'
import { member } from '../testkit/group'
import { add, deviceOf, Liar, packageOf, psk } from '../testkit/liar'
import { World, type Person } from '../testkit/meeting'
import { refusedBy, sound, speaks, stage } from '../testkit/stage'

/** opened tells how many of twenty frames of each sender a thief opens, while every other member opens all of them. */
async function opened(w: World, thief: Liar): Promise<{ thief: number; members: number; sent: number }> {
  const count = { thief: 0, members: 0, sent: 0 }
  for (const from of w.inside) {
    for (let i = 0; i < 20; i++) {
      const video = i % 2 === 1
      const frame = video ? await from.vault.frames.seal('camera', 'video', picture(i)) : await speaks(from)
      if (frame === null) throw new Error('nothing may be sent')
      count.sent++
      if (await thief.tap.opens(frame, video ? 'video' : 'audio')) count.thief++
      if (await membersOpen(w, from, frame, video)) count.members++
    }
  }
  return count
}

/** picture is a VP8 frame, a key frame each fourth time. */
const picture = (i: number): Uint8Array => Uint8Array.of(i % 4 === 1 ? 0 : 1, ...sound, ...sound)

async function membersOpen(w: World, from: Person, frame: Uint8Array, video: boolean): Promise<boolean> {
  for (const p of w.inside) {
    if (p === from) continue
    await p.vault.slots([from.id])
    const { fate } = await p.vault.frames.open(0, video ? 'video' : 'audio', frame)
    if (fate !== 'opened') return false
  }
  return true
}

describe('proofs', () => {
  test('a removed member, who wiped nothing, opens none of the frames sent more than one second after the removal', async () => {
    const { w, ada, mallory } = await stage()
    expect(await opened(w, mallory)).toEqual({ thief: 60, members: 60, sent: 60 })
    const { statement, policy } = await ada.vault.removal(mallory.id)
    const removes = [{ participant: mallory.id, statement }]
    await w.order(await w.made(ada, { policies: [policy], removes }))
    await w.pass(1_001)
    expect(await opened(w, mallory)).toEqual({ thief: 0, members: 60, sent: 60 })
    await w.enter('Kim') // nor later, with code and PSK still in hand
    await w.pass(2_000)
    expect(await opened(w, mallory)).toEqual({ thief: 0, members: 80, sent: 80 })
  })

  test('a joiner opens no frame from before, and all from after', async () => {
    const w = await World.open('Ada')
    await w.enter('Bob', 'Priya')
    await w.pass(2_000)
    const thief = await Liar.outside(w)
    const recorded = await Promise.all(w.inside.flatMap((p) => Array.from({ length: 20 }, () => speaks(p))))
    await thief.enters()
    await w.pass(2_000)
    const tried = await Promise.all(recorded.map((f) => thief.tap.opens(f)))
    expect([tried.length, tried.filter((o) => o).length]).toEqual([60, 0])
    expect(await opened(w, thief)).toEqual({ thief: 60, members: 60, sent: 60 })
  })

  test('a ghost, whose leaf nobody admitted, opens nothing: not even with a member’s help at the group', async () => {
    const { w, mallory, bob } = await stage()
    const ghost = await Liar.outside(w, 'Ghost')
    const word = await mallory.admission(mallory.me.device, ghost.me.admitted) // signed by no host
    const extensions = [mallory.info([parse(word)])]
    const rogue = await mallory.rogue([add(packageOf(ghost.me)), psk(mallory.meeting)], [word], { extensions })
    expect(await mallory.strikes(rogue)).toEqual(refusedBy(w, 'an admission that no host signed'))
    await ghost.founds(rogue.next, mallory.roster) // it holds all keys of the epoch in which it would be
    expect(await opened(w, ghost)).toEqual({ thief: 0, members: 60, sent: 60 })
    expect(bob.members.length).toBe(4)
    const kim = await member(mallory.meeting, 'Kim')
    const honest = await mallory.admission(await deviceOf(w.host), kim.admitted)
    const real = await mallory.rogue([add(packageOf(kim)), psk(mallory.meeting)], [honest])
    expect(await mallory.strikes(real)).toEqual(refusedBy(w, 'taken')) // whom a host admitted opens them
    await ghost.founds(real.next, mallory.roster)
    await w.pass(2_000)
    expect(await opened(w, ghost)).toEqual({ thief: 60, members: 60, sent: 60 })
  })
})
