import { expect, test } from 'vitest'
import { chromiumWindow, windowIn, type ChromiumWindow } from '../support/chromium.ts'
import { knock, letIn, openPanel, reads, remove, seesAndHears, write } from '../support/people.ts'
import { meet, on, stage } from '../support/stage.ts'
import { stays, until } from '../support/until.ts'

const at = stage()

async function security(who: ChromiumWindow): Promise<void> {
  if (!(await who.seesNow('group', 'Verification code'))) await who.click('button', 'Security')
  await who.see('group', 'Verification code')
}

async function lock(who: ChromiumWindow): Promise<void> {
  await security(who)
  await who.click('switch', 'Lock meeting')
}

async function choose(who: ChromiumWindow, name: string, item: string): Promise<void> {
  await openPanel(who, 'People', `Actions for ${name}`)
  await who.click('button', `Actions for ${name}`)
  await who.click('menuitem', item)
}

const says =
  (words: string) =>
  (all: string): boolean =>
    all.includes(words)

test('a locked meeting lets nobody new in, lets who reloads back, and the unlock is announced', async () => {
  const { host, guest, links, leave } = await meet(at, 'Lock', on)
  await lock(host)
  await until('all are told', () => guest.text(), says('locked'))
  const stranger = await chromiumWindow(at.browser)
  await knock(stranger, links.guest, 'Meera')
  await stranger.see('heading', 'This meeting is locked')

  await guest.reload()
  await guest.see('button', 'Leave')
  await seesAndHears(guest, 'Asha')
  host.page.on('dialog', (d) => void d.accept())
  await host.reload()
  await host.see('button', 'End for everyone')
  await write(host, 'Both back, and still locked') // devices are off after a reload
  await reads(guest, 'Both back, and still locked')

  await lock(host) // the same switch the other way
  await until('all are told', () => guest.text(), says('unlocked'))
  await stranger.reload()
  await knock(stranger, links.guest, 'Meera')
  await letIn(host, stranger, 'Meera')
  await stranger.close()
  await leave()
})

test('who waits when the meeting is locked is told so', async () => {
  const { host, links, leave } = await meet(at, 'Lock the door')
  const stranger = await chromiumWindow(at.browser)
  await knock(stranger, links.guest, 'Meera')
  await stranger.see('status', 'Waiting for the host to let you in')
  await lock(host)
  await stranger.see('heading', 'This meeting is locked')
  await stranger.close()
  await leave()
})

test('who was removed for good stays out with the same device; strangers are marked; a pardon lets them knock', async () => {
  const { host, guest, links, leave } = await meet(at, 'For good')
  await remove(host, 'Ravi')
  await guest.see('heading', 'You were removed from the meeting')
  const again = await windowIn(guest.context)
  await knock(again, links.guest, 'Nobody you know')
  await again.see('heading', 'You were removed from the meeting')

  const stranger = await chromiumWindow(at.browser)
  await knock(stranger, links.guest, 'Meera')
  await until('the host is warned', () => host.text(), says('Could be the person you removed'))
  await letIn(host, stranger, 'Meera')

  await security(host)
  await host.click('button', 'Allow Ravi to knock again')
  await until(
    'the pardon is carried out',
    () => host.seesNow('button', 'Allow Ravi to knock again'),
    (there) => !there,
  )
  await again.reload()
  await knock(again, links.guest, 'Ravi')
  await letIn(host, again, 'Ravi')
  await stranger.close()
  await leave()
})

test('a co-host admits and locks while the host is away, and the host takes the powers back', async () => {
  const { host, guest, links, leave } = await meet(at, 'Powers', on)
  await choose(host, 'Ravi', 'Make co-host')
  await until('Ravi knows', () => guest.text(), says('Co-host'))

  const third = await chromiumWindow(at.browser)
  await knock(third, links.guest, 'Meera')
  await letIn(guest, third, 'Meera')
  await host.see('group', 'Meera')

  const hostLink = links.host
  await host.close()
  const fourth = await chromiumWindow(at.browser)
  await knock(fourth, links.guest, 'Tomás')
  await letIn(guest, fourth, 'Tomás')
  await write(guest, 'We go on')
  await reads(fourth, 'We go on')

  // The host link opens the same meeting from another device, without a new group.
  const device = await chromiumWindow(at.browser)
  await device.open(hostLink)
  await device.fill('textbox', 'Your name', 'Asha')
  await device.click('button', 'Start meeting')
  await device.see('button', 'End for everyone')
  await device.see('group', 'Ravi')
  await write(device, 'I am back')
  await reads(third, 'I am back')
  await reads(fourth, 'I am back')

  await choose(device, 'Ravi', 'Remove from co-hosts')
  await until(
    'the powers are gone',
    () => guest.text(),
    (all) => !all.includes('Co-host'),
  )
  for (const who of [device, third, fourth]) await who.close()
  await leave().catch(() => undefined) // the host's first window is closed already
})

test('the last host who leaves hands the meeting over', async () => {
  const { host, guest, leave } = await meet(at, 'Hand over')
  await host.click('button', 'Leave')
  await host.click('button', 'Hand over and leave')
  await host.see('heading', 'You left the meeting')
  await guest.see('button', 'End for everyone')
  await write(guest, 'Mine now')
  await leave()
})

test('a private line reaches the one it is for and nobody else; hands and reactions reach all', async () => {
  const { host, guest, links, leave } = await meet(at, 'Private')
  const third = await chromiumWindow(at.browser)
  await knock(third, links.guest, 'Meera')
  await letIn(host, third, 'Meera')

  await openPanel(guest, 'Chat', 'Message')
  await guest.page.getByRole('combobox', { name: 'To' }).selectOption({ label: 'Asha' })
  await guest.fill('textbox', 'Message', 'Between us two')
  await guest.click('button', 'Send')
  await reads(host, 'Between us two')
  await write(host, 'For all to read')
  await reads(third, 'For all to read')
  expect(await third.text()).not.toContain('Between us two')

  await guest.click('button', 'Raise hand')
  for (const who of [host, third]) await until('the hand is seen', () => who.text(), says('raised their hand'))
  await leave()
  await third.close()
})

test('a guest who may not write to everyone is told so before writing', async () => {
  const { host, guest, leave } = await meet(at, 'Quiet')
  await security(host)
  await host.click('switch', 'Write to everyone')
  await openPanel(guest, 'Chat', 'Message')
  await until('the composer says so', () => guest.text(), says('hosts'))
  await stays('nothing is broken', async () => !(await guest.text()).includes('could not'), 500)
  await leave()
})
