import { closeSync, openSync, readFileSync, readSync, readdirSync } from 'node:fs'

/**
 * memoryHas tells which of the words stand in the readable memory of a process, as UTF-8 or UTF-16. It reads
 * /proc/PID/mem region by region, all that is readable or only what the process wrote itself, as far as it
 * stands in memory: pages that were never touched hold nothing.
 */
export function memoryHas(pid: number, words: readonly string[], where: 'all' | 'written' = 'all'): Set<string> {
  const needles = words.flatMap((word) => [
    { word, bytes: Buffer.from(word, 'utf8') },
    { word, bytes: Buffer.from(word, 'utf16le') },
  ])
  const found = new Set<string>()
  const file = openSync(`/proc/${pid}/mem`, 'r')
  const pages = openSync(`/proc/${pid}/pagemap`, 'r')
  try {
    for (const [from, to] of regions(pid, where)) {
      for (const [begin, end] of present(pages, from, to)) search(file, begin, end, needles, found)
      if (found.size === words.length) break
    }
  } finally {
    closeSync(pages)
    closeSync(file)
  }
  return found
}

const chunk = 8 << 20
const overlap = 512 // longer than any word, so that none is missed at a seam

function search(
  file: number,
  from: bigint,
  to: bigint,
  needles: readonly { word: string; bytes: Buffer }[],
  found: Set<string>,
): void {
  const buffer = Buffer.alloc(chunk)
  for (let at = from; at < to; at += BigInt(chunk - overlap)) {
    const length = Number(to - at < BigInt(chunk) ? to - at : BigInt(chunk))
    let read: number
    try {
      read = readSync(file, buffer, 0, length, at)
    } catch {
      return // a region that went away or cannot be read
    }
    const part = buffer.subarray(0, read)
    for (const n of needles) if (!found.has(n.word) && part.includes(n.bytes)) found.add(n.word)
    if (read < length) return
  }
}

const pageSize = 4096n
const entry = 8 // bytes of a page in pagemap
const inMemory = 0xc0 // in an entry's last byte: the page is present, or swapped out

/** present gives the runs of a region's pages that the process has. */
function* present(pages: number, from: bigint, to: bigint): Generator<[bigint, bigint]> {
  const map = Buffer.alloc(entry << 16)
  let begin: bigint | null = null
  for (let at = from; at < to;) {
    const read = readSync(pages, map, 0, map.length, (at / pageSize) * BigInt(entry))
    if (read < entry) break
    for (let i = entry - 1; i < read && at < to; i += entry, at += pageSize) {
      const here = ((map[i] ?? 0) & inMemory) !== 0
      if (here) begin ??= at
      else if (begin !== null) {
        yield [begin, at]
        begin = null
      }
    }
  }
  if (begin !== null) yield [begin, to]
}

function regions(pid: number, where: 'all' | 'written'): [bigint, bigint][] {
  return readFileSync(`/proc/${pid}/maps`, 'utf8')
    .split('\n')
    .filter((line) => (where === 'all' ? / r..[ps] / : / rw.p /).test(line) && !/\[(vvar|vsyscall)/.test(line))
    .map((line) => {
      const [from = '0', to = '0'] = (line.split(' ')[0] ?? '').split('-')
      return [BigInt(`0x${from}`), BigInt(`0x${to}`)]
    })
}

/** processesBelow lists a process and all its descendants. */
export function processesBelow(pid: number): number[] {
  const parents = new Map<number, number>()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8')
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]))
    } catch {
      continue // it ended meanwhile
    }
  }
  const below = [pid]
  for (const p of below) for (const [child, parent] of parents) if (parent === p) below.push(child)
  return below
}
