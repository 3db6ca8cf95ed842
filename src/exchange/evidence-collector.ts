// Puts the evidence about one document together from the store of a running station: exact bytes of waybills, receipts and
// signatures, and the extract of the directory that they need. Then evidence-archive writes it; document/evidence verifies.
// Long because: an export is one thing, and each of its files is a few lines here.
import { TramError } from '../base/errors.ts'
import { verifyCms } from '../document/cms.ts'
import { DirectoryFileReader } from '../document/directory-file.ts'
import { documentId, hex, sha256 } from '../document/document-id.ts'
import type { EvidenceTrust } from '../document/evidence.ts'
import { maxSuccessors } from '../document/evidence-directory.ts'
import {
  certificateName,
  certificateToPem,
  directoryName,
  type Evidence,
  entryNames,
  readmeName,
  receiptNames,
  type SealedFileNames,
  summaryName,
  waybillNames,
} from '../document/evidence-files.ts'
import { evidenceReadme, type ReadmeSeal } from '../document/evidence-readme.ts'
import { leafHash } from '../document/merkle.ts'
import { MerklePaths } from '../document/merkle-paths.ts'
import { Outcome, parseReceipt, type Receipt } from '../document/receipt.ts'
import type { DirectoryStatement } from '../document/schema/directory.ts'
import { Seal } from '../document/schema/seal.ts'
import { PacketKind } from '../document/schema/waybill.ts'
import { verifyRootStatement } from '../document/seal.ts'
import { parseWaybill, type Waybill } from '../document/waybill.ts'
import { key } from '../equipment/store/namespaces.ts'
import type { PacketStore } from '../equipment/store/packet-store.ts'
import type { RecordStore } from '../equipment/store/record-store.ts'
import type { Directory } from './directory.ts'
import type { Inbox } from './inbox.ts'
import type { Outbox } from './outbox.ts'
import { InboundRecord, type SealReference } from './schema/records.ts'
import type { SentRegister } from './sent-register.ts'

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

/** The wanted entries of the directory file: their files, and where each station and agency stands. */
interface Extract {
  statement: DirectoryStatement
  cms: Uint8Array
  files: Map<string, Uint8Array>
  stations: Map<string, number>
  agencies: Map<string, { station: string; entry: number }>
}

/** An import may replace the directory file while it is read; a second one right after it may do so again. */
const directoryAttempts = 3

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
    const extract = await this.#extract(waybills)
    const files = new Map<string, Uint8Array>()
    files.set(directoryName, extract.cms)
    for (const [name, bytes] of extract.files) files.set(name, bytes)
    const signingTime = addCertificates(files, extract.cms)
    const seals: ReadmeSeal[] = []
    const receiptSeals: (ReadmeSeal & { waybill: number })[] = []
    for (const [at, found] of waybills.entries()) {
      const names = waybillNames(at + 1)
      seals.push(await this.#addSealed(files, names, found.waybill.station, found, extract))
      for (const one of found.receipts) {
        const { station } = one.receipt
        const seal = await this.#addSealed(files, receiptNames(station, at + 1), station, one, extract)
        receiptSeals.push({ ...seal, waybill: at })
      }
    }
    const { packetDigest: digest, packetSize: sizeBytes, senderAgency, created } = first.waybill
    const hasPacket = (await this.#deps.packets.size(digest)) !== undefined
    const readme = evidenceReadme({
      id,
      docId: documentId(senderAgency, digest),
      createdAt: new Date(created).toISOString(),
      hasPacket,
      waybills: seals,
      receipts: receiptSeals,
      directory: { version: extract.statement.version, signingTime, entries: extract.statement.entries },
      agencies: [...extract.agencies].flatMap(([code, { station, entry }]) =>
        station === '' ? [] : [{ code, station, entry }],
      ),
    })
    files.set(readmeName, Buffer.from(readme))
    files.set(summaryName, summary(id, waybills, extract.statement))
    const bytes = hasPacket ? this.#deps.packets.read(digest) : undefined
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

  /** Adds the three files of a seal and its certificates. Returns what the recipe says of it. */
  async #addSealed(
    files: Map<string, Uint8Array>,
    names: SealedFileNames,
    station: string,
    { bytes, seal }: SealedBytes,
    extract: Extract,
  ): Promise<ReadmeSeal> {
    const digest = hex(seal.cmsDigest)
    const cms = await this.#deps.records.get(key('cms', digest))
    if (cms === undefined) throw new TramError('STORE_DAMAGED', { place: `cms ${digest}`, detail: 'missing' })
    const verified = verifyRootStatement(cms, this.#trust.seals)
    if (!verified.ok) throw verified.reason
    const { time, treeSize } = verified.value.statement
    const { leafIndex, path } = seal
    files.set(names.bin, bytes)
    files.set(names.cms, cms)
    files.set(names.path, Seal.encode({ cms: Buffer.alloc(0), leafIndex, path }))
    addCertificates(files, cms)
    const stationEntry = extract.stations.get(station) ?? -1
    return { names, station, statementTime: Math.floor(time / 1000), leafIndex, treeSize, stationEntry }
  }

  /** Every station that sealed, and every agency that sent or took, with what they have become. */
  async #extract(waybills: readonly FoundWaybill[]): Promise<Extract> {
    const stations = new Set(
      waybills.flatMap(({ waybill, receipts }) => [waybill.station, ...receipts.map(({ receipt }) => receipt.station)]),
    )
    const codes = new Set(
      waybills.flatMap(({ waybill, receipts }) => [
        waybill.senderAgency,
        ...receipts.flatMap(({ receipt }) =>
          receipt.verdicts.filter(({ outcome }) => outcome === Outcome.STORED).map(({ agency }) => agency),
        ),
      ]),
    )
    for (let attempt = 1; ; attempt++) {
      const version = this.#deps.directory.version
      try {
        return await this.#readExtract(stations, await this.#withSuccessors(codes))
      } catch (error) {
        if (this.#deps.directory.version === version || attempt === directoryAttempts) throw error
      }
    }
  }

  /** Current codes of the agencies that `codes` mean or meant, through old codes and successors. */
  async #withSuccessors(codes: ReadonlySet<string>): Promise<Set<string>> {
    const found = new Set<string>()
    for (const code of codes) {
      let agency = await this.#deps.directory.agency(code)
      for (let step = 0; agency !== undefined && step < maxSuccessors; step++) {
        found.add(agency.code)
        agency = agency.successor === '' ? undefined : await this.#deps.directory.agency(agency.successor)
      }
    }
    return found
  }

  async #readExtract(stationIds: ReadonlySet<string>, codes: ReadonlySet<string>): Promise<Extract> {
    const tree = new MerklePaths()
    const files = new Map<string, Uint8Array>()
    const stations = new Map<string, number>()
    const agencies = new Map<string, { station: string; entry: number }>()
    let index = 0
    const reader = new DirectoryFileReader(this.#trust.directory, (bytes, { station, agency }) => {
      const isWanted = (station != null && stationIds.has(station.id)) || (agency != null && codes.has(agency.code))
      tree.add(leafHash('directory-entry', bytes), isWanted)
      if (isWanted) files.set(entryNames(index).entry, Uint8Array.from(bytes))
      if (isWanted && station != null) stations.set(station.id, index)
      if (isWanted && agency != null) agencies.set(agency.code, { station: agency.station, entry: index })
      index += 1
    })
    for await (const bytes of this.#deps.directory.streamFile()) reader.write(bytes)
    const statement = reader.end()
    for (const [leafIndex, path] of tree.end()) {
      const bytes = Seal.encode({ cms: Buffer.alloc(0), leafIndex, path: path.map((node) => Buffer.from(node)) })
      files.set(entryNames(leafIndex).path, bytes)
    }
    const missing = [...stationIds].find((id) => !stations.has(id))
    if (missing !== undefined) {
      throw new TramError('EVIDENCE_INVALID', { detail: `the directory in use does not name the station ${missing}` })
    }
    return { statement, cms: reader.cms ?? new Uint8Array(0), files, stations, agencies }
  }
}

/** Adds the certificates of a CMS as PEM files. Returns its signing-time in seconds since 1970. */
function addCertificates(files: Map<string, Uint8Array>, cms: Uint8Array): number {
  const verified = verifyCms(cms)
  if (!verified.ok) throw verified.reason
  for (const der of verified.value.certificates) files.set(certificateName(der), certificateToPem(der))
  return Math.floor(verified.value.signingTimeMs / 1000)
}

/** summary.json: for people and programs in a hurry. Never a subject: an export may be shown to many. */
function summary(id: string, waybills: readonly FoundWaybill[], directory: DirectoryStatement): Uint8Array {
  const time = (ms: number): string => new Date(ms).toISOString()
  const [first] = waybills
  const value = {
    note: 'không phải bằng chứng / not evidence',
    id,
    docId: first === undefined ? '' : documentId(first.waybill.senderAgency, first.waybill.packetDigest),
    directoryVersion: directory.version,
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
