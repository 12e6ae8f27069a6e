/** The three ways to a seat, as the vault proves them: the host's, a guest's, and back to one's own. */
import { Refusal, type Asking } from '../line/line'
import type { Bytes, Vault } from '../vault'
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
