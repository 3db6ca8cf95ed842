// What backends want changed in the directory: who may ask for what, how it is kept, and how it comes into force when the
// authority has signed it. The directory is a real one, imported from signed files.
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { AgencyChange } from '../../../src/document/agency-change.ts'
import { applyRequests, parseRequestsFile } from '../../../src/document/directory-requests-file.ts'
import type { AgencyEntry, DirectoryEntry } from '../../../src/document/schema/directory.ts'
import type { AuditEntry } from '../../../src/exchange/evidence/audit-log.ts'
import { LoneStation } from '../../fixtures/exchange/lone-station.ts'
import { agencyEntry, startMs, TestWorld } from '../../fixtures/exchange/test-world.ts'
import { levelStore, never, type TemporaryFolder, temporaryFolder } from '../../fixtures/store/temporary-store.ts'

const hourMs = 3_600_000
const backend = { systemid: 'qlvb:two', agencies: ['H02'] }
const register = (code: string, changes: Partial<AgencyChange> = {}): AgencyChange => ({
  ...{ kind: 'register', code, parent: 'H02', name: `Sở ${code}`, mail: '', mobile: '', fax: '' },
  ...changes,
})
const remove = (code: string): AgencyChange => register(code, { kind: 'delete', parent: '', name: '' })

describe('what backends want changed in the directory', () => {
  let world: TestWorld
  let folder: TemporaryFolder
  let records: ReturnType<typeof levelStore>['store']
  let station: LoneStation

  const more: DirectoryEntry[] = [
    { agency: agencyEntry('H02.1', 'two', { parent: 'H02' }) },
    { agency: agencyEntry('H02.1.7', '', { parent: 'H02.1', code102: '007.001.002.H02' }) },
    { agency: agencyEntry('H02.8', 'two', { parent: 'H02', validity: { from: 0, until: 1000 }, successor: 'H02.1' }) },
    { agency: agencyEntry('H01.1', 'one', { parent: 'H01' }) },
    // A parent in name only: its own station is another.
    { agency: agencyEntry('G22', 'one') },
    { agency: agencyEntry('H02', 'two', { parent: 'G22' }) },
  ]
  let entries: DirectoryEntry[]

  beforeAll(async () => {
    world = await TestWorld.create({ one: ['H01'], two: ['H02', 'H05'] })
    entries = world.entries(more)
  })
  beforeEach(async () => {
    folder = await temporaryFolder()
    records = levelStore(folder.path).store
    await records.start(never)
    station = await LoneStation.start({ world, id: 'two', folder: folder.path, records, entries })
  })
  afterEach(async () => {
    await station.stop()
    await records.stop()
    await folder.remove()
  })

  const ask = (change: AgencyChange, who = backend) => station.desk.changeAgency(who, change)
  const listed = async (onlyOpen = false) =>
    (await station.requests.list({ onlyOpen, after: null, limit: 1000 })).requests
  async function acts(): Promise<AuditEntry['act'][]> {
    const found: AuditEntry['act'][] = []
    for await (const { act } of station.audit.entries()) found.push(act)
    return found
  }
  const agenciesOf = (list: readonly DirectoryEntry[]): AgencyEntry[] => list.flatMap(({ agency }) => agency ?? [])
  /** What the authority signs after it has taken the station's file in. */
  async function nextEntries(): Promise<DirectoryEntry[]> {
    const file = parseRequestsFile(Buffer.from(JSON.stringify(await station.requests.export())))
    const agencies = applyRequests(agenciesOf(entries), file, startMs)
    return [...entries.filter((entry) => entry.station != null), ...agencies.map((agency) => ({ agency }))]
  }

  it('are kept, exported, signed, in force: all the way, and the backend is told each time', async () => {
    const wish = register('H02.9', { mail: 'so@h02.vn', mobile: '0912', fax: '024' })
    const first = await ask(wish)
    expect(first).toEqual({ requestId: expect.stringMatching(/^[0-9a-f]{32}$/), state: 'queued' })
    expect(await ask(wish)).toEqual(first)
    expect(await ask(register('H02.9.1', { parent: 'H02.9' }))).toMatchObject({ state: 'queued' })
    expect(await ask(remove('H02.1.7'))).toMatchObject({ state: 'queued' })
    expect(await listed(true)).toHaveLength(3)
    const signed = await nextEntries()
    expect(await ask(wish)).toEqual({ ...first, state: 'exported' })
    expect((await station.requests.export()).requests.map(({ code }) => code).sort()).toEqual([
      ...['H02.1.7', 'H02.9', 'H02.9.1'],
    ])
    await station.useDirectory(2, signed)
    await station.until(async () => ((await listed(true)).length === 0 ? true : undefined))
    expect((await listed()).map(({ code, state, directoryVersion }) => [code, state, directoryVersion])).toEqual([
      ['H02.1.7', 'in-force', 2],
      ['H02.9', 'in-force', 2],
      ['H02.9.1', 'in-force', 2],
    ])
    expect(await ask(wish)).toEqual({ ...first, state: 'in-force' })
    expect(await ask(remove('H02.1.7'))).toMatchObject({ state: 'in-force' })
    const added = await station.directory.agency('H02.9')
    expect(added).toMatchObject({ station: 'two', parent: 'H02', mail: 'so@h02.vn', mobile: '0912', fax: '024' })
    expect(await station.directory.resolve('H02.1.7')).toMatchObject({ ok: false })
    expect((await acts()).filter((act) => act === 'directory-request-in-force')).toHaveLength(3)
    expect(await station.audit.verify()).toBeGreaterThan(8)
  })

  it('say nothing new: success at once, nothing is queued', async () => {
    expect(await ask(register('H02.1', { name: 'Đơn vị H02.1' }))).toMatchObject({ state: 'in-force' })
    expect(await ask(remove('H02.8'))).toMatchObject({ state: 'in-force' })
    expect(await listed()).toEqual([])
    expect(await acts()).toEqual([])
  })

  it.each([
    ['under another station', register('H01.2', { parent: 'H01' }), 'AGENCY_NOT_OWN'],
    ['under nobody', register('H99', { parent: '' }), 'AGENCY_NOT_OWN'],
    ['under somebody unknown', register('H99.1', { parent: 'H99' }), 'AGENCY_NOT_OWN'],
    ['above its own', register('G22.1', { parent: 'G22' }), 'AGENCY_NOT_OWN'],
    ['of another backend of this station', register('H05.1', { parent: 'H05' }), 'AGENCY_NOT_OWN'],
    ['another’s, moved under its own', register('H01.1', { parent: 'H02' }), 'AGENCY_NOT_OWN'],
    ['its own, moved to another', register('H02.1', { parent: 'H01' }), 'AGENCY_NOT_OWN'],
    ['its parent', remove('G22'), 'AGENCY_NOT_OWN'],
    ['another’s', remove('H01.1'), 'AGENCY_NOT_OWN'],
    ['unknown', remove('H02.77'), 'RECIPIENT_UNKNOWN'],
    ['closed', register('H02.8'), 'REQUEST_INVALID'],
    ['the old code of another', register('007.001.002.H02'), 'REQUEST_INVALID'],
    ['its own parent', register('H02.1', { parent: 'H02.1' }), 'REQUEST_INVALID'],
    ['no code', register('h02 ;x'), 'REQUEST_INVALID'],
    ['nameless', register('H02.9', { name: '  ' }), 'REQUEST_INVALID'],
    ['too long a name', register('H02.9', { name: 'x'.repeat(201) }), 'REQUEST_INVALID'],
    ['a name of two lines', register('H02.9', { name: 'Sở\nY' }), 'REQUEST_INVALID'],
  ])('about an agency that is %s are refused', async (_, change, code) => {
    await expect(async () => ask(change)).rejects.toMatchObject({ code })
    expect(await listed()).toEqual([])
  })

  it('give way to what the same backend wants later about the same agency', async () => {
    await ask(register('H02.9'))
    await ask(register('H02.9', { name: 'Tên khác' }))
    expect((await listed(true)).map(({ name }) => name)).toEqual(['Tên khác'])
    expect(await ask(remove('H02.9'))).toMatchObject({ state: 'in-force' })
    expect((await listed()).map(({ state }) => state)).toEqual(['superseded'])
    expect((await station.requests.export()).requests).toEqual([])
  })

  it('that an operator refused stay refused for a day, with the reason', async () => {
    const { requestId } = await ask(register('H02.9'))
    expect(await station.requests.refuse(requestId, 'đã giải thể')).toMatchObject({ state: 'refused' })
    await expect(ask(register('H02.9'))).rejects.toMatchObject({
      code: 'AGENCY_CHANGE_REFUSED',
      data: { code: 'H02.9', detail: 'đã giải thể' },
    })
    await expect(station.requests.refuse(requestId, 'x')).rejects.toMatchObject({ code: 'REQUEST_INVALID' })
    station.clock.advance(25 * hourMs)
    expect(await ask(register('H02.9'))).toMatchObject({ state: 'queued' })
  })

  it('are bounded for each backend, and one does not fill the place of another', async () => {
    for (let at = 0; at < 200; at++) await ask(register(`H02.9.${at}`))
    await expect(ask(register('H02.9.200'))).rejects.toMatchObject({ code: 'OVERLOADED' })
    expect(await ask(register('H02.9.7', { name: 'Tên khác' }))).toMatchObject({ state: 'queued' })
    expect(await ask(register('H05.1', { parent: 'H05' }), { systemid: 'other', agencies: ['H05'] })).toMatchObject({
      state: 'queued',
    })
    const page = await station.requests.list({ onlyOpen: true, after: null, limit: 150 })
    const rest = await station.requests.list({ onlyOpen: true, after: page.next, limit: 150 })
    expect([page.requests.length, rest.requests.length, rest.next]).toEqual([150, 51, null])
  })

  it('outlive a stop, and a directory that came in between is seen at the start', async () => {
    await ask(register('H02.9'))
    const signed = await nextEntries()
    await station.requests.stop()
    await station.useDirectory(2, signed)
    expect(await listed(true)).toHaveLength(1)
    await station.stop()
    station = await LoneStation.start({ world, id: 'two', folder: folder.path, records })
    expect((await listed()).map(({ state }) => state)).toEqual(['in-force'])
  })
})

describe('the file of requests', () => {
  const file = (changes: object = {}, request: object = {}) => ({
    ...{ format: 'tram-directory-requests-1', station: 'two', exportedAt: 1 },
    requests: [{ requestId: 'a'.repeat(32), systemid: 's', requestedAt: 1, ...register('H02.9'), ...request }],
    ...changes,
  })
  const parse = (value: unknown) => parseRequestsFile(Buffer.from(JSON.stringify(value)))
  const agencies = [
    agencyEntry('H02', 'two', { id: 1 }),
    agencyEntry('H01', 'one', { id: 2 }),
    agencyEntry('H02.1', '', { parent: 'H02', id: 3 }),
  ]

  it.each([
    ['another format', file({ format: 'x' })],
    ['no station', file({ station: 'NO SUCH' })],
    ['no list', file({ requests: {} })],
    ['another kind', file({}, { kind: 'rename' })],
    ['a number for a text', file({}, { name: 7 })],
    ['a long text', file({}, { name: 'x'.repeat(201) })],
    ['no code', file({}, { code: '../x' })],
    ['a time before 1970', file({ exportedAt: -1 })],
    ['an array', []],
  ])('with %s is refused', (_, value) => {
    expect(() => parse(value)).toThrow(expect.objectContaining({ code: 'DIRECTORY_REQUESTS_INVALID' }))
  })

  it('that nobody signed gives a station nothing that is not under its own agencies', () => {
    const stolen: object[] = [
      { code: 'H01.1', parent: 'H01' },
      { code: 'H01', parent: 'H02' },
      { code: 'H02.1', parent: 'H01' },
      { code: 'H01', kind: 'delete' },
      { code: 'X1', parent: '' },
    ]
    for (const request of stolen)
      expect(() => applyRequests(agencies, parse(file({}, request)), 5), JSON.stringify(request)).toThrow(
        expect.objectContaining({ code: 'DIRECTORY_REQUESTS_INVALID' }),
      )
    const [, , child, added] = applyRequests(agencies, parse(file()), 5)
    expect(child).toEqual(agencies[2])
    expect(added).toMatchObject({ code: 'H02.9', station: 'two', id: 4, pid: 1, parent: 'H02', modified: 0 })
    const [, , ended] = applyRequests(agencies, parse(file({}, { kind: 'delete', code: 'H02.1' })), 5)
    expect(ended).toMatchObject({ code: 'H02.1', validity: { from: 0, until: 5 } })
  })
})
