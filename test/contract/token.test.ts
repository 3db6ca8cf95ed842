// The Token port's suite on all its adapters: the soft fake, the PKCS#11 token on SoftHSM in this process, and the
// client of a real signer process on SoftHSM. Needs the Debian package softhsm2.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../src/base/clock.ts'
import { createLogger } from '../../src/base/logger.ts'
import { dataPaths } from '../../src/base/paths.ts'
import { PinFile } from '../../src/equipment/token/pin-file.ts'
import { PinGuard } from '../../src/equipment/token/pin-guard.ts'
import { Pkcs11Token } from '../../src/equipment/token/pkcs11-token.ts'
import { SignerClient } from '../../src/equipment/token/signer-client.ts'
import { SignerProcess } from '../../src/equipment/token/signer-process.ts'
import type { SignatureScheme } from '../../src/equipment/token/token.ts'
import { createTestPki } from '../fixtures/pki/test-pki.ts'
import { leafCertificate } from '../fixtures/softhsm/leaf-certificate.ts'
import { createSoftHsmToken, type SoftHsmKeyType, type SoftHsmToken } from '../fixtures/softhsm/softhsm-token.ts'
import { SoftToken } from './soft-token.ts'
import { type TokenUnderTest, tokenContract } from './token-contract.ts'

const pin = '123456'
const silent = createLogger('silent')
const cases: [SignatureScheme, SoftHsmKeyType][] = [
  ['rsa-pkcs1-sha256', 'rsa:2048'],
  ['rsa-pkcs1-sha256', 'rsa:3072'],
  ['rsa-pss-sha256', 'rsa:2048'],
  ['ecdsa-p256-sha256', 'EC:prime256v1'],
  ['ecdsa-p384-sha384', 'EC:secp384r1'],
]

/** A SoftHSM token with a key and its certificate, and the folder that holds them. */
async function softHsm(type: SoftHsmKeyType): Promise<{ folder: string; token: SoftHsmToken }> {
  const folder = await mkdtemp(join(tmpdir(), 'tram-token-'))
  const token = await createSoftHsmToken(folder, { label: 'Trạm thử', pin, keys: [{ id: '01', type }] })
  const { subCa } = await createTestPki()
  const certificate = { issuer: subCa, publicKey: token.publicKey('01'), commonName: 'token' }
  await token.importCertificate('01', await leafCertificate(certificate))
  await writeFile(join(folder, 'pin'), `${pin}\n`, { mode: 0o600 })
  return { folder, token }
}

async function direct(scheme: SignatureScheme, type: SoftHsmKeyType): Promise<TokenUnderTest> {
  const { folder, token: soft } = await softHsm(type)
  Object.assign(process.env, soft.env) // SoftHSM reads it at C_Initialize
  const stateFolder = join(folder, 'pin-state')
  const token = new Pkcs11Token(
    { module: soft.modulePath, label: soft.label, keyId: '01', sessions: 3, rsaPss: scheme === 'rsa-pss-sha256' },
    {
      logger: silent,
      guard: new PinGuard({ folder: stateFolder }),
      pinFile: new PinFile({ path: join(folder, 'pin'), stateFolder }),
      onBroken: (reason) => {
        throw reason
      },
    },
  )
  await token.start()
  return {
    token,
    scheme,
    pin,
    async close() {
      await token.stop()
      await rm(folder, { recursive: true })
    },
  }
}

async function throughProcess(scheme: SignatureScheme, type: SoftHsmKeyType): Promise<TokenUnderTest> {
  const { folder, token: soft } = await softHsm(type)
  const config = join(folder, 'tram.toml')
  await writeFile(
    config,
    `[station]\ndata_folder = "data"\nname = "not the signer's business"\n[token]\nmodule = "${soft.modulePath}"\n` +
      `label = "${soft.label}"\nkey_id = "01"\npin_file = "pin"\nrsa_pss = ${scheme === 'rsa-pss-sha256'}\n`,
  )
  Object.assign(process.env, soft.env) // the child inherits it
  const main = join(import.meta.dirname, '../../src/equipment/token/signer-main.ts')
  const command = [process.execPath, '--import', 'tsx', main, '--config', config]
  const signer = new SignerProcess({ command }, { logger: silent })
  const { signerSocket: socketPath } = dataPaths(join(folder, 'data'))
  const token = new SignerClient({ socketPath }, { logger: silent, clock: systemClock })
  const ready = Promise.withResolvers<void>()
  token.onStateChange = ({ state }) => {
    if (state === 'ready') ready.resolve()
  }
  const never = new AbortController().signal
  await signer.start(never)
  await token.start(never)
  await ready.promise
  return {
    token,
    scheme,
    pin,
    async close() {
      await token.stop()
      await signer.stop()
      await rm(folder, { recursive: true })
    },
  }
}

for (const scheme of ['rsa-pkcs1-sha256', 'rsa-pss-sha256', 'ecdsa-p256-sha256', 'ecdsa-p384-sha384'] as const)
  tokenContract(`soft token, ${scheme}`, async () => {
    const leaf = await (await createTestPki()).issue({ commonName: 'soft', scheme })
    return { token: new SoftToken(leaf, { pin }), scheme, pin, close: async () => undefined }
  })
for (const [scheme, type] of cases) {
  tokenContract(`pkcs11-token on SoftHSM, ${type}, ${scheme}`, () => direct(scheme, type))
  tokenContract(`signer-client and signer process on SoftHSM, ${type}, ${scheme}`, () => throughProcess(scheme, type))
}
