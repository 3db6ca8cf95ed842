// Documents of ours that cannot be delivered any more, durably, until they are sent again.
import { type StateError, TramError } from '../../base/errors.ts'
import type { Logger } from '../../base/logger.ts'
import { key, range } from '../../equipment/store/namespaces.ts'
import type { RecordStore } from '../../equipment/store/record-store.ts'
import type { AuditLog } from '../evidence/audit-log.ts'
import type { IndexRebuild } from './index-rebuild.ts'

/** How often documents that cannot be delivered are looked at: they may have been sent again. */
export const lookAfterLostMs = 60_000
const shownLost = 20

export interface LostDocumentsDeps {
  records: RecordStore
  audit: AuditLog
  indices: IndexRebuild
  logger: Logger
}

export class LostDocuments {
  readonly #deps: LostDocumentsDeps
  readonly #lost = new Set<string>()

  constructor(deps: LostDocumentsDeps) {
    this.#deps = deps
  }

  /** Reads the list. @throws TramError STORE_FAILED, STORE_DAMAGED */
  async load(): Promise<void> {
    for await (const [name] of this.#deps.records.range(range('meta', 'lost')))
      this.#lost.add(name.slice('meta:lost:'.length))
  }

  get isEmpty(): boolean {
    return this.#lost.size === 0
  }

  /** What is wrong now, for health. */
  conditions(): StateError[] {
    if (this.isEmpty) return []
    const documents = [...this.#lost].slice(0, shownLost).join(', ')
    return [new TramError('DOCUMENTS_LOST', { count: this.#lost.size, documents })]
  }

  /** Notes a document that cannot be delivered any more. @throws TramError STORE_* */
  async add(docId: string): Promise<void> {
    if (this.#lost.has(docId)) return
    this.#lost.add(docId)
    this.#deps.logger.error({ code: 'DOCUMENTS_LOST', document: docId }, 'a document cannot be delivered any more')
    const put = { type: 'put', key: key('meta', 'lost', docId), value: new Uint8Array(0) } as const
    await this.#deps.audit.commit([put], [{ act: 'lost', subject: docId }])
  }

  /** Documents that were sent again are lost no more. @throws TramError STORE_* */
  async look(): Promise<void> {
    for (const docId of [...this.#lost]) {
      if (!(await this.#deps.indices.isWhole(docId))) continue
      await this.#deps.records.commit([{ type: 'delete', key: key('meta', 'lost', docId) }])
      this.#lost.delete(docId)
    }
  }
}
