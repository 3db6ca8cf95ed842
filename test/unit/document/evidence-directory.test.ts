// What an extract of the directory proves, and what it does not: generation, certificate, windows, old codes, successors; and
// what several versions prove together: no more than one of them alone.
import { beforeAll, describe, expect, it } from 'vitest'
import { encodeDirectoryEntry } from '../../../src/document/directory-file.ts'
import { hex, sha256 } from '../../../src/document/document-id.ts'
import { DirectoryExtract, provingExtract, type SealClaim } from '../../../src/document/evidence-directory.ts'
import { leafHash, MerkleTree } from '../../../src/document/merkle.ts'
import { type DirectoryEntry, DirectoryStatement } from '../../../src/document/schema/directory.ts'
import { Seal } from '../../../src/document/schema/seal.ts'
import { wrapSignedContent } from '../../../src/document/signed-content.ts'
import { createTestPki, type TestLeaf, type TestPki } from '../../fixtures/pki/test-pki.ts'
import { entryOf, signedBy } from '../../fixtures/station/in-process-station.ts'

const fingerprint = Buffer.alloc(32, 7)
const station = (id: string): DirectoryEntry => ({
  station: {
    id,
    name: id,
    generation: 3,
    peerKeys: [{ peerId: `12D3KooW${'x'.repeat(40)}` }],
    certificates: [{ sha256: fingerprint, der: Buffer.alloc(0), window: { from: 100, until: 200 } }],
    addresses: [],
  },
})
const entries: DirectoryEntry[] = [
  station('one'),
  station('two'),
  { agency: entryOf('H01', 'one', { code102: '000.00.00.H01' }) },
  { agency: entryOf('H02', 'one', { validity: { from: 0, until: 150 }, successor: 'H03' }) },
  { agency: entryOf('H03', 'two', { validity: { from: 150, until: 0 } }) },
  { agency: entryOf('H04', 'one', { validity: { from: 0, until: 150 } }) },
  { agency: entryOf('H05', 'one', { validity: { from: 0, until: 1 }, successor: 'H05' }) },
]
const bytesOf = (entry: DirectoryEntry) => encodeDirectoryEntry(entry).subarray(4)
const tree = new MerkleTree(entries.map((entry) => leafHash('directory-entry', bytesOf(entry))))
const pathOf = (index: number, leafIndex = index) =>
  Seal.encode({ cms: Buffer.alloc(0), leafIndex, path: tree.path(index).map((node) => Buffer.from(node)) })

describe('an extract of the directory', () => {
  let pki: TestPki
  let authority: TestLeaf
  let cms: Uint8Array
  const trust = () => ({ ...pki.trust, authorityFingerprints: new Set([hex(sha256(authority.certificateDer))]) })
  const empty = () => new DirectoryExtract(cms, trust())
  const whole = () => {
    const extract = empty()
    for (const [at, entry] of entries.entries()) extract.add(at, bytesOf(entry), pathOf(at))
    return extract
  }

  beforeAll(async () => {
    pki = await createTestPki()
    authority = await pki.issue({ commonName: 'authority' })
    const statement = { format: 1, version: 4, issued: 1, expires: 0, entries: entries.length, bodySize: 1000 }
    const bytes = DirectoryStatement.encode({ ...statement, root: Buffer.from(tree.root) })
    cms = await signedBy(authority, pki)(wrapSignedContent('directory', bytes))
  })

  it('names the sealing certificate within its window', () => {
    const extract = whole()
    extract.assertSealer('one', 3, fingerprint, 100)
    for (const generation of [2, 4]) {
      expect(() => extract.assertSealer('one', generation, fingerprint, 100)).toThrow('generation 3')
    }
    expect(() => extract.assertSealer('one', 3, Buffer.alloc(32, 8), 100)).toThrow('does not list')
    for (const at of [99, 200]) expect(() => extract.assertSealer('one', 3, fingerprint, at)).toThrow('was not listed')
    expect(() => extract.assertSealer('six', 3, fingerprint, 100)).toThrow('does not hold the station six')
  })

  it.each([
    ['one', 'H01', 100],
    ['one', '000.00.00.H01', 100],
    ['one', 'H02', 149],
    ['two', 'H02', 150],
    ['two', 'H03', 150],
    ['one', 'H04', 149],
  ])('gives the station %s the agency %s at %i', (id, code, at) => {
    expect(() => whole().assertServes(id, code, at)).not.toThrow()
  })

  it.each([
    ['two', 'H01', 100],
    ['one', 'H02', 150],
    ['two', 'H02', 149],
    ['two', 'H03', 149],
    ['one', 'H04', 150],
    ['one', 'H05', 100],
    ['one', 'H06', 100],
  ])('does not give the station %s the agency %s at %i', (id, code, at) => {
    expect(() => whole().assertServes(id, code, at)).toThrow()
  })

  it('takes only entries under the signed root, each in its place', () => {
    const extract = empty()
    expect(() => extract.add(0, bytesOf(station('six')), pathOf(0))).toThrow('not under')
    expect(() => extract.add(1, bytesOf(station('one')), pathOf(0))).toThrow('path of entry 0')
    expect(() => extract.add(1, bytesOf(station('one')), pathOf(0, 1))).toThrow('not under')
    expect(() => extract.assertServes('one', 'H01', 100)).toThrow()
  })

  it('is signed by an authority of this site', () => {
    expect(() => new DirectoryExtract(cms, { ...trust(), authorityFingerprints: new Set() })).toThrow(
      'not an authority',
    )
  })

  describe('of several versions', () => {
    const claim: SealClaim = {
      ...{ station: 'one', generation: 3, certificateSha256: fingerprint, sealedMs: 150 },
      ...{ agencies: ['H01', 'H04'], servedMs: 140 },
    }
    /** An extract that holds these entries alone, signed as this version at this time. */
    const versionOf = async (version: number, issued: number, changed: DirectoryEntry[]): Promise<DirectoryExtract> => {
      const leaves = new MerkleTree(changed.map((entry) => leafHash('directory-entry', bytesOf(entry))))
      const statement = { format: 1, version, issued, expires: 0, entries: changed.length, bodySize: 1000 }
      const bytes = DirectoryStatement.encode({ ...statement, root: Buffer.from(leaves.root) })
      const extract = new DirectoryExtract(
        await signedBy(authority, pki)(wrapSignedContent('directory', bytes)),
        trust(),
      )
      for (const [at, entry] of changed.entries()) {
        const path = leaves.path(at).map((node) => Buffer.from(node))
        extract.add(at, bytesOf(entry), Seal.encode({ cms: Buffer.alloc(0), leafIndex: at, path }))
      }
      return extract
    }
    const listing = (generation: number, until: number): DirectoryEntry => {
      const { station: one } = station('one')
      if (one == null) throw new Error('no station')
      const certificates = one.certificates.map((certificate) => ({ ...certificate, window: { from: 100, until } }))
      return { station: { ...one, generation, certificates } }
    }
    const h01 = { agency: entryOf('H01', 'one') }
    const h04 = { agency: entryOf('H04', 'one') }
    const moved = { agency: entryOf('H04', 'two') }

    it('any that says everything proves, in whatever order, issued before or after the seal', async () => {
      const without = await versionOf(1, 50, [listing(3, 200), h01, moved])
      for (const issued of [50, 150, 500]) {
        const proving = await versionOf(2, issued, [listing(3, 200), h01, h04])
        expect(provingExtract([without, proving], claim)).toBe(proving)
        expect(provingExtract([proving, without], claim)).toBe(proving)
      }
    })

    it('none proves by what another says: key here, agency there', async () => {
      const key = await versionOf(1, 50, [listing(3, 200), h01, moved])
      const agency = await versionOf(2, 160, [listing(4, 200), h01, h04])
      const withdrawn = await versionOf(3, 170, [listing(3, 150), h01, h04])
      expect(() => provingExtract([key, agency, withdrawn], claim)).toThrow(
        /no version .* version 1: the directory gives H04 to another station.*; version 2: .*generation 4; version 3: .*was not listed/,
      )
      expect(() => provingExtract([], claim)).toThrow('has not verified')
      expect(() => provingExtract([withdrawn], claim)).toThrow(/not valid: the certificate of one was not listed/)
    })
  })
})
