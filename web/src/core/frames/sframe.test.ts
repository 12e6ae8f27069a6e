import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { fromHex, hex, join } from '../keys/bytes'
import { vectorsFolder } from '../testkit/vectors'
import { deriveKey, header, open, readHeader, seal, suites } from './sframe'

interface Vectors {
  header: { kid: number | string; ctr: number | string; encoded: string }[]
  sframe: {
    cipher_suite: number
    kid: number
    ctr: number
    base_key: string
    metadata: string
    sframe_salt: string
    pt: string
    ct: string
  }[]
}

const folder = vectorsFolder('sframe')

/** read keeps numbers beyond 2^53 whole. */
function read(name: string): Vectors {
  const raw = readFileSync(`${folder ?? ''}/${name}`, 'utf8')
  return JSON.parse(raw.replace(/("(?:kid|ctr)":\s*)(\d+)/g, '$1"$2"')) as Vectors
}

test.runIf(folder !== null)('the 289 official headers are written and read', () => {
  const { header: cases } = read('test-vectors.json')
  expect(cases.length).toBe(289)
  for (const c of cases) {
    expect(hex(header(BigInt(c.kid), BigInt(c.ctr)))).toBe(c.encoded)
    const back = readHeader(fromHex(c.encoded))
    expect([back.keyId, back.counter, back.size]).toEqual([BigInt(c.kid), BigInt(c.ctr), c.encoded.length / 2])
  }
})

test.runIf(folder !== null)('the five official suites seal and open', async () => {
  const { sframe: cases } = read('test-vectors.json')
  expect(cases.map((c) => c.cipher_suite)).toEqual([1, 2, 3, 4, 5])
  for (const c of cases) {
    const suite = suites[c.cipher_suite]
    if (suite === undefined) throw new Error('no such suite')
    const [base, metadata, plaintext] = [fromHex(c.base_key), fromHex(c.metadata), fromHex(c.pt)]
    const sealing = await deriveKey(suite, BigInt(c.kid), base, 'encrypt')
    expect(hex(sealing.salt)).toBe(c.sframe_salt)
    const sealed = await seal(sealing, BigInt(c.ctr), metadata, plaintext)
    expect(hex(sealed)).toBe(c.ct)
    const opening = await deriveKey(suite, BigInt(c.kid), base, suite.counterMode ? 'encrypt' : 'decrypt')
    const key = suite.counterMode ? await deriveKey(suite, BigInt(c.kid), base, 'decrypt') : opening
    expect(hex(await open(key, readHeader(sealed), metadata, sealed))).toBe(c.pt)
    for (const at of [0, 4, sealed.length - 1]) {
      const bent = sealed.slice()
      bent[at] = (bent[at] ?? 0) ^ 1
      await expect((async () => open(key, readHeader(bent), metadata, bent))()).rejects.toThrow()
    }
    await expect(open(key, readHeader(sealed), join(metadata, metadata), sealed)).rejects.toThrow()
  }
})

test('headers that are short or longer than needed are refused', () => {
  for (const bad of ['', '8f', '88', '8807', '80', '0800', '900001', '0f00'])
    expect(() => readHeader(fromHex(bad))).toThrow()
})
