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
import { applianceConfigFile, configOwner, networkPlan } from './box-network.ts'
import { type Config, parseConfig } from './config.ts'
import { certificatesFromPem } from './document/certificate.ts'
import { peerFingerprint } from './document/peer-fingerprint.ts'
import { TokenMaker } from './equipment/box/evaluation-token.ts'
import { makeRootFolder, readRootBytes, readRootFile, writeRootFile } from './equipment/box/root-files.ts'
import { runProgram } from './equipment/box/system-program.ts'
import { publicKeyFromFile } from './equipment/link/libp2p-identity.ts'
import { checkNetwork } from './equipment/network/box-network.ts'
import {
  importMedium,
  type MediumAccess,
  type MediumDeps,
  type MediumOutcome,
  type MediumPlan,
  type ReferredFile,
  withoutPin,
} from './surface/box/medium-import.ts'

const configFolder = dirname(applianceConfigFile)
const takenFile = '/var/lib/tram/box/taken'
const pinCredential = '/etc/credstore.encrypted/tram.pin'
const pinFile = '/run/credentials/tram-signer.service/tram.pin'
const softHsm = /\/libsofthsm2\.so$/
const tram = '/usr/lib/tram/bin/tram'
const maxTaken = 50

const asUser =
  (user: string) =>
  (argv: readonly [string, ...string[]]): [string, ...string[]] => [
    ...(['setpriv', `--reuid=${user}`, '--regid=tram', '--init-groups', '--no-new-privs'] as const),
    ...argv,
  ]

/** Takes what the mounted `folder` holds. */
export async function takeMedium(folder: string): Promise<MediumOutcome> {
  return await importMedium(mediumIn(folder), deps)
}

/** FAT knows no owners; what is written is flushed before it counts. */
const mediumIn = (folder: string): MediumAccess => ({
  folder,
  write: (name, content) => writeRootFile(join(folder, name), content, { mode: 0o600 }),
  async wipe(name) {
    // Without a link's help: a medium has none, and what a stick pretends to be is not ours to follow.
    await using handle = await open(join(folder, name), constants.O_WRONLY | constants.O_NOFOLLOW)
    const { size } = await handle.stat()
    for (let at = 0; at < size; at += 65_536)
      await handle.write(Buffer.alloc(Math.min(65_536, size - at)), 0, undefined, at)
    await handle.sync()
    await rm(join(folder, name))
  },
})

const deps: MediumDeps = {
  configFolder,
  plan: planOf,
  async wasTaken(digest) {
    return (await takenBefore()).includes(digest)
  },
  async markTaken(digest) {
    await makeRootFolder(dirname(takenFile), { mode: 0o700 })
    const all = [...(await takenBefore()), digest].slice(-maxTaken)
    await writeRootFile(takenFile, `${all.join('\n')}\n`, { mode: 0o600 })
  },
  isOnBox: ({ path }) =>
    access(path).then(
      () => true,
      () => false,
    ),
  async install({ path, kind }, bytes) {
    await makeRootFolder(dirname(path), { mode: dirname(path) === configFolder ? 0o770 : 0o750, group: 'tram' })
    const secret = { mode: 0o600, user: 'tram', group: 'tram' }
    await writeRootFile(path, bytes, kind === 'secret' ? secret : { mode: 0o640, group: 'tram' })
  },
  async keepPin(pin) {
    await runProgram(['systemd-creds', 'setup'])
    await runProgram(['systemd-creds', 'encrypt', '--with-key=auto', '--name=tram.pin', '-', pinCredential], {
      input: pin,
    })
  },
  async prepareToken({ text, pin }, medium, lines) {
    await makeRootFolder('/var/lib/tram/tokens', { mode: 0o710, user: 'tram-signer', group: 'tram' })
    return await prepareToken(parseConfig(text, applianceConfigFile), pin ?? (await keptPin()), medium, lines)
  },
  apply,
  facts,
}

async function takenBefore(): Promise<string[]> {
  try {
    return (await readRootFile(takenFile, 64 * 1024)).trim().split('\n')
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

async function apply({ text }: MediumPlan, medium: MediumAccess, canSign: boolean, lines: Text[]): Promise<void> {
  await writeRootFile(applianceConfigFile, withoutPin(text), configOwner)
  await runProgram(['systemctl', 'restart', 'tram-network.service'])
  await runProgram(['systemctl', 'restart', 'tram-signer.service', 'tram.service'], { timeoutMs: 240_000 })
  // A slot that has waited for a configuration proves itself now.
  await runProgram(['systemctl', '--no-block', 'restart', 'tram-mark-good.service'])
  if (canSign) await writeDescriptor(parseConfig(text, applianceConfigFile), medium, lines)
}

/** The PIN of an earlier medium; undefined when there is none. */
async function keptPin(): Promise<string | undefined> {
  return await access(pinCredential).then(
    () => runProgram(['systemd-creds', 'decrypt', '--name=tram.pin', pinCredential, '-']),
    () => undefined,
  )
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

async function writeDescriptor({ station }: Config, medium: MediumAccess, lines: Text[]): Promise<void> {
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

async function facts() {
  const config = await readRootFile(applianceConfigFile, 1024 * 1024).then(
    (text) => parseConfig(text, applianceConfigFile),
    () => undefined,
  )
  const addresses = Object.values(networkInterfaces()).flatMap((found) =>
    (found ?? []).filter(({ internal }) => !internal).map(({ address }) => address),
  )
  const health = async (language: string): Promise<string> =>
    // Its exit code says how well it is.
    await runProgram(asUser('tram')(['sh', '-c', '"$0" health --lang "$1"; [ $? -ne 3 ]', tram, language]))
  return {
    version: tramVersion,
    station: config === undefined ? null : `${config.station.id} - ${config.station.name}`,
    fingerprint: config === undefined ? null : await fingerprint(config),
    addresses,
    health: await Promise.all([health('vi'), health('en')]).then(
      ([vi, en]) => ({ vi, en }),
      () => null,
    ),
    time: vietnamTime(Date.now()),
  }
}

/** Null before the station has made its key, which is not root's to make. */
async function fingerprint({ station }: Config): Promise<string | null> {
  try {
    return peerFingerprint(await publicKeyFromFile(dataPaths(station.data_folder).peerKey))
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return null
    throw error
  }
}
