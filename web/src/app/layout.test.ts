import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { mostOnPage, mostOnPhone, perPage, smallestTile, tileGrid } from './layout'

/** Rows as the grid fills them, each with its number of tiles. */
function rowsOf(count: number, columns: number, short: readonly number[]): number[] {
  const rows: number[] = []
  for (let at = 0; at < count;) {
    const size = short.includes(at) ? columns - 1 : columns
    rows.push(Math.min(size, count - at))
    at += size
  }
  return rows
}

describe('tiles', () => {
  it.each([
    [1, [1]],
    [2, [2]],
    [3, [2, 1]],
    [4, [2, 2]],
    [5, [3, 2]],
    [7, [3, 2, 2]],
    [9, [3, 3, 3]],
    [10, [4, 3, 3]],
    [25, [5, 5, 5, 5, 5]],
  ])('%i lie as drawn on a wide stage', (count, rows) => {
    const grid = tileGrid(count, { width: 1264, height: 708 }, 8)
    expect(rowsOf(count, grid.columns, grid.short)).toEqual(rows)
  })

  it('25 have the drawn size', () => {
    expect(tileGrid(25, { width: 1264, height: 708 }, 8)).toMatchObject({ width: 240, height: 135 })
  })

  it('change rows only when that makes them clearly larger', () => {
    const box = { width: 1000, height: 700 }
    for (let count = 2; count <= 25; count++) {
      const free = tileGrid(count, box, 8)
      for (let rows = 1; rows <= count; rows++) {
        const held = tileGrid(count, box, 8, rows)
        if (held.rows === free.rows) continue
        expect(free.width * free.height).toBeLessThanOrEqual(1.08 * held.width * held.height)
      }
    }
  })

  it('fit the box, keep a fit shape, and rows differ by at most one', () => {
    const sizes = fc.integer({ min: 200, max: 3000 })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), sizes, sizes, (count, width, height) => {
        const grid = tileGrid(count, { width, height }, 8)
        expect(grid.columns * grid.width + (grid.columns - 1) * 8).toBeLessThanOrEqual(width)
        expect(grid.rows * grid.height + (grid.rows - 1) * 8).toBeLessThanOrEqual(height)
        const rows = rowsOf(count, grid.columns, grid.short)
        expect(rows).toHaveLength(grid.rows)
        expect(Math.max(...rows) - Math.min(...rows)).toBeLessThanOrEqual(1)
        expect(rows.reduce((sum, row) => sum + row, 0)).toBe(count)
      }),
      { numRuns: 2_000 },
    )
  })

  it('have no size in a box that is not there yet', () => {
    expect(tileGrid(3, { width: 0, height: 0 }, 8)).toMatchObject({ width: 0, height: 0 })
  })
})

describe('a page of tiles', () => {
  it('holds six on a phone', () => {
    expect(perPage(50, { width: 390, height: 660 }, 4, true)).toBe(mostOnPhone)
  })
  it('holds no tile that is too small', () => {
    const box = { width: 700, height: 400 }
    const count = perPage(50, box, 8, false)
    expect(tileGrid(count, box, 8).width).toBeGreaterThanOrEqual(smallestTile)
  })
  it('holds everybody where there is room, up to the most', () => {
    expect(perPage(12, { width: 1264, height: 708 }, 8, false)).toBe(12)
    expect(perPage(50, { width: 2560, height: 1300 }, 8, false)).toBe(mostOnPage)
  })
  it('holds one even where nothing fits', () => {
    expect(perPage(5, { width: 60, height: 40 }, 8, false)).toBe(1)
  })
})
