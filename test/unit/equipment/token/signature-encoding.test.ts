import { generateKeyPairSync, sign, verify } from 'node:crypto'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { assertDigest, signInput, signOutput } from '../../../../src/equipment/token/signature-encoding.ts'

it.each([
  ['ecdsa-p256-sha256', 'P-256', 'sha256'],
  ['ecdsa-p384-sha384', 'P-384', 'sha384'],
] as const)('%s: r‖s becomes DER that openssl reads', (scheme, namedCurve, hash) => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve })
  // Often enough that r or s begins with a zero byte and with a high bit.
  for (let count = 0; count < 600; count += 1) {
    const data = Buffer.from(`document ${count}`)
    const raw = sign(hash, data, { key: privateKey, dsaEncoding: 'ieee-p1363' })
    expect(verify(hash, data, publicKey, signOutput(scheme, raw))).toBe(true)
  }
})

it('writes small and zero numbers in their shortest form', () => {
  const raw = Buffer.alloc(64)
  raw[63] = 0x80
  expect(Buffer.from(signOutput('ecdsa-p256-sha256', raw)).toString('hex')).toBe('300702010002020080')
})

it('refuses an ECDSA signature of another size', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      fc.pre(bytes.length !== 64)
      expect(() => signOutput('ecdsa-p256-sha256', bytes)).toThrow(expect.objectContaining({ code: 'TOKEN_FAILED' }))
    }),
  )
})

it('leaves RSA signatures alone and wraps PKCS#1 digests only', () => {
  const digest = Buffer.alloc(32, 7)
  expect(signOutput('rsa-pss-sha256', digest)).toEqual(digest)
  expect(signInput('rsa-pss-sha256', digest)).toEqual(digest)
  expect(signInput('ecdsa-p256-sha256', digest)).toEqual(digest)
  expect(signInput('rsa-pkcs1-sha256', digest)).toHaveLength(19 + 32)
  expect(() => assertDigest('ecdsa-p384-sha384', digest)).toThrow(expect.objectContaining({ code: 'TOKEN_FAILED' }))
})
