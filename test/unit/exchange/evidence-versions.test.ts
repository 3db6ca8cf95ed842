// Evidence after the directory has moved on: new generations, rotated certificates, agencies closed and moved. Real stations
// in this process; what was delivered under an old version is exported and verified under the newest.
import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { verifyEvidence } from '../../../src/document/evidence.ts'
import { packetName } from '../../../src/document/evidence-files.ts'
import { leafHash } from '../../../src/document/merkle.ts'
import { prepareRootStatement } from '../../../src/document/seal.ts'
import { key } from '../../../src/equipment/store/namespaces.ts'
import { verifyEvidenceFile } from '../../../src/exchange/evidence/evidence-archive.ts'
import { DeliveryRecord, DocumentRecord, InboundRecord, WaybillRecord } from '../../../src/exchange/schema/records.ts'
import { buildPacket } from '../../fixtures/edxml/build-packet.ts'
import {
  alterBytes,
  exported,
  failedChecks,
  filesOf,
  followRecipe,
  type LooseFiles,
  provable,
} from '../../fixtures/evidence/loose-files.ts'
import type { TestLeaf } from '../../fixtures/pki/test-pki.ts'
import { backendOf, entryOf, type InProcessNetwork, startInProcess } from '../../fixtures/station/in-process-station.ts'

const everything = { kind: 'document', fromMs: null, toMs: null, pageIndex: 1, pageSize: 100 } as const
const packetFor = (to: string[], subject: string) =>
  buildPacket({ dialect: 'plain', from: 'H01', to, codeNumber: '12', codeNotation: 'UBND', subject })

describe('evidence, when the directory has moved on,', () => {
  let folder: string
  let network: InProcessNetwork
  /** Delivered under version 1 as a whole. */
  let old: string
  let oldItem: string
  /** Sealed and taken by `two` under version 1; taken by `three` under version 1 and its receipt sealed under version 2. */
  let mixed: string
  /** What station `one` seals with in its second generation. */
  let newLeaf: TestLeaf
  let mixedFolder: string
  let mixedFiles: LooseFiles
  let exports = 0

  const collect = async (id: string, station = 'one') =>
    exported(await network.station(station).collector.collect(id), join(folder, `export-${++exports}`))
  const failed = (files: LooseFiles) => failedChecks(files, network.trust)
  const proven = async (files: LooseFiles) => {
    const report = await verifyEvidence(files, network.trust)
    expect(report.checks.filter(({ ok }) => !ok)).toEqual([])
    return report.facts
  }
  const statesOf = async (docId: string): Promise<string[]> => {
    const rows = await network.station('one').desk.listSent({ backend: backendOf('H01'), ...everything, docId })
    return rows.map(({ state }) => state)
  }
  const delivered = (docId: string, count: number) =>
    network.until(async () => {
      const states = await statesOf(docId)
      return states.filter((state) => state === 'delivered').length === count ? true : undefined
    })

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tram-evidence-'))
    const more = Array.from({ length: 20 }, (_, at) => entryOf(`X${at}`, ''))
    network = await startInProcess({
      folder,
      stations: { one: ['H01'], two: ['H02', 'H02.1'], three: ['H03'] },
      more,
    })
    const one = network.station('one')
    old = await one.send('H01', packetFor(['H02', 'H02.1', 'H03'], 'old'))
    await delivered(old, 3)
    const items = await network.station('two').desk.listReceived({ backend: backendOf('H02.1'), ...everything })
    oldItem = items.find(({ docId }) => docId === old)?.itemId ?? ''

    const three = network.station('three')
    three.token.remove()
    mixed = await one.send('H01', packetFor(['H02', 'H02.1', 'H03'], 'mixed'))
    await delivered(mixed, 2)
    await network.until(async () =>
      (await three.desk.countReceived(backendOf('H03'), 'document')) === 2 ? true : undefined,
    )
    newLeaf = await network.pki.issue({ commonName: 'one, anew' })
    const leafOfThree = await network.pki.issue({ commonName: 'three, anew' })
    // Version 2: every certificate has changed. Version 3: generations too, H02.1 is closed, H03 has moved to `two`.
    await network.issueDirectory(2, {
      stations: {
        one: { leaf: newLeaf, generation: 1 },
        two: { leaf: await network.pki.issue({ commonName: 'two, anew' }), generation: 1 },
        three: { leaf: leafOfThree, generation: 1 },
      },
    })
    three.token.insert(leafOfThree)
    await delivered(mixed, 3)
    await network.issueDirectory(3, {
      stations: {
        one: { leaf: newLeaf, generation: 2 },
        two: { leaf: await network.pki.issue({ commonName: 'two, once more' }), generation: 2 },
        three: { leaf: leafOfThree, generation: 2 },
      },
      agencies: [
        entryOf('H02.1', 'two', { validity: { from: 0, until: 1 }, successor: 'H02' }),
        entryOf('H03', 'two'),
        entryOf('H09', 'three'),
      ],
    })
    mixedFolder = join(folder, `export-${exports + 1}`)
    mixedFiles = await collect(mixed)
  })

  afterAll(async () => {
    await network.stop()
    await rm(folder, { recursive: true })
  })

  it('proves a document of before, at its sender and at its recipient, by the one version that it needs', async () => {
    for (const { directory } of network.stations.values()) expect(directory.version).toBe(3)
    const sent = await collect(old)
    expect(await proven(sent)).toMatchObject({
      docId: old,
      withoutReceipt: [],
      directoryVersions: [1],
      senderName: 'Đơn vị H01',
    })
    expect(sent.names(/^directory.*\.cms$/)).toEqual(['directory.cms'])
    expect(sent.names(/\.entry$/)).toHaveLength(3 + 4)
    const received = await collect(oldItem, 'two')
    expect(await proven(received)).toMatchObject({ docId: old, withoutReceipt: ['H03'], directoryVersions: [1] })
    expect(received.names(/^directory.*\.cms$/)).toEqual(['directory.cms'])
  })

  it('records the version in force with each seal', async () => {
    const one = network.station('one')
    const document = await one.records.get(key('document', mixed))
    const [addressee] = document === undefined ? [] : DocumentRecord.decode(document).addressees
    const waybill = addressee?.waybill ?? ''
    const get = async (from: string, name: string) =>
      (await network.station(from).records.get(name)) ?? new Uint8Array(0)
    const sealOf = async (station: string) =>
      WaybillRecord.decode(await get(station, key('waybill', waybill))).seal?.directoryVersion
    const receiptAt = async (station: string) =>
      InboundRecord.decode(await get(station, key('inbound', waybill))).receiptSeal?.directoryVersion
    const receiptFrom = async (station: string) =>
      DeliveryRecord.decode(await get('one', key('delivery', waybill, station))).receiptSeal?.directoryVersion
    expect([await sealOf('one'), await sealOf('two'), await sealOf('three')]).toEqual([1, 1, 1])
    expect([await receiptAt('two'), await receiptAt('three')]).toEqual([1, 2])
    expect([await receiptFrom('two'), await receiptFrom('three')]).toEqual([1, 2])
  })

  it('carries two versions when seals need them, each with no more entries than they need', async () => {
    expect(await proven(mixedFiles)).toMatchObject({ docId: mixed, withoutReceipt: [], directoryVersions: [1, 2] })
    expect(mixedFiles.names(/^directory.*\.cms$/)).toEqual(['directory-v1.cms', 'directory-v2.cms'])
    // Version 1: stations one and two, H01, H02, H02.1. Version 2: station three, H03.
    expect(mixedFiles.names(/^directory-v1-.*\.entry$/)).toHaveLength(5)
    expect(mixedFiles.names(/^directory-v2-.*\.entry$/)).toHaveLength(2)
    const summary = JSON.parse(Buffer.from(mixedFiles.files.get('summary.json') ?? []).toString())
    expect(summary.directoryVersions).toEqual([1, 2])
  })

  it('fails when a byte of either version, or of a seal, is altered, even with sums that fit', async () => {
    const seal = { whole: /^receipt-three\.(bin|path)$/, oneIn: 20 }
    const { altered, ignored } = await alterBytes(mixedFiles, network.trust, seal)
    expect(altered).toBeGreaterThan(500)
    expect(ignored).toEqual([])
  }, 600_000)

  it('fails without a version that it needs, and with one that is named for another', async () => {
    const without = (version: number) =>
      mixedFiles.names(new RegExp(`^directory-v${version}[.-]`)).map((name): [string, undefined] => [name, undefined])
    const renamed = (from: string, to: string) =>
      mixedFiles.names(new RegExp(`^${from}[.-]`)).flatMap((name): [string, Uint8Array | undefined][] => [
        [name, undefined],
        [name.replace(from, to), mixedFiles.files.get(name)],
      ])
    // A lone extract is called `directory`.
    expect(await failed(mixedFiles.with(without(1)))).toEqual(['files'])
    expect(await failed(mixedFiles.with([...without(2), ...renamed('directory-v1', 'directory')]))).toEqual([
      'recipient',
    ])
    expect(await failed(mixedFiles.with([...without(1), ...renamed('directory-v2', 'directory')]))).toEqual([
      'sender',
      'recipient',
    ])
    expect(await failed(mixedFiles.with(renamed('directory-v2', 'directory')))).toEqual(['files'])
    expect(await failed(mixedFiles.with(renamed('directory-v2', 'directory-v3')))).toEqual(['directory', 'recipient'])
    expect(await failed(mixedFiles.with(renamed('directory-v2', 'directory-v02')))).toEqual(['files'])
  })

  it('fails when an entry of a version stands among those of another', async () => {
    const strange = mixedFiles
      .names(/^directory-v2-/)
      .map((name): [string, Uint8Array | undefined] => [name.replace('-v2-', '-v1-'), mixedFiles.files.get(name)])
    expect(await failed(mixedFiles.with(strange))).toContain('directory')
  })

  it('is followed by the recipe of README.txt, for every version', async () => {
    const { lines, stderr } = await followRecipe(mixedFolder, join(folder, 'recipe'), network.pki.rootPem)
    expect(stderr.replaceAll(/CAdES Verification successful\n/g, '')).toBe('')
    expect(lines.filter((line) => line.startsWith('WRONG'))).toEqual([])
    // Sums, packet, two statements with 7 entries, waybill with 5 steps, two receipts with 7, 4 agencies.
    expect(lines.filter((line) => line.startsWith('OK '))).toHaveLength(2 + 2 + 7 + 5 + 14 + 4)
    const [entry] = mixedFiles.names(/^directory-v2-.*\.entry$/)
    const copy = join(folder, 'recipe-altered')
    const altered = await followRecipe(mixedFolder, copy, network.pki.rootPem, async () => {
      const bytes = Uint8Array.from(await readFile(join(copy, entry ?? '')))
      bytes[5] = (bytes[5] ?? 0) ^ 1
      await writeFile(join(copy, entry ?? ''), bytes)
    })
    expect(altered.lines).toEqual(expect.arrayContaining([`WRONG ${entry}`, 'WRONG SHA256SUMS']))
  })

  it('does not depend on the version that was recorded', async () => {
    const { records } = network.station('one')
    const document = DocumentRecord.decode((await records.get(key('document', old))) ?? new Uint8Array(0))
    const name = key('waybill', document.addressees[0]?.waybill ?? '')
    const stored = (await records.get(name)) ?? new Uint8Array(0)
    const record = WaybillRecord.decode(stored)
    for (const directoryVersion of [0, 2, 3, 77]) {
      if (record.seal == null) throw new Error('not sealed')
      const value = WaybillRecord.encode({ ...record, seal: { ...record.seal, directoryVersion } })
      await records.commit([{ type: 'put', key: name, value }])
      expect(await proven(await collect(old))).toMatchObject({ docId: old, directoryVersions: [1] })
    }
    await records.commit([{ type: 'put', key: name, value: stored }])
  })

  it('proves a waybill that a restored station sealed anew in its next generation, and none that did so in an earlier one', async () => {
    const { records } = network.station('one')
    const document = DocumentRecord.decode((await records.get(key('document', old))) ?? new Uint8Array(0))
    const name = key('waybill', document.addressees[0]?.waybill ?? '')
    const stored = (await records.get(name)) ?? new Uint8Array(0)
    const record = WaybillRecord.decode(stored)
    const reseal = async (generation: number): Promise<void> => {
      const time = Math.floor(Date.now() / 1000) * 1000
      const root = Buffer.from(leafHash('waybill', record.waybill))
      const place = { version: 1, station: 'one', generation, sequence: 0, treeSize: 1 }
      const statement = { ...place, time, root, previousRoot: Buffer.alloc(0) }
      const { scheme, certificateDer: certificate, sign } = newLeaf
      const prepared = prepareRootStatement({ statement, scheme, certificate, chain: network.pki.chain })
      const cms = prepared.finish(sign(prepared.digest))
      const cmsDigest = createHash('sha256').update(cms).digest()
      const seal = { cmsDigest, leafIndex: 0, path: [], sealedAt: time, directoryVersion: 3 }
      await records.commit([
        { type: 'put', key: key('cms', cmsDigest.toString('hex')), value: cms },
        { type: 'put', key: name, value: WaybillRecord.encode({ ...record, seal }) },
      ])
    }
    await reseal(2)
    expect(await proven(await collect(old))).toMatchObject({ docId: old, directoryVersions: [1, 3] })
    await reseal(0)
    expect(await failed(await collect(old))).toEqual(['waybill-seal', 'sender'])
    await records.commit([{ type: 'put', key: name, value: stored }])
  })

  it('is not given when the file of a version that it needs is gone or damaged; other documents are not touched', async () => {
    const file = join(folder, 'one', 'directory', 'directory-1.tramdir')
    const bytes = await readFile(file)
    const { collector } = network.station('one')
    await rename(file, `${file}.away`)
    await expect(collector.collect(old)).rejects.toMatchObject({ code: 'DIRECTORY_MISSING' })
    const damaged = Uint8Array.from(bytes)
    damaged[bytes.byteLength - 10] = (damaged[bytes.byteLength - 10] ?? 0) ^ 1
    await writeFile(file, damaged)
    await expect(collector.collect(old)).rejects.toMatchObject({ code: 'DIRECTORY_INVALID' })
    await rename(`${file}.away`, file)
    expect(await proven(await collect(old))).toMatchObject({ directoryVersions: [1] })
  })

  it('holds as a folder that was read from the disk', async () => {
    const report = await verifyEvidenceFile(mixedFolder, network.trust)
    expect([report.ok, report.facts?.directoryVersions]).toEqual([true, [1, 2]])
    expect([...(await filesOf(mixedFolder)).files.keys()].filter((name) => provable.test(name)).length).toBeGreaterThan(
      20,
    )
    expect(mixedFiles.files.has(packetName)).toBe(true)
  })
})
