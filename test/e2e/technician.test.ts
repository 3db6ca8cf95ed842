// A technician's whole session over a pseudo-terminal: the bundled `tram console` beside a real station with a SoftHSM token. What
// the screen shows is docs/transcripts/technician.txt, word for word; `npm run transcript` writes it anew.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeLabNetwork } from '../../scripts/lab-network.ts'
import { dataPaths } from '../../src/base/paths.ts'
import { loadConfig } from '../../src/config.ts'
import { Technician } from '../fixtures/serial/technician.ts'
import { apiCall } from '../fixtures/station/api-call.ts'
import { bundledSigner, bundledStation, nodeEnv } from '../fixtures/station/bundle.ts'
import { type Office, officesOf, until } from '../fixtures/station/office.ts'
import { projectRoot } from '../fixtures/station/station-process.ts'

const transcriptFile = join(projectRoot, 'docs/transcripts/technician.txt')
const menu = 'Chọn (Enter: danh mục): '
const askPin = 'PIN (Enter để thôi): '

let folder: string
let office: Office
let technician: Technician
let program: ChildProcess
let log = ''

/** Starts `tram console` and resolves when it listens. */
async function startConsole(...words: string[]): Promise<ChildProcess> {
  const [command = '', ...argv] = bundledStation
  const child = spawn(command, [...argv, 'console', ...words], {
    env: { ...process.env, ...nodeEnv },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let own = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    own += text
    log += text
  })
  await until(
    async () => own.includes('"console-ready"') || child.exitCode !== null || undefined,
    async () => `the console does not come up: ${own}`,
  )
  expect(child.exitCode).toBe(null)
  return child
}

async function stop(child: ChildProcess | undefined): Promise<number | null> {
  if (child === undefined) return null
  if (child.exitCode === null) {
    child.kill('SIGTERM')
    await once(child, 'exit')
  }
  return child.exitCode
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tram-technician-'))
  const wishes = [{ id: 'h41', name: 'Trạm mới', agencyCodes: ['H41'] }]
  const network = await makeLabNetwork(folder, wishes, { signerCommand: bundledSigner })
  const [first] = officesOf(network)
  if (first === undefined) throw new Error('an office was asked for')
  office = first
  // A site that wants a person to enter the PIN, and a box with one known network port.
  const sys = join(folder, 'sys')
  const port = join(sys, 'class/net/end0')
  await mkdir(port, { recursive: true })
  for (const [name, value] of [
    ['operstate', 'up'],
    ['speed', '1000'],
    ['address', 'dc:a6:32:00:41:01'],
  ] as const)
    await writeFile(join(port, name), `${value}\n`)
  const { configFile } = office.station
  const text = (await readFile(configFile, 'utf8')).replace('pin_file = "pin"\n', '')
  const restart = JSON.stringify(['/bin/sh', '-c', `echo restart >>'${folder}/restarts'`])
  await writeFile(configFile, `${text}\n[box]\nsys_folder = "${sys}"\n\n[console]\nrestart_command = ${restart}\n`)
  await office.process.start()
  technician = new Technician(join(folder, 'line'))
  await technician.pty.plug()
  program = await startConsole('--config', configFile, '--line', join(folder, 'line'))
})

afterAll(async () => {
  await stop(program)
  await technician?.pty.unplug()
  await office?.process.stop()
  await rm(folder, { recursive: true, force: true })
})

/** What is another at each run, as words. */
async function stable(screen: string): Promise<string> {
  const { version } = JSON.parse(await readFile(join(projectRoot, 'package.json'), 'utf8'))
  return screen
    .replaceAll(version, '<phiên bản>')
    .replace(/12D3KooW\w+/g, '<mã nút>')
    .replace(/SHA-256:(\s+[0-9a-f]{8}){8}/g, 'SHA-256: <SHA-256>')
    .replace(/Ổ đĩa trống: \d+ MiB/g, 'Ổ đĩa trống: <số> MiB')
    .replace(/(?<=Xin chờ[^\n]*\n)ĐẠT.*?(?=^Chọn)/gms, `${examined}\n`)
    .replace(/[ \t]+$/gm, '')
}

/** The doctor tells of the machine and the folder that the test runs in; what it looks at is in its own tests. */
const examined = 'ĐẠT  cấu hình  …\nĐẠT  phần mềm  …\n<một dòng cho mỗi mục khám>'

describe('a technician', () => {
  test('sets the name and codes, restarts, enters the PIN, and sees that all is well', async () => {
    await technician.until('Press Enter to begin.\n')
    expect(await technician.type('', menu)).toContain('== Trạm h41 - Trạm mới ==')
    expect((await technician.type('1', menu)).replace(/\s+/g, ' ')).toContain('TOKEN_PIN_NEEDED')
    expect(await technician.type('2', menu)).toMatch(/^end0 {2}có tín hiệu 1000 Mb\/s {2}dc:a6:32:00:41:01/m)
    expect(await technician.type('3', menu)).toMatch(/Mã nút: 12D3KooW/)

    await technician.type('9', 'giữ nguyên): ')
    await technician.type('Sở Nội vụ tỉnh Nghệ An', 'giữ nguyên): ')
    await technician.type('h41 h41.1', 'để thôi: ')
    await technician.type('1', 'để thôi: ')
    expect(await technician.type('1', menu)).toContain('== Trạm h41 - Sở Nội vụ tỉnh Nghệ An ==')
    await until(
      async () => (await readFile(join(folder, 'restarts'), 'utf8').catch(() => '')) !== '' || undefined,
      async () => 'no restart was asked for',
    )
    await office.process.stop()
    await office.process.start()
    expect(await loadConfig(office.station.configFile)).toMatchObject({
      station: { name: 'Sở Nội vụ tỉnh Nghệ An' },
      backend: [{ agencies: ['H41', 'H41.1'], secret: office.station.backend.secret }],
    })

    await technician.type('8', askPin)
    expect(await technician.type(office.station.token.pin, menu)).toContain('Đã nhận PIN. Token sẵn sàng.')
    expect(await technician.type('1', menu)).toContain('Mọi thứ tốt.')
    const examined = await technician.type('4', menu)
    expect(examined).toMatch(/^ĐẠT {2}/m)
    expect(examined).not.toMatch(/^LỖI/m)
    await technician.type('q', 'Press Enter to begin.\n')

    const shown = await stable(technician.screen)
    if (process.env.TRAM_WRITE_TRANSCRIPT === '1') await writeFile(transcriptFile, shown)
    expect(shown).toBe(await readFile(transcriptFile, 'utf8'))
    for (const secret of [office.station.token.pin, office.station.backend.secret])
      expect(technician.screen + log).not.toContain(secret)
  })

  test('is in the audit log, whatever changed the configuration', async () => {
    const { apiSocket } = dataPaths(office.station.dataFolder)
    const { entries } = (await apiCall(apiSocket, '/v1/audit')).json<{ entries: Record<string, string>[] }>()
    const acts = entries.filter(({ act }) => act === 'configuration-changed')
    expect(acts).toEqual([expect.objectContaining({ subject: 'h41', detail: 'station, backend' })])
  })

  test('is served again when the plug was out, from the greeting on', async () => {
    await technician.type('', menu)
    await technician.type('9', 'giữ nguyên): ')
    technician.pty.say('Nửa chừng')
    await technician.until('Nửa chừng')
    await technician.pty.unplug()
    await technician.pty.plug()
    await technician.until('Press Enter to begin.\n')
    expect(await technician.type('', menu)).toContain('Sở Nội vụ tỉnh Nghệ An')
    await technician.type('q', 'Press Enter to begin.\n')
  })

  test('finds the console when the station is down, and when its configuration is none', async () => {
    await office.process.stop()
    await technician.type('', menu)
    for (const entry of ['1', '8']) expect(await technician.type(entry, menu)).toContain('STATION_NOT_RUNNING')
    expect(await technician.type('3', menu)).toContain('chưa biết (trạm không chạy')
    const good = await readFile(office.station.configFile, 'utf8')
    await writeFile(office.station.configFile, `nonsense\n${good}`)
    expect((await technician.type('1', menu)).replace(/\s+/g, ' ')).toContain('dòng 1')
    expect(await technician.type('9', menu)).toContain('CONFIG_INVALID')
    expect(await stop(program)).toBe(0)
    program = await startConsole('--config', office.station.configFile, '--line', join(folder, 'line'))
    await technician.until('Press Enter to begin.\n')
    expect(await technician.type('', menu)).toContain('== Trạm  ==')
    await writeFile(office.station.configFile, good)
    expect(await technician.type('', menu)).toContain('Sở Nội vụ tỉnh Nghệ An')
  })
})

test('without a line the console says what is missing', async () => {
  const [command = '', ...argv] = bundledStation
  const child = spawn(command, [...argv, 'console', '--config', office.station.configFile], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
  const [code] = await once(child, 'close')
  expect([code, said]).toEqual([1, expect.stringContaining('console.line')])
})
