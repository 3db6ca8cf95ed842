// Reads all that is kept, slowly and again and again, so that damage is found while a sender still has what is damaged: records
// (level-store.ts) and packet files, whose orphans are cleared away on the same walk. What it finds, recovery.ts makes good.
import { setTimeout as delay } from 'node:timers/promises'
import type { Clock } from '../../base/clock.ts'
import { asTramError } from '../../base/errors.ts'
import type { Service } from '../../base/lifecycle.ts'
import { type Logger, logFields } from '../../base/logger.ts'
import type { FilePacketStore } from '../../equipment/store/file-packet-store.ts'
import type { KeyedLock } from '../keyed-lock.ts'
import type { PacketOwners } from '../packet-owners.ts'

/** Pause after each piece of a packet: documents go first. */
const pauseMs = 5
/** A file without an owner may belong to a commit that is under way, but not for so long. */
const orphanMs = 86_400_000

export interface StoreScrubDeps {
  records: { scrub(signal: AbortSignal): Promise<{ checked: number; damaged: string[] }> }
  packets: Pick<FilePacketStore, 'fileDigests' | 'writtenMs' | 'read' | 'quarantine' | 'remove'>
  owners: PacketOwners
  /** As in ArrivalDeps: nobody takes a packet on while it is deleted. */
  decisions: KeyedLock
  /** Whether something may still be missing: then orphans are kept in quarantine. */
  isRecovering: () => boolean
  /** The packet of this hex digest was damaged and is gone. */
  onPacketLost: (digestHex: string) => Promise<void>
  clock: Clock
  logger: Logger
}

export class StoreScrub implements Service {
  readonly name = 'scrub'
  readonly #options: { intervalMs: number; quarantineFolder: string }
  readonly #deps: StoreScrubDeps
  readonly #logger: Logger
  readonly #stopping = new AbortController()
  #loop: Promise<void> = Promise.resolve()

  constructor(options: { intervalMs: number; quarantineFolder: string }, deps: StoreScrubDeps) {
    this.#options = options
    this.#deps = deps
    this.#logger = deps.logger.child({ part: 'scrub' })
  }

  async start(): Promise<void> {
    this.#loop = this.#run()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#loop
  }

  /** Reads everything once. Returns what was found. */
  async pass(signal: AbortSignal): Promise<{ records: number; files: number; damaged: number; orphans: number }> {
    const { records, packets } = this.#deps
    const { checked, damaged } = await records.scrub(signal)
    const found = { records: checked, files: 0, damaged: damaged.length, orphans: 0 }
    for await (const digestHex of packets.fileDigests()) {
      signal.throwIfAborted()
      found.files += 1
      if (await this.#clearOrphan(digestHex)) found.orphans += 1
      else if (!(await this.#isSound(digestHex, signal))) found.damaged += 1
    }
    return found
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      try {
        this.#logger.info({ step: 'scrubbed', ...(await this.pass(signal)) }, 'all that is kept was read')
      } catch (error) {
        if (signal.aborted) return
        this.#logger.warn(logFields(asTramError(error)), 'what is kept could not be read through')
      }
      await delay(this.#options.intervalMs, undefined, { signal }).catch(() => undefined)
    }
  }

  /** A crash between a packet's file and its record leaves a file that nobody needs. Returns whether this was one. */
  async #clearOrphan(digestHex: string): Promise<boolean> {
    const { packets, owners, decisions, isRecovering, clock } = this.#deps
    const digest = Buffer.from(digestHex, 'hex')
    if (clock.doubt !== undefined || (await owners.hasOthers(digest, ''))) return false
    return decisions.run(digestHex, async () => {
      const writtenMs = await packets.writtenMs(digest)
      if (writtenMs === undefined || clock.now() - writtenMs < orphanMs) return false
      if (await owners.hasOthers(digest, '')) return false
      if (isRecovering()) await packets.quarantine(digest, this.#options.quarantineFolder)
      else await packets.remove(digest)
      this.#logger.warn({ digest: digestHex }, 'a packet file that no record names was cleared away')
      return true
    })
  }

  async #isSound(digestHex: string, signal: AbortSignal): Promise<boolean> {
    const { packets, decisions, onPacketLost } = this.#deps
    const digest = Buffer.from(digestHex, 'hex')
    try {
      for await (const _ of packets.read(digest)) await delay(pauseMs, undefined, { signal })
      return true
    } catch (error) {
      signal.throwIfAborted()
      const trouble = asTramError(error)
      // Retention may have deleted it just now.
      if (trouble.code === 'PACKET_MISSING') return true
      if (trouble.code !== 'PACKET_DAMAGED') throw trouble
      this.#logger.error(logFields(trouble), 'a packet file is damaged')
    }
    await decisions.run(digestHex, () => packets.quarantine(digest, this.#options.quarantineFolder))
    await onPacketLost(digestHex)
    return false
  }
}
