// A real station under a watchdog: what it tells systemd (a socket that stands in for it), and that the feeding stops while its
// event loop spins, its disk is frozen or its signer is stopped, and goes on afterwards. Needs the Debian packages softhsm2 and
// systemd; the frozen disk needs root.
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { type LabNetwork, makeLabNetwork } from '../../scripts/lab-network.ts'
import { dataPaths } from '../../src/base/paths.ts'
import { loadConfig } from '../../src/config.ts'
import { askSignerAlive } from '../../src/equipment/token/signer-alive.ts'
import { apiCall } from '../fixtures/station/api-call.ts'
import { bundledSigner, bundledStation, nodeEnv } from '../fixtures/station/bundle.ts'
import { setOption } from '../fixtures/station/lab-changes.ts'
import { Office, until } from '../fixtures/station/office.ts'
import { OfficeDisk } from '../fixtures/station/office-disk.ts'
import { type LogLine, StationProcess } from '../fixtures/station/station-process.ts'
import { freezeDisk, rootCommand, thawDisk } from '../fixtures/store/loop-disk.ts'
import { NotifyListener } from '../fixtures/systemd/notify-listener.ts'

const watchdogMs = 6000
const mebibyte = 1024 * 1024

let folder: string
let network: LabNetwork
let office: Office
const stops: (() => Promise<unknown>)[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tram-dog-'))
  const wish = { id: 'g22', name: 'Văn phòng Chính phủ', agencyCodes: ['G22'] }
  network = await makeLabNetwork(join(folder, 'lab'), [wish], { signerCommand: bundledSigner })
  const [station] = network.stations
  if (station === undefined) throw new Error('one station was asked for')
  office = new Office(station)
})
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})
afterAll(() => rm(folder, { recursive: true }))

interface Watched {
  station: StationProcess
  systemd: NotifyListener
}

/** The station, started as systemd would, with the first feeding behind it. */
async function startWatched(): Promise<Watched> {
  const systemd = await NotifyListener.start(join(await mkdtemp(join(folder, 'n-')), 's'))
  stops.push(() => systemd.stop())
  const [node = '', ...flags] = bundledStation
  const station = new StationProcess({
    configFile: office.station.configFile,
    env: {
      ...nodeEnv,
      ...office.station.token.env,
      NOTIFY_SOCKET: systemd.socketPath,
      WATCHDOG_USEC: String(watchdogMs * 1000),
    },
    command: [node, '--inspect-port=0', ...flags],
    logFile: `${office.station.folder}/log`,
  })
  stops.push(() => station.stop())
  await station.start()
  // One that has not begun to listen counts as not there, and is somebody else's to start.
  const { signerAlive } = dataPaths((await loadConfig(office.station.configFile)).station.data_folder)
  await until(
    () =>
      askSignerAlive(signerAlive, AbortSignal.timeout(10_000)).then(
        () => true,
        () => undefined,
      ),
    async () => 'no signer answers',
  )
  await systemd.nextBeat()
  return { station, systemd }
}

/** By the log: among the children of the station are those that tell systemd. */
async function signerPidOf(station: StationProcess): Promise<number> {
  return Number((await station.seen(({ signerPid }) => signerPid !== undefined)).signerPid)
}

const isLate =
  (part: string) =>
  ({ code, data }: LogLine): boolean =>
    code === 'HEARTBEAT_LATE' && JSON.stringify(data).includes(part)
const isFedAgain = ({ msg }: LogLine): boolean => msg === 'the watchdog is fed again'

/** Nothing feeds the watchdog for a whole period: systemd would have acted. One message may have been on its way. */
async function expectStarving(systemd: NotifyListener): Promise<void> {
  const before = systemd.beats
  await delay(watchdogMs)
  expect(systemd.beats).toBe(before)
}

async function conditions(dataFolder: string): Promise<string[]> {
  const answer = await apiCall(dataPaths(dataFolder).apiSocket, '/v1/health')
  return answer.json<{ conditions: { code: string }[] }>().conditions.map(({ code }) => code)
}

test('systemd is told: ready, alive again and again, stopping', async () => {
  const { station, systemd } = await startWatched()
  await systemd.nextBeat()
  await station.stop()
  const told = systemd.heard.flat()
  expect(told[0]).toBe('READY=1')
  expect(told.filter((line) => line === 'READY=1')).toHaveLength(1)
  expect(told).toContain('STATUS=sẵn sàng / ready')
  expect(systemd.heard.at(-1)).toEqual(['STOPPING=1', 'STATUS=đang dừng / stopping'])
})

test('the event loop stands still: nothing feeds, afterwards it goes on', async () => {
  const { station, systemd } = await startWatched()
  // The way of a debugger, since nothing in the program makes its loop spin.
  process.kill(station.pid ?? 0, 'SIGUSR1')
  const url = await until(
    async () => station.lines.map(({ msg }) => /ws:\/\/\S+/.exec(msg ?? '')?.[0]).find((found) => found !== undefined),
    async () => 'no debugger listens',
  )
  const debug = new WebSocket(url)
  await once(debug, 'open')
  const late = station.next(isLate('event loop'))
  const spun = once(debug, 'message')
  const expression = `for (const end = performance.now() + ${2 * watchdogMs}; performance.now() < end; );`
  const before = systemd.beats
  debug.send(JSON.stringify({ id: 1, method: 'Runtime.evaluate', params: { expression } }))
  await spun
  // One message may have been on its way, and the first after it.
  expect(systemd.beats - before).toBeLessThanOrEqual(1)
  await late
  await station.seen(isFedAgain)
  debug.close()
  expect(systemd.beats).toBeGreaterThan(before)
})

test('the signer is stopped: named, nothing feeds; it goes on, and so does the feeding', async () => {
  const { station, systemd } = await startWatched()
  const signer = await signerPidOf(station)
  const late = station.next(isLate('signer'))
  process.kill(signer, 'SIGSTOP')
  try {
    await late
    await expectStarving(systemd)
    expect(systemd.heard.flat()).toContain('STATUS=Trạm bị treo, không trả lời: chương trình ký / signer')
    expect(await conditions(office.station.dataFolder)).toContain('HEARTBEAT_LATE')
  } finally {
    process.kill(signer, 'SIGCONT')
  }
  await systemd.nextBeat()
  await until(
    async () => ((await conditions(office.station.dataFolder)).includes('HEARTBEAT_LATE') ? undefined : true),
    async () => 'HEARTBEAT_LATE does not end',
  )
})

test('a signer that dies is no reason to be ended: the feeding goes on', async () => {
  const { station, systemd } = await startWatched()
  const signer = await signerPidOf(station)
  process.kill(signer, 'SIGKILL')
  await station.seen(({ msg }) => msg === 'the signer has ended')
  await systemd.nextBeat()
  await systemd.nextBeat()
  expect(station.lines.some(isLate('signer'))).toBe(false)
})

test.runIf(rootCommand)('the disk is frozen: named, nothing feeds; thawed, it goes on', async () => {
  const disk = await OfficeDisk.make(office, { folder, diskBytes: 512 * mebibyte, watermarkBytes: 64 * mebibyte })
  stops.push(async () => {
    await disk.unmount()
    await setOption(office.station, 'station', 'data_folder', office.station.dataFolder)
  })
  const { station, systemd } = await startWatched()
  const late = station.next(isLate('store'))
  await freezeDisk(disk.path)
  try {
    await late
    await expectStarving(systemd)
  } finally {
    await thawDisk(disk.path)
  }
  await systemd.nextBeat()
  await station.seen(isFedAgain)
  expect(await conditions(join(disk.path, 'data'))).not.toContain('HEARTBEAT_LATE')
})

test.skipIf(rootCommand)('the disk is frozen: NOT RUN (needs root)')
