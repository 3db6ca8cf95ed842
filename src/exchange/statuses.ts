// Processing statuses and recalls: kept under the reference of the document that they answer, known or not yet, and shown
// with it. Reception adds them; the sent register and the inbox ask.
import type { Clock } from '../base/clock.ts'
import { documentReference } from '../document/document-id.ts'
import type { PacketSummary } from '../document/edxml/packet-summary.ts'
import { furthestStatus, isProcessingStatusCode } from '../document/processing-status.ts'
import { key, range, sequencePart } from '../equipment/store/namespaces.ts'
import type { RecordOperation, RecordStore } from '../equipment/store/record-store.ts'
import type { SentItem } from './desk.ts'
import type { Directory } from './directory/directory.ts'
import { notationOf } from './recipients.ts'
import { StatusRecord } from './schema/records.ts'
import type { Sequence } from './sequence.ts'

/** edXML BussinessDocType of a recall. */
const recallDocType = '1'
/** What a recall is kept as among the statuses: same effect as 13, but a packet of its own. */
const recallCode = 'recall'
/** Statuses about one document from one agency that are looked at; a chatty or hostile one cannot make lists slow. */
const maxStatuses = 256

export class Statuses {
  readonly #records: RecordStore
  readonly #directory: Directory
  readonly #sequence: Sequence
  readonly #clock: Clock

  constructor(deps: {
    records: RecordStore
    directory: Directory
    sequence: Sequence
    clock: Clock
  }) {
    this.#records = deps.records
    this.#directory = deps.directory
    this.#sequence = deps.sequence
    this.#clock = deps.clock
  }

  /**
   * The operations by which a received packet acts on other documents: a status or a recall is entered under each document
   * that it answers, whether or not that has arrived. Nothing for an ordinary document.
   * @param from the agency that sent it, current code
   */
  async effects(summary: PacketSummary, from: string, waybill: string): Promise<RecordOperation[]> {
    const operations: RecordOperation[] = []
    if (summary.kind === 'document') {
      if (summary.business.docType !== recallDocType) return operations
      const reference = documentReference(from, notationOf(summary), summary.promulgationDate)
      operations.push(this.#entry(reference, from, recallCode, summary.business.reason, waybill))
      return operations
    }
    for (const answered of summary.responseFor) {
      const issuer = await this.#directory.resolve(answered.organId)
      const issuerCode = issuer.ok ? issuer.value.code : answered.organId
      const reference = documentReference(issuerCode, answered.code, answered.promulgationDate)
      operations.push(this.#entry(reference, from, summary.statusCode, summary.statusDescription, waybill))
    }
    return operations
  }

  /** Whether its sender has recalled a document, or asked for it back (13), before or after it arrived. */
  async isRecalled(reference: string, from: string): Promise<boolean> {
    const entries = await this.#entries(reference, from)
    return entries.some(({ code }) => code === recallCode || code === '13')
  }

  /** The furthest processing status of a document of ours at one agency. */
  async current(reference: string, agency: string): Promise<SentItem['processing']> {
    const entries = (await this.#entries(reference, agency)).filter(({ code }) => isProcessingStatusCode(code))
    const furthest = furthestStatus(entries.map(({ code }) => code).filter(isProcessingStatusCode))
    const entry = entries.findLast(({ code }) => code === furthest)
    return entry === undefined ? null : { code: entry.code, description: entry.description, at: entry.receivedAt }
  }

  /** Everything that came about a document, in the order of arrival. */
  async history(reference: string): Promise<StatusRecord[]> {
    const found: StatusRecord[] = []
    for await (const [, value] of this.#records.range({ ...range('status', reference), limit: maxStatuses })) {
      found.push(StatusRecord.decode(value))
    }
    return found.sort((a, b) => a.receivedAt - b.receivedAt)
  }

  #entry(reference: string, from: string, code: string, description: string, waybill: string): RecordOperation {
    const record = StatusRecord.encode({ code, description, from, waybill, receivedAt: this.#clock.now() })
    return { type: 'put', key: key('status', reference, from, sequencePart(this.#sequence.next())), value: record }
  }

  async #entries(reference: string, agency: string): Promise<StatusRecord[]> {
    const found: StatusRecord[] = []
    for await (const [, value] of this.#records.range({ ...range('status', reference, agency), limit: maxStatuses })) {
      found.push(StatusRecord.decode(value))
    }
    return found
  }
}
