// Every condition of an appliance, provoked and cleared: the root program behind a real socket, and what it does on a box.
// Their bounds are in test/unit/surface/box and test/unit/equipment/{box,network}.
import { join } from 'node:path'
import { applianceConditions } from '../../src/base/conditions/appliance-conditions.ts'
import { BoxClient } from '../../src/equipment/box/box-client.ts'
import { underBoxLock } from '../../src/equipment/box/box-lock.ts'
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
