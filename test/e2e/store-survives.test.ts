// What a store has acknowledged is there after kill -9 and after a power cut. Kill proves the order of steps; only the
// copy of a live disk image proves that they had reached the disk.
import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Committer, expectAllThere, startCommitter } from '../fixtures/store/committer-process.ts'
import { bytesOf, type LoopDisk, makeLoopDisk, mountCopy, rootCommand } from '../fixtures/store/loop-disk.ts'
import { type TemporaryFolder, temporaryFolder } from '../fixtures/store/temporary-store.ts'

const disks: LoopDisk[] = []
let folder: TemporaryFolder
let committer: Committer | undefined
beforeEach(async () => {
  folder = await temporaryFolder()
})
afterEach(async () => {
  await committer?.kill()
  for (const disk of disks.splice(0)) await disk.unmount()
  await folder.remove()
})

test('kill -9 while committing, again and again on the same folder', async () => {
  const acknowledged: string[] = []
  for (const count of [1, 200, 2000, 9000]) {
    committer = startCommitter(folder.path)
    await committer.reached(count)
    await committer.kill()
    // Workers begin anew and overwrite the same keys: every key that was ever acknowledged has to be there.
    acknowledged.push(...committer.acknowledged)
    await expectAllThere(folder.path, acknowledged)
  }
  expect(acknowledged.filter((line) => line.startsWith('packet')).length).toBeGreaterThan(10)
})

test.runIf(rootCommand)('power cut: the copy of a live disk holds all that was acknowledged before it', async () => {
  const disk = await makeLoopDisk(folder.path, 512 * 1024 * 1024)
  disks.push(disk)
  committer = startCommitter(disk.path)
  for (const count of [1500, 6000, 12_000]) {
    await committer.reached(count)
    const acknowledged = [...committer.acknowledged]
    committer.pause()
    const copyFolder = await temporaryFolder()
    const unsynced = `unsynced-${count}`
    const copy = await mountCopy(disk, copyFolder.path, () => writeFile(join(disk.path, unsynced), randomBytes(4096)))
    disks.push(copy)
    // The control: a copy that holds what nobody synced would prove nothing.
    expect(await bytesOf(join(copy.path, unsynced))).toBe(0)
    await expectAllThere(copy.path, acknowledged)
    await copy.unmount()
    await copyFolder.remove()
    committer.resume()
  }
  await committer.kill()
  expect(committer.acknowledged.some((line) => line.startsWith('packet'))).toBe(true)
})
test.skipIf(rootCommand)('power cut: NOT RUN (needs root)')
