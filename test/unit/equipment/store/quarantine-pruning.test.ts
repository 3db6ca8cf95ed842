// What stays in quarantine and what goes, with real files. The file system dates them, so it is the clock that is turned.
import { link, mkdir, readdir, rename, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { pruneQuarantine } from '../../../../src/equipment/store/quarantine-pruning.ts'
import { closeDamage, closeTorn, keepEvidence } from '../../../../src/equipment/store/store-inspection.ts'
import { type TemporaryFolder, temporaryFolder } from '../../../fixtures/store/temporary-store.ts'

const dayMs = 86_400_000
const bounds = { keepMs: 30 * dayMs, maxBytes: 1000 }
/** A second more: a file is dated to fractions of the millisecond in which the clock is read. */
const inAMonth = () => Date.now() + 30 * dayMs + 1000

let folder: TemporaryFolder
let quarantine: string
beforeEach(async () => {
  folder = await temporaryFolder()
  quarantine = join(folder.path, 'quarantine')
})
afterEach(() => folder.remove())

const names = async () => (await readdir(quarantine)).sort()

/** Settled evidence, each piece later than the one before. */
async function keep(name: string, bytes: number): Promise<void> {
  await keepEvidence(quarantine, name, Buffer.alloc(bytes), '')
  // The clock that dates files ticks every few milliseconds.
  await delay(20)
}

test('nothing is pruned where there is no quarantine', async () => {
  expect(await pruneQuarantine(quarantine, bounds, inAMonth())).toBe(0)
})

test('settled evidence goes when its time is over, reports that are open stay', async () => {
  await keep('log', 10)
  await keepEvidence(quarantine, 'record', Buffer.alloc(10))
  await keepEvidence(quarantine, 'tail', Buffer.alloc(10), '.torn')
  expect(await pruneQuarantine(quarantine, bounds, Date.now() + 29 * dayMs)).toBe(0)
  expect(await pruneQuarantine(quarantine, bounds, inAMonth())).toBe(1)
  expect(await names()).toEqual(['record.open', 'tail.torn'])
  await closeDamage(quarantine)
  await closeTorn(quarantine)
  expect(await pruneQuarantine(quarantine, bounds, inAMonth())).toBe(2)
  expect(await names()).toEqual([])
})

test('the oldest evidence goes first when there is too much; open reports neither go nor count', async () => {
  await keepEvidence(quarantine, 'open', Buffer.alloc(5000))
  await keepEvidence(quarantine, 'torn', Buffer.alloc(5000), '.torn')
  await delay(20)
  // Named against their order, and dated by their bytes against it.
  await keep('c', 600)
  await keep('b', 400)
  await utimes(join(quarantine, 'c'), 2e9, 2e9)
  await delay(20)
  await rename(join(quarantine, 'b'), join(quarantine, 'b2'))
  await delay(20)
  expect(await pruneQuarantine(quarantine, bounds, Date.now())).toBe(0)
  await keep('a', 1)
  expect(await pruneQuarantine(quarantine, bounds, Date.now())).toBe(1)
  expect(await names()).toEqual(['a', 'b2', 'open.open', 'torn.torn'])
})

test('the age counts from when it came here, not from when its bytes were written', async () => {
  const file = join(folder.path, '000003.log')
  await writeFile(file, 'x')
  await utimes(file, 1, 1)
  await mkdir(quarantine)
  await link(file, join(quarantine, 'old-bytes'))
  expect(await pruneQuarantine(quarantine, bounds, Date.now())).toBe(0)
  expect(await names()).toEqual(['old-bytes'])
})

test('only files are deleted', async () => {
  await mkdir(join(quarantine, 'folder'), { recursive: true })
  await writeFile(join(folder.path, 'elsewhere'), 'x')
  await symlink(join(folder.path, 'elsewhere'), join(quarantine, 'link'))
  expect(await pruneQuarantine(quarantine, bounds, inAMonth())).toBe(0)
  expect(await names()).toEqual(['folder', 'link'])
})
