// Every condition of an installation, provoked and cleared: what a check of the doctor says, and says no more once it is put right.
// The bounds of each are in test/unit/surface/doctor/doctor.test.ts.
import { once } from 'node:events'
import { chmod, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { installationConditions } from '../../src/base/conditions/installation-conditions.ts'
import { TramError } from '../../src/base/errors.ts'
import { platformTroubles } from '../../src/surface/doctor/check-station.ts'
import type { CheckName } from '../../src/surface/doctor/doctor-report.ts'
import type { DoctorConfig, DoctorSite } from '../../src/surface/doctor/doctor-site.ts'
import { DoctorKit } from '../fixtures/doctor/doctor-kit.ts'
import { provokeAndClear, type Scenario, type Scenarios } from './scenario.ts'

/** What a check says on a site where `sick` is so, and where it is not. */
const found =
  (check: CheckName, sick: (kit: DoctorKit) => Partial<DoctorSite>): Scenario<'refusal'> =>
  async ({ folder }) => {
    const kit = await DoctorKit.create(folder)
    const told = async (changes: Partial<DoctorSite>) => (await kit.lines(check, changes))[0]
    return { wrong: () => told(sick(kit)), right: () => told({}) }
  }

const configured = (check: CheckName, sick: (config: DoctorConfig) => Partial<DoctorConfig>): Scenario<'refusal'> =>
  found(check, (kit) => kit.withConfig(sick(kit.config)))

/** What a check says of a folder after `spoil`, and after `mend`. */
const spoiled =
  (
    check: CheckName,
    spoil: (secret: string) => Promise<void>,
    mend: (secret: string) => Promise<void>,
  ): Scenario<'refusal'> =>
  async ({ folder }) => {
    const kit = await DoctorKit.create(folder)
    const told = async (act: (secret: string) => Promise<void>) => {
      await act(join(folder, 'secret'))
      return (await kit.lines(check))[0]
    }
    return { wrong: () => told(spoil), right: () => told(mend) }
  }

provokeAndClear(installationConditions, {
  DATA_FOLDER_UNUSABLE: configured('data', ({ file, station }) => ({ station: { ...station, data_folder: file } })),
  FILE_UNUSABLE: spoiled(
    'secrets',
    (secret) => writeFile(secret, ''),
    (secret) => writeFile(secret, 'khoá'),
  ),
  FILE_EXPOSED: spoiled(
    'secrets',
    (secret) => chmod(secret, 0o644),
    (secret) => chmod(secret, 0o600),
  ),
  TOKEN_MODULE_UNUSABLE: configured('module', ({ file, token }) => ({ token: { ...token, module: file } })),
  STATION_UNLISTED: found('directory', (kit) => ({ directory: async () => kit.found(undefined) })),
  ADDRESS_UNLISTED: found('addresses', (kit) => ({ directory: async () => kit.found(kit.entry({ addresses: [] })) })),
  LISTENER_BLOCKED: async ({ folder, after }) => {
    const kit = await DoctorKit.create(folder)
    const server = createServer().listen(0, '127.0.0.1')
    after(() => server.close())
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    const down = new TramError('STATION_NOT_RUNNING', { socket: 'api.sock' })
    const told = async () => {
      const changes = {
        ...kit.withConfig({ vxp: { listen: `127.0.0.1:${port}` } }),
        health: () => Promise.reject(down),
      }
      return (await kit.lines('listeners', changes))[0]
    }
    return {
      wrong: told,
      right: async () => {
        server.close()
        await once(server, 'close')
        return told()
      },
    }
  },
  PLATFORM_UNSUITABLE: () => ({
    wrong: () => platformTroubles('22.1.0', 2 ** 30)[0],
    right: () => platformTroubles('24.0.0', 2 ** 30)[0],
  }),
  CHECK_UNFINISHED: found('trust', () => ({ trust: () => Promise.reject(new Error('what')) })),
} satisfies Scenarios<typeof installationConditions>)
