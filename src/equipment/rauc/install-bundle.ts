// Installs an update, and goes back to the version before. Runs as root, in the program that administers the box; whoever asks for it
// is believed nothing: signature, kind of box, version and size are looked at here, and what was installed is looked at again.
import { constants } from 'node:fs'
import { lstat, open, readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { asTramError, TramError } from '../../base/errors.ts'
import type { BoxSlots, BundleInfo, Rauc, Slot } from './rauc.ts'
import { bootId, type UpdateRecords } from './update-records.ts'
import { isNewer, isVersion } from './version-order.ts'

/** No bundle is larger, whatever the slots are. */
export const maxBundleBytes = 2 * 1024 ** 3

export interface UpdateDeps {
  rauc: Rauc
  records: UpdateRecords
  /** The version that runs. */
  version: string
  /** `/proc`, `/sys`. */
  procFolder: string
  sysFolder: string
}

export interface InstalledUpdate {
  version: string
  /** What the next boot takes, by the boot loader's name. */
  slot: string
}

/** In which /sys counts, whatever the card has. */
const sectorBytes = 512
/** For RAUC's answers once it has installed: whoever asked for it may have gone. */
const afterwardsMs = 60_000

/**
 * Checks a bundle and installs it into the slot that is not running; the next boot takes it, on trial.
 * One at a time: the lock of the box is held by whoever calls.
 * @param file absolute path
 * @param tell gets lines of progress
 * @param signal ends the checks; an installation that has begun goes on to its end
 * @throws TramError UPDATE_UNSIGNED, UPDATE_FOR_OTHER_BOX, UPDATE_OLDER, UPDATE_TOO_LARGE, UPDATE_NOT_NOW: nothing was touched;
 *   UPDATE_FAILED: the slot that is not running is lost, and the box runs on
 */
export async function installBundle(
  file: string,
  deps: UpdateDeps,
  tell: (line: string) => void,
  signal: AbortSignal,
): Promise<InstalledUpdate> {
  const { rauc, records } = deps
  const { info, other } = await checkBundle(file, deps, signal)
  const boot = await bootId(deps.procFolder)
  const { [other.bootname]: _, ...stillGood } = await records.good()
  await records.setGood(stillGood)
  // Before it can be booted at all: a cut just after RAUC has activated it must not make it a slot without a trial.
  await records.beginTrial(other.bootname)
  // Should this program end in the middle; RAUC's own goes on.
  await records.setLast({ version: info.version, slot: '', boot, failure: 'interrupted' })
  try {
    await rauc.install(file, info.version, tell)
    await checkInstalled(info, other, deps)
  } catch (error) {
    const failure = asTramError(error)
    await records.setLast({
      version: info.version,
      slot: '',
      boot,
      failure: String(failure.data.detail ?? failure.message),
    })
    await records.endTrial()
    throw failure
  }
  await records.setLast({ version: info.version, slot: other.bootname, boot, failure: '' })
  return { version: info.version, slot: other.bootname }
}

/**
 * Whether a bundle may be installed here and now, and into which slot. Nothing is written.
 * @param file absolute path
 * @throws TramError UPDATE_UNSIGNED, UPDATE_FOR_OTHER_BOX, UPDATE_OLDER, UPDATE_TOO_LARGE, UPDATE_NOT_NOW
 */
export async function checkBundle(
  file: string,
  deps: UpdateDeps,
  signal: AbortSignal,
): Promise<{ info: BundleInfo; other: Slot }> {
  await checkFile(file)
  const slots = await deps.rauc.slots(signal)
  const info = await deps.rauc.info(file, signal)
  // Before the slots: the version that runs on trial is no newer one, rather than one for later.
  checkInfo(info, slots.compatible, deps.version)
  const { other } = await provenSlots(slots, deps)
  const maxBytes = (await slotBytes(other.device, deps.sysFolder)) ?? Number.POSITIVE_INFINITY
  if (info.imageBytes > maxBytes) throw new TramError('UPDATE_TOO_LARGE', { sizeBytes: info.imageBytes, maxBytes })
  return { info, other }
}

/**
 * Makes the other slot the one of the next boot, with the version that it was committed with. What the documents are kept in is
 * readable by it: docs/data-format.md.
 * @throws TramError UPDATE_NOT_NOW
 */
export async function goBack(deps: UpdateDeps, signal: AbortSignal): Promise<InstalledUpdate> {
  const { rauc, records } = deps
  const { other } = splitSlots(await rauc.slots(signal))
  const version = (await records.good())[other.bootname]
  if (version === undefined)
    throw new TramError('UPDATE_NOT_NOW', { detail: `slot ${other.bootname} has never proven itself` })
  await records.setLast({ version, slot: other.bootname, boot: await bootId(deps.procFolder), failure: '' })
  await rauc.activate(other, signal)
  return { version, slot: other.bootname }
}

/** What `tram update status` shows of a slot. */
export interface SlotStatus {
  slot: string
  /** undefined: nobody knows. */
  version: string | undefined
  state: 'booted' | 'inactive'
  /** The next boot takes it. */
  isNext: boolean
  /** Its version was committed: it may be gone back to. */
  isCommitted: boolean
  /** The boot loader has attempts left for it. */
  isBootable: boolean
}

/** The slots, the booted one first. @throws TramError UPDATE_NOT_NOW on a machine without slots */
export async function slotStatus(deps: UpdateDeps, signal: AbortSignal): Promise<SlotStatus[]> {
  const found = await deps.rauc.slots(signal)
  const good = await deps.records.good()
  return found.slots
    .map(({ name, bootname, isBooted, isBootable, version }): SlotStatus => {
      const known = isBooted ? deps.version : (good[bootname] ?? version)
      return {
        slot: bootname,
        version: known,
        state: isBooted ? 'booted' : 'inactive',
        isNext: found.primary === name,
        isCommitted: known !== undefined && good[bootname] === known,
        isBootable,
      }
    })
    .sort((left, right) => left.state.localeCompare(right.state))
}

function splitSlots({ slots }: BoxSlots): { booted: Slot; other: Slot } {
  const booted = slots.find(({ isBooted }) => isBooted)
  const others = slots.filter(({ isBooted }) => !isBooted)
  const [other] = others
  if (booted === undefined || other === undefined || others.length > 1)
    throw new TramError('UPDATE_NOT_NOW', { detail: 'this machine does not have two slots' })
  return { booted, other }
}

/** The slots, when the booted one has proven itself: the other is about to be overwritten, and is the only way back until then. */
async function provenSlots(slots: BoxSlots, { records, version }: UpdateDeps): Promise<{ booted: Slot; other: Slot }> {
  const { booted, other } = splitSlots(slots)
  if ((await records.good())[booted.bootname] !== version)
    throw new TramError('UPDATE_NOT_NOW', { detail: `slot ${booted.bootname} with ${version} is not committed yet` })
  return { booted, other }
}

async function checkFile(file: string): Promise<void> {
  try {
    // A link, a pipe or a device is no bundle; neither may hold the program up.
    await using handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    const stat = await handle.stat()
    if (!stat.isFile()) throw new TramError('UPDATE_UNSIGNED', { file, detail: 'not a file' })
    if (stat.size > maxBundleBytes)
      throw new TramError('UPDATE_TOO_LARGE', { sizeBytes: stat.size, maxBytes: maxBundleBytes })
  } catch (error) {
    if (error instanceof TramError) throw error
    const detail = error instanceof Error && 'code' in error ? String(error.code) : 'cannot be read'
    throw new TramError('UPDATE_UNSIGNED', { file, detail }, { cause: error })
  }
}

function checkInfo(info: BundleInfo, compatible: string, current: string): void {
  if (info.compatible !== compatible)
    throw new TramError('UPDATE_FOR_OTHER_BOX', { found: info.compatible, wanted: compatible })
  if (!isVersion(info.version) || !isNewer(info.version, current))
    throw new TramError('UPDATE_OLDER', { found: info.version, current })
}

/**
 * Whoever can write the file may have changed it after it was looked at, for another one that is signed too: an older one. What RAUC
 * has noted of the slot is what it has installed.
 */
async function checkInstalled(info: BundleInfo, other: Slot, { rauc }: UpdateDeps): Promise<void> {
  const signal = AbortSignal.timeout(afterwardsMs)
  const slots = await rauc.slots(signal)
  const { booted, other: filled } = splitSlots(slots)
  if (filled.version === info.version && slots.primary === other.name) return
  await rauc.activate(booted, signal)
  const detail = `slot ${filled.bootname} holds ${filled.version ?? 'nothing'} and not what was checked`
  throw new TramError('UPDATE_FAILED', { version: info.version, detail })
}

/** Size of a slot: a partition's by its name, as the kernel has it; undefined when nothing says (RAUC finds out while it writes). */
async function slotBytes(device: string, sysFolder: string): Promise<number | undefined> {
  const stat = await lstat(device).catch(() => undefined)
  if (stat?.isFile()) return stat.size
  const blocks = join(sysFolder, 'class/block')
  for (const name of await readdir(blocks).catch(() => [])) {
    // Not by its node in /dev: the program that asks sees no devices.
    const facts = await readFile(join(blocks, name, 'uevent'), 'utf8').catch(() => '')
    if (!facts.split('\n').includes(`PARTNAME=${basename(device)}`)) continue
    return Number(await readFile(join(blocks, name, 'size'), 'utf8')) * sectorBytes
  }
  return undefined
}
