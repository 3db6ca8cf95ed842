// Saving to a stick: only to a mounted one that has room, verified, and nothing half written is left. The stick is an ext4 image
// on a loop mount, which needs root; without it only what is refused before is tested.
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { saveToStick } from '../../../../src/surface/console/stick.ts'
import { type LoopDisk, makeLoopDisk, rootCommand } from '../../../fixtures/store/loop-disk.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tram-stick-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const pieces = (...texts: string[]) => Readable.from(texts.map((text) => Buffer.from(text)))
const refused = (detail: string) => ({ code: 'STICK_UNUSABLE', data: { detail: expect.stringContaining(detail) } })

describe('without a stick', () => {
  it('nothing is written to the disk of the box', async () => {
    const empty = join(folder, 'empty')
    await mkdir(empty)
    await expect(saveToStick(empty, 'x', pieces('a'), 10)).rejects.toMatchObject(refused('no stick is mounted'))
    expect(await readdir(empty)).toEqual([])
  })

  it('a missing folder, a file and a link are refused', async () => {
    await writeFile(join(folder, 'file'), '')
    await symlink('/dev/shm', join(folder, 'link'))
    await expect(saveToStick(join(folder, 'none'), 'x', pieces('a'), 10)).rejects.toMatchObject(refused('ENOENT'))
    for (const name of ['file', 'link'])
      await expect(saveToStick(join(folder, name), 'x', pieces('a'), 10)).rejects.toMatchObject(refused('no folder'))
  })
})

describe.runIf(rootCommand)('on a stick', () => {
  let disk: LoopDisk
  beforeAll(async () => {
    const place = join(folder, 'loop')
    await mkdir(place)
    disk = await makeLoopDisk(place, 16 * 1024 * 1024)
  })
  afterAll(() => disk?.unmount())

  it('a file is written, read back and told with its digest; one that is there stays', async () => {
    const saved = await saveToStick(disk.path, 'a.zip', pieces('Trạm', ' bundle'), 1024)
    expect(saved).toEqual({
      file: join(disk.path, 'a.zip'),
      sizeBytes: 13,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    })
    expect(await readFile(saved.file, 'utf8')).toBe('Trạm bundle')
    await expect(saveToStick(disk.path, 'a.zip', pieces('other'), 1024)).rejects.toMatchObject(refused('EEXIST'))
    expect(await readFile(saved.file, 'utf8')).toBe('Trạm bundle')
  })

  it('what does not fit, grows too long or fails on the way leaves nothing', async () => {
    await expect(saveToStick(disk.path, 'b', pieces('x'), 2 ** 40)).rejects.toMatchObject(refused('needs'))
    await expect(saveToStick(disk.path, 'b', pieces('too', 'long'), 5)).rejects.toMatchObject(refused('more than 5'))
    const failing = async function* () {
      yield Buffer.from('half')
      throw new Error('the collector broke')
    }
    await expect(saveToStick(disk.path, 'b', failing(), 100)).rejects.toThrow('the collector broke')
    expect(await readdir(disk.path)).not.toContain('b')
  })
})
it.skipIf(rootCommand)('on a stick: NOT RUN (needs root)')
