// State secrets are excluded from the axis (Decision 28/2018, Art. 1.2), and no edXML field says that a document is one:
// so intake looks for the marks that clerks write. Text inside attachments is not inspected.
import type { PacketSummary } from './edxml/packet-summary.ts'

/** The three degrees of the Law on Protection of State Secrets 2018, Art. 8. */
export const defaultSecrecyMarks: readonly string[] = ['TUYỆT MẬT', 'TỐI MẬT', 'MẬT']

/** What a notation ends with for each degree, and how many parts must stand before it. */
const notationSuffixes: readonly { suffix: string; mark: string; partsBefore: number }[] = [
  { suffix: 'M', mark: 'MẬT', partsBefore: 1 },
  // Alone behind the type of document, `-TM` is an issuer (`KH-TM`: Tham mưu, Thương mại).
  { suffix: 'TM', mark: 'TỐI MẬT', partsBefore: 2 },
  { suffix: 'TuM', mark: 'TUYỆT MẬT', partsBefore: 1 },
  { suffix: 'TUM', mark: 'TUYỆT MẬT', partsBefore: 1 },
]

/**
 * The first secrecy mark in a packet, the longest where several begin alike, and the field that carries it.
 *
 * Marks count as whole words exactly in the capitals of `marks`: `MẬT` is found in `(MẬT)`, `CV_MẬT.pdf`, in NFC and NFD
 * text, with any white space between two words; not in `Mật`, `MẬTX`. Searched are Subject, TypeName,
 * SphereOfPromulgation and the attachments' names, in the manifest as well.
 *
 * A notation counts by its last part, if the mark that it stands for is among `marks`: `12/QĐ-UBND-M`, `QĐ-UBND-TM`,
 * `BC-UBND-TuM`, `QĐ-UBND (M)`. `TM` needs two parts before it, since `KH-TM` names an issuer.
 */
export function findSecrecyMark(
  summary: PacketSummary,
  marks: readonly string[],
): { field: string; mark: string } | undefined {
  const wanted = marks.map(comparable).filter((mark) => mark !== '')
  if (wanted.length === 0) return undefined
  const pattern = wordsPattern(wanted)
  for (const [field, text] of searchedFields(summary)) {
    const found = pattern.exec(comparable(text))
    if (found !== null) return { field, mark: found[0] }
  }
  const suffix = secrecySuffix(summary.codeNotation, wanted)
  return suffix === undefined ? undefined : { field: 'Code.CodeNotation', mark: suffix }
}

function* searchedFields(summary: PacketSummary): Generator<[field: string, text: string]> {
  yield ['Subject', summary.subject]
  yield ['DocumentType.TypeName', summary.documentType.typeName]
  yield ['OtherInfo.SphereOfPromulgation', summary.sphereOfPromulgation]
  for (const [index, attachment] of summary.attachments.entries()) {
    yield [`Attachment[${index + 1}].AttachmentName`, attachment.name]
    yield [`Attachment[${index + 1}].AttachmentName`, attachment.manifestName]
  }
}

/** One spelling for all: composed letters (a Mac's file names are decomposed), no invisible characters, single spaces. */
function comparable(text: string): string {
  return text
    .replace(/\p{Cf}/gu, '')
    .normalize('NFC')
    .replace(/\s+/gu, ' ')
    .trim()
}

/** `\b` knows ASCII only: for it every Vietnamese letter is a boundary. `_` is one here, as file names use it so. */
function wordsPattern(marks: readonly string[]): RegExp {
  const longestFirst = marks.toSorted((a, b) => b.length - a.length).map(escaped)
  return new RegExp(`(?<![\\p{L}\\p{M}\\p{N}])(?:${longestFirst.join('|')})(?![\\p{L}\\p{M}\\p{N}])`, 'u')
}

/** `text` as a regular expression that matches it. */
function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
}

function secrecySuffix(notation: string, marks: readonly string[]): string | undefined {
  const parts = comparable(notation)
    .split(/[-–/()\s]+/u)
    .filter((part) => part !== '')
  // `12/QĐ-UBND-M` where the number stands in the notation as well.
  const named = /^\d+$/.test(parts[0] ?? '') ? parts.slice(1) : parts
  const last = named.at(-1)
  const found = notationSuffixes.find(({ suffix, partsBefore }) => suffix === last && named.length > partsBefore)
  return found !== undefined && marks.includes(found.mark) ? found.suffix : undefined
}
