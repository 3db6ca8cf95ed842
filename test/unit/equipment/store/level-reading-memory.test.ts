// Walks of the store, each in a process of its own: memory of the process, not of the heap of JavaScript, is what they used to keep.
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type TemporaryFolder, temporaryFolder } from '../../../fixtures/store/temporary-store.ts'

const program = fileURLToPath(new URL('./walk-program.ts', import.meta.url))
const mebibyte = 1024 * 1024

let folder: TemporaryFolder
beforeEach(async () => {
  folder = await temporaryFolder()
})
afterEach(() => folder.remove())

it.each(['forwards', 'backwards', 'scrub'])('125 MB walked (%s) leave next to nothing in memory', async (walker) => {
  const { stdout } = await promisify(execFile)(process.execPath, [program, folder.path, walker])
  const { walked, grownBytes } = JSON.parse(stdout)
  expect(walked).toBeGreaterThanOrEqual(125_000)
  expect(grownBytes).toBeLessThan(40 * mebibyte)
})
