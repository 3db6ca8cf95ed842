// The lab's ground: a throw-away PKI, a SoftHSM token for the authority and for each station, and each station's
// tram.toml. Made once, found again at the next start. Used by scripts/lab.ts and by the end-to-end tests.
// Nothing here is for real keys: PINs and CA keys lie beside what they protect.
// Long because: one story from PKI to configuration; its parts are of no use alone.
import { createPrivateKey, createPublicKey, randomBytes, randomInt, webcrypto, X509Certificate } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { availableParallelism } from 'node:os'
import { join, resolve } from 'node:path'
import { isSystemError } from '../src/base/errors.ts'
import { dataPaths } from '../src/base/paths.ts'
import { createTestPki, type TestCertificate, toPem, toPrivatePem } from '../test/fixtures/pki/test-pki.ts'
import { leafCertificate } from '../test/fixtures/softhsm/leaf-certificate.ts'
import { createSoftHsmToken } from '../test/fixtures/softhsm/softhsm-token.ts'
import { labGroundName } from './lab-folder.ts'

export interface LabStationWish {
  /** `^[a-z0-9-]{1,32}$` */
  id: string
  name: string
  agencyCodes: readonly string[]
}

/** A SoftHSM token with one RSA-3072 key and its certificate. */
export interface LabToken {
  /** Path of the PKCS#11 library. */
  modulePath: string
  /** Add to the environment of every process that uses the token. */
  env: { SOFTHSM2_CONF: string }
  label: string
  serial: string
  /** CKA_ID in hex. */
  keyId: string
  pin: string
  pinFile: string
  /** PEM. */
  certificateFile: string
}

export interface LabStation extends LabStationWish {
  folder: string
  configFile: string
  dataFolder: string
  token: LabToken
  /** A loopback address. */
  host: string
  linkPort: number
  vxpPort: number
  backend: { systemid: string; secret: string }
}

/** What a test or the lab changes in every station's configuration. */
export interface LabConfigExtra {
  logLevel?: 'debug' | 'info' | 'trace'
  /** The broker that they report their health to; without it, none. */
  mqttUrl?: string
  /** Told of each station whose keys and configuration are there; with dozens of stations that takes minutes. */
  onStationMade?: (id: string) => void
}

/** The signed directory's name in the lab's folder. */
export const labDirectoryName = 'directory.tramdir'

export interface LabLayout {
  /** Absolute, as are all paths in here. */
  folder: string
  /** PEM. */
  rootFile: string
  subCaFile: string
  /** Signs the directory. */
  authority: LabToken
  /** In the order of the wishes. */
  stations: LabStation[]
}

const keyId = '01'
/** Made for each lab, so that labs that run at the same time never want the same port. */
interface LabState {
  host: string
}

/** What a station's folder remembers. Written last: a folder without it was left half made, and is made anew. */
interface StationState {
  subCaSha256: string
  token: { modulePath: string; label: string; serial: string; pin: string }
  linkPort: number
  vxpPort: number
  secret: string
}

/**
 * Makes (or finds) PKI, tokens and configurations below `folder`. What is there is kept: keys, ports, secrets, data.
 * Names and agency codes follow the wishes. Stations that are not wished for stay on disk and are left out.
 */
export async function makeLab(
  folder: string,
  stations: readonly LabStationWish[],
  extra: LabConfigExtra = {},
): Promise<LabLayout> {
  const root = resolve(folder)
  await mkdir(root, { recursive: true })
  const pki = await makePki(join(root, 'pki'))
  const { host } = await remembered<LabState>(join(root, labGroundName), async () => ({ host: loopbackAddress() }))
  const taken = new Set<number>()
  const folders = stations.map(({ id }) => join(root, 'stations', id))
  for (const stationFolder of folders) {
    const state = await readState<StationState>(join(stationFolder, 'station.json'))
    for (const port of state === undefined ? [] : [state.linkPort, state.vxpPort]) taken.add(port)
  }
  const free = (first: number): Promise<number> => freePort(host, first, taken)
  let authority: LabToken | undefined
  const made = new Map<string, LabStation>()
  const jobs = [
    async () => {
      authority = await makeAuthority(join(root, 'authority'), pki)
    },
    ...stations.map((wish, index) => async () => {
      made.set(wish.id, await makeStation(folders[index] ?? '', wish, pki, host, free, extra))
      extra.onStationMade?.(wish.id)
    }),
  ]
  // A key of RSA-3072 costs a core about a second.
  const workers = Array.from({ length: availableParallelism() }, async () => {
    for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) await job()
  })
  await Promise.all(workers)
  if (authority === undefined) throw new Error('the authority was not made')
  return {
    folder: root,
    rootFile: pki.rootFile,
    subCaFile: pki.subCaFile,
    authority,
    stations: stations.map(({ id }) => {
      const station = made.get(id)
      if (station === undefined) throw new Error(`the station ${id} was not made`)
      return station
    }),
  }
}

export interface LabPki {
  folder: string
  rootFile: string
  subCaFile: string
  subCa: TestCertificate
  subCaSha256: string
}

/** Root and sub-CA as PEM, and the key of the sub-CA, so that stations can be added later. */
export async function makePki(folder: string): Promise<LabPki> {
  const keyFile = join(folder, 'sub-ca.key')
  const [rootFile, subCaFile] = [join(folder, 'root.pem'), join(folder, 'sub-ca.pem')]
  if ((await readText(keyFile)) === undefined) {
    const { rootPem, subCaPem, subCa } = await createTestPki({ name: 'Tram Lab' })
    // Renamed into place as a whole: there is never a certificate without its key.
    const fresh = `${folder}.new`
    await rm(fresh, { recursive: true, force: true })
    await rm(folder, { recursive: true, force: true })
    await mkdir(fresh)
    await writeFile(join(fresh, 'root.pem'), rootPem)
    await writeFile(join(fresh, 'sub-ca.pem'), subCaPem)
    await writeFile(join(fresh, 'sub-ca.key'), toPrivatePem(subCa.key.privateKey), { mode: 0o600 })
    await rename(fresh, folder)
  }
  const certificate = new X509Certificate(await readFile(subCaFile))
  const subCa = await withKey(certificate, await readFile(keyFile, 'utf8'))
  return { folder, rootFile, subCaFile, subCa, subCaSha256: certificate.fingerprint256 }
}

/** A CA with an EC P-256 key, from its files. */
async function withKey(certificate: X509Certificate, keyPem: string): Promise<TestCertificate> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
  const privateKey = createPrivateKey(keyPem)
  const { subtle } = webcrypto
  const pkcs8 = privateKey.export({ type: 'pkcs8', format: 'der' })
  const spki = createPublicKey(privateKey).export({ type: 'spki', format: 'der' })
  return {
    // One attribute a line, in the order of the certificate.
    name: certificate.subject.split('\n').join(', '),
    certificateDer: certificate.raw,
    key: {
      algorithm: 'ec-p256',
      privateKey,
      pair: {
        privateKey: await subtle.importKey('pkcs8', pkcs8, algorithm, true, ['sign']),
        publicKey: await subtle.importKey('spki', spki, algorithm, true, ['verify']),
      },
    },
  }
}

async function makeAuthority(folder: string, pki: LabPki): Promise<LabToken> {
  const stateFile = join(folder, 'authority.json')
  const found = await readState<Pick<StationState, 'subCaSha256' | 'token'>>(stateFile)
  if (found?.subCaSha256 === pki.subCaSha256) return labToken(folder, found.token)
  const token = await makeToken(folder, 'tram-lab-authority', pki)
  await writeState(stateFile, { subCaSha256: pki.subCaSha256, token })
  return labToken(folder, token)
}

async function makeStation(
  folder: string,
  wish: LabStationWish,
  pki: LabPki,
  host: string,
  free: (first: number) => Promise<number>,
  extra: LabConfigExtra,
): Promise<LabStation> {
  const stateFile = join(folder, 'station.json')
  let state = await readState<StationState>(stateFile)
  if (state?.subCaSha256 !== pki.subCaSha256) {
    const token = await makeToken(folder, wish.id, pki)
    state = {
      subCaSha256: pki.subCaSha256,
      token,
      linkPort: await free(4101),
      vxpPort: await free(8081),
      secret: randomBytes(24).toString('hex'),
    }
    await writeState(stateFile, state)
  }
  const { linkPort, vxpPort, secret } = state
  const station: LabStation = {
    ...wish,
    folder,
    configFile: join(folder, 'tram.toml'),
    dataFolder: join(folder, 'data'),
    token: labToken(folder, state.token),
    host,
    linkPort,
    vxpPort,
    backend: { systemid: `qlvb-${wish.id}`, secret },
  }
  if (Buffer.byteLength(dataPaths(station.dataFolder).signerSocket) > 107)
    throw new Error(`${folder} is too long a path for Unix sockets: make the lab in a shorter one`)
  await writeFile(station.configFile, configText(station, extra), { mode: 0o600 })
  return station
}

/** A fresh token in `folder` (emptied first) with one key and its certificate from the sub-CA, CN = label. */
async function makeToken(folder: string, label: string, pki: LabPki): Promise<StationState['token']> {
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const pin = String(randomInt(100_000, 1_000_000))
  const token = await createSoftHsmToken(join(folder, 'softhsm'), {
    label,
    pin,
    keys: [{ id: keyId, type: 'rsa:3072' }],
  })
  const certificate = await leafCertificate({ issuer: pki.subCa, publicKey: token.publicKey(keyId), commonName: label })
  await token.importCertificate(keyId, certificate)
  await writeFile(join(folder, 'certificate.pem'), toPem(certificate))
  await writeFile(join(folder, 'pin'), `${pin}\n`, { mode: 0o600 })
  return { modulePath: token.modulePath, label, serial: token.serial, pin }
}

function labToken(folder: string, token: StationState['token']): LabToken {
  return {
    ...token,
    env: { SOFTHSM2_CONF: join(folder, 'softhsm', 'softhsm2.conf') },
    keyId,
    pinFile: join(folder, 'pin'),
    certificateFile: join(folder, 'certificate.pem'),
  }
}

function configText(
  { id, name, agencyCodes, token, host, linkPort, vxpPort, backend }: LabStation,
  extra: LabConfigExtra,
): string {
  const text = (value: unknown): string => JSON.stringify(value) // TOML reads JSON's strings and lists of strings
  return `# Made by scripts/lab, and again at each start.
[station]
id = ${text(id)}
name = ${text(name)}
data_folder = "data"
log_level = ${text(extra.logLevel ?? 'info')}

[token]
module = ${text(token.modulePath)}
label = ${text(token.label)}
serial = ${text(token.serial)}
key_id = ${text(token.keyId)}
pin_file = "pin"
chain_files = ["../../pki/sub-ca.pem"]
start_signer = true

[trust]
anchors = ["../../pki/root.pem"]
intermediates = ["../../pki/sub-ca.pem"]
authority_certificates = ["../../authority/certificate.pem"]
directory_file = "../../${labDirectoryName}"

[link]
listen = [${text(`/ip4/${host}/tcp/${linkPort}`)}]

[vxp]
listen = ${text(`${host}:${vxpPort}`)}

[[backend]]
systemid = ${text(backend.systemid)}
secret = ${text(backend.secret)}
agencies = ${text(agencyCodes)}
addresses = ["127.0.0.0/8"]

[store]
watermark_bytes = 268435456
${extra.mqttUrl === undefined ? '' : `\n[mqtt]\nurl = ${text(extra.mqttUrl)}\nsite = "lab"\n`}`
}

/** Somewhere in 127.0.0.0/8, all of which is this machine. */
const loopbackAddress = (): string => `127.${randomInt(1, 255)}.${randomInt(0, 256)}.${randomInt(1, 255)}`

/** The first port from `first` on that nobody holds and that is not in `taken`; it is added there. */
async function freePort(host: string, first: number, taken: Set<number>): Promise<number> {
  for (let port = first; port < first + 1000; port += 1) {
    if (taken.has(port)) continue
    taken.add(port) // before the wait: stations are made at the same time
    if (await isFree(host, port)) return port
  }
  throw new Error(`no free port on ${host} from ${first} on`)
}

async function isFree(host: string, port: number): Promise<boolean> {
  const { promise, resolve: done, reject } = Promise.withResolvers<boolean>()
  const server = createServer()
  server.once('error', (error) => (isSystemError(error, 'EADDRINUSE') ? done(false) : reject(error)))
  server.listen({ host, port }, () => server.close(() => done(true)))
  return promise
}

/** The value kept in `file`, made by `make` the first time. */
async function remembered<Value>(file: string, make: () => Promise<Value>): Promise<Value> {
  const found = await readState<Value>(file)
  if (found !== undefined) return found
  const value = await make()
  await writeState(file, value)
  return value
}

async function readState<Value>(file: string): Promise<Value | undefined> {
  const text = await readText(file)
  return text === undefined ? undefined : JSON.parse(text)
}

async function writeState(file: string, value: unknown): Promise<void> {
  await writeFile(`${file}.new`, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 })
  await rename(`${file}.new`, file)
}

async function readText(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return undefined
    throw error
  }
}
