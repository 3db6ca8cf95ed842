// Every condition of an appliance, provoked and cleared: the root program behind a real socket, and what it does on a box.
// Their bounds are in test/unit/surface/box and test/unit/equipment/{box,network}.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { applianceConditions } from '../../src/base/conditions/appliance-conditions.ts'
import { mediumIn } from '../../src/box-medium.ts'
import { BoxClient } from '../../src/equipment/box/box-client.ts'
import { underBoxLock } from '../../src/equipment/box/box-lock.ts'
import { gatewaysAnswer } from '../../src/equipment/network/gateway-answer.ts'
import { factoryReset, parseReset, resetName } from '../../src/surface/box/factory-reset.ts'
import { boxSocket } from '../fixtures/box/box-socket.ts'
import { trialIn } from '../fixtures/box/network-trial.ts'
import { provokeAndClear, type Scenarios } from './scenario.ts'

const { signal } = new AbortController()

provokeAndClear(applianceConditions, {
  BOX_AGENT_UNREACHABLE: async ({ folder, after }) => {
    const box = await boxSocket(folder, {})
    after(() => box.close())
    return {
      wrong: () => new BoxClient({ socketPath: join(folder, 'none') }).ask({ action: 'offers' }, signal),
      right: () => box.client.ask({ action: 'offers' }, signal),
    }
  },
  BOX_BUSY: async ({ folder }) => {
    const take = (act: () => Promise<unknown>) => underBoxLock(join(folder, 'lock'), act)
    return { wrong: () => take(() => take(async () => undefined)), right: () => take(async () => undefined) }
  },
  NETWORK_GATEWAY_SILENT: () => {
    // What ip says of a neighbour that does not answer, and of one that has.
    const ask = (state: string) =>
      gatewaysAnswer(
        [{ side: 'both', addresses: ['127.0.0.2/8'], gateway: '127.0.0.1', routes: [] }],
        async ([, ...argv]) => (argv.includes('show') ? JSON.stringify([{ dst: '127.0.0.1', state: [state] }]) : ''),
        1,
      )
    return { wrong: () => ask('FAILED'), right: () => ask('REACHABLE') }
  },
  RESET_NOT_MEANT: () => ({
    wrong: async () => parseReset('please'),
    right: async () => parseReset('ABCD-EFGH\r\n'),
  }),
  RESET_LOSES_DOCUMENTS: ({ folder }) => {
    const reset = async (text: string) => {
      await writeFile(join(folder, resetName), text)
      const outcome = await factoryReset(mediumIn(folder), {
        fingerprint: async () => 'ABCD-EFGH-IJKL',
        openDocuments: async () => 3,
        erase: async () => undefined,
      })
      if (outcome?.part.error !== undefined) throw outcome.part.error
    }
    return { wrong: () => reset('ABCD-EFGH'), right: () => reset('ABCD-EFGH\nand-lose-3-documents\n') }
  },
  NETWORK_NOT_ON_TRIAL: ({ folder }) => {
    const trial = trialIn(folder)
    return {
      wrong: () => trial.confirm(),
      right: async () => {
        await trial.begin('new')
        await trial.confirm()
      },
    }
  },
} satisfies Scenarios<typeof applianceConditions>)
