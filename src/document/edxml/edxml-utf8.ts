// Strict streaming UTF-8: bytes in any pieces to text in small slices, stopping at the first byte that is not UTF-8.
// Stands in front of edxml-scanner. (TextDecoder would say that a chunk is bad, but not where.)
import { isUtf8 } from 'node:buffer'

/** Small enough that what a parser gathers from one slice is no burden, large enough to be quick. */
export const sliceBytes = 16 * 1024

export interface Utf8Slice {
  text: string
  /** The byte after `text` is not UTF-8; nothing follows. */
  invalid: boolean
}

const nothing = Buffer.alloc(0)

export class Utf8Slicer {
  /** First bytes of a character whose rest has not come yet, at most 3. */
  #pending: Buffer = nothing

  /** Whether the input so far ends inside a character. */
  get hasPending(): boolean {
    return this.#pending.length > 0
  }

  *slices(bytes: Uint8Array): Generator<Utf8Slice> {
    for (let from = 0; from < bytes.length; from += sliceBytes) {
      const part = bytes.subarray(from, from + sliceBytes)
      const view = Buffer.from(part.buffer, part.byteOffset, part.byteLength)
      const whole = this.#pending.length === 0 ? view : Buffer.concat([this.#pending, view])
      const complete = whole.length - unfinishedBytes(whole)
      const head = whole.subarray(0, complete)
      if (!isUtf8(head)) {
        yield { text: head.toString('utf8', 0, firstInvalid(head)), invalid: true }
        return
      }
      // A copy: the caller may use its buffer again.
      this.#pending = complete === whole.length ? nothing : Buffer.from(whole.subarray(complete))
      if (complete > 0) yield { text: head.toString('utf8'), invalid: false }
    }
  }
}

/** Bytes at the end of `bytes` that begin a character without finishing it, 0 to 3. */
function unfinishedBytes(bytes: Uint8Array): number {
  for (let back = 1; back <= 3 && back <= bytes.length; back++) {
    const byte = bytes[bytes.length - back] ?? 0
    if (byte >= 0xc0) return sequenceLength(byte) > back ? back : 0
    if (byte < 0x80) return 0
  }
  return 0
}

/** Length of the character that starts with `lead`; 1 for a byte that cannot start one. */
function sequenceLength(lead: number): number {
  if (lead < 0xc2 || lead > 0xf4) return 1
  return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4
}

/** Offset of the first character of `bytes` that is not UTF-8. Only called when there is one. */
function firstInvalid(bytes: Uint8Array): number {
  let offset = 0
  while (offset < bytes.length) {
    const length = sequenceLength(bytes[offset] ?? 0)
    if (!isUtf8(bytes.subarray(offset, offset + length))) break
    offset += length
  }
  return offset
}
