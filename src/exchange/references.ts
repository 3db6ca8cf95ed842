// From the name that clerks use (agency, number and notation, date) to our own documents and inbox items: how a status
// or a recall finds what it is about. Written by intake and reception, read by recipients and statuses.
import { key, range } from '../equipment/store/namespaces.ts'
import type { RecordOperation, RecordStore } from '../equipment/store/record-store.ts'
import { DocumentRecord, ItemRecord } from './schema/records.ts'

/** More documents than this under one reference are a clumsy backend's, and the first ones are enough. */
const maxSharing = 64

export class References {
  readonly #records: RecordStore

  constructor(records: RecordStore) {
    this.#records = records
  }

  /** The operation that makes a document of ours findable. */
  putDocument(reference: string, docId: string): RecordOperation {
    return { type: 'put', key: key('docref', reference, 'document', docId), value: new Uint8Array(0) }
  }

  /** The operation that makes a received item findable. */
  putItem(reference: string, itemId: string): RecordOperation {
    return { type: 'put', key: key('docref', reference, 'item', itemId), value: new Uint8Array(0) }
  }

  /** Documents that we sent under this reference. */
  async documents(reference: string): Promise<DocumentRecord[]> {
    const values = await this.#find(reference, 'document')
    return values.map((value) => DocumentRecord.decode(value)).filter((record) => !record.isStatus)
  }

  /** Items that we received under this reference. */
  async items(reference: string): Promise<ItemRecord[]> {
    const values = await this.#find(reference, 'item')
    return values.map((value) => ItemRecord.decode(value)).filter((record) => !record.isStatus)
  }

  /** Agencies to which we sent documents under this reference. */
  async recipientsOf(reference: string): Promise<string[]> {
    return [
      ...new Set((await this.documents(reference)).flatMap((record) => record.addressees.map(({ agency }) => agency))),
    ]
  }

  /** Agencies from which we received documents under this reference. */
  async sendersOf(reference: string): Promise<string[]> {
    return [...new Set((await this.items(reference)).map((record) => record.from))]
  }

  async #find(reference: string, kind: 'document' | 'item'): Promise<Uint8Array[]> {
    const ids: string[] = []
    for await (const [name] of this.#records.range({ ...range('docref', reference, kind), limit: maxSharing })) {
      ids.push(name.slice(name.lastIndexOf(':') + 1))
    }
    const values = await this.#records.getMany(ids.map((id) => key(kind, id)))
    return values.filter((value) => value !== undefined)
  }
}
