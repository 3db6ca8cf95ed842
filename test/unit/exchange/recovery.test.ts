// A loss is one loss, however many find it: a second one has every peer asked again, who answers once in five minutes.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createLogger } from '../../../src/base/logger.ts'
import { closed, recovering, smuggle } from '../../conditions/damaged-store.ts'
import { until } from '../../fixtures/station/office.ts'
import { never } from '../../fixtures/store/temporary-store.ts'

let folder: string
const ends: (() => unknown)[] = []
const after = (end: () => unknown) => void ends.unshift(end)

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tram-recovery-'))
})

afterEach(async () => {
  for (const end of ends.splice(0)) await end()
  await rm(folder, { recursive: true, force: true })
})

it('is one loss when more of it is reported before all of it is taken away', async () => {
  await closed({ folder, after })
  for (const name of ['cms:a', 'cms:b', 'cms:c']) await smuggle({ folder, after }, name, Buffer.from('decayed'))
  const lines: { code?: string; evidence?: string[]; msg: string }[] = []
  const logger = createLogger('info', { write: (line) => void lines.push(JSON.parse(line)) })
  const { store, station } = await recovering({ folder, after }, 1, logger)
  const reload = station.directory.reload.bind(station.directory)
  const reported: string[][] = []
  // Between the first report and the walk that takes away all that is damaged.
  station.directory.reload = async () => {
    reported.push((await store.scrub(never)).damaged)
    await reload()
  }
  const [closes, opens] = [vi.spyOn(station.intake, 'close'), vi.spyOn(station.intake, 'open')]
  await expect(store.getMany(['cms:a'])).rejects.toMatchObject({ code: 'STORE_DAMAGED' })
  const asked = () => lines.some(({ msg }) => msg.startsWith('every station was asked'))
  const lastOf = (spy: typeof closes | typeof opens) => spy.mock.invocationCallOrder.at(-1) ?? 0
  // Intake opens only when nothing is reported that was not dealt with.
  await until(
    async () => (asked() && lastOf(opens) > lastOf(closes)) || undefined,
    async () => JSON.stringify(lines),
  )
  expect(reported).toEqual([['cms:b', 'cms:c']])
  expect(lines.filter(({ code }) => code === 'STATION_RECOVERING')).toHaveLength(1)
  expect(await store.getMany(['cms:a', 'cms:b', 'cms:c'])).toEqual([undefined, undefined, undefined])
})
