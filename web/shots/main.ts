import { mount } from 'svelte'
import App from '../src/app/App.svelte'
import type { Conference } from '../src/app/conference'
import { Router } from '../src/app/router'
import type { Commands, Snapshot } from '../src/core/snapshot'
import { Watchable } from '../src/core/watchable'
import '../src/style/base.css'
import '../src/style/fonts.css'
import '../src/style/tokens.css'
import { shots } from './fixtures'

/** Shows one fixture as the page would show it; commands are only recorded. The name of the fixture stands after the ?. */
const name = window.location.search.slice(1)
const shot = shots[name]
if (shot === undefined) throw new Error(`no fixture named ${name}`)

const asked: unknown[][] = []
const commands = new Proxy({} as Commands, {
  get:
    (_, command: string) =>
    (...given: unknown[]) =>
      asked.push([command, ...given]),
})

// What run.mjs does before it takes the picture, and what journeys.mjs finds that a person asked for.
Object.assign(globalThis, {
  asked,
  tellAgain,
  snapshotNow: () => told?.get(),
  shotSteps: { fill: shot.fill, press: shot.press },
})

window.history.replaceState(null, '', shot.path ?? '/m/5zq8k1w7dn3c9x2vt4m6hr0bpy')

const told = shot.snapshot === undefined ? null : new Watchable(shot.snapshot())

/** tellAgain replaces the snapshot by one in which nothing is the same object but the streams; more is what is new in it. */
function tellAgain(more: Partial<Snapshot> = {}): void {
  const now = told?.get()
  if (now === undefined) return
  told?.set({ ...now, people: now.people.map((person) => ({ ...person })), devices: { ...now.devices }, ...more })
}

function openConference(): Conference {
  if (told === null) throw new Error('this fixture has no meeting')
  return {
    snapshot: told,
    commands,
    level: {
      watch(changed) {
        changed(0.3)
        return () => undefined
      },
    },
  }
}

const made = {
  hostLink:
    'https://meet.example.org/m/5zq8k1w7dn3c9x2vt4m6hr0bpy#7J4T-9QWX-K2MD-0HZC.E7V2M4Q9T1X8C3N6B5K0WZJ7RDPHAFGYS2Q4T6V8X0Z1C3D5F7G9',
  guestLink: 'https://meet.example.org/m/5zq8k1w7dn3c9x2vt4m6hr0bpy#7J4T-9QWX-K2MD-0HZC',
  accessCode: '7J4T-9QWX-K2MD-0HZC',
  expires: Date.UTC(2026, 10, 30, 9, 30),
}

const target = document.getElementById('app')
if (target === null) throw new Error('no place for the page')
mount(App, {
  target,
  props: {
    router: new Router(window),
    core: { openConference, openOrganiser: () => ({ make: () => Promise.resolve(made) }) },
  },
})
