import { expect, test } from 'vitest'
import * as people from '../support/people.ts'
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
