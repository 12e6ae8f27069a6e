// Runs the journeys, each browser's in a network namespace of its own: Chromium's with loopback alone, which
// proves that nothing else is needed; Firefox's with one more address, since it takes no loopback candidate.
// Arguments go to vitest: `npm run e2e -- -t reload`. E2E_BROWSERS=chromium runs one browser only.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

const here = import.meta.dirname
const program = join(here, '../../bin/incamera')
const wanted = (process.env['E2E_BROWSERS'] ?? 'chromium,firefox').split(',')
const inCI = Boolean(process.env['CI'])

const network = {
  chromium: 'ip link set lo up',
  firefox:
    'ip link set lo up && ip link add v0 type veth peer name v1 && ip address add 10.77.0.1/24 dev v0 && ip link set v0 up && ip link set v1 up && ip route add default via 10.77.0.2',
}

function fail(sentence) {
  console.error(sentence)
  process.exit(2)
}

if (!existsSync(program)) fail('There is no bin/incamera yet: run `make build` first.')

const isRoot = process.getuid?.() === 0
const unshare = isRoot ? ['-n'] : ['-rn']
const possible = spawnSync('unshare', [...unshare, 'true']).status === 0
if (!possible && inCI) fail('This machine allows no network namespace: the journeys cannot run.')
if (!possible)
  console.warn('WARNING: no network namespace here. Chromium runs without proof of isolation; Firefox is SKIPPED.')

let worst = 0
for (const browser of wanted) {
  if (!(browser in network)) fail(`E2E_BROWSERS: ${browser} is not one of chromium, firefox.`)
  if (!possible && browser === 'firefox') continue
  const vitest = [
    'node_modules/vitest/vitest.mjs',
    'run',
    '--config',
    'e2e/vitest.config.ts',
    '--dir',
    `e2e/${browser}`,
  ]
  const args = [...vitest, ...process.argv.slice(2)]
  const [command, list] = possible
    ? ['unshare', [...unshare, 'sh', '-c', `${network[browser]} && exec "$@"`, 'sh', process.execPath, ...args]]
    : [process.execPath, args]
  const done = spawnSync(command, list, {
    cwd: join(here, '..'),
    stdio: 'inherit',
    env: { ...process.env, NO_UPDATE_NOTIFIER: '1', E2E_OWN_NETWORK: possible ? '1' : '' },
  })
  worst = Math.max(worst, done.status ?? 1)
}
process.exit(worst)
