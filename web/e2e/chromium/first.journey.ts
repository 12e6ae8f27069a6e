import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { chromiumWindow, startChromium } from '../support/chromium.ts'
import { filesBelow, startServer, type Server } from '../support/server.ts'
import { memoryHas, processesBelow } from '../support/memory.ts'
import {
  elsewhere,
  knock,
  letIn,
  makeMeeting,
  openPanel,
  reads,
  refusedByPolicy,
  seesAndHears,
  start,
  takeIn,
  write,
} from '../support/people.ts'
import { stays, until } from '../support/until.ts'

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

const on = { camera: true, microphone: true }

test('two people meet, see, hear and write to each other, and the host removes the guest', async () => {
  const host = await chromiumWindow(browser)
  const guest = await chromiumWindow(browser)
  const links = await makeMeeting(host, server.origin, 'Board meeting')
  await start(host, 'Asha', on)
  await knock(guest, links.guest, 'Ravi', on)
  await guest.see('status', 'Waiting for the host to let you in')
  await letIn(host, guest, 'Ravi')

  await seesAndHears(guest, 'Asha')
  await seesAndHears(host, 'Ravi')
  await write(host, 'Good morning from the host')
  await reads(guest, 'Good morning from the host')
  await write(guest, 'Good morning from the guest')
  await reads(host, 'Good morning from the guest')

  // The fragment is out of the address bar, and nobody else was asked for anything.
  expect(await guest.address()).not.toContain('#')
  expect(elsewhere(host, server.origin)).toEqual([])
  expect(elsewhere(guest, server.origin)).toEqual([])

  // A removed guest whose page does not hang up still gets nothing more.
  await guest.run(() => {
    RTCPeerConnection.prototype.close = () => undefined
  }, undefined)
  await openPanel(host, 'People', 'Actions for Ravi')
  await host.click('button', 'Actions for Ravi')
  await host.click('menuitem', 'Remove')
  await host.see('dialog', 'Remove Ravi?')
  await host.click('button', 'Remove')
  await guest.see('heading', 'You were removed from the meeting')
  let last = await takeIn(guest)
  await until(
    'the last bytes',
    async () => {
      const now = await takeIn(guest)
      const quiet = now.transportBytes - last.transportBytes
      last = now
      return quiet
    },
    (grown) => grown < 200,
  )
  const frames = (await takeIn(guest)).framesDecoded
  await stays('no picture after the removal', async () => (await takeIn(guest)).framesDecoded === frames, 2_000)
  await write(host, 'The guest is gone')
  await stays('no word after the removal', async () => !(await guest.text()).includes('The guest is gone'), 1_000)

  expect(await refusedByPolicy(host)).toEqual([])
  expect(await refusedByPolicy(guest)).toEqual([])
  await host.close()
  await guest.close()
})

test('while they talk, the server holds neither code, names nor words, in memory or on disk', async () => {
  const host = await chromiumWindow(browser)
  const guest = await chromiumWindow(browser)
  const planted = ['Zanzibarquorum', 'Quetzalwhisper', 'Ytterbiumlantern', 'Obsidianharbour', 'Pangolinverdict']
  const [title = '', hostName = '', guestName = '', hostWord = '', guestWord = ''] = planted
  const links = await makeMeeting(host, server.origin, title)
  await start(host, hostName, on)
  await knock(guest, links.guest, guestName, on)
  await letIn(host, guest, guestName)
  await write(host, hostWord)
  await reads(guest, hostWord)
  await write(guest, guestWord)
  await reads(host, guestWord)
  await seesAndHears(host, guestName)

  const code = links.code.toLowerCase()
  const words = [...planted, code, code.replaceAll('-', '')]
  const inBrowser = new Set<string>()
  for (const pid of processesBelow(process.pid).filter((p) => p !== server.pid && p !== process.pid)) {
    const missing = words.filter((w) => !inBrowser.has(w))
    for (const w of memoryHas(pid, missing, 'written')) inBrowser.add(w)
  }
  expect(
    [...planted].filter((w) => !inBrowser.has(w)),
    'the search itself must find what the browsers hold',
  ).toEqual([])
  expect(inBrowser.has(code) || inBrowser.has(code.replaceAll('-', '')), 'the code in the browsers').toBe(true)

  expect([...memoryHas(server.pid, words)]).toEqual([])
  const disk = Buffer.concat(filesBelow(server.data))
  expect(disk.length).toBeGreaterThan(0)
  expect(words.filter((w) => disk.includes(w))).toEqual([])
  expect(words.filter((w) => server.output().includes(w))).toEqual([])
  await host.close()
  await guest.close()
})
