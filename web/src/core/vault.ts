/**
 * Vault is everything that touches a secret: link secrets, device key, MLS group, gate, SFrame keys. It lives in the
 * crypto worker; the page holds only this interface (a proxy over messages). Byte arrays are plain copies. A method that refuses
 * rejects with a VaultError whose code is stable. See protocol/README.md for every byte.
 */
export type Bytes = Uint8Array<ArrayBuffer>

/** VaultError codes: code_wrong (form), booking_bad, group_missing, commit_refused, welcome_refused, knock_bad, said_too_long, stopped, not_host, not_allowed, policy_bad, … */
export interface VaultFailure {
  readonly code: string
  readonly detail: string // for experts; carries no secret
}

/** Role is what the policy makes of a device. */
export type Role = 'host' | 'co-host' | 'guest'

/** Allows are what guests may do; hosts and co-hosts may all of it. */
export interface Allows {
  readonly share: boolean
  readonly chat: boolean // write to everyone
  readonly whisper: boolean // write to one guest
  readonly microphone: boolean
  readonly camera: boolean
  readonly react: boolean // raise a hand, react
}

/** Rules are the policy as this group's hosts signed it. */
export interface Rules {
  readonly generation: number
  readonly sequence: number
  readonly label: 0 | 1 | 2 // routine, sensitive, restricted
  readonly locked: boolean
  readonly allows: Allows
  readonly barred: readonly { readonly device: string; readonly name: string }[] // device keys in hex; name '' where this device does not know it
  readonly mine: Role
}

/** Change is a wish to change the policy; participants are those inside. */
export type Change =
  | { readonly kind: 'lock'; readonly on: boolean }
  | { readonly kind: 'allows'; readonly allows: Allows }
  | { readonly kind: 'co-host'; readonly participant: string; readonly on: boolean }
  | { readonly kind: 'host'; readonly participant: string } // makes a host of them
  | { readonly kind: 'bar'; readonly device: string }
  | { readonly kind: 'pardon'; readonly device: string }
  | { readonly kind: 'label'; readonly label: 0 | 1 | 2 }

/** To is for whom something is said. */
export type To =
  | { readonly kind: 'all' }
  | { readonly kind: 'hosts' } // hosts and co-hosts
  | { readonly kind: 'one'; readonly participant: string }

/** Reaction is one of the six that exist. */
export type Reaction = 'thumbs-up' | 'clap' | 'heart' | 'laugh' | 'surprise' | 'celebrate'

/** Sealed is a PrivateMessage on its way: for the participants in to, or for everybody where it is empty. */
export interface Sealed {
  readonly epoch: number
  readonly message: Bytes
  readonly to: readonly string[]
}

/** Member is one leaf as the group proves it. */
export interface Member {
  readonly participant: string
  readonly device: string // hex of the device public key
  readonly leaf: number
  readonly name: string // '' until a name with the right commitment came
  readonly role: Role
  readonly me: boolean
  readonly microphone: boolean
  readonly camera: boolean
  readonly hand: number // since when it is raised (ms since 1970, their clock), 0 when down
}

/** Said is what a member said, sealed; from is proven by the group, never by the server. */
export type Said =
  | { readonly kind: 'chat'; readonly from: string; readonly id: string; readonly text: string; readonly to: To }
  | { readonly kind: 'amend'; readonly from: string; readonly id: string; readonly text: string | null } // null: deleted by its author
  | { readonly kind: 'reaction'; readonly from: string; readonly reaction: Reaction }
  | { readonly kind: 'hand'; readonly from: string; readonly up: boolean }
  | { readonly kind: 'devices'; readonly from: string }
  | { readonly kind: 'names' | 'head'; readonly from: string }

/** VerificationCode is what people compare: 30 digits of one epoch. */
export interface VerificationCode {
  readonly epoch: number
  readonly digits: string
}

/** Standing is who vouches for the present epoch; lists are of participants. */
export interface Standing {
  readonly silent: readonly string[] // no head of theirs for 2.5 intervals
  readonly lost: readonly string[] // a host, or two and more, fell silent: the meeting may have been split
  readonly stopped: boolean // the vault sends neither media nor chat: no host vouches, or half of the others are silent
  readonly removing: readonly string[] // removals ordered here and not carried out yet; nothing is sent meanwhile
  readonly changing: boolean // a lock, bar or demotion that this device signed is not carried out yet; nothing is sent meanwhile
}

/** Happening is told by the vault on its own account. */
export type Happening =
  | { readonly kind: 'roster'; readonly members: readonly Member[]; readonly epoch: number }
  | { readonly kind: 'rules'; readonly rules: Rules; readonly by: string; readonly first: boolean } // by: participant who committed the change's signer, '' when not inside; first: this device just came
  | {
      readonly kind: 'passed'
      readonly came: readonly string[]
      readonly back: readonly string[]
      readonly gone: readonly Gone[]
    } // what a commit did, by participant
  | { readonly kind: 'standing'; readonly standing: Standing }
  | { readonly kind: 'verification'; readonly codes: readonly VerificationCode[] } // of the last eight epochs, the newest last
  | { readonly kind: 'alarm'; readonly code: string; readonly participant: string; readonly detail: string }
  | { readonly kind: 'confirmed'; readonly byMajority: boolean } // a joiner's first head came: it may show and send; byMajority: nobody leads here, most of the others vouched
  | { readonly kind: 'unconfirmed' } // none in ten seconds: leave and wipe
  | ({ readonly kind: 'send'; readonly fleeting: boolean } & Sealed) // heads, names and keys that the vault wants sent
  | { readonly kind: 'undecryptable'; readonly slot: number } // frames of a slot do not open for two seconds

/** Gone is one who is out after a commit, and how. */
export interface Gone {
  readonly participant: string
  readonly name: string
  readonly how: 'removed' | 'left' | 'absent'
}

export interface Opened {
  readonly title: string
}

/** Begun tells what the secrets allow; a host shows the code to share it. */
export interface Begun {
  readonly host: boolean
  readonly code: string // in groups of four, '' when not known
}

export interface KnockFields {
  readonly participant: string
  readonly device: Bytes
  readonly keyPackage: Bytes
  readonly sealedName: Bytes
  readonly entry: Bytes
  readonly statement: Bytes
}

export interface KnockSeen {
  readonly participant: string
  readonly device: Bytes
  readonly keyPackage: Bytes
  readonly sealedName: Bytes
  readonly statement: Bytes
}

export interface Task {
  readonly lease: number
  readonly epoch: number
  readonly policies: readonly Bytes[]
  readonly consents: readonly Bytes[]
  readonly adds: readonly { readonly participant: string; readonly keyPackage: Bytes; readonly statement: Bytes }[] // admission or rejoin
  readonly removes: readonly { readonly participant: string; readonly statement: Bytes }[]
}

export interface CommitFields {
  readonly lease: number
  readonly epoch: number
  readonly commit: Bytes
  readonly statement: Bytes // of kind commit
  readonly welcome: Bytes
  readonly tree: Bytes
  readonly left: readonly string[] // participants of the task's adds whom this commit cannot add
}

/** Ordered is a commit as the server ordered it. */
export interface Ordered {
  readonly epoch: number
  readonly commit: Bytes
  readonly statement: Bytes // of kind commit
  readonly order: Bytes // of kind order
}

/** Verdict is what became of an ordered commit here. */
export interface Verdict {
  readonly refusal: Bytes // a signed refusal to send, empty when the commit was applied
  readonly rejoin: boolean // this device cannot follow the group and has to come back by rejoin; with a refusal: unless the epoch is reopened
}

/** RejoinFields bring a device back that lost the group. */
export interface RejoinFields {
  readonly participant: string
  readonly device: Bytes
  readonly keyPackage: Bytes
  readonly entry: Bytes
  readonly statement: Bytes
}

/** ReturnFields bring a member back to a server that restarted. state is '' for all but hosts and co-hosts. */
export interface ReturnFields {
  readonly participant: string
  readonly device: Bytes
  readonly statement: Bytes
  readonly group: Bytes
  readonly epoch: number
  readonly state: Bytes // for revive; empty unless host or co-host
}

/** Kept is what a reload needs, kept in IndexedDB by the page until the end: keys only as non-extractable CryptoKeys. */
export interface Kept {
  readonly participant: string
  readonly devicePublic: Bytes
  readonly devicePrivate: CryptoKey
  readonly secrets: Bytes // link secrets sealed under wrapping
  readonly wrapping: CryptoKey // AES-GCM, non-extractable
  readonly admitted: Bytes // hosts: device keys and names admitted before, sealed under wrapping
  readonly seat: Bytes // what a rejoin needs, sealed under wrapping; empty outside a group
}

export interface Vault {
  /** make creates a meeting's secrets. Nothing of it is kept in the vault afterwards. */
  make(
    title: string,
    nonce: Bytes,
  ): Promise<{
    hostKey: Bytes
    booking: Bytes
    meeting: string
    code: string // in groups of four
    seed: string // Crockford
  }>

  /** begin takes the secrets of a link (code and seed may be null) or of an earlier load of this page. */
  begin(input: {
    meeting: string
    origin: string
    code: string | null
    seed: string | null
    kept: Kept | null
  }): Promise<Begun>
  /** useCode sets the typed code; rejects with code_wrong when it is not of the form. */
  useCode(code: string): Promise<void>
  /** keep gives what a reload needs. */
  keep(): Promise<Kept>
  /** openBooking checks host key against the address and the booking's signature, and opens the title; without a code the title is ''. */
  openBooking(hostKey: Bytes, booking: Bytes): Promise<Opened>

  /** knock makes a fresh KeyPackage and the signed, sealed knock. The first call derives the keys from the code (slow on purpose). */
  knock(challenge: Bytes, name: string): Promise<KnockFields>
  /** enterAsHost signs the host's entry. */
  enterAsHost(challenge: Bytes): Promise<{ participant: string; device: Bytes; statement: Bytes }>
  /** openGroup makes a new group of one; last is the newest group as the server tells it. forgotten: people removed before may knock again; older: the server's chain is older than this device's. */
  openGroup(
    name: string,
    orderKey: Bytes,
    last: { generation: number; group: Bytes; policies: readonly Bytes[] },
  ): Promise<{ group: Bytes; policy: Bytes; keyPackage: Bytes; admission: Bytes; forgotten: boolean; older: boolean }>
  /** take lets a device with the host key into the group that others hold. */
  take(
    name: string,
    last: { group: Bytes; policies: readonly Bytes[] },
  ): Promise<{ keyPackage: Bytes; admission: Bytes; policy: Bytes }>
  resume(challenge: Bytes, ticket: Bytes): Promise<Bytes>
  /** rejoin makes what brings a lost device back, or null where there is nothing to come back to. */
  rejoin(challenge: Bytes): Promise<RejoinFields | null>
  /** returning makes what brings a member back to a server that forgot the group, or null without a group. */
  returning(challenge: Bytes): Promise<ReturnFields | null>

  /** readKnock (hosts, co-hosts) checks signature, seal and KeyPackage of a knock and tells the name; known: this device was admitted before and neither removed nor left; suspect: somebody was barred, and this could be them. */
  readKnock(knock: KnockSeen): Promise<{ name: string; known: boolean; suspect: boolean }>
  /** admit (hosts, co-hosts) signs one admission for knocks that readKnock accepted. */
  admit(participants: readonly string[]): Promise<Bytes>
  /** change signs a policy that follows the one in force; rejects with not_host where this device may not, policy_bad where it changes nothing. consented are what the others signed for a lower label. */
  change(change: Change): Promise<Bytes>
  /** consent signs that this person agrees to a loosening policy. */
  consent(policy: Bytes): Promise<Bytes>
  /** removal signs a removal and the policy that bars the device. */
  removal(participant: string): Promise<{ statement: Bytes; policy: Bytes }>
  /** given up: the server refused what was signed here; sending goes on. */
  gaveUp(what: 'removal' | 'change', participant: string): Promise<void>
  leaving(): Promise<Bytes>
  ending(): Promise<Bytes>

  /** carryOut builds the commit for a task; it is adopted only when ordered comes with the same bytes. */
  carryOut(task: Task): Promise<CommitFields>
  /** ordered checks signatures, runs the gate over a commit that the server ordered and applies it, or alarms and gives a signed refusal. */
  ordered(ordered: Ordered): Promise<Verdict>
  /** reopened takes back an ordered commit that hosts refused; rejoin where it was applied here. */
  reopened(epoch: number, author: string, refusals: readonly Bytes[]): Promise<Verdict>
  /** mayRegroup tells whether a higher generation may be taken: no host or co-host confirmed this group lately. */
  mayRegroup(policy: Bytes): Promise<boolean>
  /** join runs the joiner's checks on a Welcome. */
  join(welcome: Bytes, tree: Bytes, admission: Bytes): Promise<{ epoch: number }>
  /** hear opens a PrivateMessage; null for what is ignored. */
  hear(epoch: number, message: Bytes): Promise<Said | null>
  /** say, amend, react and hand reject with not_allowed where the policy forbids, with stopped while nothing may be sent. */
  say(text: string, to: To): Promise<Sealed & { id: string }>
  amend(id: string, text: string | null): Promise<Sealed>
  react(reaction: Reaction): Promise<Sealed>
  /** hand raises or lowers the own hand; hosts and co-hosts may lower another's. */
  hand(up: boolean, participant?: string): Promise<Sealed>
  devices(microphone: boolean, camera: boolean): Promise<Sealed | null>
  /** checkEnd and checkRemoval tell whether a statement really is what it says. */
  checkEnd(statement: Bytes): Promise<boolean>
  checkRemoval(statement: Bytes): Promise<boolean>

  /** slots names whose frames each slot may show ('' for none). Frames of others are dropped (H11). */
  slots(participants: readonly string[]): Promise<void>
  /** wipe forgets keys, group and secrets; the vault is unusable until begin. */
  wipe(): Promise<void>
  watch(happened: (h: Happening) => void): () => void
  /** worker is what RTCRtpScriptTransform needs; absent where the vault runs in the same thread (tests). */
  readonly worker?: Worker
}

/** TransformOptions are the options of each RTCRtpScriptTransform given to the vault's worker. */
export type TransformOptions =
  | { readonly way: 'seal'; readonly context: 'microphone' | 'camera' | 'screen' | 'screen-audio' }
  | { readonly way: 'open'; readonly media: 'audio' | 'video'; readonly slot: number }
