/**
 * Names and titles that people give: what may stand in one, and how what was typed becomes one.
 * The limits hold on both sides: a sender cleans, a receiver checks what arrived.
 */

export const nameGraphemes = 64
export const nameBytes = 254 // sealed names are padded to 256 bytes, two of them for the length
const titleGraphemes = 120
export const titleBytes = 510 // sealed titles are padded to 512 bytes

/** NameFault says why a text is no name: nothing visible in it, too long, or not in the one clean form. */
export type NameFault = 'empty' | 'long' | 'unclean'

// Control characters, private use, lone surrogates, and every invisible formatting sign (among them all that
// turn the writing direction), but not the two joiners that Indic writing and emoji need.
const unwanted = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Cn}]/gu
const looseJoiner =
  /(?<![\p{L}\p{M}\p{Extended_Pictographic}])[\u200c\u200d]+|[\u200c\u200d]+(?![\p{L}\p{M}\p{Extended_Pictographic}])/gu
const space = /[\s\p{Z}\u115f\u1160\u2800\u3164\uffa0]+/gu // with the letters that look like nothing
const pile = /(\p{M}{4})\p{M}+/gu // more than four marks on one letter is drawing over others' lines

const segments = new Intl.Segmenter('und', { granularity: 'grapheme' })
const encoder = new TextEncoder()

/** cleanName makes a name out of what was typed; '' when nothing visible is left. */
export function cleanName(typed: string): string {
  return clean(typed, nameGraphemes, nameBytes)
}

/** cleanTitle does the same for a meeting's title. */
export function cleanTitle(typed: string): string {
  return clean(typed, titleGraphemes, titleBytes)
}

/** checkName judges a name that came from somebody else; null means it is fit to be shown. */
export function checkName(name: string): NameFault | null {
  if (encoder.encode(name).length > nameBytes) return 'long'
  const tidied = tidy(name)
  if (tidied === '') return 'empty'
  if (tidied !== name) return 'unclean'
  return cut(name, nameGraphemes, nameBytes) === name ? null : 'long'
}

function clean(typed: string, graphemes: number, bytes: number): string {
  // Nobody types this much; the cut keeps a pasted book from costing time.
  return tidy(cut(tidy(typed.slice(0, 4 * bytes)), graphemes, bytes))
}

function tidy(text: string): string {
  return text
    .toWellFormed()
    .normalize('NFC')
    .replace(space, ' ')
    .replace(unwanted, '')
    .replace(looseJoiner, '')
    .replace(pile, '$1')
    .trim()
    .normalize('NFC')
}

function cut(text: string, graphemes: number, bytes: number): string {
  let kept = ''
  let count = 0
  let size = 0
  for (const { segment } of segments.segment(text)) {
    size += encoder.encode(segment).length
    if (++count > graphemes || size > bytes) break
    kept += segment
  }
  return kept
}
