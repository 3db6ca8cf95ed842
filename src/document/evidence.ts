// Verification of exported evidence: who sent which bytes, sealed when, and which station took them, provable from the files
// and the site's own trust alone. Made by exchange/evidence/evidence-collector; used by `tram verify`, which needs no station.
// Long because: it is one argument, read from top to bottom.
import { createHash } from 'node:crypto'
import { TramError } from '../base/errors.ts'
import type { Trust } from './certificate-path.ts'
import { readSignedData } from './cms-reader.ts'
import { equalBytes } from './der.ts'
import type { DirectoryTrust } from './directory-file.ts'
import { documentId, hex, sha256 } from './document-id.ts'
import { DirectoryExtract, provingExtract, receiptClaim, type SealClaim, waybillClaim } from './evidence-directory.ts'
import {
  certificateName,
  certificateToPem,
  type EvidenceContents,
  type EvidenceFiles,
  type ExtractContents,
  entryNames,
  formatSums,
  maxFileBytes,
  packetName,
  parseEvidenceNames,
  receiptNames,
  type SealedFileNames,
  statementName,
  sumsName,
  waybillNames,
} from './evidence-files.ts'
import { EvidenceChecks, type EvidenceReport, type ProvenReceipt } from './evidence-report.ts'
import type { LeafType } from './merkle.ts'
import { encodeReceipt, Outcome, parseReceipt, type Receipt } from './receipt.ts'
import { PacketKind } from './schema/waybill.ts'
import { parseSealPath, type VerifiedStatement, verifyInclusion, verifyRootStatement } from './seal.ts'
import { encodeWaybill, parseWaybill, type Waybill } from './waybill.ts'

/** Whom the verifier believes: about seals, and about the directory. */
export interface EvidenceTrust {
  seals: Trust
  directory: DirectoryTrust
}

const invalid = (detail: string): TramError => new TramError('EVIDENCE_INVALID', { detail })

/**
 * Verifies an export. Everything in it is attacker-controlled; each small file is bounded, the packet is streamed.
 * Time: seals are judged at their own statement time (nothing here knows the current one), revocation is not looked at.
 */
export async function verifyEvidence(files: EvidenceFiles, trust: EvidenceTrust): Promise<EvidenceReport> {
  return new Verification(files, trust).run()
}

interface KnownWaybill {
  bytes: Uint8Array
  waybill: Waybill
}

interface ProvenSender {
  name: string
  sealedMs: number
}

class Verification {
  readonly #files: EvidenceFiles
  readonly #trust: EvidenceTrust
  readonly #checks = new EvidenceChecks()
  /** Hex SHA-256 of every file that was read whole. */
  readonly #digests = new Map<string, string>()
  /** DER of the certificates in the signatures, by the name of their file. */
  readonly #certificates = new Map<string, Uint8Array>()
  readonly #extracts: DirectoryExtract[] = []
  /** Versions that have proven something. */
  readonly #provenBy = new Set<number>()

  constructor(files: EvidenceFiles, trust: EvidenceTrust) {
    this.#files = files
    this.#trust = trust
  }

  async run(): Promise<EvidenceReport> {
    const checks = this.#checks
    const contents = await checks.run('files', '', () => this.#contents())
    // With files missing or strange, every further sentence would be about something else than what lies here.
    if (contents === undefined) return { ok: false, checks: checks.done, facts: undefined }
    const waybills = new Map<number, KnownWaybill>()
    for (const number of contents.waybills) {
      const known = await checks.run('waybill', waybillNames(number).bin, () => this.#waybill(number, waybills.get(1)))
      if (known !== undefined) waybills.set(number, known)
    }
    await checks.run('packet', '', () => this.#checkPacket([...waybills.values()].map(({ waybill }) => waybill)))
    for (const one of contents.extracts) {
      const subject = one.version === undefined ? '' : statementName(one.stem)
      const extract = await checks.run('directory', subject, () => this.#extract(one))
      if (extract !== undefined) this.#extracts.push(extract)
    }
    const senders: ProvenSender[] = []
    for (const [number, known] of waybills) {
      const proven = await this.#checkSender(number, known)
      if (proven !== undefined) senders.push(proven)
    }
    const receipts: ProvenReceipt[] = []
    for (const { station, waybill } of contents.receipts) {
      const known = waybills.get(waybill)
      const proven = known === undefined ? undefined : await this.#checkReceipt(station, waybill, known)
      if (proven !== undefined) receipts.push(proven)
    }
    await checks.run('certificates', '', () => this.#checkCertificates(contents.certificates))
    await checks.run('sums', '', () => this.#checkSums())
    return {
      ok: checks.ok,
      checks: checks.done,
      facts: checks.ok ? this.#facts([...waybills.values()], receipts, senders[0]) : undefined,
    }
  }

  #contents(): EvidenceContents {
    const contents = parseEvidenceNames(this.#files.sizes.keys())
    for (const [name, size] of this.#files.sizes) {
      const max = maxFileBytes(name)
      if (max !== undefined && size > max) throw invalid(`${name} has ${size} bytes, at most ${max}`)
    }
    return contents
  }

  /** @param first the waybill that further ones must be about the same document as */
  async #waybill(number: number, first: KnownWaybill | undefined): Promise<KnownWaybill> {
    const bytes = await this.#read(waybillNames(number).bin)
    const waybill = parseWaybill(bytes)
    if (!equalBytes(encodeWaybill(waybill), bytes)) throw invalid('the waybill is not in its canonical form')
    if (first !== undefined && identityOf(first.waybill) !== identityOf(waybill))
      throw invalid('it is about another document')
    return { bytes, waybill }
  }

  async #checkPacket(waybills: readonly Waybill[]): Promise<void> {
    const [first] = waybills
    if (first === undefined) throw invalid('no waybill says what the packet is')
    const whole = createHash('sha256')
    const chunkers = new Map(waybills.map((waybill) => [waybill.chunkSize, new ChunkDigests(waybill.chunkSize)]))
    // Ours differ at most by an update of the software in between; each costs a hash over the whole packet.
    if (chunkers.size > 4) throw invalid('the waybills cut the packet in too many ways')
    let size = 0
    for await (const bytes of this.#files.read(packetName)) {
      size += bytes.byteLength
      if (size > first.packetSize) throw invalid(`the packet is longer than ${first.packetSize} bytes`)
      whole.update(bytes)
      for (const chunker of chunkers.values()) chunker.update(bytes)
    }
    const digest = whole.digest()
    this.#digests.set(packetName, hex(digest))
    for (const waybill of waybills) {
      if (waybill.packetSize !== size) throw invalid(`the packet has ${size} bytes, not ${waybill.packetSize}`)
      if (!equalBytes(waybill.packetDigest, digest)) throw invalid(`the packet's SHA-256 is ${hex(digest)}`)
      const chunks = chunkers.get(waybill.chunkSize)?.end() ?? []
      const sound = waybill.chunkDigests.every((expected, at) => equalBytes(expected, chunks[at] ?? new Uint8Array(0)))
      if (!sound || chunks.length !== waybill.chunkDigests.length) throw invalid('a chunk has another digest')
    }
  }

  async #extract({ stem, version, entries }: ExtractContents): Promise<DirectoryExtract> {
    const cms = await this.#read(statementName(stem))
    const extract = new DirectoryExtract(cms, this.#trust.directory)
    const signed = extract.statement.version
    if (version !== undefined && version !== signed) throw invalid(`it is the extract of version ${signed}`)
    this.#remember(cms)
    for (const index of entries) {
      const names = entryNames(stem, index)
      extract.add(index, await this.#read(names.entry), await this.#read(names.path))
    }
    return extract
  }

  async #checkSender(number: number, { bytes, waybill }: KnownWaybill): Promise<ProvenSender | undefined> {
    const names = waybillNames(number)
    const verified = await this.#checks.run('waybill-seal', names.cms, async () => {
      const statement = await this.#seal('waybill', bytes, names)
      assertSealedBy(statement, waybill)
      return statement
    })
    const extract = await this.#checks.run('sender', waybill.station, () =>
      this.#proving(verified, (seal) => waybillClaim(waybill, seal)),
    )
    if (extract === undefined || verified === undefined) return undefined
    return { name: extract.agencyName(waybill.senderAgency), sealedMs: verified.statement.time }
  }

  async #checkReceipt(station: string, number: number, sent: KnownWaybill): Promise<ProvenReceipt | undefined> {
    const names = receiptNames(station, number)
    const receipt = await this.#checks.run('receipt', names.bin, async () => {
      const bytes = await this.#read(names.bin)
      return { bytes, ...matchingReceipt(bytes, station, sent) }
    })
    if (receipt === undefined) return undefined
    const { bytes, parsed } = receipt
    const verified = await this.#checks.run('receipt-seal', names.cms, async () => {
      const statement = await this.#seal('receipt', bytes, names)
      assertSealedBy(statement, parsed)
      return statement
    })
    const proven = await this.#checks.run('recipient', station, () =>
      this.#proving(verified, (seal) => receiptClaim(parsed, seal)),
    )
    if (proven === undefined || verified === undefined) return undefined
    const verdicts = parsed.verdicts.map(({ agency, outcome, code, detail }) => {
      return { agency, name: proven.agencyName(agency), stored: outcome === Outcome.STORED, code, detail }
    })
    return { station, decidedMs: parsed.decided, sealedMs: verified.statement.time, verdicts }
  }

  async #seal(type: LeafType, bytes: Uint8Array, names: SealedFileNames): Promise<VerifiedStatement> {
    const cms = await this.#read(names.cms)
    const verified = verifyRootStatement(cms, this.#trust.seals)
    if (!verified.ok) throw verified.reason
    const path = parseSealPath(await this.#read(names.path))
    const included = verifyInclusion(type, bytes, { ...path, cms: Buffer.from(cms) }, verified.value.statement)
    if (!included.ok) throw included.reason
    this.#remember(cms)
    return verified.value
  }

  #proving(seal: VerifiedStatement | undefined, claim: (seal: VerifiedStatement) => SealClaim): DirectoryExtract {
    if (seal === undefined) throw invalid('its seal has not verified')
    const extract = provingExtract(this.#extracts, claim(seal))
    this.#provenBy.add(extract.statement.version)
    return extract
  }

  /** The certificates of a CMS that has verified, each of them on its path to an anchor. */
  #remember(cms: Uint8Array): void {
    for (const der of readSignedData(cms).certificates) this.#certificates.set(certificateName(der), der)
  }

  async #checkCertificates(names: readonly string[]): Promise<void> {
    for (const name of names) {
      const pem = await this.#read(name)
      const der = this.#certificates.get(name)
      if (der === undefined || !equalBytes(certificateToPem(der), pem)) throw invalid(`${name} is in no signature`)
    }
  }

  /** Names and sums in exactly the form that we write: otherwise a second list could hide in it. */
  async #checkSums(): Promise<void> {
    for (const name of this.#files.sizes.keys()) {
      if (this.#digests.has(name) || name === packetName) continue
      await this.#read(name)
    }
    if (!this.#digests.has(packetName)) throw invalid('the packet was not read to its end')
    const expected = formatSums(this.#digests)
    const sums = await this.#read(sumsName)
    if (equalBytes(expected, sums)) return
    const lines = new Set(Buffer.from(sums).toString('utf8').split('\n'))
    const differing = Buffer.from(expected).toString('utf8').split('\n')
    const names = differing.filter((line) => line !== '' && !lines.has(line)).map((line) => line.slice(66))
    throw invalid(names.length === 0 ? 'SHA256SUMS names other files' : `changed: ${names.slice(0, 10).join(', ')}`)
  }

  /** The bytes of a small file, within its bound. */
  async #read(name: string): Promise<Uint8Array> {
    const max = maxFileBytes(name) ?? 0
    const pieces: Uint8Array[] = []
    let size = 0
    for await (const bytes of this.#files.read(name)) {
      size += bytes.byteLength
      if (size > max) throw invalid(`${name} is longer than ${max} bytes`)
      pieces.push(Uint8Array.from(bytes))
    }
    const whole = Buffer.concat(pieces)
    this.#digests.set(name, hex(sha256(whole)))
    return whole
  }

  /** @param sender of the first waybill */
  #facts(
    waybills: readonly KnownWaybill[],
    receipts: ProvenReceipt[],
    sender: ProvenSender | undefined,
  ): EvidenceReport['facts'] {
    const first = waybills[0]?.waybill
    if (first === undefined || sender === undefined) return undefined
    const recipients = [...new Set(waybills.flatMap(({ waybill }) => waybill.recipients))]
    const answered = new Set(receipts.flatMap(({ verdicts }) => verdicts.map(({ agency }) => agency)))
    return {
      docId: documentId(first.senderAgency, first.packetDigest),
      kind: first.kind === PacketKind.STATUS ? 'status' : 'document',
      senderAgency: first.senderAgency,
      senderName: sender.name,
      senderStation: first.station,
      recipients,
      packetDigest: hex(first.packetDigest),
      packetBytes: first.packetSize,
      createdMs: first.created,
      sealedMs: sender.sealedMs,
      receipts,
      withoutReceipt: recipients.filter((agency) => !answered.has(agency)),
      directoryVersions: [...this.#provenBy].sort((one, other) => one - other),
    }
  }
}

/** What makes two waybills those of one document. */
function identityOf({ station, senderAgency, kind, packetDigest }: Waybill): string {
  return [station, senderAgency, kind, hex(packetDigest)].join(' ')
}

function assertSealedBy(
  { statement }: VerifiedStatement,
  { station, generation }: { station: string; generation: number },
): void {
  // A restored station seals anew, in its next generation, what it wrote before: reception believes it as well.
  if (statement.station !== station || statement.generation < generation) {
    throw invalid(`sealed by ${statement.station}/${statement.generation}, but written by ${station}/${generation}`)
  }
}

/** A receipt (attacker-controlled) of this station for this waybill. @throws TramError RECEIPT_INVALID, EVIDENCE_INVALID */
function matchingReceipt(bytes: Uint8Array, station: string, sent: KnownWaybill): { parsed: Receipt } {
  const parsed = parseReceipt(bytes)
  if (!equalBytes(encodeReceipt(parsed), bytes)) throw invalid('the receipt is not in its canonical form')
  if (parsed.station !== station) throw invalid(`it is the receipt of ${parsed.station}`)
  if (parsed.senderStation !== sent.waybill.station) throw invalid(`it answers the station ${parsed.senderStation}`)
  if (!equalBytes(parsed.waybillDigest, sha256(sent.bytes))) throw invalid('it answers another waybill')
  if (!equalBytes(parsed.packetDigest, sent.waybill.packetDigest)) throw invalid('it is about another packet')
  const named = new Set(sent.waybill.recipients)
  const stranger = parsed.verdicts.find(({ agency }) => !named.has(agency))
  if (stranger !== undefined) throw invalid(`the waybill does not name ${stranger.agency}`)
  return { parsed }
}

/** SHA-256 of each chunk of a stream. */
class ChunkDigests {
  readonly #chunkBytes: number
  readonly #digests: Uint8Array[] = []
  #hash = createHash('sha256')
  #inChunk = 0

  constructor(chunkBytes: number) {
    this.#chunkBytes = chunkBytes
  }

  update(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.byteLength; ) {
      const part = bytes.subarray(at, at + this.#chunkBytes - this.#inChunk)
      this.#hash.update(part)
      this.#inChunk += part.byteLength
      at += part.byteLength
      if (this.#inChunk === this.#chunkBytes) this.#close()
    }
  }

  /** The digests; the last chunk may be shorter. May be asked more than once. */
  end(): readonly Uint8Array[] {
    if (this.#inChunk > 0) this.#close()
    return this.#digests
  }

  #close(): void {
    this.#digests.push(this.#hash.digest())
    this.#hash = createHash('sha256')
    this.#inChunk = 0
  }
}
