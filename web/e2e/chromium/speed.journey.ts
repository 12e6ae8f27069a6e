import { expect, test } from 'vitest'
import { chromiumWindow } from '../support/chromium.ts'
import { knock, letIn, makeMeeting, openPanel, start, takeIn } from '../support/people.ts'
import { stage } from '../support/stage.ts'
import { until } from '../support/until.ts'

const at = stage()
const rounds = 3

test('the time from Admit to the first picture is measured and told', async () => {
  const times: number[] = []
  for (let i = 0; i < rounds; i++) {
    const host = await chromiumWindow(at.browser)
    const guest = await chromiumWindow(at.browser)
    const links = await makeMeeting(host, at.server.origin, 'Speed')
    await start(host, 'Asha', { camera: true })
    await knock(guest, links.guest, 'Ravi')
    await openPanel(host, 'People', 'Admit Ravi')
    await until(
      'Admit can be pressed',
      () => host.page.getByRole('button', { name: 'Admit Ravi', exact: true }).isEnabled(),
      Boolean,
    )
    const began = performance.now()
    await letIn(host, guest, 'Ravi')
    await until(
      'the first picture',
      () => takeIn(guest),
      (r) => r.framesDecoded > 0,
    )
    times.push(Math.round(performance.now() - began))
    await host.close()
    await guest.close()
  }
  console.log(`from Admit to the first decoded picture: ${times.join(', ')} ms`)
  expect(times).toHaveLength(rounds)
})
