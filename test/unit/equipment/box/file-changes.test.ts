// Files that change together or not at all: what was there comes back as the same file.
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FileChanges } from '../../../../src/equipment/box/file-changes.ts'

describe('file changes', () => {
  let folder: string
  const owner = { mode: 0o640 }
  const path = (name: string) => join(folder, name)
  const read = (name: string) => readFile(path(name), 'utf8')
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tram-changes-'))
    await writeFile(path('old'), 'before')
    await chmod(path('old'), 0o604)
  })
  afterEach(() => rm(folder, { recursive: true }))

  it('come back as they were, rights and all, and what is new goes', async () => {
    const before = await stat(path('old'))
    const changes = new FileChanges()
    await changes.write(path('old'), 'first', owner)
    await changes.write(path('old'), 'second', owner)
    await changes.write(path('sub/new'), 'new', owner)
    expect([await read('old'), await read('sub/new')]).toEqual(['second', 'new'])
    await changes.takeBack()
    const after = await stat(path('old'))
    expect([await read('old'), after.ino, after.mode]).toEqual(['before', before.ino, before.mode])
    expect([await readdir(folder), await readdir(path('sub'))]).toEqual([['old', 'sub'], []])
  })

  it('stay once they are kept, and leave nothing of what was', async () => {
    const changes = new FileChanges()
    await changes.write(path('old'), 'after', owner)
    await changes.keep()
    await changes.takeBack()
    expect([await read('old'), await readdir(folder)]).toEqual(['after', ['old']])
  })

  it('do not bring back what one that was cut has left', async () => {
    await writeFile(path('.old.before'), 'long ago')
    await writeFile(path('.new.before'), 'long ago')
    const changes = new FileChanges()
    await changes.write(path('old'), 'after', owner)
    await changes.write(path('new'), 'after', owner)
    await changes.takeBack()
    expect([await read('old'), await readdir(folder)]).toEqual(['before', ['old']])
  })

  it('leave nothing of a file that nobody has replaced', async () => {
    const changes = new FileChanges()
    await changes.remember(path('old'))
    await changes.takeBack()
    expect([await read('old'), await readdir(folder)]).toEqual(['before', ['old']])
  })

  it('are all tried when one cannot be taken back', async () => {
    const changes = new FileChanges()
    await changes.write(path('old'), 'after', owner)
    await changes.write(path('sub/new'), 'after', owner)
    await rm(path('sub'), { recursive: true })
    await expect(changes.takeBack()).rejects.toMatchObject({ code: 'ENOENT' })
    expect(await read('old')).toBe('before')
  })
})
