import { Watchable } from '../core/watchable'

/** Route is the screen that an address names. */
export type Route =
  | { readonly name: 'home' }
  | { readonly name: 'new' }
  | { readonly name: 'meeting'; readonly id: string }
  | { readonly name: 'lost' }

/** routeOf reads a path; it never sees a fragment. */
export function routeOf(path: string): Route {
  if (path === '/') return { name: 'home' }
  if (path === '/new' || path === '/new/') return { name: 'new' }
  const id = /^\/m\/([0-9A-Za-z-]{1,64})\/?$/.exec(path)?.[1]
  return id === undefined ? { name: 'lost' } : { name: 'meeting', id }
}

/** Router follows the address bar through the history API. It writes paths only: no fragment ever comes from here. */
export class Router {
  readonly route: Watchable<Route>
  readonly #window: Window
  #path: string
  #stay: (() => boolean) | null = null

  constructor(window: Window) {
    this.#window = window
    this.#path = window.location.pathname
    this.route = new Watchable(routeOf(this.#path))
    window.addEventListener('popstate', () => {
      this.#popped()
    })
    window.addEventListener('hashchange', () => {
      // Somebody pasted a link into the address bar of an open page: it is read as if the page were new.
      if (window.location.hash !== '') window.location.reload()
    })
  }

  go(path: string): void {
    this.#window.history.pushState(null, '', path)
    this.#moved(path)
  }

  /** reload begins this address again, for example after a refusal that may have passed. */
  reload(): void {
    this.#window.location.reload()
  }

  /** hold asks before the Back button leaves; a true answer stays. The returned function stops asking. */
  hold(stay: () => boolean): () => void {
    this.#stay = stay
    return () => {
      this.#stay = null
    }
  }

  #popped(): void {
    const path = this.#window.location.pathname
    if (path === this.#path) return
    if (this.#stay?.() === true) {
      this.#window.history.pushState(null, '', this.#path)
      return
    }
    this.#moved(path)
  }

  #moved(path: string): void {
    this.#path = path
    this.route.set(routeOf(path))
  }
}
