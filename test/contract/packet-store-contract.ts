// What every packet store must do. Run by packet-store.test.ts on the files-and-records store over each record store.
import { createHash, randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ExpectedPacket, PacketStore, StoredPacket } from '../../src/equipment/store/packet-store.ts'
import { defaultChunkBytes, smallPacketBytes } from '../../src/equipment/store/packet-store.ts'
import type { RecordStore } from '../../src/equipment/store/record-store.ts'

export interface PacketStoreUnderTest {
  packets: PacketStore
  records: RecordStore
  /** Bytes that the space keeper holds for packets on their way in. */
  reservedBytes(): number
  /** Room above the watermark from now on. */
  setFreeBytes(bytes: number): void
  /** The store anew on the same folders, as after a restart. */
  reopen(): Promise<PacketStore>
  close(): Promise<void>
}

/** The largest packet that the store under test takes. */
export const maxPacketBytes = 8 * 1024 * 1024

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest()
const isDigestOf = (bytes: Uint8Array) => (digest: Uint8Array) => Buffer.compare(digest, sha256(bytes)) === 0
const crlf = Buffer.from('\r\n')

function chunksOf(bytes: Uint8Array, chunkBytes: number): Uint8Array[] {
  const chunks: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += chunkBytes) chunks.push(bytes.subarray(at, at + chunkBytes))
  return chunks
}

function expectedOf(bytes: Uint8Array, chunkBytes = 100_000, waybill = 'ab'.repeat(32)): ExpectedPacket {
  const chunkDigests = chunksOf(bytes, chunkBytes).map(sha256)
  return { waybill, digest: sha256(bytes), sizeBytes: bytes.length, chunkBytes, chunkDigests }
}

export function packetStoreContract(name: string, make: () => Promise<PacketStoreUnderTest>): void {
  describe(`packet store: ${name}`, () => {
    let made: PacketStoreUnderTest
    let packets: PacketStore
    beforeEach(async () => {
      made = await make()
      packets = made.packets
    })
    afterEach(() => made.close())

    const readAll = async (digest: Uint8Array, offset?: number, length?: number) => {
      const pieces: Uint8Array[] = []
      for await (const piece of packets.read(digest, offset, length)) {
        expect(piece.length).toBeLessThanOrEqual(64 * 1024)
        pieces.push(piece)
      }
      return Buffer.concat(pieces)
    }
    const writeAll = async (bytes: Uint8Array, accepted: Uint8Array, pieceBytes = 10_007): Promise<StoredPacket> => {
      const writer = await packets.begin(bytes.length)
      for (const piece of chunksOf(bytes, pieceBytes)) await writer.write(piece)
      const stored = await writer.finish(isDigestOf(accepted))
      await made.records.commit(stored.operations)
      return stored
    }
    const assertStored = async (stored: StoredPacket, bytes: Uint8Array, chunkBytes = defaultChunkBytes) => {
      expect(Buffer.compare(stored.digest, sha256(bytes))).toBe(0)
      expect(stored.sizeBytes).toBe(bytes.length)
      expect(stored.chunkDigests.map((each) => Buffer.from(each).toString('hex'))).toEqual(
        chunksOf(bytes, chunkBytes).map((each) => sha256(each).toString('hex')),
      )
      expect(Buffer.compare(await readAll(stored.digest), bytes)).toBe(0)
      expect(await packets.size(stored.digest)).toBe(bytes.length)
      expect(await packets.has(stored.digest)).toBe(true)
      expect(made.reservedBytes()).toBe(0)
    }

    const sizes = [
      0,
      1,
      2,
      3,
      smallPacketBytes - 1,
      smallPacketBytes,
      smallPacketBytes + 1,
      smallPacketBytes + 2,
      smallPacketBytes + 3,
      300_000,
      defaultChunkBytes - 1,
      defaultChunkBytes,
      defaultChunkBytes + 1,
      2 * defaultChunkBytes,
      3_333_333,
    ]
    test.each(sizes)('a packet of %i bytes from a backend, alone and with CR LF behind it', async (size) => {
      const bytes = randomBytes(size)
      const stored = await writeAll(bytes, bytes)
      await assertStored(stored, bytes)
      expect(stored.operations.length).toBe(size <= smallPacketBytes ? 1 : 0)
      await made.records.commit(await packets.remove(stored.digest))
      expect(await packets.has(stored.digest)).toBe(false)
      const again = await writeAll(Buffer.concat([bytes, crlf]), bytes)
      await assertStored(again, bytes)
      expect(again.operations.length).toBe(size <= smallPacketBytes ? 1 : 0)
    })

    test.each([1, 2, 3, 7])('CR LF is found although the pieces have %i bytes', async (pieceBytes) => {
      const bytes = randomBytes(1000)
      await assertStored(await writeAll(Buffer.concat([bytes, crlf]), bytes, pieceBytes), bytes)
    })

    test('bytes that end in CR LF are kept as they are when that is what was announced', async () => {
      const bytes = Buffer.concat([randomBytes(200_000), crlf])
      await assertStored(await writeAll(bytes, bytes), bytes)
    })

    test.each([100, 200_000])('%i bytes that are not what was announced are refused and gone', async (size) => {
      const bytes = randomBytes(size)
      await expect(writeAll(bytes, Buffer.from('other'))).rejects.toMatchObject({ code: 'PACKET_HASH_MISMATCH' })
      await expect(writeAll(Buffer.concat([bytes, Buffer.from('\n')]), bytes)).rejects.toMatchObject({
        code: 'PACKET_HASH_MISMATCH',
      })
      expect(await packets.has(sha256(bytes))).toBe(false)
      expect(made.reservedBytes()).toBe(0)
    })

    test('only one trailing CR LF belongs to the kit', async () => {
      const bytes = randomBytes(5000)
      await expect(writeAll(Buffer.concat([bytes, crlf, crlf]), bytes)).rejects.toMatchObject({
        code: 'PACKET_HASH_MISMATCH',
      })
    })

    test('a discarded packet leaves nothing, and discarding a finished one does nothing', async () => {
      const bytes = randomBytes(500_000)
      const writer = await packets.begin(bytes.length)
      await writer.write(bytes)
      await writer.discard()
      await writer.discard()
      await expect(writer.write(bytes)).rejects.toMatchObject({ code: 'STORE_FAILED' })
      expect(await packets.has(sha256(bytes))).toBe(false)
      expect(made.reservedBytes()).toBe(0)
      const second = await packets.begin(null)
      await second.write(bytes)
      await second.finish(isDigestOf(bytes))
      await second.discard()
      expect(await packets.has(sha256(bytes))).toBe(true)
    })

    test('the same bytes twice are one packet', async () => {
      const bytes = randomBytes(200_000)
      await writeAll(bytes, bytes)
      await assertStored(await writeAll(bytes, bytes), bytes)
    })

    test('the limit holds for declared, undeclared and received packets, but not for a CR LF behind a packet', async () => {
      const largest = randomBytes(maxPacketBytes)
      await assertStored(await writeTail(largest), largest)
      const tooLarge = { code: 'PACKET_TOO_LARGE' }
      await expect(packets.begin(maxPacketBytes + 3)).rejects.toMatchObject(tooLarge)
      const writer = await packets.begin(null)
      await writer.write(largest)
      await expect(writer.write(Buffer.from('abc'))).rejects.toMatchObject(tooLarge)
      const expected = { ...expectedOf(randomBytes(10)), sizeBytes: maxPacketBytes + 1 }
      await expect(packets.receive(expected)).rejects.toMatchObject(tooLarge)
      expect(made.reservedBytes()).toBe(0)
    })
    const writeTail = async (bytes: Uint8Array) => {
      const writer = await packets.begin(null)
      await writer.write(bytes)
      await writer.write(crlf)
      return await writer.finish(isDigestOf(bytes))
    }

    test('room is reserved before bytes come, and for an unknown size as they come', async () => {
      made.setFreeBytes(3_000_000)
      await expect(packets.begin(3_000_001)).rejects.toMatchObject({ code: 'DISK_FULL' })
      await expect(packets.receive(expectedOf(Buffer.alloc(3_000_001)))).rejects.toMatchObject({ code: 'DISK_FULL' })
      const writer = await packets.begin(3_000_000)
      expect(made.reservedBytes()).toBe(3_000_000)
      await expect(packets.begin(1)).rejects.toMatchObject({ code: 'DISK_FULL' })
      await writer.discard()
      const unknown = await packets.begin(null)
      await expect(unknown.write(randomBytes(3_000_000))).rejects.toMatchObject({ code: 'DISK_FULL' })
      expect(made.reservedBytes()).toBe(0)
    })

    test('parts of a packet are read as asked; beyond its end there is nothing', async () => {
      for (const size of [1000, 400_000]) {
        const bytes = randomBytes(size)
        const { digest } = await writeAll(bytes, bytes)
        for (const [offset, length] of [
          [0, 10],
          [5, 500],
          [size - 5, 100],
          [size, 10],
          [size + 10, 1],
          [7, undefined],
        ] as const)
          expect(
            Buffer.compare(await readAll(digest, offset, length), bytes.subarray(offset, offset + (length ?? size))),
          ).toBe(0)
      }
      await expect(readAll(sha256(Buffer.from('nobody')))).rejects.toMatchObject({ code: 'PACKET_MISSING' })
      expect(await packets.size(sha256(Buffer.from('nobody')))).toBeUndefined()
    })

    test('removing what is not there does nothing', async () => {
      expect(await packets.remove(sha256(Buffer.from('nobody')))).toEqual([])
    })

    const feed = async (bytes: Uint8Array, expected: ExpectedPacket, pieceBytes = 30_011) => {
      const receiver = await packets.receive(expected)
      let at = receiver.nextChunk * expected.chunkBytes
      for (const piece of chunksOf(bytes.subarray(at), pieceBytes)) {
        await receiver.write(at, piece)
        at += piece.length
      }
      return receiver
    }

    test.each([0, 1, smallPacketBytes, smallPacketBytes + 1, 100_000, 200_000, 1_234_567])(
      'a packet of %i bytes from a peer',
      async (size) => {
        const bytes = randomBytes(size)
        const expected = expectedOf(bytes)
        const receiver = await feed(bytes, expected)
        expect(receiver.nextChunk).toBe(expected.chunkDigests.length)
        const stored = await receiver.finish()
        await made.records.commit(stored.operations)
        await assertStored(stored, bytes, expected.chunkBytes)
      },
    )

    test('a cut resumes at the last durable chunk, in the same process and in the next', async () => {
      const bytes = randomBytes(1_050_000)
      const expected = expectedOf(bytes)
      const first = await packets.receive(expected)
      await first.write(0, bytes.subarray(0, 350_000))
      expect(first.nextChunk).toBe(3)
      await first.suspend()
      const second = await packets.receive(expected)
      expect(second.nextChunk).toBe(3)
      await second.write(300_000, bytes.subarray(300_000, 650_000))
      await second.suspend()
      expect(made.reservedBytes()).toBe(0)
      packets = await made.reopen()
      await packets.sweepIncoming(new Set([expected.waybill]))
      const third = await packets.receive(expected)
      expect(third.nextChunk).toBe(6)
      await third.write(600_000, bytes.subarray(600_000))
      await assertStored(await third.finish(), bytes, expected.chunkBytes)
    })

    test('chunks count only for the waybill that they came under', async () => {
      const bytes = randomBytes(500_000)
      const first = await packets.receive(expectedOf(bytes))
      await first.write(0, bytes.subarray(0, 300_000))
      const other = await packets.receive(expectedOf(bytes, 100_000, 'cd'.repeat(32)))
      expect(other.nextChunk).toBe(0)
      await first.discard()
      await other.discard()
    })

    test('a wrong chunk is dropped and may come again', async () => {
      const bytes = randomBytes(500_000)
      const expected = expectedOf(bytes)
      const wrong = Buffer.from(bytes)
      wrong.writeUInt8((wrong[250_000] ?? 0) ^ 1, 250_000)
      const receiver = await packets.receive(expected)
      await expect(receiver.write(0, wrong)).rejects.toMatchObject({ code: 'WAYBILL_INVALID' })
      expect(receiver.nextChunk).toBe(2)
      await receiver.write(200_000, bytes.subarray(200_000))
      await assertStored(await receiver.finish(), bytes, expected.chunkBytes)
    })

    test('bytes at the wrong place or beyond the size are refused', async () => {
      const bytes = randomBytes(200_000)
      const receiver = await packets.receive(expectedOf(bytes))
      const invalid = { code: 'WAYBILL_INVALID' }
      await expect(receiver.write(1, bytes.subarray(1))).rejects.toMatchObject(invalid)
      await expect(receiver.write(0, Buffer.concat([bytes, crlf]))).rejects.toMatchObject(invalid)
      await receiver.write(0, bytes.subarray(0, 100_000))
      await expect(receiver.finish()).rejects.toMatchObject(invalid)
      await receiver.write(100_000, bytes.subarray(100_000))
      await receiver.finish()
    })

    test('good chunks of another packet than announced are dropped at the end', async () => {
      for (const size of [10_000, 200_000]) {
        const bytes = randomBytes(size)
        const expected = { ...expectedOf(bytes), digest: sha256(Buffer.from('other')) }
        const receiver = await feed(bytes, expected)
        await expect(receiver.finish()).rejects.toMatchObject({ code: 'WAYBILL_INVALID' })
        expect(await packets.has(expected.digest)).toBe(false)
        const again = await packets.receive(expected)
        expect(again.nextChunk).toBe(0)
        await again.discard()
      }
      expect(made.reservedBytes()).toBe(0)
    })

    test('a waybill whose sizes and digests do not fit together is refused before a file is made', async () => {
      const good = expectedOf(randomBytes(200_000))
      const crooked: Partial<ExpectedPacket>[] = [
        { waybill: '../../etc/passwd' },
        { waybill: 'AB'.repeat(32) },
        { digest: Buffer.alloc(31) },
        { sizeBytes: -1 },
        { sizeBytes: 1.5 },
        { chunkBytes: 0 },
        { chunkBytes: 2 ** 31 },
        { chunkBytes: Number.NaN },
        { chunkDigests: good.chunkDigests.slice(1) },
        { chunkDigests: [...good.chunkDigests, sha256(crlf)] },
        { chunkDigests: good.chunkDigests.map((each) => each.subarray(1)) },
      ]
      for (const change of crooked)
        await expect(packets.receive({ ...good, ...change })).rejects.toMatchObject({ code: 'WAYBILL_INVALID' })
    })

    test('the newest receiver of a waybill wins; the older one is suspended with its chunks', async () => {
      const bytes = randomBytes(500_000)
      const expected = expectedOf(bytes)
      const older = await packets.receive(expected)
      await older.write(0, bytes.subarray(0, 250_000))
      const newer = await packets.receive(expected)
      expect(newer.nextChunk).toBe(2)
      await expect(older.write(250_000, bytes.subarray(250_000))).rejects.toMatchObject({ code: 'STORE_FAILED' })
      await older.discard()
      await newer.write(200_000, bytes.subarray(200_000))
      await assertStored(await newer.finish(), bytes, expected.chunkBytes)
    })

    test('a discarded packet begins anew; so does one that was swept', async () => {
      const bytes = randomBytes(500_000)
      const expected = expectedOf(bytes)
      const first = await packets.receive(expected)
      await first.write(0, bytes.subarray(0, 250_000))
      await first.suspend()
      await first.discard()
      const second = await packets.receive(expected)
      expect(second.nextChunk).toBe(0)
      await second.write(0, bytes.subarray(0, 250_000))
      await second.suspend()
      packets = await made.reopen()
      await packets.sweepIncoming(new Set(['cd'.repeat(32)]))
      const third = await packets.receive(expected)
      expect(third.nextChunk).toBe(0)
      await third.discard()
      expect(made.reservedBytes()).toBe(0)
    })
  })
}
