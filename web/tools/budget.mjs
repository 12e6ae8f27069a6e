// Fails when the first visit of an English reader costs more than the promised 250 kB,
// or when index.html carries a script or style of its own, which the page's policy would refuse.
import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'

const limit = 250_000 // bytes over the wire
const folder = process.argv[2] ?? 'build'

const size = async (path) => (await stat(`${path}.br`).catch(() => stat(path))).size
const names = await readdir(join(folder, 'assets'))
const html = await readFile(join(folder, 'index.html'), 'utf8')

if (/<script(?![^>]*\bsrc=)[^>]*>|<style|\sstyle=|\son\w+=|data:/.test(html))
  throw new Error('index.html carries an inline script, style or data: address')

// Everything but the scripts' other alphabets: even what loads later counts.
const counted = names.filter((name) => /\.(js|css|svg|woff2)$/.test(name) && !/(latin-ext|devanagari|tamil)/.test(name))
const paths = [
  join(folder, 'index.html'),
  join(folder, 'favicon.svg'),
  ...counted.map((n) => join(folder, 'assets', n)),
]
let total = 0
for (const path of paths) {
  const bytes = await size(path)
  total += bytes
  console.log(`${String(bytes).padStart(8)}  ${basename(path)}`)
}
console.log(`${String(total).padStart(8)}  first load, compressed (limit ${limit})`)
if (total > limit) process.exit(1)
