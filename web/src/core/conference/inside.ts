/** Inside is this person's place in the sealed group: commits in their order, what is said, who is there. */
import type { Clock } from '../clock'
import type { Asking, Line } from '../line/line'
import type { Link } from '../snapshot'
import type { Happening, Member, Said, Standing, Vault, VerificationCode, Verdict } from '../vault'
import type { Admitted, AppPush, CommitPush, Presence, Reopened, Slots, Task } from '../wire.gen'
import { fromBase64, toBase64 } from './base64'
import type { Board } from './board'
import type { Chat } from './chat'
import { Comings } from './comings'
import { Gestures } from './gestures'
import type { Keeper, MediaLine, MediaParts } from './parts'
import { arrival, peopleOf } from './people'
import { Pictures } from './pictures'
import type { Place } from './place'
import { codeOf } from './reasons'
import type { Rules } from './rules'
import { appOf } from './sending'
import { SplitAlarm } from './split'

const reopenPatience = 3_000 // ms after a refusal: the server waits two seconds for those of others
const wellStanding: Standing = { silent: [], lost: [], stopped: false, removing: [], changing: false }

export interface InsideParts {
  readonly board: Board
  readonly vault: Vault
  readonly keeper: Keeper
  readonly clock: Clock
  readonly chat: Chat
  readonly rules: Rules
  readonly place: Place
  readonly slots: number
  readonly line: () => Line
  readonly media: (parts: MediaParts) => MediaLine
  /** entered is called once the group is confirmed and people can be shown. */
  readonly entered: () => void
  /** moved is called when a reload must know more than it would find. */
  readonly moved: () => void
  /** lost is called when this device cannot follow its group any more. */
  readonly lost: () => void
  /** unsealed is called when the group turned out not to be the host's. */
  readonly unsealed: () => void
}

export class Inside {
  readonly gestures: Gestures
  readonly #parts: InsideParts
  readonly #pictures: Pictures
  readonly #comings: Comings
  readonly #split: SplitAlarm
  readonly #stop: () => void
  #standing = wellStanding
  #members: readonly Member[] = []
  #order: readonly string[] = []
  #epoch = -1
  #away = new Set<string>()
  #told = '' // the device states that the others know
  #confirmed = false
  #byMajority = false // no host's or co-host's word, but more than half of the others'
  #wished: readonly string[] = []
  #stopStall: () => void = () => undefined // of waiting for a refused epoch to be opened again

  constructor(parts: InsideParts) {
    this.#parts = parts
    const { keeper, board, clock, vault, line, place } = parts
    const me = (): string => this.me().id
    const changed = (): void => {
      this.#show()
    }
    this.#split = new SplitAlarm(board, clock)
    this.#comings = new Comings(board)
    const { slots, media } = parts
    this.#pictures = new Pictures({ vault, keeper, clock, place, slots, line, media, me, changed })
    const nameOf = (p: string): string => this.nameOf(p)
    this.gestures = new Gestures({ board, vault, clock, line, me, nameOf, changed })
    this.#stop = keeper.devices.watch(() => {
      void this.#tellDevices()
      this.#show()
    })
  }

  get confirmed(): boolean {
    return this.#confirmed
  }

  get members(): readonly Member[] {
    return this.#members
  }

  nameOf(participant: string): string {
    return this.#members.find((m) => m.participant === participant)?.name ?? ''
  }

  me(): { id: string; name: string } {
    const me = this.#members.find((m) => m.me)
    return { id: me?.participant ?? '', name: me?.name ?? '' }
  }

  /** opened begins a group of one's own. */
  opened(): void {
    this.#pictures.start()
    this.#enter()
  }

  /** admitted takes a Welcome; people are shown when the vault has a host's word for the group. */
  async admitted(push: Admitted): Promise<void> {
    const { vault, line, place } = this.#parts
    const { epoch } = await vault.join(fromBase64(push.welcome), fromBase64(push.tree), fromBase64(push.admission))
    place.relay = (await line().ask({ type: 'joined', epoch })).relay
    this.#pictures.start()
  }

  /** cameBack goes on with the same group on a new seat: picture and sound start anew, the rest stays. */
  cameBack(): void {
    this.#away.clear()
    this.#told = ''
    this.#pictures.start()
    void this.#tellDevices()
    if (this.#wished.length > 0) this.#view()
    this.#show()
  }

  /** left lets go of the group, for a new one or for good. */
  left(): void {
    this.#stopStall()
    this.#confirmed = false
    this.#told = ''
    this.#epoch = -1
    this.#away.clear()
    this.#pictures.lend(false)
    this.#pictures.stop()
    this.#standing = wellStanding
    this.#split.clear()
    this.#comings.forget()
    this.gestures.clear()
    this.#parts.rules.changing(false)
    this.#parts.board.set({ stopped: false, verification: null })
  }

  /** linked tells how the line to the server is. */
  linked(link: Link): void {
    this.#split.linked(link)
  }

  close(): void {
    this.left()
    this.#pictures.close()
    this.#stop()
  }

  happened(h: Happening): void {
    const { board, rules } = this.#parts
    switch (h.kind) {
      case 'roster':
        this.#roster(h.members, h.epoch)
        return
      case 'rules':
        rules.take(h)
        this.#parts.moved()
        if (h.first && this.#byMajority)
          board.notice(h.rules.mine === 'guest' ? 'no-host-confirms' : 'others-confirm', '')
        return
      case 'passed':
        if (this.#confirmed) this.#comings.passed(h)
        return
      case 'standing':
        this.#stand(h.standing)
        return
      case 'verification':
        this.#verification(h.codes)
        return
      case 'alarm':
        board.alarm(h.code, this.nameOf(h.participant), h.detail)
        return
      case 'confirmed':
        this.#byMajority = h.byMajority
        this.#enter()
        return
      case 'unconfirmed':
        this.#parts.unsealed()
        return
      case 'send':
        this.#send(h)
        return
      case 'undecryptable':
        return // the server is asked for a key frame; a tile without a picture shows the person's initials
    }
  }

  /** task makes the commit that the server asks for; whether it counts shows when it comes back in its order. */
  async task(push: Task): Promise<void> {
    const { vault } = this.#parts
    const { lease, epoch } = push
    const task = {
      lease,
      epoch,
      policies: push.policies.map(fromBase64),
      consents: push.consents.map(fromBase64),
      adds: push.adds.map(({ participant, keyPackage, statement }) => ({
        participant,
        keyPackage: fromBase64(keyPackage),
        statement: fromBase64(statement),
      })),
      removes: push.removes.map((r) => ({ participant: r.participant, statement: fromBase64(r.statement) })),
    }
    const made = await vault.carryOut(task).catch((e: unknown) => {
      const participants = push.adds.map((a) => a.participant)
      if (codeOf(e) === 'commit_refused' && participants.length > 0) this.#ask({ type: 'cannot', lease, participants })
      throw e
    })
    const [commit, statement] = [toBase64(made.commit), toBase64(made.statement)]
    const [welcome, tree] = [toBase64(made.welcome), toBase64(made.tree)]
    this.#ask({ type: 'commit', lease: made.lease, epoch: made.epoch, commit, statement, welcome, tree }) // stale or refused: the server asks again
  }

  async ordered(push: CommitPush): Promise<void> {
    const { epoch } = push
    const [commit, statement] = [fromBase64(push.commit), fromBase64(push.statement)]
    const order = fromBase64(push.order)
    this.#judged(epoch, await this.#parts.vault.ordered({ epoch, commit, statement, order }))
  }

  async reopened(push: Reopened): Promise<void> {
    const refusals = push.refusals.map(fromBase64)
    const verdict = await this.#parts.vault.reopened(push.epoch, push.author, refusals)
    this.#stopStall()
    this.#judged(push.epoch, verdict)
  }

  /** judged sends a refusal, and goes on by a rejoin where the group cannot be followed and its epoch is not opened again. */
  #judged(epoch: number, verdict: Verdict): void {
    const { line, clock, lost } = this.#parts
    if (verdict.refusal.length > 0) {
      line()
        .ask({ type: 'refuse', epoch, statement: toBase64(verdict.refusal) })
        .catch(() => undefined) // the epoch is over already
      if (verdict.rejoin) this.#stopStall = clock.after(reopenPatience, lost)
    } else if (verdict.rejoin) lost()
  }

  async heard(push: AppPush): Promise<void> {
    if (this.#away.delete(push.from)) this.#show() // who has a new seat is told of as away no more
    const said: Said | null = await this.#parts.vault.hear(push.epoch, fromBase64(push.message))
    if (said?.kind === 'chat') this.#parts.chat.heard(said)
    else if (said?.kind === 'amend') this.#parts.chat.amended(said)
    else if (said?.kind === 'reaction' || said?.kind === 'hand') this.gestures.heard(said)
  }

  slots(push: Slots): void {
    this.#pictures.tell(push)
  }

  presence(push: Presence): void {
    if (push.connected) this.#away.delete(push.participant)
    else this.#away.add(push.participant)
    this.#show()
  }

  /** showing tells the server whose tiles are on screen. */
  showing(ids: readonly string[]): void {
    const wished = ids.filter((id) => id !== this.me().id).slice(0, 64)
    if (wished.join() === this.#wished.join()) return
    this.#wished = wished
    if (this.#confirmed) this.#view()
  }

  #view(): void {
    this.#ask({ type: 'view', participants: this.#wished })
  }

  #enter(): void {
    if (this.#confirmed) return
    this.#confirmed = true
    this.#parts.entered()
    this.#show()
    this.#pictures.lend(true)
    void this.#tellDevices()
    if (this.#wished.length > 0) this.#view()
  }

  #roster(members: readonly Member[], epoch: number): void {
    this.#members = members
    this.#order = arrival(members, this.#order)
    this.#comings.roster(members, this.#confirmed)
    this.gestures.keep(new Map(members.map((m) => [m.participant, m.hand > 0])))
    this.#parts.rules.seen()
    this.#show()
    if (epoch !== this.#epoch) this.#parts.moved()
    this.#epoch = epoch
  }

  #stand(standing: Standing): void {
    this.#standing = standing
    this.#split.take(standing.lost, (participant) => this.nameOf(participant))
    this.#parts.rules.changing(standing.changing)
    this.#parts.board.set({ stopped: standing.stopped })
    this.#show()
  }

  #verification(codes: readonly VerificationCode[]): void {
    const [newest, ...earlier] = [...codes].reverse()
    if (newest) this.#parts.board.set({ verification: { ...newest, earlier } })
  }

  /** send passes on what the vault wants said. What is fleeting is not kept for a line that is down: it would come too late. */
  #send(h: Extract<Happening, { kind: 'send' }>): void {
    if (h.fleeting && this.#parts.board.now.link !== 'connected') return
    this.#ask(appOf(h, h.fleeting))
  }

  async #tellDevices(): Promise<void> {
    if (!this.#confirmed) return
    const { cameraOn, microphoneOn } = this.#parts.keeper.devices.get()
    const now = `${String(microphoneOn)} ${String(cameraOn)}`
    if (now === this.#told) return
    this.#told = now
    const sealed = await this.#parts.vault.devices(microphoneOn, cameraOn).catch(() => null)
    if (sealed !== null) this.#ask(appOf(sealed, false))
  }

  #ask<T extends 'view' | 'app' | 'cannot' | 'commit'>(request: Asking<T>): void {
    this.#parts
      .line()
      .ask(request)
      .catch(() => undefined) // what it tells is told again by the next one
  }

  #show(): void {
    if (!this.#confirmed) return
    const { board, keeper } = this.#parts
    const { cameraOn, microphoneOn, preview } = keeper.devices.get()
    const people = peopleOf(this.#members, this.#order, {
      slots: this.#pictures.slots,
      away: this.#away,
      silent: this.#standing.silent,
      removing: this.#standing.removing,
      speaking: this.#pictures.speaking,
      mine: { camera: cameraOn, microphone: microphoneOn, preview },
      stream: (slot) => this.#pictures.stream(slot),
      reaction: (participant) => this.gestures.reactionOf(participant),
    })
    board.set({ people })
  }
}
