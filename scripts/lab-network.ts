// A lab with its signed directory: keys and configurations (lab-keys.ts), then each station's descriptor, sealed by its token,
// and the directory that the authority builds of them. The lab and the e2e tests start stations from it.
import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { createLogger } from '../src/base/logger.ts'
import { loadConfig } from '../src/config.ts'
import type { AgencyEntry } from '../src/document/schema/directory.ts'
import { buildDirectory, writeDescriptor } from '../src/offline.ts'
import {
  type LabConfigExtra,
  type LabLayout,
  type LabStationWish,
  type LabToken,
  labDirectoryName,
  makeLab,
} from './lab-keys.ts'

export interface LabNetwork extends LabLayout {
  directoryFile: string
  /** Of the authority, for `tram directory build`. */
  authorityConfigFile: string
}

export interface LabNetworkOptions extends LabConfigExtra {
  /** argv of the signer program, without `--config`. Default: the sources, by tsx. */
  signerCommand?: readonly string[]
  /** Agencies that no station of the lab serves, so that the lists look real. */
  otherAgencies?: readonly AgencyEntry[]
  /** Where signers log while descriptors and directory are sealed; default standard error. */
  signerLogFile?: string
  /** Told of each station whose token has sealed its descriptor for a new directory. */
  onDescriptor?: (id: string) => void
}

const yearMs = 365 * 86_400_000
const projectRoot = join(import.meta.dirname, '..')
const sourceSigner = [process.execPath, '--import', 'tsx', join(projectRoot, 'src/equipment/token/signer-main.ts')]

/** Makes, or finds, a lab and its directory. A directory is built anew, one version on, when stations or addresses changed. */
export async function makeLabNetwork(
  folder: string,
  wishes: readonly LabStationWish[],
  options: LabNetworkOptions = {},
): Promise<LabNetwork> {
  const layout = await makeLab(folder, wishes, options)
  const directoryFile = join(layout.folder, labDirectoryName)
  const authorityConfigFile = join(layout.folder, 'authority', 'tram.toml')
  await writeFile(authorityConfigFile, authorityConfig(layout.authority), { mode: 0o600 })
  const network = { ...layout, directoryFile, authorityConfigFile }
  const stateFile = join(layout.folder, 'directory.json')
  const listed = layout.stations.map(({ id, name, host, linkPort, token, agencyCodes }) => {
    return [id, name, host, linkPort, token.serial, agencyCodes]
  })
  const content = createHash('sha256')
    .update(JSON.stringify([listed, options.otherAgencies ?? []]))
    .digest('hex')
  const state = await readState(stateFile)
  if (state.content === content) return network
  await buildLabDirectory(network, state.version + 1, options)
  await writeFile(stateFile, JSON.stringify({ content, version: state.version + 1 }))
  return network
}

/** Builds version `version` of a lab's directory, of its stations as they are now. */
export async function buildLabDirectory(
  network: LabNetwork,
  version: number,
  options: LabNetworkOptions = {},
): Promise<void> {
  const logger = createLogger(options.signerLogFile === undefined ? 'warn' : 'error')
  const signal = AbortSignal.timeout(120_000 + network.stations.length * 10_000)
  const command = options.signerCommand ?? sourceSigner
  // Each token has its own SoftHSM configuration, and one environment cannot hold them all.
  const commandFor = (token: LabToken) => {
    const argv = ['/usr/bin/env', `SOFTHSM2_CONF=${token.env.SOFTHSM2_CONF}`, ...command]
    const { signerLogFile } = options
    return signerLogFile === undefined ? argv : ['/bin/sh', '-c', 'exec "$@" >>"$0" 2>&1', signerLogFile, ...argv]
  }
  const descriptors = new Array<Uint8Array>(network.stations.length)
  const waiting = [...network.stations.entries()]
  // Each needs a signer process for a second or so: as many at a time as there are cores.
  const workers = Array.from({ length: availableParallelism() }, async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [at, { id, configFile, token }] = next
      descriptors[at] = await writeDescriptor(await loadConfig(configFile), commandFor(token), logger, signal)
      options.onDescriptor?.(id)
    }
  })
  await Promise.all(workers)
  const agencies = [...labAgencies(network), ...(options.otherAgencies ?? [])]
  const issuedMs = Date.now()
  const plan = { version, issuedMs, expiresMs: issuedMs + yearMs, descriptors, agencies }
  const authority = await loadConfig(network.authorityConfigFile)
  await buildDirectory(authority, plan, commandFor(network.authority), logger, network.directoryFile, signal)
}

/** The agencies of the lab's stations. In the lab the old code is `000.00.00.` and the code; routing never derives one. */
function labAgencies(network: LabNetwork): AgencyEntry[] {
  return network.stations
    .flatMap(({ id, name, agencyCodes }) => agencyCodes.map((code) => ({ id, name, code })))
    .map(({ id, name, code }, at) => ({
      code,
      code102: `000.00.00.${code}`,
      name,
      mail: `vanthu@${code.toLowerCase()}.example.vn`,
      parent: '',
      station: id,
      successor: '',
      id: at + 1,
      pid: 0,
      level: 1,
      mobile: '',
      fax: '',
      modified: 1,
    }))
}

function authorityConfig(token: LabToken): string {
  const text = (value: unknown): string => JSON.stringify(value)
  return `# The authority of this lab: signs the directory with its own token. Made by scripts/lab.
[station]
id = "authority"
name = "Cơ quan quản lý danh bạ (thử nghiệm)"
data_folder = "data"

[token]
module = ${text(token.modulePath)}
label = ${text(token.label)}
serial = ${text(token.serial)}
key_id = ${text(token.keyId)}
pin_file = "pin"
chain_files = ["../pki/sub-ca.pem"]
start_signer = true

[trust]
anchors = ["../pki/root.pem"]
intermediates = ["../pki/sub-ca.pem"]
authority_certificates = ["certificate.pem"]
`
}

async function readState(file: string): Promise<{ content: string; version: number }> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as { content: string; version: number }
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return { content: '', version: 0 }
    throw error
  }
}
