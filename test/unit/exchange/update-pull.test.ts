// Updates fetched from a real web server: whole, in pieces over a line that breaks, refused, and not at all.
import { randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { TramError } from '../../../src/base/errors.ts'
import type { LastUpdate } from '../../../src/equipment/rauc/update-records.ts'
import { UpdatePull } from '../../../src/exchange/update-pull.ts'
import { MemorySpace } from '../../contract/memory-space.ts'
import { UpdateServer } from '../../fixtures/rauc/update-server.ts'
import { silent, type TemporaryFolder, temporaryFolder } from '../../fixtures/store/temporary-store.ts'

describe('a source of updates', () => {
  let folder: TemporaryFolder
  let server: UpdateServer
  let installed: Buffer[]
  let refusal: TramError | undefined
  let last: LastUpdate | undefined
  let space: MemorySpace
  beforeEach(async () => {
    folder = await temporaryFolder()
    server = await UpdateServer.start()
    installed = []
    refusal = undefined
    last = undefined
    space = new MemorySpace()
    server.bundle = randomBytes(300_000)
    server.latest = { version: '0.2.0', file: 'tram-0.2.0.raucb', size: 300_000 }
  })
  afterEach(async () => {
    await server.stop()
    await folder.remove()
  })

  const pull = (isAutomatic = true): UpdatePull =>
    new UpdatePull(
      { url: server.url, isAutomatic, intervalMs: 1000, folder: join(folder.path, 'update'), version: '0.1.0' },
      {
        space,
        install: async (file) => {
          installed.push(await readFile(file))
          if (refusal !== undefined) throw refusal
        },
        last: async () => last,
        random: () => 0,
        logger: silent,
      },
    )
  const left = () => readdir(join(folder.path, 'update'))
  const codes = (one: UpdatePull) => one.conditions().map(({ code }) => code)

  test('gives what is newer, byte for byte, and nothing is left of it', async () => {
    expect(await pull().look()).toBe(true)
    expect(installed).toEqual([server.bundle])
    expect(await left()).toEqual([])
    expect(space.report().reservedBytes).toBe(0)
  })

  test('is asked by itself after a start', async () => {
    const one = pull()
    await one.start()
    await expect.poll(() => installed.length, { timeout: 60_000 }).toBeGreaterThan(0)
    await one.stop()
  })

  test('is only told of unless updates are automatic', async () => {
    const one = pull(false)
    expect(await one.look()).toBe(true)
    expect([codes(one), installed, server.asked]).toEqual([['UPDATE_AVAILABLE'], [], []])
    server.latest = { version: '0.1.0', file: 'tram-0.1.0.raucb', size: 300_000 }
    await one.look()
    expect(codes(one)).toEqual([])
  })

  test('is gone on with where a line broke, also after a restart', async () => {
    server.breaksAfter = 120_000
    expect(await pull().look()).toBe(false)
    const one = pull()
    expect(await one.look()).toBe(false)
    expect(installed).toEqual([])
    server.breaksAfter = Number.POSITIVE_INFINITY
    expect(await one.look()).toBe(true)
    expect(installed).toEqual([server.bundle])
    expect(server.asked).toHaveLength(3)
    expect(server.asked[0]).toBe('')
    for (const range of server.asked.slice(1)) expect(range).toMatch(/^bytes=[1-9]\d*-$/)
  })

  test('may know no ranges', async () => {
    server.breaksAfter = 120_000
    server.knowsRanges = false
    const one = pull()
    await one.look()
    server.breaksAfter = Number.POSITIVE_INFINITY
    expect(await one.look()).toBe(true)
    expect(installed).toEqual([server.bundle])
  })

  test('may not give more than it said, nor less, nor half of another file', async () => {
    const one = pull()
    for (const size of [299_999, 300_001]) {
      server.latest = { version: '0.2.0', file: 'tram-0.2.0.raucb', size }
      expect(await one.look(), `${size}`).toBe(false)
    }
    // What floods is cut where it was said to end.
    server.latest = { version: '0.2.1', file: 'tram-0.2.1.raucb', size: 1000 }
    expect(await one.look()).toBe(false)
    expect((await stat(join(folder.path, 'update/0.2.1.raucb.part'))).size).toBeLessThanOrEqual(1000)
    expect(installed).toEqual([])
    await mkdir(join(folder.path, 'update'), { recursive: true })
    await writeFile(join(folder.path, 'update/0.2.0.raucb.part'), Buffer.alloc(400_000))
    server.latest = { version: '0.2.0', file: 'tram-0.2.0.raucb', size: 300_000 }
    expect(await one.look()).toBe(true)
    expect(installed).toEqual([server.bundle])
  })

  test.each([
    'not JSON',
    '[]',
    {},
    { version: '0.2.0', file: '../etc/passwd.raucb', size: 5 },
    { version: '0.2.0', file: 'http://elsewhere/a.raucb', size: 5 },
    { version: '0.2.0', file: '//elsewhere/a.raucb', size: 5 },
    { version: '0.2.0', file: 'a.raucb', size: 3 * 1024 ** 3 },
    { version: '0.2.0', file: 'a.raucb', size: -1 },
    { version: '../../0.2.0', file: 'a.raucb', size: 5 },
    ' '.repeat(20_000),
  ])('is told of, once it fails again and again, when it says %j', async (latest) => {
    server.latest = latest
    const one = pull()
    for (const expected of [[], [], ['UPDATE_SOURCE_FAILING']]) {
      expect(await one.look()).toBe(false)
      expect(codes(one)).toEqual(expected)
    }
    expect(server.asked).toEqual([])
    server.latest = { version: '0.1.0', file: 'a.raucb', size: 5 }
    expect(await one.look()).toBe(true)
    expect(codes(one)).toEqual([])
  })

  test('does not eat the room of documents', async () => {
    space.freeBytes = 250_000
    const one = pull()
    expect(await one.look()).toBe(false)
    expect([installed, server.asked]).toEqual([[], []])
  })

  test('is not asked again for what was refused, nor for what waits for its restart or was fallen back from', async () => {
    const one = pull()
    refusal = new TramError('UPDATE_UNSIGNED', { file: 'x', detail: 'y' })
    for (let day = 0; day < 3; day++) expect(await one.look()).toBe(true)
    expect(installed).toHaveLength(1)
    expect(codes(one)).toContain('UPDATE_SOURCE_FAILING')
    expect(await left()).toEqual([])
    refusal = undefined
    server.latest = { version: '0.3.0', file: 'tram-0.3.0.raucb', size: 300_000 }
    last = { version: '0.3.0', slot: 'B', boot: 'x', failure: '' }
    await one.look()
    expect(installed).toHaveLength(1)
    last = { version: '0.3.0', slot: '', boot: 'x', failure: 'the power went' }
    await one.look()
    expect(installed).toHaveLength(2)
    expect(codes(one)).toEqual(['UPDATE_AVAILABLE'])
  })

  test('is fetched once when the box has to wait', async () => {
    const one = pull()
    refusal = new TramError('UPDATE_NOT_NOW', { detail: 'not committed yet' })
    for (let hour = 0; hour < 3; hour++) expect(await one.look()).toBe(false)
    expect([installed.length, server.asked.length]).toEqual([3, 1])
    refusal = undefined
    expect(await one.look()).toBe(true)
    expect([server.asked.length, await left()]).toEqual([1, []])
  })
})
