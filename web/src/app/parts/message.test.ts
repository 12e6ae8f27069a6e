import fc from 'fast-check'
import { render } from 'svelte/server'
import { describe, expect, it } from 'vitest'
import type { ChatLine } from '../../core/snapshot'
import Message from './Message.svelte'

const line = (text: string, name = 'Jonas'): ChatLine => ({
  id: '1',
  from: 'p1',
  name,
  mine: false,
  text,
  to: { kind: 'all' },
  toName: '',
  amended: 'no',
  at: 0,
  state: 'sent',
})

const html = (text: string, name?: string): string =>
  render(Message, {
    props: {
      line: line(text, name),
      follows: false,
      onagain: () => undefined,
      onedit: () => undefined,
      ondelete: () => undefined,
    },
  }).body

/** The elements and attributes of a rendering, without its words. */
const skeleton = (markup: string): string => [...markup.matchAll(/<[^>]*>/g)].map((tag) => tag[0]).join('')

describe('what others write', () => {
  const attacks = [
    '<img src=x onerror=alert(1)>',
    '"><script>alert(1)</script>',
    '</p></article><iframe src="//example.org">',
    'javascript:alert(1)',
    'https://example.org',
    '\\\\server\\share',
    'smb://server/share file:///etc/passwd',
    'data:text/html,<script>alert(1)</script>',
    '{@html "<b>x</b>"} ${1+1} {{1+1}}',
    '<!-- --!> <svg/onload=alert(1)>',
  ]

  it.each(attacks)('stays text: %s', (attack) => {
    expect(skeleton(html(attack))).toBe(skeleton(html('hello')))
    expect(skeleton(html('hello', attack))).toBe(skeleton(html('hello')))
    expect(html(attack)).not.toMatch(/<a\b|href=/)
  })

  it('stays text whatever it is', () => {
    const plain = skeleton(html('hello'))
    fc.assert(
      fc.property(fc.stringMatching(/^[<>"'&=/ !:;{}abijs`\\\n-]{0,60}$/), (text) => {
        expect(skeleton(html(`x${text}`, `x${text}`))).toBe(plain)
      }),
      { numRuns: 500 },
    )
  })
})
