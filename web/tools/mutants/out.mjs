// Which check stands for which rule of the protocol, and which test has to notice when it is gone.
/** evil is a file of the evil suite. */
export const evil = (file) => `evil/${file}.test.ts`

/** out takes a check of a rule away, or puts something in its place; name filters the tests of a file. */
export const out = (rule, file, what, find, test, name, put = '') => ({
  rule,
  file,
  what,
  edits: [[find, put]],
  test,
  name,
})
