// Walks the views by keyboard, the way a person without a mouse does: focus, names, answers. Commands are only recorded.
// Usage: node shots/journeys.mjs [part of a name …]
import assert from 'node:assert/strict'
import { listen, openStage } from './stage.mjs'

const { browser, origin, close } = await openStage()

const button = (page, name) => page.getByRole('button', { name, exact: true })
const focused = (locator) => locator.evaluate((element) => element === document.activeElement)
const asked = (page) => page.evaluate(() => globalThis.asked)

/** until waits for a condition with a limit. */
async function until(what, holds) {
  const end = Date.now() + 5_000
  while (!(await holds())) {
    assert.ok(Date.now() < end, `never happened: ${what}`)
    await new Promise((again) => setTimeout(again, 25))
  }
}

const journeys = {
  'New meeting: title, Enter, three links, Continue': async (page, open) => {
    await open('new')
    await page.getByRole('textbox', { name: 'Title' }).focus()
    await page.keyboard.type('Repairs plan 2027')
    await page.keyboard.press('Enter')
    for (const name of ['Host link', 'Guest link', 'Access code']) {
      assert.ok(
        await page.getByRole('textbox', { name }).evaluate((field) => field.readOnly && field.value.length > 10),
      )
      await button(page, `Copy ${name.toLowerCase()}`).focus()
    }
    assert.ok(await button(page, 'Continue').isVisible())
    assert.equal(await page.title(), 'Your meeting is ready – In Camera')
  },
  'Pre-join: both switches are off, Enter asks to join': async (page, open) => {
    await open('pre-join')
    for (const name of ['Camera', 'Microphone']) {
      assert.equal(await page.getByRole('switch', { name }).getAttribute('aria-checked'), 'false')
      assert.ok(await page.getByRole('combobox', { name }).isVisible())
    }
    await page.getByRole('switch', { name: 'Camera' }).press('Space')
    await page.getByRole('textbox', { name: 'Your name' }).press('Enter')
    assert.deepEqual(await asked(page), [
      ['setCamera', true],
      ['enter', 'Meera Krishnan', ''],
    ])
  },
  'Pre-join: a wrong code is said under its field, which has focus': async (page, open) => {
    await open('pre-join-code-wrong')
    const field = page.getByRole('textbox', { name: 'Access code' })
    await until('focus on the field', () => focused(field))
    assert.ok(await page.getByRole('alert', { name: 'That access code is not right' }).isVisible())
    assert.equal(await field.getAttribute('aria-invalid'), 'true')
  },
  'Waiting: one status says why, and Esc keeps waiting': async (page, open) => {
    await open('waiting-still')
    assert.ok(await focused(button(page, 'Keep waiting')))
    await page.keyboard.press('Escape')
    assert.deepEqual(await asked(page), [['stillHere']])
    await open('waiting')
    assert.equal(await page.getByRole('status', { name: 'Waiting for the host to let you in' }).count(), 1)
  },
  'Door: nobody can be let in before half a second on screen': async (page, open) => {
    await open('meeting-people', false)
    await button(page, 'People').click()
    const admit = button(page, 'Admit Meera Krishnan')
    assert.ok(await admit.isDisabled())
    assert.ok(await button(page, 'Admit all').isDisabled())
    await admit.press('Enter')
    await until('Admit opens', () => admit.isEnabled())
    assert.ok(!(await asked(page)).some(([name]) => name === 'admit'))
    await admit.press('Enter')
    await button(page, 'Deny Meera Krishnan').press('Enter')
    await button(page, 'Allow Jonas again').press('Enter')
    await button(page, 'Admit all').press('Enter')
    const answers = (await asked(page)).filter(([name]) => name !== 'showing')
    assert.deepEqual(answers, [
      ['admit', ['k1']],
      ['deny', 'k1'],
      ['allowAgain', 'r1'],
      ['admit', ['k1', 'k2']],
    ])
  },
  'Panels: focus goes in, Esc brings it back': async (page, open) => {
    await open('meeting-knock')
    await button(page, 'People').focus()
    await page.keyboard.press('Enter')
    await until('focus in the panel', () => focused(page.getByRole('heading', { name: 'People' })))
    await page.keyboard.press('Escape')
    await until('focus on the opener', () => focused(button(page, 'People')))
    assert.equal(await button(page, 'People').getAttribute('aria-expanded'), 'false')
  },
  'Remove: menu, dialog, the cautious button first': async (page, open) => {
    await open('meeting-three')
    await button(page, 'People').click()
    const actions = button(page, 'Actions for Anna Kowalska')
    await actions.focus()
    await page.keyboard.press('Enter')
    await until('focus on the item', () => focused(page.getByRole('menuitem', { name: 'Make co-host' })))
    await page.keyboard.press('Escape')
    await until('focus on the menu button', () => focused(actions))
    const choose = async () => {
      await actions.press('Enter')
      await until('focus on the item', () => focused(page.getByRole('menuitem', { name: 'Make co-host' })))
      await page.keyboard.press('End')
      assert.ok(await focused(page.getByRole('menuitem', { name: 'Remove' })))
      await page.keyboard.press('Enter')
    }
    await choose()
    const dialog = page.getByRole('dialog', { name: 'Remove Anna Kowalska?' })
    assert.ok(await focused(dialog.getByRole('button', { name: 'Cancel' })))
    await page.keyboard.press('Escape')
    await until('dialog gone', async () => (await dialog.count()) === 0)
    await choose()
    await dialog.getByRole('button', { name: 'Remove' }).press('Enter')
    assert.deepEqual((await asked(page)).at(-1), ['remove', 'p2'])
  },
  'Meeting: the page itself never scrolls': async (page, open) => {
    for (const panel of ['People', 'Chat', 'Security']) {
      await open('meeting-people')
      await button(page, panel).click()
      const room = await page.evaluate(() => {
        const { scrollHeight, scrollWidth } = document.documentElement
        return [scrollWidth - window.innerWidth, scrollHeight - window.innerHeight]
      })
      assert.deepEqual(room, [0, 0])
    }
  },
  'Tiles: named groups, a video only while they send one': async (page, open) => {
    await open('meeting-knock')
    const tile = (name) => page.getByRole('group', { name, exact: true })
    assert.equal(await tile('Tomás Iglesias').locator('video').count(), 1)
    assert.equal(await tile('முத்துலட்சுமி வெங்கடராகவன்').locator('video').count(), 0)
    const about = await tile('Priya Raman').evaluate(
      (element) => document.getElementById(element.getAttribute('aria-describedby'))?.textContent,
    )
    assert.match(about, /\(you\)/)
    assert.deepEqual((await asked(page))[0], ['showing', ['p1', 'p2', 'p3', 'p4', 'p5']])
    assert.ok(await button(page, 'More about Tomás Iglesias').count())
  },
  'A new snapshot with the same streams interrupts neither picture nor sound': async (page, open) => {
    await open('meeting-knock')
    await page.evaluate(() => {
      globalThis.interrupted = 0
      const elements = document.querySelectorAll('video, audio')
      for (const element of elements) element.addEventListener('emptied', () => globalThis.interrupted++)
      globalThis.playing = elements.length
      for (let i = 0; i < 20; i++) globalThis.tellAgain()
    })
    await page.waitForTimeout(300)
    assert.equal(await page.evaluate(() => globalThis.playing), 9) // five pictures, four voices
    assert.equal(await page.evaluate(() => globalThis.interrupted), 0)
  },
  'Chat: Enter sends, Shift and Enter begin a line': async (page, open) => {
    await open('meeting-three')
    await button(page, 'Chat').press('Enter')
    const box = page.getByRole('textbox', { name: 'Message' })
    await box.focus()
    await page.keyboard.type('Hello')
    await page.keyboard.press('Shift+Enter')
    await page.keyboard.type('all')
    await page.keyboard.press('Enter')
    assert.equal(await box.inputValue(), '')
    assert.ok((await asked(page)).some(([name]) => name === 'readChat'))
    assert.deepEqual((await asked(page)).at(-1), ['say', 'Hello\nall', { kind: 'all' }])
  },
  'End: a dialog first': async (page, open) => {
    await open('meeting-three')
    await button(page, 'End for everyone').press('Enter')
    const dialog = page.getByRole('dialog', { name: 'End the meeting for everyone?' })
    assert.ok(await focused(dialog.getByRole('button', { name: 'Stay' })))
    await page.keyboard.press('Enter')
    await until('dialog gone', async () => (await dialog.count()) === 0)
    await button(page, 'End for everyone').press('Enter')
    await dialog.getByRole('button', { name: 'End for everyone' }).press('Enter')
    assert.deepEqual((await asked(page)).at(-1), ['end'])
  },
  'Leave: the last host chooses who takes over, and cannot just leave': async (page, open) => {
    await open('leave-last-host')
    await button(page, 'Leave').press('Enter')
    const dialog = page.getByRole('dialog', { name: 'You are the last host' })
    assert.ok(await focused(dialog.getByRole('button', { name: 'Stay' })))
    await page.keyboard.press('Escape')
    await until('dialog gone', async () => (await dialog.count()) === 0)
    await page.evaluate(() => {
      const here = window.location.pathname
      window.history.replaceState(null, '', '/')
      window.history.pushState(null, '', here)
    })
    await page.goBack()
    await until('Back asks as well', async () => (await dialog.count()) === 1)
    const next = dialog.getByRole('combobox', { name: 'New host' })
    assert.deepEqual(await next.getByRole('option').allInnerTexts(), ['Anna Kowalska', 'Tomás Iglesias'])
    await next.selectOption({ label: 'Tomás Iglesias' })
    await dialog.getByRole('button', { name: 'Hand over and leave' }).press('Enter')
    assert.deepEqual((await asked(page)).at(-1), ['handOver', 'p1'])
    await page.evaluate(() => globalThis.tellAgain({ changing: true }))
    await until('it is under way', async () => {
      const button = dialog.getByRole('button', { name: 'Hand over and leave' })
      return (await button.getAttribute('aria-busy')) === 'true'
    })
    await open('meeting-guest')
    assert.equal(await button(page, 'End for everyone').count(), 0)
    await button(page, 'Leave').press('Enter')
    assert.deepEqual((await asked(page)).at(-1), ['leave'])
  },
  'Lock: a switch that is busy until all devices were told; a co-host cannot open it': async (page, open) => {
    await open('rules-host')
    await button(page, 'Security').click()
    const lock = page.getByRole('switch', { name: 'Lock meeting' })
    assert.equal(await lock.getAttribute('aria-checked'), 'false')
    await lock.press('Space')
    assert.deepEqual((await asked(page)).at(-1), ['lock', true])
    await page.evaluate(() => globalThis.tellAgain({ changing: true }))
    await until('it is busy', async () => (await lock.getAttribute('aria-busy')) === 'true')
    const before = (await asked(page)).length
    await lock.press('Space')
    await page.getByRole('switch', { name: 'Use the camera' }).press('Space')
    assert.equal((await asked(page)).length, before)
    await page.evaluate(() => globalThis.tellAgain({ changing: false, locked: true }))
    await until('it is shut', async () => (await lock.getAttribute('aria-checked')) === 'true')
    assert.ok(await page.getByText('Locked · 6 people').isVisible())
    await page.getByRole('switch', { name: 'Write to everyone' }).press('Space')
    const [name, allows] = (await asked(page)).at(-1)
    assert.deepEqual([name, allows.chat, allows.camera], ['allow', false, true])
    await button(page, 'Allow Jonas to knock again').press('Enter')
    assert.deepEqual((await asked(page)).at(-1), ['pardon', '3f2a91c07d'])
    await open('rules-co-host')
    await button(page, 'Security').click()
    await lock.press('Space')
    assert.equal(await lock.getAttribute('aria-disabled'), 'true')
    assert.ok(!(await asked(page)).some(([name]) => name === 'lock'))
    assert.equal(await page.getByRole('switch').count(), 1)
    await open('rules-guest')
    await button(page, 'Security').click()
    assert.equal(await page.getByRole('switch').count(), 0)
  },
  'Roles: the menu asks before it makes a host': async (page, open) => {
    await open('roles-people')
    await button(page, 'People').click()
    const row = page.getByRole('list', { name: 'In the meeting' }).getByRole('listitem')
    assert.match(await row.first().innerText(), /Samuel Okafor/) // the first hand
    await button(page, 'Actions for Tomás Iglesias').press('Enter')
    await page.getByRole('menuitem', { name: 'Lower hand' }).press('Enter')
    assert.deepEqual((await asked(page)).at(-1), ['lowerHand', 'p1'])
    await button(page, 'Actions for Anna Kowalska').press('Enter')
    await page.getByRole('menuitem', { name: 'Remove from co-hosts' }).press('Enter')
    assert.deepEqual((await asked(page)).at(-1), ['makeCoHost', 'p2', false])
    await button(page, 'Actions for Anna Kowalska').press('Enter')
    await page.getByRole('menuitem', { name: 'Make host' }).press('Enter')
    const dialog = page.getByRole('dialog', { name: 'Make Anna Kowalska a host?' })
    assert.ok(await focused(dialog.getByRole('button', { name: 'Cancel' })))
    await dialog.getByRole('button', { name: 'Make host' }).press('Enter')
    assert.deepEqual((await asked(page)).at(-1), ['makeHost', 'p2'])
  },
  'Signals: hand and reactions by keyboard; off where guests may not': async (page, open) => {
    await open('signals-stage')
    await button(page, 'Raise hand').press('Enter')
    assert.deepEqual((await asked(page)).at(-1), ['hand', true])
    await button(page, 'Reactions').press('Enter')
    await until('focus on the first', () => focused(page.getByRole('menuitem', { name: 'Thumbs up' })))
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('Enter')
    assert.deepEqual((await asked(page)).at(-1), ['react', 'clap'])
    await until('focus on the button', () => focused(button(page, 'Reactions')))
    await open('rules-forbidden')
    for (const name of ['Microphone', 'Raise hand', 'Reactions']) {
      assert.equal(await button(page, name).getAttribute('aria-disabled'), 'true')
      await button(page, name).press('Enter')
    }
    assert.equal(await page.getByRole('menuitem').count(), 0)
    assert.ok((await asked(page)).every(([name]) => name === 'showing'))
  },
  'Chat: to one person, to whom nobody else slips in; own lines change': async (page, open) => {
    await open('chat-private')
    await button(page, 'Chat').press('Enter')
    const to = page.getByRole('combobox', { name: 'To' })
    const box = page.getByRole('textbox', { name: 'Message' })
    await to.selectOption({ label: 'Tomás Iglesias' })
    await box.fill('For you')
    await box.press('Enter')
    assert.deepEqual((await asked(page)).at(-1), ['say', 'For you', { kind: 'one', participant: 'p1' }])
    await page.evaluate(() =>
      globalThis.tellAgain({ people: globalThis.snapshotNow().people.filter(({ id }) => id !== 'p1') }),
    )
    await until('it is said', () => page.getByText('They are not here any more').isVisible())
    const before = (await asked(page)).length
    await box.fill('Still for you')
    await box.press('Enter')
    assert.equal((await asked(page)).length, before)
    await button(page, 'Actions for your message').last().press('Enter')
    await page.getByRole('menuitem', { name: 'Edit' }).press('Enter')
    await until('focus in the field', () => focused(box))
    assert.match(await box.inputValue(), /^I will ask/)
    await page.keyboard.press('Escape')
    await until('the draft is back', async () => (await box.inputValue()) === 'Still for you')
    await button(page, 'Actions for your message').last().press('Enter')
    await page.getByRole('menuitem', { name: 'Edit' }).press('Enter')
    await until('focus in the field', () => focused(box))
    await box.fill('Done')
    await box.press('Enter')
    assert.deepEqual((await asked(page)).at(-1), ['amend', '7', 'Done'])
    await button(page, 'Actions for your message').last().press('Enter')
    await page.getByRole('menuitem', { name: 'Delete' }).press('Enter')
    assert.deepEqual((await asked(page)).at(-1), ['amend', '7', null])
  },
  'Suspects: no quick Admit, and the lock is offered': async (page, open) => {
    await open('roles-suspect-line')
    assert.equal(await button(page, 'Admit Somebody New').count(), 0)
    await button(page, 'See').press('Enter')
    await button(page, 'Lock the meeting').press('Enter')
    assert.deepEqual((await asked(page)).at(-1), ['lock', true])
  },
  'No host has confirmed: said until one is here': async (page, open) => {
    await open('notices-unhosted')
    const banner = page.getByText('No host has confirmed this connection. More')
    assert.ok(await banner.isVisible())
    await page.evaluate(() => globalThis.tellAgain({ notices: [] }))
    await page.waitForTimeout(100)
    assert.ok(await banner.isVisible())
    await page.evaluate(() => {
      const [me, other, ...rest] = globalThis.snapshotNow().people
      globalThis.tellAgain({ people: [me, { ...other, role: 'host' }, ...rest] })
    })
    await until('the banner goes', async () => (await banner.count()) === 0)
  },
  'Leaving the page: a host with guests is asked': async (page, open) => {
    await open('meeting-three')
    await page.mouse.click(600, 300) // browsers ask only people who have touched the page
    const question = page.waitForEvent('dialog')
    await page.close({ runBeforeUnload: true })
    assert.equal((await question).type(), 'beforeunload')
    await (await question).accept()
  },
}

const wanted = process.argv.slice(2)
let failed = 0
for (const [name, journey] of Object.entries(journeys)) {
  if (wanted.length > 0 && !wanted.some((part) => name.includes(part))) continue
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce' })
  const page = await context.newPage()
  const findings = []
  listen(page, origin, (finding) => findings.push(finding))
  const open = async (fixture, settle = true) => {
    await page.goto(`${origin}/?${fixture}`)
    await page.getByRole('heading', { level: 1 }).waitFor({ state: 'attached' })
    if (settle) await page.waitForTimeout(100)
  }
  try {
    await journey(page, open)
    assert.deepEqual(findings, [])
    console.log(`ok    ${name}`)
  } catch (error) {
    failed++
    console.error(`FAIL  ${name}\n      ${String(error.stack).split('\n').slice(0, 12).join('\n      ')}`)
  }
  await context.close()
}
await close()
process.exit(failed > 0 ? 1 : 0)
