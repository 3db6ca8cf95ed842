// Composition root of what a box does with a medium (surface/box/medium-import.ts): its steps as this box takes them, as root, or as the
// user that a step belongs to. box-main.ts calls it for the FAT partition at boot and for sticks.
// Long because: each step of a first boot, once.
import { randomInt } from 'node:crypto'
import { constants } from 'node:fs'
import { access, mkdtemp, open, rm } from 'node:fs/promises'
import { networkInterfaces } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { asTramError, isSystemError } from './base/errors.ts'
import { optionError } from './base/options.ts'
import { dataPaths } from './base/paths.ts'
import { type Text, vietnamTime } from './base/text-format.ts'
import { tramVersion } from './base/version.ts'
import { applianceConfigFile, configOwner, isNetworkChanged, networkPlan, networkTrial } from './box-network.ts'
import { type Config, parseConfig } from './config.ts'
import { certificatesFromPem } from './document/certificate.ts'
import { peerFingerprint } from './document/peer-fingerprint.ts'
import { TokenMaker } from './equipment/box/evaluation-token.ts'
import { FileChanges } from './equipment/box/file-changes.ts'
import { makeRootFolder, readRootBytes, readRootFile, writeRootFile } from './equipment/box/root-files.ts'
import { runProgram } from './equipment/box/system-program.ts'
import { publicKeyFromFile } from './equipment/link/peer-key-file.ts'
import { checkNetwork } from './equipment/network/box-network.ts'
import { gatewaysAnswer } from './equipment/network/gateway-answer.ts'
import type { HealthReport } from './exchange/health/station-health.ts'
import {
  importMedium,
  type MediumAccess,
  type MediumDeps,
  type MediumOutcome,
  type MediumPlan,
  type ReferredFile,
  resultName,
  withoutPin,
} from './surface/box/medium-import.ts'
import { type BoxFacts, resultText } from './surface/box/medium-result.ts'
import { healthText } from './surface/cli/cli-health-text.ts'

/** Where an appliance has its station's data. */
export const stationFolder = '/var/lib/tram/station'
const configFolder = dirname(applianceConfigFile)
/** Of the FAT partition and of sticks apart: a reset box takes a stick's again, and not what lies on its own card. */
export const takenFiles = {
  partition: '/var/lib/tram/box/taken',
  stick: '/var/lib/tram/box/taken-from-sticks',
} as const
const pinCredential = '/etc/credstore.encrypted/tram.pin'
const pinFile = '/run/credentials/tram-signer.service/tram.pin'
const softHsm = /\/libsofthsm2\.so$/
export const tram = '/usr/lib/tram/bin/tram'
const maxTaken = 50
const maxConfigBytes = 1024 * 1024
/** For networkd, a switch, DHCP; well below the two minutes after which the trial ends by itself. */
const gatewayMs = 40_000

export const asUser =
  (user: string) =>
  (argv: readonly [string, ...string[]]): [string, ...string[]] => [
    ...(['setpriv', `--reuid=${user}`, '--regid=tram', '--init-groups', '--no-new-privs'] as const),
    ...argv,
  ]

/** Takes what the FAT partition holds, mounted at `folder`. */
export async function takePartition(folder: string): Promise<MediumOutcome['outcome']> {
  const medium = mediumIn(folder)
  const { outcome, part } = await importMedium(medium, mediumDeps('partition'))
  // What is on it since the last time stays: this is looked at each time that the box starts.
  if (part !== undefined && outcome !== 'again') await medium.write(resultName, resultText([part], await boxFacts()))
  return outcome
}

/**
 * FAT knows no owners; what is written is flushed before it counts.
 * @param writing makes the medium writable around an act
 */
export function mediumIn(folder: string, writing: MediumAccess['writing'] = (act) => act()): MediumAccess {
  return {
    folder,
    writing,
    write: (name, content) => writing(() => writeRootFile(join(folder, name), content, { mode: 0o600 })),
    wipe: (name) => writing(() => overwrite(join(folder, name))),
  }
}

async function overwrite(file: string): Promise<void> {
  // Without a link's help: a medium has none, and what a stick pretends to be is not ours to follow.
  await using handle = await open(file, constants.O_WRONLY | constants.O_NOFOLLOW)
  const { size } = await handle.stat()
  for (let at = 0; at < size; at += 65_536)
    await handle.write(Buffer.alloc(Math.min(65_536, size - at)), 0, undefined, at)
  await handle.sync()
  await rm(file)
}

/**
 * The steps of one import.
 * @param from a stick's network is tried before it is kept: who plugs it in stands before a box that is in use. A card that is
 *   prepared on a desk has no gateway there.
 */
export function mediumDeps(from: keyof typeof takenFiles): MediumDeps {
  const changes = new FileChanges()
  let isConfigured = true
  return {
    configFolder,
    plan: planOf,
    wasTaken: async (digest) => (await takenBefore(from)).includes(digest),
    markTaken: (digest) => markTaken(from, digest),
    isOnBox: ({ path }) => isThere(path),
    async install({ path, kind }, bytes) {
      await makeRootFolder(dirname(path), { mode: dirname(path) === configFolder ? 0o770 : 0o750, group: 'tram' })
      const secret = { mode: 0o600, user: 'tram', group: 'tram' }
      await changes.write(path, bytes, kind === 'secret' ? secret : { mode: 0o640, group: 'tram' })
    },
    keepPin: (pin) => keepPin(pin, changes),
    async prepareToken({ text, pin }, medium, lines) {
      await makeRootFolder('/var/lib/tram/tokens', { mode: 0o710, user: 'tram-signer', group: 'tram' })
      return await prepareToken(parseConfig(text, applianceConfigFile), pin ?? (await keptPin()), medium, lines)
    },
    async apply({ text }) {
      const before = await readRootFile(applianceConfigFile, maxConfigBytes).catch((error: unknown) => {
        if (isSystemError(error, 'ENOENT')) return undefined
        throw error
      })
      isConfigured = before !== undefined
      const after = withoutPin(text)
      if (from === 'stick' && before !== undefined && isNetworkChanged(before, after)) await tryNetwork(after, changes)
      else {
        await changes.write(applianceConfigFile, after, configOwner)
        await runProgram(['systemctl', 'restart', 'tram-network.service'])
      }
      await startConfigured()
    },
    async takeBack() {
      await changes.takeBack()
      await runProgram(['systemctl', 'restart', 'tram-network.service'])
      if (isConfigured) await restartStation()
      else await runProgram(['systemctl', 'stop', 'tram.service', 'tram-signer.service'], { timeoutMs: 240_000 })
    },
    keep: () => changes.keep(),
    tell: ({ text }, medium, lines) => writeDescriptor(parseConfig(text, applianceConfigFile), medium, lines),
  }
}

/** The box runs with the configuration that it has now. */
export async function startConfigured(): Promise<void> {
  await restartStation()
  // A slot that has waited for a configuration proves itself now.
  await runProgram(['systemctl', '--no-block', 'restart', 'tram-mark-good.service'])
}

const restartStation = () =>
  runProgram(['systemctl', 'restart', 'tram-signer.service', 'tram.service'], { timeoutMs: 240_000 })

/** Keeps the PIN so that only this box opens it again. */
export async function keepPin(pin: string, changes: FileChanges): Promise<void> {
  await runProgram(['systemd-creds', 'setup'])
  const argv = ['systemd-creds', 'encrypt', '--with-key=auto', '--name=tram.pin', '-', '-'] as const
  await changes.write(pinCredential, await runProgram([...argv], { input: pin }), { mode: 0o600 })
}

/** Becomes the configuration once its gateways have answered; else the network is as it was. @throws TramError */
async function tryNetwork(text: string, changes: FileChanges): Promise<void> {
  const trial = networkTrial()
  await trial.begin(text)
  try {
    await gatewaysAnswer(parseConfig(text, applianceConfigFile).interface, runProgram, gatewayMs)
    await changes.remember(applianceConfigFile)
    await trial.keep()
  } catch (error) {
    await trial.end()
    throw error
  }
}

export const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )

/** What was done with a medium, by digest, is not done again. */
export async function markTaken(from: keyof typeof takenFiles, digest: string): Promise<void> {
  await makeRootFolder(dirname(takenFiles[from]), { mode: 0o700 })
  const all = [...(await takenBefore(from)).filter((known) => known !== digest), digest].slice(-maxTaken)
  await writeRootFile(takenFiles[from], `${all.join('\n')}\n`, { mode: 0o600 })
}

export async function takenBefore(from: keyof typeof takenFiles): Promise<string[]> {
  try {
    return (await readRootFile(takenFiles[from], 64 * 1024)).trim().split('\n')
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return []
    throw error
  }
}

async function planOf(text: string): Promise<MediumPlan> {
  const config = parseConfig(text, applianceConfigFile)
  const { pin } = config.first_boot
  if (pin !== undefined && config.token.pin_file !== pinFile)
    throw optionError(text, 'tram.toml', ['token', 'pin_file'], `must be ${pinFile} for the PIN of [first_boot]`)
  // It would stay in the file that the station reads.
  if (pin !== undefined && parseConfig(withoutPin(text), applianceConfigFile).first_boot.pin !== undefined)
    throw optionError(text, 'tram.toml', ['first_boot', 'pin'], 'write it as [first_boot], and a line pin = "…" below')
  await checkNetwork(networkPlan(config), runProgram)
  return { text, stationId: config.station.id, files: filesOf(config), pin, others: [certificateName(config)] }
}

const certificateName = ({ station }: Config): string => `${station.id}.crt.pem`

/** What lies below the configuration's folder; elsewhere nothing is put. */
function filesOf({ token, trust, vxp, mqtt, backend }: Config): ReferredFile[] {
  const list = (key: string, kind: ReferredFile['kind'], paths: readonly (string | undefined)[]): ReferredFile[] =>
    paths.flatMap((path) => (path?.startsWith(`${configFolder}/`) === true ? [{ key, kind, path }] : []))
  const all = [
    ...list('token.chain_files', 'certificates', token.chain_files),
    ...list('trust.anchors', 'certificates', trust.anchors),
    ...list('trust.intermediates', 'certificates', trust.intermediates),
    ...list('trust.authority_certificates', 'certificates', trust.authority_certificates),
    ...list('trust.authority_anchors', 'certificates', trust.authority_anchors ?? []),
    ...list('trust.directory_file', 'directory', [trust.directory_file]),
    ...list('vxp.https_certificate_file', 'certificates', [vxp.https_certificate_file]),
    ...list('vxp.https_key_file', 'secret', [vxp.https_key_file]),
    ...list('mqtt.ca_file', 'certificates', [mqtt.ca_file]),
    ...list('mqtt.certificate_file', 'certificates', [mqtt.certificate_file]),
    ...list('mqtt.key_file', 'secret', [mqtt.key_file]),
    ...list(
      'backend.secret_file',
      'secret',
      backend.map(({ secret_file }) => secret_file),
    ),
  ]
  return [...new Map(all.map((file) => [file.path, file])).values()]
}

/** The PIN of an earlier medium; undefined when there is none. */
async function keptPin(): Promise<string | undefined> {
  if (!(await isThere(pinCredential))) return undefined
  return await runProgram(['systemd-creds', 'decrypt', '--name=tram.pin', pinCredential, '-'])
}

/** Makes the token where the file says so. Whether it has its certificate, or is none of ours to make. */
async function prepareToken(
  config: Config,
  pin: string | undefined,
  medium: MediumAccess,
  lines: Text[],
): Promise<boolean> {
  const { module, label, key_id: keyId } = config.token
  if (!softHsm.test(module) || pin === undefined) return true
  const maker = new TokenMaker({ module, label, keyId }, { run: runProgram, asSigner: asUser('tram-signer') })
  if (!(await maker.isThere())) {
    if (!config.first_boot.make_token) return true // the station says that it is absent
    // Nobody needs it again: a token for evaluation is made anew.
    await maker.make(pin, String(randomInt(10_000_000, 99_999_999)))
  }
  if (await maker.hasCertificate()) return true
  const name = certificateName(config)
  const given = await readRootBytes(join(medium.folder, name), 64 * 1024).catch((error: unknown) => {
    if (isSystemError(error, 'ENOENT')) return undefined
    throw error
  })
  const [certificate] = given === undefined ? [] : certificatesFromPem(given.toString('latin1'))
  if (certificate !== undefined) {
    await maker.addCertificate(certificate, pin)
    return true
  }
  const request = `${config.station.id}.csr.pem`
  await medium.write(request, await maker.request(config.station.id, pin))
  lines.push({
    vi: `Gửi tệp ${request} cho cơ quan cấp chứng thư; chép chứng thư nhận về vào đây với tên ${name}, rồi cắm lại.`,
    en: `Send the file ${request} to the certificate authority; put its certificate here as ${name}, and plug this in again.`,
  })
  return false
}

export async function writeDescriptor({ station }: Config, medium: MediumAccess, lines: Text[]): Promise<void> {
  const folder = await mkdtemp('/run/tram-box/descriptor-')
  try {
    await makeRootFolder(folder, { mode: 0o700, user: 'tram', group: 'tram' })
    const file = join(folder, `${station.id}.tramdesc`)
    await runProgram(asUser('tram')([tram, 'descriptor', '--config', applianceConfigFile, '--output', file]))
    await medium.write(basename(file), await readRootBytes(file, 1024 * 1024))
    lines.push({
      vi: `Gửi tệp ${basename(file)} cho cơ quan quản lý danh bạ.`,
      en: `Send the file ${basename(file)} to the authority of the directory.`,
    })
  } catch (error) {
    // The box has its configuration; what keeps it from sealing is told by its health.
    const { code } = asTramError(error)
    lines.push({ vi: `Chưa có bản mô tả trạm (${code}).`, en: `There is no descriptor of the station yet (${code}).` })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Who and how the box is now. Never throws for a station that does not run. */
export async function boxFacts(): Promise<BoxFacts> {
  const config = await readRootFile(applianceConfigFile, maxConfigBytes).then(
    (text) => parseConfig(text, applianceConfigFile),
    () => undefined,
  )
  const addresses = Object.values(networkInterfaces()).flatMap((found) =>
    (found ?? []).filter(({ internal }) => !internal).map(({ address }) => address),
  )
  return {
    version: tramVersion,
    station: config === undefined ? null : `${config.station.id} - ${config.station.name}`,
    fingerprint: await fingerprintOf(config?.station.data_folder ?? stationFolder),
    addresses,
    health: await stationHealth().then(
      (report) => ({ vi: healthText(report, 'vi'), en: healthText(report, 'en') }),
      () => null,
    ),
    time: vietnamTime(Date.now()),
  }
}

/** What the running station reports. @throws TramError when it does not, whatever it has told instead */
export async function stationHealth(): Promise<HealthReport> {
  // Its exit code says how well it is.
  const argv = ['sh', '-c', '"$0" health --json; [ $? -ne 3 ]', tram] as const
  return JSON.parse(await runProgram(asUser('tram')([...argv]))) as HealthReport
}

/** Null before the station has made its key, which is not root's to make. */
export async function fingerprintOf(dataFolder: string): Promise<string | null> {
  try {
    return peerFingerprint(await publicKeyFromFile(dataPaths(dataFolder).peerKey))
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return null
    throw error
  }
}
