// What a stopped station has in its store, read with its own classes: when each delivery was opened, offered and closed, and how
// many signatures its token gave. Measures without a log, and costs the station nothing.
import { createLogger } from '../../src/base/logger.ts'
import { dataPaths } from '../../src/base/paths.ts'
import { LevelStore } from '../../src/equipment/store/level-store.ts'
import { range } from '../../src/equipment/store/namespaces.ts'
import { AuditRecord, DeliveryRecord } from '../../src/exchange/schema/records.ts'
import type { Office } from '../fixtures/station/office.ts'

export interface LeftRecords {
  deliveries: DeliveryRecord[]
  /** Signatures of the token, in order, with how many leaves each sealed. */
  seals: { timeMs: number; leaves: number }[]
}

/** Reads the store of a station that is not running. */
export async function leftRecords(office: Office): Promise<LeftRecords> {
  const { store: folder, quarantine: quarantineFolder } = dataPaths(office.station.dataFolder)
  const store = new LevelStore({ folder, quarantineFolder }, { logger: createLogger('silent') })
  await store.start(new AbortController().signal)
  try {
    const deliveries: DeliveryRecord[] = []
    for await (const [, value] of store.range(range('delivery'))) deliveries.push(DeliveryRecord.decode(value))
    const seals: LeftRecords['seals'] = []
    for await (const [, value] of store.range(range('audit'))) {
      const { act, time, detail } = AuditRecord.decode(value)
      if (act === 'sealed') seals.push({ timeMs: time, leaves: Number(detail) })
    }
    return { deliveries, seals }
  } finally {
    await store.stop()
  }
}
