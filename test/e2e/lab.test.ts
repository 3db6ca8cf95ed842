// `scripts/lab` as a newcomer and as another program use it: the whole command in a folder of its own, its last line and exit
// code, lab.json, a second start, a station killed, Ctrl-C, a lab killed, and `down`. Processes are checked by their ids.
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { LabFile } from '../../scripts/lab-folder.ts'
import { buildPacket } from '../fixtures/edxml/build-packet.ts'
import { Onlooker } from '../fixtures/mqtt/mosquitto.ts'
import { until } from '../fixtures/station/office.ts'
import { projectRoot } from '../fixtures/station/station-process.ts'
import { VxpKit } from '../fixtures/vxp-kit/vxp-kit.ts'

const run = promisify(execFile)
const script = join(projectRoot, 'scripts/lab')

let parent: string
let folder: string
/** Labs that a failed test may leave. */
const labs: ChildProcess[] = []

beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'tram-lab-'))
  folder = join(parent, 'lab')
})
afterAll(async () => {
  for (const lab of labs) lab.kill('SIGKILL')
  await run(script, ['down', '--folder', folder])
  await rm(parent, { recursive: true, force: true })
})

const labFile = (): LabFile | undefined => {
  const file = join(folder, 'lab.json')
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as LabFile) : undefined
}

/** Whether a process is there; one that has ended and that nobody has waited for is not. */
function isAlive(pid: number): boolean {
  return existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
}

/** A station and its signer; it has other children, too, that ask something of the box and end. */
const familyOf = (pid: number): number[] => [
  pid,
  ...readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .split(' ')
    .filter(Boolean)
    .map(Number)
    .filter((child) => commandOf(child).includes('tram-signer')),
]

/** '' for one that has ended meanwhile. */
const commandOf = (pid: number): string =>
  existsSync(`/proc/${pid}`) ? readFileSync(`/proc/${pid}/cmdline`, 'utf8') : ''

/** Starts the long-running lab. Resolves when lab.json is there. */
async function startLab(): Promise<{
  lab: ChildProcess
  file: LabFile
  output: () => string
  ended: Promise<number | null>
}> {
  const lab = spawn(script, ['--folder', folder], { stdio: ['ignore', 'pipe', 'pipe'] })
  labs.push(lab)
  let text = ''
  for (const stream of [lab.stdout, lab.stderr])
    stream?.setEncoding('utf8').on('data', (piece: string) => (text += piece))
  const ended = new Promise<number | null>((resolve) => lab.once('close', resolve))
  const file = await until(
    async () => {
      if (lab.exitCode !== null) throw new Error(text)
      const found = labFile()
      return found?.running === true && found.labPid === lab.pid ? found : undefined
    },
    async () => text,
  )
  return { lab, file, output: () => text, ended }
}

const gone = (pids: readonly number[]) =>
  until(
    async () => (pids.some(isAlive) ? undefined : true),
    async () => `still there: ${pids.filter(isAlive)}`,
  )

test('--once: every recipient is served, the last line says so, and no station is left', async () => {
  const { stdout } = await run(script, ['--once', '--folder', folder])
  expect(stdout.trimEnd().split('\n').at(-1)).toBe('delivered 2 of 2')
  const file = labFile()
  expect(file?.running).toBe(false)
  expect(file?.stations.map(({ name, agencyCodes }) => [name, agencyCodes])).toEqual([
    ['Văn phòng Chính phủ', ['G22']],
    ['UBND tỉnh Nghệ An', ['H41']],
    ['UBND tỉnh Cao Bằng', ['H14']],
  ])
  for (const station of file?.stations ?? []) {
    expect(station).toEqual({
      name: expect.any(String),
      agencyCodes: expect.any(Array),
      pid: expect.any(Number),
      vxpEndpoint: expect.stringMatching(/^http:\/\/127\.\d+\.\d+\.\d+:\d+\/XrdAdapter\/RestService\/forward\/tram$/),
      systemid: expect.stringMatching(/^qlvb-/),
      secret: expect.stringMatching(/^[0-9a-f]{48}$/),
      dataFolder: expect.stringContaining(folder),
      configFile: expect.stringContaining(folder),
    })
    expect(existsSync(station.configFile)).toBe(true)
    expect(existsSync(station.dataFolder)).toBe(true)
    expect(isAlive(station.pid)).toBe(false)
  }
})

test('runs on for other programs, brings a killed station back, and Ctrl-C stops everything', async () => {
  const before = labFile()
  const { lab, file, output, ended } = await startLab()
  // Found again, not made again.
  expect(file.stations.map(({ secret, vxpEndpoint }) => [secret, vxpEndpoint])).toEqual(
    before?.stations.map(({ secret, vxpEndpoint }) => [secret, vxpEndpoint]),
  )
  await until(
    async () => (output().includes('delivered 2 of 2') ? true : undefined),
    async () => output(),
  )
  const [government, ngheAn] = file.stations
  if (government === undefined || ngheAn === undefined) throw new Error('three stations')

  const second = run(script, ['--folder', folder])
  await expect(second).rejects.toMatchObject({ code: 1, stdout: expect.stringContaining(ngheAn.vxpEndpoint) })

  const onlooker = await Onlooker.open(file.mqttUrl, 'tram/v1/lab/+/availability')
  await until(
    async () =>
      new Set(onlooker.seen.flatMap(({ topic, text }) => (text === 'online' ? topic : []))).size === 3 || undefined,
    async () => JSON.stringify(onlooker.seen),
  )
  await onlooker.close()
  expect(output()).toContain(`scripts/tram fleet --broker ${file.mqttUrl}`)

  process.kill(ngheAn.pid, 'SIGKILL')
  const back = await until(
    async () => labFile()?.stations.find(({ name, pid }) => name === ngheAn.name && pid !== ngheAn.pid),
    async () => output(),
  )
  expect(isAlive(back.pid)).toBe(true)

  // An outside program's own round trip, through the station that came back.
  const [from, to] = [ngheAn, government].map(
    ({ vxpEndpoint: endpoint, systemid, secret }) => new VxpKit({ endpoint, systemid, secret }),
  )
  if (from === undefined || to === undefined) throw new Error('two kits')
  const packet = buildPacket({
    dialect: 'plain',
    from: 'H41',
    to: ['G22'],
    codeNumber: '7',
    codeNotation: 'UBND-VX',
    subject: 'Báo cáo',
  })
  const sent = await from.sendEdoc(packet, { from: 'H41' })
  expect(sent).toMatchObject({ status: 'OK' })
  const item = await until(
    async () => (await to.getReceivedEdocList()).data.find((row) => row.from === 'H41'),
    async () => 'nothing arrived',
  )
  expect(await to.downloadEdoc(item.docId ?? '')).toEqual(packet)
  // The stations know their signed script, too.
  const listed = await run(join(ngheAn.configFile, '../vxp'), ['getAgenciesListQD20'])
  expect(JSON.parse(listed.stdout)).toMatchObject({
    status: 'OK',
    data: expect.arrayContaining([expect.objectContaining({ code: 'G22' })]),
  })

  const family = labFile()?.stations.flatMap(({ pid }) => familyOf(pid)) ?? []
  expect(family).toHaveLength(6)
  lab.kill('SIGINT')
  expect(await ended).toBe(0)
  expect(family.filter(isAlive)).toEqual([])
  await expect(Onlooker.open(file.mqttUrl)).rejects.toThrow()
})

test('--once: a station that cannot start is named, the others are served, and the exit code is 1', async () => {
  const place = new URL(labFile()?.stations[1]?.vxpEndpoint ?? '')
  const squatter = createServer().listen({ host: place.hostname, port: Number(place.port) })
  try {
    const failed = run(script, ['--once', '--folder', folder])
    await expect(failed).rejects.toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/CONFIG_INVALID.*\ndelivered 1 of 2\n$/s),
    })
  } finally {
    squatter.close()
  }
  expect(labFile()?.stations.filter(({ pid }) => isAlive(pid))).toEqual([])
})

test('what a killed lab leaves is taken down, and nothing else is', async () => {
  const { lab, file, ended } = await startLab()
  const family = file.stations.flatMap(({ pid }) => familyOf(pid))
  lab.kill('SIGKILL')
  await ended
  expect(family.filter(isAlive)).toEqual(family)
  const { stdout } = await run(script, ['down', '--folder', folder])
  expect(stdout).toContain('3')
  await gone(family)
  await expect(Onlooker.open(file.mqttUrl)).rejects.toThrow()
  expect(existsSync(folder)).toBe(false)

  await writeFile(join(parent, 'letter.txt'), 'not a lab')
  await expect(run(script, ['down', '--folder', parent])).rejects.toMatchObject({ code: 1 })
  await expect(run(script, ['--once', '--folder', parent])).rejects.toMatchObject({ code: 1 })
  expect(readFileSync(join(parent, 'letter.txt'), 'utf8')).toBe('not a lab')
})

test('says how it is used', async () => {
  const { stdout } = await run(script, ['--help'])
  expect(stdout).toContain('--stations N')
  await expect(run(script, ['--stations', '2'])).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringContaining('--stations'),
  })
})
