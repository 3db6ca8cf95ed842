// A store with any number of queued deliveries, as weeks of outage leave it: written in big batches with the station's own
// encoders, by the same classes that write it one by one. For the figures about start and intake at depth.
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { makeLabNetwork } from '../../scripts/lab-network.ts'
import { systemClock } from '../../src/base/clock.ts'
import { createLogger } from '../../src/base/logger.ts'
import { dataPaths } from '../../src/base/paths.ts'
import { documentId, documentReference, hex, sha256 } from '../../src/document/document-id.ts'
import { PacketKind } from '../../src/document/schema/waybill.ts'
import { encodeWaybill } from '../../src/document/waybill.ts'
import { LevelStore } from '../../src/equipment/store/level-store.ts'
import { key, sequencePart } from '../../src/equipment/store/namespaces.ts'
import { defaultChunkBytes } from '../../src/equipment/store/packet-store.ts'
import type { RecordOperation } from '../../src/equipment/store/record-store.ts'
import { keepDirectory } from '../../src/exchange/directory/directory-versions.ts'
import { AuditLog } from '../../src/exchange/evidence/audit-log.ts'
import { PacketOwners } from '../../src/exchange/packet-owners.ts'
import { References } from '../../src/exchange/references.ts'
import { DeliveryRecord, DeliveryState, DocumentRecord, WaybillRecord } from '../../src/exchange/schema/records.ts'
import { Sequence } from '../../src/exchange/sequence.ts'
import { bundledSigner } from '../fixtures/station/bundle.ts'
import { type Office, officesOf } from '../fixtures/station/office.ts'

/** Documents that share a commit and a token signature. */
const batchSize = 512
const dayMs = 86_400_000

export interface DeepLab {
  /** Has `count` deliveries queued for `away`. */
  deep: Office
  /** Has none. */
  empty: Office
  /** Never runs. */
  away: Office
  count: number
}

/** Makes, or finds, three stations in `folder`, of which one has a million deliveries queued; none runs. */
export async function deepLab(folder: string, isQuick: boolean, say: (line: string) => void): Promise<DeepLab> {
  const wishes = [
    { id: 'deep', name: 'Trạm có hàng đợi dài', agencyCodes: ['H41'] },
    { id: 'empty', name: 'Trạm rỗng', agencyCodes: ['H14'] },
    { id: 'away', name: 'Trạm mất liên lạc', agencyCodes: ['G22'] },
  ]
  const network = await makeLabNetwork(folder, wishes, { signerCommand: bundledSigner })
  const [deep, empty, away] = officesOf(network)
  if (deep === undefined || empty === undefined || away === undefined) throw new Error('three offices were asked for')
  const count = isQuick ? 2000 : 1_000_000
  const marker = join(folder, 'queued')
  if (!existsSync(marker)) {
    // The first start makes the ballast and takes the directory in: no start like the others.
    for (const office of [deep, empty]) {
      await office.process.start()
      await office.process.stop()
    }
    const start = performance.now()
    await queueDeliveries(deep, away, count)
    say(`queued ${count} deliveries in ${Math.round((performance.now() - start) / 1000)} s`)
    await writeFile(marker, '')
  }
  return { deep, empty, away, count }
}

/**
 * Queues `count` documents of 4 KB from `sender` to `recipient`, accepted and sealed, one second apart. Their packets are left
 * out: neither the start nor the intake reads them. The sender must not be running.
 */
async function queueDeliveries(sender: Office, recipient: Office, count: number): Promise<void> {
  const { store: folder, quarantine: quarantineFolder } = dataPaths(sender.station.dataFolder)
  const logger = createLogger('silent')
  const records = new LevelStore({ folder, quarantineFolder }, { logger })
  await records.start(new AbortController().signal)
  try {
    const sequence = new Sequence(records)
    await sequence.start()
    const audit = new AuditLog(records, systemClock, logger)
    await audit.start()
    const parts = { owners: new PacketOwners(records), references: new References(records), sequence }
    const firstMs = Date.now() - count * 1000
    let written = Promise.resolve()
    for (let from = 0; from < count; from += batchSize) {
      const batch = Math.min(batchSize, count - from)
      // Stands for the CMS of the batch, which is as long; nobody reads it before the link is up.
      const cms = randomBytes(3000)
      const operations: RecordOperation[] = [
        { type: 'put', key: key('cms', hex(sha256(cms))), value: cms },
        ...keepDirectory(1),
      ]
      const acts = []
      for (let at = 0; at < batch; at++) {
        const made = delivery(from + at, firstMs + (from + at) * 1000, sender, recipient, sha256(cms), at, parts)
        operations.push(...made.operations)
        acts.push({ act: 'accepted' as const, subject: made.docId, detail: sender.code })
      }
      acts.push({ act: 'sealed' as const, subject: `${sender.station.id}/1/${from}`, detail: String(batch) })
      await written
      written = audit.commit(operations, acts)
    }
    await written
  } finally {
    await records.stop()
  }
}

function delivery(
  number: number,
  timeMs: number,
  sender: Office,
  recipient: Office,
  cmsDigest: Uint8Array,
  leafIndex: number,
  { owners, references, sequence }: { owners: PacketOwners; references: References; sequence: Sequence },
): { docId: string; operations: RecordOperation[] } {
  const packetDigest = Buffer.from(sha256(Buffer.from(`packet ${number}`)))
  const docId = documentId(sender.code, packetDigest)
  const station = recipient.station.id
  const waybill = Buffer.from(
    encodeWaybill({
      version: 1,
      salt: randomBytes(32),
      kind: PacketKind.DOCUMENT,
      priority: 0,
      station: sender.station.id,
      generation: 1,
      senderAgency: sender.code,
      recipients: [recipient.code],
      packetDigest,
      packetSize: 4096,
      chunkSize: defaultChunkBytes,
      chunkDigests: [packetDigest],
      contentEncoding: '',
      created: timeMs,
      notAfter: Date.now() + 30 * dayMs,
      attempt: 0,
      resend: 0,
    }),
  )
  const digest = hex(sha256(waybill))
  const queueKey = key('queue', station, '3s', sequencePart(sequence.next()))
  const seal = {
    cmsDigest: Buffer.from(cmsDigest),
    leafIndex,
    path: Array.from({ length: Math.log2(batchSize) }, () => packetDigest),
    sealedAt: timeMs,
    directoryVersion: 1,
  }
  const notation = `${number}/CV-VP`
  const reference = documentReference(sender.code, notation, '2026-03-16')
  const document = DocumentRecord.encode({
    docId,
    isStatus: false,
    senderAgency: sender.code,
    packetDigest,
    packetSize: 4096,
    title: 'Về việc chờ đường truyền',
    notation,
    reference,
    priority: 0,
    acceptedAt: timeMs,
    submittedAt: timeMs,
    systemid: sender.station.backend.systemid,
    addressees: [{ agency: recipient.code, station, waybill: digest, attempt: 0, resend: 0 }],
    statusCode: '',
  })
  const record = { state: DeliveryState.SENDING, docId, agencies: [recipient.code], queueKey, openedAt: timeMs }
  const operations: RecordOperation[] = [
    owners.add(packetDigest, `document-${docId}`),
    references.putDocument(reference, docId),
    { type: 'put', key: key('document', docId), value: document },
    { type: 'put', key: key('sent', sender.code, 'document', sequencePart(timeMs), docId), value: new Uint8Array(0) },
    {
      type: 'put',
      key: key('waybill', digest),
      value: WaybillRecord.encode({ waybill, docId, stations: [station], queueRank: '3s', seal }),
    },
    { type: 'put', key: key('delivery', digest, station), value: DeliveryRecord.encode(record) },
    { type: 'put', key: queueKey, value: Buffer.from(digest) },
  ]
  return { docId, operations }
}
