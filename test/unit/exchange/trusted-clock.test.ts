// The station's clock: when it doubts, what it tells meanwhile, who ends a doubt, and what is on disk of it.
import { beforeEach, describe, expect, it } from 'vitest'
import { TestClock } from '../../../src/base/clock.ts'
import { createLogger } from '../../../src/base/logger.ts'
import { key } from '../../../src/equipment/store/namespaces.ts'
import { StatementRecord } from '../../../src/exchange/schema/records.ts'
import { ClockWitnesses } from '../../../src/exchange/time/clock-witnesses.ts'
import { type ActCommitter, type Synchronisation, TrustedClock } from '../../../src/exchange/time/trusted-clock.ts'
import { MemoryRecordStore } from '../../contract/memory-record-store.ts'

const startMs = Date.UTC(2026, 10, 21, 8)
const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs
const yearMs = 365 * dayMs

describe('trusted clock', () => {
  let system: TestClock
  let records: MemoryRecordStore
  let synchronisation: Synchronisation
  const clocks: TrustedClock[] = []

  beforeEach(() => {
    system = new TestClock(startMs)
    records = new MemoryRecordStore()
    synchronisation = 'unknown'
    return async () => {
      for (const clock of clocks.splice(0)) await clock.stop()
    }
  })

  async function started(): Promise<TrustedClock> {
    const clock = new TrustedClock({
      ...{ system, records, logger: createLogger('silent') },
      synchronisation: () => synchronisation,
    })
    clocks.push(clock)
    await clock.start()
    return clock
  }
  /** Started, and its bound on disk. */
  async function settled(): Promise<TrustedClock> {
    const clock = await started()
    clock.tick()
    await clock.saved()
    return clock
  }
  const boundOnDisk = async () => Number(Buffer.from((await records.get(key('meta', 'clock'))) ?? []).toString())
  /** What a station whose clock differs from ours by `aheadMs` would say now. */
  const hear = (clock: TrustedClock, station: string, aheadMs: number) => clock.heard(station, system.now() + aheadMs)
  const isDoubtful = (clock: TrustedClock) => clock.doubt !== undefined

  it('tells the machine’s time, believes steps of minutes, and keeps a bound on disk once a minute', async () => {
    const clock = await settled()
    expect([clock.now(), await boundOnDisk()]).toEqual([startMs, startMs])
    system.advance(30_000)
    clock.tick()
    await clock.saved()
    expect(await boundOnDisk()).toBe(startMs)
    system.advance(30_000)
    clock.tick()
    await clock.saved()
    expect(await boundOnDisk()).toBe(startMs + minuteMs)
    system.jump(startMs + 5 * minuteMs)
    expect([isDoubtful(clock), clock.now()]).toEqual([false, startMs + 5 * minuteMs])
    // Never below the bound, not even within the tolerance.
    system.jump(startMs)
    expect([isDoubtful(clock), clock.now()]).toEqual([false, startMs + minuteMs])
  })

  it('believes no large step made of small ones, but does one an hour', async () => {
    const clock = await settled()
    for (const minutes of [4, 8]) {
      system.jump(startMs + minutes * minuteMs)
      clock.tick()
    }
    expect(isDoubtful(clock)).toBe(true)
    system.jump(startMs + 4 * minuteMs)
    expect(isDoubtful(clock)).toBe(false)
    system.advance(hourMs)
    clock.tick()
    system.jump(system.now() + 4 * minuteMs)
    expect(isDoubtful(clock)).toBe(false)
  })

  it.each([
    ['forward', 2 * yearMs],
    ['back', -2 * yearMs],
    ['forward by 6 minutes', 6 * minuteMs],
  ])(
    'a step %s: time goes on from what was believed, the bound stands, and all is well when the clock is back',
    async (_, by) => {
      const clock = await settled()
      const events: string[] = []
      clock.onTrusted(() => events.push('trusted'))
      system.jump(startMs + by)
      expect(clock.doubt?.code).toBe('CLOCK_UNTRUSTED')
      expect(clock.now()).toBe(startMs)
      system.advance(hourMs)
      clock.tick()
      await clock.saved()
      expect([isDoubtful(clock), clock.now(), await boundOnDisk()]).toEqual([true, startMs + hourMs, startMs])
      system.jump(startMs + hourMs)
      clock.tick()
      expect([isDoubtful(clock), clock.now(), events]).toEqual([false, startMs + hourMs, ['trusted']])
    },
  )

  it('a machine that was asleep: one peer that agrees is enough', async () => {
    const clock = await settled()
    hear(clock, 'two', 0)
    hear(clock, 'three', 0)
    system.jump(startMs + dayMs)
    // What was heard before the step does not compare any more, and is no vote against it.
    expect(isDoubtful(clock)).toBe(true)
    hear(clock, 'two', 20_000)
    expect([isDoubtful(clock), clock.now()]).toEqual([false, startMs + dayMs])
    await clock.saved()
    expect(await boundOnDisk()).toBe(startMs + dayMs)
  })

  it('a false time that is put right is believed at once when the peers had said so', async () => {
    system.jump(startMs + 2 * yearMs)
    const clock = await settled()
    hear(clock, 'two', -2 * yearMs)
    expect(isDoubtful(clock)).toBe(false)
    system.jump(startMs)
    expect([isDoubtful(clock), clock.now()]).toEqual([false, startMs])
    await clock.saved()
    expect(await boundOnDisk()).toBe(startMs)
  })

  it('peers that do not agree leave the doubt: half of them, one who says otherwise, and one who says nothing sensible', async () => {
    const clock = await settled()
    system.jump(startMs + yearMs)
    expect(isDoubtful(clock)).toBe(true)
    hear(clock, 'two', 6 * minuteMs)
    for (const nonsense of [0, -1, 1.5, Number.NaN, 2e14]) clock.heard('three', nonsense)
    expect(isDoubtful(clock)).toBe(true)
    hear(clock, 'three', 0)
    expect(isDoubtful(clock)).toBe(true)
    hear(clock, 'four', 0)
    expect(isDoubtful(clock)).toBe(false)
  })

  it('three that disagree cast doubt without a step, two do not; each station counts once, by its last word', async () => {
    const clock = await settled()
    hear(clock, 'two', yearMs)
    hear(clock, 'two', yearMs)
    hear(clock, 'three', yearMs)
    expect(isDoubtful(clock)).toBe(false)
    hear(clock, 'four', 0)
    expect(isDoubtful(clock)).toBe(true)
    hear(clock, 'three', 0)
    expect(isDoubtful(clock)).toBe(false)
  })

  it('disputed at its first start with a wrong clock: the time that is set then is believed by the same votes', async () => {
    system.jump(startMs - yearMs)
    const clock = await settled()
    for (const id of ['two', 'three', 'four']) hear(clock, id, yearMs)
    expect([isDoubtful(clock), clock.now()]).toEqual([true, startMs - yearMs])
    system.jump(startMs)
    expect([isDoubtful(clock), clock.now()]).toEqual([false, startMs])
  })

  it('forgets what was heard hours ago', async () => {
    const clock = await settled()
    for (const id of ['two', 'three', 'four']) hear(clock, id, yearMs)
    system.advance(6 * hourMs + 1)
    clock.tick()
    expect(isDoubtful(clock)).toBe(true)
    hear(clock, 'five', 0)
    expect(isDoubtful(clock)).toBe(false)
  })

  describe('a start', () => {
    it.each<[string, number, boolean]>([
      ['five years behind', -5 * yearMs, true],
      ['six minutes behind', -6 * minuteMs, true],
      ['four minutes behind', -4 * minuteMs, false],
      ['after a week', 7 * dayMs, false],
      ['after more than a week', 7 * dayMs + 1, true],
    ])('%s', async (_, by, doubtful) => {
      await settled()
      system.jump(startMs + by)
      const clock = await started()
      expect(isDoubtful(clock)).toBe(doubtful)
      expect(clock.now()).toBe(doubtful || by < 0 ? startMs : startMs + by)
      system.advance(1000)
      if (doubtful) expect(clock.now()).toBe(startMs + 1000)
    })

    it('without a clock of its own: trusted as soon as the time is set to what the bound allows', async () => {
      await settled()
      system.jump(Date.UTC(1970, 0, 1))
      const clock = await started()
      expect(isDoubtful(clock)).toBe(true)
      system.jump(startMs + 20 * dayMs)
      expect(isDoubtful(clock)).toBe(true)
      system.jump(startMs + 3 * dayMs)
      expect([isDoubtful(clock), clock.now()]).toEqual([false, startMs + 3 * dayMs])
    })

    it('for the first time, before any such machine was', async () => {
      system.jump(Date.UTC(1970, 0, 1))
      const clock = await started()
      expect(isDoubtful(clock)).toBe(true)
      system.jump(startMs)
      expect([isDoubtful(clock), clock.now()]).toEqual([false, startMs])
    })

    it('on a store that knows only of a last statement: that is the bound', async () => {
      const statement = { generation: 1, sequence: 3, root: Buffer.alloc(32), time: startMs + hourMs }
      await records.commit([{ type: 'put', key: key('meta', 'statement'), value: StatementRecord.encode(statement) }])
      const clock = await started()
      expect([isDoubtful(clock), clock.now()]).toEqual([true, startMs + hourMs])
    })

    it('with a bound that is no time: refused', async () => {
      await records.commit([{ type: 'put', key: key('meta', 'clock'), value: Buffer.from('soon') }])
      await expect(started()).rejects.toThrow(/meta:clock/)
    })
  })

  describe('an operator', () => {
    const acts: string[] = []
    const audit: ActCommitter = {
      commit: async (operations, done) => {
        acts.push(...done.map(({ act, detail }) => `${act} ${detail}`))
        await records.commit(operations)
      },
    }
    beforeEach(() => {
      acts.length = 0
    })

    it('ends a doubt, in the audit log, and lowers the bound', async () => {
      await settled()
      system.jump(startMs - yearMs)
      const clock = await started()
      for (const id of ['two', 'three', 'four']) hear(clock, id, yearMs)
      await clock.trust(audit)
      expect([isDoubtful(clock), clock.now(), acts]).toEqual([false, startMs - yearMs, ['clock-trusted start']])
      await clock.saved()
      expect(await boundOnDisk()).toBe(startMs - yearMs)
    })

    it('ends nothing when his act cannot be written', async () => {
      const clock = await settled()
      system.jump(startMs + yearMs)
      const failing: ActCommitter = { commit: () => Promise.reject(new Error('full')) }
      await expect(clock.trust(failing)).rejects.toThrow('full')
      expect(isDoubtful(clock)).toBe(true)
    })
  })

  it('asks the operating system only while no station was heard', async () => {
    const clock = await settled()
    system.jump(startMs + yearMs)
    expect(isDoubtful(clock)).toBe(true)
    synchronisation = 'unsynchronised'
    expect(isDoubtful(clock)).toBe(true)
    hear(clock, 'two', -yearMs)
    synchronisation = 'synchronised'
    expect(isDoubtful(clock)).toBe(true)
    system.advance(6 * hourMs + 1)
    expect(isDoubtful(clock)).toBe(false)
  })

  it('asks its peers each hour, and each minute while in doubt, beginning at once', async () => {
    const asked: boolean[] = []
    const clock = await started()
    clock.onAsk((doubtful) => asked.push(doubtful))
    clock.tick()
    system.advance(59 * minuteMs)
    clock.tick()
    expect(asked).toEqual([false])
    system.jump(startMs + yearMs)
    clock.tick()
    clock.tick()
    system.advance(minuteMs)
    clock.tick()
    expect(asked).toEqual([false, true, true])
  })
})

it('remembers a bounded number of stations, the oldest words first forgotten', () => {
  const witnesses = new ClockWitnesses()
  for (let at = 0; at < 1024; at++) witnesses.heard(`s${at}`, startMs, 0)
  for (let at = 0; at < 513; at++) witnesses.heard(`t${at}`, startMs + yearMs, 0)
  expect(witnesses.verdict(startMs, 0, minuteMs)).toBe('disagree')
  witnesses.heard('t0', startMs, 0)
  expect(witnesses.verdict(startMs, 0, minuteMs)).toBe('divided')
})
