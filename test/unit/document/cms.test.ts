// CMS of every scheme: openssl and pkijs accept ours, we accept openssl's, and nobody accepts a crooked or altered one.
import { createHash, webcrypto } from 'node:crypto'
import * as asn1js from 'asn1js'
import fc from 'fast-check'
import * as pkijs from 'pkijs'
import { beforeAll, describe, expect, it } from 'vitest'
import { TramError } from '../../../src/base/errors.ts'
import { certificatesFromPem, parseCertificate } from '../../../src/document/certificate.ts'
import { prepareCms, type SignatureScheme, verifyCms } from '../../../src/document/cms.ts'
import { derTag } from '../../../src/document/der.ts'
import { derElement, derInteger, derOid, derSetOf, derTime } from '../../../src/document/der-writer.ts'
import {
  attribute,
  type CrookedCms,
  makeCrookedCms,
  octets,
  sequence,
  sha256,
  sha256Algorithm,
  sha384Algorithm,
  straightAttributes,
} from '../../fixtures/pki/crooked-cms.ts'
import { opensslVerify, runOpenssl } from '../../fixtures/pki/openssl.ts'
import {
  createTestPki,
  makeCertificate,
  type TestLeaf,
  type TestPki,
  toPem,
  toPrivatePem,
} from '../../fixtures/pki/test-pki.ts'

const schemes: SignatureScheme[] = ['rsa-pkcs1-sha256', 'rsa-pss-sha256', 'ecdsa-p256-sha256', 'ecdsa-p384-sha384']
const signingTimeMs = Date.UTC(2026, 10, 21, 3, 4, 5)
const content = Buffer.from('TRAM-ROOT-1\nwhat was said, with \0 and \xff')

interface Signed {
  pki: TestPki
  leaf: TestLeaf
  cms: Uint8Array
}
const signed = new Map<SignatureScheme, Signed>()
const of = (scheme: SignatureScheme): Signed => {
  const one = signed.get(scheme)
  if (one === undefined) throw new Error(`no CMS of ${scheme}`)
  return one
}

function sign(leaf: TestLeaf, chain: Uint8Array[], timeMs = signingTimeMs, bytes: Uint8Array = content): Uint8Array {
  const { digest, finish } = prepareCms({
    content: bytes,
    scheme: leaf.scheme,
    certificate: leaf.certificateDer,
    chain,
    signingTimeMs: timeMs,
  })
  return finish(leaf.sign(digest))
}

beforeAll(async () => {
  for (const scheme of schemes) {
    const pki = await createTestPki({ alg: scheme.startsWith('rsa') ? 'rsa-2048' : 'ec-p384' })
    const leaf = await pki.issue({ commonName: `Trạm ${scheme}`, scheme })
    signed.set(scheme, { pki, leaf, cms: sign(leaf, pki.chain) })
  }
})

describe.each(schemes)('a CMS of %s', (scheme) => {
  it('verifies here, with what was put in', () => {
    const { cms, leaf, pki } = of(scheme)
    const verdict = verifyCms(cms)
    if (!verdict.ok) throw verdict.reason
    expect(Buffer.from(verdict.value.content)).toEqual(content)
    expect(Buffer.from(verdict.value.certificate)).toEqual(Buffer.from(leaf.certificateDer))
    expect(verdict.value.certificates.map((one) => Buffer.from(one)).sort(Buffer.compare)).toEqual(
      [leaf.certificateDer, ...pki.chain].map((one) => Buffer.from(one)).sort(Buffer.compare),
    )
    expect([verdict.value.signingTimeMs, verdict.value.scheme]).toEqual([signingTimeMs, scheme])
  })

  it('is accepted by openssl with the printed recipe, content and signer', () => {
    const { cms, leaf, pki } = of(scheme)
    const result = opensslVerify(cms, pki.rootPem, signingTimeMs)
    expect(result.stderr).toMatch(/CAdES Verification successful/)
    expect(result.status).toBe(0)
    expect(result.outputs.content).toEqual(content)
    const signers = certificatesFromPem(result.outputs['signer.pem']?.toString() ?? '')
    expect(signers.map((one) => Buffer.from(one))).toEqual([Buffer.from(leaf.certificateDer)])
    expect(certificatesFromPem(result.outputs['certificates.pem']?.toString() ?? '')).toHaveLength(2)
    const altered = Uint8Array.from(cms)
    altered[altered.length - 3] = (altered[altered.length - 3] ?? 0) ^ 1
    expect(opensslVerify(altered, pki.rootPem, signingTimeMs).status).not.toBe(0)
    expect(opensslVerify(cms, pki.rootPem, Date.UTC(2046, 0)).status).not.toBe(0)
  })

  it('is accepted by pkijs', async () => {
    pkijs.setEngine('node', new pkijs.CryptoEngine({ name: 'node', crypto: webcrypto as never }))
    const { cms } = of(scheme)
    const verify = async (bytes: Uint8Array): Promise<boolean> => {
      const info = new pkijs.ContentInfo({ schema: asn1js.fromBER(Uint8Array.from(bytes)).result })
      const signedData = new pkijs.SignedData({ schema: info.content })
      return signedData.verify({ signer: 0, checkChain: false })
    }
    await expect(verify(cms)).resolves.toBe(true)
    const altered = Uint8Array.from(cms)
    const at = Buffer.from(cms).indexOf(content)
    altered[at] = (altered[at] ?? 0) ^ 1
    await expect(verify(altered)).rejects.toThrow(/Error during verification/)
  })

  it('is taken from openssl, too', () => {
    const { leaf, pki } = of(scheme)
    const pss = ['-keyopt', 'rsa_padding_mode:pss', '-keyopt', 'rsa_pss_saltlen:32']
    const result = runOpenssl(
      {
        content,
        'key.pem': toPrivatePem(leaf.privateKey),
        'leaf.pem': toPem(leaf.certificateDer),
        'chain.pem': pki.subCaPem,
      },
      [
        ...['cms', '-sign', '-cades', '-binary', '-nodetach', '-outform', 'DER', '-in', 'content', '-out', 'cms.der'],
        ...['-md', scheme === 'ecdsa-p384-sha384' ? 'sha384' : 'sha256'],
        ...['-signer', 'leaf.pem', '-inkey', 'key.pem', '-certfile', 'chain.pem'],
        ...(scheme === 'rsa-pss-sha256' ? pss : []),
      ],
      ['cms.der'],
    )
    expect(result.stderr).toBe('')
    const verdict = verifyCms(result.outputs['cms.der'] ?? new Uint8Array())
    if (!verdict.ok) throw verdict.reason
    expect(Buffer.from(verdict.value.content)).toEqual(content)
    expect(verdict.value.scheme).toBe(scheme)
    expect(verdict.value.certificates).toHaveLength(2)
  })

  it('fails when any byte is altered', () => {
    const { leaf } = of(scheme)
    // The signer's certificate only: that intermediates count, too, is for the path (seal.test.ts).
    const cms = sign(leaf, [])
    expect(verifyCms(cms).ok).toBe(true)
    const survivors: string[] = []
    for (let at = 0; at < cms.length; at++) {
      for (const mask of [1, 2, 4, 8, 16, 32, 64, 128, 0xff, 0x0a]) {
        const altered = Uint8Array.from(cms)
        altered[at] = (altered[at] ?? 0) ^ mask
        if (verifyCms(altered).ok) survivors.push(`${at}^${mask}`)
      }
    }
    expect(survivors).toEqual([])
  })

  it('fails when cut off or longer', () => {
    const { cms } = of(scheme)
    for (let length = 0; length < cms.length; length += 7) expect(verifyCms(cms.subarray(0, length)).ok).toBe(false)
    expect(verifyCms(Buffer.concat([cms, Buffer.from([0])])).ok).toBe(false)
  })
})

describe('prepareCms', () => {
  it('gives the digest of the signed attributes as a SET OF, of the scheme’s length', () => {
    for (const scheme of schemes) {
      const { leaf } = of(scheme)
      const { digest } = prepareCms({ content, scheme, certificate: leaf.certificateDer, chain: [], signingTimeMs })
      expect(digest.length).toBe(scheme === 'ecdsa-p384-sha384' ? 48 : 32)
    }
    const { leaf } = of('ecdsa-p256-sha256')
    const attributes = {
      ...straightAttributes(leaf, content),
      signingTime: attribute('1.2.840.113549.1.9.5', derTime(signingTimeMs)),
    }
    const { digest } = prepareCms({
      content,
      scheme: leaf.scheme,
      certificate: leaf.certificateDer,
      chain: [],
      signingTimeMs,
    })
    expect(Buffer.from(digest)).toEqual(sha256(derSetOf(derTag.set, Object.values(attributes))))
  })

  it('leaves a certificate out that is given twice, and rounds the time down', () => {
    const { leaf, pki, cms } = of('ecdsa-p256-sha256')
    const again = sign(leaf, [leaf.certificateDer, ...pki.chain, ...pki.chain], signingTimeMs + 999)
    expect(again.length).toBeLessThanOrEqual(cms.length + 4)
    expect(verifyCms(again)).toMatchObject({ ok: true, value: { signingTimeMs } })
  })

  it('carries a signing-time after 2049 as GeneralizedTime', () => {
    const { leaf } = of('ecdsa-p256-sha256')
    const late = Date.UTC(2050, 0, 1)
    expect(verifyCms(sign(leaf, [], late))).toMatchObject({ ok: true, value: { signingTimeMs: late } })
  })

  it('carries no content and much content', () => {
    const { leaf } = of('ecdsa-p256-sha256')
    for (const size of [0, 1, 200, 70_000, 3_000_000]) {
      const verdict = verifyCms(sign(leaf, [], signingTimeMs, Buffer.alloc(size, 7)))
      expect(verdict.ok && verdict.value.content.length).toBe(size)
    }
  })

  it('refuses a certificate whose key is not of the scheme', () => {
    const { leaf } = of('ecdsa-p256-sha256')
    for (const scheme of ['rsa-pkcs1-sha256', 'rsa-pss-sha256', 'ecdsa-p384-sha384'] as const) {
      expect(() => prepareCms({ content, scheme, certificate: leaf.certificateDer, chain: [], signingTimeMs })).toThrow(
        expect.objectContaining({ code: 'CERTIFICATE_UNUSABLE' }),
      )
    }
  })
})

describe('verifyCms', () => {
  let leaf: TestLeaf
  let other: TestLeaf
  beforeAll(async () => {
    const { pki } = of('ecdsa-p256-sha256')
    leaf = await pki.issue({ commonName: 'signer' })
    other = await pki.issue({ commonName: 'other' })
  })

  it('takes the straight one that the crooked ones are made from', () => {
    expect(verifyCms(makeCrookedCms(leaf, {}))).toMatchObject({ ok: true })
    // NULL as parameters of a hash is the other allowed spelling (RFC 5754 §2).
    const withNull = sequence(derOid('2.16.840.1.101.3.4.2.1'), derElement(derTag.null))
    expect(verifyCms(makeCrookedCms(leaf, { digestAlgorithms: [withNull], signerDigestAlgorithm: withNull })).ok).toBe(
      true,
    )
  })

  const idData = derOid('1.2.840.113549.1.7.1')
  const digestOf = (text: string): Uint8Array => attribute('1.2.840.113549.1.9.4', octets(sha256(Buffer.from(text))))
  const timeAttribute = (value: Uint8Array): Uint8Array => attribute('1.2.840.113549.1.9.5', value)
  const signingCertificate = (...identifiers: Uint8Array[]): Uint8Array =>
    attribute('1.2.840.113549.1.9.16.2.47', sequence(sequence(...identifiers)))
  const cases: [string, () => CrookedCms][] = [
    ['no contentType', () => ({ attributes: { contentType: undefined } })],
    ['no messageDigest', () => ({ attributes: { messageDigest: undefined } })],
    ['no signing-time', () => ({ attributes: { signingTime: undefined } })],
    ['no signing certificate', () => ({ attributes: { signingCertificate: undefined } })],
    [
      'another contentType',
      () => ({ attributes: { contentType: attribute('1.2.840.113549.1.9.3', derOid('1.2.3')) } }),
    ],
    ['the digest of other content', () => ({ attributes: { messageDigest: digestOf('other') } })],
    ['two digests', () => ({ attributes: { second: digestOf('other') } })],
    [
      'a digest attribute of two values',
      () => ({
        attributes: {
          messageDigest: attribute(
            '1.2.840.113549.1.9.4',
            octets(sha256(Buffer.from('content'))),
            octets(sha256(Buffer.from('x'))),
          ),
        },
      }),
    ],
    ['an empty attribute', () => ({ attributes: { messageDigest: attribute('1.2.840.113549.1.9.4') } })],
    ['an unknown attribute', () => ({ attributes: { unknown: attribute('1.2.3', derInteger(1)) } })],
    [
      'the hash of another certificate',
      () => ({
        attributes: { signingCertificate: signingCertificate(sequence(octets(sha256(other.certificateDer)))) },
      }),
    ],
    [
      'two signing certificates',
      () => ({
        attributes: {
          signingCertificate: signingCertificate(
            sequence(octets(sha256(leaf.certificateDer))),
            sequence(octets(sha256(other.certificateDer))),
          ),
        },
      }),
    ],
    [
      'a signing certificate by SHA-1',
      () => ({
        attributes: {
          signingCertificate: signingCertificate(
            sequence(
              sequence(derOid('1.3.14.3.2.26')),
              octets(createHash('sha1').update(leaf.certificateDer).digest()),
            ),
          ),
        },
      }),
    ],
    [
      'signing-time as GeneralizedTime before 2050',
      () => ({
        attributes: {
          signingTime: timeAttribute(derElement(derTag.generalizedTime, Buffer.from('20261121000000Z'))),
        },
      }),
    ],
    ['attributes out of order', () => ({ unsorted: true })],
    ['no signed attributes', () => ({ noSignedAttributes: true })],
    ['unsigned attributes', () => ({ unsignedAttributes: derElement(0xa1, attribute('1.2.3', derInteger(1))) })],
    ['empty unsigned attributes', () => ({ unsignedAttributes: derElement(0xa1) })],
    ['two signers', () => ({ signers: 2 })],
    ['no signer', () => ({ signers: 0 })],
    ['another content info', () => ({ contentInfoType: idData })],
    ['version 3', () => ({ version: derInteger(3) })],
    ['signer version 3', () => ({ signerVersion: derInteger(3) })],
    ['a signer by key identifier', () => ({ signerIdentifier: derElement(0x80, Buffer.alloc(20)) })],
    ['no digest algorithm', () => ({ digestAlgorithms: [] })],
    ['two digest algorithms', () => ({ digestAlgorithms: [sha256Algorithm, sha384Algorithm] })],
    ['two different digest algorithms', () => ({ digestAlgorithms: [sha384Algorithm] })],
    ['a signer with another digest algorithm', () => ({ signerDigestAlgorithm: sha384Algorithm })],
    ['SHA-1', () => ({ signerDigestAlgorithm: sequence(derOid('1.3.14.3.2.26')) })],
    ['another signature algorithm', () => ({ signatureAlgorithm: sequence(derOid('1.2.840.10045.4.3.3')) })],
    ['SHA-1 with ECDSA', () => ({ signatureAlgorithm: sequence(derOid('1.2.840.10045.4.1')) })],
    [
      'rsaEncryption by an EC key',
      () => ({ signatureAlgorithm: sequence(derOid('1.2.840.113549.1.1.1'), derElement(5)) }),
    ],
    [
      'parameters at the signature algorithm',
      () => ({ signatureAlgorithm: sequence(derOid('1.2.840.10045.4.3.2'), derElement(5)) }),
    ],
    ['detached content', () => ({ encapsulated: sequence(idData) })],
    [
      'content of another type',
      () => ({ encapsulated: sequence(derOid('1.2.3'), derElement(0xa0, octets(Buffer.from('content')))) }),
    ],
    ['other content', () => ({ encapsulated: sequence(idData, derElement(0xa0, octets(Buffer.from('Content')))) })],
    [
      'content in pieces',
      () => ({ encapsulated: sequence(idData, derElement(0xa0, derElement(0x24, octets(Buffer.from('content'))))) }),
    ],
    ['no certificate', () => ({ certificates: [] })],
    ['only another certificate', () => ({ certificates: [other.certificateDer] })],
    [
      'certificates out of order',
      () => ({ certificates: [leaf.certificateDer, other.certificateDer], unsortedCertificates: true }),
    ],
    ['a certificate twice', () => ({ certificates: [leaf.certificateDer, leaf.certificateDer] })],
    ['a malformed certificate beside', () => ({ certificates: [leaf.certificateDer, sequence(derInteger(1))] })],
    ['a certificate that is none', () => ({ certificates: [leaf.certificateDer, derElement(0xa1, derInteger(1))] })],
    [
      'a huge certificate beside',
      () => ({ certificates: [leaf.certificateDer, sequence(octets(new Uint8Array(20_000)))] }),
    ],
    ['revocation lists', () => ({ crls: derElement(0xa1) })],
    ['something behind', () => ({ afterSignedData: derInteger(1) })],
  ]
  it.each(cases)('refuses %s', (_, crooked) => {
    const verdict = verifyCms(makeCrookedCms(leaf, crooked()))
    expect(verdict.ok).toBe(false)
    if (!verdict.ok) expect(['SEAL_INVALID', 'DER_MALFORMED', 'CERTIFICATE_UNUSABLE']).toContain(verdict.reason.code)
  })

  it('refuses more certificates than a path can need', () => {
    const many = Array.from({ length: 17 }, (_, index) => sequence(derInteger(index)))
    expect(verifyCms(makeCrookedCms(leaf, { certificates: [leaf.certificateDer, ...many] }))).toMatchObject({
      ok: false,
    })
  })

  it('refuses two certificates of one issuer and serial number', async () => {
    const { pki } = of('ecdsa-p256-sha256')
    const serialNumberHex = Buffer.from(parseCertificate(leaf.certificateDer).serialNumber).toString('hex')
    for (const keyUsage of [undefined, 3]) {
      // Shorter and longer than the signer's: before and behind it in the set.
      const organisation = keyUsage === undefined ? '' : `, O=${'x'.repeat(120)}`
      const twin = await makeCertificate({
        name: `CN=twin${organisation}`,
        issuer: pki.subCa,
        serialNumberHex,
        keyUsage,
      })
      const verdict = verifyCms(makeCrookedCms(leaf, { certificates: [leaf.certificateDer, twin.certificateDer] }))
      expect(verdict).toMatchObject({ ok: false, reason: { code: 'SEAL_INVALID' } })
    }
  })

  it('refuses RSA-PSS of another salt, hash or trailer, and the signature algorithm spelled otherwise', () => {
    const { cms } = of('rsa-pss-sha256')
    expect(verifyCms(cms).ok).toBe(true)
    const salt = Buffer.from('a203020120', 'hex')
    const at = Buffer.from(cms).lastIndexOf(salt)
    expect(at).toBeGreaterThan(0)
    const altered = Uint8Array.from(cms)
    altered[at + 4] = 20
    expect(verifyCms(altered).ok).toBe(false)
    const pkcs1 = of('rsa-pkcs1-sha256').cms
    const oid = Buffer.from('300d06092a864886f70d0101010500', 'hex')
    const respelled = Uint8Array.from(pkcs1)
    respelled[Buffer.from(pkcs1).lastIndexOf(oid) + 12] = 11
    expect(verifyCms(respelled).ok).toBe(false)
  })

  it('answers any bytes with a verdict', () => {
    const { cms } = of('ecdsa-p256-sha256')
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(cms.length - 1), fc.nat(255), fc.constantFrom('set', 'insert', 'delete', 'cut')), {
          minLength: 1,
          maxLength: 6,
        }),
        (edits) => {
          let bytes = [...cms]
          for (const [at, value, how] of edits) {
            if (how === 'set') bytes[at % bytes.length] = value
            else if (how === 'insert') bytes.splice(at, 0, value)
            else if (how === 'delete') bytes.splice(at, value % 16)
            else if (value === 0) bytes = bytes.slice(0, at)
          }
          const verdict = verifyCms(Uint8Array.from(bytes))
          if (!verdict.ok) expect(verdict.reason).toBeInstanceOf(TramError)
          else expect(Buffer.from(verdict.value.content)).toEqual(content)
        },
      ),
      { numRuns: 3000 },
    )
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(verifyCms(bytes).ok).toBe(false)
      }),
      { numRuns: 2000 },
    )
  })
})
