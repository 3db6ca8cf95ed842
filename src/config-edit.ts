// Changes a few values of tram.toml for a technician and leaves the rest of the text, comments and all, as it is. The result is
// read by the real parser before it replaces the file. Beside config.ts, which reads what this writes; src/console.ts calls it.
import { open, realpath, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { TramError } from './base/errors.ts'
import { optionError } from './base/options.ts'
import { locateTomlKeys, type TomlPath } from './base/toml-lines.ts'
import { type Config, parseConfig, readConfigText } from './config.ts'
import { isAgencyCode } from './document/agency-code.ts'
import { syncFolder, writeFailure } from './equipment/store/durable-files.ts'

/** What is to change; absent: stays. */
export interface ConfigChange {
  /** `station.name` */
  name?: string
  /** `agencies` of the backend with this index: all of them. */
  codes?: { backend: number; agencies: readonly string[] }
  /** `addresses` and `gateway` of the interface with this index; a gateway that is absent stays. */
  address?: { interface: number; addresses: readonly string[]; gateway?: string }
}

/** Beside the file, what it was before the last change. */
export const previousSuffix = '.previous'

/**
 * `text` with the change made.
 * @param file absolute; for messages and relative paths
 * @throws TramError CONFIG_INVALID: `text` was no configuration, has no such key, or would be none afterwards; REQUEST_INVALID:
 *   not an agency code
 */
export function changedConfig(text: string, file: string, change: ConfigChange): string {
  const { name, codes, address } = change
  const before = parseConfig(text, file)
  const values: [path: TomlPath, value: string | readonly string[]][] = []
  if (name !== undefined) values.push([['station', 'name'], name])
  if (codes !== undefined) {
    const wrong = codes.agencies.find((code) => !isAgencyCode(code))
    if (wrong !== undefined)
      throw new TramError('REQUEST_INVALID', { field: 'agencies', detail: JSON.stringify(wrong) })
    values.push([['backend', codes.backend, 'agencies'], codes.agencies])
  }
  if (address !== undefined) {
    values.push([['interface', address.interface, 'addresses'], address.addresses])
    if (address.gateway !== undefined) values.push([['interface', address.interface, 'gateway'], address.gateway])
  }
  const lines = locateTomlKeys(text)
  const edits = values.map(([path, value]) => {
    // TOML reads JSON's strings and lists of strings, but for DEL, which it wants escaped.
    const written = JSON.stringify(value).replaceAll('\u007f', '\\u007f')
    const span = lines.valueOf(path)
    if (span !== undefined) return { ...span, value: written }
    // Below the name or the MAC address, of which an interface has one.
    const [section = '', index = 0, key] = path
    const above = ['name', 'mac'].map((one) => lines.valueOf([section, index, one])).find((one) => one !== undefined)
    if (section !== 'interface' || above === undefined)
      throw optionError(text, file, path, 'is not there, so it cannot be changed here')
    return { start: above.end, end: above.end, value: `\n${key} = ${written}` }
  })
  let changed = text
  for (const { start, end, value } of edits.sort((left, right) => right.start - left.start))
    changed = `${changed.slice(0, start)}${value}${changed.slice(end)}`
  const after = parseConfig(changed, file)
  if (!isDeepStrictEqual(after, wanted(before, change)))
    throw new TramError('INTERNAL', { detail: 'the configuration would have changed in more than was asked for' })
  return changed
}

function wanted(config: Config, { name, codes, address }: ConfigChange): Config {
  return {
    ...config,
    station: { ...config.station, ...(name === undefined ? {} : { name }) },
    backend: config.backend.map((backend, index) =>
      index === codes?.backend ? { ...backend, agencies: [...codes.agencies] } : backend,
    ),
    interface: config.interface.map((one, index) =>
      index === address?.interface
        ? // The parser's tables have no prototype.
          Object.assign(Object.create(null), one, {
            addresses: [...address.addresses],
            ...(address.gateway === undefined ? {} : { gateway: address.gateway }),
          })
        : one,
    ),
  }
}

/**
 * Makes the change in `file`. When it resolves the new file is durable, and the old one beside it as `….previous`; a power cut on
 * the way leaves the old one in place.
 * @throws TramError as changedConfig; STORE_FAILED, DISK_FULL: nothing was changed
 */
export async function changeConfigFile(file: string, change: ConfigChange): Promise<void> {
  const text = await readConfigText(file)
  const changed = changedConfig(text, file, change)
  try {
    // The file itself, should the name be a link to it.
    const real = await realpath(file)
    await replace(`${real}${previousSuffix}`, real, text)
    await replace(real, real, changed)
  } catch (error) {
    throw writeFailure(error, Buffer.byteLength(changed))
  }
}

/** Writes `text` to `path` with the rights of `model`: temporary file, sync, rename, sync of the folder. */
async function replace(path: string, model: string, text: string): Promise<void> {
  const temporary = `${path}.new`
  // It may hold secrets: nobody else's, not even for the moment before its rights are set.
  const handle = await open(temporary, 'w', 0o600)
  try {
    await handle.writeFile(text)
    const { mode, uid, gid } = await stat(model)
    const own = await handle.stat()
    // Root writes it for the user that the station runs as.
    if (own.uid !== uid || own.gid !== gid) await handle.chown(uid, gid)
    await handle.chmod(mode & 0o777)
    await handle.sync()
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  } finally {
    await handle.close()
  }
  await rename(temporary, path)
  await syncFolder(dirname(path))
}
