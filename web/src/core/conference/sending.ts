/** appOf is a sealed message as it goes to the server. */
import type { Asking } from '../line/line'
import type { Sealed } from '../vault'
import { toBase64 } from './base64'

export function appOf(sealed: Sealed, fleeting: boolean): Asking<'app'> {
  const { epoch, message, to } = sealed
  return { type: 'app', epoch, message: toBase64(message), fleeting, to }
}
