// How a running station stands to systemd: starts and stops its parts and says so, and gives it the heartbeat. Part of the
// composition root station.ts. Without NOTIFY_SOCKET it only starts and stops.
import { constants, open } from 'node:fs/promises'
import { type Service, startAll, stopAll } from './base/lifecycle.ts'
import type { Logger } from './base/logger.ts'
import type { DataPaths } from './base/paths.ts'
import { writeFailure } from './equipment/store/durable-files.ts'
import type { LevelStore } from './equipment/store/level-store.ts'
import { JournalEntries, type JournalEntry } from './equipment/systemd/journal-entries.ts'
import { type Supervision, watchdogPeriodMs } from './equipment/systemd/notify.ts'
import { StartProgress } from './equipment/systemd/start-progress.ts'
import { SystemdNotify } from './equipment/systemd/systemd-notify.ts'
import { askSignerAlive } from './equipment/token/signer-alive.ts'
import { Heartbeat } from './exchange/health/heartbeat.ts'
import { signerPart, storePart } from './exchange/health/heartbeat-parts.ts'

/** So many periods of the watchdog may pass without a write of the station's own before the heartbeat writes. */
const quietPeriods = 5

/** In place: of a file that is not made anew each time, no block is allocated on a full disk. */
async function writeByte(file: string): Promise<void> {
  try {
    const handle = await open(file, constants.O_WRONLY | constants.O_CREAT, 0o600)
    try {
      await handle.write(Buffer.of(1), 0, 1, 0)
      await handle.datasync()
    } finally {
      await handle.close()
    }
  } catch (error) {
    throw writeFailure(error, 1)
  }
}

export class Supervisor {
  readonly #notify: SystemdNotify | undefined
  readonly #journal: JournalEntries | undefined
  readonly #watchdogMs: number | undefined
  readonly logger: Logger

  constructor(supervision: Supervision, logger: Logger) {
    this.#notify = supervision.socket ? new SystemdNotify({ socketPath: supervision.socket }, { logger }) : undefined
    this.#journal = supervision.socket ? new JournalEntries({ logger }) : undefined
    this.#watchdogMs = watchdogPeriodMs(supervision, process.pid)
    this.logger = logger
  }

  /** One, or none when nobody watches: what it writes would be for nobody. */
  heartbeats(records: LevelStore, paths: DataPaths): Heartbeat[] {
    if (this.#notify === undefined || this.#watchdogMs === undefined) return []
    const parts = [
      storePart({ records, writeAside: () => writeByte(paths.diskProbe) }, quietPeriods * this.#watchdogMs),
      signerPart((signal) => askSignerAlive(paths.signerAlive, signal)),
    ]
    return [new Heartbeat({ watchdogMs: this.#watchdogMs }, { parts, notify: this.#notify, logger: this.logger })]
  }

  /** What has changed, for the journal. */
  note(events: readonly JournalEntry[]): void {
    this.#journal?.add(events)
  }

  /** As `startAll`; READY=1 when all have started. */
  async startAll(services: readonly Service[], signal: AbortSignal): Promise<void> {
    const progress = this.#notify === undefined ? undefined : new StartProgress(this.#notify)
    try {
      await startAll(services, signal, (name) => progress?.starting(name))
    } finally {
      progress?.end()
    }
    this.#notify?.tell({ ready: true, status: 'sẵn sàng / ready' })
  }

  /** As `stopAll`; STOPPING=1 before. */
  async stopAll(services: readonly Service[]): Promise<Map<string, Error>> {
    this.#notify?.tell({ stopping: true, status: 'đang dừng / stopping' })
    const failures = await stopAll(services)
    await Promise.all([this.#notify?.idle(), this.#journal?.idle()])
    return failures
  }
}
