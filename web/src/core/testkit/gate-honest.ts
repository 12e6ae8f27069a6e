/** Commits that the gate lets through. */
import * as bodies from '../keys/bodies'
import { random } from '../keys/bytes'
import { writeKeyPackage } from '../group/mls'
import { policyOf } from '../group/roster'
import { hashOf, parse } from '../keys/statement'
import type { Bytes } from '../vault'
import { again, forged, leave, made, out, removal, says, type Case, type Stage } from './gate-stage'
import { admission, member, none, policy, rejoin, type Member } from './group'

const asked = (who: Member, statement: Bytes): { participant: Bytes; keyPackage: Bytes; statement: Bytes } => ({
  participant: who.participant,
  keyPackage: writeKeyPackage(who.own.keyPackage),
  statement,
})

async function back(s: Stage): Promise<Bytes> {
  const eve = await again(s, s.t.eve)
  return made(s, { adds: [asked(eve, await rejoin(s.t, s.t.eve, eve))] })
}

async function known(s: Stage): Promise<Bytes> {
  const eve = await again(s, s.t.eve)
  return made(s, { adds: [asked(eve, await admission(s.t, [eve.admitted]))] })
}

/** taken: a second device of the host takes the meeting with the host key. */
async function taken(s: Stage): Promise<Bytes> {
  const { t } = s
  const second = await member(t.meeting, 'Ada')
  const { body } = policyOf(t.adas.roster)
  const word = await policy(t, t.host.host, { hosts: [...body.hosts, second.device.publicKey] })
  const under = { sequence: body.sequence + 1, hash: await hashOf(parse(word)) }
  const entry = { ...second.admitted, role: bodies.roles.host }
  const admitted = await admission(t, [entry], { by: t.host.host, under })
  return made(s, { policies: [word], adds: [asked(second, admitted)] })
}

async function lowered(s: Stage): Promise<Bytes> {
  const { t } = s
  const word = await policy(t, t.ada.device, { label: 0 })
  const hash = await hashOf(parse(word))
  const consents = [t.bob, t.eve].map((m) => says(s, m.device, 'consent', bodies.consent(hash)))
  return made(s, { policies: [word], consents: await Promise.all(consents) })
}

/** batch does a bit of everything. */
async function batch(s: Stage): Promise<Bytes> {
  const { t } = s
  const [max, kim] = [await member(t.meeting, 'Max'), s.kim]
  const word = await policy(t, t.ada.device, { coHosts: [] })
  const chained = {
    ...policyOf(t.adas.roster),
    body: bodies.readPolicy(parse(word).body),
    hash: await hashOf(parse(word)),
  }
  const second = await policy(t, t.ada.device, { recording: 1 }, chained)
  const under = { sequence: chained.body.sequence + 1, hash: await hashOf(parse(second)) }
  const both = await admission(t, [max.admitted, kim.admitted], { under })
  const adds = [asked(max, both), asked(kim, both)]
  const removes = [{ participant: t.eve.participant, statement: await removal(s, t.ada.device, t.eve) }]
  return made(s, { policies: [word, second], adds, removes })
}

const eveGoes = (s: Stage, statement: Bytes): Promise<Bytes> =>
  made(s, { removes: [{ participant: s.t.eve.participant, statement }] })

export const honest: readonly Case[] = [
  ['an empty commit with a path', '', 'plain', (s) => made(s, {})],
  ['an admission', '', 'plain', (s) => made(s, { adds: [asked(s.kim, s.word.raw)] })],
  [
    'an admission by a co-host',
    '',
    'led',
    async (s) => made(s, { adds: [asked(s.kim, await admission(s.t, [s.kim.admitted], { by: s.t.eve.device }))] }),
  ],
  ['a removal by a host', '', 'plain', async (s) => eveGoes(s, await removal(s, s.t.ada.device, s.t.eve))],
  ['a removal by the host key', '', 'plain', async (s) => eveGoes(s, await removal(s, s.t.host.host, s.t.eve))],
  ['a removal by a co-host', '', 'led', async (s) => eveGoes(s, await removal(s, s.t.eve.device, s.t.eve))],
  ['a removal of who is away', '', 'away', async (s) => eveGoes(s, await removal(s, s.t.ada.device, s.t.eve))],
  [
    'a removal with its bar',
    '',
    'plain',
    async (s) => {
      const { ada, eve } = s.t
      const policies = [await policy(s.t, ada.device, { barred: [eve.device.publicKey] })]
      const removes = [{ participant: eve.participant, statement: await removal(s, ada.device, eve) }]
      return made(s, { policies, removes })
    },
  ],
  [
    'a bar of who is away',
    '',
    'away',
    async (s) => made(s, { policies: [await policy(s.t, s.t.ada.device, { barred: [s.t.eve.device.publicKey] })] }),
  ],
  ['a leave', '', 'plain', async (s) => eveGoes(s, await leave(s, s.t.eve.device, s.t.eve))],
  ['an absence', '', 'plain', (s) => eveGoes(s, none)],
  ['two absences', '', 'plain', (s) => forged(s, [out(s, s.t.eve), out(s, s.t.ada)])],
  ['a return of who is away', '', 'away', back],
  ['a return in place of a live leaf', '', 'plain', back],
  ['a return through a lock', '', 'locked', back],
  ['an admission of who is away', '', 'away', known],
  ['an admission in place of a live leaf', '', 'plain', known],
  ['a lock', '', 'plain', async (s) => made(s, { policies: [await policy(s.t, s.t.ada.device, { locked: true })] })],
  [
    'a lock by a co-host',
    '',
    'led',
    async (s) => made(s, { policies: [await policy(s.t, s.t.eve.device, { locked: true })] }),
  ],
  [
    'a bar by a co-host',
    '',
    'led',
    async (s) => made(s, { policies: [await policy(s.t, s.t.eve.device, { barred: [random(32)] })] }),
  ],
  [
    'a new co-host',
    '',
    'plain',
    async (s) => made(s, { policies: [await policy(s.t, s.t.ada.device, { coHosts: [s.t.bob.device.publicKey] })] }),
  ],
  ['the host takes the meeting', '', 'plain', taken],
  ['the host takes the meeting through a lock', '', 'locked', taken],
  [
    'a higher label',
    '',
    'strict',
    async (s) => made(s, { policies: [await policy(s.t, s.t.ada.device, { label: 2 })] }),
  ],
  ['a lower label with everybody’s consent', '', 'strict', lowered],
  ['a batch', '', 'led', batch],
]
