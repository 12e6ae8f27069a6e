import { beforeEach, expect, test } from 'vitest'
import { HandTime } from '../testkit/time'
import type { Snapshot } from '../snapshot'
import { Board } from './board'
import { SplitAlarm } from './split'

let board: Board
let clock: HandTime
let split: SplitAlarm

beforeEach(() => {
  board = new Board({ alarms: [] } as unknown as Snapshot)
  clock = new HandTime()
  split = new SplitAlarm(board, clock)
})

const names = (): string[] => board.now.alarms.map((a) => a.person)
const nameOf = (p: string): string => p.toUpperCase()

test('it names those who are missed, and goes when all are back', () => {
  split.take(['a', 'b'], nameOf)
  expect(board.now.alarms).toMatchObject([{ code: 'split', person: 'A, B' }])
  split.take(['b'], () => '') // the group knows the name no more
  expect(names()).toEqual(['B'])
  split.take([], nameOf)
  expect(names()).toEqual([])
})

test('dismissed it stays away until another is missed, or the same again', () => {
  split.take(['a'], nameOf)
  board.drop('split')
  split.take(['a'], nameOf)
  expect(names()).toEqual([])
  split.take(['a', 'b'], nameOf)
  expect(names()).toEqual(['A, B'])
  board.drop('split')
  split.take([], nameOf)
  split.take(['a'], nameOf)
  expect(names()).toEqual(['A'])
})

test('who was cut off oneself is not told that all others are missed, unless it lasts', async () => {
  split.linked('connected')
  split.linked('reconnecting')
  split.take(['a', 'b'], nameOf)
  await clock.move(20_000)
  expect(names()).toEqual([])
  split.linked('connected')
  await clock.move(4_000)
  expect(names()).toEqual([])
  split.take([], nameOf)
  await clock.move(10_000)
  expect(names()).toEqual([])
})

test('a line that comes and goes hides it for half a minute at most', async () => {
  split.take([], nameOf)
  for (let i = 0; i < 9; i++) {
    split.linked('reconnecting')
    if (i === 0) split.take(['a'], nameOf)
    await clock.move(1_000)
    split.linked('connected')
    await clock.move(2_000)
  }
  split.linked('reconnecting')
  await clock.move(2_000)
  expect(names()).toEqual([])
  await clock.move(1_000)
  expect(names()).toEqual(['A'])
})
