import { expect, test } from 'vitest'
import { verificationDigits, withCode } from './verification'

type Bytes = Uint8Array<ArrayBuffer>
const counting = (from: number, size: number): Bytes => Uint8Array.from({ length: size }, (_, i) => from + i)

// By an implementation of RFC 9420 8.5 of its own: exported secret ca15cd370ab530298ac2a6e2929062f9c8b9e385c5d421855cddd7e840f658eb.
test('the digits are those of protocol/README.md', async () => {
  const [secret, meeting, policy] = [counting(0x20, 32), counting(0x40, 16), counting(0x60, 32)]
  expect(await verificationDigits(secret, meeting, policy)).toBe('652432768308096353163923577067')
  expect(await verificationDigits(secret, meeting, counting(0x61, 32))).not.toBe('652432768308096353163923577067')
  expect(await verificationDigits(secret, counting(0x41, 16), policy)).not.toBe('652432768308096353163923577067')
})

test('eight codes are kept, the newest last', () => {
  let codes: Parameters<typeof withCode>[0] = []
  for (let epoch = 1; epoch <= 10; epoch++) codes = withCode(codes, { epoch, digits: '' })
  expect(codes.map((c) => c.epoch)).toEqual([3, 4, 5, 6, 7, 8, 9, 10])
})
