// When the watchdog is fed, and when it is not: parts that answer, refuse, hang and come back, and a loop that stands still.
import { afterEach, describe, expect, it } from 'vitest'
import { TramError } from '../../../../src/base/errors.ts'
import { createLogger } from '../../../../src/base/logger.ts'
import type { RecordOperation } from '../../../../src/equipment/store/record-store.ts'
import type { Notice } from '../../../../src/equipment/systemd/notify.ts'
import { Heartbeat, type HeartbeatPart } from '../../../../src/exchange/health/heartbeat.ts'
import { type StorePartDeps, signerPart, storePart } from '../../../../src/exchange/health/heartbeat-parts.ts'

const watchdogMs = 1200
const never = new AbortController().signal

/** A part that a test holds and lets go. */
class HeldPart implements HeartbeatPart {
  readonly name: string
  asked = 0
  #gate: PromiseWithResolvers<void> | undefined

  constructor(name: string) {
    this.name = name
  }

  async ask(): Promise<void> {
    this.asked += 1
    await this.#gate?.promise
  }

  hold(): void {
    this.#gate = Promise.withResolvers()
  }

  free(failure?: Error): void {
    if (failure === undefined) this.#gate?.resolve()
    else this.#gate?.reject(failure)
    this.#gate = undefined
  }
}

describe('the heartbeat', () => {
  const told: Notice[] = []
  const listeners: (() => void)[] = []
  let heartbeat: Heartbeat | undefined
  afterEach(async () => {
    await heartbeat?.stop()
    told.length = 0
  })

  async function start(...parts: HeartbeatPart[]): Promise<Heartbeat> {
    const notify = {
      tell: (notice: Notice) => {
        told.push(notice)
        for (const wake of listeners.splice(0)) wake()
      },
    }
    heartbeat = new Heartbeat({ watchdogMs }, { parts, notify, logger: createLogger('silent') })
    await heartbeat.start()
    return heartbeat
  }
  const beats = (): number => told.filter(({ watchdog }) => watchdog).length
  async function until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await new Promise<void>((resolve) => void listeners.push(resolve))
  }

  it('feeds the watchdog again and again while every part answers', async () => {
    const part = new HeldPart('one')
    await start(part, new HeldPart('two'))
    await until(() => beats() >= 3)
    expect(part.asked).toBeGreaterThanOrEqual(3)
    expect(heartbeat?.conditions()).toEqual([])
  })

  it('takes a refusal as an answer', async () => {
    const full: HeartbeatPart = {
      name: 'full',
      ask: async () => Promise.reject(new TramError('DISK_FULL', { neededBytes: 1, freeBytes: 0 })),
    }
    await start(full)
    await until(() => beats() >= 3)
    expect(heartbeat?.conditions()).toEqual([])
  })

  it.each([
    { how: 'answers', failure: undefined },
    { how: 'fails', failure: new Error('gone') },
  ])('starves while one part is silent, names it, asks it only once, and goes on when it $how', async ({ failure }) => {
    const [good, bad] = [new HeldPart('good'), new HeldPart('bad')]
    await start(good, bad)
    await until(() => beats() >= 1)
    bad.hold()
    await until(() => told.some(({ status }) => status?.includes('bad')))
    const [before, asked] = [beats(), bad.asked]
    expect(heartbeat?.conditions()).toMatchObject([{ code: 'HEARTBEAT_LATE', data: { part: 'bad' } }])
    await new Promise((resolve) => setTimeout(resolve, watchdogMs))
    expect(beats()).toBe(before)
    expect(bad.asked).toBe(asked)
    bad.free(failure)
    await until(() => beats() > before && heartbeat?.conditions().length === 0)
    expect(told.at(-1)).toEqual({ status: 'sẵn sàng / ready' })
  })

  it('starves while a part cannot even be asked, names it, asks it again, and goes on when it can', async () => {
    let asked = 0
    let isBroken = true
    await start({
      name: 'broken',
      ask: async () => {
        asked += 1
        if (isBroken) throw new TypeError('no such function')
      },
    })
    await until(() => told.some(({ status }) => status?.includes('broken')))
    await new Promise((resolve) => setTimeout(resolve, watchdogMs))
    expect(beats()).toBe(0)
    expect(asked).toBeGreaterThan(2)
    expect(asked).toBeLessThan(20)
    expect(heartbeat?.conditions()).toMatchObject([{ data: { part: 'broken' } }])
    isBroken = false
    await until(() => beats() > 0 && heartbeat?.conditions().length === 0)
  })

  it('names the event loop when it stood still, not the parts whose answers lay unread, and says so for a round', async () => {
    const part = new HeldPart('disk')
    await start(part)
    await until(() => beats() >= 1)
    for (const end = performance.now() + watchdogMs; performance.now() < end; );
    await until(() => told.some(({ status }) => status?.includes('event loop')))
    const before = beats()
    expect(heartbeat?.conditions()[0]?.data.part).toContain('event loop')
    await until(() => beats() > before)
    await until(() => heartbeat?.conditions().length === 0)
    expect(told.some(({ status }) => status?.includes('disk'))).toBe(false)
  })

  it('stops while a part hangs', async () => {
    const part = new HeldPart('bad')
    part.hold()
    await start(part)
    await until(() => heartbeat?.conditions().length === 1)
    await heartbeat?.stop()
    const before = told.length
    part.free()
    await new Promise((resolve) => setTimeout(resolve, watchdogMs))
    expect(told.length).toBe(before)
  })
})

describe('the parts', () => {
  const overloaded = new TramError('OVERLOADED', { detail: 'the disk' })

  const quietMs = 1000
  /** A store that refuses with each of `refusals` in turn, and was last synced `idleMs` ago. */
  function store(refusals: (TramError | undefined)[], idleMs = Number.POSITIVE_INFINITY) {
    const commits: RecordOperation[][] = []
    const records: StorePartDeps['records'] = {
      syncedWithin: (ms) => idleMs <= ms,
      async commit(operations) {
        commits.push([...operations])
        const refusal = refusals.shift()
        if (refusal !== undefined) throw refusal
      },
    }
    return { records, commits }
  }
  const writeAside = async (): Promise<never> => Promise.reject(new Error('not asked for'))

  it('the store: a synced record of its own after a long quiet', async () => {
    const { records, commits } = store([], quietMs + 1)
    await storePart({ records, writeAside }, quietMs).ask(never)
    expect(commits.map((operations) => operations.map(({ key }) => key))).toEqual([['meta:heartbeat']])
  })

  it('the store: nothing while it writes anyway', async () => {
    const { records, commits } = store([], quietMs)
    await storePart({ records, writeAside }, quietMs).ask(never)
    expect(commits).toEqual([])
  })

  it('the store: what is refused because too much waits is asked again', async () => {
    const { records, commits } = store([overloaded, overloaded])
    await storePart({ records, writeAside }, quietMs).ask(never)
    expect(commits).toHaveLength(3)
  })

  it('the store: waits for a write beside it when it refuses', async () => {
    const { records } = store([new TramError('STORE_FAILED', { detail: 'the disk is gone' })])
    const written = Promise.withResolvers<void>()
    let isOver = false
    const asking = storePart({ records, writeAside: () => written.promise }, quietMs)
      .ask(never)
      .finally(() => {
        isOver = true
      })
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(isOver).toBe(false)
    written.resolve()
    await expect(asking).rejects.toMatchObject({ code: 'STORE_FAILED' })
  })

  it('the signer: whatever it is asked by', async () => {
    const part = signerPart(async () => Promise.reject(new TramError('SIGNER_UNREACHABLE', { detail: 'none' })))
    await expect(part.ask(never)).rejects.toMatchObject({ code: 'SIGNER_UNREACHABLE' })
  })
})
