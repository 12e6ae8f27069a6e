import type { Browser } from 'puppeteer-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { chromiumWindow } from '../support/chromium.ts'
import { firefoxWindow, startFirefox } from '../support/firefox.ts'
import * as people from '../support/people.ts'
import { freePort } from '../support/server.ts'
import { on, stage } from '../support/stage.ts'

const at = stage(async () => ({ media: `10.77.0.1:${await freePort()}` }))
let firefox: Browser

beforeAll(async () => {
  firefox = await startFirefox()
})
afterAll(async () => {
  await firefox.close()
})

test('a guest with Firefox and a host with Chromium meet, and the host removes the guest', async () => {
  const host = await chromiumWindow(at.browser)
  const guest = await firefoxWindow(firefox)
  const links = await people.makeMeeting(host, at.server.origin, 'Two browsers')
  await people.start(host, 'Asha', on)
  await people.knock(guest, links.guest, 'Ravi', on)
  await guest.see('status', 'Waiting for the host to let you in')
  await people.letIn(host, guest, 'Ravi')
  await people.seesAndHears(guest, 'Asha')
  await people.seesAndHears(host, 'Ravi')
  await people.greetEachOther(host, guest)
  expect(people.elsewhere(guest, at.server.origin)).toEqual([])
  expect(await people.refusedByPolicy(guest)).toEqual([])
  await people.remove(host, 'Ravi')
  await guest.see('heading', 'You were removed from the meeting')
  await host.close()
  await guest.close()
})
