/** Talk is what people say to one another: to all, privately, by hand and by sign, each only where the policy lets them. */
import type { Clock } from '../clock'
import { equal, fromHex, hex, random } from '../keys/bytes'
import type { Bytes, Reaction, Said, Sealed, To } from '../vault'
import { VaultError } from '../vault-error'
import type { Group, Heard } from './group'
import type { People } from './people'
import { openFor, sealFor } from './private'
import { inOrder, isHost, leads, leafOf, may, type Leaf, type Roster } from './roster'
import { fitsChat, said, type Content, type Private } from './said'

const mostMessages = 2_000

interface Message {
  readonly from: string
  readonly device: Bytes // who comes later under the same participant id is somebody else
  readonly to: To
}

/** Messages remembers whose each message was, so that nobody amends another's. The oldest are forgotten first. */
export class Messages {
  readonly #all = new Map<string, Message>()

  note(id: string, message: Message): boolean {
    if (this.#all.has(id)) return false
    this.#all.set(id, message)
    for (const old of [...this.#all.keys()].slice(0, -mostMessages)) this.#all.delete(old)
    return true
  }

  of(id: string, from: string, device: Bytes): Message | undefined {
    const message = this.#all.get(id)
    return message?.from === from && equal(message.device, device) ? message : undefined
  }
}

export interface TalkParts {
  readonly group: Group
  readonly participant: string
  readonly people: People
  readonly messages: Messages
  readonly clock: Clock
  /** knockKey takes the knock key that a host handed over. */
  readonly knockKey: (raw: Bytes) => Promise<void>
}

export class Talk {
  readonly #p: TalkParts

  constructor(parts: TalkParts) {
    this.#p = parts
  }

  get #me(): Leaf {
    const { roster, leaf } = this.#p.group
    const mine = roster.leaves.get(leaf)
    if (mine === undefined) throw new VaultError('group_missing', 'no leaf of one’s own')
    return mine
  }

  async say(text: string, to: To): Promise<Sealed & { id: string }> {
    if (!fitsChat(text)) throw new VaultError('said_too_long', 'a message has 1 to 4,000 characters')
    const id = random(16)
    const sealed = await this.#tell({ kind: 'chat', id, text }, to, id)
    this.#p.messages.note(hex(id), { from: this.#p.participant, device: this.#me.device, to })
    return { ...sealed, id: hex(id) }
  }

  async amend(id: string, text: string | null): Promise<Sealed> {
    const own = this.#p.messages.of(id, this.#p.participant, this.#me.device)
    if (own === undefined) throw new VaultError('not_allowed', 'not a message of one’s own')
    if (text !== null && !fitsChat(text)) throw new VaultError('said_too_long', 'a message has 1 to 4,000 characters')
    return this.#tell({ kind: 'amend', id: fromHex(id), text }, own.to, random(16))
  }

  react(reaction: Reaction): Promise<Sealed> {
    this.#mustBeAllowed(may(this.#p.group.roster, this.#me.device, 'react'))
    return this.send({ kind: 'reaction', reaction })
  }

  /** hand raises or lowers the own hand, or lowers another's. */
  hand(up: boolean, participant: string): Promise<Sealed> {
    const { group, people, clock } = this.#p
    const own = participant === '' || participant === this.#p.participant
    const { device } = this.#me
    this.#mustBeAllowed(own ? !up || may(group.roster, device, 'react') : !up && leads(group.roster, device))
    if (!own && leafOf(group.roster, fromHex(participant)) === undefined)
      throw new VaultError('seat_unknown', 'nobody inside by this id')
    const since = up ? clock.now() : 0
    people.setHand(own ? this.#p.participant : participant, since)
    return this.send({ kind: 'hand', up, since, participant: own ? '' : participant })
  }

  /** handKnockKey gives the raw knock key to one co-host. */
  handKnockKey(key: Bytes, leaf: Leaf): Promise<Sealed> {
    return this.#privately({ kind: 'knock-key', key }, 1, random(16), [leaf])
  }

  #mustBeAllowed(allowed: boolean): void {
    if (!allowed) throw new VaultError('not_allowed', 'the policy forbids it')
  }

  /** send seals content for everybody. */
  async send(content: Content): Promise<Sealed> {
    const { group } = this.#p
    const { epoch } = group
    return { epoch, message: await group.say(said(content)), to: [] }
  }

  async #tell(content: Content, to: To, id: Bytes): Promise<Sealed> {
    const { roster } = this.#p.group
    const me = this.#me
    if (to.kind === 'all') {
      this.#mustBeAllowed(may(roster, me.device, 'chat'))
      return this.send(content)
    }
    const others = inOrder(roster.leaves).filter((l) => l.leaf !== me.leaf)
    const recipients = others.filter((l) =>
      to.kind === 'hosts' ? leads(roster, l.device) : hex(l.participant) === to.participant,
    )
    const [first] = recipients
    if (first === undefined) throw new VaultError('seat_unknown', 'nobody inside to read it')
    this.#mustBeAllowed(to.kind === 'hosts' || mayWhisper(roster, me, first))
    return this.#privately(content, to.kind === 'one' ? 1 : 2, id, recipients)
  }

  async #privately(content: Content, to: 1 | 2, id: Bytes, recipients: readonly Leaf[]): Promise<Sealed> {
    const { group } = this.#p
    const { epoch } = group
    const envelope = { group: group.roster.place.group, epoch, sender: this.#me.signatureKey, id }
    const sealed = await this.send(await sealFor(content, to, envelope, recipients))
    return { ...sealed, to: recipients.map((l) => hex(l.participant)) }
  }

  /** hear takes chat, private messages, reactions and hands; null for what the policy forbids or is not for me. */
  async hear(content: Content, { from }: Heard, epoch: number): Promise<Said | null> {
    switch (content.kind) {
      case 'chat':
        return this.#allows(from, epoch, 'chat') ? this.#chat(content, from, { kind: 'all' }) : null
      case 'amend':
        return this.#allows(from, epoch, 'chat') ? this.#amend(content, from, { kind: 'all' }) : null
      case 'private':
        return this.#private(content, from, epoch)
      case 'reaction':
        if (!this.#allows(from, epoch, 'react')) return null
        return { kind: 'reaction', from: hex(from.participant), reaction: content.reaction }
      case 'hand':
        return this.#hand(content, from, epoch)
      case 'head':
      case 'names':
      case 'devices':
      case 'knock-key':
      case 'wanted':
        return null
    }
  }

  /** allows goes by the policy in which it was said and by the one in force: nobody speaks from the past. */
  #allows(from: Leaf, epoch: number, what: 'chat' | 'react'): boolean {
    const then = this.#p.group.epochAt(epoch)?.roster
    return then !== undefined && may(then, from.device, what) && may(this.#p.group.roster, from.device, what)
  }

  #chat(content: Content & { kind: 'chat' }, from: Leaf, to: To): Said | null {
    const [id, who] = [hex(content.id), hex(from.participant)]
    if (!this.#p.messages.note(id, { from: who, device: from.device, to })) return null
    return { kind: 'chat', from: who, id, text: content.text, to }
  }

  #amend(content: Content & { kind: 'amend' }, from: Leaf, to: To): Said | null {
    const [id, who] = [hex(content.id), hex(from.participant)]
    if (this.#p.messages.of(id, who, from.device)?.to.kind !== to.kind) return null
    return { kind: 'amend', from: who, id, text: content.text }
  }

  #hand(content: Content & { kind: 'hand' }, from: Leaf, epoch: number): Said | null {
    const { participant, since, up } = content
    const who = hex(from.participant)
    const own = participant === '' || participant === who
    const fine = own ? !up || this.#allows(from, epoch, 'react') : leads(this.#p.group.roster, from.device)
    if (!fine) return null
    this.#p.people.setHand(own ? who : participant, since)
    return { kind: 'hand', from: who, up }
  }

  /** private opens with the keys of the epoch in which it was said. */
  async #private(m: Private, from: Leaf, epoch: number): Promise<Said | null> {
    const { group, participant } = this.#p
    const then = group.epochAt(epoch)?.roster
    const sender = then && leafOf(then, from.participant)
    const me = then?.leaves.get(group.leaf)
    if (then === undefined || sender === undefined || me === undefined) return null
    const envelope = { group: then.place.group, epoch, sender: sender.signatureKey, id: m.id }
    const content = await openFor(m, envelope, me, group.inbox)
    if (content === null) return null
    if (content.kind === 'knock-key') {
      if (isHost(then, sender.device) && leads(group.roster, me.device)) await this.#p.knockKey(content.key)
      return null
    }
    const fine =
      m.to === 2 ? leads(then, me.device) : mayWhisper(then, sender, me) && mayWhisper(group.roster, from, me)
    if (!fine) return null
    const to: To = m.to === 2 ? { kind: 'hosts' } : { kind: 'one', participant }
    if (content.kind === 'chat') return hex(content.id) === hex(m.id) ? this.#chat(content, from, to) : null
    return content.kind === 'amend' ? this.#amend(content, from, to) : null
  }
}

/** mayWhisper: everybody may always write to hosts and co-hosts; guests to one another where the policy says so. */
function mayWhisper(roster: Roster, from: Leaf, to: Leaf): boolean {
  return leads(roster, to.device) || may(roster, from.device, 'whisper')
}
