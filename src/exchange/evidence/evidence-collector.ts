// Puts the evidence about one document together from the store of a running station: exact bytes of waybills, receipts and
// signatures, and what of the directory they need (evidence-extracts). Then evidence-archive writes it; document/evidence verifies.
// Long because: an export is one thing, and each of its files is a few lines here.
import { TramError } from '../../base/errors.ts'
import { verifyCms } from '../../document/cms.ts'
import { documentId, hex, sha256 } from '../../document/document-id.ts'
import type { EvidenceTrust } from '../../document/evidence.ts'
import { receiptClaim, waybillClaim } from '../../document/evidence-directory.ts'
import {
  certificateName,
  certificateToPem,
  type Evidence,
  entryNames,
  extractStem,
  readmeName,
  receiptNames,
  type SealedFileNames,
  statementName,
  summaryName,
  waybillNames,
} from '../../document/evidence-files.ts'
import {
  evidenceReadme,
  type ReadmeExtract,
  type ReadmeInput,
  type ReadmeSeal,
} from '../../document/evidence-readme.ts'
import { Outcome, parseReceipt, type Receipt } from '../../document/receipt.ts'
import { Seal } from '../../document/schema/seal.ts'
import { PacketKind } from '../../document/schema/waybill.ts'
import { type VerifiedStatement, verifyRootStatement } from '../../document/seal.ts'
import { parseWaybill, type Waybill } from '../../document/waybill.ts'
import { key } from '../../equipment/store/namespaces.ts'
import type { PacketStore } from '../../equipment/store/packet-store.ts'
import type { RecordStore } from '../../equipment/store/record-store.ts'
import type { Directory } from '../directory/directory.ts'
import type { Inbox } from '../receive/inbox.ts'
import { InboundRecord, type SealReference } from '../schema/records.ts'
import type { Outbox } from '../send/outbox.ts'
import type { SentRegister } from '../send/sent-register.ts'
import { type CollectedExtract, collectExtracts, type SealToProve, stationEntryIn } from './evidence-extracts.ts'

export interface EvidenceCollectorDeps {
  records: RecordStore
  packets: PacketStore
  directory: Directory
  sent: SentRegister
  inbox: Inbox
  outbox: Outbox
}

/** Bytes under a seal, as the store has them. */
interface SealedBytes {
  bytes: Uint8Array
  seal: SealReference
}

interface FoundWaybill extends SealedBytes {
  waybill: Waybill
  receipts: (SealedBytes & { receipt: Receipt })[]
}

/** A seal with everything that its files and the recipe need. */
interface CollectedSeal extends SealToProve {
  names: SealedFileNames
  station: string
  bytes: Uint8Array
  seal: SealReference
  cms: Uint8Array
  verified: VerifiedStatement
}

export class EvidenceCollector {
  readonly #trust: EvidenceTrust
  readonly #deps: EvidenceCollectorDeps

  constructor(options: { trust: EvidenceTrust }, deps: EvidenceCollectorDeps) {
    this.#trust = options.trust
    this.#deps = deps
  }

  /**
   * The evidence about a document of ours (DocId: its waybills and every receipt so far) or a received one (item id: its
   * waybill and our own receipt).
   * @throws TramError DOCUMENT_UNKNOWN, EVIDENCE_NOT_READY (not sealed yet), DIRECTORY_MISSING, STORE_DAMAGED,
   *   SEAL_INVALID or CERTIFICATE_UNUSABLE (nobody with this site's trust would accept it)
   */
  async collect(id: string): Promise<Evidence> {
    const waybills = (await this.#ofSent(id)) ?? (await this.#ofReceived(id))
    const [first] = waybills ?? []
    if (waybills === undefined) throw new TramError('DOCUMENT_UNKNOWN', { document: id.slice(0, 64) })
    if (first === undefined) throw new TramError('EVIDENCE_NOT_READY', { document: id, detail: 'not sealed yet' })
    const ofWaybills: CollectedSeal[] = []
    const ofReceipts: (CollectedSeal & { waybill: number })[] = []
    for (const [at, { waybill, receipts, ...sealed }] of waybills.entries()) {
      const opened = await this.#open(sealed)
      const { station } = waybill
      ofWaybills.push({
        ...opened,
        station,
        names: waybillNames(at + 1),
        claim: waybillClaim(waybill, opened.verified),
      })
      for (const { receipt, ...one } of receipts) {
        const own = await this.#open(one)
        const names = receiptNames(receipt.station, at + 1)
        const claim = receiptClaim(receipt, own.verified)
        ofReceipts.push({ ...own, station: receipt.station, names, claim, waybill: at })
      }
    }
    const { directory, packets } = this.#deps
    const seals: CollectedSeal[] = [...ofWaybills, ...ofReceipts]
    const { extracts, proofs } = await collectExtracts(seals, directory, this.#trust.directory)
    const stemOf = (extract: CollectedExtract | undefined) =>
      extractStem(extracts.length === 1 ? undefined : extract?.statement.version)
    const files = new Map<string, Uint8Array>()
    const readmeExtracts = extracts.map((extract) => addExtract(files, stemOf(extract), extract))
    const readmeSeal = (seal: CollectedSeal): ReadmeSeal => {
      const extract = proofs.get(seal)
      if (extract === undefined) throw new TramError('INTERNAL', { detail: `no extract for ${seal.names.cms}` })
      return { ...addSeal(files, seal), extract: stemOf(extract), stationEntry: stationEntryIn(extract, seal.station) }
    }
    const { packetDigest: digest, packetSize: sizeBytes, senderAgency, created } = first.waybill
    const hasPacket = (await packets.size(digest)) !== undefined
    const readme = evidenceReadme({
      id,
      docId: documentId(senderAgency, digest),
      createdAt: new Date(created).toISOString(),
      hasPacket,
      waybills: ofWaybills.map(readmeSeal),
      receipts: ofReceipts.map((seal) => ({ ...readmeSeal(seal), waybill: seal.waybill })),
      extracts: readmeExtracts,
      agencies: extracts.flatMap((extract) => agenciesIn(stemOf(extract), extract)),
    })
    files.set(readmeName, Buffer.from(readme))
    const versions = extracts.map(({ statement }) => statement.version)
    files.set(summaryName, summary(id, waybills, versions))
    const bytes = hasPacket ? packets.read(digest) : undefined
    return { id, createdMs: created, files, packet: { digest, sizeBytes, bytes } }
  }

  /** Sealed waybills of a document that we sent, with every receipt; undefined when there is no such document. */
  async #ofSent(id: string): Promise<FoundWaybill[] | undefined> {
    const document = await this.#deps.sent.document(id)
    if (document === undefined) return undefined
    const found: FoundWaybill[] = []
    for (const digest of new Set(document.addressees.map(({ waybill }) => waybill))) {
      const sealed = await this.#waybill(digest)
      if (sealed === undefined) continue
      const stations = new Set(
        document.addressees.filter(({ waybill }) => waybill === digest).map(({ station }) => station),
      )
      for (const station of stations) {
        const delivery = await this.#deps.outbox.delivery(digest, station)
        if (delivery?.receiptSeal == null) continue
        const receipt = parseReceipt(delivery.receipt)
        sealed.receipts.push({ bytes: delivery.receipt, seal: delivery.receiptSeal, receipt })
      }
      found.push(sealed)
    }
    return found
  }

  /** The waybill of a received item with our own receipt. */
  async #ofReceived(id: string): Promise<FoundWaybill[] | undefined> {
    const item = await this.#deps.inbox.find(id)
    if (item === undefined) return undefined
    const sealed = await this.#waybill(item.waybill)
    if (sealed === undefined) return []
    const value = await this.#deps.records.get(key('inbound', item.waybill))
    const inbound = value === undefined ? undefined : InboundRecord.decode(value)
    if (inbound?.receiptSeal != null) {
      const receipt = parseReceipt(inbound.receipt)
      sealed.receipts.push({ bytes: inbound.receipt, seal: inbound.receiptSeal, receipt })
    }
    return [sealed]
  }

  async #waybill(digest: string): Promise<FoundWaybill | undefined> {
    const record = await this.#deps.outbox.waybill(digest)
    if (record?.seal == null) return undefined
    return { bytes: record.waybill, seal: record.seal, waybill: parseWaybill(record.waybill), receipts: [] }
  }

  /** What a seal refers to, verified: what this site does not believe is no evidence. */
  async #open({ bytes, seal }: SealedBytes): Promise<Omit<CollectedSeal, 'names' | 'station' | 'claim'>> {
    const digest = hex(seal.cmsDigest)
    const cms = await this.#deps.records.get(key('cms', digest))
    if (cms === undefined) throw new TramError('STORE_DAMAGED', { place: `cms ${digest}`, detail: 'missing' })
    const verified = verifyRootStatement(cms, this.#trust.seals)
    if (!verified.ok) throw verified.reason
    return { bytes, seal, cms, verified: verified.value, recordedVersion: seal.directoryVersion }
  }
}

/** Adds the three files of a seal and its certificates. Returns what the recipe says of it. */
function addSeal(
  files: Map<string, Uint8Array>,
  { names, station, bytes, seal, cms, verified }: CollectedSeal,
): Omit<ReadmeSeal, 'extract' | 'stationEntry'> {
  const { time, treeSize } = verified.statement
  const { leafIndex, path } = seal
  files.set(names.bin, bytes)
  files.set(names.cms, cms)
  files.set(names.path, Seal.encode({ cms: Buffer.alloc(0), leafIndex, path }))
  addCertificates(files, cms)
  return { names, station, statementTime: Math.floor(time / 1000), leafIndex, treeSize }
}

/** Adds the files of an extract and its certificates. Returns what the recipe says of it. */
function addExtract(files: Map<string, Uint8Array>, stem: string, extract: CollectedExtract): ReadmeExtract {
  const { statement, cms, entries } = extract
  files.set(statementName(stem), cms)
  for (const [index, { bytes, path }] of entries) {
    const names = entryNames(stem, index)
    files.set(names.entry, bytes)
    files.set(names.path, path)
  }
  const { version, issued } = statement
  const signingTime = addCertificates(files, cms)
  return { stem, version, issuedAt: new Date(issued).toISOString(), signingTime, entries: statement.entries }
}

/** The agencies of an extract that a station serves. */
function agenciesIn(stem: string, { entries }: CollectedExtract): ReadmeInput['agencies'] {
  return [...entries].flatMap(
    ([
      index,
      {
        entry: { agency },
      },
    ]) =>
      agency == null || agency.station === ''
        ? []
        : [{ code: agency.code, station: agency.station, extract: stem, entry: index }],
  )
}

/** Adds the certificates of a CMS as PEM files. Returns its signing-time in seconds since 1970. */
function addCertificates(files: Map<string, Uint8Array>, cms: Uint8Array): number {
  const verified = verifyCms(cms)
  if (!verified.ok) throw verified.reason
  for (const der of verified.value.certificates) files.set(certificateName(der), certificateToPem(der))
  return Math.floor(verified.value.signingTimeMs / 1000)
}

/** summary.json: for people and programs in a hurry. Never a subject: an export may be shown to many. */
function summary(id: string, waybills: readonly FoundWaybill[], directoryVersions: readonly number[]): Uint8Array {
  const time = (ms: number): string => new Date(ms).toISOString()
  const [first] = waybills
  const value = {
    note: 'không phải bằng chứng / not evidence',
    id,
    docId: first === undefined ? '' : documentId(first.waybill.senderAgency, first.waybill.packetDigest),
    directoryVersions,
    waybills: waybills.map(({ waybill, bytes, seal, receipts }, at) => ({
      file: waybillNames(at + 1).bin,
      sha256: hex(sha256(bytes)),
      kind: waybill.kind === PacketKind.STATUS ? 'status' : 'document',
      from: waybill.senderAgency,
      station: waybill.station,
      to: waybill.recipients,
      packetSha256: hex(waybill.packetDigest),
      packetBytes: waybill.packetSize,
      created: time(waybill.created),
      sealed: time(seal.sealedAt),
      receipts: receipts.map(({ receipt, seal: receiptSeal }) => ({
        file: receiptNames(receipt.station, at + 1).bin,
        station: receipt.station,
        decided: time(receipt.decided),
        sealed: time(receiptSeal.sealedAt),
        verdicts: receipt.verdicts.map(({ agency, outcome, code }) => ({
          agency,
          outcome: outcome === Outcome.STORED ? 'stored' : 'refused',
          code,
        })),
      })),
    })),
  }
  return Buffer.from(`${JSON.stringify(value, null, 2)}\n`)
}
