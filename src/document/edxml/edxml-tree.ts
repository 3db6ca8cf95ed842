// Gathers the known elements of a packet (edxml-shape) as they are scanned (edxml-scanner), within bounds, without ever
// holding the content of an attachment. edxml-summary turns the result into a PacketSummary.
import { TramError } from '../../base/errors.ts'
import { Base64Checker, type DigitRun } from './edxml-base64.ts'
import { type FoundElement, pathBelow } from './edxml-element.ts'
import type { ScanHandlers, ScanLocation } from './edxml-scanner.ts'
import { type ElementShape, packetShape, type RepetitionLimit } from './edxml-shape.ts'
import type { PacketWarning } from './packet-summary.ts'

export interface TreeLimits extends Record<RepetitionLimit, number> {
  /** One text outside attachments, in UTF-8 bytes. */
  maxTextBytes: number
  /** All text outside attachments, white space between elements included, in UTF-8 bytes. */
  maxTotalTextBytes: number
  /** The last one says that further ones are left out. */
  maxWarnings: number
}

/** Character data of an element. An unknown element inside a text shares that text's. */
interface TextSink {
  /** Whether the text counts; else only its size does. */
  kept: boolean
  /** Nearly every text comes in one piece. */
  first: string
  more: string[] | undefined
  /** UTF-8 bytes so far. */
  bytes: number
}

/** An element that is open now. */
interface OpenElement {
  /** Undefined for an element that is not known in its place, and for one that an earlier one stands for. */
  known: { shape: ElementShape; found: FoundElement } | undefined
  at: ScanLocation
  sink: TextSink
  base64: Base64Checker | undefined
}

/** Of elements whose shape knows none: nothing is ever placed there. */
const noChildren: FoundElement['children'] = new Map()

const edxmlNamespace = 'http://www.mic.gov.vn/TBT/QCVN_102_2016'

export class PacketTree implements ScanHandlers {
  /** The parent of the root element. */
  readonly document: FoundElement
  readonly warnings: PacketWarning[] = []
  readonly #limits: TreeLimits
  readonly #outermost: OpenElement
  readonly #open: OpenElement[] = []
  #totalTextBytes = 0

  constructor(limits: TreeLimits) {
    this.#limits = limits
    this.document = { path: '', line: 1, text: '', children: new Map(), attributes: new Map() }
    this.#outermost = {
      known: { shape: packetShape, found: this.document },
      at: { line: 1, column: 0 },
      sink: emptySink(false),
      base64: undefined,
    }
  }

  /** @throws TramError PACKET_FIELD_INVALID, PACKET_LIMIT_EXCEEDED, PACKET_ATTACHMENT_INVALID */
  open(name: string, namespace: string, attributes: ReadonlyMap<string, string>, at: ScanLocation): void {
    const parent = this.#innermost
    if (parent === this.#outermost) this.#assertRoot(name, namespace, at)
    if (parent.base64 !== undefined) throw this.#attachmentFault(parent, 'an element stands inside the base64 text')
    // Both spellings of the word are one element.
    const spelled = name.startsWith('Business') ? `Bussiness${name.slice('Business'.length)}` : name
    const known = this.#place(parent, spelled, attributes, at)
    const holds = known?.shape.holds
    // Text of an unknown element inside a text counts as part of it, as `textContent` has it: nothing that another
    // reader shows (a secrecy mark, say) stays unseen here.
    const shared = known === undefined && parent.sink.kept
    const sink = shared ? parent.sink : emptySink(holds === 'text')
    this.#open.push({ known, at, sink, base64: holds === 'base64' ? new Base64Checker() : undefined })
  }

  /** @throws TramError PACKET_ATTACHMENT_INVALID */
  close(): void {
    const element = this.#open.pop()
    if (element?.known === undefined) return
    const { found, shape } = element.known
    if (shape.holds === 'text') found.text = detached(trimmed(wholeText(element.sink)))
    if (element.base64 !== undefined) {
      const fault = element.base64.end()
      if (fault !== undefined) throw this.#attachmentFault(element, fault)
      found.content = { decodedBytes: element.base64.decodedBytes, head: element.base64.head }
    }
  }

  /** @throws TramError PACKET_ATTACHMENT_INVALID, PACKET_LIMIT_EXCEEDED */
  text(piece: string): void {
    const element = this.#innermost
    if (element.base64 !== undefined) {
      const fault = element.base64.write(piece)
      if (fault !== undefined) throw this.#attachmentFault(element, fault)
      return
    }
    const bytes = Buffer.byteLength(piece)
    this.#totalTextBytes += bytes
    if (this.#totalTextBytes > this.#limits.maxTotalTextBytes) throw this.#exceeded('maxTotalTextBytes', element.at)
    element.sink.bytes += bytes
    if (element.sink.bytes > this.#limits.maxTextBytes) throw this.#exceeded('maxTextBytes', element.at)
    if (element.sink.kept) keep(element.sink, piece)
  }

  takeDigits(bytes: Uint8Array): DigitRun | undefined {
    return this.#innermost.base64?.takeDigits(bytes)
  }

  warn(field: string, line: number, detail: string): void {
    const room = this.#limits.maxWarnings - this.warnings.length
    if (room > 1) this.warnings.push({ field, line, detail })
    else if (room === 1) this.warnings.push({ field: '', line, detail: 'further warnings are left out' })
  }

  get #innermost(): OpenElement {
    return this.#open.at(-1) ?? this.#outermost
  }

  #assertRoot(name: string, namespace: string, at: ScanLocation): void {
    if (name !== 'edXML') {
      const detail = `the root element is ${name.slice(0, 100)}`
      throw new TramError('PACKET_FIELD_INVALID', { field: 'edXML', line: at.line, detail })
    }
    if (namespace !== edxmlNamespace) {
      this.warn('edXML', at.line, `its namespace is ${namespace === '' ? 'missing' : namespace.slice(0, 200)}`)
    }
  }

  /** Adds the element to its parent if it is known there and counts. */
  #place(
    parent: OpenElement,
    name: string,
    attributes: ReadonlyMap<string, string>,
    at: ScanLocation,
  ): OpenElement['known'] {
    const shape = parent.known?.shape.children.get(name)
    if (parent.known === undefined || shape === undefined) return undefined
    const { path: parentPath, children } = parent.known.found
    const siblings = children.get(name)
    const { repetition } = shape
    const isSingle = repetition === 'refuse' || repetition === 'first' || repetition === 'ignore'
    const count = siblings?.length ?? 0
    const ownPath = isSingle ? name : `${name}[${count + 1}]`
    const path = pathBelow(parentPath, ownPath)
    if (!isSingle) {
      if (count >= this.#limits[repetition]) throw this.#exceeded(repetition, at)
    } else if (count > 0) {
      const field = path
      if (repetition === 'refuse') {
        throw new TramError('PACKET_FIELD_INVALID', { field, line: at.line, detail: 'it occurs more than once' })
      }
      if (repetition === 'first') this.warn(field, at.line, 'it occurs more than once, the first counts')
      return undefined
    }
    const own = shape.children.size === 0 ? noChildren : new Map()
    const found: FoundElement = { path, line: at.line, text: '', children: own, attributes }
    if (siblings === undefined) children.set(name, [found])
    else siblings.push(found)
    return { shape, found }
  }

  /** Names the attachment by its ContentId if that came first, else by its place. */
  #attachmentFault(element: OpenElement, detail: string): TramError {
    const parent = this.#open.findLast(
      (open) => open.known?.found.path.startsWith('Attachment[') === true && open !== element,
    )
    const found = parent?.known?.found
    const contentId = found?.children.get('ContentId')?.[0]?.text || (found?.path ?? '')
    const line = element.at.line
    return new TramError('PACKET_ATTACHMENT_INVALID', { contentId: contentId.slice(0, 200), line, detail })
  }

  #exceeded(limit: keyof TreeLimits, at: ScanLocation): TramError {
    return new TramError('PACKET_LIMIT_EXCEEDED', { ...at, limit, maximum: this.#limits[limit] })
  }
}

const emptySink = (kept: boolean): TextSink => ({ kept, first: '', more: undefined, bytes: 0 })

function keep(sink: TextSink, piece: string): void {
  if (sink.more !== undefined) sink.more.push(piece)
  else if (sink.first === '') sink.first = piece
  else sink.more = [piece]
}

const wholeText = ({ first, more }: TextSink): string => (more === undefined ? first : first + more.join(''))

/** `text` without XML white space around it. A loop, because `/\s+$/` takes quadratic time on hostile text. */
function trimmed(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isWhiteSpace(text.charCodeAt(start))) start++
  while (end > start && isWhiteSpace(text.charCodeAt(end - 1))) end--
  return text.slice(start, end)
}

function isWhiteSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09
}

/** V8 makes a view of its parent only of substrings at least this long; a shorter one is a copy (SlicedString::kMinLength). */
const shortestView = 13

/** A copy that does not keep the whole slice of input alive that it was cut from. */
function detached(text: string): string {
  if (text.length < shortestView) return text
  return Buffer.from(text, 'utf16le').toString('utf16le')
}
