/** What encryption costs somebody who sends 720p, by the processor time of the threads of their page. */
import { expect, test } from 'vitest'
import { chromiumWindow } from '../support/chromium.ts'
import { processesBelow } from '../support/memory.ts'
import * as people from '../support/people.ts'
import { stage } from '../support/stage.ts'
import { until } from '../support/until.ts'
import { threadsOf, usageOf } from '../support/usage.ts'

const at = stage(() => ({}), 30)
const seconds = 20

/** Sent is what a page's connection encoded so far. */
interface Sent {
  readonly width: number
  readonly height: number
  readonly frames: number
  readonly packets: number
  readonly bytes: number
}

/** sent runs in the page. */
async function sent(): Promise<Sent> {
  const { held } = (globalThis as unknown as { probe: { held: RTCPeerConnection[] } }).probe
  let all = { width: 0, height: 0, frames: 0, packets: 0, bytes: 0 }
  for (const pc of held) {
    for (const s of (await pc.getStats()).values() as Iterable<Record<string, unknown>>) {
      if (s['type'] !== 'outbound-rtp') continue
      const [packets, bytes] = [all.packets + Number(s['packetsSent']), all.bytes + Number(s['bytesSent'])]
      if (s['kind'] === 'audio') all = { ...all, packets, bytes }
      else {
        const [width, height] = [Number(s['frameWidth'] ?? 0), Number(s['frameHeight'] ?? 0)]
        all = { width, height, frames: all.frames + Number(s['framesEncoded'] ?? 0), packets, bytes }
      }
    }
  }
  return all
}

const pages = (): number[] =>
  processesBelow(process.pid).filter((pid) => threadsOf(pid).some((t) => t.name.startsWith('DedicatedWorker')))

/** busy is the processor time of each kind of thread, in seconds. */
function busy(pid: number): Map<string, number> {
  const all = new Map<string, number>()
  for (const { name, cpu } of threadsOf(pid)) {
    const kind = name.replace(/[\d/]+$/, '')
    all.set(kind, (all.get(kind) ?? 0) + cpu)
  }
  return all
}

test('encryption of a 720p picture and a voice is measured and told', async () => {
  const host = await chromiumWindow(at.browser)
  const guest = await chromiumWindow(at.browser)
  const links = await people.makeMeeting(host, at.server.origin, 'Cost')
  await people.start(host, 'Asha', { camera: true, microphone: true })
  const [sender] = pages()
  if (sender === undefined) throw new Error('no page with a crypto worker')
  await people.knock(guest, links.guest, 'Ravi')
  await people.letIn(host, guest, 'Ravi')
  await people.seesAndHears(guest, 'Asha')
  const reach = await until(
    'a picture of 720 lines',
    () => host.run(sent, undefined) as Promise<Sent>,
    (s) => s.height === 720,
    60_000,
  ).catch((e: unknown) => {
    console.log(String(e))
    return null
  })

  const before = { sent: (await host.run(sent, undefined)) as Sent, threads: busy(sender), all: usageOf(sender).cpu }
  const began = performance.now()
  await new Promise((r) => setTimeout(r, seconds * 1_000))
  const took = (performance.now() - began) / 1_000
  const after = { sent: (await host.run(sent, undefined)) as Sent, threads: busy(sender), all: usageOf(sender).cpu }

  const share = (spent: number): string => `${((100 * spent) / took).toFixed(1)} %`
  const spent = [...after.threads].map(([name, cpu]) => ({ name, cpu: cpu - (before.threads.get(name) ?? 0) }))
  const worker = spent.find((t) => t.name.startsWith('DedicatedWorker'))?.cpu ?? 0
  const rate = (of: (s: Sent) => number): number => (of(after.sent) - of(before.sent)) / took
  const { width, height } = after.sent
  const kilobits = (rate((s) => s.bytes) * 8) / 1_000
  console.log(
    [
      `one sender of ${width}x${height}, ${rate((s) => s.frames).toFixed(1)} pictures a second, ${kilobits.toFixed(0)} kbit/s`,
      `crypto worker's thread: ${share(worker)} of a core; the whole page: ${share(after.all - before.all)}`,
      ...spent
        .filter((t) => t.cpu / took > 0.002)
        .sort((a, b) => b.cpu - a.cpu)
        .map((t) => `  ${t.name}: ${share(t.cpu)}`),
    ].join('\n'),
  )
  expect(reach?.width).toBe(1280)
  expect(rate((s) => s.frames)).toBeGreaterThan(0)
  await host.close()
  await guest.close()
})
