// The suite of the Token port: what the sealer relies on, whatever the token is. Run by token.test.ts on every adapter.
import { constants, createHash, randomBytes, verify, X509Certificate } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { SignatureScheme, Token } from '../../src/equipment/token/token.ts'

export interface TokenUnderTest {
  token: Token
  scheme: SignatureScheme
  pin: string
  close(): Promise<void>
}

/** Whether `signature` over `data` verifies with the certificate's key, as anybody with node:crypto or openssl would do it. */
export function verifiesWith(
  certificate: Uint8Array | null,
  scheme: SignatureScheme,
  data: Uint8Array,
  signature: Uint8Array,
): boolean {
  const { publicKey } = new X509Certificate(certificate ?? new Uint8Array())
  const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }
  return verify(hashOf(scheme), data, { key: publicKey, ...(scheme === 'rsa-pss-sha256' ? pss : {}) }, signature)
}

export const hashOf = (scheme: SignatureScheme): string => (scheme === 'ecdsa-p384-sha384' ? 'sha384' : 'sha256')

export function tokenContract(name: string, make: () => Promise<TokenUnderTest>): void {
  describe(name, () => {
    let subject: TokenUnderTest
    const never = new AbortController().signal
    const digestOf = (data: Uint8Array): Uint8Array => createHash(hashOf(subject.scheme)).update(data).digest()

    beforeAll(async () => {
      subject = await make()
    })
    afterAll(() => subject?.close())

    it('describes itself as ready, with scheme and certificate', async () => {
      const described = await subject.token.describe(never)
      expect(described).toMatchObject({ state: 'ready', detail: '', scheme: subject.scheme })
      expect(described.label).not.toBe('')
      expect(described.serial).not.toBe('')
      expect(new X509Certificate(described.certificate ?? '').subject).toContain('O=Tram')
    })

    it('makes signatures that verify with its certificate', async () => {
      const { certificate } = await subject.token.describe(never)
      const data = randomBytes(100)
      const signature = await subject.token.sign(digestOf(data), never)
      expect(verifiesWith(certificate, subject.scheme, data, signature)).toBe(true)
      expect(verifiesWith(certificate, subject.scheme, randomBytes(100), signature)).toBe(false)
    })

    it('signs many at once, each its own digest', async () => {
      const { certificate } = await subject.token.describe(never)
      const all = Array.from({ length: 40 }, () => randomBytes(32))
      const signatures = await Promise.all(all.map((data) => subject.token.sign(digestOf(data), never)))
      const verified = signatures.map((signature, index) =>
        verifiesWith(certificate, subject.scheme, all[index] ?? new Uint8Array(), signature),
      )
      expect(verified).toEqual(all.map(() => true))
    })

    it.each([0, 20, 31, 33, 47, 64])('refuses a digest of %i bytes and goes on', async (length) => {
      await expect(subject.token.sign(randomBytes(length), never)).rejects.toMatchObject({ code: 'TOKEN_FAILED' })
      await subject.token.sign(digestOf(randomBytes(1)), never)
    })

    it('obeys an aborted signal', async () => {
      const reason = new Error('enough')
      const aborted = AbortSignal.abort(reason)
      await expect(subject.token.sign(digestOf(randomBytes(1)), aborted)).rejects.toBe(reason)
      await expect(subject.token.enterPin(subject.pin, aborted)).rejects.toBe(reason)
      const controller = new AbortController()
      const signing = Array.from({ length: 20 }, () => subject.token.sign(digestOf(randomBytes(1)), controller.signal))
      controller.abort(reason)
      for (const outcome of await Promise.allSettled(signing))
        if (outcome.status === 'rejected') expect(outcome.reason).toBe(reason)
      await subject.token.sign(digestOf(randomBytes(1)), never)
    })

    it('latches at a wrong PIN until a person enters the right one', async () => {
      await expect(subject.token.enterPin('wrong-pin', never)).rejects.toMatchObject({ code: 'TOKEN_PIN_LATCHED' })
      expect(await subject.token.describe(never)).toMatchObject({ state: 'latched' })
      await expect(subject.token.sign(digestOf(randomBytes(1)), never)).rejects.toMatchObject({
        code: 'TOKEN_PIN_LATCHED',
      })
      await subject.token.enterPin(subject.pin, never)
      expect(await subject.token.describe(never)).toMatchObject({ state: 'ready', pinCountLow: false })
      await subject.token.sign(digestOf(randomBytes(1)), never)
    })

    it('does not ask the token about a PIN that cannot be one', async () => {
      await expect(subject.token.enterPin('', never)).rejects.toMatchObject({ code: 'TOKEN_FAILED' })
      await subject.token.sign(digestOf(randomBytes(1)), never)
    })
  })
}
