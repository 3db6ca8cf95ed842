// The one file of a zip archive with one entry, as it streams by, within bounds. Real packets wrap most kinds of files
// so (docs/reference/edxml.md). Called by edxml-extract; everything here is attacker-controlled.

/** Raw deflate (RFC 1951): takes what it needs of `compressed`, ends with the deflate stream, throws when it is broken. */
export type InflateRaw = (compressed: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>

export interface UnzipLimits {
  maxUnzippedBytes: number
  /** Unzipped bytes for each zipped one, once more than 1 MiB has come out. */
  maxExpansion: number
}

/** Throws the error that says what is wrong. */
export interface UnzipFaults {
  invalid(detail: string, cause?: unknown): never
  exceeded(limit: keyof UnzipLimits): never
}

/** What the local file header at the start says (APPNOTE 4.3.7). */
export interface LocalHeader {
  /** Name of the entry. */
  name: string
  /** Bytes of the header itself, name and extra field included. */
  headerBytes: number
  flags: number
  method: number
  /** 0 when a data descriptor says it later. */
  compressedBytes: number
}

const expansionGraceBytes = 1024 * 1024
const methodStored = 0
const methodDeflate = 8
const flagEncrypted = 1
const flagDescriptor = 8
/** Longest name, extra field and comment of a central entry that are looked at, and a descriptor before it. */
const maxTailBytes = 8 * 1024

/** The header that `bytes` start with; undefined when they are no zip archive or too few to tell. */
export function parseLocalHeader(bytes: Uint8Array): LocalHeader | undefined {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.length < 30 || view.readUInt32LE(0) !== 0x04034b50) return undefined
  const nameBytes = view.readUInt16LE(26)
  const headerBytes = 30 + nameBytes + view.readUInt16LE(28)
  if (view.length < headerBytes) return undefined
  return {
    name: view.toString('utf8', 30, 30 + nameBytes),
    headerBytes,
    flags: view.readUInt16LE(6),
    method: view.readUInt16LE(8),
    compressedBytes: view.readUInt32LE(18),
  }
}

/**
 * The content of the entry. Only when the iteration ends normally is it known that the archive had this entry alone and
 * that size and CRC-32 are those of its central directory: until then the bytes are provisional.
 * @param archive the whole archive, header included; read to its end
 */
export async function* unzipSingleEntry(
  archive: AsyncIterator<Uint8Array>,
  header: LocalHeader,
  limits: UnzipLimits,
  inflateRaw: InflateRaw,
  faults: UnzipFaults,
): AsyncGenerator<Uint8Array> {
  if ((header.flags & flagEncrypted) !== 0) faults.invalid('the zip entry is encrypted')
  const isStored = header.method === methodStored
  if (!isStored && header.method !== methodDeflate) faults.invalid(`zip method ${header.method} is not known`)
  if (isStored && (header.flags & flagDescriptor) !== 0) faults.invalid('a stored zip entry of unknown size')

  const reader = new ArchiveReader(archive, header.headerBytes)
  const checksum = new Crc32()
  let unzipped = 0
  const source = isStored ? reader.take(header.compressedBytes) : inflated(inflateRaw(reader.rest()), faults)
  for await (const piece of source) {
    unzipped += piece.length
    if (unzipped > limits.maxUnzippedBytes) faults.exceeded('maxUnzippedBytes')
    if (unzipped > expansionGraceBytes && unzipped > reader.bytesRead * limits.maxExpansion)
      faults.exceeded('maxExpansion')
    checksum.update(piece)
    yield piece
  }
  await reader.drain()
  assertCentralDirectory(reader, header, unzipped, checksum.value, faults)
}

async function* inflated(pieces: AsyncIterable<Uint8Array>, faults: UnzipFaults): AsyncGenerator<Uint8Array> {
  const iterator = pieces[Symbol.asyncIterator]()
  try {
    for (;;) {
      const next = await iterator.next().catch((error: unknown) => faults.invalid('the zipped data is broken', error))
      if (next.done === true) return
      yield next.value
    }
  } finally {
    await iterator.return?.()
  }
}

/** The archive ends with one central entry and the end record, and nothing unseen lies between (APPNOTE 4.3.12, 4.3.16). */
function assertCentralDirectory(
  reader: ArchiveReader,
  header: LocalHeader,
  unzippedBytes: number,
  crc: number,
  faults: UnzipFaults,
): void {
  const tail = reader.tail
  const tailStart = reader.bytesRead - tail.length
  const endAt = tail.length - 22
  if (endAt < 46 || tail.readUInt32LE(endAt) !== 0x06054b50) faults.invalid('the zip archive has no plain end record')
  if (tail.readUInt16LE(endAt + 8) !== 1 || tail.readUInt16LE(endAt + 10) !== 1) {
    faults.invalid('the zip archive has more than one entry')
  }
  const directoryAt = tail.readUInt32LE(endAt + 16) - tailStart
  if (directoryAt < 0 || directoryAt + 46 > endAt || tail.readUInt32LE(directoryAt) !== 0x02014b50) {
    faults.invalid('the central directory of the zip archive is not where it should be')
  }
  if (tail.readUInt32LE(directoryAt + 42) !== 0) faults.invalid('the central directory names another entry')
  const compressedBytes = tail.readUInt32LE(directoryAt + 20)
  const descriptorBytes = tailStart + directoryAt - header.headerBytes - compressedBytes
  const allowed = (header.flags & flagDescriptor) === 0 ? [0] : [12, 16]
  if (!allowed.includes(descriptorBytes)) faults.invalid('the zip archive holds bytes outside its entry')
  if (tail.readUInt32LE(directoryAt + 24) !== unzippedBytes || tail.readUInt32LE(directoryAt + 16) !== crc) {
    faults.invalid('size or CRC-32 of the zip entry is wrong')
  }
}

/** Hands out the archive's bytes, and remembers how many there were and the last of them. */
class ArchiveReader {
  readonly #archive: AsyncIterator<Uint8Array>
  /** Bytes of the header still to skip. */
  #skip: number
  #pending: Buffer = Buffer.alloc(0)
  bytesRead = 0
  tail: Buffer = Buffer.alloc(0)

  constructor(archive: AsyncIterator<Uint8Array>, headerBytes: number) {
    this.#archive = archive
    this.#skip = headerBytes
  }

  /** What comes after the header. Ending it early leaves the rest for `drain`. */
  async *rest(): AsyncGenerator<Uint8Array> {
    for (let piece = await this.#next(); piece !== undefined; piece = await this.#next()) yield piece
  }

  /** The next `count` bytes, or fewer at the end. */
  async *take(count: number): AsyncGenerator<Uint8Array> {
    let left = count
    while (left > 0) {
      const piece = await this.#next()
      if (piece === undefined) return
      this.#pending = piece.subarray(left)
      yield piece.subarray(0, left)
      left -= Math.min(left, piece.length)
    }
  }

  async drain(): Promise<void> {
    while ((await this.#next()) !== undefined);
  }

  async #next(): Promise<Buffer | undefined> {
    if (this.#pending.length > 0) {
      const piece = this.#pending
      this.#pending = Buffer.alloc(0)
      return piece
    }
    for (;;) {
      const { done, value } = await this.#archive.next()
      if (done === true) return undefined
      const piece = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
      this.bytesRead += piece.length
      this.tail = Buffer.concat([this.tail, piece.subarray(-maxTailBytes)]).subarray(-maxTailBytes)
      const skipped = Math.min(this.#skip, piece.length)
      this.#skip -= skipped
      if (skipped < piece.length) return piece.subarray(skipped)
    }
  }
}

/** CRC-32 of zip (polynomial EDB88320, reflected). Here because this storey may not use zlib. */
class Crc32 {
  #state = 0xffffffff

  update(bytes: Uint8Array): void {
    let state = this.#state
    for (const byte of bytes) state = (crcTable[(state ^ byte) & 0xff] ?? 0) ^ (state >>> 8)
    this.#state = state
  }

  get value(): number {
    return (this.#state ^ 0xffffffff) >>> 0
  }
}

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte
  for (let bit = 0; bit < 8; bit++) remainder = (remainder & 1) === 1 ? 0xedb88320 ^ (remainder >>> 1) : remainder >>> 1
  return remainder
})
