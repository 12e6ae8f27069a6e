/** Small pure things the views share: initials, a colour for a person, text of others made harmless. */

const segments = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

const first = (word: string): string => {
  for (const { segment } of segments.segment(word)) return segment
  return ''
}

/** initials gives the first letters of a name's first and last word, or only one where letters carry signs and are broad. */
export function initials(name: string): string {
  const words = name.split(' ').filter((word) => /^[\p{L}\p{N}]/u.test(word))
  const head = first(words[0] ?? name)
  const tail = words.length > 1 ? first(words.at(-1) ?? '') : ''
  const broad = /\p{M}|[^\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}\p{N}]/u.test(head + tail)
  return (broad ? head : head + tail).toLocaleUpperCase()
}

/** colourOf picks one of the six person colours, the same for one id on every screen. */
export function colourOf(id: string): number {
  let sum = 0
  for (const sign of id) sum = (sum * 31 + (sign.codePointAt(0) ?? 0)) % 9973
  return (sum % 6) + 1
}

const invisible = /(?![\n\t\u200c\u200d])[\p{Cc}\p{Cf}\p{Co}\p{Cs}]/gu
const piledMarks = /(\p{M}{4})\p{M}+/gu

/** plainText takes from a message what could disturb other lines: direction marks, control signs, piled-up accents. */
export function plainText(message: string): string {
  return message
    .toWellFormed()
    .replace(/\r\n?|\u2028|\u2029/g, '\n')
    .replace(invisible, '')
    .replace(piledMarks, '$1')
}
