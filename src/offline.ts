// Composition root of the commands that work with the station down: a station's descriptor, the authority's directory.
// surface/cli calls it through main.ts. A signer that nobody runs is started for the one signature, when the file says so.
import { createReadStream } from 'node:fs'
import { mkdir, readFile } from 'node:fs/promises'
import { systemClock } from './base/clock.ts'
import { TramError } from './base/errors.ts'
import type { Logger } from './base/logger.ts'
import { optionError } from './base/options.ts'
import { dataPaths } from './base/paths.ts'
import type { Config } from './config.ts'
import { prepareCms, verifyCms } from './document/cms.ts'
import { DirectoryFileReader } from './document/directory-file.ts'
import { sha256 } from './document/document-id.ts'
import type { EvidenceReport } from './document/evidence-report.ts'
import { type DirectoryStatement, StationDescriptor } from './document/schema/directory.ts'
import { wrapSignedContent } from './document/signed-content.ts'
import { peerIdFromKeyFile } from './equipment/link/libp2p-identity.ts'
import { SignerClient } from './equipment/token/signer-client.ts'
import { SignerProcess } from './equipment/token/signer-process.ts'
import type { TokenDescription } from './equipment/token/token.ts'
import { tokenTrouble } from './equipment/token/token-trouble.ts'
import { buildDirectoryFile, type DirectoryPlan } from './exchange/directory/directory-builder.ts'
import { verifyEvidenceFile } from './exchange/evidence/evidence-archive.ts'
import type { TrustOptions } from './exchange/exchange-options.ts'
import { readCertificates, readTrust } from './trust-files.ts'

export type { DirectoryPlan } from './exchange/directory/directory-builder.ts'

/** How long a signer may take until its token is ready: it starts a program and logs in. */
const tokenReadyMs = 20_000

/** What a directory file holds, once it has verified. */
export interface DirectoryInspection {
  statement: DirectoryStatement
  stations: number
  agencies: number
  /** Agencies that a station serves. */
  served: number
}

/** A token that is ready, as what is signed with it needs to know it. */
interface ReadyToken {
  certificate: Uint8Array
  /** A CMS over `content`, signed now. */
  sign(content: Uint8Array): Promise<Uint8Array>
}

/**
 * The station's descriptor (a CMS file): what `tram.toml` says of it, its peer id (its key is made when there is none) and
 * its token's certificate, signed by the token.
 * @param signerCommand argv of the signer program, without `--config`; used when `[token] start_signer` is set
 * @throws TramError CONFIG_INVALID when no address could be dialled by others, SIGNER_UNREACHABLE, TOKEN_*
 */
export async function writeDescriptor(
  config: Config,
  signerCommand: readonly string[],
  logger: Logger,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const addresses = await announcedAddresses(config)
  await mkdir(config.station.data_folder, { recursive: true, mode: 0o700 })
  const peerId = await peerIdFromKeyFile(dataPaths(config.station.data_folder).peerKey)
  const { id, name, generation } = config.station
  return withToken(config, signerCommand, logger, signal, async ({ certificate, sign }) => {
    const station = {
      id,
      name,
      generation,
      peerKeys: [{ peerId }],
      certificates: [{ sha256: Buffer.from(sha256(certificate)), der: Buffer.from(certificate) }],
      addresses,
    }
    const agencies = [...new Set(config.backend.flatMap((backend) => backend.agencies))]
    const descriptor = StationDescriptor.encode({ format: 1, created: systemClock.now(), station, agencies })
    return sign(wrapSignedContent('descriptor', descriptor))
  })
}

/**
 * Builds the signed directory file of an authority; of its configuration `[token]` and `[trust]` count.
 * @throws TramError DIRECTORY_PLAN_INVALID, DIRECTORY_INVALID (a descriptor, or this token is no authority of this site),
 *   SIGNER_UNREACHABLE, TOKEN_*, DISK_FULL, STORE_FAILED
 */
export async function buildDirectory(
  config: Config,
  plan: DirectoryPlan,
  signerCommand: readonly string[],
  logger: Logger,
  outFile: string,
  signal: AbortSignal,
): Promise<DirectoryStatement> {
  const trust = await readTrust(config.trust)
  await mkdir(config.station.data_folder, { recursive: true, mode: 0o700 })
  return withToken(config, signerCommand, logger, signal, ({ sign }) =>
    buildDirectoryFile(
      plan,
      outFile,
      { descriptorTrust: trust.seals, directoryTrust: trust.directory, sign, logger },
      signal,
    ),
  )
}

/** Verifies a directory file with the site's trust. @throws TramError DIRECTORY_INVALID */
export async function inspectDirectory(config: Config, file: string): Promise<DirectoryInspection> {
  const trust = await readTrust(config.trust)
  const reader = new DirectoryFileReader(trust.directory)
  const counts = { stations: 0, agencies: 0, served: 0 }
  for await (const bytes of fileBytes(file)) {
    for (const { station, agency } of reader.write(bytes)) {
      if (station != null) counts.stations += 1
      if (agency != null) counts.agencies += 1
      if (agency != null && agency.station !== '') counts.served += 1
    }
  }
  return { statement: reader.end(), ...counts }
}

/**
 * Verifies exported evidence, folder or zip, with what `trust` names; of a station nothing is needed.
 * @throws TramError CERTIFICATE_UNUSABLE, EVIDENCE_INVALID when it is neither
 */
export async function verifyEvidenceWith(trust: TrustOptions, path: string): Promise<EvidenceReport> {
  return verifyEvidenceFile(path, await readTrust(trust))
}

async function* fileBytes(file: string): AsyncGenerator<Uint8Array> {
  try {
    yield* createReadStream(file)
  } catch (error) {
    if (error instanceof TramError) throw error
    const detail = `the file cannot be read: ${error instanceof Error ? error.message : String(error)}`
    throw new TramError('DIRECTORY_INVALID', { detail }, { cause: error })
  }
}

/** Addresses that another station can dial. @throws TramError CONFIG_INVALID */
async function announcedAddresses(config: Config): Promise<string[]> {
  const addresses = config.link.announce ?? config.link.listen
  const name = config.link.announce === undefined ? 'listen' : 'announce'
  for (const [index, address] of addresses.entries()) {
    const [, , host = '', , port] = address.split('/')
    const isAnyPort = Number(port) === 0
    const isAnyHost = host === '0.0.0.0' || /^[0:]+$/.test(host)
    if (!isAnyPort && !isAnyHost) continue
    const detail = `${isAnyPort ? 'port 0' : host} is no address that others can reach: set link.announce`
    throw optionError(await readFile(config.file, 'utf8'), config.file, ['link', name, index], detail)
  }
  return [...addresses]
}

/** Runs `use` with the configured token; what was started for it is stopped again. */
async function withToken<Result>(
  config: Config,
  signerCommand: readonly string[],
  logger: Logger,
  signal: AbortSignal,
  use: (token: ReadyToken) => Promise<Result>,
): Promise<Result> {
  const chain = await readCertificates(config.token.chain_files)
  const { signerSocket } = dataPaths(config.station.data_folder, config.token.folder)
  const client = new SignerClient({ socketPath: signerSocket }, { logger, clock: systemClock })
  const command = [...signerCommand, '--config', config.file]
  const signer = new SignerProcess({ command, logTo: 'stderr' }, { logger })
  let hasStarted = false
  try {
    await client.start(signal)
    const { state, detail } = await client.describe(signal)
    if (state === 'unreachable') {
      if (!config.token.start_signer) throw new TramError('SIGNER_UNREACHABLE', { detail })
      hasStarted = true
      await signer.start(signal)
    }
    const { scheme, certificate, label } = await readyToken(client, signal)
    if (scheme === null || certificate === null) throw new TramError('TOKEN_ABSENT', { token: label })
    const sign = async (content: Uint8Array): Promise<Uint8Array> => {
      const prepared = prepareCms({ content, scheme, certificate, chain, signingTimeMs: systemClock.now() })
      const cms = prepared.finish(await client.sign(prepared.digest, signal))
      // A token that signs wrongly must not put a worthless file into the world.
      const verified = verifyCms(cms)
      if (!verified.ok) throw verified.reason
      return cms
    }
    return await use({ certificate, sign })
  } finally {
    await client.stop()
    if (hasStarted) await signer.stop()
  }
}

/** Waits until the token can sign, as long as it may just be starting. @throws TramError SIGNER_UNREACHABLE, TOKEN_* */
async function readyToken(client: SignerClient, signal: AbortSignal): Promise<TokenDescription> {
  const { promise, resolve, reject } = Promise.withResolvers<TokenDescription>()
  let last = await client.describe(signal)
  const judge = (description: TokenDescription): void => {
    last = description
    if (description.state === 'ready') resolve(description)
    // Absent and unreachable are how every start looks; the others change only when a person does something.
    else if (description.state !== 'absent' && description.state !== 'unreachable') reject(tokenTrouble(description))
  }
  const onAbort = (): void => reject(signal.reason)
  const timer = setTimeout(() => reject(tokenTrouble(last)), tokenReadyMs)
  signal.addEventListener('abort', onAbort, { once: true })
  client.onStateChange = judge
  judge(last)
  try {
    return await promise
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', onAbort)
    delete client.onStateChange
  }
}
