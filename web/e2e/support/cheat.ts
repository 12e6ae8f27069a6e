import type { WebSocketRoute } from 'playwright-core'
import type { ChromiumWindow } from './chromium.ts'

/** Message is one signalling message as it travels. */
export type Message = Readonly<Record<string, unknown>> & { readonly type: string }

/** Lie makes of one message what is passed on instead: others, the same, or nothing. */
export type Lie = (message: Message) => readonly Message[]

export const truth: Lie = (message) => [message]

/**
 * Cheat stands where the server stands: everything between one page and the server passes through it, and it may hold back,
 * change, repeat and invent. What it sees of a page is what a server sees.
 */
export interface Cheat {
  fromServer: Lie
  fromPage: Lie
  /** tells says something to the page that the server never said. */
  tells(message: Message): void
  /** heard is everything that the server said, oldest first. */
  readonly heard: Message[]
  /** said is everything that the page said, oldest first. */
  readonly said: Message[]
}

/** cheatOn must be called before the page opens its first line. Numbering of pushes stays the server's: what is left out is a gap. */
export async function cheatOn(window: ChromiumWindow): Promise<Cheat> {
  let page: WebSocketRoute | null = null
  const cheat: Cheat = {
    fromServer: truth,
    fromPage: truth,
    tells: (message) => page?.send(JSON.stringify(message)),
    heard: [],
    said: [],
  }
  await window.page.routeWebSocket(/\/signal$/, (route) => {
    page = route
    const server = route.connectToServer()
    route.onMessage((raw) => {
      const message = JSON.parse(String(raw)) as Message
      cheat.said.push(message)
      for (const m of cheat.fromPage(message)) server.send(JSON.stringify(m))
    })
    server.onMessage((raw) => {
      const message = JSON.parse(String(raw)) as Message
      cheat.heard.push(message)
      for (const m of cheat.fromServer(message)) route.send(JSON.stringify(m))
    })
  })
  return cheat
}
