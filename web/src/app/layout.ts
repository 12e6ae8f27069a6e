/**
 * Tile maths. For each number of rows the tiles' size follows from the box and a range of fit shapes; the rows with the
 * largest tile win, and a change of rows needs 8 % more. Rows differ by at most one tile; short rows come last.
 */

/** Box is a width and a height in CSS pixels. */
export interface Box {
  readonly width: number
  readonly height: number
}

/** Grid is how tiles lie: every tile has one size; short holds the index of the first tile of each row with one tile less. */
export interface Grid extends Box {
  readonly rows: number
  readonly columns: number
  readonly short: readonly number[]
}

export const smallestTile = 136 // px wide; below this a page of tiles starts
export const mostOnPage = 25
export const mostOnPhone = 6
const stay = 1.08 // how much larger tiles must become before rows change under a person's eyes

const clamp = (low: number, x: number, high: number): number => Math.min(high, Math.max(low, x))

/** tileGrid lays count tiles into box with gap px between them; rowsNow is what is on screen, 0 for nothing yet. */
export function tileGrid(count: number, box: Box, gap: number, rowsNow = 0): Grid {
  const shape = box.height > 0 ? box.width / box.height : 1
  const slim = clamp(5 / 8, 0.9 * shape, 5 / 4)
  const broad = clamp(4 / 3, (4 / 3) * shape, 16 / 9)
  let best: Grid = { rows: 1, columns: Math.max(1, count), width: 0, height: 0, short: [] }
  let bestScore = 0
  for (let rows = 1; rows <= count; rows++) {
    const columns = Math.ceil(count / rows)
    if (columns * rows - count >= rows && rows > 1) continue // a row would stay empty
    const cellWidth = (box.width - (columns - 1) * gap) / columns
    const cellHeight = (box.height - (rows - 1) * gap) / rows
    if (cellWidth <= 0 || cellHeight <= 0) continue
    const ratio = clamp(slim, cellWidth / cellHeight, broad)
    const width = Math.floor(Math.min(cellWidth, cellHeight * ratio))
    const height = Math.floor(width / ratio)
    const score = width * height * (rows === rowsNow ? stay : 1)
    if (score > bestScore) {
      bestScore = score
      best = { rows, columns, width, height, short: shortRows(count, rows, columns) }
    }
  }
  return best
}

/** perPage says how many of count tiles fit one page of the box. */
export function perPage(count: number, box: Box, gap: number, phone: boolean): number {
  if (phone) return Math.min(count, mostOnPhone)
  let fit = Math.min(count, mostOnPage)
  while (fit > 1 && tileGrid(fit, box, gap).width < smallestTile) fit--
  return Math.max(1, fit)
}

function shortRows(count: number, rows: number, columns: number): number[] {
  const full = count - rows * (columns - 1)
  const starts: number[] = []
  for (let row = full; row < rows; row++) starts.push(full * columns + (row - full) * (columns - 1))
  return starts
}
