import { afterAll, expect, test } from 'vitest'
import { chromiumWindow, type ChromiumWindow } from '../support/chromium.ts'
import { layLine, type Line } from '../support/line.ts'
import { knock, letIn, seesAndHears, takeIn } from '../support/people.ts'
import { freePort } from '../support/server.ts'
import { meet, on, stage } from '../support/stage.ts'
import { stays, until } from '../support/until.ts'

let line: Line
const at = stage(async () => {
  const port = await freePort()
  line = await layLine(port)
  return { port, flags: ['--public-url', `http://localhost:${line.port}`, '--create', 'anyone'] }
})
afterAll(() => {
  line.close()
})

/** code reads the verification code off a person's page: its number and its digits. */
async function code(who: ChromiumWindow): Promise<string> {
  const shown = who.page.getByRole('group', { name: 'Verification code' })
  const number = await shown.getByText(/^Code \d+$/).innerText()
  const digits = await shown.getByRole('listitem').allInnerTexts()
  return `${number}: ${digits.map((d) => d.slice(0, 5)).join(' ')}`
}

async function openSecurity(who: ChromiumWindow): Promise<void> {
  if (!(await who.seesNow('group', 'Verification code'))) await who.click('button', 'Security')
  await who.see('group', 'Verification code')
}

test('two people see the same digits; a third comes, the digits are new and alike for all', async () => {
  const { host, guest, links, leave } = await meet(at, 'Board', {}, `http://localhost:${line.port}`)
  await openSecurity(host)
  await openSecurity(guest)
  const first = await code(host)
  expect(first).toMatch(/^Code \d+: (\d{5} ){5}\d{5}$/)
  expect(await code(guest)).toBe(first)

  const third = await chromiumWindow(at.browser)
  await knock(third, links.guest, 'Meera')
  await letIn(host, third, 'Meera')

  // Whoever is comparing goes on with the code that they opened, and is told that there is a newer one.
  await guest.see('button', 'Show the newest')
  expect(await code(guest)).toBe(first)
  await guest.click('button', 'Show the newest')
  await openSecurity(third)
  await openSecurity(host) // still open if the host let them in from the line above the faces
  if (await host.seesNow('button', 'Show the newest')) await host.click('button', 'Show the newest')
  const second = await code(host)
  expect(second).not.toBe(first)
  for (const who of [guest, third]) expect(await code(who)).toBe(second)

  // A code of before can still be compared.
  await host.page.getByText('Earlier codes').click()
  await host.click('button', `Show ${(first.split(':')[0] ?? '').toLowerCase()}`)
  expect(await code(host)).toBe(first)
  await third.close()
  await leave()
})

test('who hears from nobody sends nothing and says so, and goes on by itself', async () => {
  const origin = `http://localhost:${line.port}`
  const { host, guest, leave } = await meet(at, 'Silence', on, origin, () => {
    line.mark()
  })
  await seesAndHears(guest, 'Asha')
  line.cut() // the guest's: their word does not come through, their picture still could
  const banner = (all: string): boolean => all.includes('Connection not confirmed')
  await until('the banner', () => host.text(), banner, 15_000)
  const { framesDecoded } = await takeIn(guest)
  await stays(
    'the picture stands still',
    async () => (await takeIn(guest)).framesDecoded <= framesDecoded + 5, // what was on its way
    2_000,
  )
  line.mend()
  await until(
    'all is well',
    () => host.text(),
    (all) => !banner(all) && !all.includes('Not confirmed'),
  )
  await seesAndHears(guest, 'Asha')
  await leave()
})
