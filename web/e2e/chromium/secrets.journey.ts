/** What the server must never hold, looked for in its memory, on its disk and in its log while a meeting runs. */
import { expect, test } from 'vitest'
import { chromiumWindow, type ChromiumWindow } from '../support/chromium.ts'
import { memoryHas, processesBelow } from '../support/memory.ts'
import * as people from '../support/people.ts'
import { filesBelow } from '../support/server.ts'
import { on, stage } from '../support/stage.ts'

const at = stage()

const planted = {
  title: 'Zanzibarquorum',
  host: 'Quetzalwhisper',
  guest: 'Ytterbiumlantern',
  denied: 'Kookaburraledger',
  said: 'Obsidianharbour',
  answered: 'Pangolinverdict',
  aside: 'Wolframnightjar',
  mistaken: 'Jacarandaerratum',
  mended: 'Vermilioncodicil',
  draft: 'Halcyonunspoken',
}

test('while they talk, the server holds nothing of what is said, shown, typed, called or shared', async () => {
  const host = await chromiumWindow(at.browser)
  const guest = await chromiumWindow(at.browser)
  const links = await people.makeMeeting(host, at.server.origin, planted.title)
  await host.see('textbox', 'Your name')
  const camera = await cameraShown(host)
  await people.start(host, planted.host, on)
  await people.knock(guest, links.guest, planted.guest, on)
  await people.letIn(host, guest, planted.guest)
  const stranger = await turnedAway(host, links.guest)
  await talk(host, guest)
  await people.seesAndHears(host, planted.guest)

  const code = forms(links.code)
  const seed = links.host.split('.').at(-1) ?? ''
  expect(seed).toHaveLength(52)
  const certain = [...Object.values(planted), camera, seed]
  const words = [...certain, ...code, seed.toUpperCase()]

  const others = processesBelow(process.pid).filter((pid) => pid !== process.pid && pid !== at.server.pid)
  others.reverse() // the pages came last and hold the most
  const inBrowsers = new Set<string>()
  for (const pid of others) {
    const missing = words.filter((w) => !inBrowsers.has(w))
    for (const w of memoryHas(pid, missing, 'written')) inBrowsers.add(w)
    if (certain.every((w) => inBrowsers.has(w)) && code.some((c) => inBrowsers.has(c))) break
  }
  const unfound = certain.filter((w) => !inBrowsers.has(w))
  expect(unfound, 'the search itself must find what the browsers hold').toEqual([])
  expect(code.filter((c) => inBrowsers.has(c)).length, 'the code in the browsers').toBeGreaterThan(0)

  expect([...memoryHas(at.server.pid, words)]).toEqual([])
  const disk = Buffer.concat(filesBelow(at.server.data))
  expect(disk.length).toBeGreaterThan(0)
  expect(words.filter((w) => disk.includes(w))).toEqual([])
  expect(at.server.output().length).toBeGreaterThan(0)
  expect(words.filter((w) => at.server.output().includes(w))).toEqual([])
  for (const who of [host, guest, stranger]) await who.close()
})

/** cameraShown is the label of the camera as the page offers it. */
async function cameraShown(who: ChromiumWindow): Promise<string> {
  await who.click('switch', 'Camera')
  const choice = who.page.locator('option', { hasText: /^fake_device/ }).first()
  await choice.waitFor({ state: 'attached' })
  const label = (await choice.textContent())?.trim() ?? ''
  await who.click('switch', 'Camera')
  return label
}

/** turnedAway is somebody whom the host denied; the host's People are open. */
async function turnedAway(host: ChromiumWindow, link: string): Promise<ChromiumWindow> {
  const stranger = await chromiumWindow(at.browser)
  await people.knock(stranger, link, planted.denied)
  await host.see('button', `Deny ${planted.denied}`)
  await host.click('button', `Deny ${planted.denied}`)
  await stranger.see('heading', 'The host did not let you in')
  return stranger
}

/** talk writes to all, writes to one, changes a message and leaves one unsent. */
async function talk(host: ChromiumWindow, guest: ChromiumWindow): Promise<void> {
  await people.write(host, planted.said)
  await people.reads(guest, planted.said)
  await people.write(guest, planted.answered)
  await people.reads(host, planted.answered)
  await people.write(host, planted.mistaken)
  await people.reads(guest, planted.mistaken)
  await host.page.getByRole('button', { name: 'Actions for your message' }).last().click()
  await host.click('menuitem', 'Edit')
  await host.fill('textbox', 'Message', planted.mended)
  await host.click('button', 'Save')
  await people.reads(guest, planted.mended)
  await host.page.getByLabel('To', { exact: true }).selectOption({ label: planted.guest })
  await people.write(host, planted.aside)
  await people.reads(guest, planted.aside)
  await guest.fill('textbox', 'Message', planted.draft)
}

/** forms are the ways in which people write an access code. */
function forms(code: string): string[] {
  const lower = code.toLowerCase()
  const separated = [lower, lower.replaceAll('-', ''), lower.replaceAll('-', ' ')]
  return separated.flatMap((form) => [form, form.toUpperCase()])
}
