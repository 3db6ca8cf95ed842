// LevelStore around real LevelDB: what it finds damaged on opening and reading, and what it refuses.
import { randomBytes } from 'node:crypto'
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ClassicLevel } from 'classic-level'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { crc32c } from '../../../../src/equipment/store/crc32c.ts'
import { openLevel } from '../../../../src/equipment/store/level-open.ts'
import { key, range, sequencePart } from '../../../../src/equipment/store/namespaces.ts'
import { encodeRecord } from '../../../../src/equipment/store/record-codec.ts'
import { droppedFiles, inspectLogs } from '../../../../src/equipment/store/store-inspection.ts'
import { levelStore, never, type TemporaryFolder, temporaryFolder } from '../../../fixtures/store/temporary-store.ts'

let folder: TemporaryFolder
beforeEach(async () => {
  folder = await temporaryFolder()
})
afterEach(() => folder.remove())

const storeFolder = () => join(folder.path, 'store')
const quarantined = async () => (await readdir(join(folder.path, 'quarantine')).catch(() => [])).sort()

async function fileWith(ending: string): Promise<string> {
  const name = (await readdir(storeFolder()))
    .filter((each) => each.endsWith(ending))
    .sort()
    .at(-1)
  return join(storeFolder(), name ?? '')
}

/** A store that took `count` records in commits of their own, and was closed. */
async function filledStore(count: number): Promise<void> {
  const { store } = levelStore(folder.path)
  await store.start(never)
  for (let index = 0; index < count; index++)
    await store.commit([{ type: 'put', key: key('item', sequencePart(index)), value: randomBytes(100) }])
  await store.stop()
}

async function change(file: string, edit: (bytes: Buffer) => Buffer): Promise<Buffer> {
  const changed = edit(await readFile(file))
  await writeFile(file, changed)
  return changed
}

const spoilManifest = async (): Promise<void> => {
  await change(await fileWith((await readFile(join(storeFolder(), 'CURRENT'), 'utf8')).trim()), flipMiddle)
}

const flipMiddle = (bytes: Buffer): Buffer => flip(bytes, Math.floor(bytes.length / 2))

function flip(bytes: Buffer, at: number): Buffer {
  bytes.writeUInt8(bytes.readUInt8(at) ^ 4, at)
  return bytes
}

async function countItems(store: ReturnType<typeof levelStore>['store']): Promise<number> {
  let count = 0
  for await (const _ of store.range(range('item'))) count++
  return count
}

test('a flipped bit in the log is reported and kept in quarantine, at every start until it is settled', async () => {
  await filledStore(100)
  const damagedLog = await change(await fileWith('.log'), flipMiddle)
  const first = levelStore(folder.path)
  await first.store.start(never)
  expect(first.damage.map(({ code }) => code)).toEqual(['STORE_DAMAGED'])
  expect(await countItems(first.store)).toBeLessThan(100)
  const [copy, ...others] = await quarantined()
  expect(others).toEqual([])
  expect(copy).toMatch(/\.log\.open$/)
  expect(Buffer.compare(await readFile(join(folder.path, 'quarantine', copy ?? '')), damagedLog)).toBe(0)
  await first.store.stop()
  const second = levelStore(folder.path)
  await second.store.start(never)
  expect(second.damage).toHaveLength(1)
  await second.store.settleDamage()
  await second.store.stop()
  const third = levelStore(folder.path)
  await third.store.start(never)
  expect(third.damage).toEqual([])
  expect(await quarantined()).toEqual([copy?.replace(/\.open$/, '')])
  await third.store.stop()
})

test.each([
  ['cut', (bytes: Buffer) => bytes.subarray(0, -20)],
  ['with a flipped bit', (bytes: Buffer) => flip(bytes, bytes.length - 5)],
  ['of zeros', (bytes: Buffer) => Buffer.concat([bytes.subarray(0, -20), Buffer.alloc(20)])],
])(
  'a tail %s costs one commit, is no damage, and is reported at every start until it is noted',
  async (_how, spoil) => {
    await filledStore(100)
    await change(await fileWith('.log'), spoil)
    for (let start = 0; start < 2; start++) {
      const { store, damage } = levelStore(folder.path)
      await store.start(never)
      expect(damage.map(({ code }) => code)).toEqual(['STORE_TORN'])
      expect(await countItems(store)).toBe(99)
      expect(await quarantined()).toEqual([expect.stringMatching(/\.log-tail\.torn$/)])
      if (start === 1) await store.settleTorn()
      await store.stop()
    }
    const { store, damage } = levelStore(folder.path)
    await store.start(never)
    expect(damage).toEqual([])
    expect(await quarantined()).toEqual([expect.stringMatching(/\.log-tail$/)])
    await store.stop()
  },
)

test('an end that a failed write of this process has torn was not acknowledged: it is neither kept nor reported', async () => {
  await filledStore(10)
  await change(await fileWith('.log'), (bytes) => bytes.subarray(0, -20))
  const { db, damaged } = await openLevel(storeFolder(), join(folder.path, 'quarantine'), 0, false, never)
  await db.close()
  expect([damaged, await quarantined()]).toEqual([[], []])
})

test('the end of a log is kept once, however often a start is killed behind it', async () => {
  await filledStore(10)
  await change(await fileWith('.log'), (bytes) => bytes.subarray(0, -20))
  for (const stamp of ['1', '2']) await inspectLogs(storeFolder(), join(folder.path, 'quarantine'), stamp, true)
  expect(await quarantined()).toEqual([expect.stringMatching(/^1-\d+\.log-tail\.torn$/)])
})

test('a torn end with batches in a later log was acknowledged: that is damage', async () => {
  await filledStore(100)
  const log = await fileWith('.log')
  const bytes = await readFile(log)
  const later = join(log, '..', '999999.log')
  await writeFile(later, bytes)
  await change(log, (whole) => whole.subarray(0, -20))
  const { store, damage } = levelStore(folder.path)
  await store.start(never)
  expect(damage.map(({ code }) => code)).toEqual(['STORE_DAMAGED'])
  await store.stop()
})

test('what only LevelDB finds wrong is read from its LOG, and that is kept', async () => {
  await filledStore(10)
  // A whole physical record, too short to be a write batch: no reader of the log's format can tell.
  const typeAndPayload = Buffer.from([1, 1, 2, 3, 4, 5])
  const crc = crc32c(typeAndPayload)
  const masked = (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0
  const record = Buffer.alloc(6)
  record.writeUInt32LE(masked, 0)
  record.writeUInt16LE(5, 4)
  await change(await fileWith('.log'), (bytes) => Buffer.concat([bytes, record, typeAndPayload]))
  const { store, damage } = levelStore(folder.path)
  await store.start(never)
  expect(damage).toMatchObject([{ code: 'STORE_DAMAGED' }])
  expect(await quarantined()).toEqual([expect.stringMatching(/-LOG\.open$/)])
  expect(await countItems(store)).toBe(10)
  await store.stop()
})

test('the wording of LevelDB about dropped bytes', () => {
  const line =
    '2026/11/21-08:00:00.1 7f (ignoring error) /data/store/000003.log: dropping 63 bytes; Corruption: checksum mismatch'
  expect(droppedFiles(`2026 Recovering log #3\n${line}\n`)).toEqual(['000003.log'])
  expect(droppedFiles('2026 Recovering log #3\n')).toEqual([])
})

test('a second station on the folder is refused and leaves no trace', async () => {
  const { store } = levelStore(folder.path)
  await store.start(never)
  for (let index = 0; index < 10; index++)
    await store.commit([{ type: 'put', key: key('item', String(index)), value: Buffer.of(1) }])
  const second = levelStore(folder.path)
  await expect(second.store.start(never)).rejects.toMatchObject({ code: 'STORE_LOCKED' })
  expect(second.damage).toEqual([])
  expect(await quarantined()).toEqual([])
  expect(await countItems(store)).toBe(10)
  await store.stop()
})

test('a store of a newer version is refused and can still be opened by it', async () => {
  await filledStore(1)
  const raw = new ClassicLevel<string, Uint8Array>(storeFolder(), { valueEncoding: 'view' })
  await raw.put('meta:format', encodeRecord('meta:format', Buffer.from('2')))
  await raw.close()
  for (let attempt = 0; attempt < 2; attempt++) {
    const { store } = levelStore(folder.path)
    await expect(store.start(never)).rejects.toMatchObject({ code: 'STORE_FORMAT_UNKNOWN', data: { found: '2' } })
  }
})

test('the format version that has gone from a store with records is damage', async () => {
  await filledStore(1)
  const raw = new ClassicLevel(storeFolder())
  await raw.del('meta:format')
  await raw.close()
  const { store, damage } = levelStore(folder.path)
  await store.start(never)
  expect(damage).toMatchObject([{ code: 'STORE_DAMAGED', data: { place: 'meta:format' } }])
  await store.stop()
})

test('a format version that does not read is damage, kept and written anew', async () => {
  await filledStore(1)
  const raw = new ClassicLevel<string, Uint8Array>(storeFolder(), { valueEncoding: 'view' })
  await raw.put('meta:format', flip(encodeRecord('meta:format', Buffer.from('1')), 0))
  await raw.close()
  for (let start = 0; start < 2; start++) {
    const { store, damage } = levelStore(folder.path)
    await store.start(never)
    expect(damage).toMatchObject([{ code: 'STORE_DAMAGED' }])
    expect(await quarantined()).toEqual([expect.stringMatching(/-record-[0-9a-f]{16}\.open$/)])
    await store.stop()
  }
})

test.each([
  ['CURRENT is missing', () => rm(join(storeFolder(), 'CURRENT'))],
  ['CURRENT names no file', () => writeFile(join(storeFolder(), 'CURRENT'), 'MANIFEST-999999\n')],
  ['the manifest does not read', spoilManifest],
])('a store of which %s is put together again from its files, and that is damage', async (_what, spoil) => {
  await filledStore(10)
  await spoil()
  const { store, damage } = levelStore(folder.path)
  await store.start(never)
  expect(damage).toMatchObject([{ code: 'STORE_DAMAGED', data: { place: expect.stringMatching(/-tables$/) } }])
  expect(await countItems(store)).toBe(10)
  await store.stop()
})

test('a flipped bit in a table is found by reading it and by the scrub, and reported once', async () => {
  await filledStore(100)
  const reopened = levelStore(folder.path)
  await reopened.store.start(never)
  await reopened.store.stop()
  // Random values do not compress: most bytes of a table are bytes of a value.
  await change(await fileWith('.ldb'), flipMiddle)
  const { store, damage } = levelStore(folder.path)
  await store.start(never)
  const { checked, damaged } = await store.scrub(never)
  expect(checked).toBeGreaterThanOrEqual(100)
  expect(damaged).toHaveLength(1)
  expect(damage).toMatchObject([{ code: 'STORE_DAMAGED', data: { place: damaged[0] } }])
  const [place = ''] = damaged
  await expect(store.get(place)).rejects.toMatchObject({ code: 'STORE_DAMAGED' })
  await expect(store.getMany([place])).rejects.toMatchObject({ code: 'STORE_DAMAGED' })
  await expect(countItems(store)).rejects.toMatchObject({ code: 'STORE_DAMAGED' })
  expect(damage).toHaveLength(1)
  await store.stop()
})

test('a scrub ends when it is told to', async () => {
  await filledStore(300)
  const { store } = levelStore(folder.path)
  await store.start(never)
  const controller = new AbortController()
  const scrub = store.scrub(controller.signal)
  controller.abort(new Error('enough'))
  await expect(scrub).rejects.toThrow('enough')
  expect(await store.scrub(never)).toEqual({ checked: 301, damaged: [] })
  await store.stop()
})

test('before the start and after the stop everything fails, and commits that were called are kept', async () => {
  const { store } = levelStore(folder.path)
  const failed = { code: 'STORE_FAILED' }
  await expect(store.get('item:a')).rejects.toMatchObject(failed)
  await store.start(never)
  const commits = Array.from({ length: 500 }, (_, index) =>
    store.commit([{ type: 'put', key: key('item', String(index)), value: Buffer.of(1) }]),
  )
  const stopped = store.stop()
  await expect(store.commit([{ type: 'delete', key: 'item:a' }])).rejects.toMatchObject(failed)
  await stopped
  await Promise.all(commits)
  await expect(store.commit([{ type: 'delete', key: 'item:a' }])).rejects.toMatchObject(failed)
  await expect(countItems(store)).rejects.toMatchObject(failed)
  await store.start(never)
  expect(await countItems(store)).toBe(500)
  await store.stop()
})

test('after a commit that failed nothing is answered from memory: what is on disk counts', async () => {
  const { store } = levelStore(folder.path)
  await store.start(never)
  const put = (text: string) => store.commit([{ type: 'put', key: 'item:a', value: Buffer.from(text) }])
  await put('before')
  const { batch } = ClassicLevel.prototype
  // The write reaches the disk, and the report of it does not reach us.
  const failing = vi.spyOn(ClassicLevel.prototype, 'batch').mockImplementationOnce(async function (
    this: ClassicLevel,
    ...args: unknown[]
  ) {
    await Reflect.apply(batch, this, args)
    throw new Error('the disk did not answer')
  } as never)
  await expect(put('after')).rejects.toMatchObject({ code: 'STORE_FAILED' })
  failing.mockRestore()
  await expect(store.get('item:a')).rejects.toMatchObject({ code: 'STORE_FAILED' })
  await expect.poll(async () => await store.get('item:a').catch(() => 'not yet')).not.toBe('not yet')
  expect(Buffer.from((await store.get('item:a')) ?? []).toString()).toBe('after')
  await store.stop()
})

test('says whether its writes have reached the disk lately', async () => {
  const { store } = levelStore(folder.path)
  const hour = 3_600_000
  await store.start(never)
  expect(store.syncedWithin(hour)).toBe(false)
  const put = () => store.commit([{ type: 'put', key: 'item:a', value: Buffer.of(1) }])
  await put()
  await expect.poll(() => store.syncedWithin(hour)).toBe(true)
  expect(store.syncedWithin(-1)).toBe(false)
  const waiting = put()
  expect(store.syncedWithin(hour)).toBe(false)
  await waiting
  await expect.poll(() => store.syncedWithin(hour)).toBe(true)
  await store.stop()
  expect(store.syncedWithin(hour)).toBe(false)
})
