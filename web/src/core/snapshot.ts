/**
 * What the page shows and what a person can ask for: the one seam between core and app.
 * A view gets a Snapshot and Commands, nothing else. Every value is replaced, never mutated.
 */

import type { Allows, Reaction, Role, To } from './vault'

export type { Allows, Reaction, Role, To } from './vault'

/** FaultCode is a stable code of protocol/faults.json; the texts are in src/text by language. */
export type FaultCode = string

/** Phase is where this person stands with the meeting. */
export type Phase =
  | { readonly name: 'opening' } // asking the server what this meeting is
  | {
      readonly name: 'pre-join'
      readonly needsCode: boolean // the link lacks the access code: ask for it
      readonly fault: FaultCode | null // why the last try did not work: code_wrong stands under the field, others above the button
      readonly busy: boolean // Ask to join or Start meeting was pressed
      readonly host: boolean // the link carries host rights
      readonly suggestedName: string // the name this person used before, on this device
    }
  | { readonly name: 'waiting'; readonly for: 'host' | 'answer'; readonly askStill: boolean; readonly since: number }
  | { readonly name: 'entering' } // let in: joining the sealed group
  | { readonly name: 'meeting' }
  | { readonly name: 'over'; readonly reason: OverReason }

/** OverReason picks the farewell page. */
export type OverReason =
  | 'ended' // by the host's signed word
  | 'closed' // the server closed it without such a word
  | 'left'
  | 'denied'
  | 'lapsed'
  | 'removed'
  | 'locked' // the meeting is locked: nobody new comes in
  | 'unknown' // does not exist or is over
  | 'unsupported' // this browser cannot join; see Snapshot.missing
  | 'elsewhere' // opened in another tab or on another device of the host
  | 'full'
  | 'unsealed' // the joiner's checks refused the group; see Snapshot.alarms

/** Link is how the line to the server is. */
export type Link = 'connecting' | 'connected' | 'reconnecting'

export interface Person {
  readonly id: string // participant id
  readonly name: string // '' until the name was proven
  readonly me: boolean
  readonly role: Role
  readonly hand: number // since when it is raised (ms since 1970), 0 when down
  readonly reaction: Reaction | null // shown for some seconds
  readonly microphone: boolean // as the person's own sealed device state says
  readonly camera: boolean
  readonly speaking: boolean
  readonly away: boolean // no connection just now, says the server
  readonly confirmed: boolean // their device said lately that it is in the same group as ours
  readonly removing: boolean // their removal was ordered here and is being carried out
  readonly stream: MediaStream | null // sound and picture of this person; mine is the local picture without sound
  readonly video: boolean // a picture can be shown now
}

export interface Knocker {
  readonly id: string
  readonly name: string
  readonly since: number // ms since 1970
  readonly lookalike: boolean // the name equals or resembles one inside or at the door
  readonly suspect: boolean // somebody was removed for good, and this could be them
  readonly busy: boolean // an answer is on its way
}

/** Barred is somebody who was removed for good; a host may pardon them. */
export interface Barred {
  readonly device: string
  readonly name: string // '' where this device does not know it
}

/** Refused is somebody whom the host did not let in and may allow to knock again. */
export interface Refused {
  readonly id: string
  readonly name: string
}

export interface ChatLine {
  readonly id: string
  readonly from: string // participant id
  readonly name: string
  readonly mine: boolean
  readonly text: string // '' when deleted
  readonly to: To
  readonly toName: string // of the one person it is for; '' otherwise
  readonly amended: 'no' | 'edited' | 'deleted'
  readonly at: number // ms since 1970, this device's clock
  readonly state: 'sending' | 'sent' | 'failed'
}

export interface DeviceChoice {
  readonly id: string
  readonly label: string
}

/** Trouble is why a device cannot be used; each has a sentence with a remedy. */
export type Trouble = 'blocked' | 'none' | 'busy' | 'lost' | 'failed'

export interface Devices {
  readonly cameras: readonly DeviceChoice[]
  readonly microphones: readonly DeviceChoice[]
  readonly speakers: readonly DeviceChoice[] // empty where the browser cannot choose
  readonly camera: string // chosen id, '' for the default
  readonly microphone: string
  readonly speaker: string
  readonly cameraOn: boolean
  readonly microphoneOn: boolean
  readonly cameraTrouble: Trouble | null
  readonly microphoneTrouble: Trouble | null
  readonly preview: MediaStream | null // the local picture while the camera is on
}

/** noDevices is before any device was looked for: all off. */
export const noDevices: Devices = {
  cameras: [],
  microphones: [],
  speakers: [],
  camera: '',
  microphone: '',
  speaker: '',
  cameraOn: false,
  microphoneOn: false,
  cameraTrouble: null,
  microphoneTrouble: null,
  preview: null,
}

/** Alarm is something that does not fit: a plain sentence by code, a detail for experts. */
export interface Alarm {
  readonly id: string
  readonly code: string // text.alarms
  readonly person: string // name of whom it is about, or ''
  readonly detail: string
}

/** Notice is a passing event to be told once: joined, left, removed, knock… */
export interface Notice {
  readonly id: number
  readonly kind:
    | 'joined'
    | 'left'
    | 'absent' // gone without a word
    | 'returned' // a device came back by itself
    | 'removed'
    | 'knock'
    | 'muted-by-self'
    | 'back'
    | 'locked' // name: by whom
    | 'unlocked'
    | 'co-host' // name is one now
    | 'co-host-no-more'
    | 'host'
    | 'hand' // name raised it
    | 'pardoned'
    | 'regrouped' // the host opened a new group
    | 'bars-forgotten' // people removed before may knock again
    | 'no-host-confirms' // came back while no host is here: more than half of the others confirmed
    | 'others-confirm' // a host or co-host came back alone of them, confirmed likewise
    | 'fault'
  readonly name: string
  readonly code: FaultCode // '' unless the kind is fault
}

/** Digits are one verification code: 30 digits, and the number by which two people find the same one. */
export interface Digits {
  readonly epoch: number
  readonly digits: string
}

/** Verification is the newest code with those before it, the newest first. */
export interface Verification extends Digits {
  readonly earlier: readonly Digits[]
}

export interface Snapshot {
  readonly phase: Phase
  readonly title: string // '' while unknown
  readonly link: Link
  readonly host: boolean // the link carries host rights, or the policy does
  readonly role: Role // mine
  readonly locked: boolean
  readonly allows: Allows // of guests
  readonly may: Allows // of mine
  readonly changing: boolean // a change of the rules that was asked for here is being carried out
  readonly barred: readonly Barred[] // hosts only
  readonly people: readonly Person[] // in the meeting, me first, then by arrival
  readonly waiting: readonly Knocker[] // hosts only, by arrival
  readonly refused: readonly Refused[] // hosts only
  readonly chat: readonly ChatLine[]
  readonly unread: number
  readonly devices: Devices
  readonly alarms: readonly Alarm[]
  readonly stopped: boolean // nothing is sent: nobody confirmed the connection lately
  readonly verification: Verification | null // null before the group is confirmed
  readonly notices: readonly Notice[] // the last eight
  readonly missing: readonly string[] // what an unsupported browser lacks
  readonly guestLink: string // hosts only: to share
  readonly accessCode: string // hosts only: to tell
}

/** Commands is everything a person can do. None throws: what fails shows in the snapshot. */
export interface Commands {
  setCamera(on: boolean): void
  setMicrophone(on: boolean): void
  chooseCamera(id: string): void
  chooseMicrophone(id: string): void
  chooseSpeaker(id: string): void
  refreshDevices(): void // after a remedy: try again
  enter(name: string, code: string): void // Ask to join, or Start meeting
  stillHere(): void // keep waiting
  stopWaiting(): void
  admit(ids: readonly string[]): void // only ids that were on screen for half a second
  deny(id: string): void
  allowAgain(id: string): void // lifts a denial
  remove(id: string): void // for good, until pardoned
  pardon(device: string): void
  lock(on: boolean): void
  allow(allows: Allows): void // what guests may do
  makeCoHost(id: string, on: boolean): void
  makeHost(id: string): void
  say(text: string, to: To): void
  amend(id: string, text: string | null): void // null deletes; own messages only
  react(reaction: Reaction): void
  hand(up: boolean): void
  lowerHand(id: string): void // hosts and co-hosts
  readChat(): void // the panel is open: nothing is unread
  showing(ids: readonly string[]): void // whose tiles are on screen, most important first
  dismissAlarm(id: string): void
  leave(): void
  handOver(id: string): void // makes a host of them, then leaves
  end(): void
  comeBack(): void // from 'left': to pre-join
  playSpeakerTest(): void
}

/** Level is a microphone's loudness 0…1 as a stream of its own: it changes too often for snapshots. */
export interface LevelSource {
  watch(changed: (level: number) => void): () => void
}

/** Made is a new meeting, as the organiser gets it. */
export interface Made {
  readonly hostLink: string
  readonly guestLink: string
  readonly accessCode: string // in groups of four
  readonly expires: number // ms since 1970 if never started
}

/** Organiser makes meetings. */
export interface Organiser {
  /** make throws a FaultCode in an Error's message. */
  make(title: string): Promise<Made>
}
