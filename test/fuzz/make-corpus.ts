// Makes the corpus of signed things that the fuzzer spoils: `node --import tsx test/fuzz/make-corpus.ts`. Run once and its
// output committed, since keys and signatures come out otherwise each time, and a finding must come again.
import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encodeReceipt, Outcome } from '../../src/document/receipt.ts'
import { StationDescriptor } from '../../src/document/schema/directory.ts'
import { wrapSignedContent } from '../../src/document/signed-content.ts'
import { encodeWaybill } from '../../src/document/waybill.ts'
import { exportEvidence } from '../../src/exchange/evidence/evidence-archive.ts'
import { buildPacket } from '../fixtures/edxml/build-packet.ts'
import { filesOf } from '../fixtures/evidence/loose-files.ts'
import { agencyEntry, startMs, TestWorld } from '../fixtures/exchange/test-world.ts'
import { createTestPki, issueLeaf, keyUsage, makeCertificate } from '../fixtures/pki/test-pki.ts'
import { backendOf, startInProcess } from '../fixtures/station/in-process-station.ts'
import { packParts } from './format-mutators.ts'

const folder = join(import.meta.dirname, 'corpus')
for (const name of readdirSync(folder)) if (name !== 'README.md') rmSync(join(folder, name))
const put = (name: string, bytes: Uint8Array): void => writeFileSync(join(folder, name), bytes)

const world = await TestWorld.create({ one: ['H01'], two: ['H02'] })
put('anchor.der', world.pki.root.certificateDer)
put('intermediate.der', world.pki.subCa.certificateDer)
put('authority.der', world.authority.certificateDer)

// Its key is kept: what an admitted station may sign and still must not be believed (targets/signed-content.ts).
const signer = await world.pki.issue({ commonName: 'three', scheme: 'rsa-pkcs1-sha256' })
put('signer.der', signer.certificateDer)
put('signer-key.der', signer.privateKey.export({ format: 'der', type: 'pkcs8' }))

const content = Buffer.from('nội dung được ký')
for (const scheme of ['rsa-pkcs1-sha256', 'rsa-pss-sha256', 'ecdsa-p256-sha256', 'ecdsa-p384-sha384'] as const) {
  const leaf = await world.pki.issue({ commonName: scheme, scheme })
  put(`cms-${scheme}.der`, world.signCms(content, leaf))
  put(`certificate-${scheme}.der`, leaf.certificateDer)
}

const { subCa } = world.pki
const deep = await makeCertificate({
  ...{
    name: 'CN=Deep, O=Tram',
    issuer: world.pki.root,
    basicConstraints: { ca: true },
    keyUsage: keyUsage.keyCertSign,
  },
})
const below = await issueLeaf(deep, { commonName: 'below' })
put('path-1.parts', packParts(world.leaf('one').certificateDer, subCa.certificateDer))
put('path-2.parts', packParts(below.certificateDer, deep.certificateDer, subCa.certificateDer))
const rsa = await createTestPki({ alg: 'rsa-2048', name: 'RSA' })
put('foreign.der', rsa.root.certificateDer)

const packet = Buffer.from('một gói')
const waybill = (recipient: string) =>
  encodeWaybill(world.waybill(packet, { station: 'one', senderAgency: 'H01', recipients: [recipient] }))
const waybills = ['H02', 'H03', 'H04'].map(waybill)
put(
  'seal-waybill.parts',
  packParts(waybills[1] ?? packet, world.seal('one', { type: 'waybill', leaves: waybills, at: 1 })),
)
const receipt = encodeReceipt({
  ...{ version: 1, salt: Buffer.alloc(32, 8), station: 'two', generation: 1, waybillDigest: Buffer.alloc(32, 5) },
  ...{ packetDigest: Buffer.alloc(32, 6), senderStation: 'one', decided: startMs },
  verdicts: [{ agency: 'H02', outcome: Outcome.STORED, code: '', detail: '' }],
})
put('seal-receipt.parts', packParts(receipt, world.seal('two', { type: 'receipt', leaves: [receipt] })))

const entries = world.entries([
  { agency: agencyEntry('H03', 'two', { code102: '000.00.01.H03', validity: { from: 5, until: 0 } }) },
])
put('directory-1.bin', world.directoryFile({ version: 7, entries }))
put('directory-2.bin', world.directoryFile({ version: 8, entries: entries.slice(0, 3), expires: startMs * 2 }))
for (const id of ['one', 'two'] as const) {
  const descriptor = {
    format: 1,
    created: startMs,
    station: world.stationEntry(id),
    agencies: [...(world.stations[id] ?? [])],
  }
  put(
    `descriptor-${id}.der`,
    world.signCms(wrapSignedContent('descriptor', StationDescriptor.encode(descriptor)), world.leaf(id)),
  )
}

const work = await mkdtemp(join(tmpdir(), 'tram-corpus-'))
const network = await startInProcess({ folder: work, stations: { one: ['H01'], two: ['H02'] } })
try {
  const sender = network.station('one')
  const docId = await sender.send(
    'H01',
    buildPacket({
      ...{ dialect: 'plain', from: 'H01', to: ['H02'], codeNumber: '12', codeNotation: 'UBND', subject: 'Giấy mời' },
      attachments: [{ name: 'a.pdf', bytes: Buffer.alloc(500, 7) }],
    }),
  )
  const query = {
    backend: backendOf('H01'),
    kind: 'document',
    fromMs: null,
    toMs: null,
    pageIndex: 1,
    pageSize: 100,
    docId,
  } as const
  await network.until(async () => {
    const rows = await sender.desk.listSent(query)
    return rows.length > 0 && rows.every(({ state }) => state === 'delivered') ? rows : undefined
  })
  const exported = join(work, 'exported')
  await exportEvidence(await sender.collector.collect(docId), { folder: exported })
  const { files } = await filesOf(exported)
  put('evidence.parts', packParts(...[...files].flatMap(([name, bytes]) => [Buffer.from(name), bytes])))
  const [anchor = new Uint8Array(0)] = network.trust.seals.anchors
  put('evidence-anchor.der', anchor)
  put('evidence-authorities.txt', Buffer.from([...network.trust.directory.authorityFingerprints].join('\n')))
} finally {
  await network.stop()
  await rm(work, { recursive: true })
}
