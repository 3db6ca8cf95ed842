// The lab's folder: lab.json for other programs, the lock of the lab that runs, and what `scripts/lab down` needs to find and end
// what a lab has left. A process is only ended when its own command line says that it is ours.
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { isSystemError } from '../src/base/errors.ts'
import type { LabStation } from './lab-keys.ts'

/** What lab.json says of a station: all that a backend needs to use it. */
export interface LabFileStation {
  name: string
  agencyCodes: readonly string[]
  /** Of the station's process; its signer is a child of it. */
  pid: number
  /** Append `/sendEdoc` and so on, as for every VXP client. */
  vxpEndpoint: string
  systemid: string
  secret: string
  dataFolder: string
  configFile: string
}

/** lab.json. */
export interface LabFile {
  /** False when this lab has stopped its stations. */
  running: boolean
  /** Of scripts/lab itself. */
  labPid: number
  /** Where the stations report their health, under `tram/v1/lab/`. */
  mqttUrl: string
  stations: LabFileStation[]
}

interface LabLock {
  labPid: number
  /** Every process that this lab has started and not seen end: stations, and the broker. */
  pids: number[]
}

const stopWithinMs = 20_000
const lockName = 'lock.json'
/** A file that every lab's folder has, by which `scripts/lab down` knows one. */
export const labGroundName = 'ground.json'

/** A path as a person would type it here. */
export function shown(path: string): string {
  const near = relative(process.cwd(), path)
  return near !== '' && near.length < path.length ? near : path
}

export const labFileOf = (folder: string): string => join(folder, 'lab.json')
export const brokerConfigOf = (folder: string): string => join(folder, 'broker', 'mosquitto.conf')
const configFileOf = (folder: string, id: string): string => join(folder, 'stations', id, 'tram.toml')

/** The endpoint as vendors' software is configured: a path of their own in front of the operation. */
export function endpointOf({ host, vxpPort }: LabStation): string {
  return `http://${host}:${vxpPort}/XrdAdapter/RestService/forward/tram`
}

export function fileStation(station: LabStation, pid: number): LabFileStation {
  const { name, agencyCodes, backend, dataFolder, configFile } = station
  return { name, agencyCodes, pid, vxpEndpoint: endpointOf(station), ...backend, dataFolder, configFile }
}

/** Written as a whole: a reader sees the old one or the new one. */
export async function writeLabFile(folder: string, content: LabFile): Promise<void> {
  await writeWhole(labFileOf(folder), content)
}

/** Before a start: nobody may take the stations of the last lab for those of this one. */
export async function removeLabFile(folder: string): Promise<void> {
  await rm(labFileOf(folder), { force: true })
}

export function readLabFile(folder: string): Promise<LabFile | undefined> {
  return readJson<LabFile>(labFileOf(folder))
}

/** Whether `folder` may become, or is, a lab: missing, empty or ours. Nothing of anybody else's is overwritten or deleted. */
export async function isLabFolder(folder: string): Promise<'new' | 'lab' | 'other'> {
  try {
    const names = await readdir(folder)
    if (names.length === 0) return 'new'
    return names.includes(labGroundName) ? 'lab' : 'other'
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return 'new'
    throw error
  }
}

/** The process id of the lab that runs in `folder`, undefined when none does. */
export async function runningLab(folder: string): Promise<number | undefined> {
  const lock = await readJson<LabLock>(join(folder, lockName))
  if (lock === undefined || lock.labPid === process.pid) return undefined
  return (await commandLine(lock.labPid)).some((word) => word.endsWith('scripts/lab.ts')) ? lock.labPid : undefined
}

/** Says that this process is the lab of `folder`, and which processes it has started. */
export async function writeLock(folder: string, pids: readonly number[]): Promise<void> {
  await writeWhole(join(folder, lockName), { labPid: process.pid, pids })
}

/**
 * Ends the stations and the broker that a lab in `folder` has left running: those whose ids it wrote down and whose command line
 * names a configuration of this folder. Signers end with their stations. Returns how many stations were ended.
 */
export async function endLeftStations(folder: string): Promise<number> {
  const root = resolve(folder)
  const lock = await readJson<LabLock>(join(root, lockName))
  const file = await readJson<LabFile>(labFileOf(root))
  const recorded = new Set([...(lock?.pids ?? []), ...(file?.stations ?? []).map(({ pid }) => pid)])
  const left: number[] = []
  let stations = 0
  for (const pid of recorded) {
    const kind = await kindOf(root, pid)
    if (kind !== undefined) left.push(pid)
    if (kind === 'station') stations += 1
  }
  for (const pid of left) signalIfThere(pid, 'SIGTERM')
  await gone(root, left, stopWithinMs)
  for (const pid of left) if ((await kindOf(root, pid)) !== undefined) signalIfThere(pid, 'SIGKILL')
  await gone(root, left, stopWithinMs)
  return stations
}

/** Asks a running lab to stop, and waits until it has. Returns whether it has. */
export async function stopLab(labPid: number, withinMs: number): Promise<boolean> {
  signalIfThere(labPid, 'SIGTERM')
  const deadline = performance.now() + withinMs
  while ((await commandLine(labPid)).length > 0) {
    if (performance.now() > deadline) return false
    await delay(100)
  }
  return true
}

/** What a process of the lab in `root` is; undefined when it is none. */
async function kindOf(root: string, pid: number): Promise<'station' | 'broker' | undefined> {
  const words = await commandLine(pid)
  if (words[0] === 'mosquitto' && words.at(-1) === brokerConfigOf(root)) return 'broker'
  const config = words[words.indexOf('--config') + 1]
  if (!words.some((word) => word.endsWith('/dist/tram.mjs')) || config === undefined) return undefined
  const id = config.split('/').at(-2) ?? ''
  return config === configFileOf(root, id) ? 'station' : undefined
}

async function gone(root: string, pids: readonly number[], withinMs: number): Promise<void> {
  const deadline = performance.now() + withinMs
  for (const pid of pids) {
    while ((await kindOf(root, pid)) !== undefined && performance.now() < deadline) await delay(50)
  }
}

function signalIfThere(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if (!isSystemError(error, 'ESRCH')) throw error
  }
}

/** argv of a process; empty when it is gone (or a zombie that nobody has waited for). */
async function commandLine(pid: number): Promise<string[]> {
  const text = await readText(`/proc/${pid}/cmdline`)
  return (text ?? '').split('\0').filter((word) => word !== '')
}

async function writeWhole(file: string, content: unknown): Promise<void> {
  const temporary = `${file}.${process.pid}`
  await writeFile(temporary, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 })
  await rename(temporary, file)
}

async function readJson<Content>(file: string): Promise<Content | undefined> {
  const text = await readText(file)
  return text === undefined ? undefined : (JSON.parse(text) as Content)
}

async function readText(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if (isSystemError(error, 'ENOENT') || isSystemError(error, 'ESRCH')) return undefined
    throw error
  }
}
