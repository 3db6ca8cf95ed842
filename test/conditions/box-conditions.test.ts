// Every condition of the box, provoked and cleared, nearly all by its files, each look ten minutes after the one before.
// The bounds and times of each are in test/unit/exchange/box-health.test.ts.
import { boxConditions } from '../../src/base/conditions/box-conditions.ts'
import type { BoxReadings } from '../../src/equipment/host/box-readings.ts'
import { LinuxBox } from '../../src/equipment/host/linux-box.ts'
import { SysfsLeds } from '../../src/equipment/host/sysfs-leds.ts'
import { BoxHealth } from '../../src/exchange/health/box-health.ts'
import { Heartbeat } from '../../src/exchange/health/heartbeat.ts'
import { boxTree } from '../fixtures/host/box-tree.ts'
import { silent } from '../fixtures/store/temporary-store.ts'
import { provokeAndClear, type Scenario, type Scenarios } from './scenario.ts'

type Files = Readonly<Record<string, string>>

/** The files of a Raspberry Pi, with `sick` among them and then `sound`. */
const files =
  (sick: Files, sound: Files): Scenario<'state'> =>
  async ({ after }) => {
    const tree = await boxTree('pi-4')
    after(() => tree.remove())
    // A new one each time: a box reads some files once an hour only.
    const read = () => new LinuxBox(tree, { clockReadings: () => ({}), signerPid: () => undefined }).read()
    const set = async (wanted: Files) => {
      for (const [path, text] of Object.entries(wanted)) await tree.set(path, text)
    }
    return { begin: () => set(sick), listed: looking(read), end: () => set(sound) }
  }

/** Readings that no file of a Pi in the fixtures gives. */
const readings =
  (sick: BoxReadings, sound: BoxReadings): Scenario<'state'> =>
  () => {
    let now = sound
    const turn = (to: BoxReadings) => () => {
      now = to
    }
    return { begin: turn(sick), listed: looking(async () => now), end: turn(sound) }
  }

function looking(read: () => Promise<BoxReadings>) {
  const health = new BoxHealth()
  let atMs = 1_000_000
  return async () => {
    atMs += 600_000
    health.see(await read(), atMs)
    return health.conditions()
  }
}

/** A part that answers nothing for a while, under a watchdog of two seconds. */
const hangingPart: Scenario<'state'> = async ({ after }) => {
  let answer = Promise.resolve()
  const held = Promise.withResolvers<void>()
  const part = { name: 'kho dữ liệu / store', ask: () => answer }
  const heartbeat = new Heartbeat(
    { watchdogMs: 2000 },
    { parts: [part], notify: { tell: () => undefined }, logger: silent },
  )
  await heartbeat.start()
  after(() => heartbeat.stop())
  return {
    begin: () => {
      answer = held.promise
    },
    listed: () => heartbeat.conditions(),
    end: () => {
      answer = Promise.resolve()
      held.resolve()
    },
  }
}

const at = (path: string, sick: string, sound: string) => files({ [path]: sick }, { [path]: sound })
const throttled = 'sys/devices/platform/soc/soc:firmware/get_throttled'
const memory = (availableKb: number) => `MemTotal: 4000000 kB\nMemAvailable: ${availableKb} kB`
const mounted = (options: string) => `24 1 179:2 / / rw,noatime shared:1 - ext4 /dev/mmcblk0p2 ${options}`

provokeAndClear(boxConditions, {
  BOX_TOO_HOT: at('sys/class/thermal/thermal_zone0/temp', '81200', '74900'),
  BOX_UNDERVOLTAGE: at(throttled, '10001', '10000'),
  BOX_THROTTLED: at(throttled, '4', '0'),
  MEMORY_LOW: at('proc/meminfo', memory(300_000), memory(500_000)),
  OOM_KILLED: files({ 'proc/vmstat': 'oom_kill 1' }, {}),
  DISK_WEAR: at('sys/block/mmcblk0/device/life_time', '0x02 0x09', '0x01 0x01'),
  DISK_INODES_LOW: readings({ inodesFree: 4, inodesTotal: 100 }, { inodesFree: 50, inodesTotal: 100 }),
  DISK_READ_ONLY: at('proc/self/mountinfo', mounted('ro'), mounted('rw')),
  DISK_ERRORS: at('sys/fs/ext4/mmcblk0p2/errors_count', '2', '0'),
  CLOCK_UNSYNCHRONISED: readings({ clockSynchronised: false }, { clockSynchronised: true }),
  NETWORK_DOWN: at('sys/class/net/eth0/carrier', '0', '1'),
  LINK_FLAPPING: files({ 'sys/class/net/eth0/carrier_changes': '9' }, {}),
  WATCHDOG_RESET: files(
    { 'sys/class/watchdog/watchdog0/bootstatus': '0x20', 'proc/uptime': '30.00 1.00' },
    { 'proc/uptime': '86500.00 1.00' },
  ),
  LIGHTS_ABSENT: async ({ after }) => {
    const tree = await boxTree('pi-4')
    after(() => tree.remove())
    const lights = async (green: string) => {
      const made = new SysfsLeds(
        { sysFolder: tree.sysFolder, names: { green, red: 'none' } },
        { conditions: async () => [], logger: silent },
      )
      await made.start()
      after(() => made.stop())
      return made
    }
    const [none, one] = [await lights('none'), await lights('ACT')]
    return { wrong: () => none.identify(1), right: () => one.identify(1) }
  },
  HEARTBEAT_LATE: hangingPart,
  EVENT_LOOP_SLOW: readings({ eventLoopP99Ms: 900 }, { eventLoopP99Ms: 20 }),
} satisfies Scenarios<typeof boxConditions>)
