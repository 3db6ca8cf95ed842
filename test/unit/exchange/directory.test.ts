// The directory in use: never rolled back, never half imported, and what it says of codes, peers and certificates over time.
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { TestClock } from '../../../src/base/clock.ts'
import { TramError } from '../../../src/base/errors.ts'
import { encodeDirectoryEntry } from '../../../src/document/directory-file.ts'
import type { DirectoryEntry, StationEntry } from '../../../src/document/schema/directory.ts'
import { Directory } from '../../../src/exchange/directory/directory.ts'
import { DirectoryCounts } from '../../../src/exchange/directory/directory-counts.ts'
import { keepDirectory } from '../../../src/exchange/directory/directory-versions.ts'
import { MemoryRecordStore } from '../../contract/memory-record-store.ts'
import { agencyEntry, dayMs, peerIdOf, pieces, startMs, TestWorld } from '../../fixtures/exchange/test-world.ts'
import {
  levelStore,
  never,
  silent,
  type TemporaryFolder,
  temporaryFolder,
} from '../../fixtures/store/temporary-store.ts'

async function all<Value>(values: AsyncIterable<Value>): Promise<Value[]> {
  const found: Value[] = []
  for await (const value of values) found.push(value)
  return found
}

describe('directory', () => {
  let world: TestWorld
  let folder: TemporaryFolder
  let records: MemoryRecordStore
  let clock: TestClock
  let directory: Directory

  beforeAll(async () => {
    world = await TestWorld.create({ one: ['H01', 'H01.1'], two: ['H02'] })
  })
  beforeEach(async () => {
    folder = await temporaryFolder()
    records = new MemoryRecordStore()
    clock = new TestClock(startMs)
    directory = await opened()
  })
  afterEach(() => folder.remove())

  const opened = async (isDamaged = () => false): Promise<Directory> => {
    const one = new Directory(
      { folder: join(folder.path, 'directory'), trust: world.trust },
      { records, clock, logger: silent, isDamaged },
    )
    await one.start()
    return one
  }
  const file = (version: number, more: readonly DirectoryEntry[] = []) =>
    world.directoryFile({ version, entries: world.entries(more) })
  const use = (version: number, more: readonly DirectoryEntry[] = [], pieceBytes = 1000) =>
    directory.import(pieces(file(version, more), pieceBytes))
  const filesKept = async () => (await readdir(join(folder.path, 'directory'))).sort()
  const codesOf = async (from: Directory) => (await all(from.agencies())).map(({ code }) => code)
  const stationEntry = (id: string, changes: Partial<StationEntry>) => ({ station: world.stationEntry(id, changes) })
  const agency = (...input: Parameters<typeof agencyEntry>) => ({ agency: agencyEntry(...input) })

  it('has nothing at first, and says so', async () => {
    expect([directory.version, directory.fileBytes, directory.current, directory.isExpired()]).toEqual([
      0,
      0,
      undefined,
      false,
    ])
    expect(await directory.agency('H01')).toBeUndefined()
    expect(await directory.stationOfPeer(peerIdOf('one'))).toBeUndefined()
    expect(await directory.resolve('H01')).toMatchObject({ ok: false, reason: { code: 'RECIPIENT_UNKNOWN' } })
    await expect(all(directory.agencies())).rejects.toMatchObject({ code: 'DIRECTORY_MISSING' })
    await expect(all(directory.stations())).rejects.toMatchObject({ code: 'DIRECTORY_MISSING' })
    await expect(directory.readFile(0, 0, 10)).rejects.toMatchObject({ code: 'DIRECTORY_MISSING' })
    expect(() => directory.streamFile()).toThrow(expect.objectContaining({ code: 'DIRECTORY_MISSING' }))
  })

  it('imports stations and agencies, tells its listeners, and keeps the file', async () => {
    let changes = 0
    const unsubscribe = directory.onChange(() => {
      changes += 1
    })
    const bytes = file(3)
    expect(await directory.import(pieces(bytes, 700))).toMatchObject({ version: 3, entries: 5 })
    expect([directory.version, directory.fileBytes, changes]).toEqual([3, bytes.byteLength, 1])
    expect(await codesOf(directory)).toEqual(['H01', 'H01.1', 'H02'])
    expect((await all(directory.stations())).map(({ id }) => id)).toEqual(['one', 'two'])
    expect(await directory.agency('H02')).toMatchObject({ station: 'two' })
    expect(await directory.station('two')).toMatchObject({ id: 'two', generation: 1 })
    expect(Buffer.concat(await all(directory.streamFile())).equals(bytes)).toBe(true)
    expect(Buffer.from(await directory.readFile(3, 10, 20)).equals(bytes.subarray(10, 30))).toBe(true)
    expect((await directory.readFile(3, bytes.byteLength - 5, 100)).byteLength).toBe(5)
    await expect(directory.readFile(2, 0, 10)).rejects.toMatchObject({ code: 'DIRECTORY_MISSING' })
    unsubscribe()
    await use(4)
    expect(changes).toBe(1)
  })

  it('is there after a restart', async () => {
    await use(3)
    const again = await opened()
    expect([again.version, await codesOf(again), again.fileBytes]).toEqual([
      3,
      ['H01', 'H01.1', 'H02'],
      directory.fileBytes,
    ])
    expect(Buffer.from(again.current?.cms ?? []).equals(Buffer.from(directory.current?.cms ?? [1]))).toBe(true)
  })

  it('has its version, its entries and its older files again after a loss, and drops none until that is over', async () => {
    await use(1)
    await records.commit(keepDirectory(1))
    await use(2)
    await use(4)
    const kept = ['directory-1.tramdir', 'directory-2.tramdir', 'directory-4.tramdir']
    expect(await filesKept()).toEqual(kept)
    const lost = records.keys().filter((key) => key.startsWith('dir'))
    await records.commit(lost.map((key) => ({ type: 'delete', key })))
    // Neither is what its name says: another version, and a file that was cut short.
    await writeFile(join(folder.path, 'directory', 'directory-9.tramdir'), file(2))
    await writeFile(join(folder.path, 'directory', 'directory-8.tramdir'), file(8).subarray(0, -1))
    const strange = ['directory-8.tramdir', 'directory-9.tramdir']
    let isOver = false
    const again = await opened(() => !isOver)
    expect([again.version, await codesOf(again)]).toEqual([4, ['H01', 'H01.1', 'H02']])
    expect(await filesKept()).toEqual([...kept, ...strange])
    await again.import(pieces(file(5)))
    isOver = true
    const later = await opened()
    expect(later.version).toBe(5)
    // Nobody knows under which of them something was sealed: what was found is kept for good. The others go.
    await later.import(pieces(file(6)))
    expect(await filesKept()).toEqual([...kept, 'directory-5.tramdir', 'directory-6.tramdir'])
  })

  it('tells its listeners of a version that it has found again', async () => {
    await use(3)
    const lost = records.keys().filter((key) => key.startsWith('dir'))
    await records.commit(lost.map((key) => ({ type: 'delete', key })))
    let versionHeard = 0
    const fresh = new Directory(
      { folder: join(folder.path, 'directory'), trust: world.trust },
      { records, clock, logger: silent },
    )
    fresh.onChange(() => {
      versionHeard = fresh.version
    })
    await fresh.reload()
    expect(versionHeard).toBe(3)
  })

  it('is replaced as a whole: what the newer one does not name is gone, also from the cache', async () => {
    await use(1, [agency('H09', 'two', { code102: '000.00.00.H09' })])
    expect(await directory.agency('H09')).toBeDefined()
    expect(await directory.agency('000.00.00.H09')).toBeDefined()
    expect(await directory.agency('H08')).toBeUndefined()
    await use(2, [agency('H08', 'two')])
    expect(await directory.agency('H09')).toBeUndefined()
    expect(await directory.agency('000.00.00.H09')).toBeUndefined()
    expect(await directory.agency('H08')).toBeDefined()
    expect(
      records.keys().filter((name) => name.startsWith('dir:') && !name.startsWith('dir:0000000000000002:')),
    ).toEqual([])
    expect(await filesKept()).toEqual(['directory-1.tramdir', 'directory-2.tramdir'])
  })

  describe('older versions', () => {
    const versionsOf = async (from: Directory) => (await from.versions()).map(({ version }) => version)

    it('stay as files when something was sealed under them, byte by byte, also after a restart', async () => {
      const first = file(1)
      await directory.import(pieces(first))
      await records.commit(keepDirectory(1))
      for (const version of [2, 3, 4]) await use(version)
      for (const one of [directory, await opened()]) {
        // 3 was superseded just now: what is being checked under it may still be stored.
        expect([await versionsOf(one), await filesKept()]).toEqual([
          [1, 3, 4],
          ['directory-1.tramdir', 'directory-3.tramdir', 'directory-4.tramdir'],
        ])
        expect(Buffer.concat(await all(one.streamFile(1))).equals(first)).toBe(true)
        expect((await one.versions())[0]?.size).toBe(first.byteLength)
        await expect(all(one.streamFile(2))).rejects.toMatchObject({ code: 'DIRECTORY_MISSING' })
        expect(await codesOf(one)).toEqual(['H01', 'H01.1', 'H02'])
      }
      // No peer is told of them.
      await expect(directory.readFile(1, 0, 10)).rejects.toMatchObject({ code: 'DIRECTORY_MISSING' })
    })

    it('stay when the seal is stored just after they were superseded', async () => {
      await use(1)
      await use(2)
      await records.commit(keepDirectory(1))
      await use(3)
      expect(await versionsOf(directory)).toEqual([1, 2, 3])
      await use(4)
      expect(await versionsOf(directory)).toEqual([1, 3, 4])
    })

    it('of a station that kept no list begin with the one in use, for its seals do not name theirs', async () => {
      await use(1)
      await records.commit([{ type: 'delete', key: 'dirmeta:version:0000000000000001' }])
      expect(await versionsOf(directory)).toEqual([])
      directory = await opened()
      expect([await versionsOf(directory), await filesKept()]).toEqual([[1], ['directory-1.tramdir']])
      for (const version of [2, 3, 4]) await use(version)
      expect(await versionsOf(directory)).toEqual([1, 3, 4])
    })

    it('is nothing that is kept when there was no directory', () => {
      expect(keepDirectory(0)).toEqual([])
    })
  })

  it('is never rolled back, also not after a restart', async () => {
    await use(5)
    await expect(use(4, [agency('H09', 'one')])).rejects.toMatchObject({
      code: 'DIRECTORY_OLDER',
      data: { offered: 4, current: 5 },
    })
    const again = await opened()
    await expect(again.import(pieces(file(4)))).rejects.toMatchObject({ code: 'DIRECTORY_OLDER' })
    expect([again.version, await codesOf(again)]).toEqual([5, ['H01', 'H01.1', 'H02']])
  })

  it('refuses another directory of the same version, though the authority signed it', async () => {
    await use(5)
    await expect(use(5)).rejects.toMatchObject({ code: 'DIRECTORY_OLDER' })
    expect(directory.isForked()).toBe(false)
    await expect(use(5, [agency('H09', 'one')])).rejects.toMatchObject({
      code: 'DIRECTORY_FORKED',
      data: { version: 5 },
    })
    expect([await directory.agency('H09'), directory.isForked()]).toEqual([undefined, true])
    await use(6)
    expect(directory.isForked()).toBe(false)
  })

  it('takes one of two imports at once, and the newer one wins in either order', async () => {
    const older = use(7, [agency('H07', 'one')])
    const newer = use(8, [agency('H08', 'one')])
    await Promise.all([older, newer])
    expect([directory.version, await codesOf(directory)]).toEqual([8, ['H01', 'H01.1', 'H02', 'H08']])
    const [tooLate] = await Promise.allSettled([use(10), use(9)]).then((results) => results.slice(1))
    expect(tooLate).toMatchObject({ status: 'rejected', reason: { code: 'DIRECTORY_OLDER' } })
  })

  describe('a failed import', () => {
    const bad: [string, () => AsyncIterable<Uint8Array>][] = [
      ['of a file that is cut short', () => pieces(file(2, [agency('H09', 'two')]).subarray(0, -1), 500)],
      [
        'whose source fails',
        async function* () {
          yield file(2, [agency('H09', 'two')]).subarray(0, -200)
          throw new Error('the disk is gone')
        },
      ],
      [
        'that nobody of this site signed',
        () =>
          pieces(
            world.directoryFile({
              version: 2,
              entries: world.entries([agency('H09', 'two')]),
              signer: world.leaf('one'),
            }),
          ),
      ],
    ]

    it.each(bad)('%s changes nothing', async (_, source) => {
      await use(1)
      const before = records.keys()
      await expect(directory.import(source())).rejects.toBeInstanceOf(Error)
      expect([directory.version, await codesOf(directory), await directory.agency('H09')]).toEqual([
        1,
        ['H01', 'H01.1', 'H02'],
        undefined,
      ])
      expect(records.keys()).toEqual(before)
      expect(await readdir(join(folder.path, 'directory'))).toEqual(['directory-1.tramdir'])
      await use(2)
      expect(await codesOf(directory)).toEqual(['H01', 'H01.1', 'H02'])
    })

    it('leaves nothing behind that the true directory of that version would bring to life', async () => {
      await use(1)
      const right = file(2)
      const head = right.subarray(0, 4 + Buffer.from(right).readUInt32BE(0))
      // A peer's forgery: the authority's statement, and first an entry that it never signed.
      const forged = Buffer.concat([
        head,
        encodeDirectoryEntry(agency('H02.9', 'one')),
        right.subarray(head.byteLength),
      ])
      await expect(directory.import(pieces(forged, 300))).rejects.toMatchObject({ code: 'DIRECTORY_INVALID' })
      await directory.import(pieces(right))
      expect([directory.version, await directory.agency('H02.9')]).toEqual([2, undefined])
      expect(await codesOf(directory)).toEqual(['H01', 'H01.1', 'H02'])
    })

    it('leaves nothing behind either when the store fails just then', async () => {
      await use(1)
      const right = file(2)
      const head = right.subarray(0, 4 + Buffer.from(right).readUInt32BE(0))
      const failing = async function* () {
        yield head
        yield encodeDirectoryEntry(agency('H02.9', 'one'))
        records.failure = new TramError('DISK_FULL', { neededBytes: 1, freeBytes: 0 })
        yield encodeDirectoryEntry(agency('H02.8', 'one'))
      }
      await expect(directory.import(failing())).rejects.toMatchObject({ code: 'DISK_FULL' })
      records.failure = undefined
      await directory.import(pieces(right))
      expect([directory.version, await directory.agency('H02.9')]).toEqual([2, undefined])
    })

    it('by a store that fails at each of its commits leaves the old one in use, also after a restart', async () => {
      await use(1)
      const right = file(2, [agency('H09', 'two')])
      const before = records.commits.length
      await directory.import(pieces(right, 400))
      const commits = records.commits.length - before
      expect(commits).toBeGreaterThan(3)
      for (let kill = 0; kill < commits; kill++) {
        records = new MemoryRecordStore()
        await folder.remove()
        directory = await opened()
        await use(1)
        let left = kill
        const plain = MemoryRecordStore.prototype.commit.bind(records)
        records.commit = async (operations) => {
          if (left-- <= 0) throw new TramError('STORE_FAILED', { detail: 'killed' })
          await plain(operations)
        }
        const outcome = await directory.import(pieces(right, 400)).then(
          () => 'imported',
          () => 'failed',
        )
        records.commit = plain
        const again = await opened()
        const codes = await codesOf(again)
        // Old or new as a whole: which one depends on whether the commit that activates was before the kill.
        expect([kill, outcome, codes]).toEqual([
          kill,
          outcome,
          again.version === 1 ? ['H01', 'H01.1', 'H02'] : ['H01', 'H01.1', 'H02', 'H09'],
        ])
        expect(
          records
            .keys()
            .filter((name) => name.startsWith('dir:'))
            .every((name) => name.startsWith(`dir:000000000000000${again.version}:`)),
        ).toBe(true)
        const versions = again.version === 1 ? [1] : [1, 2]
        expect(await filesKept()).toEqual(versions.map((version) => `directory-${version}.tramdir`))
        expect((await again.versions()).map(({ version }) => version)).toEqual(versions)
        if (again.version === 1) await again.import(pieces(right))
        expect(await codesOf(again)).toEqual(['H01', 'H01.1', 'H02', 'H09'])
      }
    })
  })

  describe('codes', () => {
    it('resolve from the old form to the current one', async () => {
      await use(1, [agency('H09', 'two', { code102: '000.00.00.H09' })])
      expect(await directory.agency('000.00.00.H09')).toMatchObject({ code: 'H09' })
      expect(await directory.resolve('000.00.00.H09')).toMatchObject({
        ok: true,
        value: { code: 'H09', station: 'two' },
      })
    })

    it('prefer an agency that bears a code to one that bore it', async () => {
      await use(1, [agency('H09', 'two', { code102: 'H10' }), agency('H10', 'one')])
      expect(await directory.resolve('H10')).toMatchObject({ ok: true, value: { code: 'H10' } })
    })

    it('of a closed agency lead to its successor, over several mergers and old codes', async () => {
      const closed = { validity: { from: 0, until: startMs } }
      await use(1, [
        agency('A1', 'one', { ...closed, successor: 'A2' }),
        agency('A2', 'one', { ...closed, successor: 'A3.OLD' }),
        agency('A3', 'two', { code102: 'A3.OLD' }),
      ])
      expect(await directory.resolve('A1')).toMatchObject({ ok: true, value: { code: 'A3', station: 'two' } })
      expect(await directory.agency('A1')).toMatchObject({ code: 'A1', station: 'one' })
    })

    it('of a closed agency without successor, or with one that nobody knows, are unknown', async () => {
      const closed = { validity: { from: 0, until: startMs } }
      await use(1, [agency('A1', 'one', closed), agency('A2', 'one', { ...closed, successor: 'A9' })])
      for (const code of ['A1', 'A2', 'A9', '', 'a:b', 'A'.repeat(200)]) {
        expect(await directory.resolve(code)).toMatchObject({
          ok: false,
          reason: { code: 'RECIPIENT_UNKNOWN', data: { codes: code } },
        })
      }
    })

    it('that lead in a circle end, and a chain is followed over eight mergers at most', async () => {
      const closed = { validity: { from: 0, until: startMs } }
      const chain = Array.from({ length: 10 }, (_, at) =>
        agency(`C${at}`, 'one', { ...closed, successor: `C${at + 1}` }),
      )
      await use(1, [
        ...chain,
        agency('C10', 'one'),
        agency('L1', 'one', { ...closed, successor: 'L2' }),
        agency('L2', 'one', { ...closed, successor: 'L1' }),
      ])
      expect(await directory.resolve('L1')).toMatchObject({ ok: false })
      expect(await directory.resolve('C3')).toMatchObject({ ok: true, value: { code: 'C10' } })
      expect(await directory.resolve('C2')).toMatchObject({ ok: false })
    })

    it('open and close with time', async () => {
      await use(1, [agency('A1', 'one', { validity: { from: startMs + 10, until: startMs + 20 }, successor: 'H02' })])
      const codeNow = async () => {
        const resolved = await directory.resolve('A1')
        return resolved.ok ? resolved.value.code : 'none'
      }
      expect(await codeNow()).toBe('H02')
      clock.jump(startMs + 10)
      expect(await codeNow()).toBe('A1')
      clock.jump(startMs + 19)
      expect(await codeNow()).toBe('A1')
      clock.jump(startMs + 20)
      expect(await codeNow()).toBe('H02')
    })
  })

  it('admits peer keys within their windows only, several a station', async () => {
    const keys = [
      { peerId: peerIdOf('one'), window: { from: 0, until: startMs + 100 } },
      { peerId: peerIdOf('next'), window: { from: startMs + 50, until: 0 } },
    ]
    await use(1, [stationEntry('one', { peerKeys: keys })])
    const admitted = async () => {
      const found = await Promise.all(['one', 'next'].map((name) => directory.stationOfPeer(peerIdOf(name))))
      return found.map((station) => station?.id)
    }
    expect(await admitted()).toEqual(['one', undefined])
    clock.jump(startMs + 50)
    expect(await admitted()).toEqual(['one', 'one'])
    clock.jump(startMs + 100)
    expect(await admitted()).toEqual([undefined, 'one'])
    expect(await directory.stationOfPeer(peerIdOf('three'))).toBeUndefined()
  })

  it('works on when it has expired, and says so', async () => {
    await directory.import(
      pieces(world.directoryFile({ version: 1, entries: world.entries(), expires: startMs + dayMs })),
    )
    expect(directory.isExpired()).toBe(false)
    clock.advance(dayMs)
    expect(directory.isExpired()).toBe(true)
    expect(await directory.resolve('H01')).toMatchObject({ ok: true })
    const again = await opened()
    expect([again.isExpired(), await codesOf(again)]).toEqual([true, ['H01', 'H01.1', 'H02']])
    await again.import(pieces(file(2)))
    expect(again.isExpired()).toBe(false)
  })

  it('drops what a killed import left, and files that are nobody’s, when it starts', async () => {
    await use(3)
    await records.commit([
      { type: 'put', key: 'dir:0000000000000004:a:H09', value: encodeDirectoryEntry(agency('H09', 'one')) },
    ])
    await writeFile(join(folder.path, 'directory', 'import.tmp'), 'half')
    await writeFile(join(folder.path, 'directory', 'directory-4.tramdir'), 'half')
    const again = await opened()
    expect(again.version).toBe(3)
    expect(records.keys().filter((name) => name.startsWith('dir:0000000000000004'))).toEqual([])
    expect(await readdir(join(folder.path, 'directory'))).toEqual(['directory-3.tramdir'])
  })

  it('does not let a reader that it overtakes take half of a version for all of it', async () => {
    const { store } = levelStore(folder.path)
    await store.start(never)
    try {
      const kept = { records: store, clock, logger: silent }
      const large = new Directory({ folder: join(folder.path, 'large'), trust: world.trust }, kept)
      await large.start()
      const many = Array.from({ length: 2000 }, (_, at) => agency(`N${String(at).padStart(5, '0')}`, 'two'))
      const issue = (version: number) =>
        large.import(pieces(world.directoryFile({ version, entries: [...world.entries(), ...many] }), 64 * 1024))
      await issue(1)
      const reading = large.agencies()
      let read = 0
      for (; read < 10; read++) expect((await reading.next()).done).toBe(false)
      await issue(2)
      const rest = async () => {
        for await (const _ of reading) read += 1
      }
      await expect(rest()).rejects.toMatchObject({ code: 'DIRECTORY_REPLACED', data: { version: 1 } })
      expect(read).toBeLessThan(2003)
      expect(await codesOf(large)).toHaveLength(2003)
      await large.stop()
    } finally {
      await store.stop()
    }
  })

  it('is counted anew when it is replaced while somebody counts', async () => {
    const issue = (version: number, entries = world.entries()) =>
      directory.import(pieces(world.directoryFile({ version, entries })))
    await issue(1)
    const old = directory.stations()
    vi.spyOn(directory, 'stations').mockImplementationOnce(async function* () {
      for await (const station of old) {
        yield station
        if (directory.version === 1) await issue(2, [...world.entries(), agency('N1', 'two')])
      }
    })
    const counts = new DirectoryCounts({ directory })
    expect(await counts.current()).toEqual({ stations: 2, agencies: 4, served: 4 })
  })

  it('streams 5,000 agencies on a disk, in and out, and asks the store for each when resolving', async () => {
    const { store } = levelStore(folder.path)
    await store.start(never)
    try {
      const large = new Directory(
        { folder: join(folder.path, 'large'), trust: world.trust },
        { records: store, clock, logger: silent },
      )
      await large.start()
      const many = Array.from({ length: 5000 }, (_, at) =>
        agency(`N${String(at).padStart(5, '0')}`, 'two', { code102: `O${at}` }),
      )
      await large.import(pieces(world.directoryFile({ version: 1, entries: [...world.entries(), ...many] }), 64 * 1024))
      const codes = await codesOf(large)
      expect(codes).toHaveLength(5003)
      expect(codes).toEqual([...codes].sort())
      expect(await large.resolve('O4999')).toMatchObject({ ok: true, value: { code: 'N04999' } })
      // More than the cache holds, twice.
      for (let round = 0; round < 2; round++) {
        for (let at = 0; at < 5000; at += 2)
          expect((await large.agency(`N${String(at).padStart(5, '0')}`))?.code102).toBe(`O${at}`)
      }
      await large.stop()
    } finally {
      await store.stop()
    }
  })
})
