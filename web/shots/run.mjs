// Renders every screen and state under the real security policy, in both themes, wide and narrow; writes the pictures to
// e2e/out/shots and fails on any finding of axe, any refused resource and any error of the page.
// Usage: node shots/run.mjs [part of a name …]
import axe from 'axe-core'
import { mkdir, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { extname, join } from 'node:path'
import { chromium } from 'playwright-core'
import { build } from 'vite'

const here = import.meta.dirname
const out = join(here, '../e2e/out/shots')
const wanted = process.argv.slice(2)

const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; font-src 'self'; media-src 'self' blob:; " +
  "connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " +
  "trusted-types svelte-trusted-html incamera; require-trusted-types-for 'script'"
const types = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
}
const views = [
  { name: 'wide', viewport: { width: 1280, height: 800 } },
  { name: 'phone', viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true },
]

await build({ configFile: join(here, 'vite.config.ts'), logLevel: 'warn' })
if (wanted.length === 0) await rm(out, { recursive: true, force: true })
await mkdir(out, { recursive: true })

const server = createServer(async (request, response) => {
  const path = new URL(request.url, 'http://x').pathname
  const file = join(here, 'build', extname(path) ? path : 'index.html')
  const body = await readFile(file).catch(() => null)
  response.writeHead(body ? 200 : 404, {
    'content-type': types[extname(file)] ?? 'text/plain',
    'content-security-policy': policy,
  })
  response.end(body)
})
await new Promise((ready) => server.listen(0, '127.0.0.1', ready))
const origin = `http://127.0.0.1:${server.address().port}`

const source = await readFile(join(here, 'fixtures.ts'), 'utf8')
const table = source.slice(source.indexOf('export const shots'))
const names = [...table.matchAll(/^ {2}'?([a-z-]+)'?: /gm)].map((match) => match[1])
const chosen = names.filter((name) => wanted.length === 0 || wanted.some((part) => name.includes(part)))

const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  headless: true,
  chromiumSandbox: false,
  args: [
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--disable-gpu',
    '--autoplay-policy=no-user-gesture-required',
  ],
})

const findings = []

async function prepare(page, name) {
  await page.goto(`${origin}/?${name}`)
  await page.evaluate(() => document.fonts.ready)
  const steps = await page.evaluate(() => globalThis.shotSteps)
  for (const [label, value] of Object.entries(steps.fill ?? {}))
    await page.getByRole('textbox', { name: label }).fill(value)
  for (const step of steps.press ?? []) {
    const button = () =>
      page.getByRole('button', { name: step, exact: true }).or(page.getByRole('menuitem', { name: step }))
    if ((await button().count()) === 0) await page.getByRole('button', { name: 'More', exact: true }).click()
    await button().first().click()
  }
  await page.waitForTimeout(700) // panels arrive, names settle
}

async function check(page, label) {
  const bad = await page.evaluate(async () => {
    const result = await globalThis.axe.run(document, { resultTypes: ['violations'] })
    return result.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(' ')).join(', ')}`)
  })
  for (const finding of bad) findings.push(`${label}: ${finding}`)
}

for (const view of views) {
  for (const colorScheme of ['light', 'dark']) {
    const { name: width, ...options } = view
    const context = await browser.newContext({ ...options, colorScheme, reducedMotion: 'reduce', locale: 'en-GB' })
    await context.addInitScript(axe.source)
    const page = await context.newPage()
    let label = ''
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) findings.push(`${label}: ${message.text()}`)
    })
    page.on('pageerror', (error) => findings.push(`${label}: ${error.message}`))
    page.on('request', (request) => {
      if (!request.url().startsWith(origin) && !request.url().startsWith('blob:'))
        findings.push(`${label}: ${request.url()}`)
    })
    page.on('dialog', (dialog) => void dialog.accept())
    for (const name of chosen) {
      label = `${name}-${width}-${colorScheme}`
      try {
        await prepare(page, name)
        await page.screenshot({ path: join(out, `${label}.png`) })
        await check(page, label)
      } catch (error) {
        findings.push(`${label}: ${error.message.split('\n')[0]}`)
      }
    }
    await context.close()
  }
}

await browser.close()
server.close()
for (const finding of findings) console.error(finding)
console.log(`${chosen.length * views.length * 2} pictures in ${out}, ${findings.length} findings`)
process.exit(findings.length > 0 ? 1 : 0)
