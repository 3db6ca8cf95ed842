// The store of a running station as a tar stream, for a backup: the command line seals it and writes it to a stick. Handed to the API
// by station.ts.
import type { Clock } from '../../base/clock.ts'
import { TramError } from '../../base/errors.ts'
import type { StoreSnapshot } from '../../equipment/store/store-snapshot.ts'
import type { AuditLog } from '../evidence/audit-log.ts'
import type { StoreFolders } from './store-members.ts'

export interface BackupSourceDeps {
  records: { snapshot(): StoreSnapshot }
  audit: AuditLog
  clock: Clock
}

export class BackupSource {
  readonly #folders: StoreFolders
  readonly #deps: BackupSourceDeps
  #isBusy = false

  constructor(folders: StoreFolders, deps: BackupSourceDeps) {
    this.#folders = folders
    this.#deps = deps
  }

  /**
   * Everything of this moment; the station works on meanwhile. One at a time: each keeps what is deleted while it lasts.
   * @throws TramError OVERLOADED, STORE_*; the signal's reason
   */
  async *stream(signal: AbortSignal): AsyncGenerator<Uint8Array> {
    if (this.#isBusy) throw new TramError('OVERLOADED', { detail: 'another backup is being made' })
    this.#isBusy = true
    const { records, audit, clock } = this.#deps
    let snapshot: StoreSnapshot | undefined
    try {
      const [{ storeMembers }, { writeTar }] = await Promise.all([
        import('./store-members.ts'),
        import('./tar-stream.ts'),
      ])
      // First, so that the backup itself knows of it.
      await audit.commit([], [{ act: 'backup-read', subject: new Date(clock.now()).toISOString() }])
      snapshot = records.snapshot()
      yield* writeTar(storeMembers(snapshot, this.#folders, signal), clock.now())
    } finally {
      this.#isBusy = false
      await snapshot?.close()
    }
  }
}
