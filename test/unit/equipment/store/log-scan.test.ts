// Our reader of LevelDB's log against logs that LevelDB itself wrote, whole, cut, flipped and zeroed.
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ClassicLevel } from 'classic-level'
import { beforeAll, describe, expect, test } from 'vitest'
import { logBlockBytes, scanLog, scanLogFile } from '../../../../src/equipment/store/log-scan.ts'
import { temporaryFolder } from '../../../fixtures/store/temporary-store.ts'

const batches = 100

/** The log of a LevelDB that took `batches` puts of values of these sizes. */
async function makeLog(valueBytes: (index: number) => number): Promise<Buffer> {
  const folder = await temporaryFolder()
  const path = join(folder.path, 'db')
  const db = new ClassicLevel<string, Uint8Array>(path, { valueEncoding: 'view', writeBufferSize: 64 * 1024 * 1024 })
  for (let index = 0; index < batches; index++)
    await db.put(`key${index}`, Buffer.alloc(valueBytes(index), index + 1), { sync: true })
  await db.close()
  const name = (await readdir(path)).find((each) => each.endsWith('.log'))
  const log = await readFile(join(path, name ?? ''))
  await folder.remove()
  return log
}

/** Where each physical record begins and its type, walking by lengths. */
function recordsOf(log: Buffer): { at: number; end: number; type: number }[] {
  const found: { at: number; end: number; type: number }[] = []
  for (let at = 0; at + 7 <= log.length; ) {
    const left = logBlockBytes - (at % logBlockBytes)
    if (left < 7) {
      at += left
      continue
    }
    const end = at + 7 + log.readUInt16LE(at + 4)
    found.push({ at, end, type: log.readUInt8(at + 6) })
    at = end
  }
  return found
}

function flipped(log: Buffer, at: number, mask = 0x10): Buffer {
  const copy = Buffer.from(log)
  copy.writeUInt8(copy.readUInt8(at) ^ mask, at)
  return copy
}

function zeroed(log: Buffer, from: number, to: number): Buffer {
  const copy = Buffer.from(log)
  copy.fill(0, from, to)
  return copy
}

describe.each([
  ['small records', (index: number) => 50 + index],
  ['records over several blocks', (index: number) => (index % 10 === 3 ? 100_000 : 3000)],
  ['records that end at the edge of blocks', (index: number) => 32_700 + index],
])('%s', (_name, valueBytes) => {
  let log: Buffer
  let records: ReturnType<typeof recordsOf>
  let starts: ReturnType<typeof recordsOf>
  beforeAll(async () => {
    log = await makeLog(valueBytes)
    records = recordsOf(log)
    starts = records.filter(({ type }) => type === 1 || type === 2)
  })

  test('as LevelDB wrote it: clean, every batch counted', () => {
    expect(starts).toHaveLength(batches)
    expect(scanLog(log)).toEqual({ state: 'clean', records: batches })
  })

  test('zeros behind the end are a torn tail: the last batch may have stood there; an empty log is clean', () => {
    // Up to six are what LevelDB fills a block with, when they end it.
    const left = logBlockBytes - (log.length % logBlockBytes)
    for (const zeros of [1, 6, 7, 4096, logBlockBytes, 3 * logBlockBytes]) {
      const state = left < 7 && zeros === left ? 'clean' : 'torn'
      expect(scanLog(Buffer.concat([log, Buffer.alloc(zeros)]))).toMatchObject({ state, records: batches })
    }
    const last = starts.at(-1)?.at ?? 0
    const torn = { state: 'torn', records: batches - 1, badOffset: last }
    expect(scanLog(zeroed(log, last, log.length))).toMatchObject(torn)
    expect(scanLog(Buffer.alloc(0))).toEqual({ state: 'clean', records: 0 })
    expect(scanLog(Buffer.alloc(100_000))).toMatchObject({ state: 'torn', records: 0, badOffset: 0 })
  })

  test('a flipped bit anywhere before the last batch is corrupt', () => {
    const last = starts.at(-1)?.at ?? 0
    const step = Math.max(1, Math.floor(last / 400))
    for (const { at, end } of records.slice(0, 40)) {
      // Checksum, length, type, first and last byte of the payload.
      for (const place of [at, at + 3, at + 4, at + 5, at + 6, at + 7, end - 1])
        if (place < Math.min(end, last))
          expect({ place, ...scanLog(flipped(log, place)) }).toMatchObject({ place, state: 'corrupt' })
    }
    for (let place = 0; place < last; place += step) {
      if (!records.some(({ at, end }) => place >= at && place < end)) continue
      expect({ place, ...scanLog(flipped(log, place, 1)) }).toMatchObject({ place, state: 'corrupt' })
    }
  })

  test('a flipped bit in the last batch is a torn tail, and the others are counted', () => {
    const last = starts.at(-1)
    for (const { at, end } of records.filter((record) => record.at >= (last?.at ?? 0)))
      for (const place of [at, at + 4, at + 5, at + 6, end - 1])
        expect({ place, ...scanLog(flipped(log, place)) }).toMatchObject({ place, state: 'torn', records: batches - 1 })
  })

  test('a log cut anywhere in its last batch is torn there; cut between two it is clean', () => {
    const last = starts.at(-1)?.at ?? 0
    expect(scanLog(log.subarray(0, last))).toEqual({ state: 'clean', records: batches - 1 })
    const step = Math.max(1, Math.floor((log.length - last) / 200))
    for (let end = last + 1; end < log.length; end += step)
      expect({ end, ...scanLog(log.subarray(0, end)) }).toMatchObject({ end, state: 'torn', records: batches - 1 })
  })

  test('a page of zeros in the middle is corrupt, at the end of the last batch torn', () => {
    const middle = starts[batches / 2]?.at ?? 0
    const page = Math.floor(middle / 4096) * 4096
    expect(scanLog(zeroed(log, page, page + 4096))).toMatchObject({ state: 'corrupt' })
    expect(scanLog(zeroed(log, log.length - 10, log.length))).toMatchObject({ state: 'torn', records: batches - 1 })
  })
})

test('a file is judged as its bytes are, whatever its length', async () => {
  const folder = await temporaryFolder()
  const file = join(folder.path, '000003.log')
  const log = await makeLog(() => 20_000)
  // Whole blocks one after another: longer than what is read at once, with batches cut at the seams.
  const blocks = log.subarray(0, Math.floor(log.length / logBlockBytes) * logBlockBytes)
  const long = Buffer.concat([log.subarray(0, blocks.length), log])
  for (const bytes of [log, log.subarray(0, -3), flipped(log, 9), Buffer.alloc(0), long, flipped(long, 1_200_000)]) {
    await writeFile(file, bytes)
    expect(await scanLogFile(file)).toEqual(scanLog(bytes))
  }
  expect(scanLog(long)).toMatchObject({ state: 'corrupt', detail: 'record without its end' })
  await folder.remove()
})

test('pages of the last, unsynced batch that arrived out of order are torn, not corrupt', async () => {
  const log = await makeLog((index) => (index === batches - 1 ? 200_000 : 100))
  const last =
    recordsOf(log)
      .filter(({ type }) => type === 2)
      .at(-1)?.at ?? 0
  const block = Math.ceil(last / logBlockBytes) * logBlockBytes
  expect(scanLog(zeroed(log, block, block + logBlockBytes))).toMatchObject({ state: 'torn', records: batches - 1 })
  expect(scanLog(zeroed(log, block + 4096, block + 8192))).toMatchObject({ state: 'torn', records: batches - 1 })
  expect(scanLog(zeroed(log, last, block))).toMatchObject({ state: 'torn', records: batches - 1 })
})

test('junk behind the last batch is torn', async () => {
  const log = await makeLog(() => 100)
  expect(scanLog(Buffer.concat([log, Buffer.alloc(500, 0xa5)]))).toMatchObject({ state: 'torn', records: batches })
})

test('bytes that look like a record at every place do not take for ever', async () => {
  // Length 0x0404, type 4 wherever one looks: a checksum of a kilobyte at each byte.
  expect(scanLog(Buffer.alloc(64 * logBlockBytes, 4))).toMatchObject({ state: 'torn', records: 0 })
})
