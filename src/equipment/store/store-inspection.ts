// What level-store.ts does around each open of LevelDB, which repairs silently and deletes the evidence: judge the logs
// before, keep a copy of what is damaged, and read LevelDB's own LOG after.
import { createHash } from 'node:crypto'
import { copyFile, type FileHandle, link, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { isSystemError, TramError } from '../../base/errors.ts'
import { listFolder, makeFolder, syncFolder } from './durable-files.ts'
import { scanLogFile } from './log-scan.ts'

/** Evidence whose loss nobody has made good yet carries this ending: the report repeats at every start until then. */
const openEnding = '.open'
/** Ends of logs that did not read, until it is on disk that peers are asked what was in them. */
const tornEnding = '.torn'
/** Of an end so much is kept: no batch is much larger. */
const maxTailBytes = 4 * 1024 * 1024

/** LevelDB's LOG is read up to so many bytes: recovery speaks at its beginning. */
const maxInfoLogBytes = 1024 * 1024

export interface Inspection {
  /** Logs (`000003.log`) whose loss is explained: what LevelDB says of them is no news. */
  judged: Set<string>
  /** Paths of the copies that this inspection made. */
  copies: string[]
}

/**
 * Judges every log in `folder` and puts the damaged ones into quarantine, of a torn one the end.
 * @param stamp begins the names in quarantine
 * @param isStart false = a write of this process has just failed: what it tore was not acknowledged, and is not kept
 * @throws TramError STORE_DAMAGED when the folder has data and CURRENT no manifest: LevelDB would begin an empty store, or give up
 */
export async function inspectLogs(
  folder: string,
  quarantineFolder: string,
  stamp: string,
  isStart: boolean,
  signal?: AbortSignal,
): Promise<Inspection> {
  const names = await readdir(folder)
  const dataNames = names.filter((name) => /\.(log|ldb|sst)$/.test(name))
  if (dataNames.length > 0 && !names.includes((await readCurrent(folder)) ?? ''))
    throw new TramError('STORE_DAMAGED', { place: folder, detail: 'CURRENT names no manifest beside data files' })
  const inspection: Inspection = { judged: new Set(), copies: [] }
  const numberOf = (name: string) => Number.parseInt(name, 10)
  const newestFirst = names.filter((name) => name.endsWith('.log')).sort((a, b) => numberOf(b) - numberOf(a))
  let isFollowed = false
  for (const name of newestFirst) {
    const file = join(folder, name)
    const scan = await scanLogFile(file, signal)
    if (scan.state === 'torn' && !isFollowed) {
      inspection.judged.add(name)
      if (isStart) inspection.copies.push(...(await keepTail(file, scan.badOffset, quarantineFolder, stamp)))
    } else if (scan.state !== 'clean') {
      // Also a torn one with batches in the next: each is synced before the next begins, in whichever log.
      inspection.judged.add(name)
      inspection.copies.push(...(await quarantineLog(file, quarantineFolder, stamp)))
    }
    isFollowed ||= scan.records > 0
  }
  return inspection
}

/** The name of the manifest in use, undefined when nothing says it. */
async function readCurrent(folder: string): Promise<string | undefined> {
  let handle: FileHandle | undefined
  try {
    handle = await open(join(folder, 'CURRENT'), 'r')
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(100), 0, 100, 0)
    return buffer.toString('latin1', 0, bytesRead).trim()
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return undefined
    throw error
  } finally {
    await handle?.close()
  }
}

/**
 * Reads LevelDB's LOG of the open that has just ended. When it dropped bytes of a file that nobody has judged, the LOG
 * goes into quarantine as evidence.
 */
export async function inspectInfoLog(
  folder: string,
  quarantineFolder: string,
  stamp: string,
  judged: ReadonlySet<string>,
): Promise<void> {
  const file = join(folder, 'LOG')
  const handle = await open(file, 'r')
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(maxInfoLogBytes), 0, maxInfoLogBytes, 0)
    if (droppedFiles(buffer.toString('latin1', 0, bytesRead)).every((name) => judged.has(name))) return
  } finally {
    await handle.close()
  }
  await makeFolder(quarantineFolder)
  // Not linked as a log is: LevelDB goes on writing into it.
  await copyFile(file, evidencePath(file, quarantineFolder, stamp))
  await syncFolder(quarantineFolder)
}

/** Names of the files of which LevelDB says that it dropped bytes (db_impl.cc: `<path>: dropping <n> bytes; <why>`). */
export function droppedFiles(infoLog: string): string[] {
  const names: string[] = []
  for (const match of infoLog.matchAll(/(\S+): dropping \d+ bytes/g)) names.push(basename(match[1] ?? ''))
  return names
}

/**
 * Keeps a damaged record as evidence before it is deleted: key, then value as stored.
 * @returns the name of the evidence, as `openDamage` gives it
 */
export async function keepRecord(
  quarantineFolder: string,
  stamp: string,
  key: string,
  stored: Uint8Array,
): Promise<string> {
  const digest = createHash('sha256').update(key).digest('hex').slice(0, 16)
  return keepEvidence(quarantineFolder, `${stamp}-record-${digest}`, Buffer.concat([Buffer.from(`${key}\n`), stored]))
}

/** Keeps a piece of evidence, durably and still open. Returns its name. */
export async function keepEvidence(
  quarantineFolder: string,
  name: string,
  bytes: Uint8Array,
  ending = openEnding,
): Promise<string> {
  await makeFolder(quarantineFolder)
  const handle = await open(join(quarantineFolder, name + ending), 'w', 0o600)
  try {
    await handle.writeFile(bytes)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await syncFolder(quarantineFolder)
  return name
}

/** Moves what LevelDB's repair has put aside (`lost/`) into quarantine. */
export async function moveLost(folder: string, quarantineFolder: string, stamp: string): Promise<void> {
  const lost = join(folder, 'lost')
  const names = await listFolder(lost)
  for (const name of names) await rename(join(lost, name), join(quarantineFolder, `${stamp}-lost-${name}`))
  if (names.length > 0) await syncFolder(quarantineFolder)
}

/** STORE_DAMAGED and STORE_TORN for each piece of evidence that is still open, from this start or an earlier one. */
export async function openDamage(quarantineFolder: string): Promise<TramError[]> {
  const found: TramError[] = []
  for (const name of await listFolder(quarantineFolder)) {
    if (name.endsWith(openEnding))
      found.push(new TramError('STORE_DAMAGED', { place: name.slice(0, -openEnding.length), detail: 'in quarantine' }))
    else if (name.endsWith(tornEnding))
      found.push(new TramError('STORE_TORN', { file: name.slice(0, -tornEnding.length) }))
  }
  return found
}

/** Whether a name in quarantine is that of evidence which `openDamage` still reports. */
export const isUnsettled = (name: string): boolean => name.endsWith(openEnding) || name.endsWith(tornEnding)

/** The loss has been made good: closes all evidence. It stays in the folder. */
export const closeDamage = (quarantineFolder: string): Promise<void> => close(quarantineFolder, openEnding)

/** It is on disk that peers are asked for what torn ends held: they are reported no more. They stay in the folder. */
export const closeTorn = (quarantineFolder: string): Promise<void> => close(quarantineFolder, tornEnding)

async function close(quarantineFolder: string, ending: string): Promise<void> {
  const names = (await listFolder(quarantineFolder)).filter((name) => name.endsWith(ending))
  for (const name of names)
    await rename(join(quarantineFolder, name), join(quarantineFolder, name.slice(0, -ending.length)))
  if (names.length > 0) await syncFolder(quarantineFolder)
}

/** The log belonged to a station that is running: what was read of it meant nothing. */
export async function withdrawCopies({ copies }: Inspection): Promise<void> {
  for (const copy of copies) await rm(copy, { force: true })
}

/** Keeps the end of a torn log. Returns the path of the copy, unless there is one already. */
async function keepTail(file: string, from: number, quarantineFolder: string, stamp: string): Promise<string[]> {
  const ending = `-${basename(file)}-tail${tornEnding}`
  // A start that failed after this point has kept it already.
  if ((await listFolder(quarantineFolder)).some((name) => name.endsWith(ending))) return []
  const handle = await open(file, 'r')
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(maxTailBytes), 0, maxTailBytes, from)
    const name = `${stamp}-${basename(file)}-tail`
    await keepEvidence(quarantineFolder, name, buffer.subarray(0, bytesRead), tornEnding)
    return [join(quarantineFolder, name + tornEnding)]
  } finally {
    await handle.close()
  }
}

/** Returns the path of the copy, unless there is one already. */
async function quarantineLog(file: string, quarantineFolder: string, stamp: string): Promise<string[]> {
  // A second name means that an open which failed after this point has kept it already.
  if ((await stat(file)).nlink > 1) return []
  await makeFolder(quarantineFolder)
  const copy = evidencePath(file, quarantineFolder, stamp)
  try {
    // A second name costs no space on a full disk, and LevelDB never writes into an old log: it only drops its name.
    await link(file, copy)
  } catch {
    // Another file system, or one without links. If copying fails too, the store must not open.
    await copyFile(file, copy)
  }
  await syncFolder(quarantineFolder)
  return [copy]
}

function evidencePath(file: string, quarantineFolder: string, stamp: string): string {
  return join(quarantineFolder, `${stamp}-${basename(file)}${openEnding}`)
}
