// DER (X.690): a strict, bounded reader; der-writer.ts beside it writes. certificate.ts and cms.ts stand on it, because
// X509Certificate hides what path rules need and generic ASN.1 libraries are too slow for a seal on every document.
// Strict means one encoding for one value: a proof whose bytes can be altered without harm is not a proof.
import { TramError } from '../base/errors.ts'

/** Identifier octets of the types that certificates and CMS use. */
export const derTag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const

/** `[n]` around a whole element (EXPLICIT), or IMPLICIT in place of a constructed tag. */
export const contextTag = (n: number): number => 0xa0 | n
/** `[n]` IMPLICIT in place of a primitive tag. */
export const contextPrimitiveTag = (n: number): number => 0x80 | n

/** Deeper than any structure that we read; a guard, since each caller descends only by its own grammar. */
const maxDepth = 24
const maxOidBytes = 64
/** `YYMMDDHHMMSSZ`, and with a century. RFC 5280 §4.1.2.5 allows no fraction and no other zone. */
const timePattern = /^(\d{2})?(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/

/** Whether two byte strings are the same. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && Buffer.compare(a, b) === 0
}

/**
 * A cursor over the elements of one constructed value. Every method takes the next element and
 * throws TramError DER_MALFORMED when it is not what was asked for. Results are views of the input.
 */
export class DerReader {
  readonly #bytes: Uint8Array
  readonly #end: number
  readonly #depth: number
  #at: number

  /** Reads `bytes` (attacker-controlled) from its beginning; the other arguments are for `enter`. */
  constructor(bytes: Uint8Array, start = 0, end = bytes.length, depth = 0) {
    this.#bytes = bytes
    this.#at = start
    this.#end = end
    this.#depth = depth
    if (depth > maxDepth) throw this.#malformed('nested too deeply')
  }

  /** Whether nothing is left. */
  get atEnd(): boolean {
    return this.#at >= this.#end
  }

  /** The identifier octet of the next element, -1 at the end. */
  get nextTag(): number {
    return this.atEnd ? -1 : (this.#bytes[this.#at] ?? -1)
  }

  /** Nothing may follow. */
  end(): void {
    if (!this.atEnd) throw this.#malformed('unexpected data')
  }

  /** The next element with its header, of any type unless `tag` is given. */
  element(tag?: number): Uint8Array {
    const start = this.#at
    const content = this.#header(tag)
    this.#at = content.end
    return this.#bytes.subarray(start, content.end)
  }

  /** The content of the next element. */
  content(tag: number): Uint8Array {
    const { start, end } = this.#header(tag)
    this.#at = end
    return this.#bytes.subarray(start, end)
  }

  /** A reader inside the next element; this one stands behind it. Also for an OCTET STRING that holds DER. */
  enter(tag: number): DerReader {
    const { start, end } = this.#header(tag)
    this.#at = end
    return new DerReader(this.#bytes, start, end, this.#depth + 1)
  }

  /** `enter` if the next element has this tag. */
  enterOptional(tag: number): DerReader | undefined {
    return this.nextTag === tag ? this.enter(tag) : undefined
  }

  /**
   * The elements of a SET OF, each with its header, in strictly ascending order (X.690 §11.6; a set that we
   * read never holds the same element twice).
   */
  setOf(tag: number, maxElements: number): Uint8Array[] {
    const inner = this.enter(tag)
    const elements: Uint8Array[] = []
    while (!inner.atEnd) {
      if (elements.length === maxElements) throw inner.#malformed(`more than ${maxElements} elements`)
      const element = inner.element()
      const previous = elements.at(-1)
      if (previous !== undefined && Buffer.compare(previous, element) >= 0) throw inner.#malformed('set not in order')
      elements.push(element)
    }
    return elements
  }

  /** An OBJECT IDENTIFIER as dotted text. */
  oid(): string {
    const content = this.content(derTag.oid)
    if (content.length === 0 || content.length > maxOidBytes) throw this.#malformed('bad object identifier')
    const arcs: (number | bigint)[] = []
    let arc: number | bigint = 0
    let isFirstOctet = true
    for (const octet of content) {
      if (isFirstOctet && octet === 0x80) throw this.#malformed('bad object identifier')
      // Arcs of UUIDs do not fit a number.
      arc =
        typeof arc === 'number' && arc < 2 ** 45
          ? arc * 128 + (octet & 0x7f)
          : BigInt(arc) * 128n + BigInt(octet & 0x7f)
      isFirstOctet = octet < 0x80
      if (!isFirstOctet) continue
      if (arcs.length > 0) arcs.push(arc)
      else if (arc < 80) arcs.push(Math.floor(Number(arc) / 40), Number(arc) % 40)
      else arcs.push(2, typeof arc === 'number' ? arc - 80 : arc - 80n)
      arc = 0
    }
    if (!isFirstOctet) throw this.#malformed('bad object identifier')
    return arcs.join('.')
  }

  /** A BOOLEAN. DER knows only 00 and FF. */
  boolean(): boolean {
    const content = this.content(derTag.boolean)
    if (content.length !== 1 || (content[0] !== 0 && content[0] !== 0xff)) throw this.#malformed('bad boolean')
    return content[0] === 0xff
  }

  /** The content of an INTEGER, two's complement in the fewest bytes. */
  integerBytes(): Uint8Array {
    const content = this.content(derTag.integer)
    const [first, second] = content
    if (first === undefined) throw this.#malformed('empty integer')
    if (second !== undefined && ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80))) {
      throw this.#malformed('integer not in its shortest form')
    }
    return content
  }

  /** A non-negative INTEGER below 2^47. */
  integer(): number {
    const content = this.integerBytes()
    if (content.length > 6 || (content[0] ?? 0) >= 0x80) throw this.#malformed('integer out of range')
    return content.reduce((value, octet) => value * 256 + octet, 0)
  }

  /** NULL. */
  null(): void {
    if (this.content(derTag.null).length !== 0) throw this.#malformed('bad null')
  }

  /** A BIT STRING: its bytes and how many bits at the end do not count (they must be zero). */
  bitString(): { bytes: Uint8Array; unusedBits: number } {
    const content = this.content(derTag.bitString)
    const unusedBits = content[0] ?? 8
    const bytes = content.subarray(1)
    const last = bytes.at(-1)
    if (unusedBits > 7 || (last === undefined && unusedBits !== 0)) throw this.#malformed('bad bit string')
    if (last !== undefined && (last & ((1 << unusedBits) - 1)) !== 0) throw this.#malformed('bad bit string')
    return { bytes, unusedBits }
  }

  /** A BIT STRING of whole bytes, as keys and signatures are. */
  bitStringBytes(): Uint8Array {
    const { bytes, unusedBits } = this.bitString()
    if (unusedBits !== 0) throw this.#malformed('bad bit string')
    return bytes
  }

  /** A reader inside a BIT STRING of whole bytes that holds DER. */
  enterBitString(): DerReader {
    const { start, end } = this.#header(derTag.bitString)
    this.bitStringBytes()
    return new DerReader(this.#bytes, start + 1, end, this.#depth + 1)
  }

  /** A UTCTime (1950 to 2049) or GeneralizedTime, in ms since 1970. */
  timeMs(): number {
    const tag = this.nextTag
    if (tag !== derTag.utcTime && tag !== derTag.generalizedTime) throw this.#malformed('a time expected')
    const text = Buffer.from(this.content(tag)).toString('latin1')
    const parts = timePattern.exec(text)
    const isUtcTime = tag === derTag.utcTime
    if (parts === null || (parts[1] === undefined) !== isUtcTime) throw this.#malformed('bad time')
    const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts.slice(2).map(Number)
    const century = isUtcTime ? (year < 50 ? 20 : 19) : Number(parts[1])
    const date = new Date(0)
    date.setUTCFullYear(century * 100 + year, month - 1, day)
    date.setUTCHours(hour, minute, second)
    // JavaScript lets 31 February roll over; a certificate must not.
    if (generalizedTimeText(date.getTime()).slice(2) !== (isUtcTime ? text : text.slice(2))) {
      throw this.#malformed('no such time')
    }
    return date.getTime()
  }

  /** Reads identifier and length octets (X.690 §8.1, §10.1). The callers move on. */
  #header(tag?: number): { start: number; end: number } {
    const bytes = this.#bytes
    const identifier = this.nextTag
    if (identifier === -1) throw this.#malformed('unexpected end')
    if ((identifier & 0x1f) === 0x1f) throw this.#malformed('tag number above 30')
    if (tag !== undefined && identifier !== tag) {
      throw this.#malformed(`tag ${identifier.toString(16)} instead of ${tag.toString(16)}`)
    }
    let at = this.#at + 1
    const first = at < this.#end ? (bytes[at++] ?? 0) : 0x80
    let length = first
    if (first >= 0x80) {
      const octets = first & 0x7f
      if (octets === 0) throw this.#malformed('indefinite length')
      if (octets > 4 || at + octets > this.#end) throw this.#malformed('length beyond the data')
      length = 0
      for (let left = octets; left > 0; left--) length = length * 256 + (bytes[at++] ?? 0)
      if (length < 0x80 || length < 2 ** (8 * (octets - 1))) throw this.#malformed('length not in its shortest form')
    }
    if (length > this.#end - at) throw this.#malformed('length beyond the data')
    return { start: at, end: at + length }
  }

  #malformed(detail: string): TramError {
    return new TramError('DER_MALFORMED', { offset: this.#at, detail })
  }
}

/** `YYYYMMDDHHMMSSZ`, rounded down to the second: the text of a GeneralizedTime. */
export function generalizedTimeText(timeMs: number): string {
  return `${new Date(timeMs).toISOString().slice(0, 19).replace(/\D/g, '')}Z`
}
