// Every condition about the token and the signer, provoked and cleared: the PKCS#11 fake in this process, the signer's socket.
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { systemClock, TestClock } from '../../src/base/clock.ts'
import { tokenConditions } from '../../src/base/conditions/token-conditions.ts'
import { parseCertificate } from '../../src/document/certificate.ts'
import { PinFile } from '../../src/equipment/token/pin-file.ts'
import { PinGuard } from '../../src/equipment/token/pin-guard.ts'
import { Pkcs11Token } from '../../src/equipment/token/pkcs11-token.ts'
import { SignerClient } from '../../src/equipment/token/signer-client.ts'
import { SignerServer } from '../../src/equipment/token/signer-server.ts'
import { PinPace } from '../../src/surface/console/pin-pace.ts'
import { SoftToken } from '../contract/soft-token.ts'
import { dayMs } from '../fixtures/exchange/test-world.ts'
import { buildPkcs11Fake, createFakeToken, type FakeToken } from '../fixtures/pkcs11-fake/pkcs11-fake.ts'
import { never, silent } from '../fixtures/store/temporary-store.ts'
import { lone, packetOf, world } from './lone.ts'
import { provokeAndClear, type Scenarios, type Setting } from './scenario.ts'

let libraries: string
beforeAll(async () => {
  libraries = await mkdtemp(join(tmpdir(), 'tram-fake-'))
  buildPkcs11Fake(libraries)
})
afterAll(() => rm(libraries, { recursive: true }))

/** Station one on the fake token; `pin`: what the PIN file says, null for none. */
async function onFake(setting: Setting, options: { pin?: string | null; keyId?: string } = {}) {
  const { folder, after } = setting
  const at = (name: string) => join(folder, name)
  mkdirSync(at('token'))
  // A library is initialised once a process: each scenario has its own copy.
  copyFileSync(join(libraries, 'pkcs11-fake.so'), at('pkcs11-fake.so'))
  const fake: FakeToken = await createFakeToken(at('token'), at('pkcs11-fake.so'), '4711')
  Object.assign(process.env, fake.env)
  const { pin = fake.pin } = options
  if (pin !== null) writeFileSync(at('pin'), pin, { mode: 0o600 })
  const stateFolder = at('pin-state')
  const start = async (keyId = '01'): Promise<Pkcs11Token> => {
    const token = new Pkcs11Token(
      { module: fake.modulePath, label: fake.label, keyId, sessions: 1, rsaPss: false, pollMs: 5 },
      {
        ...{ logger: silent, guard: new PinGuard({ folder: stateFolder }) },
        pinFile: new PinFile({ path: at('pin'), stateFolder }),
        onBroken: () => undefined,
      },
    )
    await token.start()
    after(() => token.stop())
    return token
  }
  const one = await lone({ ...setting, folder: at('station') }, { token: await start(options.keyId) })
  return { ...one, fake, at, start }
}

/** A signer's socket and who asks there. */
async function onSocket({ folder, after }: Setting) {
  const socketPath = join(folder, 'signer.sock')
  const token = new SoftToken((await world()).leaf('one'))
  const serve = async (): Promise<SignerServer> => {
    const server = new SignerServer({ socketPath }, { token, logger: silent })
    await server.start()
    after(() => server.stop())
    return server
  }
  const client = new SignerClient({ socketPath }, { logger: silent, clock: systemClock })
  await client.start(never)
  after(() => client.stop())
  return { serve, client }
}

/** Station one, so many days before its certificate ends, and back. */
async function endingIn(setting: Setting, days: number) {
  const { station, listed } = await lone(setting)
  const { certificate } = await station.token.describe(never)
  if (certificate === null) throw new Error('the soft token has one')
  const before = station.clock.now()
  const { notAfterMs } = parseCertificate(certificate)
  return {
    begin: () => station.clock.jump(notAfterMs - days * dayMs),
    listed,
    end: () => station.clock.jump(before),
  }
}

const eventuallyRefused = async (act: () => Promise<unknown>): Promise<void> => {
  const failure = await act().then(
    () => undefined,
    (error: unknown) => error,
  )
  if (failure === undefined) throw new Error('the wrong PIN was taken')
}

provokeAndClear(tokenConditions, {
  TOKEN_ABSENT: async (setting) => {
    const { fake, listed } = await onFake(setting)
    return { begin: () => fake.insert('absent'), listed, end: () => fake.insert('again') }
  },
  TOKEN_KEY_MISSING: async (setting) => {
    const { station, start, listed } = await onFake(setting, { keyId: '09' })
    return { listed, end: async () => station.token.insert(await start('01')) }
  },
  TOKEN_PIN_NEEDED: async (setting) => {
    const { station, fake, listed } = await onFake(setting, { pin: null })
    return { listed, end: () => station.token.enterPin(fake.pin, never) }
  },
  TOKEN_PIN_LATCHED: async (setting) => {
    const { station, fake, listed } = await onFake(setting, { pin: 'sai-pin' })
    return { listed, end: () => station.token.enterPin(fake.pin, never) }
  },
  TOKEN_PIN_STATE_UNWRITABLE: async (setting) => {
    // A file where the folder should be.
    writeFileSync(join(setting.folder, 'pin-state'), '')
    const { station, fake, at, listed } = await onFake(setting)
    return {
      listed,
      end: async () => {
        rmSync(at('pin-state'))
        await station.token.enterPin(fake.pin, never)
      },
    }
  },
  TOKEN_PIN_COUNT_LOW: async (setting) => {
    const { station, fake, listed } = await onFake(setting, { pin: 'sai-pin' })
    return { listed, end: () => station.token.enterPin(fake.pin, never) }
  },
  TOKEN_PIN_FINAL_TRY: async (setting) => {
    const { station, fake, listed } = await onFake(setting, { pin: 'sai-pin' })
    await eventuallyRefused(() => station.token.enterPin('sai-nữa', never))
    return { listed, end: () => station.token.enterPin(fake.pin, never) }
  },
  CERTIFICATE_EXPIRING: (setting) => endingIn(setting, 20),
  CERTIFICATE_EXPIRES_SOON: (setting) => endingIn(setting, 5),
  TOKEN_FAILED: async (setting) => {
    const { fake, listed } = await onFake(setting)
    return {
      begin: () => {
        fake.answer('login', 0x30)
        fake.insert('again')
      },
      listed,
      end: () => fake.answer('login', null),
    }
  },
  SEALING_FAILED: async (setting) => {
    const { station, listed } = await lone(setting)
    await station.submit(packetOf('Giấy mời'))
    const stranger = await station.world.pki.issue({ commonName: 'one' })
    return {
      begin: async () => {
        // A certificate that the directory does not list.
        station.token.insert(new SoftToken(stranger))
        await station.startSealing()
      },
      listed,
      end: () => {
        station.token.insert(new SoftToken(station.world.leaf('one')))
        station.sealer.wake()
      },
    }
  },
  PIN_TOO_SOON: () => {
    const clock = new TestClock()
    const pace = new PinPace(clock)
    pace.tried()
    return {
      wrong: () => pace.assertAllowed(),
      right: () => {
        clock.advance(5000)
        pace.assertAllowed()
      },
    }
  },
  SIGNER_RUNNING: async (setting) => {
    const { serve } = await onSocket(setting)
    const first = await serve()
    return {
      wrong: serve,
      right: async () => {
        await first.stop()
        await serve()
      },
    }
  },
  SIGNER_UNREACHABLE: async (setting) => {
    const { serve, client } = await onSocket(setting)
    const { listed } = await lone({ ...setting, folder: join(setting.folder, 'station') }, { token: client })
    return { listed, end: serve }
  },
} satisfies Scenarios<typeof tokenConditions>)
