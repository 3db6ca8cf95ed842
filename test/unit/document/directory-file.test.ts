// The directory file: whole and signed by this site's authority or nothing, in pieces of any size.
import { beforeAll, describe, expect, it } from 'vitest'
import { TramError } from '../../../src/base/errors.ts'
import {
  DirectoryFileReader,
  encodeDirectoryEntry,
  encodeDirectoryHead,
  maxDirectoryBytes,
  problemInEntry,
  verifyDirectoryStatement,
} from '../../../src/document/directory-file.ts'
import type { AgencyEntry, DirectoryEntry, StationEntry } from '../../../src/document/schema/directory.ts'
import { DirectoryStatement } from '../../../src/document/schema/directory.ts'
import { wrapSignedContent } from '../../../src/document/signed-content.ts'
import { agencyEntry, peerIdOf, startMs, TestWorld } from '../../fixtures/exchange/test-world.ts'
import { createTestPki } from '../../fixtures/pki/test-pki.ts'

const invalid = expect.objectContaining({ code: 'DIRECTORY_INVALID' })

describe('directory file', () => {
  let world: TestWorld
  let file: Uint8Array
  let entries: DirectoryEntry[]
  let headBytes: number

  beforeAll(async () => {
    world = await TestWorld.create({ one: ['H01'], two: ['H02', 'H03'] })
    entries = world.entries()
    file = world.directoryFile({ version: 7, entries, expires: startMs + 1000 })
    headBytes = 4 + Buffer.from(file).readUInt32BE(0)
  })

  function read(
    bytes: Uint8Array,
    pieceBytes = bytes.byteLength,
  ): { entries: DirectoryEntry[]; statement: DirectoryStatement } {
    const reader = new DirectoryFileReader(world.trust)
    const found: DirectoryEntry[] = []
    for (let at = 0; at < bytes.byteLength; at += pieceBytes)
      found.push(...reader.write(bytes.subarray(at, at + pieceBytes)))
    return { entries: found, statement: reader.end() }
  }

  it('gives statement and entries, in order, with their exact bytes', () => {
    const exact: Uint8Array[] = []
    const reader = new DirectoryFileReader(world.trust, (bytes) => exact.push(Uint8Array.from(bytes)))
    expect([reader.statement, reader.cms]).toEqual([undefined, undefined])
    expect(reader.write(file.subarray(0, headBytes - 1))).toEqual([])
    expect(reader.statement).toBeUndefined()
    expect(reader.write(file.subarray(headBytes - 1))).toHaveLength(5)
    expect(reader.end()).toMatchObject({ version: 7, entries: 5, expires: startMs + 1000 })
    expect(reader.cms).toEqual(Uint8Array.from(file.subarray(4, headBytes)))
    expect(
      Buffer.concat(
        exact.map((bytes) => Buffer.concat([Buffer.from([0, 0, bytes.length >> 8, bytes.length & 255]), bytes])),
      ),
    ).toEqual(Buffer.from(file.subarray(headBytes)))
  })

  it('is the same in two pieces cut at every byte, and byte by byte', () => {
    const whole = read(file)
    expect(whole.entries).toHaveLength(5)
    for (
      let cut = 1;
      cut < file.byteLength;
      cut += cut < 8 || Math.abs(cut - headBytes) < 8 || cut > file.byteLength - 8 ? 1 : 13
    ) {
      const reader = new DirectoryFileReader(world.trust)
      const found = [...reader.write(file.subarray(0, cut)), ...reader.write(file.subarray(cut))]
      expect([cut, found.length, reader.end().version]).toEqual([cut, 5, 7])
    }
    expect(read(file, 1)).toEqual(whole)
    expect(read(file, 3)).toEqual(whole)
  })

  it('fails when it is cut short anywhere', () => {
    for (let length = 0; length < file.byteLength; length += length < headBytes ? 97 : 11) {
      expect(() => read(file.subarray(0, length), 4096), `${length} bytes`).toThrow(invalid)
    }
  })

  it('fails when any byte is altered', () => {
    for (let at = 0; at < file.byteLength; at++) {
      const altered = Uint8Array.from(file)
      altered[at] = (altered[at] ?? 0) ^ (1 << (at % 8))
      expect(() => read(altered), `byte ${at} of ${file.byteLength}`).toThrow(invalid)
    }
  })

  it('fails with bytes behind its end', () => {
    expect(() => read(Buffer.concat([file, Buffer.alloc(1)]))).toThrow(invalid)
    expect(() => read(Buffer.concat([file, encodeDirectoryEntry({ agency: agencyEntry('H99', 'one') })]))).toThrow(
      'more entries than the statement covers',
    )
  })

  it.each<[string, (list: DirectoryEntry[]) => DirectoryEntry[]]>([
    ['one less', (list) => list.slice(0, -1)],
    ['one twice instead of its neighbour', (list) => [...list.slice(0, -1), ...list.slice(-2, -1)]],
    ['two that changed places', (list) => list.toReversed()],
    ['none', () => []],
  ])('fails with other entries than were signed: %s', (_, change) => {
    const body = Buffer.concat(change(entries).map(encodeDirectoryEntry))
    expect(() => read(Buffer.concat([file.subarray(0, headBytes), body]))).toThrow(invalid)
  })

  it('fails when count and size fit and an entry differs', () => {
    const changed = entries.map((entry) =>
      entry.agency?.code === 'H03' ? { agency: { ...entry.agency, station: 'one' } } : entry,
    )
    const body = Buffer.concat(changed.map(encodeDirectoryEntry))
    expect(headBytes + body.byteLength).toBe(file.byteLength)
    expect(() => read(Buffer.concat([file.subarray(0, headBytes), body]))).toThrow('differ from the signed root')
  })

  it.each([0, 1])('fails when the statement says another number of entries: %i too many', (more) => {
    const wrong = world.directoryFile({ version: 7, entries, statement: { entries: 5 + more } })
    if (more === 0) expect(read(wrong).entries).toHaveLength(5)
    else expect(() => read(wrong)).toThrow('size or number of entries differ')
  })

  it('refuses pieces of no bytes and of more than fit, before their bytes have come', () => {
    for (const length of [0, 64 * 1024 + 1, 0xffff_ffff]) {
      const head = Buffer.alloc(4)
      head.writeUInt32BE(length)
      expect(() => new DirectoryFileReader(world.trust).write(head)).toThrow(`a piece of ${length} bytes`)
    }
    const reader = new DirectoryFileReader(world.trust)
    reader.write(file.subarray(0, headBytes))
    expect(() => reader.write(Buffer.from([0, 2, 0, 1]))).toThrow('a piece of 131073 bytes')
  })

  it('is the authority of this site that signs, not another certificate of the same CA, nor one of another CA', async () => {
    const other = await world.pki.issue({ commonName: 'authority' })
    expect(() => read(world.directoryFile({ version: 7, entries, signer: other }))).toThrow(
      'not an authority certificate',
    )
    expect(() => read(world.directoryFile({ version: 7, entries, signer: world.leaf('one') }))).toThrow(invalid)
    const elsewhere = await createTestPki({ name: 'Elsewhere' })
    const trust = { ...elsewhere.trust, authorityFingerprints: world.trust.authorityFingerprints }
    expect(() => new DirectoryFileReader(trust).write(file)).toThrow(invalid)
  })

  it('says a directory, not a descriptor or a root with the same bytes', () => {
    const statement = DirectoryStatement.encode({
      format: 1,
      version: 1,
      issued: 1,
      expires: 0,
      entries: 0,
      bodySize: 0,
      root: Buffer.alloc(32),
    })
    for (const name of ['root', 'descriptor'] as const) {
      const verdict = verifyDirectoryStatement(
        world.signCms(wrapSignedContent(name, statement), world.authority),
        world.trust,
      )
      expect(verdict).toMatchObject({ ok: false, reason: { code: 'DIRECTORY_INVALID' } })
    }
    const right = verifyDirectoryStatement(
      world.signCms(wrapSignedContent('directory', statement), world.authority),
      world.trust,
    )
    expect(right).toMatchObject({ ok: true, value: { version: 1 } })
  })

  it.each<[string, Partial<DirectoryStatement>]>([
    ['format 2', { format: 2 }],
    ['version 0', { version: 0 }],
    ['a root of 31 bytes', { root: Buffer.alloc(31) }],
    ['a body that is too large', { bodySize: maxDirectoryBytes + 1 }],
  ])('refuses a signed statement with %s', (_, statement) => {
    expect(() => read(world.directoryFile({ version: 1, entries, statement }))).toThrow(invalid)
  })

  it('refuses noise that is signed, and noise that is not', () => {
    const noise = Buffer.alloc(300, 0xff)
    expect(() =>
      read(Buffer.concat([encodeDirectoryHead(world.signCms(wrapSignedContent('directory', noise), world.authority))])),
    ).toThrow(invalid)
    expect(() => read(encodeDirectoryHead(noise))).toThrow(invalid)
  })

  it('refuses an entry that is signed but malformed', () => {
    const bad = world.directoryFile({ version: 1, entries: [{ agency: agencyEntry('h01', 'one') }] })
    expect(() => read(bad)).toThrow('entry 1: agency code "h01"')
    expect(() => read(world.directoryFile({ version: 1, entries: [{}] }))).toThrow(TramError)
  })

  describe('problems of an entry', () => {
    it.each<[string | undefined, Partial<AgencyEntry>]>([
      [undefined, {}],
      [undefined, { station: '', code102: '000.00.01.H01', parent: 'H00', successor: 'H02' }],
      ['agency code ""', { code: '' }],
      ['agency H01: code102', { code102: 'x y' }],
      ['agency H01: parent', { parent: 'h' }],
      ['agency H01: successor', { successor: '-' }],
      ['agency H01: station id', { station: 'ONE' }],
      ['agency H01: name or mail is too long', { name: 'n'.repeat(501) }],
      ['agency H01: name or mail is too long', { mail: 'm'.repeat(201) }],
      ['agency H01: mobile or fax is too long', { mobile: '0'.repeat(51) }],
      ['agency H01: mobile or fax is too long', { fax: '0'.repeat(51) }],
    ])('agency: %s', (problem, changes) => {
      expect(problemInEntry({ agency: agencyEntry('H01', 'one', changes) })).toBe(problem)
    })

    it.each<[string | undefined, Partial<StationEntry>]>([
      [undefined, {}],
      [undefined, { addresses: [] }],
      ['station id', { id: 'One' }],
      ['station one: generation', { generation: 0 }],
      ['station one: name is too long', { name: 'n'.repeat(201) }],
      ['station one: no peer key', { peerKeys: [] }],
      ['peer id', { peerKeys: [{ peerId: 'short' }] }],
      ['peer id', { peerKeys: [{ peerId: peerIdOf('one') }, { peerId: `${peerIdOf('one')}0` }] }],
      ['station one: no certificate', { certificates: [] }],
      ['certificate fingerprint', { certificates: [{ sha256: Buffer.alloc(20), der: Buffer.alloc(0) }] }],
      ['address', { addresses: ['tcp/1'] }],
      ['address', { addresses: ['/tcp/1 '] }],
      ['address', { addresses: [`/${'a'.repeat(201)}`] }],
    ])('station: %s', (problem, changes) => {
      expect(problemInEntry({ station: world.stationEntry('one', changes) })).toBe(problem)
    })

    it('neither', () => {
      expect(problemInEntry({})).toBe('neither station nor agency')
    })
  })
})
