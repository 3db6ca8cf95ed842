// The lab's keys with real SoftHSM tokens, judged by openssl and pkcs11-tool: certificates chain, tokens sign with the
// key of their certificate, configurations are accepted, and a second start keeps everything, also after a cut.
import { execFileSync } from 'node:child_process'
import { createPublicKey, verify, X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type LabLayout, type LabToken, makeLab } from '../../scripts/lab-keys.ts'
import { loadConfig } from '../../src/config.ts'
import { verifyCertificatePath } from '../../src/document/certificate-path.ts'

const ha = { id: 'tram-ha', name: 'Trạm "Hà"', agencyCodes: ['H26', 'H26.1'] }
const binh = { id: 'tram-binh', name: 'Trạm Bình', agencyCodes: ['H17'] }
const chi = { id: 'tram-chi', name: 'Trạm Chi', agencyCodes: [] }

let folder = ''
let lab: LabLayout
let again: LabLayout

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tram-lab-'))
  lab = await makeLab(folder, [ha, binh])
  writeFileSync(join(folder, 'stations/tram-ha/kept'), 'data of the station')
  // What a cut in the middle of making `chi` would leave.
  execFileSync('cp', ['-r', join(folder, 'stations/tram-binh'), join(folder, 'stations/tram-chi')])
  rmSync(join(folder, 'stations/tram-chi/station.json'))
  again = await makeLab(folder, [chi, { ...ha, agencyCodes: ['H26'] }, binh])
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const tokens = (): LabToken[] => [again.authority, ...again.stations.map(({ token }) => token)]

describe('makeLab', () => {
  it('gives every token a certificate that openssl and we accept', () => {
    for (const { certificateFile } of tokens()) {
      const answer = execFileSync('openssl', [
        'verify',
        '-x509_strict',
        ...['-CAfile', again.rootFile, '-untrusted', again.subCaFile, certificateFile],
      ])
      expect(answer.toString()).toContain(': OK')
      const der = (file: string): Uint8Array => new X509Certificate(readFileSync(file)).raw
      const trust = { anchors: [der(again.rootFile)], intermediates: [der(again.subCaFile)] }
      expect(verifyCertificatePath(der(certificateFile), [], trust, Date.now())).toMatchObject({ ok: true })
    }
  })

  it('names the station in the certificate, and puts it on the token too', () => {
    for (const { id, token } of again.stations) {
      const certificate = new X509Certificate(readFileSync(token.certificateFile))
      expect(certificate.subject.split('\n')).toContain(`CN=${id}`)
      expect(certificate.publicKey.asymmetricKeyDetails?.modulusLength).toBe(3072)
      const onToken = execFileSync(
        'pkcs11-tool',
        [
          '--module',
          token.modulePath,
          '--token-label',
          token.label,
          '--read-object',
          '--type',
          'cert',
          '--id',
          token.keyId,
        ],
        { env: { ...process.env, ...token.env }, stdio: ['ignore', 'pipe', 'ignore'] },
      )
      expect(onToken.equals(certificate.raw)).toBe(true)
    }
  })

  it('leaves tokens that sign with the key of their certificate', () => {
    const message = join(folder, 'message')
    const signature = join(folder, 'signature')
    writeFileSync(message, 'văn bản')
    for (const token of tokens()) {
      execFileSync(
        'pkcs11-tool',
        [
          ...['--module', token.modulePath, '--token-label', token.label, '--id', token.keyId],
          ...['--login', '--pin', readFileSync(token.pinFile, 'utf8').trim()],
          ...['--sign', '--mechanism', 'SHA256-RSA-PKCS', '--input-file', message, '--output-file', signature],
        ],
        { env: { ...process.env, ...token.env }, stdio: 'ignore' },
      )
      const key = createPublicKey(readFileSync(token.certificateFile))
      expect(verify('sha256', readFileSync(message), key, readFileSync(signature))).toBe(true)
    }
  })

  it('writes configurations that the station accepts', async () => {
    for (const station of again.stations) {
      const config = await loadConfig(station.configFile)
      expect(config.station).toMatchObject({ id: station.id, name: station.name, data_folder: station.dataFolder })
      expect(config.token).toMatchObject({ serial: station.token.serial, pin_file: station.token.pinFile })
      expect(config.trust.authority_certificates).toEqual([again.authority.certificateFile])
      expect(config.backend).toMatchObject([{ ...station.backend, agencies: [...station.agencyCodes] }])
      for (const file of [...config.trust.anchors, ...config.trust.intermediates, ...config.token.chain_files])
        expect(readFileSync(file, 'utf8')).toContain('BEGIN CERTIFICATE')
    }
  })

  it('keeps keys, ports, secrets and data, and follows the wishes', () => {
    expect(again.authority).toEqual(lab.authority)
    expect(again.stations.map(({ id }) => id)).toEqual(['tram-chi', 'tram-ha', 'tram-binh'])
    const [before, after] = [lab, again].map(({ stations }) => stations.find(({ id }) => id === 'tram-ha'))
    expect(after).toEqual({ ...before, agencyCodes: ['H26'] })
    expect(readFileSync(join(folder, 'stations/tram-ha/kept'), 'utf8')).toBe('data of the station')
  })

  it('makes a half-made station anew', () => {
    const [chiNow, , binhNow] = again.stations
    expect(chiNow?.token.serial).not.toBe(binhNow?.token.serial)
    expect(chiNow?.backend.secret).not.toBe(binhNow?.backend.secret)
  })

  it('gives nobody the port of another, and keeps secrets to the owner', () => {
    const ports = again.stations.flatMap(({ linkPort, vxpPort }) => [linkPort, vxpPort])
    expect(new Set(ports).size).toBe(ports.length)
    const secrets = [join(folder, 'pki/sub-ca.key'), ...tokens().map(({ pinFile }) => pinFile)]
    for (const file of [...secrets, ...again.stations.map(({ configFile }) => configFile)])
      expect(statSync(file).mode & 0o077).toBe(0)
  })
})
