// The signer as a process: killed inside C_Login and while signing, refused PINs, tokens pulled out and put back.
// On a PKCS#11 fake that counts attempts and locks, and on SoftHSM. Needs cc and the Debian packages softhsm2 and strace.
import { createHash, randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createLogger } from '../../src/base/logger.ts'
import { dataPaths } from '../../src/base/paths.ts'
import { SignerProcess } from '../../src/equipment/token/signer-process.ts'
import { verifiesWith } from '../contract/token-contract.ts'
import { buildPkcs11Fake, createFakeToken, type FakeToken } from '../fixtures/pkcs11-fake/pkcs11-fake.ts'
import { createTestPki } from '../fixtures/pki/test-pki.ts'
import { leafCertificate } from '../fixtures/softhsm/leaf-certificate.ts'
import { createSoftHsmToken } from '../fixtures/softhsm/softhsm-token.ts'
import { never, SignerBench, until, WatchedClient } from './signer-harness.ts'

const digest = createHash('sha256').update('a root statement').digest()
const built = mkdtempSync(join(tmpdir(), 'tram-fake-'))
let library: string
let fake: FakeToken
let bench: SignerBench

beforeAll(() => {
  library = buildPkcs11Fake(built)
})
afterAll(() => rmSync(built, { recursive: true }))
beforeEach(async () => {
  fake = await createFakeToken(mkdtempSync(join(built, 'token-')), library)
  bench = benchWithPin(fake.pin)
})
afterEach(async () => {
  // Whatever a test did: the PIN is nowhere.
  expect(bench.traces()).not.toContain(fake.pin)
  await bench.close()
})

const benchWithPin = (pin: string | null): SignerBench =>
  new SignerBench({ modulePath: fake.modulePath, label: fake.label, env: fake.env, pin })

/** Another bench in place of the one that every test begins with. */
async function useBench(pin: string | null): Promise<void> {
  await bench.close()
  bench = benchWithPin(pin)
}

/** Starts a signer and kills it inside C_Login. */
async function killInsideLogin(): Promise<void> {
  fake.takeBlocked('login')
  const signer = bench.run()
  await until(() => fake.takeBlocked('login'))
  expect(await signer.kill('SIGKILL')).toMatchObject({ signal: 'SIGKILL' })
}

describe('a PIN is never tried twice', () => {
  it('a wrong one latches, also across restarts, until a person enters the right one', async () => {
    await useBench('999999')
    expect((await bench.runUntil('latched')).pinCountLow).toBe(true)
    for (let restart = 0; restart < 3; restart += 1) await bench.runUntil('latched')
    expect(fake.attempts()).toBe(1)

    const signer = bench.run()
    const client = await bench.connect()
    await client.is('latched')
    await expect(client.sign(digest, never)).rejects.toMatchObject({ code: 'TOKEN_PIN_LATCHED' })
    await client.enterPin(fake.pin, never)
    expect(await client.describe(never)).toMatchObject({ state: 'ready', pinCountLow: false })
    expect(await client.sign(digest, never)).toEqual(fake.expectedSignature(digest))
    expect(fake.attempts()).toBe(2)
    await client.stop()
    await signer.kill('SIGTERM')

    // The refused file is known as refused, though the person's PIN has cleared the latch.
    await bench.runUntil('latched')
    expect(fake.attempts()).toBe(2)
  })

  it('killed inside C_Login with a PIN that never succeeded: one attempt', async () => {
    fake.turn('hide-flags', true)
    fake.turn('block-login', true)
    await killInsideLogin()
    fake.turn('block-login', false)
    for (let restart = 0; restart < 3; restart += 1) await bench.runUntil('latched')
    expect(fake.attempts()).toBe(1)
  })

  it('killed inside C_Login with a PIN that had succeeded: one more try, then latched', async () => {
    fake.turn('hide-flags', true)
    await bench.runUntil('ready')
    const before = fake.attempts()
    fake.turn('block-login', true)
    await killInsideLogin()
    await killInsideLogin()
    fake.turn('block-login', false)
    for (let restart = 0; restart < 3; restart += 1) await bench.runUntil('latched')
    expect(fake.attempts() - before).toBe(2)
  })

  it('killed inside C_Login with a PIN that had succeeded: the one more try brings it back', async () => {
    fake.turn('hide-flags', true)
    await bench.runUntil('ready')
    fake.turn('block-login', true)
    await killInsideLogin()
    fake.turn('block-login', false)
    await bench.runUntil('ready')
    expect(fake.attempts()).toBe(3)
    // The slate is clean again: another kill has its own one more try.
    fake.turn('block-login', true)
    await killInsideLogin()
    fake.turn('block-login', false)
    await bench.runUntil('ready')
  })

  it('killed inside C_Login of a token that shows its counter: no second attempt at all', async () => {
    await bench.runUntil('ready')
    const before = fake.attempts()
    fake.turn('block-login', true)
    await killInsideLogin()
    fake.turn('block-login', false)
    expect((await bench.runUntil('latched')).pinCountLow).toBe(true)
    expect(fake.attempts() - before).toBe(1)
  })

  it('a changed PIN file has not succeeded before', async () => {
    fake.turn('hide-flags', true)
    await bench.runUntil('ready')
    fake.turn('block-login', true)
    await killInsideLogin()
    fake.turn('block-login', false)
    utimesSync(join(bench.folder, 'pin'), new Date(), new Date())
    const before = fake.attempts()
    await bench.runUntil('latched')
    expect(fake.attempts()).toBe(before)
  })

  it('no login without an intent on disk', async () => {
    // A file where the folder should be: not even root can write there.
    await bench.runUntil('ready')
    const before = fake.attempts()
    rmSync(bench.paths.pinState, { recursive: true })
    writeFileSync(bench.paths.pinState, '')
    const { detail } = await bench.runUntil('faulty')
    expect(detail).toContain('nobody logs in')
    expect(fake.attempts()).toBe(before)
    rmSync(bench.paths.pinState)
  })

  it('needs a person when there is no PIN file, and forgets the PIN with the process', async () => {
    await useBench(null)
    const signer = bench.run()
    const client = await bench.connect()
    await client.is('needs-pin')
    await expect(client.sign(digest, never)).rejects.toMatchObject({ code: 'TOKEN_PIN_NEEDED' })
    await client.enterPin(fake.pin, never)
    await client.sign(digest, never)
    fake.insert('2')
    await client.sign(digest, never)
    await signer.kill('SIGTERM')
    await bench.runUntil('needs-pin')
    expect(fake.attempts()).toBe(2)
  })
})

describe('CKA_ALWAYS_AUTHENTICATE', () => {
  it('logs in for each signature, and never again after a refusal', async () => {
    fake.turn('always-authenticate', true)
    bench.run()
    const client = await bench.connect()
    await client.is('ready')
    for (let count = 0; count < 3; count += 1)
      expect(await client.sign(digest, never)).toEqual(fake.expectedSignature(digest))
    expect(fake.attempts()).toBe(4)
    fake.changePin('another')
    const outcomes = await Promise.allSettled([1, 2, 3, 4].map(() => client.sign(digest, never)))
    expect(outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason.code)).toEqual(
      outcomes.map(() => 'TOKEN_PIN_LATCHED'),
    )
    await client.is('latched')
    expect(fake.attempts()).toBe(5)
  })
})

describe('a token comes and goes', () => {
  it('signs again by itself after removal and re-insertion', async () => {
    bench.run()
    const client = await bench.connect()
    await client.is('ready')
    fake.insert('absent')
    await expect(client.sign(digest, never)).rejects.toMatchObject({ code: 'TOKEN_ABSENT' })
    expect(await client.is('absent')).toMatchObject({ scheme: 'rsa-pkcs1-sha256' })
    fake.insert('2')
    await client.is('ready')
    expect(await client.sign(digest, never)).toEqual(fake.expectedSignature(digest))
    expect(fake.attempts()).toBe(2)
  })

  it('is noticed when it leaves while nobody signs', async () => {
    bench.run()
    const client = await bench.connect()
    await client.is('ready')
    fake.insert('absent')
    await client.is('absent')
  })

  it('is reopened with one login when it was out between two signatures', async () => {
    bench.run()
    const client = await bench.connect()
    await client.is('ready')
    fake.insert('2')
    const signatures = await Promise.all(Array.from({ length: 20 }, () => client.sign(digest, never)))
    expect(signatures).toEqual(signatures.map(() => fake.expectedSignature(digest)))
    expect(fake.attempts()).toBe(2)
  })

  it('that was never there is found when it comes', async () => {
    fake.insert('absent')
    bench.run()
    const client = await bench.connect()
    await client.is('absent')
    fake.insert('1')
    await client.is('ready')
  })
})

describe('the process', () => {
  it('ends with 4 when a reopened token is still broken, and only then', async () => {
    const signer = bench.run()
    const client = await bench.connect()
    await client.is('ready')
    fake.answer('sign', 0x30) // CKR_DEVICE_ERROR
    await expect(client.sign(digest, never)).rejects.toMatchObject({
      code: expect.stringMatching(/^(TOKEN_FAILED|SIGNER_UNREACHABLE)$/),
    })
    expect(await signer.ended).toEqual({ code: 4, signal: null })
  })

  it('stays when the token merely refuses a signature', async () => {
    bench.run()
    const client = await bench.connect()
    await client.is('ready')
    fake.answer('sign', 0x68) // CKR_KEY_FUNCTION_NOT_PERMITTED
    await expect(client.sign(digest, never)).rejects.toMatchObject({
      code: 'TOKEN_FAILED',
      data: { rv: 'CKR_KEY_FUNCTION_NOT_PERMITTED' },
    })
    fake.answer('sign', null)
    expect(await client.sign(digest, never)).toEqual(fake.expectedSignature(digest))
  })

  it('kills itself when a signature never returns', async () => {
    const signer = bench.run('--stuck-after-ms', '1500')
    const client = await bench.connect()
    await client.is('ready')
    fake.turn('block-sign', true)
    await expect(client.sign(digest, never)).rejects.toMatchObject({ code: 'SIGNER_UNREACHABLE' })
    expect(await signer.ended).toEqual({ code: null, signal: 'SIGKILL' })
  })

  it('kills itself when a login never returns, and the PIN guard holds', async () => {
    fake.turn('block-login', true)
    const signer = bench.run('--stuck-after-ms', '1500')
    expect(await signer.ended).toEqual({ code: null, signal: 'SIGKILL' })
    expect(signer.output()).toContain('does not return')
    fake.turn('block-login', false)
    await bench.runUntil('latched')
    expect(fake.attempts()).toBe(1)
  })

  it('does not keep its clients waiting while a call blocks', async () => {
    fake.turn('block-login', true)
    bench.run()
    await until(() => fake.takeBlocked('login'))
    const client = await bench.connect(300)
    expect(await client.describe(never)).toMatchObject({ state: 'unreachable' })
    await expect(client.sign(digest, never)).rejects.toMatchObject({ code: 'SIGNER_UNREACHABLE' })
    fake.turn('block-login', false)
    await client.is('ready')
  })

  it('refuses to be the second on a data folder, and replaces the socket of a dead one', async () => {
    const first = bench.run()
    const client = await bench.connect()
    await client.is('ready')
    expect(statSync(bench.paths.signerSocket).mode & 0o777).toBe(0o600)
    const second = bench.run()
    expect(await second.ended).toEqual({ code: 3, signal: null })
    await client.sign(digest, never)
    await first.kill('SIGKILL')
    expect(existsSync(bench.paths.signerSocket)).toBe(true)
    const third = bench.run()
    await client.is('ready')
    expect(await third.kill('SIGTERM')).toEqual({ code: 0, signal: null })
    expect(existsSync(bench.paths.signerSocket)).toBe(false)
  })

  it('in a folder of its own, lets its group in and keeps everything there', async () => {
    const own = join(bench.folder, 'own')
    const config = readFileSync(bench.configFile, 'utf8')
    writeFileSync(bench.configFile, `${config}folder = "own"\n`)
    const paths = dataPaths(join(bench.folder, 'data'), own)
    const client = new WatchedClient(paths.signerSocket)
    const signer = bench.run()
    try {
      await client.start(never)
      await client.is('ready')
      await client.sign(digest, never)
      for (const socket of [paths.signerSocket, paths.signerAlive]) expect(statSync(socket).mode & 0o777).toBe(0o660)
      expect(statSync(paths.pinState).mode & 0o777).toBe(0o700)
      expect(existsSync(bench.paths.signerSocket)).toBe(false)
      expect(existsSync(bench.paths.pinState)).toBe(false)
    } finally {
      await client.stop()
      await signer.kill('SIGTERM')
    }
  })

  it('of several started at once, one serves', async () => {
    const signers = [bench.run(), bench.run(), bench.run(), bench.run()]
    const client = await bench.connect()
    await client.is('ready')
    const losers = await Promise.all([1, 2, 3].map((count) => nthEnd(signers, count)))
    expect(losers.map(({ code }) => code)).toEqual([3, 3, 3])
    expect(fake.attempts()).toBe(1)
  })

  it('ends with 2 for a configuration that it cannot use, and says where', async () => {
    writeFileSync(
      bench.configFile,
      '[station]\ndata_folder = "data"\n[token]\nmodule = "m"\nlabel = "l"\nkey_id = "0"\n',
    )
    const signer = bench.run()
    expect(await signer.ended).toEqual({ code: 2, signal: null })
    expect(signer.output()).toContain('token.key_id')
    const withoutConfig = bench.run('--nonsense')
    expect(await withoutConfig.ended).toEqual({ code: 2, signal: null })
  })

  it('ends with its standard input when asked to', async () => {
    const signer = bench.run('--until-stdin-ends')
    const client = await bench.connect()
    await client.is('ready')
    signer.child.stdin?.end()
    expect(await signer.ended).toEqual({ code: 0, signal: null })
  })

  it('has the intent on disk, folder included, before the token sees the PIN', async () => {
    const trace = join(bench.folder, 'trace')
    const signer = bench.runUnder(['strace', '-f', '-y', '-o', trace, '-e', 'trace=rename,fsync,openat'])
    await (await bench.connect()).is('ready')
    signer.child.stdin?.end()
    expect(await signer.ended).toEqual({ code: 0, signal: null })
    const calls = readFileSync(trace, 'utf8').split('\n')
    const at = (pattern: RegExp, from = 0): number =>
      calls.findIndex((call, index) => index >= from && pattern.test(call))
    const written = at(/fsync\(\d+<.*intent-.*\.new>/)
    const renamed = at(/rename\(.*intent-.*\.json"/, written)
    const folderSynced = at(/fsync\(\d+<.*pin-state>/, renamed)
    const tried = at(/openat\(.*\/attempts"/)
    expect([written, renamed, folderSynced, tried].every((index) => index >= 0)).toBe(true)
    expect([written, renamed, folderSynced, tried]).toEqual(
      [written, renamed, folderSynced, tried].sort((a, b) => a - b),
    )
  })
})

/** The `count`th of the signers to end. */
async function nthEnd(signers: { ended: Promise<{ code: number | null }> }[], count: number) {
  const ends: { code: number | null }[] = []
  const { promise, resolve } = Promise.withResolvers<{ code: number | null }>()
  for (const { ended } of signers)
    void ended.then((end) => {
      ends.push(end)
      if (ends.length === count) resolve(end)
    })
  return await promise
}

describe('kill -9 while the station signs', () => {
  it('says SIGNER_UNREACHABLE for what was on its way, and signs again after the restart', async () => {
    fake.turn('hide-flags', true)
    Object.assign(process.env, fake.env)
    const signer = new SignerProcess({ command: bench.command() }, { logger: createLogger('silent') })
    await signer.start(never)
    try {
      const client = await bench.connect()
      await client.is('ready')
      fake.turn('block-sign', true)
      const signing = [client.sign(digest, never), client.sign(digest, never), client.sign(digest, never)]
      const outcomes = Promise.allSettled(signing)
      await until(() => fake.takeBlocked('sign'))
      const { pid } = signer
      process.kill(pid ?? 0, 'SIGKILL')
      for (const outcome of await outcomes)
        expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'SIGNER_UNREACHABLE' } })
      expect(await client.describe(never)).toMatchObject({ state: 'unreachable', label: 'fake' })
      fake.turn('block-sign', false)
      await client.is('ready')
      expect(signer.pid).not.toBe(pid)
      expect(await client.sign(digest, never)).toEqual(fake.expectedSignature(digest))
      expect(client.states).toEqual(expect.arrayContaining(['ready', 'unreachable', 'ready']))
    } finally {
      await signer.stop()
    }
    expect(signer.pid).toBeUndefined()
  })

  it('on SoftHSM: whatever was answered verifies, and signing goes on', async () => {
    const folder = mkdtempSync(join(built, 'softhsm-'))
    const soft = await createSoftHsmToken(folder, {
      label: 'kill',
      pin: fake.pin,
      keys: [{ id: '01', type: 'rsa:2048' }],
    })
    const { subCa } = await createTestPki()
    const leaf = await leafCertificate({ issuer: subCa, publicKey: soft.publicKey('01'), commonName: 'kill' })
    await soft.importCertificate('01', leaf)
    await bench.close()
    bench = new SignerBench({ modulePath: soft.modulePath, label: soft.label, env: soft.env, pin: soft.pin })
    Object.assign(process.env, soft.env)
    const signer = new SignerProcess({ command: bench.command() }, { logger: createLogger('silent') })
    await signer.start(never)
    try {
      const client = await bench.connect()
      for (let kill = 0; kill < 2; kill += 1) {
        await client.is('ready')
        const { pid } = signer
        const refused: string[] = []
        let signed = 0
        while (refused.length === 0) {
          const data = randomBytes(32)
          const work = [1, 2, 3, 4].map(() => client.sign(createHash('sha256').update(data).digest(), never))
          if (signed === 40) process.kill(pid ?? 0, 'SIGKILL')
          for (const outcome of await Promise.allSettled(work)) {
            if (outcome.status === 'rejected') refused.push(outcome.reason.code)
            else expect(verifiesWith(leaf, 'rsa-pkcs1-sha256', data, outcome.value)).toBe(true)
            signed += 1
          }
        }
        expect(new Set(refused)).toEqual(new Set(['SIGNER_UNREACHABLE']))
      }
      await client.is('ready')
      const data = randomBytes(32)
      const signature = await client.sign(createHash('sha256').update(data).digest(), never)
      expect(verifiesWith(leaf, 'rsa-pkcs1-sha256', data, signature)).toBe(true)
    } finally {
      await signer.stop()
    }
  })
})
