// The part of station.ts that knows of the box's software: which slot runs and how it stands, and whether there is an update. On a
// machine without slots and without `[update] url` it says and does nothing.
import { readFile } from 'node:fs/promises'
import type { Clock } from './base/clock.ts'
import { type StateError, TramError } from './base/errors.ts'
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
import { UploadServer } from './surface/update/upload-server.ts'

/** Root writes them, for both slots. */
const recordsFolder = '/var/lib/tram/update'
const hourMs = 3_600_000
const leastSecretLength = 16

export interface UpdateParts {
  services: readonly Service[]
  conditions(): readonly StateError[]
  /** The slot that runs; undefined on a machine without slots. */
  slot(): string | undefined
}

/** @throws TramError CONFIG_INVALID when the secret of the upload cannot be used */
export async function updateParts(
  { box, update }: Pick<Config, 'box' | 'update'>,
  paths: Pick<DataPaths, 'update' | 'upload'>,
  deps: { space: SpaceKeeper; clock: Clock; logger: Logger },
): Promise<UpdateParts> {
  const records = new UpdateRecords(recordsFolder)
  const slots = new SlotWatch({ ...deps, records, version: tramVersion, procFolder: box.proc_folder })
  const { url, automatic: isAutomatic, check_hours } = update
  const root = new BoxClient({ socketPath: boxSocketPath })
  const install = (file: string, signal: AbortSignal) => root.ask({ action: 'update-install', file }, signal)
  const { upload_listen: listen, upload_secret_file: secretFile } = update
  const upload =
    listen === undefined || secretFile === undefined
      ? []
      : [new UploadServer({ listen, secret: await secretOf(secretFile), folder: paths.upload }, { ...deps, install })]
  const pull =
    url === undefined
      ? undefined
      : new UpdatePull(
          { url, isAutomatic, intervalMs: check_hours * hourMs, folder: paths.update, version: tramVersion },
          {
            ...deps,
            last: () => records.last(),
            install: async (file, signal) => void (await install(file, signal)),
            random: () => Math.random(),
          },
        )
  return {
    services: [slots, ...(pull === undefined ? [] : [pull]), ...upload],
    conditions: () => [...slots.conditions(), ...(pull?.conditions() ?? [])],
    slot: () => slots.slot,
  }
}

/** Without the line end that editors put there. */
async function secretOf(file: string): Promise<string> {
  const refuse = (detail: string, cause?: unknown) =>
    new TramError('CONFIG_INVALID', { file: 'tram.toml', line: 0, key: 'update.upload_secret_file', detail }, { cause })
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (cause) {
    throw refuse('cannot be read', cause)
  }
  const secret = text.replace(/\r?\n$/, '')
  if (secret.length < leastSecretLength) throw refuse(`has fewer than ${leastSecretLength} characters`)
  return secret
}
