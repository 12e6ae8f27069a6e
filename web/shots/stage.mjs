// Builds the fixtures' page, serves it under the real security policy on loopback, and opens a browser on it.
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { extname, join } from 'node:path'
import { chromium } from 'playwright-core'
import { build } from 'vite'

const here = import.meta.dirname

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

const flags = [
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-gpu',
  '--autoplay-policy=no-user-gesture-required',
]

async function answer(request, response) {
  const path = new URL(request.url, 'http://loopback').pathname
  const file = join(here, 'build', extname(path) ? path : 'index.html')
  const body = await readFile(file).catch(() => null)
  response.writeHead(body ? 200 : 404, {
    'content-type': types[extname(file)] ?? 'text/plain',
    'content-security-policy': policy,
  })
  response.end(body)
}

/** openStage gives the browser, the page's origin, and close. */
export async function openStage() {
  await build({ configFile: join(here, 'vite.config.ts'), logLevel: 'warn' })
  const server = createServer((request, response) => void answer(request, response))
  await new Promise((ready) => server.listen(0, '127.0.0.1', ready))
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    headless: true,
    chromiumSandbox: false, // the tests run as root in a container
    args: flags,
  })
  return {
    browser,
    origin: `http://127.0.0.1:${server.address().port}`,
    async close() {
      await browser.close()
      server.close()
    },
  }
}

/** listen reports everything a page should never do: errors, refused resources, requests to others. */
export function listen(page, origin, report) {
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) report(message.text())
  })
  page.on('pageerror', (error) => report(error.message))
  page.on('request', (request) => {
    const url = request.url()
    if (!url.startsWith(origin) && !url.startsWith('blob:')) report(`asked ${url}`)
  })
}
