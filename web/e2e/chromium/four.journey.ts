import { expect, test } from 'vitest'
import { chromiumWindow } from '../support/chromium.ts'
import * as people from '../support/people.ts'
import { stage } from '../support/stage.ts'
import { until } from '../support/until.ts'

const at = stage()

test('a host lets three in at once; all know all, read all, and see one leave', async () => {
  const host = await chromiumWindow(at.browser)
  const links = await people.makeMeeting(host, at.server.origin, 'Four')
  await people.start(host, 'Asha')
  const names = ['Ravi', 'Meera', 'Tomás']
  const guests = await Promise.all(names.map(() => chromiumWindow(at.browser)))
  for (const [i, guest] of guests.entries()) await people.knock(guest, links.guest, names[i] ?? '')

  await people.openPanel(host, 'People', 'Admit all')
  for (const name of names) await host.see('button', `Admit ${name}`)
  await host.click('button', 'Admit all')
  for (const guest of guests) await guest.see('button', 'Leave')
  for (const who of [host, ...guests]) for (const name of ['Asha', ...names]) await who.see('group', name)

  for (const [i, guest] of guests.entries()) await people.write(guest, `Hello from ${names[i] ?? ''}`)
  for (const who of [host, ...guests]) for (const name of names) await people.reads(who, `Hello from ${name}`)

  const [ravi, meera] = guests
  if (!ravi || !meera) throw new Error('nobody')
  await ravi.click('button', 'Leave')
  await ravi.see('heading', 'You left the meeting')
  for (const who of [host, meera])
    await until(
      'Ravi is gone',
      () => who.seesNow('group', 'Ravi'),
      (there) => !there,
    )
  await people.write(host, 'Three are left')
  await people.reads(meera, 'Three are left')
  expect(await ravi.text()).not.toContain('Three are left')

  await ravi.click('button', 'Come back')
  await ravi.see('textbox', 'Your name')
  for (const who of [host, ...guests]) await who.close()
})
