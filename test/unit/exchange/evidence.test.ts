// Evidence from real stations in this process: collected, exported as folder and zip, verified; then every way of altering
// it, and the recipe of README.txt run with bash and openssl.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { cp, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { verifyEvidence } from '../../../src/document/evidence.ts'
import { type EvidenceFiles, packetName, sumsName } from '../../../src/document/evidence-files.ts'
import { exportEvidence, verifyEvidenceFile } from '../../../src/exchange/evidence/evidence-archive.ts'
import { digestOf } from '../../fixtures/digest-of.ts'
import { buildPacket } from '../../fixtures/edxml/build-packet.ts'
import {
  alterBytes,
  exported,
  failedChecks,
  filesOf,
  followRecipe,
  isExhaustive,
  LooseFiles,
  provable,
} from '../../fixtures/evidence/loose-files.ts'
import { createTestPki } from '../../fixtures/pki/test-pki.ts'
import { backendOf, entryOf, type InProcessNetwork, startInProcess } from '../../fixtures/station/in-process-station.ts'

const packetFor = (to: string[], subject: string, attachmentBytes = 1000) =>
  buildPacket({
    dialect: 'plain',
    from: 'H01',
    to,
    codeNumber: '12',
    codeNotation: 'UBND',
    subject,
    attachments: [{ name: 'a.pdf', bytes: Buffer.alloc(attachmentBytes, 7) }],
  })

describe('evidence', () => {
  let folder: string
  let network: InProcessNetwork
  let docId: string
  let itemId: string
  let sentFolder: string
  let sent: LooseFiles
  const packet = packetFor(['H02', 'H02.1', 'H03'], 'Giấy mời')

  /** A document's DocId once every delivery of it is closed. */
  async function delivered(from: string, bytes: Uint8Array): Promise<string> {
    const sender = network.station('one')
    const id = await sender.send(from, bytes)
    const query = {
      backend: backendOf(from),
      kind: 'document',
      fromMs: null,
      toMs: null,
      pageIndex: 1,
      pageSize: 100,
      docId: id,
    } as const
    await network.until(async () => {
      const rows = await sender.desk.listSent(query)
      return rows.every(({ state }) => state === 'delivered') ? rows : undefined
    })
    return id
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tram-evidence-'))
    const stations = { one: ['H01'], two: ['H02', 'H02.1'], three: ['H03'] }
    const more = Array.from({ length: 60 }, (_, at) => entryOf(`X${at}`, ''))
    network = await startInProcess({ folder, stations, more })
    const one = network.station('one')
    const takers = [network.station('two'), network.station('three')]
    const haveAll = async (count: number): Promise<true | undefined> => {
      const counts = [
        await takers[0]?.desk.countReceived(backendOf('H02'), 'document'),
        await takers[1]?.desk.countReceived(backendOf('H03'), 'document'),
      ]
      return counts.every((found) => found === count) ? true : undefined
    }
    // Tokens are held, so that waybill and receipts get neighbours under their roots: while the first one waits for its
    // signature, the others gather.
    for (const station of takers) station.token.hold()
    await one.send('H01', packetFor(['H02', 'H03'], 'a'))
    await network.until(() => haveAll(1))
    one.token.hold()
    await one.send('H01', packetFor(['H02', 'H03'], 'b'))
    await one.send('H01', packetFor(['H02', 'H03'], 'c'))
    const delivery = delivered('H01', packet)
    await one.send('H01', packetFor(['H02', 'H03'], 'd'))
    one.token.release()
    await network.until(() => haveAll(5))
    for (const station of takers) station.token.release()
    docId = await delivery
    const received = { kind: 'document', fromMs: null, toMs: null, pageIndex: 1, pageSize: 100 } as const
    const items = await network.station('two').desk.listReceived({ backend: backendOf('H02.1'), ...received })
    itemId = items.find((item) => item.docId === docId)?.itemId ?? ''
    sentFolder = join(folder, 'sent')
    await exportEvidence(await network.station('one').collector.collect(docId), { folder: sentFolder })
    sent = await filesOf(sentFolder)
  })

  afterAll(async () => {
    await network.stop()
    await rm(folder, { recursive: true })
  })

  const failed = (files: EvidenceFiles) => failedChecks(files, network.trust)

  it('of a sent document holds, with every receipt', async () => {
    const report = await verifyEvidenceFile(sentFolder, network.trust)
    expect(report.checks.filter((check) => !check.ok)).toEqual([])
    expect(report.facts).toMatchObject({
      docId,
      kind: 'document',
      senderAgency: 'H01',
      senderName: 'Đơn vị H01',
      senderStation: 'one',
      recipients: ['H02', 'H02.1', 'H03'],
      packetDigest: digestOf(packet),
      packetBytes: packet.byteLength,
      withoutReceipt: [],
      directoryVersions: [1],
    })
    const receipts = report.facts?.receipts.map(({ station, verdicts }) => [
      station,
      verdicts.map(({ agency }) => agency),
    ])
    expect(new Map(receipts as [string, string[]][])).toEqual(
      new Map([
        ['two', ['H02', 'H02.1']],
        ['three', ['H03']],
      ]),
    )
    expect(report.checks.map(({ vi, en }) => vi !== en && vi.length > 10 && en.length > 10)).not.toContain(false)
    expect(sent.files.get(packetName)).toEqual(packet)
    expect([...sent.files.keys()].filter((name) => name.endsWith('.entry'))).toHaveLength(7)
    for (const name of ['waybill.path', 'receipt-two.path', 'receipt-three.path'])
      expect(sent.files.get(name)?.length).toBeGreaterThan(34)
    const { stdout } = spawnSync('sha256sum', ['-c', 'SHA256SUMS'], { cwd: sentFolder })
    expect(
      stdout
        .toString()
        .trim()
        .split('\n')
        .every((line) => line.endsWith(': OK')),
    ).toBe(true)
  })

  it('of a received item holds our own receipt', async () => {
    const out = join(folder, 'received')
    await exportEvidence(await network.station('two').collector.collect(itemId), { folder: out })
    const report = await verifyEvidenceFile(out, network.trust)
    expect(report.ok).toBe(true)
    expect(report.facts?.receipts.map(({ station }) => station)).toEqual(['two'])
    expect(report.facts?.withoutReceipt).toEqual(['H03'])
    expect(report.facts?.docId).toBe(docId)
  })

  it('of a document with two waybills holds both, each with its receipts', async () => {
    const bytes = packetFor(['H02', 'H03'], 'first one, then another')
    const one = network.station('one')
    const id = await one.send('H01', bytes, 'document', ['H02'])
    expect(await delivered('H01', bytes)).toBe(id)
    const out = join(folder, 'two-waybills')
    await exportEvidence(await one.collector.collect(id), { folder: out })
    const report = await verifyEvidenceFile(out, network.trust)
    expect(report.checks.filter((check) => !check.ok)).toEqual([])
    expect(report.facts).toMatchObject({ docId: id, recipients: ['H02', 'H03'], withoutReceipt: [] })
    const files = await filesOf(out)
    expect([...files.files.keys()]).toEqual(
      expect.arrayContaining(['waybill-2.bin', 'receipt-two.bin', 'receipt-three.2.bin']),
    )
    const change = ['bin', 'cms', 'path'].flatMap((kind): [string, Uint8Array | undefined][] => [
      [`receipt-two.2.${kind}`, files.files.get(`receipt-two.${kind}`)],
      [`receipt-two.${kind}`, undefined],
    ])
    expect(await failed(files.with(change))).toContain('receipt')
    const foreign = ['bin', 'cms', 'path'].map((kind): [string, Uint8Array | undefined] => [
      `waybill-2.${kind}`,
      sent.files.get(`waybill.${kind}`),
    ])
    expect(await failed(files.with(foreign))).toContain('waybill')
  })

  it('is the same in a zip file', async () => {
    const zip = join(folder, 'sent.zip')
    const zipStream = createWriteStream(zip)
    await exportEvidence(await network.station('one').collector.collect(docId), { zipStream })
    const report = await verifyEvidenceFile(zip, network.trust)
    expect(report.checks.filter((check) => !check.ok)).toEqual([])
    const list = spawnSync('unzip', ['-v', zip]).stdout.toString()
    expect(list).toContain('Stored')
    expect(list).not.toContain('Defl')
    // What a person packed anew holds as well.
    const unpacked = join(folder, 'unpacked')
    expect(spawnSync('unzip', ['-q', zip, '-d', unpacked]).status).toBe(0)
    expect((await verifyEvidenceFile(unpacked, network.trust)).ok).toBe(true)
    expect([...(await filesOf(unpacked)).files.keys()].sort()).toEqual([...sent.files.keys()].sort())
  })

  it('tells unknown from not yet sealed', async () => {
    const { collector } = network.station('one')
    await expect(collector.collect('0'.repeat(32))).rejects.toMatchObject({ code: 'DOCUMENT_UNKNOWN' })
    await expect(collector.collect('no id at all')).rejects.toMatchObject({ code: 'DOCUMENT_UNKNOWN' })
  })

  it('still proves the sending when the packet has been deleted, once somebody puts it back', async () => {
    const { collector, packets, records } = network.station('one')
    const id = await delivered('H01', packetFor(['H03'], 'kept elsewhere'))
    const bytes = packetFor(['H03'], 'kept elsewhere')
    await records.commit(await packets.remove(createHash('sha256').update(bytes).digest()))
    const out = join(folder, 'without-packet')
    await exportEvidence(await collector.collect(id), { folder: out })
    const without = await verifyEvidenceFile(out, network.trust)
    expect(without.ok).toBe(false)
    expect(without.checks.at(-1)?.en).toContain('packet.edxml is missing')
    await writeFile(join(out, packetName), bytes)
    expect((await verifyEvidenceFile(out, network.trust)).ok).toBe(true)
  })

  describe('altered', () => {
    const extent = isExhaustive ? 'in any byte of a provable file' : 'in a byte of a seal, or in one of many others,'
    it(`${extent} even with sums that fit, fails`, async () => {
      const collected = await network.station('two').collector.collect(itemId)
      const received = await exported(collected, join(folder, 'received-too'))
      expect(await failed(received)).toEqual([])
      expect(received.names(provable)).toHaveLength(7 + 2 * 5)
      const seal = { whole: /^receipt-two\.|^waybill\.(bin|path)$/, oneIn: 60 }
      const { altered, ignored } = await alterBytes(received, network.trust, seal)
      expect(altered).toBeGreaterThan(1800)
      expect(ignored).toEqual([])
    }, 600_000)

    it('by a byte more or less in a provable file fails', async () => {
      for (const [name, bytes] of sent.files) {
        if (!provable.test(name) && name !== packetName) continue
        const longer = await failed(sent.with([[name, Buffer.concat([bytes, Buffer.alloc(1)])]]))
        const shorter = await failed(sent.with([[name, bytes.subarray(0, -1)]]))
        expect([name, longer.length > 0, shorter.length > 0]).toEqual([name, true, true])
      }
    })

    it('in the packet fails', async () => {
      for (let at = 0; at < packet.byteLength; at += 97) {
        const altered = Uint8Array.from(packet)
        altered[at] = (altered[at] ?? 0) ^ 0x20
        expect(await failed(sent.with([[packetName, altered]]))).toEqual(['packet'])
      }
    })

    it('in a certificate beside it fails, even with sums that fit', async () => {
      for (const [name, bytes] of sent.files) {
        if (!name.endsWith('.pem')) continue
        for (const at of [0, 40, bytes.byteLength - 1]) {
          const altered = Uint8Array.from(bytes)
          altered[at] = (altered[at] ?? 0) ^ 1
          expect(await failed(sent.with([[name, altered]]))).toEqual(['certificates'])
        }
      }
    })

    it.each(['README.txt', 'summary.json', sumsName])('in %s alone is seen by the sums', async (name) => {
      const bytes = sent.files.get(name) ?? new Uint8Array(0)
      for (const at of [0, bytes.byteLength >> 1, bytes.byteLength - 1]) {
        const altered = Uint8Array.from(bytes)
        altered[at] = (altered[at] ?? 0) ^ 1
        const files = new LooseFiles(sent.files)
        files.files.set(name, altered)
        expect(await failed(files)).toEqual(['sums'])
      }
    })

    it('by a file that is missing fails, even with sums that fit', async () => {
      for (const name of sent.files.keys()) {
        if (name.endsWith('.pem')) continue
        expect([name, await failed(sent.with([[name, undefined]]))]).toEqual([name, ['files']])
      }
    })

    it('by a file that is missing is seen by the sums when all its companions are gone too', async () => {
      const files = new LooseFiles(sent.files)
      for (const kind of ['bin', 'cms', 'path']) files.files.delete(`receipt-three.${kind}`)
      // The certificate of the receipt that is gone is now in no signature.
      expect(await failed(files)).toEqual(['certificates', 'sums'])
      const [pem] = [...sent.files.keys()].filter((name) => name.endsWith('.pem'))
      const fewer = new LooseFiles([...sent.files].filter(([name]) => name !== pem))
      expect(await failed(fewer)).toEqual(['sums'])
    })

    it('by entries of the directory that are left out fails', async () => {
      const names = [...sent.files.keys()].filter((name) => name.endsWith('.entry'))
      for (const name of names) {
        const path = name.replace('.entry', '.path')
        const ids = await failed(
          sent.with([
            [name, undefined],
            [path, undefined],
          ]),
        )
        expect([name, ids.some((id) => id === 'sender' || id === 'recipient')]).toEqual([name, true])
      }
    })

    it('by files that change places fails', async () => {
      const names = [...sent.files.keys()].filter((name) => provable.test(name))
      for (const one of names) {
        for (const other of names) {
          const [left, right] = [sent.files.get(one), sent.files.get(other)]
          if (one >= other || left === undefined || right === undefined) continue
          // One batch seals many: their signatures may be the very same bytes.
          if (Buffer.compare(left, right) === 0) continue
          const ids = await failed(
            sent.with([
              [one, right],
              [other, left],
            ]),
          )
          expect([one, other, ids.length > 0]).toEqual([one, other, true])
        }
      }
      const change = ['bin', 'cms', 'path'].flatMap((kind): [string, Uint8Array | undefined][] => [
        [`receipt-two.${kind}`, sent.files.get(`receipt-three.${kind}`)],
        [`receipt-three.${kind}`, sent.files.get(`receipt-two.${kind}`)],
      ])
      expect(await failed(sent.with(change))).toEqual(['receipt', 'receipt', 'certificates'])
    }, 120_000)

    it('by a name that does not belong there fails', async () => {
      for (const name of [
        'note.txt',
        'waybill-1.bin',
        'receipt-Two.bin',
        '../waybill.bin',
        'certificates/x.pem',
        'waybill-02.bin',
        'receipt-two.1.bin',
      ]) {
        expect([name, await failed(sent.with([[name, Buffer.from('x')]]))]).toEqual([name, ['files']])
      }
    })

    it('by a receipt for another document of the same stations fails', async () => {
      const other = await delivered('H01', packetFor(['H02', 'H02.1', 'H03'], 'Giấy mời khác'))
      const out = join(folder, 'other')
      await exportEvidence(await network.station('one').collector.collect(other), { folder: out })
      const foreign = await filesOf(out)
      const change = ['bin', 'cms', 'path'].map((kind): [string, Uint8Array | undefined] => [
        `receipt-two.${kind}`,
        foreign.files.get(`receipt-two.${kind}`),
      ])
      expect(await failed(sent.with(change))).toEqual(['receipt', 'certificates'])
    })
  })

  it('proves nothing to those who trust others', async () => {
    const other = await createTestPki()
    const seals = await verifyEvidence(sent, { ...network.trust, seals: other.trust })
    expect(seals.checks.filter((check) => !check.ok).map(({ id }) => id)).toContain('waybill-seal')
    const directory = { ...network.trust.directory, authorityFingerprints: new Set(['00']) }
    const authority = await verifyEvidence(sent, { ...network.trust, directory })
    expect(authority.checks.filter((check) => !check.ok).map(({ id }) => id)).toContain('directory')
  })

  it('is refused when it is neither folder nor zip file, or holds links', async () => {
    await writeFile(join(folder, 'noise.zip'), 'PK but no more')
    for (const path of [join(folder, 'noise.zip'), join(folder, 'nothing'), join(folder, 'one')]) {
      await expect(verifyEvidenceFile(path, network.trust)).rejects.toMatchObject({ code: 'EVIDENCE_INVALID' })
    }
    const linked = join(folder, 'linked')
    await cp(sentFolder, linked, { recursive: true })
    await rename(join(linked, packetName), join(folder, 'elsewhere'))
    await symlink(join(folder, 'elsewhere'), join(linked, packetName))
    await expect(verifyEvidenceFile(linked, network.trust)).rejects.toMatchObject({ code: 'EVIDENCE_INVALID' })
  })

  it('is not written over something that is there', async () => {
    const evidence = await network.station('one').collector.collect(docId)
    await expect(exportEvidence(evidence, { folder: sentFolder })).rejects.toMatchObject({ code: 'STORE_FAILED' })
    expect(await filesOf(sentFolder)).toEqual(sent)
    expect(await readdir(folder)).not.toContain('sent.new')
  })

  it('is not written at all when the packet cannot be read', async () => {
    const evidence = await network.station('one').collector.collect(docId)
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('half')
      throw new Error('the disk is gone')
    }
    const half = { ...evidence, packet: { ...evidence.packet, bytes: broken() } }
    await expect(exportEvidence(half, { folder: join(folder, 'half') })).rejects.toMatchObject({ code: 'STORE_FAILED' })
    expect((await readdir(folder)).filter((name) => name.startsWith('half'))).toEqual([])
    const zipStream = createWriteStream(join(folder, 'half.zip'))
    const again = { ...evidence, packet: { ...evidence.packet, bytes: broken() } }
    await expect(exportEvidence(again, { zipStream })).rejects.toThrow('the disk is gone')
    expect(zipStream.destroyed).toBe(true)
  })

  describe('by the recipe of README.txt', () => {
    it('holds, each step', async () => {
      const { lines, stderr } = await followRecipe(sentFolder, join(folder, 'recipe'), network.pki.rootPem)
      expect(stderr.replaceAll(/CAdES Verification successful\n/g, '')).toBe('')
      expect(lines.filter((line) => line.startsWith('WRONG'))).toEqual([])
      const ok = lines.filter((line) => line.startsWith('OK '))
      // Sums, packet, directory and 7 entries, waybill with 5 steps, two receipts with 7, 4 agencies.
      expect(ok).toHaveLength(2 + 1 + 7 + 5 + 14 + 4)
      expect(lines.some((line) => line.toLowerCase().startsWith('sha256 fingerprint='))).toBe(true)
    })

    it.each([
      ['waybill.path', 10],
      ['receipt-two.path', 10],
      ['waybill.bin', 20],
      ['receipt-three.bin', 20],
    ])('shows that %s was altered', async (name, at) => {
      const copy = join(folder, `recipe-${name}`)
      const { lines } = await followRecipe(sentFolder, copy, network.pki.rootPem, async () => {
        const bytes = Uint8Array.from(await readFile(join(copy, name)))
        bytes[at] = (bytes[at] ?? 0) ^ 1
        await writeFile(join(copy, name), bytes)
      })
      const wrong = lines.filter((line) => line.startsWith('WRONG'))
      expect(wrong.some((line) => line.includes(name))).toBe(true)
      expect(wrong).toContain('WRONG SHA256SUMS')
    })
  })
})
