import { afterEach, expect, test } from 'vitest'
import { blockUdp, mayBlock } from '../support/firewall.ts'
import { seesAndHears, takeIn } from '../support/people.ts'
import { routes, type Route } from '../support/probe.ts'
import { freePort, startServer } from '../support/server.ts'
import { meet, on, stage, type Met } from '../support/stage.ts'
import { until } from '../support/until.ts'
import type { Window } from '../support/window.ts'

const soonEnough = 5_000 // ms from the admission until both see and hear

// An address of its own: by its source the firewall tells the relay's packets from the browsers'.
let media = ''
const at = stage(async () => {
  media = `127.0.0.2:${await freePort()}`
  return { media }
})

let lift = (): number => 0
afterEach(() => void lift())

function block(): void {
  const wall = blockUdp(media)
  lift = () => {
    lift = () => 0
    return wall.lift()
  }
}

const way = (who: Window): Promise<Route[]> => who.run(routes, undefined) as Promise<Route[]>

/** arrives waits until pictures and sound come in at somebody's page. */
function arrives(who: Window, limit: number): Promise<unknown> {
  return until(
    'first pictures and sound',
    () => takeIn(who),
    (now) => now.framesDecoded > 1 && now.audioPackets > 5,
    limit,
  )
}

async function bothSeeAndHear({ host, guest }: Met): Promise<void> {
  await seesAndHears(guest, 'Asha')
  await seesAndHears(host, 'Ravi')
}

test.skipIf(!mayBlock)('with UDP blocked two people see and hear each other through the port of the page', async () => {
  block()
  let admitted = 0
  const met = await meet(at, 'Relayed', on, at.server.origin, undefined, () => {
    admitted = Date.now()
  })
  await Promise.all([arrives(met.host, 20_000), arrives(met.guest, 20_000)])
  const took = Date.now() - admitted
  console.log(`relayed pictures and sound both ways ${took} ms after the admission`)
  expect(took).toBeLessThan(soonEnough)
  await bothSeeAndHear(met)
  for (const who of [met.host, met.guest]) expect(await way(who)).toEqual([{ type: 'relay', relayProtocol: 'tcp' }])
  expect(at.server.output()).not.toMatch(/turn:|credential/)
  await met.leave()
  expect(lift(), 'datagrams that the firewall took').toBeGreaterThan(0)
})

test('with UDP open nothing goes through the relay', async () => {
  const met = await meet(at, 'Direct', on)
  await bothSeeAndHear(met)
  for (const who of [met.host, met.guest]) {
    await until(
      'the direct way',
      () => way(who),
      (list) => list.length > 0 && list.every((r) => r.type !== 'relay'),
    )
  }
  await met.leave()
})

test.skipIf(!mayBlock)('with UDP blocked and the relay switched off nothing arrives', async () => {
  const elsewhere = media
  media = `127.0.0.2:${await freePort()}`
  const server = await startServer({ media, settings: { INCAMERA_RELAY: 'false' } })
  block()
  const met = await meet(at, 'Unreached', on, server.origin)
  await new Promise((r) => setTimeout(r, 2 * soonEnough))
  for (const who of [met.host, met.guest])
    expect(await takeIn(who)).toEqual({ framesDecoded: 0, audioPackets: 0, transportBytes: 0 })
  await met.leave()
  expect(lift()).toBeGreaterThan(0)
  media = elsewhere
  await server.stop()
})
