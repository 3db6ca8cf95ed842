// Every condition about a proof, provoked and cleared: DER, certificates, seals, waybills, receipts, exported evidence.
import { join } from 'node:path'
import { proofConditions } from '../../src/base/conditions/proof-conditions.ts'
import { DerReader, derTag } from '../../src/document/der.ts'
import { parseEvidenceNames } from '../../src/document/evidence-files.ts'
import { encodeReceipt, Outcome, parseReceipt } from '../../src/document/receipt.ts'
import { Seal } from '../../src/document/schema/seal.ts'
import { verifyInclusion, verifyRootStatement } from '../../src/document/seal.ts'
import { encodeWaybill, parseWaybill } from '../../src/document/waybill.ts'
import { EvidenceCollector } from '../../src/exchange/evidence/evidence-collector.ts'
import { exported } from '../fixtures/evidence/loose-files.ts'
import { createTestPki } from '../fixtures/pki/test-pki.ts'
import { lone, offerFrom, packetOf, world } from './lone.ts'
import { provokeAndClear, type Scenarios } from './scenario.ts'

const integers = (hex: string) => new DerReader(Buffer.from(hex, 'hex')).enter(derTag.sequence).end()

/** A seal of station two over one leaf. */
async function sealed(): Promise<Uint8Array> {
  return Seal.decode((await world()).seal('two', { type: 'waybill', leaves: [Buffer.from('a')] })).cms
}

const receipt = (agencies: string[]) =>
  encodeReceipt({
    ...{ version: 1, salt: Buffer.alloc(32, 1), station: 'two', generation: 1, senderStation: 'one', decided: 1 },
    ...{ waybillDigest: Buffer.alloc(32, 2), packetDigest: Buffer.alloc(32, 3) },
    verdicts: agencies.map((agency) => ({ agency, outcome: Outcome.STORED, code: '', detail: '' })),
  })

provokeAndClear(proofConditions, {
  DER_MALFORMED: () => ({ wrong: () => integers('3005'), right: () => integers('3000') }),
  CERTIFICATE_UNUSABLE: async () => {
    const cms = await sealed()
    const stranger = await createTestPki()
    const { pki } = await world()
    return {
      wrong: () => verifyRootStatement(cms, stranger.trust),
      right: () => verifyRootStatement(cms, pki.trust),
    }
  },
  SEAL_INVALID: async () => {
    const { pki } = await world()
    const seal = Seal.decode((await world()).seal('two', { type: 'waybill', leaves: [Buffer.from('a')] }))
    const root = verifyRootStatement(seal.cms, pki.trust)
    if (!root.ok) throw root.reason
    const over = (leaf: string) => verifyInclusion('waybill', Buffer.from(leaf), seal, root.value.statement)
    return { wrong: () => over('b'), right: () => over('a') }
  },
  WAYBILL_INVALID: async () => {
    const reads = async (version: number) => {
      const { waybill } = await offerFrom(packetOf('Giấy mời', 'H02', 'H01'), { version })
      parseWaybill(encodeWaybill(waybill))
    }
    return { wrong: () => reads(2), right: () => reads(1) }
  },
  RECEIPT_INVALID: () => ({
    wrong: () => parseReceipt(receipt(['H02', 'H02'])),
    right: () => parseReceipt(receipt(['H02'])),
  }),
  EVIDENCE_NOT_READY: async (setting) => {
    const { station } = await lone(setting)
    const { docId } = await station.submit(packetOf('Giấy mời'))
    const { pki, trust } = station.world
    const collector = new EvidenceCollector({ trust: { seals: pki.trust, directory: trust } }, station)
    return {
      wrong: () => collector.collect(docId),
      right: async () => {
        await station.startSealing()
        await station.until(async () => ((await station.keys('queue')).length > 0 ? true : undefined))
        await collector.collect(docId)
      },
    }
  },
  EVIDENCE_INVALID: async (setting) => {
    const { station } = await lone(setting)
    const { docId } = await station.submit(packetOf('Giấy mời'))
    const { pki, trust } = station.world
    await station.startSealing()
    await station.until(async () => ((await station.keys('queue')).length > 0 ? true : undefined))
    const collector = new EvidenceCollector({ trust: { seals: pki.trust, directory: trust } }, station)
    const { files } = await exported(await collector.collect(docId), join(setting.folder, 'evidence'))
    return {
      wrong: () => parseEvidenceNames([...files.keys(), 'strange.txt']),
      right: () => parseEvidenceNames(files.keys()),
    }
  },
} satisfies Scenarios<typeof proofConditions>)
