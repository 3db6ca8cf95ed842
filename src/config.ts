// The configuration of a station: the sections of tram.toml, each from the folder that it is for, as one value.
// main.ts reads it once and hands each part its section; the signer reads its own. docs/configuration.md is made from
// the schemas here (npm run generate:docs).
import { open } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { Static } from 'typebox'
import { TramError } from './base/errors.ts'
import { maxConfigLength, optionError, parseOptions } from './base/options.ts'
import { stationOptions } from './base/station-options.ts'
import { firstBootOptions } from './equipment/box/first-boot-options.ts'
import { hostOptions } from './equipment/host/host-options.ts'
import { linkOptions } from './equipment/link/link-options.ts'
import { brokerMistake, mqttOptions } from './equipment/mqtt/mqtt-options.ts'
import { interfaceOptions, networkMistakes, networkOptions } from './equipment/network/network-options.ts'
import { updateOptions } from './equipment/rauc/update-options.ts'
import { panelOptions } from './equipment/serial/panel-options.ts'
import { upsOptions } from './equipment/serial/ups-options.ts'
import { storeOptions } from './equipment/store/store-options.ts'
import { tokenOptions } from './equipment/token/token-options.ts'
import { exchangeOptions, trustOptions } from './exchange/exchange-options.ts'
import { consoleOptions } from './surface/console/console-options.ts'
import { prometheusOptions } from './surface/health/prometheus-options.ts'
import { backendOptions, vxpOptions } from './surface/vxp/vxp-options.ts'

/** Every section, in the order in which people read them. */
export const configSections = {
  station: stationOptions,
  token: tokenOptions,
  trust: trustOptions,
  link: linkOptions,
  vxp: vxpOptions,
  backend: backendOptions,
  store: storeOptions,
  box: hostOptions,
  exchange: exchangeOptions,
  mqtt: mqttOptions,
  prometheus: prometheusOptions,
  ups: upsOptions,
  panel: panelOptions,
  console: consoleOptions,
  update: updateOptions,
  network: networkOptions,
  interface: interfaceOptions,
  first_boot: firstBootOptions,
}

type Sections = { [Name in keyof typeof configSections]: Static<(typeof configSections)[Name]> }

/** The sections with their defaults; every path in it is absolute. */
export interface Config extends Sections {
  /** The file that it was read from, absolute. */
  file: string
}

/**
 * Reads a station's tram.toml.
 * @param file path; relative paths inside the file are relative to its folder
 * @throws TramError CONFIG_INVALID, with key and line
 */
export async function loadConfig(file: string): Promise<Config> {
  const absolute = resolve(file)
  return parseConfig(await readConfigText(absolute), absolute)
}

/**
 * The configuration that `text` gives when it stands in `file` (an absolute path; nothing is read).
 * @throws TramError CONFIG_INVALID
 */
export function parseConfig(text: string, file: string): Config {
  const config: Config = { file, ...parseOptions(text, file, configSections, 'refuse') }
  for (const { path, detail } of contradictions(config)) throw optionError(text, file, path, detail)
  return withAbsolutePaths(config, dirname(file))
}

/** The file as text; bounded before it is read, since it may come from a stick. @throws TramError CONFIG_INVALID */
export async function readConfigText(file: string): Promise<string> {
  const refuse = (detail: string, cause?: unknown): TramError =>
    new TramError('CONFIG_INVALID', { file, line: 1, key: '(file)', detail }, { cause })
  try {
    await using handle = await open(file)
    const stat = await handle.stat()
    // One code unit comes from at most three bytes of UTF-8; a device has no size and no end.
    if (!stat.isFile() || stat.size > 3 * maxConfigLength) throw refuse('is not a file of reasonable size')
    return new TextDecoder('utf-8', { fatal: true }).decode(await handle.readFile())
  } catch (error) {
    if (error instanceof TramError) throw error
    throw refuse(`cannot be read: ${error instanceof Error ? error.message : String(error)}`, error)
  }
}

/** What is wrong between keys: the schemas have seen each by itself. */
function* contradictions(config: Config): Iterable<{ path: (string | number)[]; detail: string }> {
  const { vxp, store, backend, mqtt, update } = config
  if ((vxp.https_certificate_file === undefined) !== (vxp.https_key_file === undefined))
    yield { path: ['vxp'], detail: 'https_certificate_file and https_key_file come together' }
  if (store.status_reserve_bytes >= store.watermark_bytes)
    yield { path: ['store', 'status_reserve_bytes'], detail: 'must be less than watermark_bytes' }
  yield* networkMistakes(config.network, config.interface)
  if ((update.upload_listen === undefined) !== (update.upload_secret_file === undefined))
    yield { path: ['update'], detail: 'upload_listen and upload_secret_file come together' }
  const mistake = brokerMistake(mqtt)
  if (mistake !== undefined) yield { path: ['mqtt', mistake.key], detail: mistake.detail }
  const seen = new Set<string>()
  for (const [index, { systemid, secret, secret_file }] of backend.entries()) {
    if ((secret === undefined) === (secret_file === undefined))
      yield { path: ['backend', index], detail: 'needs one of secret and secret_file' }
    if (seen.has(systemid)) yield { path: ['backend', index, 'systemid'], detail: 'is there twice' }
    seen.add(systemid)
  }
}

function withAbsolutePaths(config: Config, folder: string): Config {
  const { station, token, trust, vxp, backend, mqtt, box, console: serviceConsole, update } = config
  const all = (files: readonly string[]): string[] => files.map((file) => resolve(folder, file))
  return {
    ...config,
    station: { ...station, data_folder: resolve(folder, station.data_folder) },
    token: {
      ...token,
      module: resolve(folder, token.module),
      chain_files: all(token.chain_files),
      ...(token.pin_file === undefined ? {} : { pin_file: resolve(folder, token.pin_file) }),
      ...(token.folder === undefined ? {} : { folder: resolve(folder, token.folder) }),
    },
    trust: {
      anchors: all(trust.anchors),
      intermediates: all(trust.intermediates),
      authority_certificates: all(trust.authority_certificates),
      ...(trust.directory_file === undefined ? {} : { directory_file: resolve(folder, trust.directory_file) }),
      ...(trust.authority_anchors === undefined ? {} : { authority_anchors: all(trust.authority_anchors) }),
    },
    vxp: {
      ...vxp,
      ...(vxp.https_certificate_file === undefined
        ? {}
        : { https_certificate_file: resolve(folder, vxp.https_certificate_file) }),
      ...(vxp.https_key_file === undefined ? {} : { https_key_file: resolve(folder, vxp.https_key_file) }),
    },
    mqtt: {
      ...mqtt,
      ...(mqtt.ca_file === undefined ? {} : { ca_file: resolve(folder, mqtt.ca_file) }),
      ...(mqtt.certificate_file === undefined ? {} : { certificate_file: resolve(folder, mqtt.certificate_file) }),
      ...(mqtt.key_file === undefined ? {} : { key_file: resolve(folder, mqtt.key_file) }),
    },
    box: { ...box, proc_folder: resolve(folder, box.proc_folder), sys_folder: resolve(folder, box.sys_folder) },
    backend: backend.map((one) => ({
      ...one,
      ...(one.secret_file === undefined ? {} : { secret_file: resolve(folder, one.secret_file) }),
    })),
    update: {
      ...update,
      ...(update.upload_secret_file === undefined
        ? {}
        : { upload_secret_file: resolve(folder, update.upload_secret_file) }),
    },
    console: {
      ...serviceConsole,
      ...(serviceConsole.line === undefined ? {} : { line: resolve(folder, serviceConsole.line) }),
      ...(serviceConsole.stick_folder === undefined
        ? {}
        : { stick_folder: resolve(folder, serviceConsole.stick_folder) }),
    },
  }
}
