// A packet of hundreds of megabytes goes out into a zip stream and through the verification without being held in memory.
import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { certificateName } from '../../../src/document/evidence-files.ts'
import { leafHash } from '../../../src/document/merkle.ts'
import { prepareRootStatement } from '../../../src/document/seal.ts'
import { encodeWaybill, parseWaybill } from '../../../src/document/waybill.ts'
import { exportEvidence, verifyEvidenceFile } from '../../../src/exchange/evidence/evidence-archive.ts'
import { buildPacket } from '../../fixtures/edxml/build-packet.ts'
import { backendOf, type InProcessNetwork, startInProcess } from '../../fixtures/station/in-process-station.ts'

const mebibyte = 1024 * 1024
const packetMebibytes = 1024
const everything = { kind: 'document', fromMs: null, toMs: null, pageIndex: 1, pageSize: 10 } as const

let folder: string
let network: InProcessNetwork

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tram-evidence-'))
  network = await startInProcess({ folder, stations: { one: ['H01'], two: ['H02'] } })
})

afterAll(async () => {
  await network.stop()
  await rm(folder, { recursive: true })
})

/** The most memory in use while `run` runs, above what was in use before, in MiB. */
async function memoryOf(run: () => Promise<void>): Promise<number> {
  const before = process.memoryUsage().rss
  let most = before
  const sampling = setInterval(() => {
    most = Math.max(most, process.memoryUsage().rss)
  }, 10)
  try {
    await run()
  } finally {
    clearInterval(sampling)
  }
  return (most - before) / mebibyte
}

it('streams a large packet both ways', async () => {
  const { pki, trust } = network
  const one = network.station('one')
  const bytes = buildPacket({
    dialect: 'plain',
    from: 'H01',
    to: ['H02'],
    codeNumber: '1',
    codeNotation: 'A',
    subject: 'x',
  })
  const docId = await one.send('H01', bytes)
  const small = await network.until(async () => {
    const rows = await one.desk.listSent({ backend: backendOf('H01'), ...everything, docId })
    return rows.every(({ state }) => state === 'delivered') ? one.collector.collect(docId) : undefined
  })

  // The same document, had it been so large: its waybill is sealed anew with the station's own token, without receipts.
  const piece = Buffer.alloc(mebibyte, 'tram')
  const whole = createHash('sha256')
  for (let at = 0; at < packetMebibytes; at++) whole.update(piece)
  const digest = whole.digest()
  const waybill = encodeWaybill({
    ...parseWaybill(small.files.get('waybill.bin') ?? new Uint8Array(0)),
    packetDigest: digest,
    packetSize: packetMebibytes * mebibyte,
    chunkSize: mebibyte,
    chunkDigests: Array.from({ length: packetMebibytes }, () => createHash('sha256').update(piece).digest()),
  })
  const statement = {
    ...{ version: 1, station: 'one', generation: 1, sequence: 0, treeSize: 1 },
    time: Math.floor(Date.now() / 1000) * 1000,
    root: Buffer.from(leafHash('waybill', waybill)),
    previousRoot: Buffer.alloc(0),
  }
  const { scheme, certificateDer: certificate, sign } = one.leaf
  const prepared = prepareRootStatement({ statement, scheme, certificate, chain: pki.chain })
  const files = new Map(small.files)
  const ownCertificates = [certificateName(certificate), certificateName(network.authority.certificateDer)]
  for (const name of files.keys()) {
    const isForeign =
      name.startsWith('certificates/') &&
      !ownCertificates.includes(name) &&
      name !== certificateName(pki.subCa.certificateDer)
    if (name.startsWith('receipt-') || isForeign) files.delete(name)
  }
  files.set('waybill.bin', waybill)
  files.set('waybill.cms', prepared.finish(sign(prepared.digest)))
  files.set('waybill.path', new Uint8Array(0))
  async function* large(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < packetMebibytes; at++) yield piece
  }
  const evidence = { ...small, files, packet: { digest, sizeBytes: packetMebibytes * mebibyte, bytes: large() } }

  const file = join(folder, 'large.zip')
  const writing = await memoryOf(() => exportEvidence(evidence, { zipStream: createWriteStream(file) }))
  expect((await stat(file)).size).toBeGreaterThan(packetMebibytes * mebibyte)
  const reading = await memoryOf(async () => {
    const report = await verifyEvidenceFile(file, trust)
    expect(report.checks.filter((check) => !check.ok)).toEqual([])
    expect(report.facts).toMatchObject({ packetBytes: packetMebibytes * mebibyte, withoutReceipt: ['H02'] })
  })
  expect(writing).toBeLessThan(packetMebibytes / 4)
  expect(reading).toBeLessThan(packetMebibytes / 4)
})
