// The part of station.ts that knows of the box's software: which slot runs and how it stands, and whether there is an update. On a
// machine without slots and without `[update] url` it says and does nothing.
import type { Clock } from './base/clock.ts'
import type { StateError } from './base/errors.ts'
import type { Service } from './base/lifecycle.ts'
import type { Logger } from './base/logger.ts'
import type { DataPaths } from './base/paths.ts'
import { tramVersion } from './base/version.ts'
import type { Config } from './config.ts'
import { BoxClient } from './equipment/box/box-client.ts'
import { boxSocketPath } from './equipment/box/box-protocol.ts'
import { SlotWatch } from './equipment/rauc/slot-watch.ts'
import { UpdateRecords } from './equipment/rauc/update-records.ts'
import type { SpaceKeeper } from './equipment/store/space-keeper.ts'
import { UpdatePull } from './exchange/update-pull.ts'

/** Root writes them, for both slots. */
const recordsFolder = '/var/lib/tram/update'
const hourMs = 3_600_000

export interface UpdateParts {
  services: readonly Service[]
  conditions(): readonly StateError[]
  /** The slot that runs; undefined on a machine without slots. */
  slot(): string | undefined
}

export function updateParts(
  { box, update }: Pick<Config, 'box' | 'update'>,
  paths: Pick<DataPaths, 'update'>,
  deps: { space: SpaceKeeper; clock: Clock; logger: Logger },
): UpdateParts {
  const records = new UpdateRecords(recordsFolder)
  const slots = new SlotWatch({ ...deps, records, version: tramVersion, procFolder: box.proc_folder })
  const { url, automatic: isAutomatic, check_hours } = update
  const root = new BoxClient({ socketPath: boxSocketPath })
  const pull =
    url === undefined
      ? undefined
      : new UpdatePull(
          { url, isAutomatic, intervalMs: check_hours * hourMs, folder: paths.update, version: tramVersion },
          {
            ...deps,
            last: () => records.last(),
            install: async (file, signal) => void (await root.ask({ action: 'update-install', file }, signal)),
            random: () => Math.random(),
          },
        )
  return {
    services: pull === undefined ? [slots] : [slots, pull],
    conditions: () => [...slots.conditions(), ...(pull?.conditions() ?? [])],
    slot: () => slots.slot,
  }
}
