/** Commits that break the gate's second and fourth rule, and its rules of rejoins: policies, removals, leaves, returns. */
import * as bodies from '../keys/bodies'
import { random } from '../keys/bytes'
import { policyOf, underOf } from '../group/roster'
import { hashOf, parse } from '../keys/statement'
import type { Bytes } from '../vault'
import { add, again, forged, leave, out, psk, removal, says, spoilt, type Case, type Stage } from './gate-stage'
import { admission, policy, rejoin, type Member } from './group'

type Over = Partial<bodies.Policy>
type Who = 'ada' | 'bob' | 'eve' | 'host key'

const keyOf = (s: Stage, who: Who): Member['device'] => (who === 'host key' ? s.t.host.host : s.t[who].device)

/** signed carries one policy alone. */
const signed =
  (who: Who, over: (s: Stage) => Over) =>
  async (s: Stage): Promise<Bytes> =>
    forged(s, [], [await policy(s.t, keyOf(s, who), over(s))])

const beyond = 'a policy beyond what its signer may change'
const allowed = (s: Stage): bodies.Policy['allows'] => policyOf(s.t.adas.roster).body.allows
const far = { sequence: 9, hash: new Uint8Array(32).fill(7) }

/** after voids an admission by a policy in the same commit. */
const after =
  (over: (s: Stage) => Over) =>
  async (s: Stage): Promise<Bytes> => {
    const word = await admission(s.t, [s.kim.admitted])
    return forged(s, [add(s.kim), psk(s)], [await policy(s.t, s.t.ada.device, over(s)), word])
  }

async function consented(s: Stage, who: readonly Member[], bad = false): Promise<Bytes> {
  const word = await policy(s.t, s.t.ada.device, { label: 0 })
  const hash = await hashOf(parse(word))
  const consents = await Promise.all(who.map((m) => says(s, m.device, 'consent', bodies.consent(hash))))
  return forged(s, [], [word, ...consents.map((c) => (bad ? spoilt(c) : c))])
}

async function many(s: Stage): Promise<Bytes> {
  const list: Bytes[] = []
  let last = policyOf(s.t.adas.roster)
  for (let i = 0; i < 17; i++) {
    const raw = await policy(s.t, s.t.ada.device, { recording: i % 2 === 0 ? 1 : 0 }, last)
    const statement = parse(raw)
    last = { statement, body: bodies.readPolicy(statement.body), hash: await hashOf(statement) }
    list.push(raw)
  }
  return forged(s, [], list)
}

export const policies: readonly Case[] = [
  ['a policy by a guest', 'policy signer', 'plain', signed('bob', () => ({ locked: true }))],
  [
    'a policy with a bad signature',
    'policy signature',
    'plain',
    async (s) => forged(s, [], [spoilt(await policy(s.t, s.t.ada.device, { locked: true }))]),
  ],
  ['a policy that jumps', 'policy chain', 'plain', signed('ada', () => ({ sequence: 3 }))],
  ['a policy on another policy', 'policy chain', 'plain', signed('ada', () => ({ previous: random(32) }))],
  ['a policy of another generation', 'policy chain', 'plain', signed('ada', () => ({ generation: 2 }))],
  ['a lock by the host key', beyond, 'plain', signed('host key', () => ({ locked: true }))],
  ['a bar by the host key', beyond, 'plain', signed('host key', () => ({ barred: [random(32)] }))],
  ['another order key by a host', beyond, 'plain', signed('ada', () => ({ orderKey: random(32) }))],
  [
    'a host taken out by another',
    beyond,
    'plain',
    async (s) => {
      const { ada, bob } = s.t
      const first = await policy(s.t, ada.device, { hosts: [ada.device.publicKey, bob.device.publicKey] })
      const body = bodies.readPolicy(parse(first).body)
      const last = { statement: parse(first), body, hash: await hashOf(parse(first)) }
      return forged(s, [], [first, await policy(s.t, bob.device, { hosts: [bob.device.publicKey] }, last)])
    },
  ],
  ['the last host steps down', beyond, 'plain', signed('ada', (s) => ({ hosts: [s.t.bob.device.publicKey] }))],
  [
    'an unlock by a co-host',
    beyond,
    'led',
    async (s) => {
      const first = await policy(s.t, s.t.eve.device, { locked: true })
      const last = {
        statement: parse(first),
        body: bodies.readPolicy(parse(first).body),
        hash: await hashOf(parse(first)),
      }
      return forged(s, [], [first, await policy(s.t, s.t.eve.device, { locked: false }, last)])
    },
  ],
  [
    'a co-host made by a co-host',
    beyond,
    'led',
    signed('eve', (s) => ({ coHosts: [s.t.eve.device.publicKey, s.t.bob.device.publicKey] })),
  ],
  ['a co-host demoted by a co-host', beyond, 'led', signed('eve', () => ({ coHosts: [] }))],
  ['rules changed by a co-host', beyond, 'led', signed('eve', (s) => ({ allows: { ...allowed(s), chat: false } }))],
  ['a recording begun by a co-host', beyond, 'led', signed('eve', () => ({ recording: 1 }))],
  [
    'a label by a co-host',
    beyond,
    'led',
    signed('eve', (s) => ({ label: 1, allows: { ...allowed(s), share: false } })),
  ],
  [
    'a label below its floor',
    'not of the right form',
    'plain',
    signed('ada', (s) => ({ label: 1, allows: { ...allowed(s), share: true } })),
  ],
  [
    'a recording of what is restricted',
    'not of the right form',
    'plain',
    signed('ada', (s) => ({ label: 2, recording: 1, allows: { ...allowed(s), share: false } })),
  ],
  ['a host barred', 'not of the right form', 'plain', signed('ada', (s) => ({ barred: [s.t.ada.device.publicKey] }))],
  [
    'a lower label without consent',
    'a lower label without the consent of all',
    'strict',
    (s) => consented(s, [s.t.bob]),
  ],
  [
    'a consent with a bad signature',
    'a consent with a bad signature',
    'strict',
    (s) => consented(s, [s.t.bob, s.t.eve], true),
  ],
  [
    'a consent to nothing',
    'a statement that covers nothing',
    'plain',
    async (s) => forged(s, [], [await says(s, s.t.bob.device, 'consent', bodies.consent(random(32)))]),
  ],
  ['seventeen policies', 'too many policies', 'plain', many],
  [
    'policies after other words',
    'statements out of order',
    'plain',
    async (s) => forged(s, [add(s.kim), psk(s)], [s.word, await policy(s.t, s.t.ada.device, { recording: 1 })]),
  ],
  [
    'an admission with the lock',
    'an admission from before a lock, bar or demotion',
    'plain',
    after(() => ({ locked: true })),
  ],
  [
    'an admission before a bar',
    'an admission from before a lock, bar or demotion',
    'plain',
    after(() => ({ barred: [random(32)] })),
  ],
  [
    'an admission before a demotion',
    'an admission from before a lock, bar or demotion',
    'led',
    after(() => ({ coHosts: [] })),
  ],
  [
    'an admission under the lock that ends',
    'an admission to a locked meeting',
    'locked',
    async (s) => {
      const word = await policy(s.t, s.t.ada.device, { locked: false })
      const under = { sequence: policyOf(s.t.adas.roster).body.sequence + 1, hash: await hashOf(parse(word)) }
      return forged(s, [add(s.kim), psk(s)], [word, await admission(s.t, [s.kim.admitted], { under })])
    },
  ],
  [
    'an admission by a co-host of before',
    'an admission that no host signed',
    'led',
    async (s) => {
      const word = await policy(s.t, s.t.ada.device, { coHosts: [] })
      return forged(s, [add(s.kim), psk(s)], [word, await admission(s.t, [s.kim.admitted], { by: s.t.eve.device })])
    },
  ],
  [
    'a bar of who stays inside',
    'somebody barred',
    'plain',
    signed('ada', (s) => ({ barred: [s.t.eve.device.publicKey] })),
  ],
]

/** back lets Eve return by a rejoin that is bent as told. */
async function back(s: Stage, over: Partial<bodies.Rejoin> = {}, by: Member = s.t.eve): Promise<Bytes> {
  const eve = await again(s, s.t.eve)
  const word = await rejoin(s.t, { ...s.t.eve, device: by.device }, eve, over)
  return forged(s, [add(eve), psk(s)], [word])
}

const eves = (s: Stage): { readonly participant: Bytes; readonly device: Bytes } => s.t.eve.admitted

async function removedAndBack(s: Stage): Promise<Bytes> {
  const eve = await again(s, s.t.eve)
  const words = [await rejoin(s.t, s.t.eve, eve), await removal(s, s.t.ada.device, s.t.eve)]
  return forged(s, [out(s, s.t.eve), add(eve), psk(s)], words)
}

async function barredBack(s: Stage): Promise<Bytes> {
  const eve = await again(s, s.t.eve)
  const bar = await policy(s.t, s.t.ada.device, { barred: [eves(s).device] })
  return forged(s, [add(eve), psk(s)], [bar, await rejoin(s.t, s.t.eve, eve)])
}

export const words: readonly Case[] = [
  ['a return to a leaf that stays', 'a rejoin of nobody who is out', 'plain', back],
  [
    'a return of somebody unknown',
    'a rejoin of nobody who is out',
    'away',
    (s) => back(s, { signatureKey: random(32) }),
  ],
  ['a return by another device', 'a rejoin of nobody who is out', 'away', (s) => back(s, {}, s.t.bob)],
  ['a return as another person', 'a rejoin of nobody who is out', 'away', (s) => back(s, { participant: random(16) })],
  ['a return with another KeyPackage', 'an Add without admission', 'away', (s) => back(s, { reference: random(32) })],
  [
    'a return with a bad signature',
    'a rejoin with a bad signature',
    'away',
    async (s) => {
      const eve = await again(s, s.t.eve)
      return forged(s, [add(eve), psk(s)], [spoilt(await rejoin(s.t, s.t.eve, eve))])
    },
  ],
  ['a return of who is removed', 'a rejoin of somebody removed', 'plain', removedAndBack],
  ['a return of who is barred', 'somebody barred', 'away', barredBack],
  [
    'a removal by a guest',
    'a removal that no host signed',
    'plain',
    async (s) => forged(s, [out(s, s.t.eve)], [await removal(s, s.t.bob.device, s.t.eve)]),
  ],
  [
    'a removal with a bad signature',
    'a removal that no host signed',
    'plain',
    async (s) => forged(s, [out(s, s.t.eve)], [spoilt(await removal(s, s.t.ada.device, s.t.eve))]),
  ],
  [
    'a removal of a host by a co-host',
    'a removal of a host',
    'led',
    async (s) => forged(s, [out(s, s.t.ada)], [await removal(s, s.t.eve.device, s.t.ada)]),
  ],
  [
    'a removal under a policy that never was',
    'a removal under another policy',
    'plain',
    async (s) => forged(s, [out(s, s.t.eve)], [await removal(s, s.t.ada.device, s.t.eve, far)]),
  ],
  [
    'a removal of another leaf',
    'a statement that covers nothing',
    'led',
    async (s) => forged(s, [out(s, s.t.eve)], [await says(s, s.t.ada.device, 'removal', otherLeaf(s))]),
  ],
  ['an admission of nobody', 'a statement that covers nothing', 'plain', (s) => forged(s, [out(s, s.t.eve)], [s.word])],
  [
    'a leave signed by another',
    'a statement that covers nothing',
    'plain',
    async (s) => forged(s, [out(s, s.t.eve)], [await leave(s, s.t.bob.device, s.t.eve)]),
  ],
  [
    'a leave with a bad signature',
    'a leave with a bad signature',
    'plain',
    async (s) => forged(s, [out(s, s.t.eve)], [spoilt(await leave(s, s.t.eve.device, s.t.eve))]),
  ],
  [
    'a statement of another kind',
    'a statement of another kind',
    'plain',
    async (s) => {
      const end = bodies.end({ under: underOf(s.t.adas.roster), epoch: 1 })
      return forged(s, [out(s, s.t.eve)], [await says(s, s.t.ada.device, 'end', end)])
    },
  ],
]

function otherLeaf(s: Stage): Bytes {
  return bodies.removal({ under: underOf(s.t.adas.roster), ...eves(s), signatureKey: random(32) })
}
