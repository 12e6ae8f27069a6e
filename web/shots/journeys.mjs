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
    await until('focus on the item', () => focused(page.getByRole('menuitem', { name: 'Remove' })))
    await page.keyboard.press('Escape')
    await until('focus on the menu button', () => focused(actions))
    const choose = async () => {
      await actions.press('Enter')
      await until('focus on the item', () => focused(page.getByRole('menuitem', { name: 'Remove' })))
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
    assert.deepEqual((await asked(page)).at(-1), ['say', 'Hello\nall'])
  },
  'End: a dialog first, and the only host cannot just leave': async (page, open) => {
    await open('meeting-three')
    await button(page, 'Leave').press('Enter')
    const dialog = page.getByRole('dialog', { name: 'End the meeting for everyone?' })
    assert.ok(await focused(dialog.getByRole('button', { name: 'Stay' })))
    await page.keyboard.press('Enter')
    await until('dialog gone', async () => (await dialog.count()) === 0)
    await page.evaluate(() => {
      const here = window.location.pathname
      window.history.replaceState(null, '', '/')
      window.history.pushState(null, '', here)
    })
    await page.goBack()
    await until('Back asks as well', async () => (await dialog.count()) === 1)
    await dialog.getByRole('button', { name: 'End for everyone' }).press('Enter')
    assert.deepEqual((await asked(page)).at(-1), ['end'])
    await open('meeting-guest')
    assert.equal(await button(page, 'End for everyone').count(), 0)
    await button(page, 'Leave').press('Enter')
    assert.deepEqual((await asked(page)).at(-1), ['leave'])
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
