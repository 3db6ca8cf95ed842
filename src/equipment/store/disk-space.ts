// How much may still be written to the data folder's file system: reservations above a watermark, and a ballast that is
// given up when LevelDB needs room to recover. Intake and reception reserve here before they take a byte.
// Long because: measuring, promising and the ballast change one state, in turns.
import { randomFillSync } from 'node:crypto'
import { type FileHandle, open, rm, stat, statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import { asTramError, isSystemError, TramError } from '../../base/errors.ts'
import type { Service } from '../../base/lifecycle.ts'
import { type Logger, logFields } from '../../base/logger.ts'
import { makeFolder, syncFolder, writeFailure } from './durable-files.ts'
import { PeerShares } from './peer-shares.ts'
import type { Reservation, SpaceKeeper, SpaceReport } from './space-keeper.ts'
import { Turns } from './turns.ts'

const ballastBlockBytes = 1024 * 1024

/** What a file system says of its room. */
export interface FileSystemRoom {
  /** Free blocks for whoever is not root. */
  bavail: number
  /** Bytes in a block. */
  bsize: number
}

export interface DiskSpaceOptions {
  /** Any folder of the file system that is measured. */
  folder: string
  ballastFile: string
  ballastBytes: number
  /** Documents are taken only while so much stays free. */
  watermarkBytes: number
  /** How far below the watermark statuses may go. */
  statusReserveBytes: number
  checkIntervalMs: number
}

export interface DiskSpaceDeps {
  logger: Logger
  statfs?: (folder: string) => Promise<FileSystemRoom>
}

export class DiskSpace implements SpaceKeeper, Service {
  readonly name = 'disk space'
  readonly #options: DiskSpaceOptions
  readonly #deps: DiskSpaceDeps
  readonly #logger: Logger
  /** Measuring, making and freeing the ballast never overlap. */
  readonly #turns = new Turns()
  #freeBytes = 0
  #reservedBytes = 0
  /** Reservations given back since the last measurement: written by now, as far as anyone knows. */
  #releasedBytes = 0
  readonly #peers: PeerShares
  #ballastThere = false
  #wasOpen: boolean | undefined
  #checking = false
  #timer: NodeJS.Timeout | undefined

  constructor(options: DiskSpaceOptions, deps: DiskSpaceDeps) {
    this.#options = options
    this.#deps = deps
    this.#peers = new PeerShares(options.statusReserveBytes)
    this.#logger = deps.logger.child({ part: 'disk' })
  }

  /**
   * Measures, and makes the ballast if there is room for it. On a disk too full for that the station still starts: shut.
   * @throws TramError STORE_FAILED when the folder cannot be read
   */
  async start(signal: AbortSignal): Promise<void> {
    await makeFolder(this.#options.folder)
    await this.check()
    signal.throwIfAborted()
    this.#timer = setInterval(() => this.#checkSoon(), this.#options.checkIntervalMs)
    this.#timer.unref()
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    this.#timer = undefined
    await this.#turns.run(async () => undefined)
  }

  reserve(bytes: number, kind: 'document' | 'status', peer?: string): Reservation {
    if (!Number.isSafeInteger(bytes) || bytes < 0) throw new RangeError(`not a number of bytes: ${bytes}`)
    const shut = kind === 'document' && !this.#ballastThere
    const onReserve = kind === 'status' && (!this.#ballastThere || bytes > this.#roomBytes('document'))
    const roomBytes = this.#roomBytes(kind)
    const leftBytes = peer === undefined ? roomBytes : this.#peers.leftFor(peer, roomBytes, onReserve)
    const freeBytes = shut ? 0 : Math.max(0, Math.min(roomBytes, leftBytes))
    if (shut || bytes > freeBytes) {
      this.#checkSoon()
      throw new TramError('DISK_FULL', { neededBytes: bytes, freeBytes })
    }
    this.#reservedBytes += bytes
    if (peer !== undefined) this.#peers.take(peer, bytes, onReserve)
    let held = true
    return {
      bytes,
      release: () => {
        if (!held) return
        held = false
        this.#reservedBytes -= bytes
        this.#releasedBytes += bytes
        if (peer !== undefined) this.#peers.giveBack(peer, bytes)
      },
    }
  }

  report(): SpaceReport {
    return {
      freeBytes: Math.max(0, this.#freeBytes - this.#releasedBytes),
      reservedBytes: this.#reservedBytes,
      watermarkBytes: this.#options.watermarkBytes,
      ballast: this.#ballastThere,
      open: this.#ballastThere && this.#availableBytes() > this.#options.watermarkBytes,
    }
  }

  /**
   * Gives the ballast up: shuts intake first, then deletes the file. It is made anew, and intake reopened, when there is
   * room for it above the watermark. Idempotent.
   * @throws TramError STORE_FAILED
   */
  async freeBallast(): Promise<void> {
    // At once, not in turn: whoever asks must not find documents being taken while the room is meant for the store.
    this.#ballastThere = false
    await this.#turns.run(async () => {
      this.#ballastThere = false
      try {
        await this.#dropBallast()
        await this.#measure()
      } catch (error) {
        throw writeFailure(error, 0)
      }
    })
    this.#noteOpen()
  }

  /**
   * Measures now, and makes the ballast if it is missing and there is room.
   * @throws TramError STORE_FAILED when the folder cannot be read
   */
  async check(): Promise<void> {
    await this.#turns.run(async () => {
      try {
        await this.#measure()
      } catch (error) {
        throw writeFailure(error, 0)
      }
      if (!this.#ballastThere) await this.#restoreBallast()
    })
    this.#noteOpen()
  }

  /** What must stay free. Statuses pass while documents are shut out, as far as their reserve reaches. */
  #floorBytes(kind: 'document' | 'status'): number {
    const { watermarkBytes, statusReserveBytes } = this.#options
    return kind === 'status' ? watermarkBytes - statusReserveBytes : watermarkBytes
  }

  #roomBytes(kind: 'document' | 'status'): number {
    return this.#availableBytes() - this.#floorBytes(kind)
  }

  #availableBytes(): number {
    return this.#freeBytes - this.#reservedBytes - this.#releasedBytes
  }

  async #measure(): Promise<void> {
    const releasedBefore = this.#releasedBytes
    const givenBack = this.#peers.givenBackCount
    const { bavail, bsize } = await (this.#deps.statfs ?? statfs)(this.#options.folder)
    this.#freeBytes = bavail * bsize
    // What was released while the file system answered may or may not be in its answer: it stays counted.
    this.#releasedBytes -= releasedBefore
    this.#peers.settle(givenBack)
  }

  async #restoreBallast(): Promise<void> {
    const { ballastBytes, watermarkBytes } = this.#options
    try {
      if (await this.#isBallastWhole()) {
        this.#ballastThere = true
        return
      }
      const presentBytes = (await statOf(this.#options.ballastFile))?.writtenBytes ?? 0
      if (this.#availableBytes() + presentBytes < watermarkBytes + ballastBytes) return
      await this.#writeBallast()
      await this.#measure()
      this.#ballastThere = true
    } catch (error) {
      // Half a ballast only takes room away. Intake stays shut; the next check tries again.
      this.#logger.warn(logFields(asTramError(error)), 'the ballast could not be made')
      await this.#dropBallast()
    }
  }

  async #isBallastWhole(): Promise<boolean> {
    const found = await statOf(this.#options.ballastFile)
    if (!found) return false
    // Size alone would count a file of holes, which frees nothing when it is deleted.
    return found.sizeBytes === this.#options.ballastBytes && found.writtenBytes >= found.sizeBytes
  }

  /** Written, with bytes that no file system can shrink: a hole would give nothing back. */
  async #writeBallast(): Promise<void> {
    const { ballastFile, ballastBytes } = this.#options
    await makeFolder(dirname(ballastFile))
    await this.#dropBallast()
    const handle = await open(ballastFile, 'wx', 0o600)
    try {
      const block = Buffer.alloc(ballastBlockBytes)
      for (let written = 0; written < ballastBytes; ) {
        randomFillSync(block)
        written += await writeSome(handle, block.subarray(0, Math.min(block.length, ballastBytes - written)))
      }
      await handle.sync()
    } finally {
      await handle.close()
    }
    await syncFolder(dirname(ballastFile))
  }

  async #dropBallast(): Promise<void> {
    const { ballastFile } = this.#options
    if (!(await statOf(ballastFile))) return
    await rm(ballastFile, { force: true })
    // The blocks come free with the file system's transaction, which this ends.
    await syncFolder(dirname(ballastFile))
  }

  /** A check in the background; one at a time. */
  #checkSoon(): void {
    if (this.#checking) return
    this.#checking = true
    this.check()
      .catch((error: unknown) => this.#logger.error(logFields(asTramError(error)), 'free space is unknown'))
      .finally(() => {
        this.#checking = false
      })
  }

  #noteOpen(): void {
    const report = this.report()
    if (report.open) this.#peers.forgetDrawn()
    if (report.open === this.#wasOpen) return
    this.#wasOpen = report.open
    if (report.open) this.#logger.info(report, 'room for documents')
    else this.#logger.error({ code: 'DISK_FULL', ...report }, 'no room for documents: intake is shut')
  }
}

async function writeSome(handle: FileHandle, bytes: Uint8Array): Promise<number> {
  return (await handle.write(bytes)).bytesWritten
}

async function statOf(file: string): Promise<{ sizeBytes: number; writtenBytes: number } | undefined> {
  try {
    const { size, blocks } = await stat(file)
    return { sizeBytes: size, writtenBytes: blocks * 512 }
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return undefined
    throw error
  }
}
