// Writes .br (quality 11) and .gz beside every file that shrinks; fonts are compressed already.
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'

const shrinks = new Set(['.html', '.js', '.css', '.svg', '.json', '.txt', '.wasm'])
const folder = process.argv[2] ?? 'build'
const brotli = promisify(brotliCompress)
const zip = promisify(gzip)

for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || !shrinks.has(extname(entry.name))) continue
  const path = join(entry.parentPath, entry.name)
  const raw = await readFile(path)
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
    [constants.BROTLI_PARAM_SIZE_HINT]: raw.length,
  }
  await writeFile(`${path}.br`, await brotli(raw, { params }))
  await writeFile(`${path}.gz`, await zip(raw, { level: 9 }))
}
