/** Role is a role of the names' table; a thing is found by role and accessible name, as people's tools find it. */
export type Role =
  | 'button'
  | 'textbox'
  | 'switch'
  | 'combobox'
  | 'status'
  | 'heading'
  | 'group'
  | 'list'
  | 'listitem'
  | 'menuitem'
  | 'alert'
  | 'log'
  | 'dialog'
  | 'region'

/** Window is one browser window of one person, whichever browser it is. */
export interface Window {
  open(address: string): Promise<void>
  reload(): Promise<void>
  address(): Promise<string>
  click(role: Role, name: string): Promise<void>
  fill(role: Role, name: string, text: string): Promise<void>
  value(role: Role, name: string): Promise<string>
  see(role: Role, name: string, limit?: number): Promise<void>
  seesNow(role: Role, name: string): Promise<boolean>
  text(): Promise<string> // all that can be read
  run<A, R>(task: (given: A) => R, given: A): Promise<Awaited<R>>
  picture(file: string): Promise<void>
  requests(): readonly string[] // addresses of everything that the page asked for
  close(): Promise<void>
}
