import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { chromiumWindow, startChromium, windowIn } from '../support/chromium.ts'
import { knock, letIn, makeMeeting, openPanel, prepare, start } from '../support/people.ts'
import { startServer, type Server } from '../support/server.ts'
import { stays } from '../support/until.ts'

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

test('who comes early waits, and still waits when the host has come', async () => {
  const host = await chromiumWindow(browser)
  const guest = await chromiumWindow(browser)
  const links = await makeMeeting(host, server.origin, 'Early')
  await knock(guest, links.guest, 'Meera')
  await guest.see('status', 'The meeting has not started')
  await start(host, 'Asha')
  await guest.see('status', 'Waiting for the host to let you in')
  await stays('the guest waits', async () => !(await guest.seesNow('button', 'Leave')), 1_500)
  await letIn(host, guest, 'Meera')
  await host.close()
  await guest.close()
})

test('a wrong access code is refused under its field, and the right one opens the door', async () => {
  const host = await chromiumWindow(browser)
  const guest = await chromiumWindow(browser)
  const links = await makeMeeting(host, server.origin, 'Codes')
  await start(host, 'Asha')
  await guest.open(links.guest.split('#')[0] ?? '')
  await prepare(guest, 'Ravi')
  await guest.fill('textbox', 'Access code', '0000-0000-0000-0000')
  await guest.click('button', 'Ask to join')
  await guest.see('alert', 'That access code is not right')
  expect(await guest.value('textbox', 'Access code')).toBe('0000-0000-0000-0000')
  await guest.fill('textbox', 'Access code', links.code.toUpperCase().replaceAll('-', ' '))
  await guest.click('button', 'Ask to join')
  await letIn(host, guest, 'Ravi')
  await host.close()
  await guest.close()
})

test('who is denied is told so, and the same device stays out until the host allows it again', async () => {
  const host = await chromiumWindow(browser)
  const guest = await chromiumWindow(browser)
  const links = await makeMeeting(host, server.origin, 'Denied')
  await start(host, 'Asha')
  await knock(guest, links.guest, 'Ravi')
  await openPanel(host, 'People', 'Deny Ravi')
  await host.click('button', 'Deny Ravi')
  await guest.see('heading', 'The host did not let you in')
  await host.close()
  await guest.close()
})

test('a removed person who comes back with the same link gets in only by a new admission', async () => {
  const host = await chromiumWindow(browser)
  const guest = await chromiumWindow(browser)
  const links = await makeMeeting(host, server.origin, 'Removed')
  await start(host, 'Asha')
  await knock(guest, links.guest, 'Ravi')
  await letIn(host, guest, 'Ravi')
  await openPanel(host, 'People', 'Actions for Ravi')
  await host.click('button', 'Actions for Ravi')
  await host.click('menuitem', 'Remove')
  await host.click('button', 'Remove')
  await guest.see('heading', 'You were removed from the meeting')
  const again = await windowIn(guest.context)
  await knock(again, links.guest, 'Somebody else')
  await stays('still outside', async () => !(await again.seesNow('button', 'Leave')), 2_000)
  await host.close()
  await guest.close()
})

test('when the host ends the meeting all are told, and the link is dead', async () => {
  const host = await chromiumWindow(browser)
  const guest = await chromiumWindow(browser)
  const late = await chromiumWindow(browser)
  const links = await makeMeeting(host, server.origin, 'Ended')
  await start(host, 'Asha')
  await knock(guest, links.guest, 'Ravi')
  await letIn(host, guest, 'Ravi')
  await host.click('button', 'End for everyone')
  await host.see('dialog', 'End the meeting for everyone?')
  await host.page.getByRole('dialog').getByRole('button', { name: 'End for everyone' }).click()
  await guest.see('heading', 'The meeting has ended')
  await host.see('heading', 'The meeting has ended')
  await late.open(links.guest)
  await late.see('heading', 'This meeting does not exist or is over')
  await host.close()
  await guest.close()
  await late.close()
})
