import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core'
import { probe } from './probe.ts'
import type { Role, Window } from './window.ts'

const flags = [
  '--use-fake-ui-for-media-stream',
  '--autoplay-policy=no-user-gesture-required',
  '--allow-loopback-in-peer-connection',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-quic',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--disable-features=WebRtcHideLocalIpsWithMdns,DialMediaRouteProvider,MediaRouter,OptimizationHints',
  '--disable-backgrounding-occluded-windows',
  '--disable-renderer-backgrounding',
  '--disable-background-timer-throttling',
]

/** ChromiumWindow is a window with what only this driver can do. */
export interface ChromiumWindow extends Window {
  readonly page: Page
  readonly context: BrowserContext
}

/** startChromium runs the distribution's Chromium with a fake microphone and a fake camera of so many pictures a second. */
export function startChromium(pictures = 20): Promise<Browser> {
  const args = [...flags, `--use-fake-device-for-media-stream=fps=${pictures}`]
  return chromium.launch({ executablePath: '/usr/bin/chromium', headless: true, chromiumSandbox: false, args })
}

/** chromiumWindow opens a window of a person who was never here: a profile of their own. */
export async function chromiumWindow(browser: Browser, size = { width: 1280, height: 800 }): Promise<ChromiumWindow> {
  const context = await browser.newContext({ viewport: size })
  await context.grantPermissions(['camera', 'microphone'])
  await context.addInitScript(probe)
  return windowIn(context)
}

/** windowIn opens one more tab of the same person. */
export async function windowIn(context: BrowserContext): Promise<ChromiumWindow> {
  const page = await context.newPage()
  page.setDefaultTimeout(20_000)
  const asked: string[] = []
  page.on('request', (r) => asked.push(r.url()))
  page.on('websocket', (s) => asked.push(s.url()))
  const find = (role: Role, name: string) => page.getByRole(role, { name, exact: true }).first()
  return {
    page,
    context,
    open: async (address) => void (await page.goto(address)),
    reload: async () => void (await page.reload()),
    address: () => Promise.resolve(page.url()),
    click: (role, name) => find(role, name).click(),
    fill: (role, name, text) => find(role, name).fill(text),
    value: (role, name) => find(role, name).inputValue(),
    see: (role, name, limit = 20_000) => find(role, name).waitFor({ state: 'visible', timeout: limit }),
    seesNow: (role, name) => find(role, name).isVisible(),
    text: () => page.locator('body').innerText(),
    run: (task, given) => page.evaluate(task as never, given) as never,
    picture: async (file) => void (await page.screenshot({ path: file })),
    requests: () => asked,
    close: () => context.close(),
  }
}
