// The disk of the data folder: room, inodes, whether it can be written, its errors and its wear. Part of linux-box.ts.
// Cards (SD) have no readout of wear that is safe to poll; what was written to them is reported instead.
import { type BoxReadings, known } from './box-readings.ts'
import { type HostFiles, wholeNumber } from './host-files.ts'

const maxMountTableBytes = 256 * 1024
const sectorBytes = 512
/** Field of /sys/block/…/stat: sectors written (Documentation/block/stat.rst). */
const sectorsWritten = 6

interface Mount {
  /** `major:minor`. */
  device: string
  isReadOnly: boolean
  type: string
}

/** @param data the data folder @param proc /proc @param sys /sys */
export async function readDisk(data: HostFiles, proc: HostFiles, sys: HostFiles): Promise<BoxReadings> {
  const place = await data.place()
  const mounts = await proc.text('self/mountinfo', maxMountTableBytes)
  const mount = place === undefined ? undefined : findMount(mounts ?? '', place)
  const device = mount === undefined ? undefined : await deviceName(mount.device, sys)
  return known({
    ...(await readRoom(data)),
    diskReadOnly: mount?.isReadOnly,
    diskErrors:
      device === undefined || !mount?.type.startsWith('ext')
        ? undefined
        : await sys.integer(`fs/ext4/${device}/errors_count`),
    ...(device === undefined ? {} : await readDevice(device, sys)),
  })
}

async function readRoom(data: HostFiles) {
  const room = await data.room()
  if (room === undefined) return {}
  const { bsize, blocks, bavail, files, ffree } = room
  const bytes = { diskTotalBytes: blocks * bsize, diskFreeBytes: bavail * bsize }
  // Some file systems make inodes as they need them, and say 0.
  return files > 0 ? { ...bytes, inodesTotal: files, inodesFree: ffree } : bytes
}

/** The mount that `folder` lies in: the longest mount point above it, the last of them when one hides another (proc(5)). */
function findMount(table: string, folder: string): Mount | undefined {
  let found: Mount | undefined
  let foundLength = -1
  for (const line of table.split('\n')) {
    const [before = '', after = ''] = line.split(' - ', 2)
    const [, , device = '', , escaped = '', options = ''] = before.split(' ')
    const [type = '', , superOptions = ''] = after.split(' ')
    const point = escaped.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))
    const isAbove = point === '/' || folder === point || folder.startsWith(`${point}/`)
    if (!isAbove || !/^\d{1,6}:\d{1,7}$/.test(device) || point.length < foundLength) continue
    foundLength = point.length
    // The superblock turns read-only when the kernel gives up on it; newer kernels say so with a word of its own.
    const words = new Set([...options.split(','), ...superOptions.split(',')])
    found = { device, type, isReadOnly: words.has('ro') || words.has('emergency_ro') }
  }
  return found
}

/** `mmcblk0p2` for `179:2`. */
async function deviceName(device: string, sys: HostFiles): Promise<string | undefined> {
  const name = /^DEVNAME=(.+)$/m.exec((await sys.text(`dev/block/${device}/uevent`)) ?? '')?.[1]
  return name !== undefined && /^[\w-]{1,64}$/.test(name) ? name : undefined
}

/** What the whole disk says that the partition `device` is a part of. */
async function readDevice(device: string, sys: HostFiles) {
  const disk = (await sys.names('block'))
    .filter((name) => device.startsWith(name))
    .reduce((longest, name) => (name.length > longest.length ? name : longest), '')
  if (disk === '') return {}
  const sectors = wholeNumber((await sys.text(`block/${disk}/stat`, 512))?.split(/\s+/)[sectorsWritten])
  const wear = (await sys.text(`block/${disk}/device/life_time`, 64))?.split(/\s+/).map(wholeNumber)
  const reserve = await sys.integer(`block/${disk}/device/pre_eol_info`)
  return {
    diskWrittenBytesSinceBoot: sectors === undefined ? undefined : sectors * sectorBytes,
    diskWearPercent: wearPercent(wear ?? []),
    // 0 is "not defined".
    diskReserveLevel: reserve !== undefined && reserve >= 1 && reserve <= 3 ? reserve : undefined,
  }
}

/** Both estimates of JESD84-B51 §7.4 count in tenths: 1 is up to 10 %, 10 up to 100 %, 11 beyond; 0 is "not defined". */
function wearPercent(estimates: readonly (number | undefined)[]): number | undefined {
  const valid = estimates.filter((value) => value !== undefined && value >= 1 && value <= 11)
  return valid.length === 0 ? undefined : Math.max(...valid.map(Number)) * 10
}
