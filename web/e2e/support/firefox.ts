import puppeteer, { type Browser } from 'puppeteer-core'
import { probe } from './probe.ts'
import type { Role, Window } from './window.ts'

/** startFirefox runs the distribution's Firefox over WebDriver BiDi with a fake camera and microphone. */
export function startFirefox(): Promise<Browser> {
  return puppeteer.launch({
    browser: 'firefox',
    executablePath: '/usr/bin/firefox-esr',
    headless: true,
    extraPrefsFirefox: {
      'media.navigator.streams.fake': true,
      'media.navigator.permission.disabled': true,
      'media.peerconnection.ice.obfuscate_host_addresses': false,
      'media.autoplay.default': 0,
      'network.manage-offline-status': false,
    },
  })
}

/** firefoxWindow opens a window of a person who was never here. */
export async function firefoxWindow(browser: Browser): Promise<Window> {
  const context = await browser.createBrowserContext()
  const page = await context.newPage()
  await page.setViewport({ width: 1280, height: 800 })
  await page.evaluateOnNewDocument(probe)
  page.setDefaultTimeout(20_000)
  const asked: string[] = []
  page.on('request', (r) => asked.push(r.url()))
  const selector = (role: Role, name: string) => `::-p-aria([name="${name}"][role="${role}"])`
  return {
    open: async (address) => void (await page.goto(address)),
    reload: async () => void (await page.reload()),
    address: () => Promise.resolve(page.url()),
    click: async (role, name) => page.locator(selector(role, name)).click(),
    fill: async (role, name, text) => page.locator(selector(role, name)).fill(text),
    value: (role, name) => page.$eval(selector(role, name), (e) => (e as HTMLInputElement).value),
    see: async (role, name, limit = 20_000) =>
      void (await page.waitForSelector(selector(role, name), { visible: true, timeout: limit })),
    seesNow: async (role, name) => (await page.$(selector(role, name))) !== null,
    text: () => page.evaluate(() => document.body.innerText),
    run: (task, given) => page.evaluate(task as never, given) as never,
    picture: async (file) => void (await page.screenshot({ path: file as `${string}.png` })),
    requests: () => asked,
    close: () => context.close(),
  }
}
