// FilePacketStore on its files: what they are called, who may read them, what damage does, what a restart sweeps.
import { createHash, randomBytes } from 'node:crypto'
import { readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { FilePacketStore } from '../../../../src/equipment/store/file-packet-store.ts'
import { key } from '../../../../src/equipment/store/namespaces.ts'
import type { PacketReceiver } from '../../../../src/equipment/store/packet-store.ts'
import { MemoryRecordStore } from '../../../contract/memory-record-store.ts'
import { MemorySpace } from '../../../contract/memory-space.ts'
import { silent, type TemporaryFolder, temporaryFolder } from '../../../fixtures/store/temporary-store.ts'

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest()

let folder: TemporaryFolder
let records: MemoryRecordStore
let packets: FilePacketStore
const incoming = () => join(folder.path, 'incoming')
const large = randomBytes(700_000)
const waybill = 'ab'.repeat(32)
const expected = {
  waybill,
  digest: sha256(large),
  sizeBytes: large.length,
  chunkBytes: 100_000,
  chunkDigests: Array.from({ length: 7 }, (_, index) => sha256(large.subarray(index * 100_000, (index + 1) * 100_000))),
}

const reopened = () =>
  new FilePacketStore(
    { packetsFolder: join(folder.path, 'packets'), incomingFolder: incoming(), maxPacketBytes: 1_000_000 },
    { records, space: new MemorySpace(), logger: silent },
  )
const fileOf = (digest: Uint8Array) => {
  const hex = Buffer.from(digest).toString('hex')
  return join(folder.path, 'packets', hex.slice(0, 2), hex)
}

async function listed<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const list: Item[] = []
  for await (const item of items) list.push(item)
  return list
}

beforeEach(async () => {
  folder = await temporaryFolder()
  records = new MemoryRecordStore()
  packets = reopened()
})
afterEach(() => folder.remove())

async function stored(bytes: Uint8Array): Promise<Uint8Array> {
  const writer = await packets.begin(bytes.length)
  await writer.write(bytes)
  const { digest, operations } = await writer.finish(() => true)
  await records.commit(operations)
  return digest
}

/** Bytes that `read` yielded before it failed, and its failure. */
async function readUntilFailure(digest: Uint8Array): Promise<{ bytes: number; failure: unknown }> {
  let bytes = 0
  try {
    for await (const piece of packets.read(digest)) bytes += piece.length
  } catch (failure) {
    return { bytes, failure }
  }
  return { bytes, failure: undefined }
}

test('a large packet is a file named by its digest that nobody else may read', async () => {
  const digest = await stored(large)
  expect(Buffer.compare(await readFile(fileOf(digest)), large)).toBe(0)
  expect((await stat(fileOf(digest))).mode & 0o777).toBe(0o600)
  for (const name of ['packets', 'incoming']) expect((await stat(join(folder.path, name))).mode & 0o777).toBe(0o700)
  expect(records.size).toBe(0)
  expect(await readdir(incoming())).toEqual([])
  expect(await listed(packets.fileDigests())).toEqual([sha256(large).toString('hex')])
})

test('a small packet is a record named by its digest and never touches a file', async () => {
  const digest = await stored(large.subarray(0, 1000))
  expect(records.keys()).toEqual([key('packet', Buffer.from(digest).toString('hex'))])
  expect(await readdir(folder.path)).toEqual([])
})

test('on its way in a large packet lies under a name that says nothing, and a discard leaves no trace', async () => {
  const writer = await packets.begin(null)
  await writer.write(large)
  const [name, ...others] = await readdir(incoming())
  expect(others).toEqual([])
  expect(name).toMatch(/^[0-9a-f]{32}\.tmp$/)
  expect((await stat(join(incoming(), name ?? ''))).mode & 0o777).toBe(0o600)
  await writer.discard()
  expect(await readdir(incoming())).toEqual([])
  expect(await readdir(folder.path)).toEqual(['incoming'])
})

test('acts that meet take their turns: a discard waits for the write before it', async () => {
  const writer = await packets.begin(null)
  const writes = [writer.write(large.subarray(0, 300_000)), writer.write(large.subarray(300_000))]
  await Promise.all([...writes, writer.discard()])
  expect(await readdir(incoming())).toEqual([])
})

test('a damaged file is noticed before its last piece is out, when it is read as a whole', async () => {
  const digest = await stored(large)
  const bytes = Buffer.from(large)
  bytes.writeUInt8(bytes.readUInt8(10) ^ 1, 10)
  await writeFile(fileOf(digest), bytes)
  const { bytes: yielded, failure } = await readUntilFailure(digest)
  expect(failure).toMatchObject({ code: 'PACKET_DAMAGED', data: { digest: Buffer.from(digest).toString('hex') } })
  expect(yielded).toBeLessThan(large.length)
  const part: Uint8Array[] = await listed(packets.read(digest, 0, 100))
  expect(Buffer.concat(part)).toHaveLength(100)
})

test.each([0, 1, 65_536, 699_999])('a file cut to %i bytes is damaged', async (size) => {
  const digest = await stored(large)
  await truncate(fileOf(digest), size)
  const { bytes, failure } = await readUntilFailure(digest)
  expect(failure).toMatchObject({ code: 'PACKET_DAMAGED' })
  expect(bytes).toBeLessThan(Math.max(1, size))
})

test('a record that holds other bytes than its key says is damaged', async () => {
  const digest = sha256(Buffer.from('expected'))
  const recordKey = key('packet', digest.toString('hex'))
  await records.commit([{ type: 'put', key: recordKey, value: Buffer.from('other') }])
  expect(await readUntilFailure(digest)).toMatchObject({ bytes: 0, failure: { code: 'PACKET_DAMAGED' } })
})

test('storing the bytes again heals a damaged file', async () => {
  const digest = await stored(large)
  await truncate(fileOf(digest), 5)
  await stored(large)
  expect(await readUntilFailure(digest)).toEqual({ bytes: large.length, failure: undefined })
})

test('after a restart only chunks of wanted waybills are left, and nothing that is being written is swept', async () => {
  await writeFile(join(folder.path, 'not-ours'), '')
  const crashed = await packets.begin(null)
  await crashed.write(large)
  for (const name of [waybill, 'cd'.repeat(32)]) {
    const receiver = await packets.receive({ ...expected, waybill: name })
    await receiver.write(0, large.subarray(0, 250_000))
  }
  packets = reopened()
  const running = await packets.begin(null)
  await running.write(large)
  await packets.sweepIncoming(new Set([waybill]))
  const left = await readdir(incoming())
  expect(left).toHaveLength(2)
  expect(left).toContain(`${waybill}.part`)
  await running.finish(() => true)
  expect((await packets.receive(expected)).nextChunk).toBe(2)
  expect(await readdir(folder.path)).toContain('not-ours')
})

test('a part that is asked for while it is swept begins anew, in a file that has a name', async () => {
  const before = await packets.receive(expected)
  await before.write(0, large.subarray(0, 250_000))
  await before.suspend()
  let receiving: Promise<PacketReceiver> | undefined
  const has = () => {
    receiving = packets.receive(expected)
    return false
  }
  await packets.sweepIncoming({ has })
  const receiver = await receiving
  if (receiver === undefined) throw new Error('the sweep asked about nothing')
  await receiver.write(
    receiver.nextChunk * expected.chunkBytes,
    large.subarray(receiver.nextChunk * expected.chunkBytes),
  )
  const { digest } = await receiver.finish()
  expect(await readUntilFailure(digest)).toEqual({ bytes: large.length, failure: undefined })
})

test('what a power cut left in a part file counts as far as its chunks are right', async () => {
  const receiver = await packets.receive(expected)
  await receiver.write(0, large.subarray(0, 500_000))
  await receiver.suspend()
  const part = join(incoming(), `${waybill}.part`)
  const bytes = await readFile(part)
  bytes.fill(0, 350_000, 354_096)
  await writeFile(part, bytes)
  packets = reopened()
  const resumed = await packets.receive(expected)
  expect(resumed.nextChunk).toBe(3)
  expect((await stat(part)).size).toBe(300_000)
  await resumed.write(300_000, large.subarray(300_000))
  await resumed.finish()
  expect(await readUntilFailure(sha256(large))).toEqual({ bytes: large.length, failure: undefined })
})

test('a part file that is gone or shorter than remembered is proven anew', async () => {
  const part = join(incoming(), `${waybill}.part`)
  for (const [spoil, nextChunk] of [
    [() => truncate(part, 150_000), 1],
    [() => rm(part), 0],
  ] as const) {
    const receiver = await packets.receive(expected)
    const from = receiver.nextChunk * 100_000
    await receiver.write(from, large.subarray(from, 400_000))
    await receiver.suspend()
    await spoil()
    const resumed = await packets.receive(expected)
    expect(resumed.nextChunk).toBe(nextChunk)
    await resumed.suspend()
  }
})
