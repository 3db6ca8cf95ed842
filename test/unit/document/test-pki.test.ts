// The soft token of the test PKI signs digests as node:crypto verifies them, and its certificates chain.
import { constants, createHash, createPublicKey, verify, X509Certificate } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { SignatureScheme } from '../../../src/equipment/token/token.ts'
import { hashOf } from '../../fixtures/pki/soft-key.ts'
import { createTestPki } from '../../fixtures/pki/test-pki.ts'

const schemes: SignatureScheme[] = ['rsa-pkcs1-sha256', 'rsa-pss-sha256', 'ecdsa-p256-sha256', 'ecdsa-p384-sha384']

describe('the test PKI', () => {
  it.each(schemes)('signs digests with %s as node:crypto verifies data', async (scheme) => {
    const pki = await createTestPki({ alg: scheme.startsWith('rsa') ? 'rsa-2048' : 'ec-p384' })
    const leaf = await pki.issue({ commonName: 'leaf', scheme })
    const data = Buffer.from('a document on its way')
    for (let round = 0; round < 20; round++) {
      const signature = leaf.sign(createHash(hashOf(scheme)).update(data).digest())
      const padding = scheme === 'rsa-pss-sha256' ? constants.RSA_PKCS1_PSS_PADDING : constants.RSA_PKCS1_PADDING
      const key = scheme.startsWith('rsa')
        ? { key: createPublicKey(leaf.privateKey), padding, saltLength: 32 }
        : createPublicKey(leaf.privateKey)
      expect(verify(hashOf(scheme), data, key, signature)).toBe(true)
    }
    const [root, subCa, end] = [pki.root.certificateDer, pki.subCa.certificateDer, leaf.certificateDer].map(
      (der) => new X509Certificate(der),
    )
    expect(end?.checkIssued(subCa as X509Certificate) && end.verify((subCa as X509Certificate).publicKey)).toBe(true)
    expect(subCa?.checkIssued(root as X509Certificate) && subCa.verify((root as X509Certificate).publicKey)).toBe(true)
  })
})
