/** The ways to a seat, as the vault proves them: the host's, a guest's, and back to one's own. */
import { Refusal, type Asking } from '../line/line'
import type { Bytes, ReturnFields, Vault } from '../vault'
import type { OkHello } from '../wire.gen'
import { fromBase64, toBase64 } from './base64'
import { codeOf } from './reasons'

/** titleOf reads the booking; one that the host's key did not sign ends the visit. */
export async function titleOf(vault: Vault, said: OkHello): Promise<string> {
  try {
    return (await vault.openBooking(fromBase64(said.hostKey), fromBase64(said.booking))).title
  } catch (e) {
    throw new Refusal(codeOf(e))
  }
}

export async function hostRequest(vault: Vault, challenge: Bytes): Promise<Asking<'host'>> {
  const { participant, device, statement } = await vault.enterAsHost(challenge)
  return { type: 'host', participant, device: toBase64(device), statement: toBase64(statement) }
}

export async function knockRequest(vault: Vault, challenge: Bytes, name: string): Promise<Asking<'knock'>> {
  const knock = await vault.knock(challenge, name)
  return {
    type: 'knock',
    participant: knock.participant,
    device: toBase64(knock.device),
    keyPackage: toBase64(knock.keyPackage),
    sealedName: toBase64(knock.sealedName),
    entry: toBase64(knock.entry),
    statement: toBase64(knock.statement),
  }
}

/** rejoinRequest is null where there is nothing to come back to. */
export async function rejoinRequest(vault: Vault, challenge: Bytes): Promise<Asking<'rejoin'> | null> {
  const fields = await vault.rejoin(challenge)
  if (fields === null) return null
  return {
    type: 'rejoin',
    participant: fields.participant,
    device: toBase64(fields.device),
    keyPackage: toBase64(fields.keyPackage),
    entry: toBase64(fields.entry),
    statement: toBase64(fields.statement),
  }
}

/** Held is the seat that a broken line had. */
export interface Held {
  readonly participant: string
  readonly ticket: string
  readonly seq: number
}

export async function resumeRequest(vault: Vault, challenge: Bytes, seat: Held): Promise<Asking<'resume'>> {
  const statement = await vault.resume(challenge, fromBase64(seat.ticket))
  return { type: 'resume', ...seat, statement: toBase64(statement) }
}

export function returnRequest(fields: ReturnFields): Asking<'return'> {
  return {
    type: 'return',
    participant: fields.participant,
    device: toBase64(fields.device),
    statement: toBase64(fields.statement),
    group: toBase64(fields.group),
    epoch: fields.epoch,
  }
}

export function reviveRequest(fields: ReturnFields): Asking<'revive'> {
  return { ...returnRequest(fields), type: 'revive', state: toBase64(fields.state) }
}
