// Renders every screen and state under the real security policy, in both themes, wide and narrow; writes the pictures to
// e2e/out/shots and fails on any finding of axe, any refused resource and any error of the page.
// Usage: node shots/run.mjs [part of a name …]
import axe from 'axe-core'
import { mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { listen, openStage } from './stage.mjs'

const here = import.meta.dirname
const out = join(here, '../e2e/out/shots')
const wanted = process.argv.slice(2)

const views = [
  { name: 'wide', viewport: { width: 1280, height: 800 } },
  { name: 'phone', viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true },
]

if (wanted.length === 0) await rm(out, { recursive: true, force: true })
await mkdir(out, { recursive: true })

const source = await readFile(join(here, 'fixtures.ts'), 'utf8')
const table = source.slice(source.indexOf('export const shots'))
const names = [...table.matchAll(/^ {2}'?([a-z-]+)'?: /gm)].map((match) => match[1])
const chosen = names.filter((name) => wanted.length === 0 || wanted.some((part) => name.includes(part)))
const findings = []

async function prepare(page, origin, name) {
  await page.goto(`${origin}/?${name}`)
  await page.evaluate(() => document.fonts.ready)
  const steps = await page.evaluate(() => globalThis.shotSteps)
  for (const [label, value] of Object.entries(steps.fill ?? {}))
    await page.getByRole('textbox', { name: label }).fill(value)
  for (const step of steps.press ?? []) {
    const button = page
      .getByRole('button', { name: step, exact: true })
      .or(page.getByRole('menuitem', { name: step, exact: true }))
      .or(page.locator('summary').getByText(step, { exact: true }))
    if ((await button.count()) === 0) await page.getByRole('button', { name: 'More', exact: true }).click()
    await button.first().click()
  }
  await page.waitForTimeout(700) // panels arrive, names at the door settle
}

async function check(page, label) {
  const bad = await page.evaluate(async () => {
    const result = await globalThis.axe.run(document, { resultTypes: ['violations'] })
    return result.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(' ')).join(', ')}`)
  })
  for (const finding of bad) findings.push(`${label}: ${finding}`)
}

const { browser, origin, close } = await openStage()
for (const { name: width, ...view } of views) {
  for (const colorScheme of ['light', 'dark']) {
    const context = await browser.newContext({ ...view, colorScheme, reducedMotion: 'reduce', locale: 'en-GB' })
    await context.addInitScript(axe.source) // through the debugger's own door: the policy would refuse a script element
    const page = await context.newPage()
    let label = ''
    listen(page, origin, (finding) => findings.push(`${label}: ${finding}`))
    page.on('dialog', (dialog) => void dialog.accept()) // a host's page asks before it goes
    for (const name of chosen) {
      label = `${name}-${width}-${colorScheme}`
      try {
        await prepare(page, origin, name)
        await page.screenshot({ path: join(out, `${label}.png`) })
        await check(page, label)
      } catch (error) {
        findings.push(`${label}: ${error.message.split('\n')[0]}`)
      }
    }
    await context.close()
  }
}
await close()

for (const finding of findings) console.error(finding)
console.log(`${chosen.length * views.length * 2} pictures in ${out}, ${findings.length} findings`)
process.exit(findings.length > 0 ? 1 : 0)
