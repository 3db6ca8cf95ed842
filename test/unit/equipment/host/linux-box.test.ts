// Readings of a box, from trees that look like /proc and /sys: a Raspberry Pi, a PC, the machine of this test, and nonsense.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { BoxReadings } from '../../../../src/equipment/host/box-readings.ts'
import { LinuxBox } from '../../../../src/equipment/host/linux-box.ts'
import { type BoxTree, boxTree } from '../../../fixtures/host/box-tree.ts'

/** Readings of this very process and disk: true, but not of the tree. */
const ownReadings = [
  'diskTotalBytes',
  'diskFreeBytes',
  'inodesTotal',
  'inodesFree',
  'eventLoopP99Ms',
  'stationCpuPercent',
  'stationRssBytes',
]

describe.each(['pi-4', 'plain-pc'] as const)('box readings of %s', (name) => {
  let tree: BoxTree
  beforeEach(async () => {
    tree = await boxTree(name)
  })
  afterEach(() => tree.remove())

  /** One look of a box that was just made. */
  async function look(): Promise<BoxReadings> {
    const box = new LinuxBox(tree, { clockReadings: () => ({ clockSynchronised: true }), signerPid: () => undefined })
    await box.start()
    const readings = await box.read()
    await box.stop()
    return readings
  }
  async function ofTree(): Promise<BoxReadings> {
    return Object.fromEntries(Object.entries(await look()).filter(([key]) => !ownReadings.includes(key)))
  }

  it('are what the files say, and nothing else', async () => {
    const pc = {
      uptimeSeconds: 1830,
      temperatureCelsius: 41,
      memoryTotalBytes: 16_303_428 * 1024,
      memoryAvailableBytes: 12_004_120 * 1024,
      swapTotalBytes: 0,
      swapUsedBytes: 0,
      oomKillsSinceBoot: 0,
      cpuPressurePercent: 0.2,
      memoryPressurePercent: 0,
      ioPressurePercent: 0,
      diskReadOnly: false,
      diskWrittenBytesSinceBoot: 76_730_596 * 512,
      clockSynchronised: true,
      linksUp: 1,
      linksTotal: 1,
      linkChangesSinceBoot: 1,
      stationPssBytes: 131_072 * 1024,
    }
    const pi = {
      uptimeSeconds: 93_784,
      temperatureCelsius: 52.095,
      undervoltage: false,
      throttled: false,
      undervoltageSinceBoot: false,
      throttledSinceBoot: false,
      memoryTotalBytes: 3_884_332 * 1024,
      memoryAvailableBytes: 3_120_556 * 1024,
      swapTotalBytes: 102_396 * 1024,
      swapUsedBytes: 0,
      oomKillsSinceBoot: 0,
      stationOomKills: 0,
      cpuPressurePercent: 1.25,
      memoryPressurePercent: 0,
      ioPressurePercent: 3.5,
      diskReadOnly: false,
      diskErrors: 0,
      diskWrittenBytesSinceBoot: 2 * 1024 ** 3,
      diskWearPercent: 20,
      diskReserveLevel: 1,
      clockSynchronised: true,
      linksUp: 1,
      linksTotal: 2,
      linkChangesSinceBoot: 3,
      watchdogReset: false,
      tryBoot: false,
      bootPartition: 2,
      poweredOn: true,
      stationPssBytes: 118_304 * 1024,
    }
    expect(await ofTree()).toEqual(name === 'pi-4' ? pi : pc)
  })

  it('are only those of the process and its disk when there are no files at all', async () => {
    await tree.drop('proc')
    await tree.drop('sys')
    expect(await ofTree()).toEqual({ clockSynchronised: true })
    expect(Object.keys(await look())).toEqual(expect.arrayContaining(['diskFreeBytes', 'stationRssBytes']))
  })

  it.each(['', 'NaN', '-', 'some avg60=NaN', '0x', `${'9'.repeat(5000)}`, '\0\0\0\0', 'ő'.repeat(9000)])(
    'are finite numbers and flags whatever the files hold: %j',
    async (text) => {
      for (const file of [
        'proc/uptime',
        'proc/meminfo',
        'proc/vmstat',
        'proc/pressure/io',
        'proc/self/cgroup',
        'proc/self/mountinfo',
        'proc/self/smaps_rollup',
        'sys/class/thermal/thermal_zone0/temp',
        'sys/class/thermal/thermal_zone1/temp',
        'sys/class/net/enp3s0/carrier_changes',
        'sys/block/sda/stat',
        'sys/block/mmcblk0/stat',
        'sys/block/mmcblk0/device/life_time',
        'sys/devices/platform/soc/soc:firmware/get_throttled',
        'sys/class/watchdog/watchdog0/bootstatus',
        'proc/device-tree/chosen/bootloader/tryboot',
        'sys/class/hwmon/hwmon1/in0_lcrit_alarm',
      ])
        await tree.set(file, text)
      for (const [key, value] of Object.entries(await look()))
        expect(typeof value === 'boolean' || Number.isFinite(value), key).toBe(true)
    },
  )
})

describe('a sick Raspberry Pi', () => {
  let tree: BoxTree
  beforeEach(async () => {
    tree = await boxTree('pi-4')
  })
  afterEach(() => tree.remove())

  const cell = (value: number) => Buffer.from([value >>> 24, value >>> 16, value >>> 8, value])
  const cases: [what: string, files: Record<string, string | Uint8Array>, readings: BoxReadings][] = [
    [
      'undervoltage now and before',
      { 'sys/devices/platform/soc/soc:firmware/get_throttled': '50005' },
      { undervoltage: true, throttled: true, undervoltageSinceBoot: true, throttledSinceBoot: true },
    ],
    [
      'undervoltage before',
      { 'sys/devices/platform/soc/soc:firmware/get_throttled': '10000' },
      { undervoltage: false, throttled: false, undervoltageSinceBoot: true, throttledSinceBoot: false },
    ],
    [
      'at its soft temperature limit',
      { 'sys/devices/platform/soc/soc:firmware/get_throttled': '80008' },
      { undervoltage: false, throttled: true, undervoltageSinceBoot: false, throttledSinceBoot: true },
    ],
    ['an alarm of the supply', { 'sys/class/hwmon/hwmon1/in0_lcrit_alarm': '1' }, { undervoltage: true }],
    ['a hot processor', { 'sys/class/thermal/thermal_zone0/temp': '84500' }, { temperatureCelsius: 84.5 }],
    ['a frozen one', { 'sys/class/thermal/thermal_zone0/temp': '-12000' }, { temperatureCelsius: -12 }],
    ['killed for memory', { 'proc/vmstat': 'oom_kill 3' }, { oomKillsSinceBoot: 3 }],
    [
      'killed in its own group',
      { 'sys/fs/cgroup/system.slice/tram.service/memory.events': 'oom 2\noom_kill 2' },
      { stationOomKills: 2 },
    ],
    [
      'a file system that has turned read-only',
      { 'proc/self/mountinfo': '24 1 179:2 / / rw,noatime shared:1 - ext4 /dev/mmcblk0p2 ro,errors=remount-ro' },
      { diskReadOnly: true },
    ],
    ['errors of ext4', { 'sys/fs/ext4/mmcblk0p2/errors_count': '17' }, { diskErrors: 17 }],
    ['a worn eMMC', { 'sys/block/mmcblk0/device/life_time': '0x0b 0x03' }, { diskWearPercent: 110 }],
    ['its reserve', { 'sys/block/mmcblk0/device/pre_eol_info': '0x03' }, { diskReserveLevel: 3 }],
    ['a watchdog’s boot', { 'sys/class/watchdog/watchdog0/bootstatus': '32' }, { watchdogReset: true }],
    [
      'a boot that tries',
      {
        'proc/device-tree/chosen/bootloader/tryboot': cell(1),
        'proc/device-tree/chosen/bootloader/partition': cell(3),
      },
      { tryBoot: true, bootPartition: 3 },
    ],
    ['a restart', { 'proc/device-tree/chosen/bootloader/pm_rsts': cell(0x20) }, { poweredOn: false }],
    ['a cable pulled', { 'sys/class/net/eth0/carrier': '0' }, { linksUp: 0 }],
  ]
  it.each(cases)('%s', async (_, files, readings) => {
    for (const [path, content] of Object.entries(files)) await tree.set(path, content)
    const box = new LinuxBox(tree, { clockReadings: () => ({}), signerPid: () => undefined })
    expect(await box.read()).toMatchObject(readings)
  })

  it.each<[string, string, string, keyof BoxReadings]>([
    ['no estimate of wear', 'sys/block/mmcblk0/device/life_time', '0x00 0x00', 'diskWearPercent'],
    ['no sensible temperature', 'sys/class/thermal/thermal_zone0/temp', '999000', 'temperatureCelsius'],
    ['a way out of the control groups', 'proc/self/cgroup', '0::/..', 'stationOomKills'],
    ['a device with a path', 'sys/dev/block/179:2/uevent', 'DEVNAME=../../x', 'diskErrors'],
  ])('%s: no reading', async (_, path, text, reading) => {
    await tree.set('sys/fs/memory.events', 'oom_kill 5')
    await tree.set(path, text)
    const box = new LinuxBox(tree, { clockReadings: () => ({}), signerPid: () => undefined })
    expect(await box.read()).not.toHaveProperty(reading)
  })

  it('the data folder’s own mount counts, not the one around it', async () => {
    const own = tree.dataFolder.replaceAll('-', '\\055')
    await tree.set(
      'proc/self/mountinfo',
      `30 24 8:1 / ${own} rw - ext4 /dev/sda1 ro\n24 1 179:2 / / rw shared:1 - ext4 /dev/mmcblk0p2 rw\n31 24 8:2 / ${own}x rw - ext4 /dev/sdb1 rw`,
    )
    const box = new LinuxBox(tree, { clockReadings: () => ({}), signerPid: () => undefined })
    expect(await box.read()).toMatchObject({ diskReadOnly: true })
  })

  it('who asks again at once gets the same look; the signer’s memory is read by its process id', async () => {
    await tree.set('proc/4711/smaps_rollup', 'x\nRss:  61440 kB\nPss:  40960 kB')
    const box = new LinuxBox(tree, { clockReadings: () => ({}), signerPid: () => 4711 })
    const [one, two] = await Promise.all([box.read(), box.read()])
    expect(await box.read()).toBe(one)
    expect(two).toBe(one)
    expect(one).toMatchObject({ signerRssBytes: 60 * 1024 ** 2, signerPssBytes: 40 * 1024 ** 2 })
  })
})

it('the machine of this test has memory, a disk and an event loop', async () => {
  const tree = await boxTree('plain-pc')
  const box = new LinuxBox(
    { procFolder: '/proc', sysFolder: '/sys', dataFolder: tree.dataFolder },
    { clockReadings: () => ({}), signerPid: () => process.ppid },
  )
  await box.start()
  await new Promise((resolve) => setTimeout(resolve, 300))
  const readings = await box.read()
  expect(readings.memoryAvailableBytes).toBeLessThan(readings.memoryTotalBytes ?? 0)
  expect(readings.diskFreeBytes).toBeLessThan(readings.diskTotalBytes ?? 0)
  expect(readings.stationPssBytes).toBeLessThanOrEqual(readings.stationRssBytes ?? 0)
  expect(readings.eventLoopP99Ms).toBeGreaterThanOrEqual(0)
  expect(readings).toMatchObject({ diskReadOnly: false, uptimeSeconds: expect.any(Number) })
  await box.stop()
  await tree.remove()
})
