import { en } from './en'
import { serverFault, type FaultText } from './faults'

// A dictionary has English's shape: the same keys, any words.
type Words<T> = T extends string
  ? string
  : T extends (...given: infer G) => string
    ? (...given: G) => string
    : { readonly [K in keyof T]: Words<T[K]> }

/** Text is every sentence a person reads, in one language. */
export type Text = Words<typeof en>

const dictionaries = { en } satisfies Record<string, Text>

/** Language is one that the page speaks. */
export type Language = keyof typeof dictionaries

/** pick chooses the first of the wished languages that the page speaks, else English. */
export function pick(wished: readonly string[]): Language {
  for (const tag of wished) {
    const language = tag.toLowerCase().split('-')[0] ?? ''
    if (Object.hasOwn(dictionaries, language)) return language as Language
  }
  return 'en'
}

/** language is what this page speaks from its opening to its end. */
export const language: Language = pick(typeof navigator === 'undefined' ? [] : navigator.languages)

/** locale is that language with the region the person uses, for dates and clocks. */
export const locale: string =
  (typeof navigator === 'undefined' ? [] : navigator.languages).find((tag) => tag.toLowerCase().startsWith(language)) ??
  language

export const text: Text = dictionaries[language]

/** faultText gives the sentences for a stable code: what happened and what to do next. */
export function faultText(code: string): FaultText {
  const own: Readonly<Record<string, FaultText>> = text.faults
  return (Object.hasOwn(own, code) ? own[code] : undefined) ?? serverFault(code)
}

/** alarmText is the sentence for something that does not fit, with the name of whom it is about, if anybody. */
export function alarmText(code: string, person: string): string {
  const sentences: Readonly<Record<string, string>> = text.alarms.sentences
  const sentence = (Object.hasOwn(sentences, code) ? sentences[code] : undefined) ?? text.alarms.unknown
  return person === '' ? sentence : text.alarms.about(person, sentence)
}
