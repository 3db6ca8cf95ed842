// One attachment's file out of a stored packet, as a stream: for those who look at a document, not on its way through
// the station. Scans the packet again with edxml-scanner; edxml-unzip takes the wrapping off.
import { TramError } from '../../base/errors.ts'
import { comparableContentId } from './edxml-attachments.ts'
import { Base64Checker } from './edxml-base64.ts'
import { defaultPacketLimits, type PacketLimits } from './edxml-reader.ts'
import { EdxmlScanner, type ScanHandlers, type ScanLocation } from './edxml-scanner.ts'
import {
  type InflateRaw,
  parseLocalHeader,
  type UnzipFaults,
  type UnzipLimits,
  unzipSingleEntry,
} from './edxml-unzip.ts'

export type ExtractLimits = PacketLimits & UnzipLimits

export const defaultExtractLimits: Readonly<ExtractLimits> = {
  ...defaultPacketLimits,
  maxUnzippedBytes: 1024 * 1024 * 1024,
  maxExpansion: 200,
}

/** Written to the scanner at once, so that no more than this waits decoded. */
const stepBytes = 64 * 1024
/** A local header with its longest name and extra field. */
const maxLocalHeaderBytes = 30 + 2 * 0xffff

/**
 * The file of the attachment with this ContentId (`cid:` may be missing on either side).
 *
 * A file that was zipped for the way comes out unzipped: recognised by its content being a zip archive whose first entry
 * has the ending of AttachmentName, which is not `zip` (so a docx, a zip of other files, stays as it is).
 * Bytes are provisional until the iteration ends normally: a fault may come last (base64 padding, CRC).
 * The packet must have been accepted by PacketReader; one whose AttachmentName or ContentId follows the content is
 * treated as without a name, or refused: its file cannot be streamed.
 *
 * @param inflateRaw raw inflate, handed in because zlib's streams work on other threads, which this storey does not: an
 * `createInflateRaw()` that `pipeline` feeds with the iterable (not `compose`, which hangs on data cut short)
 * @throws TramError PACKET_ATTACHMENT_INVALID, PACKET_LIMIT_EXCEEDED, PACKET_MALFORMED, PACKET_FORBIDDEN_CONSTRUCT
 */
export async function* extractAttachment(
  packetBytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  contentId: string,
  limits: Partial<ExtractLimits>,
  inflateRaw: InflateRaw,
): AsyncGenerator<Uint8Array> {
  const allLimits = { ...defaultExtractLimits, ...limits }
  const finder = new AttachmentFinder(contentId, allLimits)
  const decoded = decodedBytes(packetBytes, finder, allLimits)
  try {
    const { head, ended } = await readHead(decoded)
    const header = parseLocalHeader(head)
    const whole = withHead(head, ended ? undefined : decoded)
    const ending = endingOf(finder.name)
    if (header === undefined || ending === '' || ending === 'zip' || endingOf(header.name) !== ending) yield* whole
    else yield* unzipSingleEntry(whole, header, allLimits, inflateRaw, finder.unzipFaults)
  } finally {
    await decoded.return(undefined)
  }
}

/** The attachment's bytes as they travel. */
async function* decodedBytes(
  packetBytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  finder: AttachmentFinder,
  limits: ExtractLimits,
): AsyncGenerator<Uint8Array> {
  const scanner = new EdxmlScanner(limits, finder)
  for await (const bytes of packetBytes) {
    for (let from = 0; from < bytes.length; from += stepBytes) {
      scanner.write(bytes.subarray(from, from + stepBytes))
      yield* finder.takeDecoded()
      if (finder.isComplete) return
    }
  }
  scanner.end()
  throw finder.notFound()
}

/** Enough bytes for a local header, if there are so many. */
async function readHead(decoded: AsyncIterator<Uint8Array>): Promise<{ head: Buffer; ended: boolean }> {
  const pieces: Uint8Array[] = []
  let length = 0
  while (length < maxLocalHeaderBytes) {
    const { done, value } = await decoded.next()
    if (done === true) return { head: Buffer.concat(pieces), ended: true }
    pieces.push(value)
    length += value.length
  }
  return { head: Buffer.concat(pieces), ended: false }
}

async function* withHead(head: Buffer, rest: AsyncIterator<Uint8Array> | undefined): AsyncGenerator<Uint8Array> {
  if (head.length > 0) yield head
  if (rest === undefined) return
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value
}

function endingOf(name: string): string {
  const dot = name.lastIndexOf('.')
  return dot < 0 ? '' : name.slice(dot + 1).toLowerCase()
}

const attachmentPath = 'edXML/AttachmentEncoded/Attachment'

/** Follows the scan to the wanted attachment and decodes its content. */
class AttachmentFinder implements ScanHandlers {
  readonly #contentId: string
  readonly #limits: ExtractLimits
  readonly #path: string[] = []
  #text = ''
  #location: ScanLocation = { line: 1, column: 0 }
  /** Of the attachment that is being read. */
  #currentId = ''
  #currentName = ''
  #contentSeen = false
  #base64: Base64Checker | undefined
  /** Base64 digits that do not make a whole group yet, at most 3. */
  #digits = ''
  #decoded: Buffer[] = []
  isComplete = false

  constructor(contentId: string, limits: ExtractLimits) {
    this.#contentId = contentId
    this.#limits = limits
  }

  /** AttachmentName as far as it came before the content; '' when it did not. */
  get name(): string {
    return this.#currentName
  }

  takeDecoded(): Buffer[] {
    const decoded = this.#decoded
    this.#decoded = []
    return decoded
  }

  notFound(): TramError {
    return this.#fault('the packet has no such attachment')
  }

  readonly unzipFaults: UnzipFaults = {
    invalid: (detail, cause) => {
      throw this.#fault(detail, cause)
    },
    exceeded: (limit) => {
      throw new TramError('PACKET_LIMIT_EXCEEDED', { ...this.#location, limit, maximum: this.#limits[limit] })
    },
  }

  open(name: string, _namespace: string, _attributes: ReadonlyMap<string, string>, at: ScanLocation): void {
    if (this.isComplete) return
    this.#path.push(name)
    this.#text = ''
    const path = this.#path.join('/')
    if (path === attachmentPath) {
      this.#currentId = ''
      this.#currentName = ''
      this.#contentSeen = false
    } else if (path === `${attachmentPath}/ContentTransferEncoded`) {
      this.#contentSeen = true
      if (this.#isWanted) {
        this.#location = at
        this.#base64 = new Base64Checker()
      }
    }
  }

  close(): void {
    if (this.isComplete) return
    const path = this.#path.join('/')
    this.#path.pop()
    if (path === `${attachmentPath}/ContentId`) {
      this.#currentId = this.#text.trim()
      if (this.#isWanted && this.#contentSeen) throw this.#fault('its ContentId follows its content')
    } else if (path === `${attachmentPath}/AttachmentName` && !this.#contentSeen) {
      this.#currentName = this.#text.trim()
    } else if (path === `${attachmentPath}/ContentTransferEncoded` && this.#base64 !== undefined) {
      const fault = this.#base64.end()
      if (fault !== undefined) throw this.#fault(fault)
      this.#decoded.push(Buffer.from(this.#digits, 'base64'))
      this.isComplete = true
    }
    this.#text = ''
  }

  text(piece: string): void {
    if (this.isComplete) return
    if (this.#base64 !== undefined) {
      const fault = this.#base64.write(piece)
      if (fault !== undefined) throw this.#fault(fault)
      const digits = this.#digits + piece.replace(/[ \t\r\n=]+/g, '')
      const whole = digits.length - (digits.length % 4)
      this.#digits = digits.slice(whole)
      if (whole > 0) this.#decoded.push(Buffer.from(digits.slice(0, whole), 'base64'))
    } else if (this.#path.length === 4 && this.#text.length + piece.length <= this.#limits.maxTextBytes) {
      // Longer ones the reader has refused; here they only must not be gathered.
      this.#text += piece
    }
  }

  warn(): void {
    // Whoever took the packet in was told.
  }

  get #isWanted(): boolean {
    return this.#currentId !== '' && comparableContentId(this.#currentId) === comparableContentId(this.#contentId)
  }

  #fault(detail: string, cause?: unknown): TramError {
    const { line } = this.#location
    return new TramError(
      'PACKET_ATTACHMENT_INVALID',
      { contentId: this.#contentId.slice(0, 200), line, detail },
      { cause },
    )
  }
}
