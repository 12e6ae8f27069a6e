import { expect, it } from 'vitest'
import { Watchable } from './watchable'

it('tells its watchers of every replacement, and of nothing else', () => {
  const value = new Watchable(1)
  const told: number[] = []
  const stop = value.watch(() => told.push(value.get()))
  value.set(2)
  value.set(2)
  value.set(3)
  stop()
  value.set(4)
  expect(told).toEqual([2, 3])
})

it('lets a watcher stop another while they are told', () => {
  const value = new Watchable(1)
  const told: string[] = []
  value.watch(() => {
    told.push('first')
    stopSecond()
  })
  const stopSecond = value.watch(() => told.push('second'))
  value.set(2)
  expect(told).toEqual(['first'])
})

it('counts the same function twice when it watches twice', () => {
  const value = new Watchable(1)
  let told = 0
  const changed = (): void => {
    told++
  }
  const stop = value.watch(changed)
  value.watch(changed)
  stop()
  value.set(2)
  expect(told).toBe(1)
})
