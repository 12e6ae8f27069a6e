import { describe, expect, it } from 'vitest'
import faults from '../../../protocol/faults.json'
import { en } from './en'
import { alarmText, faultText, pick } from './index'
import { plural } from './plural'

/** Every sentence of a dictionary with its place; functions are called with what they may get. */
function sentences(node: unknown, place = ''): [string, string][] {
  if (typeof node === 'string') return [[place, node]]
  if (typeof node === 'function') {
    const call = node as (...given: unknown[]) => string
    return [1, 2].map((n) => [
      place,
      call(/Count|count|Ago|room|areAt|page|device|handRaised/.test(place) ? n : 'Ada', n),
    ])
  }
  return Object.entries(node as object).flatMap(([key, value]) => sentences(value, `${place}.${key}`))
}

describe('English', () => {
  const all = sentences(en)

  it('leaves nothing out', () => {
    for (const [place, sentence] of all) {
      expect(sentence.trim(), place).not.toBe('')
      expect(sentence, place).not.toMatch(/undefined|\[object|TODO|#\s|NaN/)
    }
  })

  it('uses the words for people', () => {
    const banned = /\b(please|oops|error|invalid|session|participant|lobby|admission|epoch)\b|!/i
    for (const [place, sentence] of all) expect(sentence, place).not.toMatch(banned)
  })

  it('keeps the names by which tests and assistive technology find things', () => {
    expect([en.home.create, en.create.name, en.create.button, en.create.proceed]).toEqual([
      'New meeting',
      'Title',
      'Create',
      'Continue',
    ])
    expect([en.create.hostLink, en.create.guestLink, en.create.accessCode].map(en.create.copy)).toEqual([
      'Copy host link',
      'Copy guest link',
      'Copy access code',
    ])
    expect([en.door.admit('Meera'), en.door.deny('Meera'), en.door.admitAll]).toEqual([
      'Admit Meera',
      'Deny Meera',
      'Admit all',
    ])
    expect([en.remove.title('Meera'), en.end.title]).toEqual(['Remove Meera?', 'End the meeting for everyone?'])
    expect([en.preJoin.codeWrong, en.waiting.answer, en.waiting.host]).toEqual([
      'That access code is not right',
      'Waiting for the host to let you in',
      'The meeting has not started',
    ])
    expect([en.security.lock, en.meeting.hand, en.meeting.reactions, en.chat.to]).toEqual([
      'Lock meeting',
      'Raise hand',
      'Reactions',
      'To',
    ])
    expect(Object.values(en.people.act)).toEqual([
      'Lower hand',
      'Make co-host',
      'Remove from co-hosts',
      'Make host',
      'Remove',
    ])
    expect([en.security.pardon('Ravi'), en.handOver.yes, en.security.allow.chat]).toEqual([
      'Allow Ravi to knock again',
      'Hand over and leave',
      'Write to everyone',
    ])
    expect(Object.values(en.over).flatMap((page) => (typeof page === 'string' ? [] : [page.title]))).toEqual(
      expect.arrayContaining([
        'The meeting has ended',
        'You left the meeting',
        'The host did not let you in',
        'Nobody answered',
        'You were removed from the meeting',
        'This meeting is locked',
        'This meeting does not exist or is over',
        'This browser cannot join',
      ]),
    )
  })
})

describe('faults', () => {
  it.each(Object.keys(faults))('%s has a sentence and a next step', (code) => {
    expect(faultText(code).text).not.toBe('')
    expect(faultText(code).todo).not.toBe('')
  })
  it('that only the page can tell have words of their own', () => {
    expect(faultText('line_broken').text).toBe('We cannot reach the server.')
    expect(faultText('not_allowed').todo).toBe('Ask the host to allow it.')
  })
  it('that this page does not know yet still say something', () => {
    expect(faultText('of_tomorrow')).toEqual(faultText('internal'))
    expect(faultText('constructor')).toEqual(faultText('internal'))
  })
})

describe('alarms', () => {
  it.each(Object.keys(en.alarms.sentences))('%s says more than that something does not fit', (code) => {
    expect(alarmText(code, '')).not.toBe(en.alarms.unknown)
    expect(alarmText(code, 'Ravi')).toMatch(/^Ravi: [A-Z]/)
  })
  it('that this page does not know yet still say something', () => {
    expect(alarmText('of_tomorrow', '')).toBe(en.alarms.unknown)
    expect(alarmText('constructor', '')).toBe(en.alarms.unknown)
  })
})

it('a counted word follows the rules of its language', () => {
  const forms = { one: '# person', other: '# people' }
  expect([0, 1, 2].map((n) => plural('en', n, forms))).toEqual(['0 people', '1 person', '2 people'])
  expect(plural('ar', 3, { few: 'few', other: 'other' })).toBe('few')
  expect(plural('pl', 3, { other: 'other' })).toBe('other')
})

it('the first wished language that the page speaks is taken', () => {
  expect(pick(['fr-FR', 'en-GB'])).toBe('en')
  expect(pick(['constructor'])).toBe('en')
  expect(pick([])).toBe('en')
})
