import type { Browser } from 'playwright-core'
import { afterAll, beforeAll } from 'vitest'
import { chromiumWindow, startChromium, type ChromiumWindow } from './chromium.ts'
import { knock, letIn, makeMeeting, start, type Links, type Wish } from './people.ts'
import { startServer, type Server, type ServerOptions } from './server.ts'

/** Stage is a server and a Chromium for the journeys of one file. */
export interface Stage {
  server: Server
  browser: Browser
}

/** stage sets them up before the first journey and takes them down after the last; pictures is how many a camera takes a second. */
export function stage(options: () => ServerOptions | Promise<ServerOptions> = () => ({}), pictures?: number): Stage {
  const made = {} as Stage
  beforeAll(async () => {
    made.server = await startServer(await options())
    made.browser = await startChromium(pictures)
  })
  afterAll(async () => {
    await made.browser.close()
    await made.server.stop()
  })
  return made
}

/** on is a person who comes with everything switched on. */
export const on: Wish = { camera: true, microphone: true }

/** Met is Asha, the host, and Ravi, the guest, in one meeting. */
export interface Met {
  readonly host: ChromiumWindow
  readonly guest: ChromiumWindow
  readonly links: Links
  leave(): Promise<void>
}

/** meet brings two people together; arrived is called when the host is there and the guest is not yet, admitting when the host is about to admit. */
export async function meet(
  at: Stage,
  title: string,
  wish: Wish = {},
  origin = at.server.origin,
  arrived: () => void = () => undefined,
  admitting: () => void = () => undefined,
): Promise<Met> {
  const host = await chromiumWindow(at.browser)
  const guest = await chromiumWindow(at.browser)
  const links = await makeMeeting(host, origin, title)
  await start(host, 'Asha', wish)
  arrived()
  await knock(guest, links.guest, 'Ravi', wish)
  await letIn(host, guest, 'Ravi', admitting)
  const leave = async (): Promise<void> => {
    await host.close()
    await guest.close()
  }
  return { host, guest, links, leave }
}
