import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, test } from 'vitest'
import { chromiumWindow, startChromium } from '../support/chromium.ts'
import { knock, letIn, makeMeeting, reads, seesAndHears, start, write } from '../support/people.ts'
import { startServer, type Server } from '../support/server.ts'

let server: Server
let browser: Browser

beforeAll(async () => {
  server = await startServer()
  browser = await startChromium()
})
afterAll(async () => {
  await browser.close()
  await server.stop()
})

const on = { camera: true, microphone: true }

test('a guest who reloads is back without knocking or typing the code', async () => {
  const host = await chromiumWindow(browser)
  const guest = await chromiumWindow(browser)
  const links = await makeMeeting(host, server.origin, 'Reload')
  await start(host, 'Asha', on)
  await knock(guest, links.guest, 'Ravi', on)
  await letIn(host, guest, 'Ravi')
  await seesAndHears(guest, 'Asha')
  await guest.reload()
  await guest.see('button', 'Leave')
  await seesAndHears(guest, 'Asha')
  await write(guest, 'Back after a reload')
  await reads(host, 'Back after a reload')
  await host.close()
  await guest.close()
})

test('a host who reloads opens the meeting anew and gets the same people back', async () => {
  const host = await chromiumWindow(browser)
  const guest = await chromiumWindow(browser)
  const links = await makeMeeting(host, server.origin, 'Host reload')
  await start(host, 'Asha', on)
  await knock(guest, links.guest, 'Ravi', on)
  await letIn(host, guest, 'Ravi')
  await seesAndHears(guest, 'Asha')
  host.page.on('dialog', (d) => void d.accept())
  await host.reload()
  await host.see('button', 'End for everyone')
  await write(host, 'The host is back')
  await reads(guest, 'The host is back')
  await seesAndHears(host, 'Ravi')
  await host.close()
  await guest.close()
})
