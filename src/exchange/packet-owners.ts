// Who still needs a packet. One packet may belong to a document of ours and to several inbox items: it is deleted when the
// last owner lets go. Written by intake and reception, read by retention.
import { hex } from '../document/document-id.ts'
import { key, range } from '../equipment/store/namespaces.ts'
import type { RecordOperation, RecordStore } from '../equipment/store/record-store.ts'

export class PacketOwners {
  readonly #records: RecordStore

  constructor(records: RecordStore) {
    this.#records = records
  }

  /** The operation by which `owner` (`document-<DocId>` or `item-<item id>`) needs the packet. */
  add(digest: Uint8Array, owner: string): RecordOperation {
    return { type: 'put', key: key('packetref', hex(digest), owner), value: new Uint8Array(0) }
  }

  /** The operation by which `owner` no longer needs it. */
  drop(digest: Uint8Array, owner: string): RecordOperation {
    return { type: 'delete', key: key('packetref', hex(digest), owner) }
  }

  /** Whether anyone but `owner` needs the packet. */
  async hasOthers(digest: Uint8Array, owner: string): Promise<boolean> {
    for await (const [name] of this.#records.range({ ...range('packetref', hex(digest)), limit: 2 })) {
      if (!name.endsWith(`:${owner}`)) return true
    }
    return false
  }
}
