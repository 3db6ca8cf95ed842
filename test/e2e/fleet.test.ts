// `tram fleet` as a real process at a real mosquitto with the configuration that is shipped, and two real stations that report to it:
// once as JSON and as a table, as lines of JSON while a station is killed and another has a condition, and on a terminal.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { makeLabNetwork } from '../../scripts/lab-network.ts'
import type { FleetRow } from '../../src/surface/fleet/fleet-row.ts'
import { type KitBroker, openKitBroker } from '../fixtures/mqtt/kit-broker.ts'
import { freePort } from '../fixtures/mqtt/mosquitto.ts'
import { bundledSigner, bundledStation } from '../fixtures/station/bundle.ts'
import { setOption } from '../fixtures/station/lab-changes.ts'
import { type Office, officesOf, until } from '../fixtures/station/office.ts'

interface Answer {
  format: number
  overall: string
  stations: FleetRow[]
}

type Line = FleetRow & { type: string; isConnected: boolean }

let kit: KitBroker
let folder: string
let offices: Office[]
const children: ChildProcess[] = []

const operatorUrl = () => `mqtts://${kit.operator.host}:${kit.operator.port}`

/** The command, with the operator's rights. */
const words = (...more: string[]): string[] => [
  ...[...bundledStation, 'fleet', '--broker', operatorUrl(), '--ca', kit.operator.caFile],
  ...['--user', kit.operator.user, ...more],
]
/** What is raised when the token is away, or the program that signs with it. */
const tokenTrouble = /^(TOKEN|SIGNER)_/
const passwordFile = () => join(folder, 'password')

async function fleet(...more: string[]): Promise<{ code: number | null; out: string; err: string }> {
  return outcomeOf(words('--password-file', passwordFile(), ...more))
}

async function outcomeOf([program = '', ...argv]: string[], input = '') {
  const child = spawn(program, argv)
  const outcome: { code: number | null; out: string; err: string } = { code: null, out: '', err: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => (outcome.out += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (outcome.err += text))
  child.stdin.end(input)
  outcome.code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve))
  return outcome
}

const office = (at: number): Office => {
  const found = offices[at]
  if (found === undefined) throw new Error('two stations were asked for')
  return found
}

beforeAll(async () => {
  kit = await openKitBroker(['g22', 'h41'])
  folder = await mkdtemp(join(tmpdir(), 'tram-fleet-'))
  await writeFile(passwordFile(), `${kit.operator.password}\n`)
  const wishes = [
    { id: 'g22', name: 'Văn phòng Chính phủ', agencyCodes: ['G22'] },
    { id: 'h41', name: 'UBND tỉnh Nghệ An', agencyCodes: ['H41'] },
  ]
  const network = await makeLabNetwork(folder, wishes, { signerCommand: bundledSigner })
  offices = officesOf(network)
  for (const { station } of offices) {
    const mqtt = { ...kit.optionsOf(station.id), state_interval_s: 5, will_delay_s: 1 }
    for (const [name, value] of Object.entries(mqtt)) await setOption(station, 'mqtt', name, value)
  }
  await Promise.all(offices.map(({ process }) => process.start()))
})

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

afterAll(async () => {
  for (const { process } of offices ?? []) await process.stop()
  await kit?.remove()
  await rm(folder, { recursive: true, force: true })
})

/** Asks until the stations are as wanted. */
async function answerWhen(isSo: (answer: Answer) => boolean): Promise<{ code: number | null; answer: Answer }> {
  let seen = ''
  return until(
    async () => {
      const { code, out, err } = await fleet('--once', '--json')
      seen = out + err
      if (code === 1 && out === '') throw new Error(err)
      const answer = JSON.parse(out) as Answer
      return isSo(answer) ? { code, answer } : undefined
    },
    async () => seen,
  )
}

test('--once: every station with what it is, as JSON and as a table', async () => {
  const { code, answer } = await answerWhen(
    // The first that a station says is that its token is not there yet.
    ({ stations }) =>
      stations.length === 2 &&
      stations.every((row) => row.queueDepth === 0 && row.certificateDays !== null && row.overall !== 'failed'),
  )
  expect(answer).toMatchObject({ format: 1, broker: operatorUrl(), evicted: 0 })
  expect(code).toBe({ ok: 0, degraded: 5, failed: 1 }[answer.overall])
  for (const row of answer.stations) {
    expect(row).toMatchObject({ site: 'hn', since: null, queueDepth: 0, peersKnown: 1, version: expect.any(String) })
    expect(['ok', 'degraded']).toContain(row.overall)
    expect(Math.abs((row.lastSeen ?? 0) - Date.now())).toBeLessThan(600_000)
    expect(row.certificateDays).toBeGreaterThan(1)
  }
  expect(answer.stations.map(({ name }) => name).sort()).toEqual(['UBND tỉnh Nghệ An', 'Văn phòng Chính phủ'])
  const table = await fleet('--once', '--lang', 'en', '--site', 'hn')
  expect(table.out).toMatch(/^STATE +STATION +FOR .* WORST CONDITION\n.*hn\/(g22|h41) /)
  expect(table.out).toMatch(/\n2 stations: /)
  // Without a terminal the same, and in Vietnamese; a password that is written in.
  const asked = await outcomeOf(words(), `${kit.operator.password}\n`)
  expect(asked.out).toContain('2 trạm: ')
  const nowhere = await fleet('--once', '--json', '--site', 'elsewhere')
  expect([nowhere.code, JSON.parse(nowhere.out)]).toMatchObject([5, { overall: 'degraded', stations: [] }])
})

test('lines of JSON: a condition that comes and goes, and a station that is killed', async () => {
  const [program = '', ...argv] = words('--json', '--password-file', passwordFile())
  const child = spawn(program, argv, { stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  const lines: Line[] = []
  let rest = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\n')
    rest = parts.pop() ?? ''
    lines.push(...parts.map((part) => JSON.parse(part) as Line))
  })
  const seen = (isIt: (line: Line) => boolean) =>
    until(
      async () => lines.find(isIt),
      async () => JSON.stringify(lines.slice(-10)),
    )
  await seen(({ type, isConnected }) => type === 'connection' && isConnected)
  await seen(({ type, station }) => type === 'station' && station === 'h41')

  // Its signer is killed, with the token gone: the station cannot seal.
  const { token } = office(0).station
  const tokens = token.env.SOFTHSM2_CONF.replace(/softhsm2\.conf$/, 'tokens')
  execFileSync('mv', [tokens, `${tokens}.out`])
  for (const pid of childrenOf(office(0).process.pid ?? 0)) process.kill(pid, 'SIGKILL')
  // The state may be there before the event, which knows since when.
  const raised = await seen(
    ({ station, worst, since }) => station === 'g22' && tokenTrouble.test(worst?.code ?? '') && since !== null,
  )
  expect(['failed', 'degraded']).toContain(raised.overall)
  expect(raised.worst?.text).not.toBe('')
  execFileSync('mv', [`${tokens}.out`, tokens])
  const at = lines.length
  await until(
    async () =>
      lines.slice(at).find(({ station, worst }) => station === 'g22' && !tokenTrouble.test(worst?.code ?? '')),
    async () => JSON.stringify(lines.slice(-10)),
  )

  await office(1).process.kill()
  await seen(({ station, overall, since }) => station === 'h41' && overall === 'offline' && since !== null)
  // The other misses its peer. Whoever looks now is told, and so is the exit code.
  const { code, answer } = await answerWhen(({ overall }) => overall === 'failed')
  expect(code).toBe(1)
  expect(answer.stations.map(({ station }) => station)).toContain('h41')
  expect(answer.stations.find(({ station }) => station === 'h41')).toMatchObject({ overall: 'offline', since: null })
  await office(1).process.start()
  await until(
    async () => lines.findLast(({ station }) => station === 'h41')?.overall !== 'offline' || undefined,
    async () => JSON.stringify(lines.slice(-10)),
  )
  child.kill('SIGTERM')
  expect(await once(child, 'exit')).toEqual([0, null])
})

/** Process ids of the children of a process. */
const childrenOf = (pid: number): number[] =>
  execFileSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' })
    .split(/\s+/)
    .filter(Boolean)
    .map(Number)

test('on a terminal: a screen of its own that keys page and filter, and that is left as it was', async () => {
  const quoted = words('--lang', 'en')
    .map((word) => `'${word}'`)
    .join(' ')
  // script(1) gives the command a terminal and copies what appears on it.
  const child = spawn('script', ['-qfec', `stty cols 100 rows 12; exec ${quoted}`, '/dev/null'])
  children.push(child)
  let screen = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (screen += text))
  const last = () => stripVTControlCharacters(screen.slice(screen.lastIndexOf('\u001b[H'))).replace(/\r+\n/g, '\n')
  const shows = (pattern: RegExp) =>
    until(
      async () => (pattern.test(last()) ? true : undefined),
      async () => screen.slice(-3000),
    )
  await until(
    async () => screen.includes('Password: ') || undefined,
    async () => screen,
  )
  child.stdin.write(`${kit.operator.password}\r`)
  await shows(/: connected · 2 stations: .*\n.*STATION.*\n.*hn\/(g22|h41).*\n.*hn\/(g22|h41)/)
  expect(screen).not.toContain(kit.operator.password)
  for (const line of last().split('\n')) expect(line.trimEnd().length).toBeLessThanOrEqual(100)
  child.stdin.write('/')
  child.stdin.write('h41')
  await shows(/\/h41_/)
  child.stdin.write('\r')
  await shows(/filter \/h41/)
  expect(last()).toContain('hn/h41')
  expect(last()).not.toContain('hn/g22')
  const left = screen.length
  child.stdin.write('q')
  expect(await once(child, 'exit')).toEqual([0, null])
  expect(screen.slice(left)).toContain('\u001b[?25h\u001b[?1049l')
})

test('a mistake is named before anything is connected, and a broker that cannot be read when it is', async () => {
  const [program = '', ...before] = [...bundledStation, 'fleet']
  for (const [more, field] of [
    [['--broker', 'http://x'], '--broker'],
    [['--broker', 'mqtt://example.vn'], '--broker'],
    [['--broker', 'mqtts://me:secret@example.vn'], '--broker'],
    [['--broker', 'mqtts://example.vn', '--cert', 'x'], '--cert'],
    [['--broker', 'mqtts://example.vn', '--site', 'A/#'], '--site'],
    [['--broker', 'mqtts://example.vn', '--user', 'u', '--password-file', '/nowhere'], '--password-file'],
    [[], '--broker'],
  ] as const) {
    const { code, out, err } = await outcomeOf([program, ...before, '--once', ...more])
    expect([code, out]).toEqual([2, ''])
    expect(err).toContain(field)
    expect(err).not.toContain('secret')
  }
  const closed = `mqtt://127.0.0.1:${await freePort()}`
  const away = await outcomeOf([program, ...before, '--once', '--broker', closed])
  expect([away.code, away.out]).toEqual([1, ''])
  expect(away.err).toContain('FLEET_UNREADABLE')
  await writeFile(join(folder, 'wrong'), 'đoán')
  const refused = await outcomeOf(words('--once', '--password-file', join(folder, 'wrong')))
  expect([refused.code, refused.out]).toEqual([1, ''])
  expect(refused.err).toContain('FLEET_UNREADABLE')
})
