import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, test } from 'vitest'
import { chromiumWindow, startChromium } from '../support/chromium.ts'
import { layLine, type Line } from '../support/line.ts'
import { knock, letIn, makeMeeting, reads, seesAndHears, start, write } from '../support/people.ts'
import { freePort, startServer, type Server } from '../support/server.ts'
import { until } from '../support/until.ts'

let server: Server
let line: Line
let browser: Browser

beforeAll(async () => {
  const port = await freePort()
  line = await layLine(port)
  server = await startServer({ port, flags: ['--public-url', `http://localhost:${line.port}`, '--create', 'anyone'] })
  browser = await startChromium()
})
afterAll(async () => {
  await browser.close()
  await server.stop()
  line.close()
})

const on = { camera: true, microphone: true }

test('a dropped connection comes back to its seat, and what was said meanwhile arrives', async () => {
  const host = await chromiumWindow(browser)
  const guest = await chromiumWindow(browser)
  const links = await makeMeeting(host, `http://localhost:${line.port}`, 'Drop')
  await start(host, 'Asha', on)
  line.mark()
  await knock(guest, links.guest, 'Ravi', on)
  await letIn(host, guest, 'Ravi')
  await seesAndHears(guest, 'Asha')

  line.cut()
  await until(
    'the page says that the line is cut',
    () => guest.text(),
    (all) => all.includes('The connection dropped'),
    5_000,
  )
  await write(host, 'Said while you were gone')
  line.mend()
  await until(
    'the banner goes',
    () => guest.text(),
    (all) => !all.includes('The connection dropped'),
    15_000,
  )
  await reads(guest, 'Said while you were gone')
  await write(guest, 'Back on the line')
  await reads(host, 'Back on the line')
  await seesAndHears(guest, 'Asha')
  await host.close()
  await guest.close()
})
