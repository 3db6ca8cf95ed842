// The lab's stations as processes: started from the bundle in small groups, watched through their logs, started again when
// somebody kills one, stopped by process id. Their output goes to their own log files, so that they do not depend on the lab.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir, open, rename } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { isSystemError } from '../src/base/errors.ts'
import { bundledStation, nodeEnv } from '../test/fixtures/station/bundle.ts'
import type { LogLine } from '../test/fixtures/station/station-process.ts'
import type { LabStation } from './lab-keys.ts'
import { LogTail } from './lab-log-tail.ts'
import { availableDisk, availableMemory, memoryOf } from './lab-memory.ts'

/** With more stations than this, memory counts for more than speed. */
const manyStations = 8
const sparingEnv = { NODE_OPTIONS: '--max-semi-space-size=1', UV_THREADPOOL_SIZE: '2' }
/** As systemd does it: RestartSec of the unit. */
const restartAfterMs = 3000
const readyWithinMs = 120_000
const stopWithinMs = 20_000
const keptLines = 12
const mebibyte = 1024 * 1024
/** Of a station with its signer, until the first ones have been measured. */
const guessedStationBytes = 140 * mebibyte
/** Under load a station takes more than it does idle. */
const headroom = 1.25
/** What the machine keeps for itself and for the lab. */
const spareMemoryBytes = 512 * mebibyte
/** The ballast and some room for the store. */
const stationDiskBytes = 150 * mebibyte
const spareDiskBytes = 768 * mebibyte

export interface LabStationEvents {
  onLine(station: LabStation, line: LogLine): void
  /** Every process that was started, at once: whoever cleans up must know it. */
  onSpawned(): void
  /** It ended though nobody asked; it is started again. */
  onLost(station: LabStation, how: string, restartAfterMs: number): void
  onRestarted(station: LabStation, pid: number): void
  onRestartFailed(station: LabStation, reason: string): void
}

/** One station's process, the next one after it when it dies, and its log. */
export class LabStationProcess {
  readonly station: LabStation
  readonly logFile: string
  readonly #events: LabStationEvents
  readonly #isSparing: boolean
  readonly #tail: LogTail
  readonly #lastLines: string[] = []
  readonly #stopping = new AbortController()
  #child: ChildProcess | undefined
  #exited: Promise<string> = Promise.resolve('')
  #ready: ((pid: number) => void) | undefined
  #isReady = false

  constructor(station: LabStation, events: LabStationEvents, isSparing: boolean) {
    this.station = station
    this.#isSparing = isSparing
    this.#events = events
    this.logFile = join(labLogFolder(station), 'station.log')
    this.#tail = new LogTail(this.logFile, (line) => this.#take(line))
  }

  /** Of the process that runs, or ran last. */
  get pid(): number | undefined {
    return this.#child?.pid
  }

  /** It has said that it serves, and has not ended since. */
  get isReady(): boolean {
    return this.#isReady
  }

  /** Resolves when the station serves. Rejects with the end of its log when it does not come to that; it is not tried again. */
  async start(): Promise<void> {
    await mkdir(labLogFolder(this.station), { recursive: true })
    await keepOneBefore(this.logFile)
    await this.#tail.start()
    try {
      await this.#launch()
    } catch (error) {
      await this.stop()
      throw error
    }
    void this.#watch()
  }

  /** SIGTERM, and SIGKILL when that does not help. Returns how it ended. */
  async stop(): Promise<string> {
    this.#stopping.abort()
    const child = this.#child
    if (child !== undefined && isRunning(child)) child.kill('SIGTERM')
    const timer = setTimeout(() => child?.kill('SIGKILL'), stopWithinMs)
    const how = await this.#exited
    clearTimeout(timer)
    await this.#tail.stop()
    return how
  }

  /** For when there is no time left to wait for anything. */
  terminate(): void {
    if (this.#child !== undefined && isRunning(this.#child)) this.#child.kill('SIGTERM')
  }

  /** Reads what the station has logged by now. */
  readLog(): Promise<void> {
    return this.#tail.read()
  }

  async #launch(): Promise<void> {
    const [program = '', ...argv] = bundledStation
    const log = await open(this.logFile, 'a', 0o600)
    // A session of its own: Ctrl-C is for the lab, which stops its stations one by one, and so is the terminal's end.
    const child = spawn(program, [...argv, 'run', '--config', this.station.configFile], {
      env: { ...process.env, ...nodeEnv, ...this.station.token.env, ...(this.#isSparing ? sparingEnv : {}) },
      cwd: this.station.folder,
      stdio: ['ignore', log.fd, log.fd],
      detached: true,
    })
    this.#child = child
    const { promise: ready, resolve } = Promise.withResolvers<number>()
    this.#ready = resolve
    this.#exited = new Promise((ended) => {
      child.once('error', (error) => ended(error.message))
      child.once('exit', (code, signal) => ended(signal ?? `exit code ${code}`))
    }).then((how) => {
      this.#isReady = false
      return String(how)
    })
    await log.close()
    this.#events.onSpawned()
    const timer = AbortSignal.timeout(readyWithinMs)
    const late = new Promise<string>((resolveLate) => {
      timer.addEventListener('abort', () => resolveLate(`not ready within ${readyWithinMs / 1000} s`), { once: true })
    })
    const outcome = await Promise.race([ready, this.#exited, late])
    if (typeof outcome === 'string') {
      await this.#tail.read()
      throw new Error(`${outcome}: ${this.#lastLines.join('\n') || 'nothing in its log'}`)
    }
    this.#isReady = true
  }

  /** Starts the station again, for ever, until the lab stops it. */
  async #watch(): Promise<void> {
    const { signal } = this.#stopping
    for (;;) {
      const how = await this.#exited
      if (signal.aborted) return
      this.#events.onLost(this.station, how, restartAfterMs)
      try {
        await delay(restartAfterMs, undefined, { signal })
        await this.#launch()
        this.#events.onRestarted(this.station, this.pid ?? 0)
      } catch (error) {
        if (signal.aborted) return
        this.#child?.kill('SIGKILL') // one that is merely late must not stand in the way of the next
        this.#events.onRestartFailed(this.station, error instanceof Error ? error.message : String(error))
      }
    }
  }

  #take(line: LogLine): void {
    this.#lastLines.push(JSON.stringify(line).slice(0, 400))
    if (this.#lastLines.length > keptLines) this.#lastLines.shift()
    if (line.step === 'ready' && line.pid === this.pid) this.#ready?.(this.pid ?? 0)
    this.#events.onLine(this.station, line)
  }
}

/** Where a station's logs lie. */
export const labLogFolder = (station: LabStation): string => join(station.folder, 'log')

/** Which stations run, and why the others do not. */
export interface StartedStations {
  running: LabStationProcess[]
  left: { station: LabStation; reason: string }[]
}

/**
 * Starts stations as many at a time as there are cores, while memory and disk last.
 * @param onGroup told after each group
 */
export async function startStations(
  stations: readonly LabStation[],
  events: LabStationEvents,
  signal: AbortSignal,
  onProcess: (process: LabStationProcess) => void,
  onGroup: (started: number) => void,
): Promise<StartedStations> {
  const running: LabStationProcess[] = []
  const left: StartedStations['left'] = []
  const groupSize = availableParallelism()
  let stationBytes = guessedStationBytes
  for (let at = 0; at < stations.length; at += groupSize) {
    signal.throwIfAborted()
    const group = stations.slice(at, at + groupSize)
    const shortage = await whatIsShort(group, stationBytes)
    if (shortage !== undefined) {
      left.push(...stations.slice(at).map((station) => ({ station, reason: shortage })))
      break
    }
    const processes = group.map((station) => new LabStationProcess(station, events, stations.length > manyStations))
    for (const process of processes) onProcess(process)
    const outcomes = await Promise.allSettled(processes.map((process) => process.start()))
    for (const [index, process] of processes.entries()) {
      const outcome = outcomes[index]
      if (outcome?.status === 'fulfilled') running.push(process)
      else left.push({ station: process.station, reason: String(outcome?.reason?.message ?? outcome?.reason) })
    }
    onGroup(running.length)
    const measured = await Promise.all(running.slice(-8).map(({ pid = 0 }) => memoryOf(pid)))
    if (measured.length > 0) stationBytes = Math.max(...measured)
  }
  return { running, left }
}

/** Why a group would not fit, in words; undefined when it does. */
async function whatIsShort(group: readonly LabStation[], stationBytes: number): Promise<string | undefined> {
  const mib = (bytes: number): string => `${Math.round(bytes / mebibyte)} MiB`
  const memory = await availableMemory()
  const wanted = group.length * stationBytes * headroom + spareMemoryBytes
  if (memory < wanted) return `memory: ${mib(memory)} left, ${mib(wanted)} needed for the next ${group.length}`
  const disk = await availableDisk(group[0]?.folder ?? '.')
  const wantedDisk = group.length * stationDiskBytes + spareDiskBytes
  if (disk < wantedDisk) return `disk: ${mib(disk)} left, ${mib(wantedDisk)} needed for the next ${group.length}`
  return undefined
}

const isRunning = (child: ChildProcess): boolean => child.exitCode === null && child.signalCode === null

/** The log of the lab's last run stays beside that of this one; older ones go. */
async function keepOneBefore(file: string): Promise<void> {
  try {
    await rename(file, `${file}.before`)
  } catch (error) {
    if (!isSystemError(error, 'ENOENT')) throw error
  }
}
