/**
 * Vault is everything that touches a secret: link secrets, device key, MLS group, gate, SFrame keys. It lives in the
 * crypto worker; the page holds only this interface (a proxy over messages). Byte arrays are plain copies. A method that refuses
 * rejects with a VaultError whose code is stable. See protocol/README.md for every byte.
 */
export type Bytes = Uint8Array<ArrayBuffer>

/** VaultError codes: code_wrong (form), booking_bad, group_missing, commit_refused, welcome_refused, knock_bad, said_too_long, stopped, … */
export interface VaultFailure {
  readonly code: string
  readonly detail: string // for experts; carries no secret
}

/** Member is one leaf as the group proves it. */
export interface Member {
  readonly participant: string
  readonly device: string // hex of the device public key
  readonly leaf: number
  readonly name: string // '' until a name with the right commitment came
  readonly host: boolean
  readonly me: boolean
  readonly microphone: boolean
  readonly camera: boolean
}

/** Said is what a member said, sealed; from is proven by the group, never by the server. */
export type Said =
  | { readonly kind: 'chat'; readonly from: string; readonly id: string; readonly text: string }
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
}

/** Happening is told by the vault on its own account. */
export type Happening =
  | { readonly kind: 'roster'; readonly members: readonly Member[]; readonly epoch: number }
  | { readonly kind: 'standing'; readonly standing: Standing }
  | { readonly kind: 'verification'; readonly codes: readonly VerificationCode[] } // of the last eight epochs, the newest last
  | { readonly kind: 'alarm'; readonly code: string; readonly participant: string; readonly detail: string }
  | { readonly kind: 'confirmed' } // a joiner's first head came: it may show and send
  | { readonly kind: 'unconfirmed' } // none in ten seconds: leave and wipe
  | { readonly kind: 'send'; readonly epoch: number; readonly message: Bytes; readonly fleeting: boolean } // heads and names that the vault wants sent
  | { readonly kind: 'undecryptable'; readonly slot: number } // frames of a slot do not open for two seconds

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
  readonly adds: readonly { readonly participant: string; readonly keyPackage: Bytes; readonly admission: Bytes }[]
  readonly removes: readonly { readonly participant: string; readonly statement: Bytes }[]
}

export interface CommitFields {
  readonly lease: number
  readonly epoch: number
  readonly commit: Bytes
  readonly welcome: Bytes
  readonly tree: Bytes
  readonly added: readonly string[]
  readonly removed: readonly string[]
}

/** Kept is what a reload needs, kept in IndexedDB by the page until the end: keys only as non-extractable CryptoKeys. */
export interface Kept {
  readonly participant: string
  readonly devicePublic: Bytes
  readonly devicePrivate: CryptoKey
  readonly secrets: Bytes // link secrets sealed under wrapping
  readonly wrapping: CryptoKey // AES-GCM, non-extractable
  readonly admitted: Bytes // hosts: device keys and names admitted before, sealed under wrapping
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
  /** openGroup makes a new group of one. generation is the newest known to the server, 0 for the first; policy is what opened that one. */
  openGroup(name: string, generation: number, policy: Bytes): Promise<{ group: Bytes; policy: Bytes }>
  resume(challenge: Bytes, ticket: Bytes): Promise<Bytes>

  /** readKnock (host) checks signature, seal and KeyPackage of a knock and tells the name; known: this device was admitted before and not removed. */
  readKnock(knock: KnockSeen): Promise<{ name: string; known: boolean }>
  /** admit (host) signs one admission for knocks that readKnock accepted. */
  admit(participants: readonly string[]): Promise<Bytes>
  removal(participant: string): Promise<Bytes>
  leaving(): Promise<Bytes>
  ending(): Promise<Bytes>

  /** carryOut builds the commit for a task; it is adopted only when ordered comes with the same bytes. */
  carryOut(task: Task): Promise<CommitFields>
  /** ordered runs the gate over a commit that the server ordered and applies it; rejects with commit_refused and alarms. */
  ordered(epoch: number, commit: Bytes): Promise<void>
  /** join runs the joiner's checks on a Welcome. */
  join(welcome: Bytes, tree: Bytes, admission: Bytes): Promise<{ epoch: number }>
  /** hear opens a PrivateMessage; null for what is ignored. */
  hear(epoch: number, message: Bytes): Promise<Said | null>
  say(text: string): Promise<{ id: string; epoch: number; message: Bytes }>
  devices(microphone: boolean, camera: boolean): Promise<{ epoch: number; message: Bytes } | null>
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
