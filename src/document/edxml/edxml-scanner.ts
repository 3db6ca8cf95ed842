// Bytes of a packet to elements and pieces of text: UTF-8, well-formedness and the bounds on markup. Knows nothing of
// edXML. Used by edxml-reader (which field is where) and edxml-extract; stands first on a document's way through intake.
// Long because: what each bound counts, and where a fault is said to be, can only be checked beside the events that move it.
import type { SaxesTagNS } from 'saxes'
import { TramError } from '../../base/errors.ts'
import type { DigitRun } from './edxml-base64.ts'
import { FlatSaxes, type SaxesEvents } from './edxml-saxes.ts'
import { readPacketStart } from './edxml-start.ts'
import { sliceBytes, Utf8Slicer } from './edxml-utf8.ts'

/** Bounds on markup. `…Bytes` are counted in UTF-16 units (at most 3 bytes each): that is what the parser holds. */
export interface ScanLimits {
  /** Elements inside each other, the root being 1. */
  maxDepth: number
  maxElements: number
  /** One start tag with all of its attributes. */
  maxTagBytes: number
  maxAttributes: number
  /** One attribute value. */
  maxAttributeBytes: number
  /** One comment, processing instruction or XML declaration. */
  maxCommentBytes: number
}

/** Line from 1; column = characters of the line read so far. */
export interface ScanLocation {
  line: number
  column: number
}

export interface ScanHandlers {
  /** `attributes` by local name; `namespace` is '' for none and `undeclaredPrefix…` for a prefix that nothing declares. */
  open(name: string, namespace: string, attributes: ReadonlyMap<string, string>, at: ScanLocation): void
  close(): void
  /** A piece of the text of the innermost open element; a text comes in any number of pieces. */
  text(piece: string): void
  /**
   * If the innermost open element holds base64: takes what is digits and white space from the front of `bytes`. What is
   * not taken comes as `text`.
   */
  takeDigits?(bytes: Uint8Array): DigitRun | undefined
  warn(field: string, line: number, detail: string): void
}

/** Start of the marked namespace that an undeclared prefix gets. */
export const undeclaredPrefix = 'undeclared-prefix:'

/** Longer than any legal reference (`&#x10FFFF;`) with some leading zeros. */
const maxReferenceLength = 32
const unendedReference = 'a reference that does not end'
const maxDetailLength = 200
/** Of the elements that have none, which is nearly all: a map for each was a twelfth of what reading a packet allocates. */
const noAttributes: ReadonlyMap<string, string> = new Map()

/** Push scanner. `write` and `end` throw TramError PACKET_* at the first fault; after that it must not be used. */
export class EdxmlScanner {
  readonly #limits: ScanLimits
  readonly #handlers: ScanHandlers
  readonly #parser: FlatSaxes
  readonly #utf8 = new Utf8Slicer()
  /** What came before the first `<`, until it is decided; undefined afterwards. */
  #start: string | undefined = ''
  /** Characters of the first line that the parser was not shown. */
  #hiddenColumns = 0
  /** Where the last complete piece of markup ended: the place of faults that the parser finds late. */
  #markLine = 1
  #markColumn = 0
  #depth = 0
  #elements = 0
  #attributes = 0
  /** Position of the `<` of the start tag that is being read. */
  #tagStart: number | undefined
  #warnedPrefixes = new Set<string>()

  constructor(limits: ScanLimits, handlers: ScanHandlers) {
    this.#limits = limits
    this.#handlers = handlers
    this.#parser = new FlatSaxes(undeclaredPrefix, this.#events())
  }

  get location(): ScanLocation {
    return { line: this.#parser.line, column: this.#column }
  }

  get #column(): number {
    const { line, column } = this.#parser
    return line === 1 ? column + this.#hiddenColumns : column
  }

  get #mark(): ScanLocation {
    return { line: this.#markLine, column: this.#markColumn }
  }

  write(bytes: Uint8Array): void {
    for (let from = this.#passDigits(bytes); from < bytes.length; ) {
      const slice = bytes.subarray(from, from + sliceBytes)
      for (const { text, invalid } of this.#utf8.slices(slice)) {
        this.#feed(text)
        if (invalid) throw this.#malformed('a byte that is not UTF-8', this.location)
      }
      from += slice.length
      from += this.#passDigits(bytes.subarray(from))
    }
  }

  /** Hands base64 on beside the parser. Returns how many bytes it was. */
  #passDigits(bytes: Uint8Array): number {
    if (this.#start !== undefined || this.#utf8.hasPending || !this.#parser.isBetweenTexts) return 0
    const run = this.#handlers.takeDigits?.(bytes)
    if (run === undefined) return 0
    this.#parser.passBy(run.bytes, run.lineEnds, run.column)
    return run.bytes
  }

  end(): void {
    if (this.#utf8.hasPending) throw this.#malformed('the text ends inside a UTF-8 character', this.location)
    if (this.#start !== undefined) {
      const start = this.#start
      this.#start = undefined
      this.#parse(start)
    }
    this.#parser.close()
  }

  /** Passes text to the parser without what real packets have before their XML declaration. */
  #feed(text: string): void {
    if (this.#start === undefined) {
      this.#parse(text)
      return
    }
    this.#start += text
    const start = readPacketStart(this.#start)
    if (start === undefined) return
    const rest = this.#start.slice(start.skipped)
    this.#start = undefined
    this.#hiddenColumns = start.skipped
    this.#markColumn = start.skipped
    if (start.digits > 0) this.#handlers.warn('xml', 1, `${start.digits} digits stand before the XML declaration`)
    this.#parse(rest)
  }

  #parse(text: string): void {
    this.#parser.write(text)
    const piece = this.#parser.takeText()
    if (piece === undefined) this.#boundUnfinished()
    else if (piece !== '') this.#text(piece)
    this.#boundReference(this.#parser.unfinished.reference)
  }

  /** Bounds what the parser has gathered of markup that is not complete yet. */
  #boundUnfinished(): void {
    const { value, name, target } = this.#parser.unfinished
    const { maxTagBytes, maxAttributeBytes, maxCommentBytes } = this.#limits
    if (this.#tagStart !== undefined) {
      if (value > maxAttributeBytes) throw this.#exceeded('maxAttributeBytes')
      if (this.#parser.position - this.#tagStart > maxTagBytes) throw this.#exceeded('maxTagBytes')
    } else if (value + target > maxCommentBytes) {
      throw this.#exceeded('maxCommentBytes')
    }
    if (name > maxTagBytes) throw this.#exceeded('maxTagBytes')
  }

  #boundReference(name: string): void {
    if (name.length > maxReferenceLength) throw this.#malformed(unendedReference, this.#mark)
  }

  #events(): SaxesEvents {
    const limits = this.#limits
    return {
      fault: (detail) => {
        throw this.#fault(detail)
      },
      doctype: () => {
        throw this.#forbidden('DOCTYPE')
      },
      declaration: ({ encoding = 'UTF-8' }) => {
        // Another reader would take the same bytes for other text.
        if (!/^(utf-?8|us-ascii)$/i.test(encoding)) throw this.#forbidden(`encoding ${cut(encoding)}`)
        this.#markHere()
      },
      tagStart: (name) => {
        this.#depth++
        this.#elements++
        this.#attributes = 0
        this.#tagStart = this.#parser.position - name.length - 2
        if (name.length > limits.maxTagBytes) throw this.#exceeded('maxTagBytes')
        if (this.#depth > limits.maxDepth) throw this.#exceeded('maxDepth')
        if (this.#elements > limits.maxElements) throw this.#exceeded('maxElements')
      },
      attribute: (value) => {
        this.#attributes++
        if (this.#attributes > limits.maxAttributes) throw this.#exceeded('maxAttributes')
        if (value.length > limits.maxAttributeBytes) throw this.#exceeded('maxAttributeBytes')
      },
      tagEnd: (tag) => this.#open(tag),
      close: () => {
        this.#depth--
        this.#markHere()
        this.#handlers.close()
      },
      text: (piece) => this.#text(piece),
      aside: (length) => {
        if (length > limits.maxCommentBytes) throw this.#exceeded('maxCommentBytes')
        this.#markHere()
      },
      reference: (name) => this.#boundReference(name),
    }
  }

  #open(tag: SaxesTagNS): void {
    if (this.#tagStart !== undefined && this.#parser.position - this.#tagStart > this.#limits.maxTagBytes) {
      throw this.#exceeded('maxTagBytes')
    }
    this.#tagStart = undefined
    this.#markHere()
    this.#noticePrefix(tag.prefix, tag.uri)
    const attributes = this.#attributes === 0 ? noAttributes : this.#attributesOf(tag)
    this.#handlers.open(tag.local, tag.uri, attributes, this.#mark)
  }

  #attributesOf(tag: SaxesTagNS): ReadonlyMap<string, string> {
    const attributes = new Map<string, string>()
    for (const attribute of Object.values(tag.attributes)) {
      this.#noticePrefix(attribute.prefix, attribute.uri)
      if (!attributes.has(attribute.local)) attributes.set(attribute.local, attribute.value)
    }
    return attributes
  }

  /** An undeclared prefix is not namespace-well-formed, yet `xlink` is sent so every day: accepted and reported once. */
  #noticePrefix(prefix: string, namespace: string): void {
    if (!namespace.startsWith(undeclaredPrefix) || this.#warnedPrefixes.size >= 16) return
    if (this.#warnedPrefixes.has(prefix)) return
    this.#warnedPrefixes.add(prefix)
    this.#handlers.warn('xmlns', this.#mark.line, `the prefix ${cut(prefix)} is not declared`)
  }

  #text(piece: string): void {
    // Between the parts of the prologue and after the root there is only white space, the parser sees to that.
    if (this.#depth > 0) this.#handlers.text(piece)
  }

  #markHere(): void {
    this.#markLine = this.#parser.line
    this.#markColumn = this.#column
  }

  #fault(detail: string): TramError {
    // One answer for a `&` that stands alone, whether the name after it becomes too long or meets a fault first.
    if (this.#parser.isInReference) return this.#malformed(unendedReference, this.#mark)
    if (detail.startsWith('inappropriately located doctype')) return this.#forbidden('DOCTYPE')
    if (detail.startsWith('undefined entity')) return this.#forbidden('entity reference')
    // Found by the parser only at the end of a run of text, wherever the input happened to be cut.
    const late = detail.startsWith('text data outside')
    return this.#malformed(detail, late ? this.#mark : this.location)
  }

  #malformed(detail: string, at: ScanLocation): TramError {
    return new TramError('PACKET_MALFORMED', { ...at, detail: cut(detail) })
  }

  #forbidden(construct: string): TramError {
    return new TramError('PACKET_FORBIDDEN_CONSTRUCT', { ...this.location, construct })
  }

  /** Located at the end of the last markup before what is too long, which does not depend on how the input was cut. */
  #exceeded(limit: keyof ScanLimits): TramError {
    return new TramError('PACKET_LIMIT_EXCEEDED', { ...this.#mark, limit, maximum: this.#limits[limit] })
  }
}

/** attacker-controlled text, short enough for a log line */
function cut(text: string): string {
  return text.length <= maxDetailLength ? text : `${text.slice(0, maxDetailLength)}…`
}
