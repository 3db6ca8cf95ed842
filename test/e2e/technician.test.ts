// A technician's whole session over a pseudo-terminal: the bundled `tram console` beside a real station with a SoftHSM token, on a box
// whose lights and network port are files, with a stick that is a loop mount (root). What the screen shows is
// docs/transcripts/technician.txt, word for word; `npm run transcript` writes it anew.
import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeLabNetwork } from '../../scripts/lab-network.ts'
import { dataPaths } from '../../src/base/paths.ts'
import { loadConfig } from '../../src/config.ts'
import { unzipped } from '../fixtures/evidence/unzipped.ts'
import { type BoxTree, boxTree } from '../fixtures/host/box-tree.ts'
import { Technician } from '../fixtures/serial/technician.ts'
import { apiCall } from '../fixtures/station/api-call.ts'
import { bundledSigner, bundledStation, nodeEnv } from '../fixtures/station/bundle.ts'
import { type Office, officesOf, until } from '../fixtures/station/office.ts'
import { projectRoot } from '../fixtures/station/station-process.ts'
import { type LoopDisk, makeLoopDisk, rootCommand } from '../fixtures/store/loop-disk.ts'

const transcriptFile = join(projectRoot, 'docs/transcripts/technician.txt')
const menu = 'Chọn (Enter: danh mục): '
const askPin = 'PIN (Enter để thôi): '

let folder: string
let office: Office
let technician: Technician
let program: ChildProcess
let log = ''
let box: BoxTree
/** Undefined without root. */
let stick: LoopDisk | undefined

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
  box = await boxTree('pi-4')
  for (const name of ['eth0', 'wlan0']) await box.drop(`sys/class/net/${name}`)
  const port = { operstate: 'up', speed: '1000', address: 'dc:a6:32:00:41:01', carrier: '1', carrier_changes: '2' }
  for (const [name, value] of Object.entries(port)) await box.set(`sys/class/net/end0/${name}`, value)
  await box.set('sys/class/net/end0/device/uevent', 'DRIVER=bcmgenet')
  if (rootCommand !== undefined) {
    await mkdir(join(folder, 'u'))
    stick = await makeLoopDisk(join(folder, 'u'), 64 * 1024 * 1024)
  }
  // A site that wants a person to enter the PIN.
  const { configFile, dataFolder } = office.station
  await chmod(configFile, 0o600)
  await mkdir(dataFolder, { recursive: true, mode: 0o700 })
  const text = (await readFile(configFile, 'utf8')).replace('pin_file = "pin"\n', '')
  const restart = JSON.stringify(['/bin/sh', '-c', `echo restart >>'${folder}/restarts'`])
  const lines = [`[box]`, `proc_folder = "${box.procFolder}"`, `sys_folder = "${box.sysFolder}"`, 'chronyc = "none"']
  lines.push('[console]', `restart_command = ${restart}`)
  if (stick !== undefined && rootCommand !== undefined) {
    const unmount = JSON.stringify([...rootCommand, 'umount', stick.path])
    lines.push(`stick_folder = "${stick.path}"`, `unmount_command = ${unmount}`)
  }
  await writeFile(configFile, `${text}\n${lines.join('\n')}\n`)
  await office.process.start()
  technician = new Technician(join(folder, 'line'))
  await technician.pty.plug()
  program = await startConsole('--config', configFile, '--line', join(folder, 'line'))
})

afterAll(async () => {
  await stop(program)
  await technician?.pty.unplug()
  await office?.process.stop()
  await stick?.unmount()
  await box?.remove()
  await rm(folder, { recursive: true, force: true })
})

/** What is another at each run, as words. */
async function stable(screen: string): Promise<string> {
  const { version } = JSON.parse(await readFile(join(projectRoot, 'package.json'), 'utf8'))
  return screen
    .replaceAll(version, '<phiên bản>')
    .replace(/12D3KooW\w+/g, '<mã nút>')
    .replace(/([A-Z2-7]{4}-){7}[A-Z2-7]{4}/g, '<vân tay>')
    .replace(/SHA-256:(\s+[0-9a-f]{8}){8}/g, 'SHA-256: <SHA-256>')
    .replace(/Ổ đĩa trống: \d+ MiB/g, 'Ổ đĩa trống: <số> MiB')
    .replace(shownOfMachine, (_, head: string) => `${head.padEnd(head.startsWith('ĐẠT    ') ? 27 : 22)}…`)
    .replace(/^(Thời điểm +).*$/gm, '$1<ngày giờ>')
    .replace(/(?<=^Phiên bản .*Node ).*$/gm, '<phiên bản>')
    .replace(/(?<=^Token +h41 \()\w+/gm, '<số sê-ri>')
    .replace(/(?<=^Chứng thư, SHA-256 +)[0-9a-f]+\n +[0-9a-f]+$/gm, '<SHA-256>')
    .replace(/[\d.]+ [KMG]iB\/s/g, '<số> MiB/s')
    .replace(/trong \d+ ms/g, 'trong <số> ms')
    .replace(/^\/[\s\S]*?\.zip:\s+\d+\s+KiB$/gm, '/media/usb/tram-h41-<ngày giờ>.zip: <số> KiB')
    .replace(/ra USB ở\s[\s\S]*?\sthere\s+\(/g, 'ra USB ở /media/usb: no stick is mounted there (')
    .replace(/(?<=^SHA-256 )[0-9a-f]{64}$/gm, '<SHA-256>')
    .replace(/[ \t]+$/gm, '')
}

/** Lines of doctor and self-test that tell of the machine and the folder that the test runs in, with what is wrapped below. */
const ofMachine =
  'cấu hình|phần mềm|trạm|thư mục dữ liệu|ổ đĩa|kho|thư viện token|token|chứng thư trạm|chứng thư CA|danh bạ|địa chỉ'
const shownOfMachine = new RegExp(`^(ĐẠT +(?:${ofMachine}))(?:  +.*)?(?:\\n +.*)*$`, 'gm')

/** The bundle goes to the stick, which is unmounted then; what is on it afterwards is the bundle, whole. */
async function saveBundle(disk: LoopDisk): Promise<void> {
  const told = await technician.type('6', menu)
  expect(told).toContain('Có thể rút USB.')
  const sha256 = /^SHA-256 ([0-9a-f]{64})$/m.exec(told)?.[1]
  expect(await technician.type('6', menu)).toContain('STICK_UNUSABLE')
  await disk.remount()
  const [name = '', ...others] = (await readdir(disk.path)).filter((one) => one !== 'lost+found')
  expect([name, others]).toEqual([expect.stringMatching(/^tram-h41-\d{8}T\d{6}\.zip$/), []])
  const bytes = await readFile(join(disk.path, name))
  expect(createHash('sha256').update(bytes).digest('hex')).toBe(sha256)
  const members = await unzipped(bytes)
  const manifest = JSON.parse(members.get('manifest.json')?.toString() ?? '')
  expect(manifest.members.length).toBe(members.size - 1)
  for (const { name: member, sha256: digest } of manifest.members)
    expect(
      createHash('sha256')
        .update(members.get(member) ?? '')
        .digest('hex'),
      member,
    ).toBe(digest)
  expect(JSON.parse(members.get('health.json')?.toString() ?? '')).toMatchObject({ station: 'h41' })
}

/** What drives a light of the box. What is shorter than the text before leaves the rest of it in a plain file. */
async function light(name: string): Promise<{ trigger: string; onMs: string }> {
  const read = async (file: string) => (await readFile(join(box.sysFolder, 'class/leds', name, file), 'utf8')).trim()
  const [trigger, onMs] = await Promise.all([read('trigger'), read('delay_on')])
  return { trigger: trigger.startsWith('timer') ? 'timer' : trigger.slice(0, 4), onMs: onMs.slice(0, 3) }
}

const untilLight = (name: string, trigger: string, onMs: string) =>
  until(
    async () => {
      const now = await light(name)
      return (now.trigger === trigger && (onMs === '' || now.onMs === onMs)) || undefined
    },
    async () => `${name}: ${JSON.stringify(await light(name))}`,
  )

/** Runs a command of the bundle to its end. */
async function tram(...words: string[]): Promise<{ code: number; out: string; err: string }> {
  const [command = '', ...argv] = bundledStation
  const child = spawn(command, [...argv, ...words], { stdio: ['ignore', 'pipe', 'pipe'] })
  let [out, err] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
  const [code] = await once(child, 'close')
  return { code, out, err }
}

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
    // Its signer starts beside it. Not asked on the screen: how often would be another in each transcript.
    const { apiSocket } = dataPaths(office.station.dataFolder)
    const health = async () => (await apiCall(apiSocket, '/v1/health')).bytes.toString()
    await until(
      async () => (await health()).includes('TOKEN_PIN_NEEDED') || undefined,
      async () => `no PIN is asked for: ${await health()}`,
    )

    await technician.type('8', askPin)
    expect(await technician.type(office.station.token.pin, menu)).toContain('Đã nhận PIN. Token sẵn sàng.')
    expect(await technician.type('1', menu)).toContain('Mọi thứ tốt.')
    const examined = await technician.type('4', menu)
    expect(examined).toMatch(/^ĐẠT {2}/m)
    expect(examined).not.toMatch(/^LỖI/m)
    const page = await technician.type('5', menu)
    expect(page).toMatch(/^KẾT LUẬN +ĐẠT$/m)
    expect(page).toMatch(/^ĐẠT +niêm phong thử /m)
    if (stick !== undefined) await saveBundle(stick)
    expect(await technician.type('7', menu)).toContain('Đèn đang nháy')
    await untilLight('ACT', 'timer', '100')
    await untilLight('PWR', 'timer', '100')
    await technician.type('q', 'Press Enter to begin.\n')

    // Without root there was no stick, and the session is another.
    if (stick !== undefined) {
      const shown = await stable(technician.screen)
      if (process.env.TRAM_WRITE_TRANSCRIPT === '1') await writeFile(transcriptFile, shown)
      expect(shown).toBe(await readFile(transcriptFile, 'utf8'))
    }
    for (const secret of [office.station.token.pin, office.station.backend.secret])
      expect(technician.screen + log).not.toContain(secret)
  })

  test.skipIf(rootCommand)('saves a bundle to a stick, and the transcript: NOT RUN (needs root)')

  test('ends the blinking sooner with the command, which says what cannot be', async () => {
    const identify = (...words: string[]) => tram('identify', '--config', office.station.configFile, ...words)
    expect(await identify('--seconds', '1')).toMatchObject({ code: 0, out: 'Đèn đang nháy.\n' })
    await untilLight('ACT', 'none', '')
    for (const seconds of ['601', '0', 'nhiều'])
      expect(await identify('--seconds', seconds)).toMatchObject({ code: 2, err: expect.stringContaining('seconds') })
    expect(await light('ACT')).toMatchObject({ trigger: 'none' })
  })

  test('is in the audit log, whatever changed the configuration', async () => {
    const { apiSocket } = dataPaths(office.station.dataFolder)
    const { entries } = (await apiCall(apiSocket, '/v1/audit')).json<{ entries: Record<string, string>[] }>()
    const acts = entries.filter(({ act }) => act === 'configuration-changed')
    expect(acts).toEqual([expect.objectContaining({ subject: 'h41', detail: 'station, backend' })])
    const pins = entries.filter(({ act }) => act === 'pin-entered')
    expect(pins).toEqual([expect.objectContaining({ subject: 'h41', detail: 'accepted' })])
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
