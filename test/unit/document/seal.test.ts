// Seals end to end: statement, signature, certificate path and inclusion, and every altered byte of all of them.
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { TramError } from '../../../src/base/errors.ts'
import { prepareCms } from '../../../src/document/cms.ts'
import { leafHash, MerkleTree } from '../../../src/document/merkle.ts'
import { RootStatement, Seal } from '../../../src/document/schema/seal.ts'
import { parseSeal, prepareRootStatement, verifyInclusion, verifyRootStatement } from '../../../src/document/seal.ts'
import { wrapSignedContent } from '../../../src/document/signed-content.ts'
import { opensslVerify } from '../../fixtures/pki/openssl.ts'
import { createTestPki, makeCertificate, type TestLeaf, type TestPki } from '../../fixtures/pki/test-pki.ts'

const time = Date.UTC(2026, 10, 21, 3, 4, 5, 678)
const waybills = Array.from({ length: 13 }, (_, index) => Buffer.from(`waybill ${index}`))
const tree = new MerkleTree(waybills.map((bytes) => leafHash('waybill', bytes)))
const statement: RootStatement = {
  version: 1,
  station: 'ha-noi-1',
  generation: 2,
  sequence: 7,
  time,
  treeSize: waybills.length,
  root: Uint8Array.from(tree.root),
  previousRoot: new Uint8Array(32).fill(5),
}
const invalid = { ok: false, reason: { code: 'SEAL_INVALID' } }

let pki: TestPki
let leaf: TestLeaf
let cms: Uint8Array
beforeAll(async () => {
  pki = await createTestPki()
  leaf = await pki.issue({ commonName: 'Trạm Hà Nội 1' })
  cms = seal(statement)
})

function seal(said: RootStatement, by = leaf, chain = pki.chain): Uint8Array {
  const job = prepareRootStatement({ statement: said, scheme: by.scheme, certificate: by.certificateDer, chain })
  return job.finish(by.sign(job.digest))
}

/** Signs content that `prepareRootStatement` would not. */
function signContent(content: Uint8Array, signingTimeMs = time): Uint8Array {
  const job = prepareCms({
    content,
    scheme: leaf.scheme,
    certificate: leaf.certificateDer,
    chain: pki.chain,
    signingTimeMs,
  })
  return job.finish(leaf.sign(job.digest))
}
const signStatement = (said: Partial<RootStatement>): Uint8Array =>
  signContent(wrapSignedContent('root', RootStatement.encode({ ...statement, ...said })), said.time)

describe('verifyRootStatement', () => {
  it('gives the statement, the signer and the path', () => {
    const verdict = verifyRootStatement(cms, pki.trust)
    if (!verdict.ok) throw verdict.reason
    expect(verdict.value.statement).toEqual(statement)
    expect(Buffer.from(verdict.value.certificate)).toEqual(Buffer.from(leaf.certificateDer))
    expect(verdict.value.certificateSha256).toEqual(createHash('sha256').update(leaf.certificateDer).digest())
    expect(verdict.value.certificates.map((one) => Buffer.from(one))).toEqual(
      [leaf.certificateDer, pki.subCa.certificateDer, pki.root.certificateDer].map((one) => Buffer.from(one)),
    )
    expect(opensslVerify(cms, pki.rootPem, time).status).toBe(0)
  })

  it('takes the intermediate from the site, and the root that came along', () => {
    const installed = { anchors: pki.trust.anchors, intermediates: pki.chain }
    expect(verifyRootStatement(seal(statement, leaf, []), installed).ok).toBe(true)
    expect(verifyRootStatement(seal(statement, leaf, []), pki.trust).ok).toBe(false)
    const withRoot = seal(statement, leaf, [pki.root.certificateDer, ...pki.chain])
    expect(verifyRootStatement(withRoot, pki.trust).ok).toBe(true)
  })

  it('refuses another authority', async () => {
    const stranger = await createTestPki()
    expect(verifyRootStatement(cms, stranger.trust)).toMatchObject({ reason: { code: 'CERTIFICATE_UNUSABLE' } })
  })

  it('judges the path at the time of the statement', async () => {
    const expired = await pki.issue({ commonName: 'expired', notAfter: new Date(time - 1000) })
    expect(verifyRootStatement(seal(statement, expired), pki.trust)).toMatchObject({ ok: false })
    expect(verifyRootStatement(seal({ ...statement, time: time - 2000 }, expired), pki.trust).ok).toBe(true)
  })

  it('refuses a certificate that is not on the path', async () => {
    const neighbour = await pki.issue({ commonName: 'neighbour' })
    const surplus = seal(statement, leaf, [...pki.chain, neighbour.certificateDer])
    expect(verifyRootStatement(surplus, pki.trust)).toMatchObject(invalid)
  })

  it('holds no byte that could be altered, the certificates of the chain included', () => {
    const survivors: string[] = []
    for (let at = 0; at < cms.length; at++) {
      for (const mask of [1, 2, 4, 8, 16, 32, 64, 128, 0xff]) {
        const altered = Uint8Array.from(cms)
        altered[at] = (altered[at] ?? 0) ^ mask
        if (verifyRootStatement(altered, pki.trust).ok) survivors.push(`${at}^${mask}`)
      }
    }
    expect(survivors).toEqual([])
  })

  it.each([
    ['another version', { version: 2 }],
    ['no station', { station: '' }],
    ['a station with capitals', { station: 'Ha-Noi' }],
    ['a station with a line break', { station: 'ha-noi\n' }],
    ['a station of 33 characters', { station: 'a'.repeat(33) }],
    ['an empty tree', { treeSize: 0 }],
    ['a tree that is too large', { treeSize: 2 ** 32 + 1 }],
    ['a short root', { root: new Uint8Array(31) }],
    ['no root', { root: new Uint8Array(0) }],
    ['a long root', { root: new Uint8Array(64) }],
    ['no previous root at sequence 7', { previousRoot: new Uint8Array(0) }],
    ['a short previous root', { previousRoot: new Uint8Array(20) }],
    ['a previous root at sequence 0', { sequence: 0 }],
  ] satisfies [string, Partial<RootStatement>][])('refuses a statement with %s', (_, wrong) => {
    expect(verifyRootStatement(signStatement(wrong), pki.trust)).toMatchObject(invalid)
    expect(() => seal({ ...statement, ...wrong })).toThrow(expect.objectContaining({ code: 'SEAL_INVALID' }))
  })

  it('takes the bounds themselves', () => {
    const first = {
      sequence: 0,
      previousRoot: new Uint8Array(0),
      generation: 0,
      treeSize: 2 ** 32,
      station: '-'.repeat(32),
    }
    expect(verifyRootStatement(seal({ ...statement, ...first }), pki.trust)).toMatchObject({
      ok: true,
      value: { statement: { sequence: 0, treeSize: 2 ** 32 } },
    })
    const high = { sequence: Number.MAX_SAFE_INTEGER, generation: 2 ** 32 - 1 }
    expect(verifyRootStatement(seal({ ...statement, ...high }), pki.trust).ok).toBe(true)
  })

  it('refuses a time that is not the signing-time to the second', () => {
    const encoded = wrapSignedContent('root', RootStatement.encode(statement))
    expect(verifyRootStatement(signContent(encoded, time), pki.trust).ok).toBe(true)
    expect(verifyRootStatement(signContent(encoded, time + 321), pki.trust).ok).toBe(true)
    expect(verifyRootStatement(signContent(encoded, time + 322), pki.trust)).toMatchObject(invalid)
    expect(verifyRootStatement(signContent(encoded, time - 1000), pki.trust)).toMatchObject(invalid)
  })

  it('refuses content of another kind and statements not in canonical form', () => {
    const encoded = RootStatement.encode(statement)
    const field = (hex: string): Uint8Array => Buffer.concat([encoded, Buffer.from(hex, 'hex')])
    for (const content of [
      encoded,
      wrapSignedContent('directory', encoded),
      wrapSignedContent('descriptor', encoded),
      wrapSignedContent('root', new Uint8Array(0)),
      // An unknown field, a repeated one, a number in more bytes than it needs, groups without end, a huge length.
      wrapSignedContent('root', field('a00601')),
      wrapSignedContent('root', field('0801')),
      wrapSignedContent('root', Buffer.concat([Buffer.from('088100', 'hex'), encoded.subarray(2)])),
      wrapSignedContent('root', field('63'.repeat(80))),
      wrapSignedContent('root', field('3affffffff0f')),
      wrapSignedContent('root', field(`ba06c801${'00'.repeat(200)}`)),
    ]) {
      expect(verifyRootStatement(signContent(content), pki.trust)).toMatchObject(invalid)
    }
  })

  it('refuses more than 64 KiB before it reads them', () => {
    expect(verifyRootStatement(new Uint8Array(65 * 1024), pki.trust)).toMatchObject(invalid)
  })

  it('works with every scheme', async () => {
    for (const scheme of ['rsa-pkcs1-sha256', 'rsa-pss-sha256', 'ecdsa-p384-sha384'] as const) {
      const signer = await pki.issue({ commonName: scheme, scheme })
      expect(verifyRootStatement(seal(statement, signer), pki.trust).ok).toBe(true)
    }
  })

  it('refuses a certificate that shares the key but not the bytes (ESS signing certificate)', async () => {
    const twin = await makeCertificate({
      name: 'CN=Twin',
      key: leaf.key,
      issuer: pki.subCa,
      keyUsage: 1,
      basicConstraints: { ca: false },
    })
    const job = prepareRootStatement({
      statement,
      scheme: leaf.scheme,
      certificate: twin.certificateDer,
      chain: pki.chain,
    })
    const signature = leaf.sign(job.digest)
    expect(verifyRootStatement(job.finish(signature), pki.trust).ok).toBe(true)
    // The same signature under the other certificate of the same key.
    const original = prepareRootStatement({
      statement,
      scheme: leaf.scheme,
      certificate: leaf.certificateDer,
      chain: pki.chain,
    })
    expect(verifyRootStatement(original.finish(signature), pki.trust)).toMatchObject(invalid)
  })
})

describe('verifyInclusion', () => {
  const sealOf = (index: number): Seal => ({
    cms: Uint8Array.from(cms),
    leafIndex: index,
    path: tree.path(index).map((node) => Uint8Array.from(node)),
  })

  it('holds for each leaf at its place, as its type, and nowhere else', () => {
    for (const [index, bytes] of waybills.entries()) {
      expect(verifyInclusion('waybill', bytes, sealOf(index), statement)).toEqual({ ok: true, value: undefined })
      expect(verifyInclusion('receipt', bytes, sealOf(index), statement)).toMatchObject(invalid)
      const another = sealOf((index + 1) % waybills.length)
      expect(verifyInclusion('waybill', bytes, another, statement)).toMatchObject(invalid)
      expect(verifyInclusion('waybill', bytes, { ...sealOf(index), leafIndex: index + 13 }, statement)).toMatchObject(
        invalid,
      )
    }
  })

  it('fails for every altered byte of the leaf, the path, the index and the root', () => {
    const index = 9
    const bytes = waybills[index] ?? Buffer.alloc(0)
    const good = sealOf(index)
    const flip = (input: Uint8Array, at: number, mask: number): Uint8Array<ArrayBuffer> => {
      const altered = Uint8Array.from(input)
      altered[at] = (altered[at] ?? 0) ^ mask
      return altered
    }
    for (const mask of [1, 2, 4, 8, 16, 32, 64, 128]) {
      for (let at = 0; at < bytes.length; at++) {
        expect(verifyInclusion('waybill', flip(bytes, at, mask), good, statement).ok).toBe(false)
      }
      for (let at = 0; at < 32; at++) {
        const root = flip(statement.root, at, mask)
        expect(verifyInclusion('waybill', bytes, good, { ...statement, root }).ok).toBe(false)
        for (let step = 0; step < good.path.length; step++) {
          const path = good.path.map((node, place) => (place === step ? flip(node, at, mask) : node))
          expect(verifyInclusion('waybill', bytes, { ...good, path }, statement).ok).toBe(false)
        }
      }
      expect(verifyInclusion('waybill', bytes, { ...good, leafIndex: index ^ mask }, statement).ok).toBe(false)
    }
    // A waybill longer by a byte, and one that says a leaf's prefix itself.
    expect(verifyInclusion('waybill', Buffer.concat([bytes, Buffer.from([0])]), good, statement).ok).toBe(false)
    expect(verifyInclusion('waybill', Buffer.concat([Buffer.from([0, 1]), bytes]), good, statement).ok).toBe(false)
  })

  it('does not take an inner node for a leaf', () => {
    const small = new MerkleTree(waybills.slice(0, 4).map((bytes) => leafHash('waybill', bytes)))
    const [first = Buffer.alloc(0), second = Buffer.alloc(0)] = waybills.map((bytes) => leafHash('waybill', bytes))
    const inner = Buffer.concat([first, second])
    const said = { ...statement, treeSize: 2, root: Uint8Array.from(small.root) }
    const path = small
      .path(0)
      .slice(1)
      .map((node) => Uint8Array.from(node))
    expect(verifyInclusion('waybill', inner, { cms: Uint8Array.from(cms), leafIndex: 0, path }, said)).toMatchObject(
      invalid,
    )
  })
})

describe('parseSeal', () => {
  const node = (value: number): Uint8Array<ArrayBuffer> => new Uint8Array(32).fill(value)
  const some: Seal = { cms: Uint8Array.of(1, 2, 3), leafIndex: 2 ** 32 - 1, path: [node(1), node(2)] }

  it('reads what was encoded', () => {
    expect(parseSeal(Seal.encode(some))).toEqual(some)
    const longest = { ...some, path: Array.from({ length: 40 }, (_, index) => node(index)) }
    expect(parseSeal(Seal.encode(longest))).toEqual(longest)
    expect(parseSeal(Seal.encode({ ...some, path: [], leafIndex: 0 }))).toMatchObject({ path: [], leafIndex: 0 })
  })

  it.each([
    ['a path of 41', () => Seal.encode({ ...some, path: Array.from({ length: 41 }, () => node(0)) })],
    ['a short hash', () => Seal.encode({ ...some, path: [node(1), new Uint8Array(31)] })],
    ['an empty hash', () => Seal.encode({ ...some, path: [new Uint8Array(0)] })],
    ['no CMS', () => Seal.encode({ ...some, cms: new Uint8Array(0) })],
    ['nothing', () => new Uint8Array(0)],
    ['64 KiB and more', () => Seal.encode({ ...some, cms: new Uint8Array(64 * 1024) })],
    ['an unknown field', () => Buffer.concat([Seal.encode(some), Buffer.from('a00601', 'hex')])],
    [
      'fields in another order',
      () => Buffer.concat([Buffer.from('1005', 'hex'), Seal.encode({ ...some, leafIndex: 0 })]),
    ],
    [
      'an index beyond safe integers',
      () =>
        Buffer.concat([
          Seal.encode({ ...some, leafIndex: 0 }).subarray(0, 5),
          Buffer.from('10ffffffffffffffff7f', 'hex'),
        ]),
    ],
    ['groups in groups', () => Buffer.alloc(60_000, 0x63)],
  ])('refuses %s', (_, make) => {
    expect(() => parseSeal(make())).toThrow(expect.objectContaining({ code: 'SEAL_INVALID' }))
  })

  it('reads any bytes or throws SEAL_INVALID', () => {
    const encoded = Seal.encode(some)
    const octet = fc.oneof(fc.nat(255), fc.constantFrom(0x0a, 0x10, 0x1a, 0x20, 0x63, 0x64, 0xff))
    fc.assert(
      fc.property(fc.array(octet, { maxLength: 80 }), fc.nat(encoded.length), (octets, at) => {
        for (const bytes of [
          Uint8Array.from(octets),
          Buffer.concat([encoded.subarray(0, at), Uint8Array.from(octets), encoded.subarray(at)]),
        ]) {
          try {
            expect(Buffer.compare(Seal.encode(parseSeal(bytes)), bytes)).toBe(0)
          } catch (error) {
            if (!(error instanceof TramError)) throw error
            expect(error.code).toBe('SEAL_INVALID')
          }
        }
      }),
      { numRuns: 3000 },
    )
  })

  it('fits the biggest honest seal', async () => {
    const big = await createTestPki({ alg: 'rsa-3072' })
    const signer = await big.issue({ commonName: 'Trạm', scheme: 'rsa-pss-sha256' })
    const bytes = Seal.encode({
      cms: Uint8Array.from(seal(statement, signer, big.chain)),
      leafIndex: 5,
      path: Array.from({ length: 32 }, () => node(1)),
    })
    expect(verifyRootStatement(parseSeal(bytes).cms, big.trust).ok).toBe(true)
  })
})
