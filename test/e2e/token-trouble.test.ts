// A signer process on a real token with bad days (SoftHSM behind troubled.c), with every kind of key: whatever it answers is a
// right signature or an error, it goes on by itself, and no PIN is wrong. What stations make of it: token-load.test.ts.
// Needs cc and the Debian package softhsm2.
import { createHash, randomBytes } from 'node:crypto'
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, expect, it } from 'vitest'
import { createLogger } from '../../src/base/logger.ts'
import { SignerProcess } from '../../src/equipment/token/signer-process.ts'
import type { SignatureScheme } from '../../src/equipment/token/token.ts'
import { hashOf, verifiesWith } from '../contract/token-contract.ts'
import { slowTokenModule, type TokenTrouble, type TroubledToken } from '../fixtures/pkcs11-fake/troubled-token.ts'
import { createTestPki } from '../fixtures/pki/test-pki.ts'
import { leafCertificate } from '../fixtures/softhsm/leaf-certificate.ts'
import { createSoftHsmToken, type SoftHsmKeyType } from '../fixtures/softhsm/softhsm-token.ts'
import { never, SignerBench, type WatchedClient } from './signer-harness.ts'

interface Wish {
  name: string
  type: SoftHsmKeyType
  scheme: SignatureScheme
  alwaysAuthenticate?: boolean
}

const wishes: Wish[] = [
  { name: 'RSA PKCS#1 v1.5', type: 'rsa:2048', scheme: 'rsa-pkcs1-sha256' },
  { name: 'RSA-PSS', type: 'rsa:2048', scheme: 'rsa-pss-sha256' },
  { name: 'EC P-384', type: 'EC:secp384r1', scheme: 'ecdsa-p384-sha384' },
  { name: 'ALWAYS_AUTHENTICATE', type: 'rsa:2048', scheme: 'rsa-pkcs1-sha256', alwaysAuthenticate: true },
]

const folder = mkdtempSync(join(tmpdir(), 'tram-trouble-'))
const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})
afterAll(() => rmSync(folder, { recursive: true }))

interface Running {
  token: TroubledToken
  client: WatchedClient
  /** Signs fresh data; whether the token did. A signature that does not verify ends the test. */
  signsOne(): Promise<boolean>
}

/** A signer, started again whenever it ends, on a token with `trouble`. */
async function start({ type, scheme, alwaysAuthenticate = false }: Wish, trouble: TokenTrouble): Promise<Running> {
  const place = mkdtempSync(join(folder, 'token-'))
  const keys = [{ id: '01', type, alwaysAuthenticate }]
  const soft = await createSoftHsmToken(place, { label: 'Khó', pin: '1234', keys })
  const { subCa } = await createTestPki()
  const leaf = await leafCertificate({ issuer: subCa, publicKey: soft.publicKey('01'), commonName: 'trouble' })
  await soft.importCertificate('01', leaf)
  const token = await slowTokenModule(trouble, { folder: join(place, 'trouble') })
  const bench = new SignerBench({ modulePath: token.modulePath, label: soft.label, env: {}, pin: soft.pin })
  stops.push(() => bench.close())
  appendFileSync(bench.configFile, `rsa_pss = ${scheme === 'rsa-pss-sha256'}\n`)
  Object.assign(process.env, soft.env, token.env) // the signer inherits it
  const signer = new SignerProcess({ command: bench.command() }, { logger: createLogger('silent') })
  await signer.start(never)
  stops.push(() => signer.stop())
  const client = await bench.connect()
  await client.is('ready')
  return {
    token,
    client,
    async signsOne() {
      const data = randomBytes(32)
      const digest = createHash(hashOf(scheme)).update(data).digest()
      const [outcome] = await Promise.allSettled([client.sign(digest, never)])
      if (outcome?.status === 'fulfilled') expect(verifiesWith(leaf, scheme, data, outcome.value)).toBe(true)
      else expect(outcome?.reason.code).toMatch(/^(TOKEN_FAILED|TOKEN_ABSENT|SIGNER_UNREACHABLE)$/)
      return outcome?.status === 'fulfilled'
    },
  }
}

it.each(wishes)('$name: fails, loses its sessions, vanishes, and every signature is made in the end', async (wish) => {
  const { token, client, signsOne } = await start(wish, { failEvery: 10, loseSessionsEvery: 8 })
  for (let at = 0; at < 25; at += 1) expect(await signsOne()).toBe(true)
  // Each of the tens and eights up to here cost one call more, and neither an answer nor the process.
  expect(token.calls()).toBe(25 + 6)

  token.plan({ vanishAt: token.calls() + 1, vanishMs: 300 })
  const before = token.logins().length
  expect(await signsOne()).toBe(false)
  await client.is('ready')
  expect(token.logins().length - before).toBe(wish.alwaysAuthenticate === true ? 2 : 1)
  expect(await signsOne()).toBe(true)
  expect(token.logins().filter((answer) => answer !== 'ok')).toEqual([])
})
