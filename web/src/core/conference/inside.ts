/** Inside is this person's place in the sealed group: commits in their order, what is said, picture and sound. */
import type { Clock } from '../clock'
import type { Asking, Line } from '../line/line'
import type { Link } from '../snapshot'
import type { Happening, Member, Said, Standing, Vault, VerificationCode } from '../vault'
import type { Admitted, AppPush, CommitPush, Presence, Slots, Task } from '../wire.gen'
import { fromBase64, toBase64 } from './base64'
import type { Board } from './board'
import type { Chat } from './chat'
import type { Keeper, MediaLine, MediaParts } from './parts'
import { compare, peopleOf } from './people'
import { codeOf } from './reasons'
import { Speaking } from './speaking'
import { SplitAlarm } from './split'

const levelEvery = 200 // ms
const ownVoice = 0.05
const wellStanding: Standing = { silent: [], lost: [], stopped: false, removing: [] }

export interface InsideParts {
  readonly board: Board
  readonly vault: Vault
  readonly keeper: Keeper
  readonly clock: Clock
  readonly chat: Chat
  readonly slots: number
  readonly line: () => Line
  readonly media: (parts: MediaParts) => MediaLine
  /** entered is called once the group is confirmed and people can be shown. */
  readonly entered: () => void
  /** unsealed is called when the group turned out not to be the host's. */
  readonly unsealed: () => void
}

export class Inside {
  readonly #parts: InsideParts
  readonly #speaking = new Speaking()
  readonly #stops: (() => void)[] = []
  readonly #split: SplitAlarm
  #standing = wellStanding
  #media: MediaLine | null = null
  #members: readonly Member[] = []
  #order: readonly string[] = []
  #slots: readonly string[] = []
  #away = new Set<string>()
  #whoSpeaks: ReadonlySet<string> = new Set()
  #ownLevel = 0
  #told = '' // the device states that the others know
  #confirmed = false
  #wished: readonly string[] = []

  constructor(parts: InsideParts) {
    this.#parts = parts
    const { keeper, board, clock } = parts
    this.#split = new SplitAlarm(board, clock)
    this.#stops.push(
      keeper.tracks.watch(() => {
        this.#setTracks()
      }),
      keeper.devices.watch(() => {
        void this.#tellDevices()
        this.#show()
      }),
      keeper.level.watch((level) => {
        this.#ownLevel = level
      }),
    )
  }

  get confirmed(): boolean {
    return this.#confirmed
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
    this.#startMedia()
    this.#enter()
  }

  /** admitted takes a Welcome; people are shown when the vault has the host's word for the group. */
  async admitted(push: Admitted): Promise<void> {
    const { vault, line } = this.#parts
    const { epoch } = await vault.join(fromBase64(push.welcome), fromBase64(push.tree), fromBase64(push.admission))
    await line().ask({ type: 'joined', epoch })
    this.#startMedia()
  }

  /** left lets go of the group, for a new one or for good. */
  left(): void {
    this.#confirmed = false
    this.#told = ''
    this.#media?.close()
    this.#media = null
    this.#slots = []
    this.#standing = wellStanding
    this.#split.clear()
    this.#parts.board.set({ stopped: false, verification: null })
  }

  /** linked tells how the line to the server is. */
  linked(link: Link): void {
    this.#split.linked(link)
  }

  close(): void {
    this.left()
    for (const stop of this.#stops) stop()
  }

  happened(h: Happening): void {
    const { board } = this.#parts
    switch (h.kind) {
      case 'roster':
        this.#roster(h.members)
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
    const { vault, line } = this.#parts
    const task = {
      lease: push.lease,
      epoch: push.epoch,
      adds: push.adds.map((a) => ({
        participant: a.participant,
        keyPackage: fromBase64(a.keyPackage),
        admission: fromBase64(a.admission),
      })),
      removes: push.removes.map((r) => ({ participant: r.participant, statement: fromBase64(r.statement) })),
    }
    const made = await vault.carryOut(task).catch((e: unknown) => {
      const participants = push.adds.map((a) => a.participant)
      if (codeOf(e) === 'commit_refused' && participants.length > 0)
        this.#ask({ type: 'cannot', lease: push.lease, participants })
      throw e
    })
    const { lease, epoch, added, removed } = made
    const [commit, welcome, tree] = [toBase64(made.commit), toBase64(made.welcome), toBase64(made.tree)]
    line()
      .ask({ type: 'commit', lease, epoch, commit, welcome, tree, added, removed })
      .catch(() => undefined) // stale or refused: the server asks again
  }

  async ordered(push: CommitPush): Promise<void> {
    await this.#parts.vault.ordered(push.epoch, fromBase64(push.commit))
  }

  async heard(push: AppPush): Promise<void> {
    if (this.#away.delete(push.from)) this.#show() // who has a new seat is told of as away no more
    const said: Said | null = await this.#parts.vault.hear(push.epoch, fromBase64(push.message))
    if (said?.kind === 'chat') this.#parts.chat.heard(said)
  }

  async slots(push: Slots): Promise<void> {
    this.#slots = push.slots
    await this.#parts.vault.slots(push.slots)
    this.#show()
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
    this.#setTracks()
    void this.#tellDevices()
    if (this.#wished.length > 0) this.#view()
  }

  #roster(members: readonly Member[]): void {
    const { board } = this.#parts
    const first = this.#members.length === 0 // whoever is here already did not come just now
    const change = compare(this.#members, members, this.#order)
    this.#members = members
    this.#order = change.order
    if (!first) for (const n of change.notices) board.notice(n.kind, n.name)
    this.#show()
  }

  #stand(standing: Standing): void {
    this.#standing = standing
    this.#split.take(standing.lost, (participant) => this.nameOf(participant))
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
    this.#ask({ type: 'app', epoch: h.epoch, message: toBase64(h.message), fleeting: h.fleeting })
  }

  async #tellDevices(): Promise<void> {
    if (!this.#confirmed) return
    const { cameraOn, microphoneOn } = this.#parts.keeper.devices.get()
    const now = `${String(microphoneOn)} ${String(cameraOn)}`
    if (now === this.#told) return
    this.#told = now
    const sealed = await this.#parts.vault.devices(microphoneOn, cameraOn).catch(() => null)
    if (sealed === null) return
    this.#ask({ type: 'app', epoch: sealed.epoch, message: toBase64(sealed.message), fleeting: false })
  }

  #ask<T extends 'view' | 'app' | 'cannot'>(request: Asking<T>): void {
    this.#parts
      .line()
      .ask(request)
      .catch(() => undefined) // what it tells is told again by the next one
  }

  #startMedia(): void {
    const { line, media, vault, slots, clock } = this.#parts
    this.#media?.close()
    this.#media = media({
      worker: vault.worker,
      slots,
      clock,
      ask: async (offer) => (await line().ask({ type: 'media', offer })).answer,
    })
    this.#media.start()
    this.#setTracks()
    this.#listen()
  }

  /** setTracks lends microphone and camera only to a confirmed group. */
  #setTracks(): void {
    const { microphone, camera } = this.#parts.keeper.tracks.get()
    this.#media?.setMicrophone(this.#confirmed ? microphone : null)
    this.#media?.setCamera(this.#confirmed ? camera : null)
  }

  #listen(): void {
    const media = this.#media
    if (media === null) return
    this.#parts.clock.after(levelEvery, () => {
      if (media !== this.#media) return
      const levels = new Map(this.#slots.flatMap((who, slot) => (who === '' ? [] : [[who, media.level(slot)]])))
      const { microphoneOn } = this.#parts.keeper.devices.get()
      levels.set(this.me().id, microphoneOn && this.#ownLevel > ownVoice ? 1 : 0)
      const changed = this.#speaking.heard(levels, this.#parts.clock.now())
      if (changed) {
        this.#whoSpeaks = changed
        this.#show()
      }
      this.#listen()
    })
  }

  #show(): void {
    if (!this.#confirmed) return
    const { board, keeper } = this.#parts
    const { cameraOn, microphoneOn, preview } = keeper.devices.get()
    const media = this.#media
    const people = peopleOf(this.#members, this.#order, {
      slots: this.#slots,
      away: this.#away,
      silent: this.#standing.silent,
      removing: this.#standing.removing,
      speaking: this.#whoSpeaks,
      mine: { camera: cameraOn, microphone: microphoneOn, preview },
      stream: (slot) => media?.stream(slot) ?? null,
    })
    board.set({ people })
  }
}
