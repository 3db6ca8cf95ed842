// Conditions of the box: each raised and cleared by what the files of a box say, at two bounds, and with the times that they need.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { boxConditions } from '../../../src/base/conditions/box-conditions.ts'
import type { BoxReadings } from '../../../src/equipment/host/box-readings.ts'
import { LinuxBox } from '../../../src/equipment/host/linux-box.ts'
import { BoxHealth } from '../../../src/exchange/health/box-health.ts'
import { type BoxTree, boxTree } from '../../fixtures/host/box-tree.ts'

const minuteMs = 60_000
const dayMs = 86_400_000

/** The codes that are true, and a look at readings `afterMs` later. */
class Watch {
  readonly health = new BoxHealth()
  #atMs = 1_000_000

  see(readings: BoxReadings, afterMs = minuteMs): string[] {
    this.#atMs += afterMs
    this.health.see(readings, this.#atMs)
    return this.health.conditions().map(({ code }) => code)
  }
}

interface Case {
  code: keyof typeof boxConditions
  /** What is wrong, and what is right again. */
  sick: Record<string, string>
  sound: Record<string, string>
  /** For how long it has to be so. */
  raisedAfterMs?: number
  clearedAfterMs?: number
}

const memory = (availableKb: number) => `MemTotal: 4000000 kB\nMemAvailable: ${availableKb} kB`
const mounted = (options: string) => `24 1 179:2 / / rw,noatime shared:1 - ext4 /dev/mmcblk0p2 ${options}`
const throttledFile = 'sys/devices/platform/soc/soc:firmware/get_throttled'
const carrier = 'sys/class/net/eth0/carrier'

const cases: Case[] = [
  {
    code: 'BOX_TOO_HOT',
    sick: { 'sys/class/thermal/thermal_zone0/temp': '81200' },
    sound: { 'sys/class/thermal/thermal_zone0/temp': '74900' },
  },
  {
    code: 'BOX_UNDERVOLTAGE',
    sick: { [throttledFile]: '10001' },
    sound: { [throttledFile]: '10000' },
    clearedAfterMs: 10 * minuteMs,
  },
  {
    code: 'BOX_THROTTLED',
    sick: { [throttledFile]: '4' },
    sound: { [throttledFile]: '0' },
    clearedAfterMs: 10 * minuteMs,
  },
  { code: 'MEMORY_LOW', sick: { 'proc/meminfo': memory(300_000) }, sound: { 'proc/meminfo': memory(500_000) } },
  { code: 'OOM_KILLED', sick: { 'proc/vmstat': 'oom_kill 1' }, sound: {}, clearedAfterMs: dayMs },
  {
    code: 'DISK_WEAR',
    sick: { 'sys/block/mmcblk0/device/life_time': '0x02 0x09' },
    sound: { 'sys/block/mmcblk0/device/life_time': '0x01 0x01' },
  },
  {
    code: 'DISK_READ_ONLY',
    sick: { 'proc/self/mountinfo': mounted('ro') },
    sound: { 'proc/self/mountinfo': mounted('rw') },
  },
  {
    code: 'DISK_ERRORS',
    sick: { 'sys/fs/ext4/mmcblk0p2/errors_count': '2' },
    sound: { 'sys/fs/ext4/mmcblk0p2/errors_count': '0' },
  },
  { code: 'NETWORK_DOWN', sick: { [carrier]: '0' }, sound: { [carrier]: '1' }, raisedAfterMs: minuteMs },
  {
    code: 'LINK_FLAPPING',
    sick: { 'sys/class/net/eth0/carrier_changes': '9' },
    sound: {},
    clearedAfterMs: 61 * minuteMs,
  },
  {
    code: 'WATCHDOG_RESET',
    sick: { 'sys/class/watchdog/watchdog0/bootstatus': '0x20', 'proc/uptime': '30.00 1.00' },
    sound: { 'proc/uptime': '86500.00 1.00' },
  },
]

describe('conditions of a box, by its files', () => {
  let tree: BoxTree
  beforeEach(async () => {
    tree = await boxTree('pi-4')
  })
  afterEach(() => tree.remove())

  const look = () => new LinuxBox(tree, { clockReadings: () => ({}), signerPid: () => undefined }).read()
  async function set(files: Record<string, string>): Promise<void> {
    for (const [path, text] of Object.entries(files)) await tree.set(path, text)
  }

  it.each(cases)('$code', async ({ code, sick, sound, raisedAfterMs = 0, clearedAfterMs = 0 }) => {
    const watch = new Watch()
    expect(watch.see(await look())).toEqual([])
    await set(sick)
    const bad = await look()
    if (raisedAfterMs > 0) {
      expect(watch.see(bad)).toEqual([])
      expect(watch.see(bad, raisedAfterMs - 1)).toEqual([])
      expect(watch.see(bad, 1)).toEqual([code])
    } else expect(watch.see(bad)).toEqual([code])
    expect(watch.see(bad)).toEqual([code])
    for (const { condition } of watch.health.conditions()) expect(condition.en + condition.vi).not.toMatch(/[{}]|NaN/)
    await set(sound)
    const good = await look()
    if (clearedAfterMs > 2 * minuteMs) expect(watch.see(good, clearedAfterMs - 2 * minuteMs)).toEqual([code])
    expect(watch.see(good, 2 * minuteMs)).toEqual([])
    expect(watch.see(good)).toEqual([])
  })

  it('cases are all that files of a Pi can tell; the others are below', () => {
    // HEARTBEAT_LATE is the watchdog's own.
    const others = ['CLOCK_UNSYNCHRONISED', 'DISK_INODES_LOW', 'EVENT_LOOP_SLOW', 'HEARTBEAT_LATE']
    const states = Object.entries(boxConditions).flatMap(([code, { kind }]) => (kind === 'state' ? [code] : []))
    expect([...cases.map(({ code }) => code), ...others].sort()).toEqual(states.sort())
  })

  it('a sound box has none, nor has one that tells nothing', async () => {
    const pc = await boxTree('plain-pc')
    const readings = await new LinuxBox(pc, { clockReadings: () => ({}), signerPid: () => undefined }).read()
    await pc.remove()
    expect(new Watch().see(readings)).toEqual([])
    expect(new Watch().see({})).toEqual([])
  })
})

describe('bounds and times', () => {
  it('a reading between the bounds raises nothing and clears nothing', () => {
    const watch = new Watch()
    expect(watch.see({ temperatureCelsius: 79 })).toEqual([])
    expect(watch.see({ temperatureCelsius: 80 })).toEqual(['BOX_TOO_HOT'])
    expect(watch.see({ temperatureCelsius: 75 })).toEqual(['BOX_TOO_HOT'])
    expect(watch.see({ temperatureCelsius: 74 })).toEqual([])
  })

  it('inodes', () => {
    const watch = new Watch()
    const of = (inodesFree: number) => watch.see({ inodesFree, inodesTotal: 100 })
    expect([of(6), of(5), of(8), of(9)]).toEqual([[], ['DISK_INODES_LOW'], ['DISK_INODES_LOW'], []])
  })

  it('a clock is given half an hour', () => {
    const watch = new Watch()
    const off = { clockSynchronised: false }
    expect([watch.see(off), watch.see(off, 29 * minuteMs)]).toEqual([[], []])
    expect(watch.see(off)).toEqual(['CLOCK_UNSYNCHRONISED'])
    expect(watch.see({ clockSynchronised: true })).toEqual([])
    expect(watch.see(off)).toEqual([])
  })

  it('an event loop is slow only when it stays so for two minutes', () => {
    const watch = new Watch()
    const of = (eventLoopP99Ms: number) => watch.see({ eventLoopP99Ms })
    expect([of(900), of(900), of(300), of(900), of(900)]).toEqual([[], [], [], [], []])
    expect([of(900), of(300), of(199)]).toEqual([['EVENT_LOOP_SLOW'], ['EVENT_LOOP_SLOW'], []])
  })

  it('a mark of the firmware that stays until the next boot is news once', () => {
    const watch = new Watch()
    const mark = { undervoltage: false, undervoltageSinceBoot: true, throttled: false, throttledSinceBoot: true }
    expect(watch.see(mark)).toEqual(['BOX_UNDERVOLTAGE', 'BOX_THROTTLED'])
    expect(watch.see(mark, 10 * minuteMs)).toEqual([])
    expect(watch.see(mark)).toEqual([])
  })

  it('a reserve of an eMMC that goes down is wear, whatever its estimate says', () => {
    expect(new Watch().see({ diskWearPercent: 20, diskReserveLevel: 2 })).toEqual(['DISK_WEAR'])
    expect(new Watch().see({ diskWearPercent: 80, diskReserveLevel: 1 })).toEqual([])
  })

  it('a watchdog’s reset of yesterday is not shown to a station that starts today', () => {
    expect(new Watch().see({ watchdogReset: true, uptimeSeconds: 90_000 })).toEqual([])
  })

  it('a cable that is pulled and put back now and then does not flap; an interface that goes takes its count along', () => {
    const watch = new Watch()
    let linkChangesSinceBoot = 100
    for (let round = 0; round < 20; round++) {
      expect(watch.see({ linksUp: 1, linkChangesSinceBoot }, 20 * minuteMs)).toEqual([])
      linkChangesSinceBoot += 2
    }
    expect(watch.see({ linksUp: 1, linkChangesSinceBoot: 3 })).toEqual([])
    expect(watch.see({ linksUp: 1, linkChangesSinceBoot: 4 })).toEqual([])
  })

  it('a sensor that is silent for a while ends no alarm, one that is gone does', () => {
    const watch = new Watch()
    watch.see({ temperatureCelsius: 90, diskReadOnly: true })
    expect(watch.see({}, 10 * minuteMs)).toEqual(['BOX_TOO_HOT', 'DISK_READ_ONLY'])
    expect(watch.see({}, 1)).toEqual([])
  })
})
