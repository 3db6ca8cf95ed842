// DiskSpace with a file system that says what the test wants, and a real ballast file.
import { readFile, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { DiskSpace, type DiskSpaceOptions } from '../../../../src/equipment/store/disk-space.ts'
import { never, silent, type TemporaryFolder, temporaryFolder } from '../../../fixtures/store/temporary-store.ts'

const ballastBytes = 3_000_000
const full = { code: 'DISK_FULL' }

let folder: TemporaryFolder
let freeBytes: number
let space: DiskSpace
const ballastFile = () => join(folder.path, 'ballast')
const ballastSize = () =>
  stat(ballastFile()).then(
    ({ size }) => size,
    () => undefined,
  )

beforeEach(async () => {
  folder = await temporaryFolder()
  freeBytes = 100_000_000
})
afterEach(async () => {
  await space.stop()
  await folder.remove()
})

async function started(change: Partial<DiskSpaceOptions> = {}): Promise<DiskSpace> {
  space = new DiskSpace(
    {
      folder: folder.path,
      ballastFile: ballastFile(),
      ballastBytes,
      watermarkBytes: 10_000_000,
      statusReserveBytes: 4_000_000,
      checkIntervalMs: 3_600_000,
      ...change,
    },
    { logger: silent, statfs: async () => ({ bavail: freeBytes / 1000, bsize: 1000 }) },
  )
  await space.start(never)
  return space
}

test('the ballast is written, not sparse, and made once', async () => {
  await started()
  const { size, blocks } = await stat(ballastFile())
  expect(size).toBe(ballastBytes)
  expect(blocks * 512).toBeGreaterThanOrEqual(ballastBytes)
  const bytes = await readFile(ballastFile())
  expect(space.report().open).toBe(true)
  await space.check()
  expect(Buffer.compare(await readFile(ballastFile()), bytes)).toBe(0)
})

test('a ballast of holes or half a ballast is made anew', async () => {
  await writeFile(ballastFile(), 'x')
  await truncate(ballastFile(), ballastBytes)
  await started()
  expect((await stat(ballastFile())).blocks * 512).toBeGreaterThanOrEqual(ballastBytes)
  await space.stop()
  await truncate(ballastFile(), ballastBytes / 2)
  await started()
  expect(await ballastSize()).toBe(ballastBytes)
})

test('reservations count down to the watermark, and a released one once', async () => {
  await started()
  const first = space.reserve(90_000_000, 'document')
  expect(() => space.reserve(1, 'document')).toThrow(expect.objectContaining(full))
  expect(space.report()).toMatchObject({ freeBytes: 100_000_000, reservedBytes: 90_000_000, open: false })
  first.release()
  first.release()
  expect(space.report().reservedBytes).toBe(0)
  // Released means written, until the file system has been asked: no window in which the room counts twice.
  expect(() => space.reserve(1, 'document')).toThrow(expect.objectContaining(full))
  await space.check()
  space.reserve(90_000_000, 'document').release()
})

test('statuses reach below the watermark, but not through it', async () => {
  await started()
  const document = space.reserve(90_000_000, 'document')
  const status = space.reserve(4_000_000, 'status')
  expect(() => space.reserve(1, 'status')).toThrow(expect.objectContaining(full))
  status.release()
  document.release()
  for (const wrong of [-1, 1.5, Number.NaN]) expect(() => space.reserve(wrong, 'status')).toThrow(RangeError)
})

test('without room for the ballast the station starts shut, and opens when there is room', async () => {
  freeBytes = 12_000_000
  await started()
  expect(await ballastSize()).toBeUndefined()
  expect(space.report().open).toBe(false)
  expect(() => space.reserve(1, 'document')).toThrow(expect.objectContaining(full))
  space.reserve(1, 'status').release()
  freeBytes = 14_000_000
  await space.check()
  expect(await ballastSize()).toBe(ballastBytes)
  expect(space.report().open).toBe(true)
})

test('freeing the ballast shuts intake at once; it is re-made before intake opens again', async () => {
  await started()
  freeBytes = 0
  const freed = space.freeBallast()
  expect(space.report().open).toBe(false)
  expect(() => space.reserve(1, 'document')).toThrow(expect.objectContaining(full))
  await freed
  expect(await ballastSize()).toBeUndefined()
  await space.freeBallast()
  freeBytes = 12_000_000
  await space.check()
  expect(await ballastSize()).toBeUndefined()
  expect(() => space.reserve(1, 'document')).toThrow(expect.objectContaining(full))
  freeBytes = 50_000_000
  await space.check()
  expect(await ballastSize()).toBe(ballastBytes)
  space.reserve(1, 'document').release()
})

test('a refusal has the disk asked again, so that room that has come free is soon seen', async () => {
  await started()
  freeBytes = 5_000_000
  await space.check()
  expect(() => space.reserve(1, 'document')).toThrow(expect.objectContaining(full))
  freeBytes = 100_000_000
  expect(() => space.reserve(1, 'document')).toThrow(expect.objectContaining(full))
  // `check` takes its turn behind what the refusal began.
  await space.check()
  space.reserve(1, 'document').release()
})

test('one peer holds at most half of the room, also with reservations that come and go', async () => {
  await started()
  space.reserve(45_000_000, 'document', 'a').release()
  expect(() => space.reserve(20_000_000, 'document', 'a')).toThrow(expect.objectContaining(full))
  space.reserve(20_000_000, 'document', 'b').release()
  await space.check()
  const first = space.reserve(45_000_000, 'document', 'a')
  expect(() => space.reserve(1, 'document', 'a')).toThrow(expect.objectContaining(full))
  // Half of what is left for the next, and so on: there is always some for whoever comes.
  const second = space.reserve(22_500_000, 'document', 'b')
  expect(() => space.reserve(1, 'document', 'b')).toThrow(expect.objectContaining(full))
  space.reserve(22_500_000, 'document').release()
  first.release()
  expect(() => space.reserve(1, 'document', 'a')).toThrow(expect.objectContaining(full))
  await space.check()
  second.release()
  await space.check()
  space.reserve(45_000_000, 'document', 'a').release()
})

test('of the reserve of statuses one peer writes an eighth, until documents are taken again', async () => {
  freeBytes = 12_000_000
  await started()
  const fill = (peer: string): number => {
    for (let taken = 0; ; taken += 100_000) {
      try {
        space.reserve(100_000, 'status', peer).release()
      } catch {
        return taken
      }
    }
  }
  expect(space.report().open).toBe(false)
  expect(fill('a')).toBe(500_000)
  await space.check()
  expect(fill('a')).toBe(0)
  expect(fill('b')).toBe(500_000)
  // Those of our own backends are not meant.
  space.reserve(1_000_000, 'status').release()
  freeBytes = 50_000_000
  await space.check()
  expect(space.report().open).toBe(true)
  freeBytes = 9_000_000
  await space.check()
  expect(fill('a')).toBe(500_000)
})
