import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { colourOf, initials, plainText } from './words'

describe('initials', () => {
  it.each([
    ['Priya Raman', 'PR'],
    ['tomás', 'T'],
    ['Dr. Muthulakshmi Venkataraghavan-Subramaniam', 'DV'],
    ['लीला हद्दाद', 'ली'],
    ['王小明', '王'],
    ['🦊', '🦊'],
    ['', ''],
  ])('of %j', (name, letters) => {
    expect(initials(name)).toBe(letters)
  })
})

it('one id has one colour of six', () => {
  fc.assert(
    fc.property(fc.string(), (id) => {
      expect([1, 2, 3, 4, 5, 6]).toContain(colourOf(id))
      expect(colourOf(id)).toBe(colourOf(id))
    }),
  )
})

describe('a message', () => {
  it('keeps its words, lines and joiners', () => {
    expect(plainText('a\r\nb\n\tc क्\u200dष')).toBe('a\nb\n\tc क्\u200dष')
  })
  it('loses direction marks, controls and towers of accents', () => {
    expect(plainText(`x\u202ey\u0007z\u2066 a${'\u0301'.repeat(50)}`)).toBe(`xyz a${'\u0301'.repeat(4)}`)
  })
  it('is the same when it is made plain twice', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const plain = plainText(text)
        expect(plainText(plain)).toBe(plain)
      }),
    )
  })
})
