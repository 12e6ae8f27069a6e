/** Forms of a counted word; `other` serves every category that a language does not tell apart. */
export type Forms = { readonly other: string } & Partial<Record<Intl.LDMLPluralRule, string>>

/** plural picks the form for n by the language's rules and puts the number, in its digits, where # stands. */
export function plural(language: string, n: number, forms: Forms): string {
  const form = forms[new Intl.PluralRules(language).select(n)] ?? forms.other
  return form.replaceAll('#', new Intl.NumberFormat(language).format(n))
}
