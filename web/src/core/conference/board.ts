/** Board holds what is known of one meeting and shows it as a Snapshot: one change, one new snapshot. */
import type { Notice, Snapshot } from '../snapshot'
import { Watchable } from '../watchable'

const shownNotices = 8
const mostChat = 1_000 // older lines go: a page that stays open for a day must not grow without end
const mostAlarms = 20

type Change = Partial<Snapshot>

export class Board {
  readonly snapshot: Watchable<Snapshot>
  #notices = 0

  constructor(start: Snapshot) {
    this.snapshot = new Watchable(start)
  }

  get now(): Snapshot {
    return this.snapshot.get()
  }

  set(change: Change): void {
    this.snapshot.set({ ...this.now, ...change })
  }

  notice(kind: Notice['kind'], name: string, code = ''): void {
    const notice = { id: ++this.#notices, kind, name, code }
    this.set({ notices: [...this.now.notices, notice].slice(-shownNotices) })
  }

  alarm(code: string, person: string, detail: string): void {
    const same = this.now.alarms.some((a) => a.code === code && a.person === person)
    if (same) return
    const alarm = { id: `${code} ${person} ${String(++this.#notices)}`, code, person, detail }
    this.set({ alarms: [...this.now.alarms, alarm].slice(-mostAlarms) })
  }

  /** hold shows an alarm that stands as long as its cause; one with the same id changes its words. */
  hold(id: string, code: string, person: string): void {
    const alarm = { id, code, person, detail: '' }
    this.set({ alarms: [...this.now.alarms.filter((a) => a.id !== id), alarm].slice(-mostAlarms) })
  }

  drop(id: string): void {
    if (this.now.alarms.some((a) => a.id === id)) this.set({ alarms: this.now.alarms.filter((a) => a.id !== id) })
  }

  chat(change: (lines: Snapshot['chat']) => Snapshot['chat']): void {
    this.set({ chat: change(this.now.chat).slice(-mostChat) })
  }
}
