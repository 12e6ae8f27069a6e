// Code generated from internal/wire; DO NOT EDIT. To renew it: go test ./internal/wire -run TypeScript -update
// The language of protocol/README.md, section 6.

/** Base64 is bytes as standard base64 with padding. */
export type Base64 = string
/** MeetingID is 26 characters of Crockford base32, lower case. */
export type MeetingID = string
/** ParticipantID is 32 lower-case hex digits. */
export type ParticipantID = string
/** FaultCode is a code of protocol/faults.json. */
export type FaultCode = string

export const version = 1
export const subprotocol = 'incamera.1'
export const maxBytesAtDoor = 65536
export const maxBytesSeated = 524288

export type Reason = 'ended' | 'closed' | 'denied' | 'lapsed' | 'removed' | 'locked' | 'elsewhere' | 'full'

export interface Hello {
  readonly type: 'hello'
  readonly id?: number
  readonly version: number
  readonly meeting: MeetingID
}

export interface Host {
  readonly type: 'host'
  readonly id?: number
  readonly participant: ParticipantID
  readonly device: Base64
  readonly statement: Base64
}

export interface Knock {
  readonly type: 'knock'
  readonly id?: number
  readonly participant: ParticipantID
  readonly device: Base64
  readonly keyPackage: Base64
  readonly sealedName: Base64
  readonly entry: Base64
  readonly statement: Base64
}

export interface Rejoin {
  readonly type: 'rejoin'
  readonly id?: number
  readonly participant: ParticipantID
  readonly device: Base64
  readonly keyPackage: Base64
  readonly entry: Base64
  readonly statement: Base64
}

export interface Revive {
  readonly type: 'revive'
  readonly id?: number
  readonly participant: ParticipantID
  readonly device: Base64
  readonly statement: Base64
  readonly group: Base64
  readonly epoch: number
  readonly state: Base64
}

export interface Return {
  readonly type: 'return'
  readonly id?: number
  readonly participant: ParticipantID
  readonly device: Base64
  readonly statement: Base64
  readonly group: Base64
  readonly epoch: number
}

export interface Stay {
  readonly type: 'stay'
  readonly id?: number
}

export interface Withdraw {
  readonly type: 'withdraw'
  readonly id?: number
}

export interface Resume {
  readonly type: 'resume'
  readonly id?: number
  readonly participant: ParticipantID
  readonly ticket: Base64
  readonly statement: Base64
  readonly seq: number
}

export interface Open {
  readonly type: 'open'
  readonly id?: number
  readonly group: Base64
  readonly policy: Base64
  readonly keyPackage: Base64
  readonly admission: Base64
}

export interface Take {
  readonly type: 'take'
  readonly id?: number
  readonly keyPackage: Base64
  readonly admission: Base64
  readonly policy: Base64
}

export interface Admit {
  readonly type: 'admit'
  readonly id?: number
  readonly admission: Base64
}

export interface Deny {
  readonly type: 'deny'
  readonly id?: number
  readonly participant: ParticipantID
}

export interface Allow {
  readonly type: 'allow'
  readonly id?: number
  readonly participant: ParticipantID
}

export interface Policy {
  readonly type: 'policy'
  readonly id?: number
  readonly statement: Base64
  readonly consents: readonly Base64[]
}

export interface Remove {
  readonly type: 'remove'
  readonly id?: number
  readonly statement: Base64
  readonly policy: Base64
}

export interface End {
  readonly type: 'end'
  readonly id?: number
  readonly statement: Base64
}

export interface Joined {
  readonly type: 'joined'
  readonly id?: number
  readonly epoch: number
}

export interface Commit {
  readonly type: 'commit'
  readonly id?: number
  readonly lease: number
  readonly epoch: number
  readonly commit: Base64
  readonly statement: Base64
  readonly welcome: Base64
  readonly tree: Base64
}

export interface Cannot {
  readonly type: 'cannot'
  readonly id?: number
  readonly lease: number
  readonly participants: readonly ParticipantID[]
}

export interface Refuse {
  readonly type: 'refuse'
  readonly id?: number
  readonly epoch: number
  readonly statement: Base64
}

export interface App {
  readonly type: 'app'
  readonly id?: number
  readonly epoch: number
  readonly message: Base64
  readonly fleeting: boolean
  readonly to: readonly ParticipantID[]
}

export interface MediaCodec {
  readonly name: string
  readonly payload: number
  readonly format: string
  readonly primary: number
}

export interface MediaExtension {
  readonly uri: string
  readonly id: number
}

export interface MediaCoding {
  readonly kind: string
  readonly codecs: readonly MediaCodec[]
  readonly extensions: readonly MediaExtension[]
  readonly rids: readonly string[]
}

export interface MediaSection {
  readonly mid: string
  readonly role: string
  readonly coding: number
}

export interface MediaOffer {
  readonly ufrag: string
  readonly fingerprint: string
  readonly codings: readonly MediaCoding[]
  readonly sections: readonly MediaSection[]
  readonly loopback: boolean
}

export interface Media {
  readonly type: 'media'
  readonly id?: number
  readonly offer: MediaOffer
}

export interface View {
  readonly type: 'view'
  readonly id?: number
  readonly participants: readonly ParticipantID[]
}

export interface Leave {
  readonly type: 'leave'
  readonly id?: number
  readonly statement: Base64
}

export interface Ping {
  readonly type: 'ping'
  readonly id?: number
}

export interface Pong {
  readonly type: 'pong'
  readonly id?: number
}

export interface Ok {
  readonly type: 'ok'
  readonly id: number
}

export interface OkHello {
  readonly type: 'ok'
  readonly id: number
  readonly hostKey: Base64
  readonly booking: Base64
  readonly challenge: Base64
  readonly open: boolean
  readonly orderKey: Base64
}

export interface OkHost {
  readonly type: 'ok'
  readonly id: number
  readonly ticket: Base64
  readonly generation: number
  readonly group: Base64
  readonly policies: readonly Base64[]
  readonly holders: number
}

export interface OkKnock {
  readonly type: 'ok'
  readonly id: number
  readonly open: boolean
}

export interface Relay {
  readonly urls: readonly string[]
  readonly username: string
  readonly credential: string
}

export interface OkReturn {
  readonly type: 'ok'
  readonly id: number
  readonly ticket: Base64
  readonly relay: Relay
}

export interface OkSeated {
  readonly type: 'ok'
  readonly id: number
  readonly relay: Relay
}

export interface OkRemove {
  readonly type: 'ok'
  readonly id: number
  readonly barred: boolean
}

export interface MediaCandidate {
  readonly address: string
  readonly port: number
}

export interface MediaAccept {
  readonly payloads: readonly number[]
  readonly extensions: readonly number[]
}

export interface MediaSource {
  readonly active: boolean
  readonly ssrc: number
  readonly rtx: number
}

export interface MediaAnswer {
  readonly ufrag: string
  readonly password: string
  readonly fingerprint: string
  readonly candidates: readonly MediaCandidate[]
  readonly codings: readonly MediaAccept[]
  readonly sections: readonly MediaSource[]
}

export interface OkMedia {
  readonly type: 'ok'
  readonly id: number
  readonly answer: MediaAnswer
}

export interface Fault {
  readonly type: 'fault'
  readonly id?: number
  readonly code: FaultCode
}

export interface Waiting {
  readonly type: 'waiting'
  readonly seq?: number
  readonly open: boolean
}

export interface Ask {
  readonly type: 'ask'
  readonly seq?: number
}

export interface Over {
  readonly type: 'over'
  readonly seq?: number
  readonly reason: Reason
  readonly statement: Base64
}

export interface KnockPush {
  readonly type: 'knock'
  readonly seq?: number
  readonly participant: ParticipantID
  readonly device: Base64
  readonly keyPackage: Base64
  readonly sealedName: Base64
  readonly statement: Base64
  readonly since: number
  readonly returning: boolean
}

export interface KnockGone {
  readonly type: 'knock-gone'
  readonly seq?: number
  readonly participant: ParticipantID
}

export interface Admitted {
  readonly type: 'admitted'
  readonly seq?: number
  readonly epoch: number
  readonly welcome: Base64
  readonly tree: Base64
  readonly admission: Base64
  readonly ticket: Base64
}

export interface TaskAdd {
  readonly statement: Base64
  readonly keyPackage: Base64
  readonly participant: ParticipantID
}

export interface TaskRemove {
  readonly participant: ParticipantID
  readonly statement: Base64
}

export interface Task {
  readonly type: 'task'
  readonly seq?: number
  readonly lease: number
  readonly epoch: number
  readonly policies: readonly Base64[]
  readonly consents: readonly Base64[]
  readonly adds: readonly TaskAdd[]
  readonly removes: readonly TaskRemove[]
}

export interface CommitPush {
  readonly type: 'commit'
  readonly seq?: number
  readonly epoch: number
  readonly commit: Base64
  readonly statement: Base64
  readonly order: Base64
}

export interface Reopened {
  readonly type: 'reopened'
  readonly seq?: number
  readonly epoch: number
  readonly author: ParticipantID
  readonly refusals: readonly Base64[]
}

export interface AppPush {
  readonly type: 'app'
  readonly seq?: number
  readonly epoch: number
  readonly message: Base64
  readonly from: ParticipantID
}

export interface Slots {
  readonly type: 'slots'
  readonly seq?: number
  readonly slots: readonly (ParticipantID | '')[]
}

export interface Presence {
  readonly type: 'presence'
  readonly seq?: number
  readonly participant: ParticipantID
  readonly connected: boolean
}

export interface Regroup {
  readonly type: 'regroup'
  readonly seq?: number
  readonly challenge: Base64
  readonly policy: Base64
}

export interface NonceAnswer {
  readonly nonce: Base64
  readonly create: boolean
}

export interface CreateRequest {
  readonly hostKey: Base64
  readonly booking: Base64
}

export interface CreateAnswer {
  readonly id: MeetingID
  readonly expires: number
}

export interface FaultAnswer {
  readonly code: FaultCode
  readonly text: string
  readonly todo: string
}

/** Request is a message from the page. */
export type Request =
  | Hello
  | Host
  | Knock
  | Rejoin
  | Revive
  | Return
  | Stay
  | Withdraw
  | Resume
  | Open
  | Take
  | Admit
  | Deny
  | Allow
  | Policy
  | Remove
  | End
  | Joined
  | Commit
  | Cannot
  | Refuse
  | App
  | Media
  | View
  | Leave
  | Ping
  | Pong

/** Answer is what a request with an id gets, unless it gets a Fault. */
export type Answer = Ok | OkHello | OkHost | OkKnock | OkReturn | OkSeated | OkRemove | OkMedia

/** Push is what the server says of its own accord; Fault without an id concerns the connection. */
export type Push =
  | Fault
  | Waiting
  | Ask
  | Over
  | KnockPush
  | KnockGone
  | Admitted
  | Task
  | CommitPush
  | Reopened
  | AppPush
  | Slots
  | Presence
  | Regroup
  | Ping
  | Pong

/** AnswerOf is the answer to a request by its type. */
export interface AnswerOf {
  hello: OkHello
  host: OkHost
  knock: OkKnock
  rejoin: OkKnock
  revive: OkReturn
  return: OkReturn
  stay: Ok
  withdraw: Ok
  resume: Ok
  open: OkSeated
  take: Ok
  admit: Ok
  deny: Ok
  allow: Ok
  policy: Ok
  remove: OkRemove
  end: Ok
  joined: OkSeated
  commit: Ok
  cannot: Ok
  refuse: Ok
  app: Ok
  media: OkMedia
  view: Ok
  leave: Ok
  ping: Pong
  pong: Ok
}
