// What a recipient said of deliveries before their receipts, kept for those who ask (`tram queue`, trace). Most receipts come within
// a moment and tell the same in the commit that closes the delivery: only what waits longer is written. Part of station-courier.ts.
import { asTramError } from '../../base/errors.ts'
import { type Logger, logFields } from '../../base/logger.ts'
import type { DeliveryProgress, Outbox } from './outbox.ts'

/** Notes of so long are written together. */
const noteAfterMs = 500

export class DeliveryNotes {
  readonly #station: string
  readonly #outbox: Outbox
  readonly #logger: Logger
  /** By waybill. */
  #notes = new Map<string, DeliveryProgress>()
  #timer: NodeJS.Timeout | undefined

  constructor(station: string, outbox: Outbox, logger: Logger) {
    this.#station = station
    this.#outbox = outbox
    this.#logger = logger
  }

  add(waybill: string, change: DeliveryProgress): void {
    this.#notes.set(waybill, { ...this.#notes.get(waybill), ...change })
    this.#timer ??= setTimeout(() => this.#write(), noteAfterMs)
  }

  /** A note that is not written yet and, from now on, will not be. */
  take(waybill: string): DeliveryProgress {
    const note = this.#notes.get(waybill)
    this.#notes.delete(waybill)
    return note ?? {}
  }

  /** What is not written is not missed: after the start everything open is offered again. */
  stop(): void {
    clearTimeout(this.#timer)
    this.#notes.clear()
  }

  #write(): void {
    this.#timer = undefined
    const notes = this.#notes
    this.#notes = new Map()
    for (const [waybill, change] of notes) {
      this.#outbox.noteProgress(waybill, this.#station, change).catch((error: unknown) => {
        this.#logger.warn(logFields(asTramError(error)), 'progress was not noted; the receipt will tell')
      })
    }
  }
}
