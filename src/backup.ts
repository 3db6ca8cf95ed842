// Composition root of `tram backup` and `tram restore`: joins a station's store (running, over its API; stopped, opened here), its
// configuration and identity with the archive of exchange/backup. surface/cli calls it through main.ts; a restore needs the station down.
// Long because: both ways, and what each carries, are read side by side.
import { open, readFile, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { systemClock } from './base/clock.ts'
import { asTramError, TramError } from './base/errors.ts'
import { createLogger } from './base/logger.ts'
import { dataPaths } from './base/paths.ts'
import { tramVersion } from './base/version.ts'
import { type Config, loadConfig, parseConfig, readConfigText } from './config.ts'
import { listFolder } from './equipment/store/durable-files.ts'
import { writeLevel } from './equipment/store/level-snapshot.ts'
import { LevelStore } from './equipment/store/level-store.ts'
import { range } from './equipment/store/namespaces.ts'
import { type AgeIdentity, openAge } from './exchange/backup/age-stream.ts'
import { verifiedMembers, writeArchive } from './exchange/backup/backup-archive.ts'
import { assertRoom, backupName, findBackup, readParts } from './exchange/backup/backup-parts.ts'
import { newPassphrase, typedPassphrase } from './exchange/backup/passphrase.ts'
import {
  assertNoRestore,
  finishRestore,
  isRestoreUnfinished,
  RestoreStaging,
} from './exchange/backup/restore-staging.ts'
import { fileMember, storeBytes, storeEndName, storeMembers } from './exchange/backup/store-members.ts'
import { type BackupMember, memberOf, readTar, wholeMember } from './exchange/backup/tar-stream.ts'
import { carriedFiles, restoredConfig } from './restored-config.ts'
import { ApiClient } from './surface/cli/api-client.ts'
import type { BackupDone, BackupWish, RestoreDone, RestoreWish } from './surface/cli/cli-context.ts'

const silent = createLogger('silent')
const headName = 'backup.json'
const configName = 'config/tram.toml'
const peerKeyName = 'identity/peer.key'
const maxHeadBytes = 1024 * 1024
const maxFileBytes = 256 * 1024 * 1024
const maxPeerKeyBytes = 64 * 1024
/** Headers, padding, seals, and what a store grows by while it is read. */
const spareBytes = 64 * 1024 * 1024
const defaultSoftHsmFile = '/etc/softhsm/softhsm2.conf'

/** What a backup says of itself, before everything else. */
interface Head {
  format: 1
  station: string
  generation: number
  createdMs: number
  version: string
  /** Where the configuration stood. */
  configFile: string
  /** By the number of its member: what files the configuration names. */
  files: string[]
}

/**
 * Writes a backup of the station to a folder, seals it, and reads it back.
 * @throws TramError BACKUP_UNWRITABLE, CONFIG_INVALID, REQUEST_INVALID (a recipient; no SoftHSM), STORE_*, FILE_UNUSABLE
 */
export async function createBackup(wish: BackupWish, signal: AbortSignal): Promise<BackupDone> {
  const configFile = resolve(wish.configFile)
  const text = await readConfigText(configFile)
  const config = parseConfig(text, configFile)
  const { id, generation, data_folder } = config.station
  await assertNoRestore(data_folder)
  const paths = dataPaths(data_folder)
  const passphrase = wish.recipients.length > 0 ? undefined : typedPassphrase(wish.passphrase ?? newPassphrase())
  const recipients = passphrase === undefined ? { publicKeys: wish.recipients } : { passphrase }
  const tokenFolder = wish.withSoftHsm ? await softHsmFolder(wish.softHsmFile) : undefined
  const nowMs = systemClock.now()
  const files = carriedFiles(config)
  const head: Head = { format: 1, station: id, generation, createdMs: nowMs, version: tramVersion, configFile, files }
  await assertRoom(wish.folder, Math.ceil((await storeBytes(paths)) * 1.01) + spareBytes)
  const store = await openStore(config, signal)
  try {
    const members = async function* (): AsyncGenerator<BackupMember> {
      yield memberOf(headName, Buffer.from(JSON.stringify(head)))
      yield memberOf(configName, Buffer.from(text))
      for (const [index, file] of files.entries()) yield* neededFile(`config/files/${index}`, file, signal)
      yield* neededFile(peerKeyName, paths.peerKey, signal)
      if (tokenFolder !== undefined) yield* tokenMembers(tokenFolder, signal)
      yield* store.members
    }
    const name = backupName(id, nowMs)
    const archive = {
      folder: wish.folder,
      name,
      recipients,
      nowMs,
      ...(wish.partBytes === undefined ? {} : { partBytes: wish.partBytes }),
    }
    const written = await writeArchive(archive, members())
    const isGenerated = wish.passphrase === undefined && passphrase !== undefined
    const { sizeBytes } = written
    return { name, files: written.files, sizeBytes, isRunning: store.isRunning, ...(isGenerated ? { passphrase } : {}) }
  } finally {
    await store.close()
  }
}

interface OpenStore {
  members: AsyncIterable<BackupMember>
  isRunning: boolean
  close(): Promise<void>
}

/** From the station when it runs, from its folder when it does not. */
async function openStore(config: Config, signal: AbortSignal): Promise<OpenStore> {
  const paths = dataPaths(config.station.data_folder)
  try {
    const { stream } = await new ApiClient(paths.apiSocket, signal).open({ path: 'backup' })
    return { members: untilEnd(readTar(stream)), isRunning: true, close: async () => void stream.destroy() }
  } catch (error) {
    if (asTramError(error).code !== 'STATION_NOT_RUNNING') throw error
  }
  const folder = await stat(config.station.data_folder).catch((error: unknown) => {
    const detail = asTramError(error).message
    throw new TramError('DATA_FOLDER_UNUSABLE', { folder: config.station.data_folder, detail }, { cause: error })
  })
  if (process.getuid?.() !== folder.uid) {
    const detail = `with the station stopped, run this as its owner (uid ${folder.uid})`
    throw new TramError('DATA_FOLDER_UNUSABLE', { folder: config.station.data_folder, detail })
  }
  const records = new LevelStore({ folder: paths.store, quarantineFolder: paths.quarantine }, { logger: silent })
  await records.start(signal)
  const snapshot = records.snapshot()
  const close = async (): Promise<void> => {
    await snapshot.close()
    await records.stop()
  }
  return { members: storeMembers(snapshot, paths, signal), isRunning: false, close }
}

/** The station's tar ends with a member that says so: an answer that was cut must not pass for a store. */
async function* untilEnd(members: AsyncIterable<BackupMember>): AsyncGenerator<BackupMember> {
  let last = ''
  for await (const member of members) {
    last = member.name
    yield member
  }
  if (last !== storeEndName) throw new TramError('BACKUP_INVALID', { file: 'API', detail: 'the station broke off' })
}

async function* neededFile(name: string, file: string, signal: AbortSignal): AsyncGenerator<BackupMember> {
  let isThere = false
  for await (const member of fileMember(name, file, signal)) {
    isThere = true
    yield member
  }
  if (!isThere) throw new TramError('FILE_UNUSABLE', { file, key: name, detail: 'it is missing' })
}

/** @throws TramError REQUEST_INVALID when there is no SoftHSM */
async function softHsmFolder(file = defaultSoftHsmFile): Promise<string> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new TramError(
      'REQUEST_INVALID',
      { field: '--with-softhsm', detail: asTramError(error).message },
      { cause: error },
    )
  })
  const folder = /^\s*directories\.tokendir\s*=\s*(\S+)\s*$/m.exec(text)?.[1]
  if (folder === undefined)
    throw new TramError('REQUEST_INVALID', { field: '--with-softhsm', detail: `${file}: no tokendir` })
  return resolve(dirname(file), folder)
}

/** Tokens of SoftHSM: a folder each, of small files. */
async function* tokenMembers(folder: string, signal: AbortSignal): AsyncGenerator<BackupMember> {
  for (const token of await listFolder(folder))
    for (const name of await listFolder(join(folder, token)))
      yield* fileMember(`softhsm/${token}/${name}`, join(folder, token, name), signal)
}

/**
 * Restores the newest backup of a folder onto this box as the next generation of its station. Nothing is changed until all of it
 * is unpacked and verified. A restore that was cut off while it put things in place is finished instead.
 * @throws TramError BACKUP_INVALID, BACKUP_KEY_WRONG, RESTORE_REFUSED, STORE_LOCKED (the station runs), DISK_FULL, STORE_FAILED, CONFIG_INVALID
 */
export async function restoreBackup(wish: RestoreWish, signal: AbortSignal): Promise<RestoreDone> {
  const configFile = resolve(wish.configFile)
  const dataFolder = wish.dataFolder === undefined ? undefined : resolve(wish.dataFolder)
  const here = dataFolder ?? (await loadConfig(configFile).catch(() => undefined))?.station.data_folder
  if (here !== undefined && (await isRestoreUnfinished(here))) return finish(here, configFile)
  if (wish.from === undefined) throw new TramError('REQUEST_INVALID', { field: '--from', detail: 'which folder?' })
  const found = await findBackup(resolve(wish.from))
  const identity = await identityOf(wish)
  const members = verifiedMembers(openAge(cancellable(readParts(found), signal), identity))
  let staging: RestoreStaging | undefined
  try {
    const head = headOf(await named(members, headName, maxHeadBytes))
    const text = new TextDecoder('utf-8', { fatal: true }).decode(await named(members, configName, maxHeadBytes * 3))
    const generation = wish.generation ?? head.generation + 1
    if (generation <= head.generation)
      throw new TramError('REQUEST_INVALID', { field: '--generation', detail: `must be above ${head.generation}` })
    const restored = restoredConfig(text, head.configFile, configFile, { generation, dataFolder })
    const target = restored.config.station.data_folder
    await assertNoRestore(target)
    await assertFresh(target, wish.replace, signal)
    staging = new RestoreStaging(target, { writeStore: writeLevel })
    await staging.begin(found.sizeBytes + spareBytes)
    await staging.addFile(configFile, [Buffer.from(restored.text)], 'configuration')
    for (const index of head.files.keys()) {
      const to = restored.targets.get(head.files[index] ?? '')
      if (to === undefined) throw invalid(headName, 'a file that the configuration does not name')
      const member = await next(members, `config/files/${index}`, maxFileBytes)
      await staging.addFile(to, member.body, 'secret')
    }
    await staging.addPeerKey(await named(members, peerKeyName, maxPeerKeyBytes))
    await staging.addStore(tokensTaken(members, staging, wish))
    await staging.commit(systemClock.now())
    staging = undefined
    return { ...(await finish(target, configFile)), createdMs: head.createdMs }
  } finally {
    await members.return(undefined)
    await staging?.drop()
  }
}

async function finish(dataFolder: string, configFile: string): Promise<RestoreDone> {
  const replaced = await finishRestore(dataFolder)
  const { station } = await loadConfig(configFile)
  return {
    station: station.id,
    generation: station.generation,
    dataFolder,
    configFile,
    ...(replaced === undefined ? {} : { replaced }),
  }
}

async function identityOf({ identityFile, askPassphrase }: RestoreWish): Promise<AgeIdentity> {
  if (identityFile === undefined) return { passphrase: typedPassphrase(await askPassphrase()) }
  const text = await readBounded(identityFile)
  const line = text.split('\n').find((one) => one.startsWith('AGE-SECRET-KEY-'))
  const secretKey = line?.trim()
  if (secretKey === undefined)
    throw new TramError('REQUEST_INVALID', { field: '--identity', detail: 'no AGE-SECRET-KEY-1…' })
  return { secretKey }
}

async function readBounded(file: string): Promise<string> {
  try {
    await using handle = await open(file)
    const buffer = Buffer.alloc(64 * 1024)
    return buffer.toString('utf8', 0, (await handle.read(buffer)).bytesRead)
  } catch (error) {
    throw new TramError(
      'REQUEST_INVALID',
      { field: '--identity', detail: asTramError(error).message },
      { cause: error },
    )
  }
}

/**
 * That a restore may take the place of what is in the data folder. Opening it also shows that no station runs there.
 * @throws TramError RESTORE_REFUSED, STORE_LOCKED
 */
export async function assertFresh(dataFolder: string, mayReplace: boolean, signal: AbortSignal): Promise<void> {
  const paths = dataPaths(dataFolder)
  if ((await listFolder(paths.store)).length === 0) return
  const records = new LevelStore({ folder: paths.store, quarantineFolder: paths.quarantine }, { logger: silent })
  const refuse = (detail: string, cause?: unknown): TramError =>
    new TramError('RESTORE_REFUSED', { folder: dataFolder, detail }, { cause })
  try {
    await records.start(signal)
    if (mayReplace) return
    for (const namespace of ['document', 'item', 'inbound'] as const)
      for await (const _ of records.range({ ...range(namespace), limit: 1 })) throw refuse('it holds documents')
  } catch (error) {
    const { code, message } = asTramError(error)
    if (code === 'STORE_LOCKED' || code === 'RESTORE_REFUSED') throw error
    if (!mayReplace) throw refuse(message, error)
  } finally {
    await records.stop()
  }
}

function headOf(bytes: Uint8Array): Head {
  let head: unknown
  try {
    head = JSON.parse(Buffer.from(bytes).toString('utf8'))
  } catch (error) {
    throw invalid(headName, asTramError(error).message)
  }
  const { format, generation, createdMs, configFile, files } = (head ?? {}) as Partial<Record<keyof Head, unknown>>
  if (format !== 1) throw invalid(headName, `format ${String(format)} is not known to this software`)
  const isHead =
    [generation, createdMs].every(Number.isSafeInteger) &&
    typeof configFile === 'string' &&
    resolve(configFile) === configFile &&
    Array.isArray(files) &&
    files.every((file) => typeof file === 'string')
  if (!isHead) throw invalid(headName, 'not the head of a backup')
  return head as Head
}

/** Passes the store's members on; token files before them are staged when they are wanted. */
async function* tokensTaken(
  members: AsyncGenerator<BackupMember>,
  staging: RestoreStaging,
  wish: RestoreWish,
): AsyncGenerator<BackupMember> {
  for (let member = await members.next(); member.done !== true; member = await members.next()) {
    const { name, body } = member.value
    if (!name.startsWith('softhsm/')) yield member.value
    else if (!wish.withSoftHsm) for await (const _ of body);
    else {
      const [, token = '', file = ''] = name.split('/')
      if (name.split('/').length !== 3) throw invalid(name, 'not a file of a token')
      await staging.addFile(join(await softHsmFolder(wish.softHsmFile), token, file), body, 'token')
    }
  }
}

async function next(members: AsyncGenerator<BackupMember>, name: string, maxBytes: number): Promise<BackupMember> {
  const { done, value } = await members.next()
  if (done === true || value.name !== name) throw invalid(name, 'it is missing')
  if (value.sizeBytes > maxBytes) throw invalid(name, `it has more than ${maxBytes} bytes`)
  return value
}

const named = async (members: AsyncGenerator<BackupMember>, name: string, maxBytes: number): Promise<Buffer> =>
  wholeMember(await next(members, name, maxBytes), maxBytes)

async function* cancellable(pieces: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) {
    signal.throwIfAborted()
    yield piece
  }
}

const invalid = (file: string, detail: string): TramError => new TramError('BACKUP_INVALID', { file, detail })
