// Deletes packets that nobody needs any more: every delivery closed and every item `done`, N days ago; parts of packets that
// nobody can offer any more; old evidence in quarantine. Waybills, seals, receipts and the audit log stay (exchange design,
// "Retention and privacy").
import type { Clock } from '../base/clock.ts'
import { asTramError } from '../base/errors.ts'
import type { Service } from '../base/lifecycle.ts'
import { type Logger, logFields } from '../base/logger.ts'
import { key, range } from '../equipment/store/namespaces.ts'
import type { PacketStore } from '../equipment/store/packet-store.ts'
import { pruneQuarantine } from '../equipment/store/quarantine-pruning.ts'
import type { RecordStore } from '../equipment/store/record-store.ts'
import type { AuditLog } from './evidence/audit-log.ts'
import type { KeyedLock } from './keyed-lock.ts'
import type { PacketOwners } from './packet-owners.ts'
import type { Inbox } from './receive/inbox.ts'
import type { IncomingParts } from './receive/incoming-parts.ts'
import { DeliveryState, DocumentRecord } from './schema/records.ts'
import type { Outbox } from './send/outbox.ts'
import { WakeSignal } from './wake-signal.ts'

export interface RetentionOptions {
  keepMs: number
  /** How often the owners of packets are gone through, ms. */
  intervalMs: number
  quarantineFolder: string
  /** Evidence that is settled takes no more than this. */
  maxQuarantineBytes: number
}

export interface RetentionDeps {
  records: RecordStore
  packets: PacketStore
  owners: PacketOwners
  inbox: Inbox
  outbox: Outbox
  incoming: IncomingParts
  audit: AuditLog
  clock: Clock
  logger: Logger
  /** As in ArrivalDeps: nobody takes a packet on while it is deleted. */
  decisions: KeyedLock
}

export class Retention implements Service {
  readonly name = 'retention'
  readonly #options: RetentionOptions
  readonly #deps: RetentionDeps
  readonly #stopping = new AbortController()
  readonly #wake = new WakeSignal()
  #loop: Promise<void> = Promise.resolve()

  constructor(options: RetentionOptions, deps: RetentionDeps) {
    this.#options = options
    this.#deps = deps
  }

  async start(): Promise<void> {
    this.#loop = this.#run()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#loop
  }

  /** Goes through every packet once. Returns how many packets were deleted. */
  async sweep(signal: AbortSignal): Promise<number> {
    const { records, logger, outbox, clock } = this.#deps
    await outbox.forgetReceipted(Math.max(0, clock.now() - this.#options.keepMs))
    let deleted = 0
    for await (const [name] of records.range(range('packetref'))) {
      if (signal.aborted) return deleted
      const [, digestHex = '', owner = ''] = name.split(':')
      try {
        if (await this.#letGo(Buffer.from(digestHex, 'hex'), digestHex, owner)) deleted += 1
      } catch (error) {
        // One record that cannot be read must not keep every packet behind it until the disk is full.
        if (asTramError(error).code !== 'STORE_DAMAGED') throw error
        logger.error({ ...logFields(asTramError(error)), owner }, 'whether a packet may be deleted cannot be read')
      }
    }
    return deleted
  }

  /** Drops an owner whose time is over, and the packet with the last of them. Returns whether the packet was deleted. */
  async #letGo(digest: Uint8Array, digestHex: string, owner: string): Promise<boolean> {
    const { packets, owners, audit, decisions } = this.#deps
    if (!(await this.#isDue(owner))) return false
    return decisions.run(digestHex, async () => {
      // Asked again: a re-send may have been decided while this waited, and needs the packet.
      if (!(await this.#isDue(owner))) return false
      const isLast = !(await owners.hasOthers(digest, owner))
      const operations = [owners.drop(digest, owner), ...(isLast ? await packets.remove(digest) : [])]
      await audit.commit(operations, [{ act: 'deleted', subject: owner, detail: digestHex }])
      return isLast
    })
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping
    const { incoming } = this.#deps
    while (!signal.aborted) {
      await this.#attempt('packets past their retention were deleted', () => this.sweep(signal))
      await this.#attempt('parts of packets that nobody offers any more were deleted', () => incoming.expire(signal))
      await this.#attempt('old evidence was deleted from quarantine', () => this.#pruneQuarantine())
      await this.#wake.wait(signal, this.#options.intervalMs)
    }
  }

  /** Each by itself: what keeps one from its work must not let the others' files grow. */
  async #attempt(done: string, act: () => Promise<number>): Promise<void> {
    try {
      const deleted = await act()
      if (deleted > 0) this.#deps.logger.info({ deleted }, done)
    } catch (error) {
      this.#deps.logger.warn(logFields(asTramError(error)), 'retention will try again')
    }
  }

  async #pruneQuarantine(): Promise<number> {
    const { keepMs, maxQuarantineBytes: maxBytes, quarantineFolder } = this.#options
    if (this.#deps.clock.doubt !== undefined) return 0
    return pruneQuarantine(quarantineFolder, { keepMs, maxBytes }, this.#deps.clock.now())
  }

  /** Nothing is due while the time is in doubt. */
  async #isDue(owner: string): Promise<boolean> {
    const { clock } = this.#deps
    if (clock.doubt !== undefined) return false
    const ended = owner.startsWith('item-')
      ? await this.#itemEnd(owner.slice(5))
      : await this.#documentEnd(owner.slice(9))
    return ended !== undefined && clock.now() - ended >= this.#options.keepMs
  }

  /** When the backend was done with an item; undefined while it is not. */
  async #itemEnd(itemId: string): Promise<number | undefined> {
    const item = await this.#deps.inbox.find(itemId)
    return item?.mark === 'done' ? item.updatedAt : undefined
  }

  /** When the last delivery of a document ended; undefined while one is open. */
  async #documentEnd(docId: string): Promise<number | undefined> {
    const value = await this.#deps.records.get(key('document', docId))
    if (value === undefined) return undefined
    let last = 0
    for (const { waybill, station } of DocumentRecord.decode(value).addressees) {
      const delivery = await this.#deps.outbox.delivery(waybill, station)
      if (delivery?.state !== DeliveryState.CLOSED && delivery?.state !== DeliveryState.EXPIRED) return undefined
      last = Math.max(last, delivery.closedAt)
    }
    return last
  }
}
