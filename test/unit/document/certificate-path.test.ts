// Certificates and paths, right and wrong in one way each. The CAs are made by @peculiar/x509; where openssl has a
// word to say it must agree that a wrong path is wrong.
import 'reflect-metadata'
import * as x509 from '@peculiar/x509'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { TramError } from '../../../src/base/errors.ts'
import { certificatesFromPem, parseCertificate } from '../../../src/document/certificate.ts'
import { type Trust, verifyCertificatePath } from '../../../src/document/certificate-path.ts'
import { DerReader, derTag } from '../../../src/document/der.ts'
import { derElement, derOid } from '../../../src/document/der-writer.ts'
import { runOpenssl } from '../../fixtures/pki/openssl.ts'
import {
  createTestPki,
  keyUsage,
  type MakeCertificateOptions,
  makeCertificate,
  makeKey,
  type TestCertificate,
  type TestKey,
  toPem,
} from '../../fixtures/pki/test-pki.ts'

const now = Date.UTC(2026, 10, 21)
const caUsage = keyUsage.keyCertSign | keyUsage.cRLSign
const ca = { basicConstraints: { ca: true }, keyUsage: caUsage }
const end = { basicConstraints: { ca: false }, keyUsage: keyUsage.digitalSignature }
const trusting = (...anchors: TestCertificate[]): Trust => ({
  anchors: anchors.map((one) => one.certificateDer),
  intermediates: [],
})

/** Root ← sub-CA ← leaf, each with options of its own. */
async function threeCertificates(options: {
  root?: Partial<MakeCertificateOptions>
  subCa?: Partial<MakeCertificateOptions>
  leaf?: Partial<MakeCertificateOptions>
}): Promise<{ root: TestCertificate; subCa: TestCertificate; leaf: TestCertificate }> {
  const root = await makeCertificate({ name: 'Root', ...ca, ...options.root })
  const subCa = await makeCertificate({ name: 'Sub-CA', issuer: root, ...ca, ...options.subCa })
  const leaf = await makeCertificate({ name: 'Leaf', issuer: subCa, ...end, ...options.leaf })
  return { root, subCa, leaf }
}

function reasonOf(leaf: TestCertificate, extra: TestCertificate[], trust: Trust, atMs = now): string {
  const verdict = verifyCertificatePath(
    leaf.certificateDer,
    extra.map((one) => one.certificateDer),
    trust,
    atMs,
  )
  if (verdict.ok) return 'accepted'
  expect(verdict.reason.code).toBe('CERTIFICATE_UNUSABLE')
  return verdict.reason.message
}

function opensslAccepts(leaf: TestCertificate, extra: TestCertificate[], root: TestCertificate, atMs = now): boolean {
  const files = {
    'root.pem': toPem(root.certificateDer),
    'extra.pem': extra.map((one) => toPem(one.certificateDer)).join(''),
    'leaf.pem': toPem(leaf.certificateDer),
  }
  const args = ['verify', '-purpose', 'any', '-attime', String(atMs / 1000), '-CAfile', 'root.pem']
  const untrusted = extra.length > 0 ? ['-untrusted', 'extra.pem'] : []
  return runOpenssl(files, [...args, ...untrusted, 'leaf.pem'], []).status === 0
}

const extension = (oid: string, critical: boolean, value: Uint8Array): x509.Extension =>
  new x509.Extension(oid, critical, Uint8Array.from(value))

describe('verifyCertificatePath', () => {
  it.each(['ec-p256', 'ec-p384', 'ec-p521', 'rsa-2048', 'rsa-3072'] as const)('finds a path of %s', async (alg) => {
    const { root, subCa, leaf } = await threeCertificates({
      root: { keyAlgorithm: alg, hash: 'SHA-512' },
      subCa: { keyAlgorithm: alg, hash: 'SHA-384' },
      leaf: { keyAlgorithm: alg },
    })
    expect(verifyCertificatePath(leaf.certificateDer, [subCa.certificateDer], trusting(root), now)).toEqual({
      ok: true,
      value: [leaf.certificateDer, subCa.certificateDer, root.certificateDer],
    })
    expect(opensslAccepts(leaf, [subCa], root)).toBe(true)
  })

  it('takes RSA-PSS from a CA', async () => {
    const { root, subCa, leaf } = await threeCertificates({
      root: { keyAlgorithm: 'rsa-2048' },
      subCa: { keyAlgorithm: 'rsa-2048', pss: true },
      leaf: { pss: true, hash: 'SHA-384' },
    })
    expect(parseCertificate(leaf.certificateDer).signatureAlgorithm).toEqual({
      kind: 'rsa-pss',
      hash: 'sha384',
      saltBytes: 32,
    })
    expect(reasonOf(leaf, [subCa], trusting(root))).toBe('accepted')
  })

  it('uses intermediates that the site installed, and an intermediate as anchor', async () => {
    const { root, subCa, leaf } = await threeCertificates({})
    const installed = { anchors: [root.certificateDer], intermediates: [subCa.certificateDer] }
    expect(reasonOf(leaf, [], installed)).toBe('accepted')
    const pinned = verifyCertificatePath(leaf.certificateDer, [subCa.certificateDer], trusting(subCa), now)
    expect(pinned).toEqual({ ok: true, value: [leaf.certificateDer, subCa.certificateDer] })
    expect(reasonOf(leaf, [], trusting(root))).toMatch(/its issuer "CN=Sub-CA" is not among/)
  })

  it('leaves out an installed certificate that it cannot read, and names it when nothing else helps', async () => {
    const { root, subCa, leaf } = await threeCertificates({})
    const damaged = { anchors: [Buffer.from('30030201', 'hex'), root.certificateDer], intermediates: [] }
    expect(reasonOf(leaf, [subCa], damaged)).toBe('accepted')
    const only = verifyCertificatePath(
      leaf.certificateDer,
      [],
      { anchors: [Buffer.from([0x30])], intermediates: [] },
      now,
    )
    expect(only).toMatchObject({ ok: false, reason: { code: 'DER_MALFORMED' } })
  })

  const early = { notBefore: new Date('2020-01-01T00:00:00Z'), notAfter: new Date('2026-11-20T23:59:59Z') }
  const late = { notBefore: new Date('2026-11-21T00:00:01Z'), notAfter: new Date('2030-01-01T00:00:00Z') }
  it.each(['root', 'subCa', 'leaf'] as const)('refuses an expired or not yet valid %s', async (which) => {
    const expired = await threeCertificates({ [which]: early })
    expect(reasonOf(expired.leaf, [expired.subCa], trusting(expired.root))).toMatch(/expired at 2026-11-20T23:59:59/)
    expect(opensslAccepts(expired.leaf, [expired.subCa], expired.root)).toBe(false)
    expect(reasonOf(expired.leaf, [expired.subCa], trusting(expired.root), now - 1)).toBe('accepted')
    const future = await threeCertificates({ [which]: late })
    expect(reasonOf(future.leaf, [future.subCa], trusting(future.root))).toMatch(/not valid before/)
    expect(opensslAccepts(future.leaf, [future.subCa], future.root)).toBe(false)
    expect(reasonOf(future.leaf, [future.subCa], trusting(future.root), now + 1000)).toBe('accepted')
    expect(reasonOf(future.leaf, [future.subCa], trusting(future.root), Number.NaN)).toMatch(/not valid/)
  })

  it.each([
    ['has no basicConstraints', { basicConstraints: undefined }, /not a CA/],
    ['is no CA', { basicConstraints: { ca: false } }, /not a CA/],
    ['lacks keyCertSign', { keyUsage: keyUsage.digitalSignature }, /lacks keyCertSign/],
    ['has no keyUsage', { keyUsage: undefined }, /lacks keyCertSign/],
  ] as const)('refuses an issuer that %s', async (_, subCa, reason) => {
    const chain = await threeCertificates({ subCa })
    expect(reasonOf(chain.leaf, [chain.subCa], trusting(chain.root))).toMatch(reason)
  })

  it('wants a CA as anchor, too, but takes one without keyUsage', async () => {
    const notCa = await threeCertificates({ root: { basicConstraints: { ca: false } } })
    expect(reasonOf(notCa.leaf, [notCa.subCa], trusting(notCa.root))).toMatch(/not a CA/)
    const noUsage = await threeCertificates({ root: { keyUsage: undefined } })
    expect(reasonOf(noUsage.leaf, [noUsage.subCa], trusting(noUsage.root))).toBe('accepted')
    const wrongUsage = await threeCertificates({ root: { keyUsage: keyUsage.cRLSign } })
    expect(reasonOf(wrongUsage.leaf, [wrongUsage.subCa], trusting(wrongUsage.root))).toMatch(/lacks keyCertSign/)
    const selfSigned = await makeCertificate({ name: 'Alone', ...end })
    expect(reasonOf(selfSigned, [], trusting(selfSigned))).not.toBe('accepted')
  })

  it('keeps path lengths, of which self-issued certificates take nothing', async () => {
    const root = await makeCertificate({ name: 'Root', ...ca, basicConstraints: { ca: true, pathLength: 1 } })
    const first = await makeCertificate({ name: 'First', issuer: root, ...ca })
    const second = await makeCertificate({ name: 'Second', issuer: first, ...ca })
    const shallow = await makeCertificate({ name: 'Shallow', issuer: first, ...end })
    const deep = await makeCertificate({ name: 'Deep', issuer: second, ...end })
    expect(reasonOf(shallow, [first], trusting(root))).toBe('accepted')
    expect(reasonOf(deep, [first, second], trusting(root))).toMatch(/path length is only 1/)
    expect(opensslAccepts(deep, [first, second], root)).toBe(false)
    const rolledOver = await makeCertificate({ name: 'First', issuer: first, ...ca })
    const afterRollover = await makeCertificate({ name: 'After', issuer: rolledOver, ...end })
    expect(reasonOf(afterRollover, [first, rolledOver], trusting(root))).toBe('accepted')
    expect(opensslAccepts(afterRollover, [first, rolledOver], root)).toBe(true)
  })

  it.each([
    ['none', undefined, true],
    ['keyEncipherment', keyUsage.keyEncipherment, false],
    ['digitalSignature', keyUsage.digitalSignature, true],
    ['nonRepudiation', keyUsage.nonRepudiation, true],
    ['keyEncipherment and nonRepudiation', keyUsage.keyEncipherment | keyUsage.nonRepudiation, true],
  ] as const)('looks at the keyUsage of the leaf: %s', async (_, usage, accepted) => {
    const { root, subCa, leaf } = await threeCertificates({ leaf: { keyUsage: usage } })
    const expected = accepted ? /^accepted$/ : /neither digitalSignature nor nonRepudiation/
    expect(reasonOf(leaf, [subCa], trusting(root))).toMatch(expected)
  })

  it.each(['root', 'subCa', 'leaf'] as const)('refuses an unknown critical extension in the %s', async (which) => {
    const unknown = (critical: boolean): Partial<MakeCertificateOptions> => ({
      extensions: [extension('1.3.6.1.4.1.99999.1', critical, Buffer.from('0500', 'hex'))],
    })
    const refused = await threeCertificates({ [which]: unknown(true) })
    expect(reasonOf(refused.leaf, [refused.subCa], trusting(refused.root))).toMatch(
      /unknown critical extension 1\.3\.6\.1\.4\.1\.99999\.1/,
    )
    expect(opensslAccepts(refused.leaf, [refused.subCa], refused.root)).toBe(false)
    const harmless = await threeCertificates({ [which]: unknown(false) })
    expect(reasonOf(harmless.leaf, [harmless.subCa], trusting(harmless.root))).toBe('accepted')
  })

  it('takes policies and alternative names that are critical, not policy or name constraints', async () => {
    const harmless = [
      extension('2.5.29.32', true, Buffer.from('300630040602 2a03'.replaceAll(' ', ''), 'hex')),
      extension('2.5.29.17', true, Buffer.from('3003820161', 'hex')),
    ]
    const accepted = await threeCertificates({ leaf: { extensions: harmless } })
    expect(reasonOf(accepted.leaf, [accepted.subCa], trusting(accepted.root))).toBe('accepted')
    const policy = [extension('2.5.29.36', true, Buffer.from('3003800100', 'hex'))]
    const constrained = await threeCertificates({ subCa: { extensions: policy } })
    expect(reasonOf(constrained.leaf, [constrained.subCa], trusting(constrained.root))).toMatch(/2\.5\.29\.36/)
    for (const critical of [true, false]) {
      const names = [extension('2.5.29.30', critical, Buffer.from('3009a0073005820361622e', 'hex'))]
      const { root, subCa, leaf } = await threeCertificates({ subCa: { extensions: names } })
      expect(reasonOf(leaf, [subCa], trusting(root))).toMatch(/name constraints/)
    }
  })

  it.each([
    ['time stamping, critical', ['1.3.6.1.5.5.7.3.8'], true, false],
    ['server authentication, critical', ['1.3.6.1.5.5.7.3.1'], true, false],
    ['document signing, critical', ['1.3.6.1.5.5.7.3.36'], true, true],
    ['client authentication, critical', ['1.3.6.1.5.5.7.3.2'], true, true],
    ['server authentication', ['1.3.6.1.5.5.7.3.1'], false, true],
  ] as const)('looks at extendedKeyUsage: %s', async (_, oids, critical, accepted) => {
    const { root, subCa, leaf } = await threeCertificates({ leaf: { extendedKeyUsage: { oids: [...oids], critical } } })
    expect(reasonOf(leaf, [subCa], trusting(root))).toMatch(accepted ? /^accepted$/ : /no purpose for signing/)
  })

  it('chains names by their bytes', async () => {
    const { root, subCa, leaf } = await threeCertificates({ leaf: { issuerName: 'CN=sub-ca' } })
    expect(reasonOf(leaf, [subCa], trusting(root))).toMatch(/issuer "CN=sub-ca" is not among/)
    const stranger = await threeCertificates({ subCa: { issuerName: 'CN=Other Root' } })
    expect(reasonOf(stranger.leaf, [stranger.subCa], trusting(stranger.root))).not.toBe('accepted')
  })

  it('refuses a signature by another key of the same name', async () => {
    for (const keyIdentifiers of [true, false]) {
      const honest = await threeCertificates({ subCa: { keyIdentifiers }, leaf: { keyIdentifiers } })
      const impostor = await makeCertificate({ name: 'Sub-CA', issuer: honest.root, ...ca, keyIdentifiers })
      expect(reasonOf(honest.leaf, [impostor], trusting(honest.root))).toMatch(
        keyIdentifiers ? /not among the trust anchors/ : /it is not signed by "CN=Sub-CA"/,
      )
      // With the right one beside it, the impostor is only passed over.
      expect(reasonOf(honest.leaf, [impostor, honest.subCa], trusting(honest.root))).toBe('accepted')
      const falseRoot = await makeCertificate({ name: 'Root', ...ca, keyIdentifiers })
      expect(reasonOf(honest.leaf, [honest.subCa], trusting(falseRoot))).not.toBe('accepted')
      expect(reasonOf(honest.leaf, [honest.subCa, falseRoot], trusting(honest.root))).toBe('accepted')
    }
  })

  it('does not take a root for trusted because it came along', async () => {
    const { root, subCa, leaf } = await threeCertificates({})
    const site = await makeCertificate({ name: 'Site root', ...ca })
    expect(reasonOf(leaf, [subCa, root], trusting(site))).not.toBe('accepted')
    expect(reasonOf(leaf, [subCa, root], trusting(site, root))).toBe('accepted')
    expect(reasonOf(leaf, [subCa, root], { anchors: [], intermediates: [root.certificateDer] })).not.toBe('accepted')
  })

  it('refuses SHA-1 below the anchor, not in it', async () => {
    const weakLeaf = await threeCertificates({ leaf: { hash: 'SHA-1' } })
    expect(reasonOf(weakLeaf.leaf, [weakLeaf.subCa], trusting(weakLeaf.root))).toMatch(/SHA-1 with ECDSA/)
    const weakCa = await threeCertificates({ root: { keyAlgorithm: 'rsa-2048' }, subCa: { hash: 'SHA-1' } })
    expect(reasonOf(weakCa.leaf, [weakCa.subCa], trusting(weakCa.root))).toMatch(/SHA-1 with RSA/)
    const oldRoot = await threeCertificates({ root: { hash: 'SHA-1' } })
    expect(reasonOf(oldRoot.leaf, [oldRoot.subCa], trusting(oldRoot.root))).toBe('accepted')
  })

  it('refuses MD5', () => {
    const files = { 'empty.cnf': '[req]\ndistinguished_name=dn\n[dn]\n' }
    const made = runOpenssl(
      files,
      [
        ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-md5', '-config', 'empty.cnf', '-subj', '/CN=Old'],
        ...['-keyout', 'key.pem', '-out', 'old.pem', '-addext', 'keyUsage=digitalSignature,keyCertSign'],
        ...['-addext', 'basicConstraints=critical,CA:true'],
      ],
      ['old.pem'],
    )
    expect(made.status).toBe(0)
    const [old] = certificatesFromPem(made.outputs['old.pem']?.toString() ?? '')
    expect(parseCertificate(old ?? new Uint8Array()).signatureAlgorithm).toEqual({
      kind: 'other',
      algorithm: 'MD5 with RSA',
    })
  })

  it.each(['root', 'subCa', 'leaf'] as const)('refuses RSA below 2048 bits in the %s', async (which) => {
    const { root, subCa, leaf } = await threeCertificates({ [which]: { keyAlgorithm: 'rsa-1024' } })
    expect(reasonOf(leaf, [subCa], trusting(root))).toMatch(/1024 bits is too short/)
  })

  it('goes eight certificates deep and no further', async () => {
    const root = await makeCertificate({ name: 'Root', ...ca })
    const chain: TestCertificate[] = [root]
    for (let level = 1; level <= 7; level++) {
      chain.push(await makeCertificate({ name: `CA ${level}`, issuer: chain.at(-1), ...ca }))
    }
    const below = async (level: number): Promise<TestCertificate> =>
      makeCertificate({ name: 'Leaf', issuer: chain[level], ...end })
    expect(reasonOf(await below(6), chain.slice(1), trusting(root))).toBe('accepted')
    expect(reasonOf(await below(7), chain.slice(1), trusting(root))).not.toBe('accepted')
  })

  it('comes to an end in a maze of certificates that cross each other', async () => {
    // Sixteen CAs of one name and two keys, each of which signs all: every order of them is a chain of names.
    const keys: TestKey[] = [await makeKey('ec-p256'), await makeKey('ec-p256')]
    const maze: TestCertificate[] = []
    for (let index = 0; index < 16; index++) {
      const key = keys[index % 2]
      const issuer = { name: 'CN=Maze', certificateDer: new Uint8Array(), key: keys[(index >> 1) % 2] as TestKey }
      maze.push(await makeCertificate({ name: 'Maze', key, issuer, ...ca, keyIdentifiers: false }))
    }
    // And fresh keys: without a loop by name and key the search can really go deep.
    const fresh: TestCertificate[] = []
    const freshKeys = await Promise.all(Array.from({ length: 4 }, () => makeKey('ec-p256')))
    for (let index = 0; index < 16; index++) {
      const issuer = { name: 'CN=Maze', certificateDer: new Uint8Array(), key: freshKeys[index >> 2] as TestKey }
      fresh.push(
        await makeCertificate({ name: 'Maze', key: freshKeys[index & 3], issuer, ...ca, keyIdentifiers: false }),
      )
    }
    const site = await makeCertificate({ name: 'Site', ...ca })
    for (const certificates of [maze, fresh]) {
      const leaf = await makeCertificate({ name: 'Leaf', issuer: certificates[0], ...end, keyIdentifiers: false })
      expect(reasonOf(leaf, certificates, trusting(site))).not.toBe('accepted')
      expect(reasonOf(leaf, [...certificates, site], trusting(site))).toMatch(/more than 16/)
    }
    const leaf = await makeCertificate({ name: 'Leaf', issuer: fresh[0], ...end, keyIdentifiers: false })
    expect(reasonOf(leaf, fresh, trusting(site))).toMatch(/too many certificates cross each other/)
    // Nor does the end of the search let an anchor pass whose signature was not looked at any more.
    const named = await makeCertificate({ name: 'Maze', ...ca, keyIdentifiers: false })
    expect(reasonOf(leaf, fresh, trusting(named))).toMatch(/too many certificates cross each other/)
  })

  it('passes no certificate of one name and key twice', async () => {
    const root = await makeCertificate({ name: 'Root', ...ca })
    const a = await makeCertificate({ name: 'A', issuer: root, ...ca })
    const b = await makeCertificate({ name: 'B', issuer: a, ...ca })
    const aByB = await makeCertificate({ name: 'A', key: a.key, issuer: b, ...ca })
    const leaf = await makeCertificate({ name: 'Leaf', issuer: a, ...end })
    const extra = [aByB, b, a].map((one) => one.certificateDer)
    expect(verifyCertificatePath(leaf.certificateDer, extra, trusting(root), now)).toEqual({
      ok: true,
      value: [leaf.certificateDer, a.certificateDer, root.certificateDer],
    })
    expect(reasonOf(leaf, [aByB, b], trusting(root))).toMatch(/not among the trust anchors/)
  })
})

describe('parseCertificate', () => {
  let leafDer: Uint8Array
  beforeAll(async () => {
    const pki = await createTestPki()
    leafDer = (await pki.issue({ commonName: 'Trạm Hà Nội' })).certificateDer
  })

  it('reads what the certificate says', async () => {
    const { leaf, subCa } = await threeCertificates({
      subCa: { basicConstraints: { ca: true, pathLength: 3 } },
      leaf: { name: 'CN=Trạm Hà Nội, O=Ủy ban, C=VN', keyUsage: keyUsage.digitalSignature | keyUsage.nonRepudiation },
    })
    const oracle = new x509.X509Certificate(Uint8Array.from(leaf.certificateDer))
    const certificate = parseCertificate(leaf.certificateDer)
    expect(certificate).toMatchObject({
      version: 3,
      subjectText: 'CN=Trạm Hà Nội, O=Ủy ban, C=VN',
      issuerText: 'CN=Sub-CA',
      notBeforeMs: oracle.notBefore.getTime(),
      notAfterMs: oracle.notAfter.getTime(),
      signatureAlgorithm: { kind: 'ecdsa', hash: 'sha256' },
      publicKey: { kind: 'ec', curve: 'P-256' },
      basicConstraints: { ca: false, pathLength: undefined },
      hasNameConstraints: false,
      unknownCriticalExtensions: [],
    })
    expect(Buffer.from(certificate.serialNumber).toString('hex')).toBe(oracle.serialNumber)
    expect([...(certificate.keyUsage ?? [])]).toEqual(['digitalSignature', 'nonRepudiation'])
    expect(Buffer.from(certificate.publicKey.spki)).toEqual(Buffer.from(oracle.publicKey.rawData))
    const issuer = parseCertificate(subCa.certificateDer)
    expect(issuer.basicConstraints).toEqual({ ca: true, pathLength: 3 })
    expect(certificate.authorityKeyIdentifier?.keyIdentifier).toEqual(issuer.subjectKeyIdentifier)
    expect(Buffer.from(certificate.issuer)).toEqual(Buffer.from(issuer.subject))
  })

  it('shows no control characters of a name', async () => {
    const { certificateDer } = await makeCertificate({ name: 'CN=a!bcdefghi' })
    const bytes = Buffer.from(certificateDer)
    // ESC, RIGHT-TO-LEFT OVERRIDE in UTF-8, line feed.
    const nasty = Buffer.from('611b62e280ae630a6869', 'hex')
    for (let at = bytes.indexOf('a!bcdefghi'); at >= 0; at = bytes.indexOf('a!bcdefghi')) nasty.copy(bytes, at)
    expect(parseCertificate(bytes).subjectText).toBe('CN=a?b?c?hi')
  })

  it('measures RSA keys', async () => {
    const { certificateDer } = await makeCertificate({ name: 'RSA', keyAlgorithm: 'rsa-3072' })
    expect(parseCertificate(certificateDer).publicKey).toMatchObject({
      kind: 'rsa',
      modulusBits: 3072,
      exponent: 65537,
    })
  })

  it('refuses two signature algorithms, two of one extension, and too many bytes', async () => {
    const bytes = Buffer.from(leafDer)
    const outer = bytes.lastIndexOf(Buffer.from('06082a8648ce3d040302', 'hex'))
    const altered = Uint8Array.from(bytes)
    altered[outer + 9] = 3
    expect(() => parseCertificate(altered)).toThrow(/two signature algorithms/)
    const twice = await makeCertificate({
      name: 'Twice',
      extensions: [1, 2].map(() => extension('1.2.3', false, Buffer.from('0500', 'hex'))),
    })
    expect(() => parseCertificate(twice.certificateDer)).toThrow(/1\.2\.3 twice/)
    const large = derElement(derTag.sequence, new Uint8Array(17_000))
    expect(() => parseCertificate(large)).toThrow(expect.objectContaining({ code: 'CERTIFICATE_UNUSABLE' }))
  })

  it('leaves no byte outside the signature or the rules', async () => {
    const { root, leaf } = await (async () => {
      const made = await makeCertificate({ name: 'Root', ...ca })
      return { root: made, leaf: await makeCertificate({ name: 'Leaf', issuer: made, ...end }) }
    })()
    const trust = trusting(root)
    const survivors: string[] = []
    for (let at = 0; at < leaf.certificateDer.length; at++) {
      for (const mask of [1, 2, 4, 8, 16, 32, 64, 128, 0xff]) {
        const altered = Uint8Array.from(leaf.certificateDer)
        altered[at] = (altered[at] ?? 0) ^ mask
        if (verifyCertificatePath(altered, [], trust, now).ok) survivors.push(`${at}^${mask}`)
      }
    }
    expect(survivors).toEqual([])
  })

  it('reads any bytes or throws a TramError', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(leafDer.length - 1), fc.nat(255), fc.boolean()), { minLength: 1, maxLength: 8 }),
        (edits) => {
          const bytes = [...leafDer]
          for (const [at, value, insert] of edits) bytes.splice(at, insert ? 0 : 1, value)
          const mutated = Uint8Array.from(bytes)
          try {
            parseCertificate(mutated)
          } catch (error) {
            expect(error).toBeInstanceOf(TramError)
          }
          const verdict = verifyCertificatePath(
            mutated,
            [mutated],
            { anchors: [mutated], intermediates: [mutated] },
            now,
          )
          if (!verdict.ok) expect(['DER_MALFORMED', 'CERTIFICATE_UNUSABLE']).toContain(verdict.reason.code)
        },
      ),
      { numRuns: 4000 },
    )
  })

  it('survives a key that is no point of its curve', async () => {
    const root = await makeCertificate({ name: 'Root', ...ca, keyIdentifiers: false })
    const leaf = await makeCertificate({ name: 'Leaf', issuer: root, ...end, keyIdentifiers: false })
    const spki = Buffer.from(parseCertificate(root.certificateDer).publicKey.spki)
    const broken = Uint8Array.from(root.certificateDer)
    const at = Buffer.from(broken).indexOf(spki) + spki.length - 5
    broken[at] = (broken[at] ?? 0) ^ 1
    const verdict = verifyCertificatePath(leaf.certificateDer, [], { anchors: [broken], intermediates: [] }, now)
    expect(verdict).toMatchObject({ ok: false, reason: { code: 'CERTIFICATE_UNUSABLE' } })
  })
})

describe('certificatesFromPem', () => {
  it('reads every certificate of a bundle in order', async () => {
    const { root, subCa } = await threeCertificates({})
    const text = `# root\r\n${toPem(root.certificateDer).replaceAll('\n', '\r\n')}and\n${toPem(subCa.certificateDer)}`
    expect(certificatesFromPem(text)).toEqual([root.certificateDer, subCa.certificateDer])
  })

  it('refuses none, a damaged one and what is no certificate', async () => {
    const { root } = await threeCertificates({})
    const pem = toPem(root.certificateDer)
    for (const text of [
      '',
      'hello',
      pem + pem.replace('END CERTIFICATE', 'END'),
      pem.replace(/\n.{8}/, '\n!!!!!!!!'),
    ]) {
      expect(() => certificatesFromPem(text)).toThrow(expect.objectContaining({ code: 'CERTIFICATE_UNUSABLE' }))
    }
    expect(() => certificatesFromPem(toPem(root.certificateDer.subarray(0, 99)))).toThrow(TramError)
    expect(() => certificatesFromPem(toPem(derElement(derTag.sequence, derOid('1.2.3'))))).toThrow(TramError)
    expect(new DerReader(root.certificateDer).nextTag).toBe(derTag.sequence)
  })
})
