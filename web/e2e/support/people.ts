import { picture, received, type Probe, type Received } from './probe.ts'
import { until } from './until.ts'
import type { Window } from './window.ts'

/** Links is what the organiser gets to share. */
export interface Links {
  readonly host: string
  readonly guest: string
  readonly code: string
}

/** makeMeeting goes from the home page to the host's pre-join, as an organiser does. */
export async function makeMeeting(host: Window, origin: string, title: string): Promise<Links> {
  await host.open(`${origin}/`)
  await host.click('button', 'New meeting')
  await host.fill('textbox', 'Title', title)
  await host.click('button', 'Create')
  await host.see('textbox', 'Host link')
  const links = {
    host: await host.value('textbox', 'Host link'),
    guest: await host.value('textbox', 'Guest link'),
    code: await host.value('textbox', 'Access code'),
  }
  await host.click('button', 'Continue')
  return links
}

/** Wish is what a person turns on before entering. */
export interface Wish {
  readonly camera?: boolean
  readonly microphone?: boolean
}

/** prepare fills in pre-join; both devices are off unless wished for. */
export async function prepare(who: Window, name: string, wish: Wish = {}): Promise<void> {
  await who.see('textbox', 'Your name')
  await who.fill('textbox', 'Your name', name)
  if (wish.camera) await who.click('switch', 'Camera')
  if (wish.microphone) await who.click('switch', 'Microphone')
}

/** start takes the host from pre-join into the meeting. */
export async function start(host: Window, name: string, wish: Wish = {}): Promise<void> {
  await prepare(host, name, wish)
  await host.click('button', 'Start meeting')
  await host.see('button', 'End for everyone')
}

/** knock takes a guest from the link to the door. */
export async function knock(guest: Window, link: string, name: string, wish: Wish = {}): Promise<void> {
  await guest.open(link)
  await prepare(guest, name, wish)
  await guest.click('button', 'Ask to join')
}

/** letIn admits somebody who knocks and waits until they are inside; admitting is called just before. */
export async function letIn(
  host: Window,
  guest: Window,
  name: string,
  admitting: () => void = () => undefined,
): Promise<void> {
  await openPanel(host, 'People', `Admit ${name}`)
  await host.see('button', `Admit ${name}`)
  admitting()
  await host.click('button', `Admit ${name}`)
  await guest.see('button', 'Leave')
}

/** openPanel opens People or Chat unless what is looked for is in sight. */
export async function openPanel(who: Window, panel: 'People' | 'Chat', sign: string): Promise<void> {
  const role = panel === 'Chat' ? 'textbox' : 'button'
  if (await who.seesNow(role, sign)) return
  await who.click('button', panel)
}

/** takeIn reads a page's media statistics. */
export function takeIn(who: Window): Promise<Received> {
  return who.run(received, undefined) as Promise<Received>
}

/** seesAndHears waits until a person's page decodes more pictures, shows them and takes in sound. */
export async function seesAndHears(who: Window, name: string, sound = true): Promise<void> {
  const before = await takeIn(who)
  await until(
    `pictures and sound of ${name}`,
    () => takeIn(who),
    (now) => now.framesDecoded > before.framesDecoded + 10 && (!sound || now.audioPackets > before.audioPackets + 25),
    30_000,
  )
  const seen = new Set<string>()
  await until(
    `a moving picture of ${name}`,
    async () => {
      const p = await who.run(picture, name)
      if (p !== null && p.brightest > 40) seen.add(p.print)
      return seen.size
    },
    (pictures) => pictures > 1,
  )
}

/** write sends a chat message and waits for it in the own log. */
export async function write(who: Window, text: string): Promise<void> {
  await openPanel(who, 'Chat', 'Message')
  await who.fill('textbox', 'Message', text)
  await who.click('button', 'Send')
  await reads(who, text)
}

/** reads waits until a text can be read on a person's page. */
export async function reads(who: Window, text: string): Promise<void> {
  await openPanel(who, 'Chat', 'Message')
  await until(
    `“${text}” on the page`,
    () => who.text(),
    (all) => all.includes(text),
  )
}

/** refusedByPolicy lists what the page's content security policy stopped. */
export function refusedByPolicy(who: Window): Promise<readonly string[]> {
  return who.run(() => (globalThis as unknown as { probe: Probe }).probe.refused, undefined) as Promise<
    readonly string[]
  >
}

/** onlyFrom tells which requests went elsewhere than to the server. */
export function elsewhere(who: Window, origin: string): string[] {
  const host = new URL(origin).host
  return who.requests().filter((address) => {
    const { protocol, host: to } = new URL(address)
    return protocol !== 'blob:' && to !== host
  })
}

/** remove takes somebody out by the host's menu and dialog. */
export async function remove(host: Window, name: string): Promise<void> {
  await openPanel(host, 'People', `Actions for ${name}`)
  await host.click('button', `Actions for ${name}`)
  await host.click('menuitem', 'Remove')
  await host.see('dialog', `Remove ${name}?`)
  await host.click('button', 'Remove')
}

/** greetEachOther writes one line each way and reads both. */
export async function greetEachOther(host: Window, guest: Window): Promise<void> {
  await write(host, 'Good morning from the host')
  await reads(guest, 'Good morning from the host')
  await write(guest, 'Good morning from the guest')
  await reads(host, 'Good morning from the guest')
}
