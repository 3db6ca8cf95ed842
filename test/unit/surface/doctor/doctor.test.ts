// The doctor's checks on a site made by hand: each condition that it can raise, raised and cleared; checks that hang or throw.
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TramError } from '../../../../src/base/errors.ts'
import { parseCertificate } from '../../../../src/document/certificate.ts'
import { hex, sha256 } from '../../../../src/document/document-id.ts'
import type { StationEntry } from '../../../../src/document/schema/directory.ts'
import type { BoxReadings } from '../../../../src/equipment/host/box-readings.ts'
import type { TokenDescription } from '../../../../src/equipment/token/token.ts'
import type { HealthReport } from '../../../../src/exchange/health/station-health.ts'
import { healthCondition } from '../../../../src/exchange/health/station-health.ts'
import { roomTroubles } from '../../../../src/surface/doctor/check-folders.ts'
import { parseAvailable, platformTroubles } from '../../../../src/surface/doctor/check-station.ts'
import { runCheck, runDoctor } from '../../../../src/surface/doctor/doctor.ts'
import type { CheckName } from '../../../../src/surface/doctor/doctor-report.ts'
import type { DoctorConfig, DoctorSite } from '../../../../src/surface/doctor/doctor-site.ts'
import { doctorText } from '../../../../src/surface/doctor/doctor-text.ts'
import { createTestPki, type TestLeaf, type TestPki } from '../../../fixtures/pki/test-pki.ts'

const never = new AbortController().signal
const dayMs = 86_400_000
let folder: string
let pki: TestPki
let leaf: TestLeaf
let config: DoctorConfig

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tram-docu-'))
  pki = await createTestPki()
  leaf = await pki.issue({ commonName: 'tinh-1' })
  const data = join(folder, 'data')
  await mkdir(data, { mode: 0o700 })
  const file = join(folder, 'tram.toml')
  const secret = join(folder, 'secret')
  await writeFile(file, '# read by nobody here')
  await writeFile(secret, 'x', { mode: 0o600 })
  config = {
    file,
    station: { id: 'tinh-1', name: 'Tỉnh Một', data_folder: data, generation: 1, log_level: 'info' },
    token: {
      module: process.execPath,
      label: 't',
      key_id: '01',
      sessions: 1,
      rsa_pss: false,
      chain_files: [],
      start_signer: false,
    },
    trust: { anchors: [], intermediates: [], authority_certificates: [] },
    link: {
      listen: ['/ip4/127.0.0.1/tcp/0'],
      announce: ['/ip4/10.1.1.1/tcp/4101'],
      max_peers: 3,
      hello_timeout_ms: 1000,
    },
    store: { max_packet_bytes: 65_536, watermark_bytes: 1, ballast_bytes: 1, scrub_hours: 1, status_reserve_bytes: 0 },
    vxp: { listen: '127.0.0.1:0' },
    mqtt: {},
    backend: [{ secret_file: secret }],
  }
})

afterAll(() => rm(folder, { recursive: true, force: true }))

const token = (changes: Partial<TokenDescription> = {}): TokenDescription => ({
  state: 'ready',
  detail: '',
  label: 't',
  serial: 's',
  scheme: leaf.scheme,
  certificate: leaf.certificateDer,
  pinCountLow: false,
  pinFinalTry: false,
  ...changes,
})

const entry = (changes: Partial<StationEntry> = {}): StationEntry => ({
  id: 'tinh-1',
  name: 'Tỉnh Một',
  generation: 1,
  peerKeys: [{ peerId: 'peer-1' }],
  certificates: [{ sha256: Buffer.from(sha256(leaf.certificateDer)), der: Buffer.from(leaf.certificateDer) }],
  addresses: ['/ip4/10.1.1.1/tcp/4101'],
  ...changes,
})

const statement = { format: 1, version: 7, issued: 1, expires: 0, entries: 1, size: 1, root: Buffer.alloc(32) }
const found = (own: StationEntry | undefined, others: StationEntry[] = [], expires = 0) =>
  ({ statement: { ...statement, expires }, own, others }) as never

const report = (conditions: HealthReport['conditions'] = []) =>
  ({ station: 'tinh-1', generation: 1, readySince: 0, conditions }) as never

function site(changes: Partial<DoctorSite> = {}): DoctorSite {
  return {
    version: '0.1.0',
    now: () => Date.now(),
    config: async () => config,
    health: async () => report(),
    token: async () => ({ description: token(), isSignerRunning: true }),
    trust: async () => ({
      seals: pki.trust,
      directory: { ...pki.trust, authorityFingerprints: new Set([hex(sha256(leaf.certificateDer))]) },
      chain: [...pki.chain],
    }),
    directory: async () => found(entry()),
    peerId: async () => 'peer-1',
    box: async () => ({ undervoltage: false, clockSynchronised: true, clockErrorMs: 2 }),
    ...changes,
  }
}

/** Codes of the lines of one check. */
async function codes(check: CheckName, changes: Partial<DoctorSite> = {}, isNetworkAsked = false) {
  const { checks } = await runDoctor(site(changes), { isNetworkAsked }, never)
  return checks.filter((line) => line.check === check).map(({ state, code }) => code ?? state)
}

const withConfig = (changes: Partial<DoctorConfig>) => ({ config: async () => ({ ...config, ...changes }) })

describe('a station without trouble', () => {
  it('passes every check', async () => {
    const { overall, checks } = await runDoctor(site(), { isNetworkAsked: false }, never)
    expect(checks.filter(({ state }) => state !== 'pass').map(({ check }) => check)).toEqual([
      'store',
      'broker',
      'peers',
    ])
    expect(overall).toBe('ok')
  })
})

describe('what the checks find', () => {
  it('folders: not there, a file, others may read, a secret that is empty', async () => {
    expect(await codes('data')).toEqual(['pass'])
    const station = { ...config.station, data_folder: join(folder, 'nowhere') }
    expect(await codes('data', withConfig({ station }))).toEqual(['DATA_FOLDER_UNUSABLE'])
    expect(await codes('disk', withConfig({ station }))).toEqual(['DATA_FOLDER_UNUSABLE'])
    expect(await codes('data', withConfig({ station: { ...station, data_folder: config.file } }))).toEqual([
      'DATA_FOLDER_UNUSABLE',
    ])
    const empty = join(folder, 'empty')
    await writeFile(empty, '', { mode: 0o600 })
    expect(await codes('secrets', withConfig({ backend: [{ secret_file: empty }] }))).toEqual(['FILE_UNUSABLE'])
    await chmod(config.file, 0o644)
    expect(await codes('secrets', withConfig({ backend: [{}] }))).toEqual(['FILE_EXPOSED'])
    await chmod(config.file, 0o600)
    expect(await codes('secrets', withConfig({ backend: [{}] }))).toEqual(['absent'])
  })

  it('room: bytes and files', () => {
    const room = { bavail: 100, bsize: 10, ffree: 50, files: 100 }
    const said = (changes: object) => roomTroubles({ ...room, ...changes }, 999).map(({ code }) => code)
    expect([said({}), said({ bavail: 99 }), said({ ffree: 4 }), said({ ffree: 0, files: 0 })]).toEqual([
      [],
      ['DISK_FULL'],
      ['INODES_LOW'],
      [],
    ])
  })

  it('the platform: Node and memory', () => {
    const said = (node: string, bytes: number | undefined) => platformTroubles(node, bytes).map(({ code }) => code)
    expect([said('24.21.0', 2 ** 30), said('24.21.0', undefined)]).toEqual([[], []])
    expect([said('22.1.0', 2 ** 30), said('24.21.0', 2 ** 20)]).toEqual([
      ['PLATFORM_UNSUITABLE'],
      ['PLATFORM_UNSUITABLE'],
    ])
    expect(parseAvailable('MemTotal: 1 kB\nMemAvailable:    2048 kB\n')).toBe(2_097_152)
    expect(parseAvailable('MemAvailable: -1 kB')).toBeUndefined()
  })

  it('certificates: ending soon, ended, from nobody we trust', async () => {
    const { notAfterMs } = parseCertificate(leaf.certificateDer)
    const endingIn = async (days: number) => codes('certificate', { now: () => notAfterMs - days * dayMs })
    expect(await endingIn(31)).toEqual(['pass'])
    expect(await endingIn(29)).toEqual(['CERTIFICATE_EXPIRING'])
    expect(await endingIn(-1)).toEqual(['CERTIFICATE_UNUSABLE'])
    const strange = await (await createTestPki()).issue({ commonName: 'tinh-1' })
    const description = token({ certificate: strange.certificateDer })
    expect(await codes('certificate', { token: async () => ({ description, isSignerRunning: true }) })).toEqual([
      'CERTIFICATE_UNUSABLE',
    ])
    expect(await codes('trust', { now: () => Date.now() + 100 * 365 * dayMs })).toContain('CERTIFICATE_UNUSABLE')
  })

  it('the token: by its state, and what is left of its PIN', async () => {
    const said = (changes: Partial<TokenDescription>, isSignerRunning = true) =>
      codes('token', { token: async () => ({ description: token(changes), isSignerRunning }) })
    expect(await said({ state: 'needs-pin' })).toEqual(['TOKEN_PIN_NEEDED'])
    expect(await said({ state: 'needs-pin' }, false)).toEqual(['pass'])
    expect(await said({ state: 'needs-pin', pinCountLow: true }, false)).toEqual(['TOKEN_PIN_LATCHED'])
    expect(await said({ pinFinalTry: true })).toEqual(['pass', 'TOKEN_PIN_LATCHED'])
    expect(await said({ state: 'unreachable' })).toEqual(['SIGNER_UNREACHABLE'])
  })

  it('the directory: none, expired, without this station as it is', async () => {
    const said = (own: StationEntry | undefined, expires = 0) =>
      codes('directory', { directory: async () => found(own, [], expires) })
    expect(await codes('directory', { directory: async () => undefined })).toEqual(['DIRECTORY_MISSING'])
    expect(await said(entry(), Date.now() - 1)).toEqual(['DIRECTORY_EXPIRED'])
    expect(await said(entry(), Date.now() + dayMs)).toEqual(['pass'])
    expect(await said(undefined)).toEqual(['STATION_UNLISTED'])
    expect(await said(entry({ certificates: [] }))).toEqual(['STATION_UNLISTED'])
    expect(await said(entry({ peerKeys: [{ peerId: 'peer-2' }] }))).toEqual(['STATION_UNLISTED'])
  })

  it('addresses: what the directory does not list, what nobody can call', async () => {
    const said = (own: StationEntry | undefined, changes: Partial<DoctorConfig> = {}) =>
      codes('addresses', { ...withConfig(changes), directory: async () => found(own) })
    expect(await said(entry())).toEqual(['pass'])
    expect(await said(entry({ addresses: [] }))).toEqual(['ADDRESS_UNLISTED'])
    const link = { ...config.link, listen: ['/ip4/0.0.0.0/tcp/4101'] }
    delete link.announce
    expect(await said(undefined, { link })).toEqual(['ADDRESS_UNLISTED'])
    expect(await said(entry(), { link })).toEqual(['pass'])
  })

  it('the box: power and time, and what cannot tell', async () => {
    const said = async (check: CheckName, readings: BoxReadings) => codes(check, { box: async () => readings })
    expect(await said('power', {})).toEqual(['absent'])
    expect(await said('power', { undervoltage: true })).toEqual(['PLATFORM_UNSUITABLE'])
    expect(await said('power', { undervoltage: false, undervoltageSinceBoot: true })).toEqual(['PLATFORM_UNSUITABLE'])
    expect(await said('time', {})).toEqual(['absent'])
    expect(await said('time', { clockSynchronised: false })).toEqual(['PLATFORM_UNSUITABLE'])
    expect(await said('time', { clockSynchronised: true, clockErrorMs: 3 })).toEqual(['pass'])
  })

  it('the broker: called when there is one', async () => {
    const server = createServer((socket) => socket.end()).listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const mqtt = { url: `mqtt://127.0.0.1:${(server.address() as { port: number }).port}` }
    expect(await codes('broker', withConfig({ mqtt }))).toEqual(['pass'])
    server.close()
    await new Promise((resolve) => server.once('close', resolve))
    expect(await codes('broker', withConfig({ mqtt }))).toEqual(['BROKER_UNREACHABLE'])
  })

  it('peers: who answers and who does not', async () => {
    const server = createServer((socket) => socket.end()).listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as { port: number }
    const other = (id: string, addresses: string[]) => entry({ id, addresses })
    const answering = other('a', [`/ip4/127.0.0.1/tcp/${port}`])
    const peers = (others: StationEntry[]) => codes('peers', { directory: async () => found(entry(), others) }, true)
    expect(await peers([answering])).toEqual(['pass'])
    expect(await peers([answering, other('b', [])])).toEqual(['PEER_UNREACHABLE', 'pass'])
    expect(await peers([])).toEqual(['absent'])
    server.close()
    await new Promise((resolve) => server.once('close', resolve))
    expect(await peers([answering])).toEqual(['PEER_UNREACHABLE'])
  })
})

describe('the running', () => {
  it('a check that hangs or throws is a line, and the others are made', async () => {
    const hanging = await runDoctor(
      site({ directory: () => new Promise(() => undefined), peerId: () => Promise.reject(new Error('no')) }),
      { isNetworkAsked: false, checkTimeoutMs: 50 },
      never,
    )
    const line = (name: string) => hanging.checks.find(({ check }) => check === name)
    expect([line('directory')?.code, line('addresses')?.code]).toEqual(['CHECK_UNFINISHED', 'CHECK_UNFINISHED'])
    expect(line('token')?.state).toBe('pass')
    const thrown = await runCheck('data', () => Promise.reject(new Error('what')), site(), 1000, never)
    expect(thrown).toEqual([
      expect.objectContaining({ code: 'CHECK_UNFINISHED', data: { check: 'data', detail: 'what' } }),
    ])
  })

  it('ends when it is told to', async () => {
    const stop = new AbortController()
    const running = runDoctor(
      site({ token: () => new Promise(() => undefined) }),
      { isNetworkAsked: false },
      stop.signal,
    )
    stop.abort(new Error('enough'))
    await expect(running).rejects.toThrow('enough')
  })

  it('says what a check and the station both know only once', async () => {
    const needed = healthCondition(new TramError('TOKEN_PIN_NEEDED', { token: 't' }))
    const lost = healthCondition(new TramError('DOCUMENTS_LOST', { count: 2, documents: 'a, b' }))
    const told = await runDoctor(
      site({
        health: async () => report([needed, lost]),
        token: async () => ({ description: token({ state: 'needs-pin' }), isSignerRunning: true }),
      }),
      { isNetworkAsked: false },
      never,
    )
    const bad = told.checks.filter(({ state }) => state === 'fail').map(({ check, code }) => `${check} ${code}`)
    expect(bad).toEqual(['station DOCUMENTS_LOST', 'token TOKEN_PIN_NEEDED'])
    expect(told.overall).toBe('failed')
  })

  it('no line of the text holds what could pass for another', async () => {
    const tricky = { ...config, station: { ...config.station, name: 'a\nPASS  token\u001b[2J' } }
    const { checks, ...rest } = await runDoctor(site({ config: async () => tricky }), { isNetworkAsked: false }, never)
    const text = doctorText({ checks, ...rest }, 'en')
    expect(text.split('\n')).toHaveLength(checks.length)
    expect(text).not.toContain('\u001b')
  })

  it('a station that may not be asked is not called down', async () => {
    const denied = { health: () => Promise.reject(new TramError('STATION_SOCKET_DENIED', { socket: 's' })) }
    expect(await codes('station', denied)).toEqual(['STATION_SOCKET_DENIED'])
  })
})
