// Every condition about what is kept on disk, provoked and cleared: real LevelDB stores, files altered behind their backs.
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { Readable } from 'node:stream'
import { assertFresh } from '../../src/backup.ts'
import { TestClock } from '../../src/base/clock.ts'
import { storeConditions } from '../../src/base/conditions/store-conditions.ts'
import { sha256 } from '../../src/document/document-id.ts'
import { DiskSpace } from '../../src/equipment/store/disk-space.ts'
import { encodeRecord } from '../../src/equipment/store/record-codec.ts'
import { ageSealer, openAge } from '../../src/exchange/backup/age-stream.ts'
import { assertRoom, findBackup } from '../../src/exchange/backup/backup-parts.ts'
import { assertNoRestore, finishRestore } from '../../src/exchange/backup/restore-staging.ts'
import { DiskTrend } from '../../src/exchange/health/disk-trend.ts'
import { KeyedLock } from '../../src/exchange/keyed-lock.ts'
import { StoreScrub } from '../../src/exchange/recovery/store-scrub.ts'
import { saveToStick } from '../../src/surface/console/stick.ts'
import { MemoryRecordStore } from '../contract/memory-record-store.ts'
import { MemorySpace } from '../contract/memory-space.ts'
import { dayMs } from '../fixtures/exchange/test-world.ts'
import { levelStore, never, silent } from '../fixtures/store/temporary-store.ts'
import { closed, opened, recovering, smuggle } from './damaged-store.ts'
import { type Lone, lone, packetOf } from './lone.ts'
import { provokeAndClear, type Scenario, type Scenarios, type Setting } from './scenario.ts'

/** Nobody answers the question for what was lost: after a month it is over. A new directory has the station look. */
async function aMonthLater({ station }: Lone): Promise<void> {
  station.clock.advance(31 * dayMs)
  await station.useDirectory(station.directory.version + 1, station.world.entries())
}

/** A record that decayed: found by the scrub, and asked for at the peers. */
const decayed: Scenario<'state'> = async (setting) => {
  await closed(setting)
  await smuggle(setting, 'cms:a', Buffer.from('decayed'))
  const one = await recovering(setting)
  return { begin: () => one.store.scrub(never), listed: one.listed, end: () => aMonthLater(one) }
}

/** The file of a packet that is too large for a record, altered. */
async function alterPacket({ folder }: Setting): Promise<void> {
  const packets = join(folder, 'packets')
  const files = await readdir(packets, { recursive: true, withFileTypes: true })
  for (const file of files.filter((one) => one.isFile())) {
    const path = join(file.parentPath, file.name)
    const bytes = await readFile(path)
    bytes.writeUInt8(bytes.readUInt8(1000) ^ 1, 1000)
    await writeFile(path, bytes)
  }
}

const large = packetOf('x'.repeat(200_000))

async function readAll(bytes: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _ of bytes);
}

/** The directory of version `version` lists station one in `generation`. */
const listGeneration = ({ station }: Lone, version: number, generation: number) =>
  station.useDirectory(version, station.world.entries([{ station: station.world.stationEntry('one', { generation }) }]))

/** A disk of which `share` fills in a day, and which is then replaced by an empty one. */
async function filling({ after }: Setting, share: number) {
  const clock = new TestClock()
  const space = new MemorySpace(1e12)
  const trend = new DiskTrend({ records: new MemoryRecordStore(), space, clock, logger: silent })
  await trend.start()
  after(() => trend.stop())
  const day = async (lostBytes: number): Promise<void> => {
    for (let quarter = 0; quarter < 100; quarter += 1) {
      clock.advance(15 * 60_000)
      space.freeBytes -= lostBytes / 96
      await trend.sample()
    }
  }
  return {
    begin: () => day(share * 1e12),
    listed: () => trend.conditions(),
    end: async () => {
      space.freeBytes = 1e12
      await day(0)
    },
  }
}

provokeAndClear(storeConditions, {
  STORE_LOCKED: async (setting) => {
    const first = await opened(setting)
    const second = levelStore(setting.folder).store
    setting.after(() => second.stop())
    return {
      wrong: () => second.start(never),
      right: async () => {
        await first.stop()
        await second.start(never)
      },
    }
  },
  BACKUP_INVALID: ({ folder }) => ({
    wrong: () => findBackup(folder),
    right: async () => {
      await writeFile(join(folder, 'tram-one-20260101T000000Z.age.001'), 'age')
      await findBackup(folder)
    },
  }),
  BACKUP_KEY_WRONG: async () => {
    const sealed = async function* () {
      const { seal } = await ageSealer({ passphrase: 'one two three four' })
      yield* seal(Readable.from([Buffer.from('packets')]))
    }
    return {
      wrong: () => readAll(openAge(sealed(), { passphrase: 'five' })),
      right: () => readAll(openAge(sealed(), { passphrase: 'one two three four' })),
    }
  },
  BACKUP_UNWRITABLE: ({ folder }) => ({ wrong: () => assertRoom(folder, 2 ** 60), right: () => assertRoom(folder, 1) }),
  RESTORE_REFUSED: async (setting) => {
    await closed(setting)
    await smuggle(setting, 'document:one', encodeRecord('document:one', Buffer.from('one')))
    return {
      wrong: () => assertFresh(setting.folder, false, never),
      right: () => assertFresh(setting.folder, true, never),
    }
  },
  RESTORE_UNFINISHED: async ({ folder }) => {
    await mkdir(join(folder, 'restored', 'data'), { recursive: true })
    return {
      wrong: () => assertNoRestore(folder),
      right: async () => {
        await writeFile(join(folder, 'restored', 'plan.json'), JSON.stringify({ names: [], files: [], stamp: 'then' }))
        await finishRestore(folder)
        await assertNoRestore(folder)
      },
    }
  },
  STORE_FORMAT_UNKNOWN: async (setting) => {
    await closed(setting)
    const format = (version: string) =>
      smuggle(setting, 'meta:format', encodeRecord('meta:format', Buffer.from(version)))
    await format('999')
    return {
      wrong: () => opened(setting),
      right: async () => {
        await format('1')
        await opened(setting)
      },
    }
  },
  STORE_DAMAGED: decayed,
  STATION_RECOVERING: decayed,
  STORE_TORN: async (setting) => {
    await closed(setting)
    const folder = join(setting.folder, 'store')
    const log = join(folder, (await readdir(folder)).find((name) => name.endsWith('.log')) ?? '')
    await writeFile(log, (await readFile(log)).subarray(0, -20))
    const one = await recovering(setting)
    return { listed: one.listed, end: () => aMonthLater(one) }
  },
  STORE_FAILED: async (setting) => {
    const store = await opened(setting)
    const { listed } = await lone(setting, { records: store })
    return { begin: () => store.stop(), listed, end: () => store.start(never) }
  },
  STATION_SUPERSEDED: async (setting) => {
    const one = await recovering(setting)
    return {
      begin: () => listGeneration(one, 2, 2),
      listed: one.listed,
      // The authority had listed the wrong one.
      end: () => listGeneration(one, 3, 1),
    }
  },
  GENERATION_UNLISTED: async (setting) => {
    const one = await recovering(setting, 2)
    return { listed: one.listed, end: () => listGeneration(one, 2, 2) }
  },
  DOCUMENTS_LOST: async (setting) => {
    const one = await recovering(setting)
    const { station, recovery, store } = one
    await station.submit(large)
    const scrub = new StoreScrub(
      { intervalMs: dayMs, quarantineFolder: join(setting.folder, 'quarantine') },
      {
        ...{ records: store, packets: station.packets, owners: station.owners, clock: station.clock },
        ...{ decisions: new KeyedLock(), logger: silent, isRecovering: () => recovery.isOpen },
        onPacketLost: (digest) => recovery.packetLost(digest),
      },
    )
    return {
      begin: async () => {
        await alterPacket(setting)
        await scrub.pass(never)
      },
      listed: one.listed,
      end: async () => {
        await station.submit(large)
        await station.useDirectory(2, station.world.entries())
      },
    }
  },
  DISK_FULL: async (setting) => {
    let freeBytes = 100_000_000
    const disk = new DiskSpace(
      {
        ...{ folder: setting.folder, ballastFile: join(setting.folder, 'ballast'), ballastBytes: 0 },
        ...{ watermarkBytes: 10_000_000, statusReserveBytes: 4_000_000, checkIntervalMs: 3_600_000 },
      },
      { logger: silent, statfs: async () => ({ bavail: freeBytes / 1000, bsize: 1000 }) },
    )
    await disk.start(never)
    setting.after(() => disk.stop())
    const { listed } = await lone(setting, { disk })
    const room = async (bytes: number) => {
      freeBytes = bytes
      await disk.check()
    }
    return { begin: () => room(5_000_000), listed, end: () => room(100_000_000) }
  },
  STICK_UNUSABLE: ({ folder, after }) => {
    const save = (stick: string) => {
      const name = `tram-${basename(folder)}`
      after(() => rm(join(stick, name), { force: true }))
      return saveToStick(stick, name, Readable.from([Buffer.from('a')]), 10)
    }
    // Memory that is mounted stands for a stick.
    return { wrong: () => save(folder), right: () => save('/dev/shm') }
  },
  PACKET_DAMAGED: async (setting) => {
    const { station } = await lone(setting)
    await station.submit(large)
    const read = () => readAll(station.packets.read(sha256(large)))
    return {
      happens: async () => {
        await alterPacket(setting)
        await read()
      },
      // Out of the way, it is taken anew.
      again: async () => {
        await station.packets.quarantine(sha256(large), join(setting.folder, 'quarantine'))
        await station.submit(large, { resend: true })
        await read()
      },
    }
  },
  DISK_FILLING: (setting) => filling(setting, 0.1),
  DISK_FULL_SOON: (setting) => filling(setting, 0.4),
  PACKET_MISSING: async (setting) => {
    const { station } = await lone(setting)
    const read = () => readAll(station.packets.read(sha256(large)))
    return {
      wrong: read,
      right: async () => {
        await station.submit(large)
        await read()
      },
    }
  },
} satisfies Scenarios<typeof storeConditions>)
