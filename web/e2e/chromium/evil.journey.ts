/** A server that lies to real pages: what each of them shows, and what it does not. */
import { expect, test } from 'vitest'
import { cheatOn, type Cheat, type Message } from '../support/cheat.ts'
import { chromiumWindow, type ChromiumWindow } from '../support/chromium.ts'
import {
  knock,
  letIn,
  makeMeeting,
  openPanel,
  reads,
  remove,
  seesAndHears,
  start,
  takeIn,
  write,
} from '../support/people.ts'
import { on, stage } from '../support/stage.ts'
import { stays, until } from '../support/until.ts'

const at = stage()

interface Cheated {
  readonly window: ChromiumWindow
  readonly cheat: Cheat
}

async function cheated(): Promise<Cheated> {
  const window = await chromiumWindow(at.browser)
  return { window, cheat: await cheatOn(window) }
}

interface Three {
  readonly host: Cheated
  readonly ravi: Cheated
  readonly meera: Cheated
  leave(): Promise<void>
}

/** three people in one meeting, each behind a wire of their own that may lie. */
async function three(title: string, wish = {}): Promise<Three> {
  const [host, ravi, meera] = [await cheated(), await cheated(), await cheated()]
  const links = await makeMeeting(host.window, at.server.origin, title)
  await start(host.window, 'Asha', wish)
  await knock(ravi.window, links.guest, 'Ravi', wish)
  await letIn(host.window, ravi.window, 'Ravi')
  await knock(meera.window, links.guest, 'Meera', wish)
  await letIn(host.window, meera.window, 'Meera')
  for (const who of [host, ravi, meera])
    for (const name of ['Asha', 'Ravi', 'Meera']) await who.window.see('group', name)
  const leave = async (): Promise<void> => {
    for (const who of [host, ravi, meera]) await who.window.close()
  }
  return { host, ravi, meera, leave }
}

const says =
  (words: string) =>
  (all: string): boolean =>
    all.includes(words)

/** flipped turns one bit of a message's base64 field. */
function flipped(m: Message, field: string, at = 40): Message {
  const bytes = Buffer.from(String(m[field]), 'base64')
  bytes[at] = (bytes[at] ?? 0) ^ 1
  return { ...m, [field]: bytes.toString('base64') }
}

test('M2, L1: a commit that the server changed is refused in plain words, and the others go on', async () => {
  const { host, ravi, meera, leave } = await three('Changed commit')
  ravi.cheat.fromServer = (m) => [m.type === 'commit' ? flipped(m, 'commit', 90) : m]
  await remove(host.window, 'Meera')
  await meera.window.see('heading', 'You were removed from the meeting')
  await until('the alarm', () => ravi.window.text(), says('The server'))
  ravi.cheat.fromServer = (m) => [m]
  await write(host.window, 'Still here')
  await leave()
})

test('F43, H3: who is not told of a removal is not confirmed, sends nothing more, and says so', async () => {
  const { host, ravi, meera, leave } = await three('Withheld', on)
  await seesAndHears(host.window, 'Ravi')
  ravi.cheat.fromServer = (m) => (m.type === 'commit' ? [] : [m])
  await remove(host.window, 'Meera')
  await meera.window.see('heading', 'You were removed from the meeting')
  await until('the others see it', () => host.window.text(), says('Not confirmed'), 15_000)
  await until('Ravi is stopped', () => ravi.window.text(), says('Connection not confirmed'), 15_000)
  const before = await takeIn(host.window)
  await stays(
    'no picture of his',
    async () => (await takeIn(host.window)).framesDecoded <= before.framesDecoded + 5,
    2_000,
  )
  await leave()
})

test('F46, H1: halves that are told different stories see within ten seconds that they may have been split', async () => {
  const { host, ravi, meera, leave } = await three('Split')
  const isolates = (m: Message): readonly Message[] => (m.type === 'app' || m.type === 'commit' ? [] : [m])
  ravi.cheat.fromServer = isolates
  ravi.cheat.fromPage = isolates
  meera.cheat.fromServer = isolates
  meera.cheat.fromPage = isolates
  for (const who of [host, ravi, meera])
    await until('the split is shown', () => who.window.text(), says('may have been split'), 15_000)
  await leave()
})

test('H11, F48: pictures announced under each other’s names are shown under no name', async () => {
  const [host, ravi, meera] = [await cheated(), await cheated(), await cheated()]
  const links = await makeMeeting(host.window, at.server.origin, 'Swapped')
  await start(host.window, 'Asha')
  await knock(ravi.window, links.guest, 'Ravi', on)
  await letIn(host.window, ravi.window, 'Ravi')
  await seesAndHears(host.window, 'Ravi')

  let swapped = false
  host.cheat.fromServer = (m) => {
    if (m.type !== 'slots') return [m]
    const slots = m['slots'] as string[]
    const [one, other] = slots.filter((p) => p !== '')
    if (!one || !other) return [m]
    swapped = true
    return [{ ...m, slots: slots.map((p) => (p === one ? other : p === other ? one : p)) }]
  }
  await knock(meera.window, links.guest, 'Meera', on)
  await letIn(host.window, meera.window, 'Meera')
  await until('the lie', () => swapped, Boolean)
  await seesAndHears(ravi.window, 'Meera') // whom nobody lies to, sees her
  const { framesDecoded } = await takeIn(host.window)
  const still = async (): Promise<boolean> => (await takeIn(host.window)).framesDecoded <= framesDecoded + 5
  await stays('no frame under a wrong name', still, 3_000)
  for (const who of [host, ravi, meera]) await who.window.close()
})

test('H4: names that the server swapped at the door are never shown', async () => {
  const host = await cheated()
  const links = await makeMeeting(host.window, at.server.origin, 'Names')
  await start(host.window, 'Asha')
  const knocks: Message[] = []
  host.cheat.fromServer = (m) => {
    if (m.type !== 'knock') return [m]
    knocks.push(m)
    const [one, two] = knocks
    if (!one || !two) return []
    return [
      { ...one, sealedName: two['sealedName'] },
      { ...two, sealedName: one['sealedName'] },
    ]
  }
  const [priya, mallory] = [await chromiumWindow(at.browser), await chromiumWindow(at.browser)]
  await knock(priya, links.guest, 'Priya')
  await priya.see('status', 'Waiting for the host to let you in')
  await knock(mallory, links.guest, 'Mallory')
  await until('the alarm', () => host.window.text(), says('knock'))
  await openPanel(host.window, 'People', 'Actions for Asha').catch(() => undefined)
  expect(await host.window.seesNow('button', 'Admit Priya')).toBe(false)
  expect(await host.window.seesNow('button', 'Admit Mallory')).toBe(false)
  for (const who of [host.window, priya, mallory]) await who.close()
})

test('M10: an end or a removal that no host signed is shown as the server’s doing', async () => {
  const { host, ravi, meera, leave } = await three('False end')
  ravi.cheat.tells({ type: 'over', reason: 'ended', statement: '' })
  await ravi.window.see('heading', 'The server closed the meeting')
  const ended = Buffer.alloc(200).toString('base64')
  meera.cheat.tells({ type: 'over', reason: 'removed', statement: ended })
  await meera.window.see('heading', 'The server closed the meeting')
  await host.window.see('button', 'End for everyone')
  await leave()
})

test('F44: a commit and a message that are said twice change nothing', async () => {
  const { host, ravi, leave } = await three('Twice')
  ravi.cheat.fromServer = (m) => [m]
  const commits = ravi.cheat.heard.filter((m) => m.type === 'commit')
  const app = ravi.cheat.heard.findLast((m) => m.type === 'app')
  await write(host.window, 'Only once')
  await reads(ravi.window, 'Only once')
  for (const m of [...commits, ...(app ? [app] : [])]) ravi.cheat.tells(m)
  await write(host.window, 'And on we go')
  await reads(ravi.window, 'And on we go')
  const log = await ravi.window.page.getByRole('log', { name: 'Messages' }).innerText()
  expect(log.split('Only once').length).toBe(2)
  await leave()
})

test('F47, F50: a member who sends plain pictures is shown to nobody', async () => {
  const host = await chromiumWindow(at.browser)
  const guest = await chromiumWindow(at.browser)
  await guest.page.addInitScript(() => {
    // The page believes that it seals; the browser never hears of it.
    for (const kind of [RTCRtpSender.prototype, RTCRtpReceiver.prototype])
      Object.defineProperty(kind, 'transform', { set: () => undefined, get: () => null, configurable: true })
  })
  const links = await makeMeeting(host, at.server.origin, 'Plain')
  await start(host, 'Asha', on)
  await knock(guest, links.guest, 'Ravi', on)
  await letIn(host, guest, 'Ravi')
  await until(
    'plain packets arrive',
    () => takeIn(host),
    ({ transportBytes }) => transportBytes > 100_000,
  )
  await stays('none is decoded', async () => (await takeIn(host)).framesDecoded === 0, 3_000)
  await host.close()
  await guest.close()
})
