// A real store that is damaged behind its back, and a station that finds out: for whatever is about losses.
import { join } from 'node:path'
import { ClassicLevel } from 'classic-level'
import type { TramError } from '../../src/base/errors.ts'
import type { LevelStore } from '../../src/equipment/store/level-store.ts'
import { GenerationWatch } from '../../src/exchange/recovery/generation-watch.ts'
import { IndexRebuild } from '../../src/exchange/recovery/index-rebuild.ts'
import { MissingQuestions } from '../../src/exchange/recovery/missing-questions.ts'
import { Recovery } from '../../src/exchange/recovery/recovery.ts'
import { levelStore, never, silent } from '../fixtures/store/temporary-store.ts'
import { type Lone, lone } from './lone.ts'
import type { Setting } from './scenario.ts'

/** A store that runs until the scenario ends. */
export async function opened({ folder, after }: Setting, onDamage?: (error: TramError) => void): Promise<LevelStore> {
  const { store } = levelStore(folder, onDamage === undefined ? {} : { onDamage })
  await store.start(never)
  after(() => store.stop())
  return store
}

/** A store that took some records and was closed. */
export async function closed({ folder }: Setting): Promise<void> {
  const { store } = levelStore(folder)
  await store.start(never)
  for (const name of ['a', 'b', 'c'])
    await store.commit([{ type: 'put', key: `cms:${name}`, value: Buffer.alloc(100, 7) }])
  await store.stop()
}

/** Writes a value into the closed store past everything that would check it. */
export async function smuggle({ folder }: Setting, name: string, value: Uint8Array): Promise<void> {
  const raw = new ClassicLevel<string, Uint8Array>(join(folder, 'store'), { valueEncoding: 'view' })
  await raw.put(name, value)
  await raw.close()
}

/** Station one on LevelDB, with what looks after losses. */
export async function recovering(
  setting: Setting,
  generation = 1,
  logger = silent,
): Promise<Lone & { store: LevelStore; recovery: Recovery }> {
  const early: TramError[] = []
  let report = (error: TramError): void => void early.push(error)
  const store = await opened(setting, (error) => report(error))
  const health = { sources: () => [recovery] }
  const one = await lone(setting, { records: store, generation, health })
  const { station } = one
  const { directory, clock, switchboard: connector } = station
  const own = { station: 'one', generation }
  const recovery = new Recovery(own, {
    ...station,
    ...{
      records: store,
      logger,
      directory,
      intake: station.intake,
      inbox: station.inbox,
      outbox: station.outbox,
    },
    ...{ audit: station.audit, clock, indices: new IndexRebuild(station) },
    questions: new MissingQuestions({ records: store, connector, directoryVersion: () => 1, clock, logger: silent }),
    generations: new GenerationWatch(own, { directory }),
    seekDirectory: () => undefined,
  })
  report = (error) => recovery.damaged(error)
  for (const error of early) report(error)
  await recovery.prepare()
  await recovery.start()
  setting.after(() => recovery.stop())
  return { ...one, store, recovery }
}
