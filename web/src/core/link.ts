/** Links to meetings (protocol/README.md section 1): their secrets stand in the fragment, which no browser sends to a server. */
import { FormError } from './keys/bytes'
import { decode, encode } from './keys/crockford'

const meetingBytes = 16
const codeBytes = 10
const seedBytes = 32

/** MeetingLink is what a link carries, in the one written form; a code or seed that is missing or not of the form is null. */
export interface MeetingLink {
  readonly meeting: string
  readonly code: string | null
  readonly seed: string | null
}

/** readLink reads `/m/ID`, `/m/ID#CODE` and `/m/ID#CODE.SEED`; null when the path names no meeting. */
export function readLink(at: { readonly pathname: string; readonly hash: string }): MeetingLink | null {
  const id = /^\/m\/([^/]+)\/?$/.exec(at.pathname)?.[1]
  const meeting = id === undefined ? null : tidy(plain(id), meetingBytes)
  if (meeting === null) return null
  const [secrets = ''] = plain(at.hash.replace(/^#/, '')).split('~') // what follows is reserved for personal links
  const [code = '', seed = ''] = secrets.split('.')
  return { meeting, code: tidy(code, codeBytes), seed: tidy(seed, seedBytes) }
}

/** hideFragment takes the secrets out of the address bar and out of this history entry. */
export function hideFragment(history: History, location: Location): void {
  if (location.hash === '' && !location.href.endsWith('#')) return
  history.replaceState(history.state, '', location.pathname + location.search)
}

/** guestLink lets somebody knock. The code may be written in groups. */
export function guestLink(origin: string, meeting: string, code: string): string {
  return `${origin}/m/${meeting}#${code.replaceAll('-', '')}`
}

/** hostLink carries host rights. */
export function hostLink(origin: string, meeting: string, code: string, seed: string): string {
  return `${guestLink(origin, meeting, code)}.${seed}`
}

function tidy(written: string, size: number): string | null {
  try {
    return encode(decode(written, size))
  } catch (e) {
    if (e instanceof FormError) return null
    throw e
  }
}

/** plain undoes percent signs, which some programs put into a link; what is no such writing stays as it is. */
function plain(written: string): string {
  try {
    return decodeURIComponent(written)
  } catch {
    return written
  }
}
