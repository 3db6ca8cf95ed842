// The part of station.ts that knows of the box's software: which slot runs and how it stands. On a machine without slots it says nothing.
import type { Clock } from './base/clock.ts'
import type { Logger } from './base/logger.ts'
import { tramVersion } from './base/version.ts'
import type { Config } from './config.ts'
import { SlotWatch } from './equipment/rauc/slot-watch.ts'
import { UpdateRecords } from './equipment/rauc/update-records.ts'

/** Root writes them, for both slots. */
const recordsFolder = '/var/lib/tram/update'

export function updateParts(config: Pick<Config, 'box'>, deps: { clock: Clock; logger: Logger }): SlotWatch {
  return new SlotWatch({
    ...deps,
    ...{ records: new UpdateRecords(recordsFolder), version: tramVersion, procFolder: config.box.proc_folder },
  })
}
