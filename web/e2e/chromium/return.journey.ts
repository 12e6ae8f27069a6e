import { expect, test } from 'vitest'
import { reads, seesAndHears, write } from '../support/people.ts'
import { meet, on, stage } from '../support/stage.ts'

const at = stage()

test('a guest who reloads is back without knocking or typing the code', async () => {
  const { host, guest, leave } = await meet(at, 'Reload', on)
  await seesAndHears(guest, 'Asha')
  await guest.reload()
  await guest.see('button', 'Leave')
  await seesAndHears(guest, 'Asha')
  await write(guest, 'Back after a reload')
  await reads(host, 'Back after a reload')
  await leave()
})

test('a host who reloads comes back into the same group, and nobody has to come in again', async () => {
  const { host, guest, leave } = await meet(at, 'Host reload', on)
  await seesAndHears(guest, 'Asha')
  await write(guest, 'Said before')
  host.page.on('dialog', (d) => void d.accept())
  await host.reload()
  await host.see('button', 'End for everyone')
  await write(host, 'The host is back')
  await reads(guest, 'The host is back')
  expect(await guest.text()).toContain('Said before')
  await seesAndHears(host, 'Ravi')
  await leave()
})
