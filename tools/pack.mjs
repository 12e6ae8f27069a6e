// Copies the built page to where the program embeds it, with a brotli and a gzip form beside each
// text that gains from it. The folder is emptied first; its .gitkeep stays.
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'

const [from, to] = process.argv.slice(2)
const compressible = new Set(['.html', '.js', '.css', '.svg', '.json', '.wasm', '.txt', '.webmanifest', '.map'])
const leastBytes = 256 // below this a header costs more than compression gains

mkdirSync(to, { recursive: true })
for (const name of readdirSync(to)) if (name !== '.gitkeep') rmSync(join(to, name), { recursive: true })
cpSync(from, to, { recursive: true })

let plain = 0
let packed = 0
for (const path of readdirSync(to, { recursive: true }).map((name) => join(to, name))) {
  if (!statSync(path).isFile() || !compressible.has(extname(path))) continue
  const bytes = readFileSync(path)
  if (bytes.length < leastBytes) continue
  const brotli = brotliCompressSync(bytes, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
      [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
    },
  })
  if (brotli.length >= bytes.length) continue
  writeFileSync(path + '.br', brotli)
  writeFileSync(path + '.gz', gzipSync(bytes, { level: 9 }))
  plain += bytes.length
  packed += brotli.length
}
console.log(`page: ${(plain / 1024).toFixed(0)} kB of text, ${(packed / 1024).toFixed(0)} kB compressed`)
