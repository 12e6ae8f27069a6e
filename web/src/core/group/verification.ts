/** The verification code that people compare (protocol/README.md section 3): who sees the same digits is in the same group. */
import { mlsExporter } from 'ts-mls/keySchedule.js'
import { hex, join } from '../keys/bytes'
import type { Bytes, VerificationCode } from '../vault'
import { suite } from './suite'

const digits = 30
const kept = 8

/** verificationDigits are 30 decimal digits from an epoch's exporter secret. */
export async function verificationDigits(exporterSecret: Uint8Array, meeting: Bytes, policy: Bytes): Promise<string> {
  const secret = await mlsExporter(exporterSecret, 'incamera verification', join(meeting, policy), 32, suite)
  return (BigInt(`0x${hex(secret)}`) % 10n ** BigInt(digits)).toString().padStart(digits, '0')
}

/** withCode adds an epoch's code to those of the epochs before; eight are kept, the newest last. */
export function withCode(codes: readonly VerificationCode[], code: VerificationCode): readonly VerificationCode[] {
  return [...codes, code].slice(-kept)
}
