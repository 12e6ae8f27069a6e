/** The meeting in which every attack is played: Ada is host, Bob and Priya are guests, Mallory is a guest who lies. */
import { vi } from 'vitest'
import { Liar } from './liar'
import { World, type Person } from './meeting'
import type { Bytes, KnockFields } from '../vault'

vi.setConfig({ testTimeout: 60_000 }) // real groups on a busy machine

export const all = { kind: 'all' } as const
export const none = new Uint8Array()
export const sound = Uint8Array.of(9, 8, 7, 6, 5, 4, 3, 2, 1)

export interface Stage {
  readonly w: World
  readonly ada: Person
  readonly bob: Person
  readonly priya: Person
  readonly mallory: Liar
}

/** stage gives leaf 0 to Ada, 1 to Bob, 2 to Priya and 3 to Mallory. */
export async function stage(): Promise<Stage> {
  const w = await World.open('Ada')
  const [bob, priya] = await w.enter('Bob', 'Priya')
  if (!bob || !priya) throw new Error('nobody')
  const mallory = await Liar.inside(w)
  await w.pass(5_000)
  return { w, ada: w.host, bob, priya, mallory }
}

export interface Guest {
  readonly zoe: Person
  readonly fields: KnockFields
  readonly admission: Bytes // the host's own
}

/** admitted is a guest whom a host truly let in and whom nobody added yet. */
export async function admitted(w: World, by = w.host): Promise<Guest> {
  const zoe = await w.arrive()
  const { fields } = await w.knock(zoe, 'Zoe')
  await by.vault.readKnock(fields)
  return { zoe, fields, admission: await by.vault.admit([zoe.id]) }
}

/** refusedBy is the same rule named by everybody. */
export function refusedBy(w: World, rule: string): unknown[] {
  return w.inside.map(() => rule)
}

/** speaks is one frame of somebody's microphone. */
export async function speaks(p: Person): Promise<Bytes> {
  const frame = await p.vault.frames.seal('microphone', 'audio', sound)
  if (frame === null) throw new Error('nothing may be sent')
  return frame
}

/** hears is what becomes of a frame that the server brings in the slot of somebody. */
export async function hears(p: Person, whose: string, frame: Uint8Array): Promise<string> {
  await p.vault.slots([whose])
  return (await p.vault.frames.open(0, 'audio', frame)).fate
}
