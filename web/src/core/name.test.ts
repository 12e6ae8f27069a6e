import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkName, cleanName, cleanTitle, nameBytes, nameGraphemes, titleBytes } from './name'

const bytes = (text: string): number => new TextEncoder().encode(text).length
const graphemes = (text: string): number => [...new Intl.Segmenter('und').segment(text)].length

describe('a name', () => {
  it.each([
    ['stays as it is', 'Meera Krishnan', 'Meera Krishnan'],
    ['loses space around and within', '  Meera \t\n Krishnan ', 'Meera Krishnan'],
    ['takes the composed form', 'Toma\u0301s', 'Tom\u00e1s'],
    ['loses marks of direction', 'gpj.\u202eMeera\u2066', 'gpj.Meera'],
    ['loses control signs', 'Me\u0000e\u0007ra\u009b', 'Meera'],
    ['loses invisible signs', 'Mee\u200bra\u2060\ufeff\u00ad', 'Meera'],
    ['keeps the joiners of Indic writing', 'क्\u200dष', 'क्\u200dष'],
    ['keeps the joiners of emoji', '👩\u200d🚀', '👩\u200d🚀'],
    ['loses joiners that join nothing', '\u200dMeera\u200c', 'Meera'],
    ['loses letters that look like nothing', '\u3164Meera\u2800', 'Meera'],
    ['loses lone surrogates', 'Mee\ud800ra', 'Mee\ufffdra'],
    ['keeps four marks on a letter and no more', `a${'\u0323'.repeat(30)}`, `\u1ea1${'\u0323'.repeat(4)}`],
  ])('%s', (_, typed, name) => {
    expect(cleanName(typed)).toBe(name)
  })

  it('keeps 64 letters and drops the rest', () => {
    expect(cleanName('a'.repeat(500))).toBe('a'.repeat(nameGraphemes))
    expect(checkName('a'.repeat(nameGraphemes + 1))).toBe('long')
  })

  it('never cuts a letter in two', () => {
    const family = '👨\u200d👩\u200d👧\u200d👦'
    expect(cleanName(family.repeat(40))).toBe(family.repeat(Math.floor(nameBytes / bytes(family))))
  })

  it.each([
    ['', 'empty'],
    ['  ', 'empty'],
    ['\u202e', 'empty'],
    [' Meera', 'unclean'],
    ['Mee\u202era', 'unclean'],
    ['Toma\u0301s', 'unclean'],
    ['x'.repeat(20_000), 'long'],
    ['Meera', null],
  ])('from somebody else is judged: %.20s is %s', (name, fault) => {
    expect(checkName(name)).toBe(fault)
  })

  it('once cleaned is clean, short enough, and fit to be shown', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary', maxLength: 400 }), fc.string({ unit: 'grapheme' })), (typed) => {
        const name = cleanName(typed)
        expect(cleanName(name)).toBe(name)
        expect(graphemes(name)).toBeLessThanOrEqual(nameGraphemes)
        expect(bytes(name)).toBeLessThanOrEqual(nameBytes)
        expect(checkName(name)).toBe(name === '' ? 'empty' : null)
        expect(bytes(cleanTitle(typed))).toBeLessThanOrEqual(titleBytes)
      }),
      { numRuns: 2_000 },
    )
  })
})
