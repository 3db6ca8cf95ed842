// The commands' machinery with the station down: descriptors and directories, signed through a real signer process on
// SoftHSM that nobody has started before. Needs the Debian package softhsm2.
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import { createLogger } from '../../src/base/logger.ts'
import { dataPaths } from '../../src/base/paths.ts'
import { type Config, loadConfig } from '../../src/config.ts'
import { parseAgencyList } from '../../src/document/agency-list.ts'
import { verifyDescriptor } from '../../src/document/descriptor.ts'
import { hex, sha256 } from '../../src/document/document-id.ts'
import { peerIdFromKeyFile } from '../../src/equipment/link/libp2p-identity.ts'
import { SignerClient } from '../../src/equipment/token/signer-client.ts'
import { buildDirectory, inspectDirectory, writeDescriptor } from '../../src/offline.ts'
import { createTestPki, type TestPki, toPem } from '../fixtures/pki/test-pki.ts'
import { leafCertificate } from '../fixtures/softhsm/leaf-certificate.ts'
import { createSoftHsmToken } from '../fixtures/softhsm/softhsm-token.ts'

const silent = createLogger('silent')
const never = new AbortController().signal
const main = join(import.meta.dirname, '../../src/equipment/token/signer-main.ts')
const signerCommand = [process.execPath, '--import', 'tsx', main]
const oneDayMs = 86_400_000

describe('without a running station', () => {
  let folder: string
  let pki: TestPki
  let certificate: Uint8Array
  let config: Config

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tram-off-'))
    const token = await createSoftHsmToken(folder, {
      label: 'off',
      pin: '123456',
      keys: [{ id: '01', type: 'EC:prime256v1' }],
    })
    pki = await createTestPki()
    certificate = await leafCertificate({ issuer: pki.subCa, publicKey: token.publicKey('01'), commonName: 'off' })
    await token.importCertificate('01', certificate)
    Object.assign(process.env, token.env) // the signer inherits it
    await writeFile(join(folder, 'pin'), '123456\n', { mode: 0o600 })
    await writeFile(join(folder, 'root.pem'), pki.rootPem)
    await writeFile(join(folder, 'chain.pem'), pki.subCaPem)
    await writeFile(join(folder, 'own.pem'), toPem(certificate))
    config = await configured('tram.toml', 'announce = ["/dns4/tram.tinh.vn/tcp/4101"]')
    async function configured(name: string, link: string): Promise<Config> {
      const file = join(folder, name)
      await writeFile(
        file,
        `[station]\nid = "tinh-1"\nname = "Tỉnh Một"\ndata_folder = "data"\ngeneration = 3\n` +
          `[token]\nmodule = "${token.modulePath}"\nlabel = "off"\nkey_id = "01"\npin_file = "pin"\nstart_signer = true\n` +
          `chain_files = ["chain.pem"]\n` +
          `[trust]\nanchors = ["root.pem"]\nauthority_certificates = ["own.pem"]\n` +
          `[link]\nlisten = ["/ip4/0.0.0.0/tcp/4101"]\n${link}\n` +
          `[[backend]]\nsystemid = "a"\nsecret = "0123456789abcdef0123456789abcdef"\nagencies = ["H01", "H01.1"]\n` +
          `[[backend]]\nsystemid = "b"\nsecret = "0123456789abcdef0123456789abcdef"\nagencies = ["H01.1", "H01.2"]\n`,
      )
      return loadConfig(file)
    }
  })

  afterAll(() => rm(folder, { recursive: true }))

  it('writes a descriptor and stops the signer that it started', async () => {
    const descriptor = await writeDescriptor(config, signerCommand, silent, never)
    const verdict = verifyDescriptor(descriptor, pki.trust)
    if (!verdict.ok) throw verdict.reason
    const { station, agencies } = verdict.value
    expect(agencies).toEqual(['H01', 'H01.1', 'H01.2'])
    expect(station).toMatchObject({
      id: 'tinh-1',
      name: 'Tỉnh Một',
      generation: 3,
      addresses: ['/dns4/tram.tinh.vn/tcp/4101'],
    })
    const paths = dataPaths(config.station.data_folder)
    expect(station?.peerKeys.map(({ peerId }) => peerId)).toEqual([await peerIdFromKeyFile(paths.peerKey)])
    expect(station?.certificates.map((one) => hex(one.sha256))).toEqual([hex(sha256(certificate))])
    expect(Buffer.from(station?.certificates[0]?.der ?? [])).toEqual(Buffer.from(certificate))
    const client = new SignerClient({ socketPath: paths.signerSocket }, { logger: silent, clock: systemClock })
    await client.start(never)
    expect(await client.describe(never)).toMatchObject({ state: 'unreachable' })
    await client.stop()
  })

  it.each([
    ['listen', undefined, ['/ip4/0.0.0.0/tcp/4101']],
    ['announce', ['/ip6/::/tcp/4101'], []],
    ['announce', ['/ip4/10.0.0.1/tcp/0'], []],
  ])('announces no address that others cannot reach (%s)', async (key, announce, listen) => {
    const link = { ...config.link, listen, ...(announce === undefined ? {} : { announce }) }
    if (announce === undefined) delete link.announce
    await expect(writeDescriptor({ ...config, link }, signerCommand, silent, never)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      data: { key: `link.${key}[0]` },
    })
  })

  it('asks for a signer when none runs and none may be started', async () => {
    const token = { ...config.token, start_signer: false }
    await expect(writeDescriptor({ ...config, token }, signerCommand, silent, never)).rejects.toMatchObject({
      code: 'SIGNER_UNREACHABLE',
    })
  })

  it('gives up when it is told to', async () => {
    const stop = new AbortController()
    const running = writeDescriptor(config, [process.execPath, '-e', 'setInterval(() => 0, 1000)'], silent, stop.signal)
    stop.abort(new Error('enough'))
    await expect(running).rejects.toThrow('enough')
  })

  describe('a directory', () => {
    let descriptor: Uint8Array
    const plan = (changes: object = {}) => ({
      version: 7,
      issuedMs: Date.now(),
      expiresMs: Date.now() + oneDayMs,
      descriptors: [descriptor],
      agencies: parseAgencyList(
        Buffer.from('code,name,station,parent\nH01,A,tinh-1,\nH01.1,B,tinh-1,H01\nH01.2,C,tinh-1,H01\nH02,D,,\n'),
      ),
      ...changes,
    })
    const build = (out: string, changes: object = {}) =>
      buildDirectory(config, plan(changes), signerCommand, silent, join(folder, out), never)

    beforeAll(async () => {
      descriptor = await writeDescriptor(config, signerCommand, silent, never)
    })

    it('is built, and read by those who trust the authority', async () => {
      const statement = await build('a.tramdir')
      expect(statement).toMatchObject({ format: 1, version: 7, entries: 5 })
      const inspection = await inspectDirectory(config, join(folder, 'a.tramdir'))
      expect(inspection).toEqual({ statement, stations: 1, agencies: 4, served: 3 })
      expect((await readdir(folder)).filter((name) => name.includes('.new'))).toEqual([])
    })

    it('has the agencies that descriptors ask for only when told so', async () => {
      const agencies = parseAgencyList(Buffer.from('code,name\nH01,A\nH02,D\n'))
      await build('b.tramdir', { agencies })
      expect(await inspectDirectory(config, join(folder, 'b.tramdir'))).toMatchObject({ agencies: 2, served: 0 })
      await build('b.tramdir', { agencies, adoptFromDescriptors: true })
      expect(await inspectDirectory(config, join(folder, 'b.tramdir'))).toMatchObject({ agencies: 2, served: 1 })
    })

    it('takes the real codes and 20,000 more as a stream', async () => {
      const csv = await readFile(join(import.meta.dirname, '../../docs/reference/agencies-level1.csv'))
      const real = parseAgencyList(csv)
      async function* agencies() {
        yield* real
        for (let at = 0; at < 20_000; at++) {
          yield { ...real[0], code: `H01.${at}`, id: 1000 + at, parent: 'H01' } as (typeof real)[number]
        }
      }
      await build('c.tramdir', { agencies: agencies() })
      const { statement, agencies: count } = await inspectDirectory(config, join(folder, 'c.tramdir'))
      expect(count).toBe(20_135)
      expect(statement.entries).toBe(20_136)
    })

    it('leaves the older file alone when the plan is refused', async () => {
      await build('d.tramdir')
      const before = await readFile(join(folder, 'd.tramdir'))
      const agencies = parseAgencyList(Buffer.from('code,name,station\nH01,A,nobody\n'))
      await expect(build('d.tramdir', { agencies })).rejects.toMatchObject({ code: 'DIRECTORY_PLAN_INVALID' })
      expect(await readFile(join(folder, 'd.tramdir'))).toEqual(before)
      expect((await readdir(folder)).filter((name) => name.includes('.new'))).toEqual([])
    })

    it('is not built from an altered descriptor', async () => {
      const altered = Uint8Array.from(descriptor)
      altered[altered.length >> 1] = (altered[altered.length >> 1] ?? 0) ^ 1
      await expect(build('e.tramdir', { descriptors: [altered] })).rejects.toMatchObject({ code: 'DIRECTORY_INVALID' })
    })

    it('is not built with a token that is no authority of this site', async () => {
      await writeFile(join(folder, 'other.pem'), toPem((await pki.issue({ commonName: 'other' })).certificateDer))
      const trust = { ...config.trust, authority_certificates: [join(folder, 'other.pem')] }
      const building = buildDirectory(
        { ...config, trust },
        plan(),
        signerCommand,
        silent,
        join(folder, 'f.tramdir'),
        never,
      )
      await expect(building).rejects.toMatchObject({ code: 'DIRECTORY_INVALID' })
      expect(await readdir(folder)).not.toContain('f.tramdir')
    })

    it.each([{ version: 0 }, { version: 1.5 }, { expiresMs: 1 }])('refuses %j', async (changes) => {
      await expect(build('g.tramdir', changes)).rejects.toMatchObject({ code: 'DIRECTORY_PLAN_INVALID' })
    })

    it('says so when a file cannot be read or is none', async () => {
      await expect(inspectDirectory(config, join(folder, 'nothing'))).rejects.toMatchObject({
        code: 'DIRECTORY_INVALID',
      })
      await expect(inspectDirectory(config, join(folder, 'tram.toml'))).rejects.toMatchObject({
        code: 'DIRECTORY_INVALID',
      })
    })
  })
})
