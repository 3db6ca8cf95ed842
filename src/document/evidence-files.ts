// What an export of evidence consists of: the names of its files, their bounds, and the list of their sums. No trust here.
// exchange/evidence/evidence-collector fills it, exchange/evidence/evidence-archive writes and reads it, evidence.ts verifies it.
import { TramError } from '../base/errors.ts'
import { hex, sha256 } from './document-id.ts'

export const packetName = 'packet.edxml'
export const readmeName = 'README.txt'
export const summaryName = 'summary.json'
export const sumsName = 'SHA256SUMS'

/** More versions than this are no export of ours: a document is on its way for weeks, not for years. */
export const maxExtracts = 64
/** More files than this are no export of ours: 4,096 recipients at 174 stations need some 9,000. */
export const maxEvidenceFiles = 30_000

/** The files of an export, wherever they lie. */
export interface EvidenceFiles {
  /** Size in bytes of every file, by name. */
  readonly sizes: ReadonlyMap<string, number>
  /** The bytes of one file (attacker-controlled). @throws TramError EVIDENCE_INVALID when there is none */
  read(name: string): AsyncIterable<Uint8Array>
}

/** The evidence about one document, before it is written. */
export interface Evidence {
  /** DocId or inbox item id that it was collected for. */
  id: string
  /** Milliseconds since 1970: when the waybill was made. */
  createdMs: number
  /** Exact bytes of every file but the packet and the sums. */
  files: ReadonlyMap<string, Uint8Array>
  /** `bytes` is undefined when retention has deleted it: whoever has the packet puts it beside the rest. */
  packet: { digest: Uint8Array; sizeBytes: number; bytes: AsyncIterable<Uint8Array> | undefined }
}

export interface SealedFileNames {
  bin: string
  cms: string
  path: string
}

const sealedNames = (stem: string, rest: string): SealedFileNames => ({
  bin: `${stem}${rest}.bin`,
  cms: `${stem}${rest}.cms`,
  path: `${stem}${rest}.path`,
})

/** The n-th waybill of the document, from 1: `waybill.bin`, `waybill-2.bin`, … */
export function waybillNames(number: number): SealedFileNames {
  return sealedNames('waybill', number === 1 ? '' : `-${number}`)
}

/** A station's receipt for the n-th waybill: `receipt-<station>.bin`, `receipt-<station>.2.bin`, … */
export function receiptNames(station: string, waybillNumber: number): SealedFileNames {
  return sealedNames(`receipt-${station}`, waybillNumber === 1 ? '' : `.${waybillNumber}`)
}

/** The beginning of the names of an extract: `directory` when it is the only one, else `directory-v<version>`. */
export function extractStem(version: number | undefined): string {
  return version === undefined ? 'directory' : `directory-v${version}`
}

/** The authority's statement of an extract. */
export function statementName(stem: string): string {
  return `${stem}.cms`
}

/** The entry with this index in the directory. */
export function entryNames(stem: string, index: number): { entry: string; path: string } {
  return { entry: `${stem}-${index}.entry`, path: `${stem}-${index}.path` }
}

/** A certificate is named for the beginning of its fingerprint. */
export function certificateName(der: Uint8Array): string {
  return `certificates/${hex(sha256(der)).slice(0, 16)}.pem`
}

/** DER as PEM, in the only form that we write. */
export function certificateToPem(der: Uint8Array): Uint8Array {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return Buffer.from(`-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`)
}

/** An extract of the directory: of which version its names say that it is, undefined when it is the only one. */
export interface ExtractContents {
  stem: string
  version: number | undefined
  /** Indices of entries. */
  entries: number[]
}

/** What the names of an export say that it holds. */
export interface EvidenceContents {
  waybills: number[]
  receipts: { station: string; waybill: number }[]
  /** In order of version. */
  extracts: ExtractContents[]
  certificates: string[]
}

const invalid = (detail: string): TramError => new TramError('EVIDENCE_INVALID', { detail })

/** From 2: the first has no number, so that each file has one name. */
const count = '([2-9]|[1-9][0-9]{1,3})'
const waybillPattern = new RegExp(`^waybill(?:-${count})?\\.(bin|cms|path)$`)
const receiptPattern = new RegExp(`^receipt-([a-z0-9-]{1,32})(?:\\.${count})?\\.(bin|cms|path)$`)
const extractPattern = /^directory(?:-v([1-9][0-9]{0,9}))?(?:\.cms|-(0|[1-9][0-9]{0,9})\.(?:entry|path))$/
const certificatePattern = /^certificates\/[0-9a-f]{16}\.pem$/
const single = [packetName, readmeName, summaryName, sumsName]

/**
 * Sorts the names of an export (attacker-controlled). Every file is one of ours and its companions are there.
 * @throws TramError EVIDENCE_INVALID
 */
export function parseEvidenceNames(names: Iterable<string>): EvidenceContents {
  const all = new Set(names)
  if (all.size > maxEvidenceFiles) throw invalid(`more than ${maxEvidenceFiles} files`)
  const contents = sortNames(all)
  const { waybills, receipts, extracts } = contents
  const needed = [
    ...single,
    ...waybills.flatMap((number) => Object.values(waybillNames(number))),
    ...receipts.flatMap(({ station, waybill }) => Object.values(receiptNames(station, waybill))),
    ...(extracts.length === 0 ? [statementName(extractStem(undefined))] : []),
    ...extracts.flatMap(({ stem, entries }) => [
      statementName(stem),
      ...entries.flatMap((index) => Object.values(entryNames(stem, index))),
    ]),
  ]
  const missing = needed.find((name) => !all.has(name))
  if (missing !== undefined) throw invalid(`${missing} is missing`)
  const orphan = receipts.find(({ waybill }) => !waybills.includes(waybill))
  if (!waybills.includes(1) || orphan !== undefined) throw invalid(`waybill ${orphan?.waybill ?? 1} is missing`)
  // Each file has one name: a lone extract does not say of which version it is, several all do.
  const isLone = extracts.length === 1
  if (extracts.length > maxExtracts || extracts.some(({ version }) => (version === undefined) !== isLone)) {
    throw invalid('the extracts of the directory are not named as in an export')
  }
  return contents
}

/** Sorts names without asking for companions. @throws TramError EVIDENCE_INVALID for a name that is not ours */
function sortNames(names: ReadonlySet<string>): EvidenceContents {
  const waybills = new Set<number>()
  const receipts = new Map<string, { station: string; waybill: number }>()
  const extracts = new Map<string, { version: number | undefined; entries: Set<number> }>()
  const certificates: string[] = []
  for (const name of names) {
    const waybill = waybillPattern.exec(name)
    const receipt = receiptPattern.exec(name)
    const extract = extractPattern.exec(name)
    if (waybill !== null) waybills.add(Number(waybill[1] ?? 1))
    else if (receipt !== null) {
      const [, station = '', number = '1'] = receipt
      receipts.set(`${station}.${number}`, { station, waybill: Number(number) })
    } else if (extract !== null) {
      const version = extract[1] === undefined ? undefined : Number(extract[1])
      const known = extracts.get(extractStem(version)) ?? { version, entries: new Set() }
      extracts.set(extractStem(version), known)
      if (extract[2] !== undefined) known.entries.add(Number(extract[2]))
    } else if (certificatePattern.test(name)) certificates.push(name)
    else if (!single.includes(name)) throw invalid(`${JSON.stringify(name.slice(0, 80))} does not belong here`)
  }
  return {
    waybills: [...waybills].sort((one, other) => one - other),
    receipts: [...receipts.values()],
    extracts: [...extracts]
      .map(([stem, { version, entries }]) => {
        return { stem, version, entries: [...entries].sort((one, other) => one - other) }
      })
      .sort((one, other) => (one.version ?? 0) - (other.version ?? 0)),
    certificates: certificates.sort(),
  }
}

const kibibyte = 1024

/** The most bytes that a file may have; undefined for the packet, whose size the waybill says. */
export function maxFileBytes(name: string): number | undefined {
  if (name === packetName) return undefined
  if (name === sumsName || name === summaryName) return 8 * kibibyte * kibibyte
  if (name === readmeName) return 256 * kibibyte
  if (name.endsWith('.path')) return 4 * kibibyte
  if (name.endsWith('.cms') || name.endsWith('.pem')) return 64 * kibibyte
  if (name.endsWith('.entry')) return 128 * kibibyte
  return name.startsWith('waybill') ? 512 * kibibyte : 2048 * kibibyte
}

/** The whole of SHA256SUMS as `sha256sum -c` reads it, in order of name. */
export function formatSums(digests: ReadonlyMap<string, string>): Uint8Array {
  const names = [...digests.keys()].filter((name) => name !== sumsName).sort()
  return Buffer.from(names.map((name) => `${digests.get(name)}  ${name}\n`).join(''))
}

/** The bytes of SHA256SUMS for an evidence. */
export function sumsOf(evidence: Evidence): Uint8Array {
  const digests = new Map([[packetName, hex(evidence.packet.digest)]])
  for (const [name, bytes] of evidence.files) digests.set(name, hex(sha256(bytes)))
  return formatSums(digests)
}
