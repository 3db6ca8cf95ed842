// The doctor's checks on a site made by hand: each condition that it can raise, raised and cleared; checks that hang or throw.
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TramError } from '../../../../src/base/errors.ts'
import { parseCertificate } from '../../../../src/document/certificate.ts'
import type { StationEntry } from '../../../../src/document/schema/directory.ts'
import type { BoxReadings } from '../../../../src/equipment/host/box-readings.ts'
import type { TokenDescription } from '../../../../src/equipment/token/token.ts'
import { healthCondition } from '../../../../src/exchange/health/station-health.ts'
import { roomTroubles } from '../../../../src/surface/doctor/check-folders.ts'
import { parseAvailable, platformTroubles } from '../../../../src/surface/doctor/check-station.ts'
import { lockHolder } from '../../../../src/surface/doctor/check-store.ts'
import { runCheck, runDoctor } from '../../../../src/surface/doctor/doctor.ts'
import type { CheckName } from '../../../../src/surface/doctor/doctor-report.ts'
import type { DoctorConfig, DoctorSite } from '../../../../src/surface/doctor/doctor-site.ts'
import { doctorText } from '../../../../src/surface/doctor/doctor-text.ts'
import { DoctorKit } from '../../../fixtures/doctor/doctor-kit.ts'
import { createTestPki } from '../../../fixtures/pki/test-pki.ts'
import { never } from '../../../fixtures/store/temporary-store.ts'

const dayMs = 86_400_000
let folder: string
let kit: DoctorKit

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tram-docu-'))
  kit = await DoctorKit.create(folder)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** Codes of the lines of one check, or how they are. */
const codes = async (...args: Parameters<DoctorKit['lines']>) =>
  (await kit.lines(...args)).map(({ state, code }) => code ?? state)

describe('a station without trouble', () => {
  it('passes every check', async () => {
    const { overall, checks } = await runDoctor(kit.site(), { isNetworkAsked: false }, never)
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
    const station = { ...kit.config.station, data_folder: join(folder, 'nowhere') }
    expect(await codes('data', kit.withConfig({ station }))).toEqual(['DATA_FOLDER_UNUSABLE'])
    expect(await codes('disk', kit.withConfig({ station }))).toEqual(['DATA_FOLDER_UNUSABLE'])
    expect(await codes('data', kit.withConfig({ station: { ...station, data_folder: kit.config.file } }))).toEqual([
      'DATA_FOLDER_UNUSABLE',
    ])
    const empty = join(folder, 'empty')
    await writeFile(empty, '', { mode: 0o600 })
    expect(await codes('secrets', kit.withConfig({ backend: [{ secret_file: empty }] }))).toEqual(['FILE_UNUSABLE'])
    await chmod(kit.config.file, 0o644)
    expect(await codes('secrets', kit.withConfig({ backend: [{}] }))).toEqual(['FILE_EXPOSED'])
    await chmod(kit.config.file, 0o600)
    expect(await codes('secrets', kit.withConfig({ backend: [{}] }))).toEqual(['absent'])
  })

  it('room: bytes and files', () => {
    const room = { bavail: 100, bsize: 10, ffree: 50, files: 100 }
    const said = (changes: object) => roomTroubles({ ...room, ...changes }, 999).map(({ code }) => code)
    expect([said({}), said({ bavail: 99 }), said({ ffree: 4 }), said({ ffree: 0, files: 0 })]).toEqual([
      [],
      ['DISK_FULL'],
      ['DISK_INODES_LOW'],
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
    const { notAfterMs } = parseCertificate(kit.leaf.certificateDer)
    const endingIn = async (days: number) => codes('certificate', { now: () => notAfterMs - days * dayMs })
    expect(await endingIn(31)).toEqual(['pass'])
    expect(await endingIn(29)).toEqual(['CERTIFICATE_EXPIRING'])
    expect(await endingIn(6)).toEqual(['CERTIFICATE_EXPIRES_SOON'])
    expect(await endingIn(-1)).toEqual(['CERTIFICATE_UNUSABLE'])
    const strange = await (await createTestPki()).issue({ commonName: 'tinh-1' })
    const description = kit.token({ certificate: strange.certificateDer })
    expect(await codes('certificate', { token: async () => ({ description, isSignerRunning: true }) })).toEqual([
      'CERTIFICATE_UNUSABLE',
    ])
    expect(await codes('trust', { now: () => Date.now() + 100 * 365 * dayMs })).toContain('CERTIFICATE_UNUSABLE')
  })

  it('the token: by its state, and what is left of its PIN', async () => {
    const said = (changes: Partial<TokenDescription>, isSignerRunning = true) =>
      codes('token', { token: async () => ({ description: kit.token(changes), isSignerRunning }) })
    expect(await said({ state: 'needs-pin' })).toEqual(['TOKEN_PIN_NEEDED'])
    expect(await said({ state: 'needs-pin' }, false)).toEqual(['pass'])
    expect(await said({ state: 'needs-pin', pinCountLow: true }, false)).toEqual(['TOKEN_PIN_LATCHED'])
    expect(await said({ pinFinalTry: true })).toEqual(['pass', 'TOKEN_PIN_FINAL_TRY'])
    expect(await said({ pinCountLow: true })).toEqual(['pass', 'TOKEN_PIN_COUNT_LOW'])
    expect(await said({ state: 'unreachable' })).toEqual(['SIGNER_UNREACHABLE'])
  })

  it('the directory: none, expired, without this station as it is', async () => {
    const said = (own: StationEntry | undefined, expires = 0) =>
      codes('directory', { directory: async () => kit.found(own, [], expires) })
    expect(await codes('directory', { directory: async () => undefined })).toEqual(['DIRECTORY_MISSING'])
    expect(await said(kit.entry(), Date.now() - 1)).toEqual(['DIRECTORY_EXPIRED'])
    expect(await said(kit.entry(), Date.now() + 13 * dayMs)).toEqual(['DIRECTORY_EXPIRING'])
    expect(await said(kit.entry(), Date.now() + 15 * dayMs)).toEqual(['pass'])
    expect(await said(undefined)).toEqual(['STATION_UNLISTED'])
    expect(await said(kit.entry({ certificates: [] }))).toEqual(['STATION_UNLISTED'])
    expect(await said(kit.entry({ peerKeys: [{ peerId: 'peer-2' }] }))).toEqual(['STATION_UNLISTED'])
  })

  it('addresses: what the directory does not list, what nobody can call', async () => {
    const said = (own: StationEntry | undefined, changes: Partial<DoctorConfig> = {}) =>
      codes('addresses', { ...kit.withConfig(changes), directory: async () => kit.found(own) })
    expect(await said(kit.entry())).toEqual(['pass'])
    expect(await said(kit.entry({ addresses: [] }))).toEqual(['ADDRESS_UNLISTED'])
    const link = { ...kit.config.link, listen: ['/ip4/0.0.0.0/tcp/4101'] }
    delete link.announce
    expect(await said(undefined, { link })).toEqual(['ADDRESS_UNLISTED'])
    expect(await said(kit.entry(), { link })).toEqual(['pass'])
  })

  it('the box: power and time, and what cannot tell', async () => {
    const said = async (check: CheckName, readings: BoxReadings) => codes(check, { box: async () => readings })
    expect(await said('power', {})).toEqual(['absent'])
    expect(await said('power', { undervoltage: true, undervoltageSinceBoot: true })).toEqual(['BOX_UNDERVOLTAGE'])
    expect(await said('power', { undervoltage: false, undervoltageSinceBoot: true })).toEqual(['warn'])
    expect(await said('power', { undervoltage: false, undervoltageSinceBoot: false })).toEqual(['pass'])
    expect(await said('time', {})).toEqual(['absent'])
    expect(await said('time', { clockSynchronised: false })).toEqual(['CLOCK_UNSYNCHRONISED'])
    expect(await said('time', { clockSynchronised: true, clockErrorMs: 3 })).toEqual(['pass'])
  })

  it('the UPS: as the running station knows it, and whether one can know', async () => {
    const ups = { line: '/dev/ups' }
    const metrics = { ups_present: 1, ups_on_mains: 1, ups_input_volts: 226.4, ups_load_ratio: 0.14 }
    const said = (changes: Partial<DoctorSite>) =>
      codes('power', { ...kit.withConfig({ ups }), metrics: async () => metrics, ...changes })
    const [, line] = await kit.lines('power', { ...kit.withConfig({ ups }), metrics: async () => metrics })
    expect(line).toMatchObject({ state: 'pass', vi: 'UPS: có điện lưới, 226 V, tải 14 %' })
    expect(await said({ metrics: async () => ({ ups_present: 0 }) })).toEqual(['pass', 'absent'])
    const battery = healthCondition(new TramError('UPS_ON_BATTERY', {}))
    const onBattery = { health: async () => kit.report([battery]), box: async () => ({ undervoltage: true }) }
    expect(await said(onBattery)).toEqual(['BOX_UNDERVOLTAGE', 'UPS_ON_BATTERY'])
    const health = () => Promise.reject(new TramError('STATION_NOT_RUNNING', { socket: 's' }))
    expect(await said({ health })).toEqual(['pass', 'absent'])
  })

  it('the broker: asked when there is one', async () => {
    const mqtt = { url: 'mqtts://broker:8883' }
    const away = new TramError('BROKER_UNREACHABLE', { broker: mqtt.url, detail: 'certificate expired' })
    expect(await codes('broker', kit.withConfig({ mqtt }))).toEqual(['pass'])
    const probeBroker = () => Promise.reject(away)
    expect(await codes('broker', { ...kit.withConfig({ mqtt }), probeBroker })).toEqual(['BROKER_UNREACHABLE'])
    expect(await codes('broker', { probeBroker })).toEqual(['absent'])
  })

  it('a lock on the store: of this device and inode alone', () => {
    const locks = '1: FLOCK  ADVISORY  WRITE 7 fe:00:12 0 EOF\n2: POSIX  ADVISORY  WRITE 8 fe:01:12 0 EOF\n'
    const own = `${locks}3: POSIX  ADVISORY  WRITE 9 fe:00:12 0 EOF\n`
    expect(lockHolder(own, '254:0', 12n)).toBe(9)
    expect(lockHolder(locks, '254:0', 12n)).toBeUndefined()
    expect(lockHolder(locks, undefined, 12n)).toBe(8)
    expect(lockHolder(own, '254:0', 13n)).toBeUndefined()
  })

  it('peers: who answers and who does not', async () => {
    const server = createServer((socket) => socket.end()).listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as { port: number }
    const other = (id: string, addresses: string[]) => kit.entry({ id, addresses })
    const answering = other('a', [`/ip4/127.0.0.1/tcp/${port}`])
    const peers = (others: StationEntry[]) =>
      codes('peers', { directory: async () => kit.found(kit.entry(), others) }, true)
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
      kit.site({ directory: () => new Promise(() => undefined), peerId: () => Promise.reject(new Error('no')) }),
      { isNetworkAsked: false, checkTimeoutMs: 50 },
      never,
    )
    const line = (name: string) => hanging.checks.find(({ check }) => check === name)
    expect([line('directory')?.code, line('addresses')?.code]).toEqual(['CHECK_UNFINISHED', 'CHECK_UNFINISHED'])
    expect(line('token')?.state).toBe('pass')
    const thrown = await runCheck('data', () => Promise.reject(new Error('what')), kit.site(), 1000, never)
    expect(thrown).toEqual([
      expect.objectContaining({ code: 'CHECK_UNFINISHED', data: { check: 'data', detail: 'what' } }),
    ])
  })

  it('ends when it is told to', async () => {
    const stop = new AbortController()
    const running = runDoctor(
      kit.site({ token: () => new Promise(() => undefined) }),
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
      kit.site({
        health: async () => kit.report([needed, lost]),
        token: async () => ({ description: kit.token({ state: 'needs-pin' }), isSignerRunning: true }),
      }),
      { isNetworkAsked: false },
      never,
    )
    const bad = told.checks.filter(({ state }) => state === 'fail').map(({ check, code }) => `${check} ${code}`)
    expect(bad).toEqual(['station DOCUMENTS_LOST', 'token TOKEN_PIN_NEEDED'])
    expect(told.overall).toBe('failed')
  })

  it('no line of the text holds what could pass for another', async () => {
    const tricky = { ...kit.config, station: { ...kit.config.station, name: 'a\nPASS  token\u001b[2J' } }
    const { checks, ...rest } = await runDoctor(
      kit.site({ config: async () => tricky }),
      { isNetworkAsked: false },
      never,
    )
    const text = doctorText({ checks, ...rest }, 'en')
    expect(text.split('\n')).toHaveLength(checks.length)
    expect(text).not.toContain('\u001b')
  })

  it('a station that may not be asked is not called down', async () => {
    const denied = { health: () => Promise.reject(new TramError('STATION_SOCKET_DENIED', { socket: 's' })) }
    expect(await codes('station', denied)).toEqual(['STATION_SOCKET_DENIED'])
  })
})
