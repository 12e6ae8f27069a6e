import { describe, expect, it } from 'vitest'
import { routeOf, Router } from './router'

describe('an address', () => {
  it.each([
    ['/', { name: 'home' }],
    ['/new', { name: 'new' }],
    ['/m/5zq8k1w7dn3c9x2vt4m6hr0bpy', { name: 'meeting', id: '5zq8k1w7dn3c9x2vt4m6hr0bpy' }],
    ['/m/5zq8k1w7dn3c9x2vt4m6hr0bpy/', { name: 'meeting', id: '5zq8k1w7dn3c9x2vt4m6hr0bpy' }],
    ['/m/', { name: 'lost' }],
    ['/m/a/b', { name: 'lost' }],
    ['/m/<script>', { name: 'lost' }],
    [`/m/${'a'.repeat(65)}`, { name: 'lost' }],
    ['/nowhere', { name: 'lost' }],
  ])('%s picks its screen', (path, route) => {
    expect(routeOf(path)).toEqual(route)
  })
})

/** A window with just the history that the router needs. */
function fakeWindow(path: string) {
  const events = new EventTarget()
  const entries = [path]
  let at = 0
  let reloads = 0
  const location = { pathname: path, hash: '', reload: () => reloads++ }
  const fake = {
    location,
    history: {
      pushState(_: unknown, __: string, next: string) {
        entries.splice(++at, entries.length, next)
        location.pathname = next
      },
    },
    addEventListener: events.addEventListener.bind(events),
  }
  return {
    window: fake as unknown as Window,
    entries,
    reloads: () => reloads,
    back() {
      location.pathname = entries[--at] ?? '/'
      events.dispatchEvent(new Event('popstate'))
    },
    paste(hash: string) {
      location.hash = hash
      events.dispatchEvent(new Event('hashchange'))
    },
  }
}

describe('the router', () => {
  it('goes and comes back', () => {
    const fake = fakeWindow('/')
    const router = new Router(fake.window)
    router.go('/new')
    expect(router.route.get()).toEqual({ name: 'new' })
    fake.back()
    expect(router.route.get()).toEqual({ name: 'home' })
  })

  it('stays in a meeting that asks to stay', () => {
    const fake = fakeWindow('/')
    const router = new Router(fake.window)
    router.go('/m/abc')
    const letGo = router.hold(() => true)
    fake.back()
    expect(router.route.get()).toEqual({ name: 'meeting', id: 'abc' })
    expect(fake.window.location.pathname).toBe('/m/abc')
    letGo()
    fake.back()
    expect(router.route.get()).toEqual({ name: 'home' })
  })

  it('reads a link that was pasted into the open page as a new one', () => {
    const fake = fakeWindow('/m/abc')
    new Router(fake.window)
    fake.paste('')
    expect(fake.reloads()).toBe(0)
    fake.paste('#7J4T9QWXK2MD0HZC')
    expect(fake.reloads()).toBe(1)
  })
})
