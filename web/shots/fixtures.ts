import type {
  Alarm,
  Allows,
  ChatLine,
  Devices,
  Knocker,
  OverReason,
  Person,
  Phase,
  Snapshot,
  Verification,
} from '../src/core/snapshot'
import { portrait } from './portraits'

/** Every screen and state of the page as a snapshot, by the name of its picture. */

const minutes = 60_000

const devices: Devices = {
  cameras: [{ id: 'c1', label: 'Built-in camera' }],
  microphones: [
    { id: 'm1', label: 'Built-in microphone' },
    { id: 'm2', label: 'Conference microphone, meeting room 2 (USB)' },
  ],
  speakers: [{ id: 's1', label: 'Built-in speakers' }],
  camera: 'c1',
  microphone: 'm2',
  speaker: 's1',
  cameraOn: false,
  microphoneOn: false,
  cameraTrouble: null,
  microphoneTrouble: null,
  preview: null,
}

const all: Allows = { share: true, chat: true, whisper: true, microphone: true, camera: true, react: true }
const strict: Allows = { ...all, share: false, chat: false, whisper: false, microphone: false, react: false }

const base: Snapshot = {
  phase: { name: 'opening' },
  title: 'Repairs plan 2027',
  link: 'connected',
  host: false,
  role: 'guest',
  locked: false,
  allows: all,
  may: all,
  changing: false,
  barred: [],
  people: [],
  waiting: [],
  refused: [],
  chat: [],
  unread: 0,
  devices,
  alarms: [],
  stopped: false,
  verification: null,
  notices: [],
  missing: [],
  guestLink: '',
  accessCode: '',
}

const preJoin = (over: Partial<Extract<Phase, { name: 'pre-join' }>> = {}): Phase => ({
  name: 'pre-join',
  needsCode: false,
  fault: null,
  busy: false,
  host: false,
  suggestedName: 'Meera Krishnan',
  ...over,
})

const names = [
  'Priya Raman',
  'Tomás Iglesias',
  'Anna Kowalska',
  'Samuel Okafor',
  'लीला हद्दाद',
  'முத்துலட்சுமி வெங்கடராகவன்',
  'Dr. Muthulakshmi Venkataraghavan-Subramaniam',
]

function person(i: number, over: Partial<Person> = {}): Person {
  const video = i % 7 < 5
  return {
    id: `p${String(i)}`,
    name: names[i] ?? `Person ${String(i + 1)}`,
    me: i === 0,
    role: i === 0 ? 'host' : 'guest',
    hand: 0,
    reaction: null,
    microphone: i % 3 !== 2,
    camera: video,
    speaking: i === 1,
    away: false,
    confirmed: true,
    removing: false,
    stream: video ? portrait(i) : null,
    video,
    ...over,
  }
}

const people = (count: number): Person[] => Array.from({ length: count }, (_, i) => person(i))

const knocker = (id: string, name: string, over: Partial<Knocker> = {}): Knocker => ({
  id,
  name,
  since: Date.now(),
  lookalike: false,
  suspect: false,
  busy: false,
  ...over,
})

const line = (id: number, from: number, text: string, over: Partial<ChatLine> = {}): ChatLine => ({
  id: String(id),
  from: `p${String(from)}`,
  name: names[from] ?? '',
  mine: from === 0,
  text,
  to: { kind: 'all' },
  toName: '',
  amended: 'no',
  at: Date.UTC(2026, 10, 23, 9, 30 + id),
  state: 'sent',
  ...over,
})

const chat: readonly ChatLine[] = [
  line(1, 1, 'Good morning. The plans are on the table.'),
  line(2, 1, 'Roof first, then the stairs?'),
  line(6, 0, 'Yes. Roof before the rains.'),
  line(8, 4, 'छत की मरम्मत मार्च से पहले हो जानी चाहिए।'),
  line(9, 3, '<img src=x onerror=alert(1)> javascript:alert(2) https://example.org/?a=b\nA second line stays a line.'),
  line(12, 0, 'I will ask the two firms for their offers today.', { state: 'failed' }),
]

const alarm: Alarm = {
  id: 'a1',
  code: 'commit_refused',
  person: '',
  detail: 'epoch 7: Add without admission (gate rule 3)',
}

const verification: Verification = {
  epoch: 7,
  digits: '652432768308096353163923577067',
  earlier: [6, 5, 4].map((epoch) => ({ epoch, digits: String(epoch).repeat(30) })),
}

const host: Partial<Snapshot> = {
  phase: { name: 'meeting' },
  host: true,
  role: 'host',
  guestLink: 'https://meet.example.org/m/5zq8k1w7dn3c9x2vt4m6hr0bpy#7J4T-9QWX-K2MD-0HZC',
  accessCode: '7J4T-9QWX-K2MD-0HZC',
  devices: { ...devices, cameraOn: true, microphoneOn: true },
}

const waiting = [knocker('k1', 'Meera Krishnan'), knocker('k2', 'Ρriya Raman', { lookalike: true })]

const asGuest: Partial<Snapshot> = { host: false, role: 'guest', guestLink: '', accessCode: '' }
const asCoHost: Partial<Snapshot> = { ...asGuest, role: 'co-host' }

/** among is a meeting with the host, and with me as somebody else. */
const among = (role: 'guest' | 'co-host'): Person[] => [
  person(3, { me: true, role }),
  person(0, { me: false }),
  person(1),
  person(2),
  person(4),
]

const mixed: Person[] = [
  person(0),
  person(1, { hand: 30, reaction: 'thumbs-up' }),
  person(2, { role: 'co-host' }),
  person(3, { role: 'host', hand: 10 }),
  person(4, { reaction: 'celebrate' }),
  person(6, { role: 'co-host', hand: 20 }),
]

const barred = [
  { device: '3f2a91c07d', name: 'Jonas' },
  { device: 'b81e00c4aa', name: '' },
]

const suspects = [
  knocker('k3', 'Somebody New', { suspect: true }),
  knocker('k4', 'Dr. Muthulakshmi Venkataraghavan-Subramaniam', { suspect: true, lookalike: true }),
]

const privately: readonly ChatLine[] = [
  line(1, 1, 'Good morning. The plans are on the table.'),
  line(2, 1, 'Shall we speak about the price first?', { to: { kind: 'one', participant: 'p0' } }),
  line(3, 0, 'Yes, but not aloud.', { to: { kind: 'one', participant: 'p1' }, toName: 'Tomás Iglesias' }),
  line(4, 0, 'And a second line of it.', { to: { kind: 'one', participant: 'p1' }, toName: 'Tomás Iglesias' }),
  line(5, 0, 'Who opens the door today?', { to: { kind: 'hosts' }, amended: 'edited' }),
  line(6, 4, '', { amended: 'deleted' }),
  line(7, 0, 'I will ask the two firms for their offers today, and tell everybody at our next meeting.'),
]

/** Shot is one picture: a snapshot, or a path of its own; press names buttons to press in order first. */
export interface Shot {
  readonly path?: string
  readonly snapshot?: () => Snapshot
  readonly press?: readonly string[]
  readonly fill?: Readonly<Record<string, string>>
}

const meeting = (more: Partial<Snapshot>, press: readonly string[] = []): Shot => ({
  snapshot: () => ({ ...base, ...host, people: people(6), ...more }),
  press,
})

export const shots: Readonly<Record<string, Shot>> = {
  home: { path: '/' },
  new: { path: '/new' },
  'new-missing': { path: '/new', press: ['Create'] },
  'new-ready': { path: '/new', fill: { Title: 'Repairs plan 2027' }, press: ['Create'] },
  lost: { path: '/nowhere' },
  opening: { snapshot: () => base },
  'pre-join': { snapshot: () => ({ ...base, phase: preJoin() }) },
  'pre-join-on': {
    snapshot: () => ({
      ...base,
      phase: preJoin(),
      devices: { ...devices, cameraOn: true, microphoneOn: true, preview: portrait(4, 16 / 10) },
    }),
  },
  'pre-join-code-wrong': {
    snapshot: () => ({ ...base, title: '', phase: preJoin({ needsCode: true, fault: 'code_wrong' }) }),
    fill: { 'Access code': '7J4T-9QWX-K2MD-0HZD' },
  },
  'pre-join-host-busy': { snapshot: () => ({ ...base, phase: preJoin({ host: true, busy: true }) }) },
  'pre-join-trouble': {
    snapshot: () => ({
      ...base,
      phase: preJoin({ suggestedName: '', fault: 'door_full' }),
      devices: { ...devices, cameras: [], speakers: [], camera: '', speaker: '', cameraTrouble: 'blocked' },
    }),
    press: ['Ask to join'],
  },
  waiting: {
    snapshot: () => ({ ...base, phase: { name: 'waiting', for: 'answer', askStill: false, since: Date.now() } }),
  },
  'waiting-host': {
    snapshot: () => ({ ...base, phase: { name: 'waiting', for: 'host', askStill: false, since: Date.now() } }),
  },
  'waiting-still': {
    snapshot: () => ({
      ...base,
      phase: { name: 'waiting', for: 'answer', askStill: true, since: Date.now() - 10 * minutes },
    }),
  },
  entering: { snapshot: () => ({ ...base, phase: { name: 'entering' } }) },
  'meeting-alone': meeting({ people: people(1) }),
  'meeting-two': meeting({ people: people(2) }),
  'meeting-three': meeting({ people: people(3), unread: 3 }),
  'meeting-knock': meeting({ waiting: waiting.slice(0, 1) }),
  'meeting-people': meeting({ waiting, refused: [{ id: 'r1', name: 'Jonas' }] }, ['People']),
  'meeting-menu': meeting({}, ['People', 'Actions for Anna Kowalska']),
  'meeting-remove': meeting({}, ['People', 'Actions for Anna Kowalska', 'Remove']),
  'meeting-chat': meeting({ chat }, ['Chat']),
  'meeting-end': meeting({}, ['End for everyone']),
  'meeting-trouble': meeting({
    link: 'reconnecting',
    alarms: [alarm],
    people: [person(0, { video: false, camera: false }), person(1), person(2, { away: true }), person(3)],
    notices: [
      { id: 1, kind: 'joined', name: 'Samuel Okafor', code: '' },
      { id: 2, kind: 'fault', name: '', code: 'message_flood' },
    ],
  }),
  'meeting-security': meeting({ verification }, ['Security']),
  'meeting-security-newer': meeting({ verification }, ['Security', 'Earlier codes', 'Show code 6']),
  'meeting-security-none': meeting({}, ['Security']),
  'meeting-silent': meeting(
    {
      stopped: true,
      alarms: [{ id: 'split', code: 'split', person: 'Tomás Iglesias, Anna Kowalska', detail: '' }],
      people: [
        person(0),
        person(1, { confirmed: false, speaking: false }),
        person(2, { confirmed: false }),
        person(3, { removing: true }),
        person(4, { away: true, confirmed: false }),
      ],
    },
    ['People'],
  ),
  'meeting-silent-stage': meeting({
    stopped: true,
    people: [person(0), person(1, { confirmed: false }), person(2, { removing: true }), ...people(14).slice(3)],
  }),
  'meeting-many': meeting({ people: people(32) }),
  'meeting-guest': meeting({ ...asGuest, guestLink: '', accessCode: '', people: among('guest'), devices }),
  'rules-host': meeting({ verification, barred }, ['Security']),
  'rules-locked': meeting({ locked: true, allows: strict, barred, verification }, ['Security']),
  'rules-changing': meeting({ changing: true, allows: strict }, ['Security']),
  'rules-co-host': meeting(
    { ...asCoHost, locked: true, allows: strict, barred: barred.slice(0, 1), people: among('co-host') },
    ['Security'],
  ),
  'rules-guest': meeting(
    { ...asGuest, locked: true, allows: strict, may: strict, verification, people: among('guest') },
    ['Security'],
  ),
  'rules-forbidden': meeting({ ...asGuest, allows: strict, may: strict, people: among('guest'), devices }, ['Chat']),
  'roles-people': meeting({ locked: true, people: mixed }, ['People']),
  'roles-menu': meeting({ people: mixed }, ['People', 'Actions for Samuel Okafor']),
  'roles-make-host': meeting({ people: mixed }, ['People', 'Actions for Anna Kowalska', 'Make host']),
  'roles-co-host': meeting({ ...asCoHost, people: among('co-host'), waiting }, ['People']),
  'roles-suspect': meeting({ waiting: suspects, barred }, ['People']),
  'roles-suspect-line': meeting({ waiting: suspects.slice(0, 1), barred }),
  'signals-stage': meeting({ people: mixed }),
  'signals-two': meeting({ people: mixed.slice(0, 2) }),
  'signals-many': meeting({
    people: people(23).map((one, i) => ({
      ...one,
      hand: i % 5 === 2 ? i : 0,
      reaction: i % 7 === 3 ? 'celebrate' : null,
    })),
  }),
  'signals-menu': meeting({ people: mixed }, ['Reactions']),
  'chat-private': meeting({ chat: privately, people: mixed }, ['Chat']),
  'chat-menu': meeting({ chat: privately, people: mixed }, ['Chat', 'Actions for your message']),
  'chat-edit': meeting({ chat: privately, people: mixed }, ['Chat', 'Actions for your message', 'Edit']),
  'chat-stopped': meeting({ chat, stopped: true }, ['Chat']),
  'leave-last-host': meeting({ people: mixed.slice(0, 3) }, ['Leave']),
  'leave-nobody': meeting({ people: [person(0), person(1, { away: true })] }, ['Leave']),
  'notices-rules': meeting({
    locked: true,
    notices: [
      { id: 1, kind: 'co-host', name: 'Anna Kowalska', code: '' },
      { id: 2, kind: 'locked', name: 'Priya Raman', code: '' },
      { id: 3, kind: 'hand', name: 'Samuel Okafor', code: '' },
      { id: 4, kind: 'bars-forgotten', name: '', code: '' },
    ],
  }),
  'notices-unhosted': meeting({
    ...asGuest,
    people: among('guest').filter((one) => one.role !== 'host'),
    notices: [{ id: 1, kind: 'no-host-confirms', name: '', code: '' }],
    alarms: ['order_forked', 'clock_off'].map((code) => ({ ...alarm, id: code, code })),
  }),
  'over-locked': farewell('locked'),
  'over-ended': farewell('ended'),
  'over-left': farewell('left'),
  'over-denied': farewell('denied'),
  'over-lapsed': farewell('lapsed'),
  'over-removed': farewell('removed'),
  'over-unknown': farewell('unknown'),
  'over-unsupported': farewell('unsupported', { missing: ['RTCRtpScriptTransform', 'X25519'] }),
  'over-elsewhere': farewell('elsewhere'),
  'over-full': farewell('full'),
  'over-closed': farewell('closed'),
  'over-unsealed': farewell('unsealed', { alarms: [{ ...alarm, code: 'welcome_refused' }] }),
}

function farewell(reason: OverReason, more: Partial<Snapshot> = {}): Shot {
  return { snapshot: () => ({ ...base, phase: { name: 'over', reason }, ...more }) }
}
