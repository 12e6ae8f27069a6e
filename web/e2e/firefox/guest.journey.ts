import type { Browser as Chromium } from 'playwright-core'
import type { Browser as Firefox } from 'puppeteer-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { chromiumWindow, startChromium } from '../support/chromium.ts'
import { firefoxWindow, startFirefox } from '../support/firefox.ts'
import {
  elsewhere,
  knock,
  letIn,
  makeMeeting,
  openPanel,
  reads,
  refusedByPolicy,
  seesAndHears,
  start,
  write,
} from '../support/people.ts'
import { freePort, startServer, type Server } from '../support/server.ts'

let server: Server
let chromium: Chromium
let firefox: Firefox

beforeAll(async () => {
  server = await startServer({ media: `10.77.0.1:${await freePort()}` })
  chromium = await startChromium()
  firefox = await startFirefox()
})
afterAll(async () => {
  await firefox.close()
  await chromium.close()
  await server.stop()
})

const on = { camera: true, microphone: true }

test('a guest with Firefox and a host with Chromium meet, and the host removes the guest', async () => {
  const host = await chromiumWindow(chromium)
  const guest = await firefoxWindow(firefox)
  const links = await makeMeeting(host, server.origin, 'Two browsers')
  await start(host, 'Asha', on)
  await knock(guest, links.guest, 'Ravi', on)
  await guest.see('status', 'Waiting for the host to let you in')
  await letIn(host, guest, 'Ravi')
  await seesAndHears(guest, 'Asha')
  await seesAndHears(host, 'Ravi')
  await write(host, 'From Chromium')
  await reads(guest, 'From Chromium')
  await write(guest, 'From Firefox')
  await reads(host, 'From Firefox')
  expect(elsewhere(guest, server.origin)).toEqual([])
  expect(await refusedByPolicy(guest)).toEqual([])
  await openPanel(host, 'People', 'Actions for Ravi')
  await host.click('button', 'Actions for Ravi')
  await host.click('menuitem', 'Remove')
  await host.click('button', 'Remove')
  await guest.see('heading', 'You were removed from the meeting')
  await host.close()
  await guest.close()
})
