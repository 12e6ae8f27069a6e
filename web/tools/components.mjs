// A component's script stays small: 150 lines, so that a screen is read in one sitting.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

const limit = 150
let failed = false
for (const entry of await readdir('src/app', { recursive: true, withFileTypes: true })) {
  if (!entry.name.endsWith('.svelte')) continue
  const path = join(entry.parentPath, entry.name)
  const source = await readFile(path, 'utf8')
  const script = /<script[^>]*>([\s\S]*?)<\/script>/.exec(source)?.[1] ?? ''
  const lines = script.split('\n').length
  const forbidden = /\b(fetch|WebSocket|RTCPeerConnection|crypto\.subtle|indexedDB|localStorage)\b/.exec(source)
  if (lines > limit) console.error(`${path}: script of ${lines} lines, limit ${limit}`)
  if (forbidden) console.error(`${path}: a view has no business with ${forbidden[0]}`)
  failed ||= lines > limit || forbidden !== null
}
if (failed) process.exit(1)
