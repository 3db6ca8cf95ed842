// Files of /proc and /sys: bounded in bytes and time; what is absent, no number or late is undefined.
import { execFileSync } from 'node:child_process'
import { chmod, mkdir, mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { HostFiles, lineNumber, wholeNumber } from '../../../../src/equipment/host/host-files.ts'

describe('host files', () => {
  let folder: string
  let files: HostFiles

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tram-files-'))
    files = new HostFiles(folder)
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  it('reads no more than it was told to', async () => {
    await writeFile(join(folder, 'a'), 'x'.repeat(100_000))
    expect(await files.text('a', 10)).toBe('xxxxxxxxxx')
    expect((await files.bytes('a'))?.length).toBe(4096)
  })

  it('reads a file of /proc, which has no size, to its end', async () => {
    expect((await new HostFiles('/proc').text('self/smaps', 16_384))?.length).toBeGreaterThan(4096)
  })

  it('has no answer for what is absent, a folder, or not to be read', async () => {
    await mkdir(join(folder, 'b'))
    await writeFile(join(folder, 'c'), '1')
    await chmod(join(folder, 'c'), 0)
    const own = process.getuid?.() === 0 ? '1' : undefined
    expect([await files.text('a'), await files.text('b'), await files.text('c')]).toEqual([undefined, undefined, own])
    expect(await files.names('a')).toEqual([])
  })

  it('does not wait for a pipe that nobody writes', async () => {
    execFileSync('mkfifo', [join(folder, 'pipe')])
    expect(await files.text('pipe')).toBe('')
  })

  it('begins no read while one is late, and goes on when it is back', async () => {
    await writeFile(join(folder, 'a'), '1')
    const slow = new HostFiles(folder, { deadlineMs: 20 })
    const hung = Promise.withResolvers<Buffer>()
    expect(await slow.within(() => hung.promise)).toBeUndefined()
    expect(await slow.text('a')).toBeUndefined()
    hung.resolve(Buffer.alloc(0))
    await hung.promise
    await new Promise(setImmediate)
    expect(await slow.text('a')).toBe('1')
  })

  it('lists at most 256 names', async () => {
    for (let index = 0; index < 300; index++) await (await open(join(folder, `n${index}`), 'w')).close()
    expect(await files.names('.')).toHaveLength(256)
  })
})

describe('numbers', () => {
  it.each([
    ['0', 0],
    ['-5000', -5000],
    ['0x0b', 11],
    ['', undefined],
    ['1.5', undefined],
    ['NaN', undefined],
    ['1e3', undefined],
    ['9'.repeat(16), undefined],
    ['9'.repeat(400), undefined],
    [' 1', undefined],
  ])('%j is %j', (text, number) => expect(wholeNumber(text)).toBe(number))

  it('a line of a table', () => {
    expect(lineNumber('a 1\nMemTotal:   12 kB\n', 'MemTotal')).toBe(12)
    expect(lineNumber('aa 1\na x', 'a')).toBeUndefined()
    expect(lineNumber(undefined, 'a')).toBeUndefined()
  })
})
