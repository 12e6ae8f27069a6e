/** Making a meeting's secrets, and reading what the host key signed of a meeting (protocol/README.md sections 1 and 2). */
import * as bodies from '../keys/bodies'
import { equal, random } from '../keys/bytes'
import { encode, grouped } from '../keys/crockford'
import { codeKeys, hostKeys, meetingOf, meetingText, type DeriveRoot } from '../keys/derive'
import { sealTitle } from '../keys/names'
import { parse, sign, verify } from '../keys/statement'
import type { Bytes, Vault } from '../vault'
import { VaultError } from '../vault-error'

const noGroup = new Uint8Array(32)

/** makeMeeting keeps nothing of what it makes. */
export async function makeMeeting(title: string, nonce: Bytes, deriveRoot: DeriveRoot): ReturnType<Vault['make']> {
  const seed = random(32)
  const code = random(10)
  const host = await hostKeys(seed)
  const keys = await codeKeys(await deriveRoot(code, host.meeting), host.meeting)
  const sealedTitle = await sealTitle(keys.seal, host.meeting, title)
  const body = bodies.booking({ nonce, entry: keys.entry.publicKey, knock: host.knock.publicKey, sealedTitle })
  const booking = await sign(host.host, 'booking', { meeting: host.meeting, group: noGroup }, body)
  const made = { code: grouped(encode(code)), seed: encode(seed) }
  seed.fill(0)
  code.fill(0)
  return { hostKey: host.host.publicKey, booking, meeting: meetingText(host.meeting), ...made }
}

/** readBooking checks the host key against the address and the booking's signature; rejects with booking_bad. */
export async function readBooking(hostKey: Bytes, booking: Bytes, meeting: Bytes): Promise<bodies.Booking> {
  const bad = (what: string): VaultError => new VaultError('booking_bad', what)
  if (!equal(await meetingOf(hostKey), meeting)) throw bad('the host key is not the one of this address')
  try {
    const s = parse(booking)
    const signed = s.kind === 'booking' && equal(s.signer, hostKey) && (await verify(s, { meeting, group: noGroup }))
    if (!signed) throw bad('the host key did not sign it')
    return bodies.readBooking(s.body)
  } catch (e) {
    throw e instanceof VaultError ? e : bad('not of the right form')
  }
}
