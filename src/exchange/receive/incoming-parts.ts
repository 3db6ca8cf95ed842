// What has come of packets that are not whole yet: the file of a part stays while its delivery may still be offered, so that a
// sender resumes after weeks of outage, and not for ever. A part was never acknowledged: whose part is gone starts again.
import type { Clock } from '../../base/clock.ts'
import { asTramError } from '../../base/errors.ts'
import { type Logger, logFields } from '../../base/logger.ts'
import { parseWaybill } from '../../document/waybill.ts'
import { key, range } from '../../equipment/store/namespaces.ts'
import type { PacketStore } from '../../equipment/store/packet-store.ts'
import type { RecordOperation, RecordStore } from '../../equipment/store/record-store.ts'
import { longestDeliveryDays } from '../exchange-options.ts'
import { WaybillRecord } from '../schema/records.ts'
import { maxGapMs } from '../time/trusted-clock.ts'

const dayMs = 86_400_000
/** A waybill may claim more (attacker-controlled). */
const longestDeliveryMs = longestDeliveryDays * dayMs

/** Notes, in a commit, that the packet of a waybill is on its way into a file since an offer at `offeredMs`. */
export function putArriving(waybill: string, offeredMs: number): RecordOperation {
  return { type: 'put', key: key('arriving', waybill), value: Buffer.from(String(offeredMs)) }
}

const offeredMsOf = (value: Uint8Array): number => Number(Buffer.from(value).toString('latin1'))

export interface IncomingPartsDeps {
  records: RecordStore
  packets: PacketStore
  clock: Clock
  logger: Logger
}

export class IncomingParts {
  readonly #deps: IncomingPartsDeps

  constructor(deps: IncomingPartsDeps) {
    this.#deps = deps
  }

  /**
   * Deletes the files of parts that no open delivery stands for.
   * @throws TramError STORE_FAILED
   */
  async sweep(): Promise<void> {
    await this.#deps.packets.sweepIncoming({ has: (waybill) => this.#isArriving(waybill) })
  }

  /**
   * Lets go of parts whose delivery cannot be offered any more, then sweeps. None while the time is in doubt.
   * Full disks change nothing about it: two packets that are too large together would push each other out for ever.
   * @returns how many were let go
   * @throws TramError STORE_*
   */
  async expire(signal: AbortSignal): Promise<number> {
    const { records, clock, logger } = this.#deps
    let expired = 0
    for await (const [name, value] of records.range(range('arriving'))) {
      if (signal.aborted || clock.doubt !== undefined) break
      const waybill = name.slice('arriving:'.length)
      try {
        // Our clock may be so far ahead before it is doubted.
        if (clock.now() < (await this.#endMs(waybill, offeredMsOf(value))) + maxGapMs) continue
        // Not the inbound record: a decision may be taking its place. Should an offer come just now, it loses its progress.
        await records.commit([{ type: 'delete', key: name }])
        expired += 1
      } catch (error) {
        if (asTramError(error).code !== 'STORE_DAMAGED') throw error
        logger.error({ ...logFields(asTramError(error)), waybill }, 'whether a part may be deleted cannot be read')
      }
    }
    await this.sweep()
    return expired
  }

  /** When the last offer of a waybill can have been made, ms since 1970. A station that lost something is offered later too. */
  async #endMs(waybill: string, offeredMs: number): Promise<number> {
    const record = await this.#deps.records.get(key('waybill', waybill))
    const latestMs = offeredMs + longestDeliveryMs
    if (record === undefined) return latestMs
    const { notAfter } = parseWaybill(WaybillRecord.decode(record).waybill)
    return Math.max(offeredMs, Math.min(notAfter, latestMs))
  }

  /** What cannot be read is kept: recovery takes it out, and a station must start. */
  async #isArriving(waybill: string): Promise<boolean> {
    try {
      return (await this.#deps.records.get(key('arriving', waybill))) !== undefined
    } catch (error) {
      if (asTramError(error).code !== 'STORE_DAMAGED') throw error
      return true
    }
  }
}
