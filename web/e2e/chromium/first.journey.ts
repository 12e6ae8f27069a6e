import { expect, test } from 'vitest'
import { chromiumWindow } from '../support/chromium.ts'
import { memoryHas, processesBelow } from '../support/memory.ts'
import * as people from '../support/people.ts'
import { filesBelow } from '../support/server.ts'
import { meet, on, stage } from '../support/stage.ts'
import { stays, until } from '../support/until.ts'

const at = stage()

test('two people meet, see, hear and write to each other, and the host removes the guest', async () => {
  const { host, guest, leave } = await meet(at, 'Board meeting', on)
  await people.seesAndHears(guest, 'Asha')
  await people.seesAndHears(host, 'Ravi')
  await people.greetEachOther(host, guest)

  // The fragment is out of the address bar, and nobody else was asked for anything.
  expect(await guest.address()).not.toContain('#')
  expect(people.elsewhere(host, at.server.origin)).toEqual([])
  expect(people.elsewhere(guest, at.server.origin)).toEqual([])

  // A removed guest whose page does not hang up still gets nothing more.
  await guest.run(() => {
    RTCPeerConnection.prototype.close = () => undefined
  }, undefined)
  await people.remove(host, 'Ravi')
  await guest.see('heading', 'You were removed from the meeting')
  await until(
    'a second without a packet',
    async () => {
      const before = await people.takeIn(guest)
      await new Promise((r) => setTimeout(r, 1_000))
      return (await people.takeIn(guest)).transportBytes - before.transportBytes
    },
    (grown) => grown === 0,
    5_000,
  )
  const { framesDecoded } = await people.takeIn(guest)
  const frozen = async (): Promise<boolean> => (await people.takeIn(guest)).framesDecoded === framesDecoded
  await stays('no picture after the removal', frozen, 2_000)
  await people.write(host, 'The guest is gone')
  await stays('no word after the removal', async () => !(await guest.text()).includes('The guest is gone'), 1_000)

  expect(await people.refusedByPolicy(host)).toEqual([])
  expect(await people.refusedByPolicy(guest)).toEqual([])
  await leave()
})

test('while they talk, the server holds neither code, names nor words, in memory or on disk', async () => {
  const host = await chromiumWindow(at.browser)
  const guest = await chromiumWindow(at.browser)
  const planted = ['Zanzibarquorum', 'Quetzalwhisper', 'Ytterbiumlantern', 'Obsidianharbour', 'Pangolinverdict']
  const [title = '', hostName = '', guestName = '', hostWord = '', guestWord = ''] = planted
  const links = await people.makeMeeting(host, at.server.origin, title)
  await people.start(host, hostName, on)
  await people.knock(guest, links.guest, guestName, on)
  await people.letIn(host, guest, guestName)
  await people.write(host, hostWord)
  await people.reads(guest, hostWord)
  await people.write(guest, guestWord)
  await people.reads(host, guestWord)
  await people.seesAndHears(host, guestName)

  const code = links.code.toLowerCase()
  const words = [...planted, code, code.replaceAll('-', '')]
  const inBrowser = new Set<string>()
  const others = [process.pid, at.server.pid]
  for (const pid of processesBelow(process.pid).filter((p) => !others.includes(p))) {
    const missing = words.filter((w) => !inBrowser.has(w))
    for (const w of memoryHas(pid, missing, 'written')) inBrowser.add(w)
  }
  const unfound = planted.filter((w) => !inBrowser.has(w))
  expect(unfound, 'the search itself must find what the browsers hold').toEqual([])
  expect(inBrowser.has(code) || inBrowser.has(code.replaceAll('-', '')), 'the code in the browsers').toBe(true)

  expect([...memoryHas(at.server.pid, words)]).toEqual([])
  const disk = Buffer.concat(filesBelow(at.server.data))
  expect(disk.length).toBeGreaterThan(0)
  expect(words.filter((w) => disk.includes(w))).toEqual([])
  expect(words.filter((w) => at.server.output().includes(w))).toEqual([])
  await host.close()
  await guest.close()
})
