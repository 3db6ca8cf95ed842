// Composition root of `tram doctor` and its kin: joins the checks of surface/doctor with a station's API, its signer and its files.
// main.ts hands it to the command line. Works with the station up or down and tries no PIN; the doctor writes nothing.
// Long because: each way to ask a part of a station, once.
import { randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { access, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { systemClock } from './base/clock.ts'
import { asTramError, isSystemError, TramError } from './base/errors.ts'
import type { Logger } from './base/logger.ts'
import { dataPaths } from './base/paths.ts'
import { tramVersion } from './base/version.ts'
import { type Config, loadConfig } from './config.ts'
import { type Trust, verifyCertificatePath } from './document/certificate-path.ts'
import { prepareCms, verifyCms } from './document/cms.ts'
import { DirectoryFileReader, type DirectoryTrust } from './document/directory-file.ts'
import { hex, sha256 } from './document/document-id.ts'
import type { StationEntry } from './document/schema/directory.ts'
import { wrapSignedContent } from './document/signed-content.ts'
import type { BoxReadings } from './equipment/host/box-readings.ts'
import { ChronyClock } from './equipment/host/chrony-clock.ts'
import { LinuxBox } from './equipment/host/linux-box.ts'
import { peerIdFromKeyFile } from './equipment/link/libp2p-identity.ts'
import { hasBroker } from './equipment/mqtt/mqtt-options.ts'
import { probeBroker } from './equipment/mqtt/mqtt-probe.ts'
import { SignerClient } from './equipment/token/signer-client.ts'
import { lookWithSigner } from './equipment/token/signer-look.ts'
import { tokenTrouble } from './equipment/token/token-trouble.ts'
import type { AuditEntry } from './exchange/evidence/audit-log.ts'
import type { MetricValues } from './exchange/health/metrics.ts'
import type { HealthReport } from './exchange/health/station-health.ts'
import { ApiClient } from './surface/cli/api-client.ts'
import { readStart } from './surface/doctor/bounded-file.ts'
import { runDoctor } from './surface/doctor/doctor.ts'
import type { DoctorReport } from './surface/doctor/doctor-report.ts'
import type { BundleSite, FoundDirectory, FoundToken } from './surface/doctor/doctor-site.ts'
import { runSelfTest, type SelfTestReport, type SelfTestSite } from './surface/doctor/self-test.ts'
import { createSupportBundle, type SupportBundle } from './surface/doctor/support-bundle.ts'
import { readCertificates, readTrust } from './trust-files.ts'

/** For one part of the station to answer: less than a check may take. */
const askMs = 15_000
/** Other stations that are called with `--network`. */
const sampledStations = 8

/** Examines a station. @param signerCommand as `writeDescriptor`. @throws the signal's reason */
export async function examine(
  configFile: string,
  options: { isNetworkAsked: boolean },
  signerCommand: readonly string[],
  logger: Logger,
  signal: AbortSignal,
): Promise<DoctorReport> {
  return runDoctor(createDoctorSite(configFile, signerCommand, logger, signal), options, signal)
}

/** Collects a support bundle. @param signerCommand as `writeDescriptor`. @throws the signal's reason */
export async function bundleSupport(
  configFile: string,
  signerCommand: readonly string[],
  logger: Logger,
  signal: AbortSignal,
): Promise<SupportBundle> {
  return createSupportBundle(createDoctorSite(configFile, signerCommand, logger, signal), signal)
}

/** Runs the self-test. @param signerCommand as `writeDescriptor`. @throws the signal's reason */
export async function testStation(
  configFile: string,
  signerCommand: readonly string[],
  logger: Logger,
  signal: AbortSignal,
): Promise<SelfTestReport> {
  return runSelfTest(createDoctorSite(configFile, signerCommand, logger, signal), signal)
}

/** The station of a configuration file as the checks see it; each part is asked once, when a check first wants it. */
export function createDoctorSite(
  configFile: string,
  signerCommand: readonly string[],
  logger: Logger,
  stop: AbortSignal,
): BundleSite & SelfTestSite {
  const limited = (): AbortSignal => AbortSignal.any([stop, AbortSignal.timeout(askMs)])
  const config = once(() => loadConfig(configFile))
  const trust = once(async () => {
    const { trust: options, token } = await config()
    return { ...(await readTrust(options)), chain: await readCertificates(token.chain_files) }
  })
  const api = async (): Promise<ApiClient> =>
    new ApiClient(dataPaths((await config()).station.data_folder).apiSocket, limited())
  return {
    version: tramVersion,
    now: () => systemClock.now(),
    config: async () => ({ ...(await config()) }),
    trust,
    health: once(async () => (await api()).ask<HealthReport>({ path: 'health' })),
    metrics: once(async () => (await api()).ask<MetricValues>({ path: 'metrics' })),
    probeBroker: async (signal) => {
      const { mqtt } = await config()
      if (hasBroker(mqtt)) await probeBroker(mqtt, signal)
    },
    secrets: () => config().then(secretsOf, () => undefined),
    auditTail: async () => auditTail(await api()),
    testSeal: async (signal) => testSeal(await config(), await trust(), logger, signal),
    box: once(async () => readBox(await config(), logger, limited())),
    token: once(async () => findToken(await config(), signerCommand, logger, limited())),
    directory: once(async () => findDirectory(await config(), (await trust()).directory, limited())),
    peerId: once(async () => {
      const { peerKey } = dataPaths((await config()).station.data_folder)
      // Reading makes the key when there is none, and a doctor makes nothing.
      return (await isThere(peerKey)) ? peerIdFromKeyFile(peerKey) : undefined
    }),
  }
}

function once<Value>(make: () => Promise<Value>): () => Promise<Value> {
  let made: Promise<Value> | undefined
  return () => {
    made ??= make()
    return made
  }
}

async function isThere(file: string): Promise<boolean> {
  try {
    await access(file)
    return true
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return false
    throw error
  }
}

/** Has the running signer sign a statement that nobody takes for a seal, a directory or a descriptor, and verifies it. */
async function testSeal(
  config: Config,
  { seals, chain }: { seals: Trust; chain: Uint8Array[] },
  logger: Logger,
  signal: AbortSignal,
): Promise<{ certificateSha256: string; durationMs: number }> {
  const { signerSocket } = dataPaths(config.station.data_folder, config.token.folder)
  const client = new SignerClient({ socketPath: signerSocket }, { logger, clock: systemClock })
  try {
    await client.start(signal)
    const description = await client.describe(signal)
    if (description.state === 'unreachable' && description.detail.includes('EACCES'))
      throw new TramError('STATION_SOCKET_DENIED', { socket: signerSocket })
    const { scheme, certificate, label } = description
    const reason = tokenTrouble(description)
    if (reason !== undefined) throw reason
    if (scheme === null || certificate === null) throw new TramError('TOKEN_ABSENT', { token: label })
    const content = wrapSignedContent('selftest', randomBytes(32))
    const prepared = prepareCms({ content, scheme, certificate, chain, signingTimeMs: systemClock.now() })
    const startMs = performance.now()
    const signature = await client.sign(prepared.digest, signal)
    const durationMs = performance.now() - startMs
    const verified = verifyCms(prepared.finish(signature))
    if (!verified.ok) throw verified.reason
    const path = verifyCertificatePath(certificate, chain, seals, systemClock.now())
    if (!path.ok) throw path.reason
    return { certificateSha256: hex(sha256(certificate)), durationMs }
  } finally {
    await client.stop()
  }
}

/** Asks the signer that runs; when none does, looks at the token without a login. */
async function findToken(
  config: Config,
  signerCommand: readonly string[],
  logger: Logger,
  signal: AbortSignal,
): Promise<FoundToken> {
  const { signerSocket } = dataPaths(config.station.data_folder, config.token.folder)
  if (await isThere(signerSocket)) {
    const client = new SignerClient({ socketPath: signerSocket }, { logger, clock: systemClock })
    try {
      await client.start(signal)
      const description = await client.describe(signal)
      if (description.state !== 'unreachable') return { description, isSignerRunning: true }
      if (description.detail.includes('EACCES')) throw new TramError('STATION_SOCKET_DENIED', { socket: signerSocket })
    } finally {
      await client.stop()
    }
  }
  const description = await lookWithSigner([...signerCommand, '--config', config.file], signal)
  return { description, isSignerRunning: false }
}

const maxSecretBytes = 64 * 1024

async function secretsOf(config: Config): Promise<string[]> {
  const { token, vxp, mqtt, backend } = config
  const files = [token.pin_file, vxp.https_key_file, mqtt.key_file, ...backend.map((one) => one.secret_file)]
  const inFiles = files
    .filter((file) => file !== undefined)
    .map((file) =>
      readStart(file, maxSecretBytes).then(
        (bytes) => bytes.toString('utf8').trimEnd(),
        // What this user cannot read cannot come into the bundle by its hand either.
        () => '',
      ),
    )
  return [...(await Promise.all(inFiles)), ...backend.map(({ secret = '' }) => secret)]
}

const auditTailActs = 300

/** The API gives acts from a number on: looks for the last one by halves. */
async function auditTail(api: ApiClient): Promise<AuditEntry[]> {
  const from = (first: number, limit: number) =>
    api.ask<{ entries: AuditEntry[] }>({ path: 'audit', query: { from: String(first), limit: String(limit) } })
  let [known, unknown] = [0, 1]
  while ((await from(unknown, 1)).entries.length > 0) [known, unknown] = [unknown, unknown * 2]
  while (unknown - known > 1) {
    const middle = Math.floor((known + unknown) / 2)
    if ((await from(middle, 1)).entries.length > 0) known = middle
    else unknown = middle
  }
  return (await from(Math.max(0, unknown - auditTailActs), auditTailActs)).entries
}

async function readBox({ box, station }: Config, logger: Logger, signal: AbortSignal): Promise<BoxReadings> {
  const chrony = new ChronyClock({ port: box.chrony_port, program: box.chronyc }, { clock: systemClock, logger })
  await chrony.poll()
  signal.throwIfAborted()
  const folders = { procFolder: box.proc_folder, sysFolder: box.sys_folder, dataFolder: station.data_folder }
  return new LinuxBox(folders, { clockReadings: () => chrony.readings(), signerPid: () => undefined }).read()
}

const directoryName = /^directory-([1-9]\d{0,9})\.tramdir$/

/** Reads the newest directory file, verified as at its import. */
async function findDirectory(
  config: Config,
  trust: DirectoryTrust,
  signal: AbortSignal,
): Promise<FoundDirectory | undefined> {
  const folder = dataPaths(config.station.data_folder).directory
  const names = await readdir(folder).catch((error: unknown) => {
    if (isSystemError(error, 'ENOENT')) return []
    throw unreadable(error)
  })
  const version = Math.max(0, ...names.map((name) => Number(directoryName.exec(name)?.[1] ?? 0)))
  if (version === 0) return undefined
  const reader = new DirectoryFileReader(trust)
  const others: StationEntry[] = []
  let own: StationEntry | undefined
  let seen = 0
  try {
    for await (const bytes of createReadStream(join(folder, `directory-${version}.tramdir`), { signal })) {
      for (const { station } of reader.write(bytes as Uint8Array)) {
        if (station == null) continue
        if (station.id === config.station.id) own = station
        else {
          // Each has the same chance to stay, however many come.
          const at = seen < sampledStations ? seen : Math.floor(Math.random() * (seen + 1))
          if (at < sampledStations) others[at] = station
          seen += 1
        }
      }
    }
  } catch (error) {
    throw unreadable(error)
  }
  return { statement: reader.end(), own, others }
}

function unreadable(error: unknown): TramError {
  if (error instanceof TramError) return error
  return new TramError('DIRECTORY_INVALID', { detail: asTramError(error).message }, { cause: error })
}
