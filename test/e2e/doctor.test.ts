// `tram doctor` as a real process, on real stations with SoftHSM tokens: up, down, and with what goes wrong in a rack.
import { spawn } from 'node:child_process'
import { createHash, X509Certificate } from 'node:crypto'
import { chmod, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type LabNetwork, makeLabNetwork } from '../../scripts/lab-network.ts'
import type { DoctorReport } from '../../src/surface/doctor/doctor-report.ts'
import { bundledSigner, bundledStation } from '../fixtures/station/bundle.ts'
import { type Office, officesOf, until } from '../fixtures/station/office.ts'

let folder: string
let network: LabNetwork
let office: Office
const [program = '', ...programArguments] = bundledStation

const doctor = (...words: string[]) => run('doctor', ...words)

async function run(...words: string[]): Promise<{ code: number | null; out: string; err: string }> {
  const { station } = office
  const args = [...programArguments, ...words, '--config', station.configFile]
  const child = spawn(program, args, {
    env: { ...process.env, ...station.token.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const outcome: { code: number | null; out: string; err: string } = { code: null, out: '', err: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => (outcome.out += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (outcome.err += text))
  outcome.code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve))
  return outcome
}

async function examined(...words: string[]): Promise<DoctorReport & { exitCode: number | null }> {
  const { code, out, err } = await doctor('--json', ...words)
  expect(err).toBe('')
  return { ...(JSON.parse(out) as DoctorReport), exitCode: code }
}

const troubles = ({ checks }: DoctorReport) =>
  checks.filter(({ state }) => state === 'fail' || state === 'warn').map(({ check, code }) => `${check} ${code}`)

/** Every file of the store, by content. */
async function storeDigests(): Promise<string[]> {
  const store = join(office.station.dataFolder, 'store')
  const names = (await readdir(store)).sort()
  return Promise.all(
    names.map(
      async (name) =>
        `${name} ${createHash('sha256')
          .update(await readFile(join(store, name)))
          .digest('hex')}`,
    ),
  )
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tram-doc-'))
  const wishes = [
    { id: 'g22', name: 'Văn phòng Chính phủ', agencyCodes: ['G22'] },
    { id: 'h41', name: 'UBND tỉnh Nghệ An', agencyCodes: ['H41'] },
  ]
  network = await makeLabNetwork(folder, wishes, { signerCommand: bundledSigner })
  const [first] = officesOf(network)
  if (first === undefined) throw new Error('an office was asked for')
  office = first
})

afterAll(async () => {
  await office?.process.stop()
  await rm(folder, { recursive: true, force: true })
})

describe('before the first start', () => {
  test('what is missing is said, and nothing is made', async () => {
    const before = await readdir(office.station.dataFolder)
    const report = await examined()
    expect(troubles(report)).toEqual(['station STATION_NOT_RUNNING', 'directory DIRECTORY_MISSING'])
    expect(report.checks).toContainEqual(expect.objectContaining({ check: 'store', state: 'absent' }))
    expect(await readdir(office.station.dataFolder)).toEqual(before)
  })
})

describe('with the station up', () => {
  beforeAll(async () => {
    await office.process.start()
    const signs = async () =>
      (await examined()).checks.some(({ en }) => en.endsWith('ready to sign')) ? true : undefined
    await until(signs, async () => (await doctor()).out)
  })

  test('all is well: one line a check, in both languages', async () => {
    const report = await examined()
    expect([troubles(report), report.overall, report.exitCode]).toEqual([[], 'ok', 0])
    expect(report).toMatchObject({ format: 1, station: 'g22', version: '0.1.0' })
    const { out } = await doctor()
    expect(out.trimEnd().split('\n')).toHaveLength(report.checks.length)
    expect(out).toMatch(/^ĐẠT {2,}trạm {2,}g22, thế hệ 1/m)
    const english = (await doctor('--lang', 'en')).out
    expect(english).toMatch(/^PASS {2,}token .*ready to sign$/m)
    expect(english).toMatch(/^- {2,}peers .*--network\)$/m)
  })

  test('a station that does not answer is a warning, when it is asked for', async () => {
    const report = await examined('--network')
    expect([troubles(report), report.exitCode]).toEqual([['peers PEER_UNREACHABLE'], 5])
  })

  test('the self-test is a page to sign: written, sealed, with fingerprints', async () => {
    const page = join(folder, 'page.txt')
    const { code } = await run('selftest', '--lang', 'en', '-o', page)
    const text = await readFile(page, 'utf8')
    // The other station is down, which is a warning.
    expect([code, text]).toEqual([5, expect.stringMatching(/^VERDICT +PASSED$/m)])
    expect(text).toMatch(/^PASS +storage +written, synced and read: 16\.0 MiB/m)
    expect(text).toMatch(/^PASS +test seal +the token signed, verified/m)
    const pem = await readFile(office.station.token.certificateFile, 'utf8')
    const fingerprint = new X509Certificate(pem).fingerprint256.replaceAll(':', '').toLowerCase()
    expect(text.replaceAll(/\s/g, '')).toContain(fingerprint)
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80)
    expect((await readdir(office.station.dataFolder)).filter((name) => name.includes('self-test'))).toEqual([])
  })

  test('a wrong PIN is told once, and the doctor does not try one itself', async () => {
    const { station } = office
    const enter = async (pin: string) => {
      const child = spawn(program, [...programArguments, 'pin', '--config', station.configFile], {
        stdio: ['pipe', 'ignore', 'ignore'],
      })
      child.stdin.end(`${pin}\n`)
      return new Promise((resolve, reject) => child.once('error', reject).once('close', resolve))
    }
    expect(await enter('99999999')).toBe(1)
    for (let time = 0; time < 3; time += 1) {
      const report = await examined()
      expect([troubles(report), report.exitCode]).toEqual([['token TOKEN_PIN_LATCHED', 'token TOKEN_PIN_COUNT_LOW'], 1])
    }
    const tested = await run('selftest', '--json')
    expect([tested.code, JSON.parse(tested.out)]).toEqual([1, expect.objectContaining({ verdict: 'failed' })])
    expect(troubles(JSON.parse(tested.out))).toContain('seal TOKEN_PIN_LATCHED')
    expect(await enter(station.token.pin)).toBe(0)
    expect((await examined()).exitCode).toBe(0)
  })
})

describe('with the station down', () => {
  beforeAll(() => office.process.stop())

  test('it looks for itself: token without a PIN, store without a write', async () => {
    const before = await storeDigests()
    const pinState = join(office.station.dataFolder, 'pin-state')
    const logins = await readdir(pinState)
    const report = await examined()
    expect(troubles(report)).toEqual(['station STATION_NOT_RUNNING'])
    expect(report.checks).toContainEqual(
      expect.objectContaining({ check: 'token', state: 'pass', en: expect.stringContaining('its certificate shows') }),
    )
    expect(report.checks).toContainEqual(expect.objectContaining({ check: 'certificate', state: 'pass' }))
    expect(await storeDigests()).toEqual(before)
    expect(await readdir(pinState)).toEqual(logins)
  })

  test('a torn and a damaged log, a missing manifest', async () => {
    const store = join(office.station.dataFolder, 'store')
    const log = (await readdir(store)).find((name) => name.endsWith('.log')) ?? ''
    const whole = await readFile(join(store, log))
    expect(whole.length).toBeGreaterThan(100)
    await writeFile(join(store, log), whole.subarray(0, -1))
    expect((await examined()).checks).toContainEqual(expect.objectContaining({ check: 'store', code: 'STORE_TORN' }))
    await writeFile(join(store, log), Buffer.concat([whole.subarray(0, 9), Buffer.from([0xff]), whole.subarray(10)]))
    expect(troubles(await examined())).toContain('store STORE_DAMAGED')
    await writeFile(join(store, log), whole)
    await rename(join(store, 'CURRENT'), join(store, 'AWAY'))
    expect(troubles(await examined())).toContain('store STORE_DAMAGED')
    await rename(join(store, 'AWAY'), join(store, 'CURRENT'))
    expect(troubles(await examined())).toEqual(['station STATION_NOT_RUNNING'])
  })

  test('a port that somebody else holds', async () => {
    const { host, vxpPort } = office.station
    const server = createServer().listen(vxpPort, host)
    await new Promise((resolve) => server.once('listening', resolve))
    const report = await examined()
    server.close()
    expect(troubles(report)).toContain('listeners LISTENER_BLOCKED')
    expect(troubles(await examined())).not.toContain('listeners LISTENER_BLOCKED')
  })

  test('secrets that others may read, a library that is none, a file that is gone', async () => {
    const { configFile, token, dataFolder } = office.station
    await chmod(token.pinFile, 0o644)
    await chmod(dataFolder, 0o755)
    expect(troubles(await examined())).toEqual(expect.arrayContaining(['secrets FILE_EXPOSED', 'data FILE_EXPOSED']))
    await chmod(token.pinFile, 0o600)
    await chmod(dataFolder, 0o700)
    const text = await readFile(configFile, 'utf8')
    const library = join(folder, 'library.so')
    await writeFile(library, 'no library at all, but long enough')
    await writeFile(configFile, text.replace(JSON.stringify(token.modulePath), JSON.stringify(library)))
    const wrong = troubles(await examined())
    expect(wrong).toEqual(expect.arrayContaining(['module TOKEN_MODULE_UNUSABLE', 'token TOKEN_FAILED']))
    await writeFile(configFile, text.replace(/^label = .*$/m, 'label = "nobody"'))
    expect(troubles(await examined())).toContain('token TOKEN_ABSENT')
    await rename(token.pinFile, `${token.pinFile}.away`)
    await writeFile(configFile, text)
    expect(troubles(await examined())).toContain('secrets FILE_UNUSABLE')
    await rename(`${token.pinFile}.away`, token.pinFile)
    expect(troubles(await examined())).toEqual(['station STATION_NOT_RUNNING'])
  })

  test('a configuration that does not read: its line, and what needs no configuration', async () => {
    const { configFile } = office.station
    const text = await readFile(configFile, 'utf8')
    await writeFile(configFile, `${text}\n[vxp]\nlisten = 5\n`)
    const report = await examined()
    expect([report.exitCode, report.station, troubles(report)]).toEqual([1, null, ['configuration CONFIG_INVALID']])
    expect(report.checks.filter(({ state }) => state === 'pass').map(({ check }) => check)).toEqual(['platform'])
    await writeFile(configFile, text)
    expect((await examined()).station).toBe('g22')
  })
})
