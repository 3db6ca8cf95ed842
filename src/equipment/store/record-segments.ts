// Records of a backup as bytes: segments of about 1 MiB, in each of them (length of key, key, length of value, value), the lengths
// with four bytes, big-endian. Written from a snapshot of the store, read into a new one.
import { TramError } from '../../base/errors.ts'

/** A segment ends with the record that reaches this. */
const segmentBytes = 1024 * 1024
/** Longer than any of ours: a packet in the store has 64 KiB, a list of recipients some MiB. */
const maxKeyBytes = 64 * 1024
const maxValueBytes = 64 * 1024 * 1024
/** A whole segment, which is read as one: the last record may be long. */
export const maxSegmentBytes = segmentBytes + maxKeyBytes + maxValueBytes + 8

type StoredRecord = readonly [key: Uint8Array, stored: Uint8Array]

/** The records in segments, in order. */
export async function* encodeSegments(records: AsyncIterable<StoredRecord>): AsyncGenerator<Buffer> {
  let parts: Uint8Array[] = []
  let bytes = 0
  for await (const [key, stored] of records) {
    parts.push(lengthOf(key), key, lengthOf(stored), stored)
    bytes += 8 + key.length + stored.length
    if (bytes < segmentBytes) continue
    yield Buffer.concat(parts)
    parts = []
    bytes = 0
  }
  if (bytes > 0) yield Buffer.concat(parts)
}

/** The records of a segment (attacker-controlled), as views of it. @throws TramError BACKUP_INVALID */
export function* decodeSegment(name: string, segment: Uint8Array): Generator<StoredRecord> {
  const view = new DataView(segment.buffer, segment.byteOffset, segment.byteLength)
  let at = 0
  const take = (maxBytes: number): Uint8Array => {
    const length = at + 4 <= segment.length ? view.getUint32(at) : Number.POSITIVE_INFINITY
    if (length > maxBytes || at + 4 + length > segment.length)
      throw new TramError('BACKUP_INVALID', { file: name, detail: `no record at ${at}` })
    at += 4 + length
    return segment.subarray(at - length, at)
  }
  while (at < segment.length) yield [take(maxKeyBytes), take(maxValueBytes)]
}

function lengthOf(bytes: Uint8Array): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(bytes.length)
  return length
}
