// Every condition of updates, provoked and cleared with the real RAUC. What an installation does besides is in
// test/unit/equipment/rauc/install-bundle.test.ts.
import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import { updateConditions } from '../../src/base/conditions/update-conditions.ts'
import { checkBundle, goBack, installBundle } from '../../src/equipment/rauc/install-bundle.ts'
import { SlotWatch } from '../../src/equipment/rauc/slot-watch.ts'
import { UpdatePull } from '../../src/exchange/update-pull.ts'
import { MemorySpace } from '../contract/memory-space.ts'
import { type BundleWish, RaucBox } from '../fixtures/rauc/rauc-box.ts'
import { UpdateServer } from '../fixtures/rauc/update-server.ts'
import { never, silent } from '../fixtures/store/temporary-store.ts'
import { provokeAndClear, type Scenario, type Scenarios, type Setting } from './scenario.ts'

/** A box that runs 0.1.0 in slot A, committed. */
async function committed({ after }: Setting): Promise<RaucBox> {
  const box = await RaucBox.create()
  after(() => box.destroy())
  await box.records.setGood({ A: '0.1.0' })
  return box
}

/** What a check says of a bundle that is not as it should be, and of a good one. */
const bundle =
  (wish: BundleWish): Scenario<'refusal'> =>
  async (setting) => {
    const box = await committed(setting)
    const check = async (wanted: BundleWish) =>
      void (await checkBundle((await box.bundle(wanted)).file, box.deps('0.1.0'), never))
    return { wrong: () => check(wish), right: () => check({}) }
  }

/** What the station says of its slot: `waitedMs` after its start. */
function watching({ records, procFolder }: RaucBox, waitedMs = 0) {
  let nowMs = 0
  const watch = new SlotWatch({
    records,
    procFolder,
    version: '0.1.0',
    clock: { monotonic: () => nowMs },
    logger: silent,
  })
  return async () => {
    if (nowMs === 0) await watch.start()
    nowMs += 1 + waitedMs
    await watch.look()
    await watch.stop()
    return watch.conditions()
  }
}

/** What the station says of a web server with updates; without what is wrong it has what runs already. */
const source =
  (spoil: (server: UpdateServer) => Promise<void>): Scenario<'state'> =>
  async ({ folder, after }) => {
    const server = await UpdateServer.start()
    after(() => server.stop())
    const running = { version: '0.1.0', file: 'tram.raucb', size: 5 }
    server.latest = running
    const pull = new UpdatePull(
      { url: server.url, isAutomatic: false, intervalMs: 1000, folder: join(folder, 'update'), version: '0.1.0' },
      {
        ...{ space: new MemorySpace(), install: async () => undefined, last: async () => undefined },
        ...{ random: () => 0, logger: silent },
      },
    )
    const listed = async () => {
      await pull.look()
      return pull.conditions()
    }
    const end = () => {
      server.latest = running
    }
    return { begin: () => spoil(server), listed, end }
  }

provokeAndClear(updateConditions, {
  UPDATE_UNSIGNED: bundle({ signer: 'stranger' }),
  UPDATE_FOR_OTHER_BOX: bundle({ compatible: 'other-box' }),
  UPDATE_OLDER: bundle({ version: '0.0.9' }),
  UPDATE_TOO_LARGE: bundle({ imageBytes: 3 * 1024 * 1024 }),
  UPDATE_NOT_NOW: async (setting) => {
    const box = await committed(setting)
    const back = async () => void (await goBack(box.deps('0.1.0'), never))
    return {
      wrong: back,
      right: async () => {
        await box.records.setGood({ A: '0.1.0', B: '0.0.9' })
        await back()
      },
    }
  },
  UPDATE_FAILED: async (setting) => {
    const box = await committed(setting)
    return {
      begin: async () => {
        const { file } = await box.bundle()
        const program = await box.raucThat(`mv ${box.folder}/b.img ${box.folder}/gone.img`)
        await installBundle(file, box.deps('0.1.0', program), () => undefined, never).catch(() => undefined)
      },
      listed: watching(box),
      end: async () => {
        await rename(join(box.folder, 'gone.img'), join(box.folder, 'b.img'))
        await box.records.setGood({ A: '0.1.0', B: '0.0.9' })
        await goBack(box.deps('0.1.0'), never)
      },
    }
  },
  UPDATE_FELL_BACK: async (setting) => {
    const box = await committed(setting)
    await box.records.setGood({ A: '0.1.0', B: '0.0.9' })
    return {
      begin: async () => {
        await goBack(box.deps('0.1.0'), never)
        await box.boots('A')
      },
      listed: watching(box),
      end: () => box.boots('B'),
    }
  },
  SLOT_NOT_COMMITTED: async (setting) => {
    const box = await committed(setting)
    return {
      begin: () => box.records.setGood({ A: '0.0.9' }),
      listed: watching(box, 21 * 60_000),
      end: () => box.records.setGood({ A: '0.1.0' }),
    }
  },
  UPDATE_AVAILABLE: source(async (server) => {
    server.latest = { version: '0.2.0', file: 'tram.raucb', size: 5 }
  }),
  UPDATE_SOURCE_FAILING: source(async (server) => {
    server.latest = 'not found'
  }),
} satisfies Scenarios<typeof updateConditions>)
