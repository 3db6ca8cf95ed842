// The fleet as a screen: what fits into it, pages and filters by the keys, and the printing of it through a broker in memory.
import { EventEmitter } from 'node:events'
import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import type { FleetBroker, FleetListener } from '../../../../src/equipment/mqtt/fleet-broker.ts'
import { FleetKeys } from '../../../../src/surface/fleet/fleet-keys.ts'
import { fleetTable, type ScreenView, screenLines } from '../../../../src/surface/fleet/fleet-screen.ts'
import { FleetWatch } from '../../../../src/surface/fleet/fleet-watch.ts'
import { TestFleet } from './fleet-reports.ts'

function fleetOf(count: number): TestFleet {
  const fleet = new TestFleet()
  for (let number = 0; number < count; number++) {
    const id = `s-${String(number).padStart(4, '0')}`
    fleet.say(`hn/${id}/info`, { name: `Sở số ${number}`, version: '0.1.0' })
    fleet.state(id, { queue_depth: number, peers_connected: 3, peers_known: 9, certificate_days: 29.7 })
  }
  return fleet
}

const viewOf = (fleet: TestFleet, more: Partial<ScreenView> = {}): ScreenView => ({
  ...{ rows: fleet.model.rows(), now: fleet.clock.now(), language: 'en', broker: 'mqtts://b', isConnected: true },
  ...{ trouble: '', evicted: 0, width: 160, height: 24, page: 0, filter: '', isFilterOpen: false },
  isTroubledOnly: false,
  ...more,
})

describe('the screen', () => {
  it('shows a row a station, worst first, and what there is to know', () => {
    const fleet = fleetOf(2)
    fleet.clock.advance(60_000)
    fleet.state('bad', {
      ...{ status: 2, conditions_critical: 1, queue_depth: 12, oldest_undelivered_thuong_seconds: 90_000 },
      ...{ oldest_undelivered_hoa_toc_seconds: 4000, disk_full_days: 3.9 },
    })
    fleet.event('bad', 'raised', 'critical', 'TOKEN_ABSENT')
    fleet.clock.advance(61_000)
    const [title, heads, first, second, ...others] = screenLines(viewOf(fleet))
    expect(title).toBe('mqtts://b: connected · 3 stations: 1 FAILED, 2 OK')
    expect(heads).toMatch(
      /^STATE +STATION +FOR +OLDEST +QUEUE +PEERS +CERT +DISK FULL +VERSION +SEEN +WORST CONDITION$/,
    )
    expect(first).toMatch(/^FAILED +hn\/bad +1 min +HT 1 h +12 +- +- +3 d +- +1 min +TOKEN_ABSENT TOKEN_ABSENT en$/)
    expect(second).toMatch(/^OK +hn\/s-0000 +2 min +- +0 +3\/9 +29 d +- +0\.1\.0 +2 min +Sở số 0$/)
    expect(others.at(-1)).toMatch(/^page 1\/1 · q quit/)
  })

  it('drops columns, cuts lines and takes no more lines than there are', () => {
    const fleet = fleetOf(50)
    for (const [width, height] of [
      [80, 24],
      [40, 10],
      [20, 3],
      [10, 1],
    ] as const) {
      const lines = screenLines(viewOf(fleet, { width, height }))
      expect(lines.length).toBeLessThanOrEqual(height)
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(width)
    }
    const narrow = screenLines(viewOf(fleet, { width: 80 }))
    expect(narrow[1]).toMatch(/^STATE +STATION +FOR +.*WORST CONDITION$/)
    expect(narrow[1]).not.toContain('DISK')
  })

  it('says why there is no connection, how many are left out, and that there is none', () => {
    const lines = screenLines(viewOf(new TestFleet(), { isConnected: false, trouble: 'refused', evicted: 7 }))
    expect(lines[0]).toBe('mqtts://b: connecting… (refused) · 0 stations · left out 7')
    expect(lines[2]).toBe('No station has been seen.')
  })

  it('holds no number that pushes all else away', () => {
    const fleet = new TestFleet()
    fleet.state('a', { queue_depth: 1e15, certificate_days: -1e15, conditions_warning: 1e15 })
    expect(fleetTable(fleet.model.rows(), fleet.clock.now(), 'vi').split('\n')[1]?.length).toBeLessThan(120)
  })
})

describe('the keys', () => {
  it('turn pages, no further than there are', () => {
    const fleet = fleetOf(50)
    const keys = new FleetKeys()
    for (const typed of ['n', ' ', '\u001b[6~', '\u001b[B']) keys.typed(typed)
    const rows = fleet.model.rows()
    keys.limit(rows, 24)
    expect(keys.view.page).toBe(2)
    const lines = screenLines(viewOf(fleet, keys.view))
    expect(lines[2]).toContain('s-0042')
    expect(lines.at(-1)).toMatch(/^page 3\/3/)
    for (const typed of ['p', 'b', '\u001b[5~', '\u001b[A']) keys.typed(typed)
    expect(keys.view.page).toBe(0)
  })

  it('that are held come several at once, and those without a meaning change nothing', () => {
    const keys = new FleetKeys()
    // In a filter they are no letters.
    keys.typed('/s-0\u001b[B0\r')
    keys.typed('\u001b[B\u001b[B\u001b[B')
    for (const typed of ['\u001b[D', '\u001b[3~', '\u001bOP', '\u001b[1;5C']) keys.typed(typed)
    expect(keys.view).toMatchObject({ page: 3, filter: 's-00' })
    keys.typed('\u001b[A\u001b[A')
    expect(keys.view).toMatchObject({ page: 1, filter: 's-00' })
  })

  it('filter by text and by trouble, and quit', () => {
    const fleet = fleetOf(30)
    fleet.say('hn/s-0007/availability', 'offline')
    const keys = new FleetKeys()
    keys.typed('/')
    // Also a letter that quits or turns elsewhere.
    expect(keys.typed('sở số 1q\u007f9')).toBe('on')
    expect(screenLines(viewOf(fleet, keys.view)).at(-1)).toBe('/sở số 19_')
    keys.typed('\r')
    expect(screenLines(viewOf(fleet, keys.view)).filter((line) => line.includes('hn/'))).toHaveLength(1)
    keys.typed('\u001b')
    keys.typed('t')
    expect(screenLines(viewOf(fleet, keys.view))[2]).toContain('s-0007')
    expect(screenLines(viewOf(fleet, keys.view)).at(-1)).toMatch(/^page 1\/1 · in trouble only · /)
    keys.typed('/')
    keys.typed(`\u009b${'x'.repeat(500)}`)
    expect(keys.view.filter).toMatch(/^\??x{63,64}$/)
    expect(keys.typed('\u0003')).toBe('quit')
    expect(new FleetKeys().typed('q')).toBe('quit')
  })
})

/** A broker that says what a test wants. */
class SpokenBroker extends EventEmitter implements FleetBroker {
  readonly name = 'spoken broker'
  listener: FleetListener | undefined
  isStopped = false

  listen(listener: FleetListener): void {
    this.listener = listener
  }

  async start(): Promise<void> {
    this.emit('started')
  }

  async stop(): Promise<void> {
    this.isStopped = true
  }

  state(station: string, status: number): void {
    const payload = Buffer.from(JSON.stringify({ ts: 0, seq: 1, status }))
    this.listener?.message({ topic: `tram/v1/hn/${station}/state`, payload, isRetained: true, expirySeconds: 180 })
  }
}

function watchOn(isJson: boolean, isOnce: boolean) {
  const fleet = new TestFleet()
  const broker = new SpokenBroker()
  const written: string[] = []
  const stdout = { write: (text: string) => written.push(text), writableNeedDrain: false }
  const watch = new FleetWatch(
    { language: 'en', brokerName: 'mqtt://b', isJson, isOnce },
    { broker, terminal: { stdout, stdin: new PassThrough() }, clock: fleet.clock },
  )
  return { broker, written, stdout, watch, clock: fleet.clock }
}

const never = new AbortController().signal

describe('printing', () => {
  it('once waits for everything that is kept, and has the verdict of the worst', async () => {
    const { broker, written, watch, clock } = watchOn(true, true)
    broker.once('started', () => {
      broker.listener?.connected()
      broker.state('a', 0)
      broker.state('b', 1)
      broker.listener?.settled()
    })
    expect(await watch.run(never)).toBe('degraded')
    expect(broker.isStopped).toBe(true)
    const answer = JSON.parse(written.join(''))
    expect(answer).toMatchObject({ format: 1, at: clock.now(), broker: 'mqtt://b', overall: 'degraded', evicted: 0 })
    expect(answer.stations.map((row: { station: string }) => row.station)).toEqual(['b', 'a'])
  })

  it('once, without a terminal, is a table', async () => {
    const { broker, written, watch } = watchOn(false, false)
    broker.once('started', () => {
      broker.listener?.connected()
      broker.state('a', 0)
      broker.listener?.settled()
    })
    expect(await watch.run(never)).toBe('ok')
    expect(written.join('').split('\n').slice(-2)).toEqual(['1 stations: 1 OK', ''])
  })

  it('once fails when the connection does, with a text that is clean', async () => {
    const { broker, watch } = watchOn(true, true)
    broker.once('started', () => broker.listener?.lost('no\u001b[2J way'))
    await expect(watch.run(never)).rejects.toMatchObject({
      code: 'FLEET_UNREADABLE',
      data: { broker: 'mqtt://b', detail: 'no?[2J way' },
    })
    expect(broker.isStopped).toBe(true)
  })

  it('lines of JSON tell what changes, and wait for who reads slowly', async () => {
    const { broker, written, stdout, watch } = watchOn(true, false)
    const stop = new AbortController()
    const run = watch.run(stop.signal)
    const lines = async (count: number) => {
      while (written.join('').split('\n').length <= count) await new Promise((resolve) => setTimeout(resolve, 10))
      return written
        .splice(0)
        .join('')
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line))
    }
    broker.listener?.connected()
    broker.state('a', 0)
    expect(await lines(2)).toMatchObject([
      { type: 'connection', isConnected: true, detail: '' },
      { type: 'station', station: 'a', overall: 'ok' },
    ])
    stdout.writableNeedDrain = true
    for (const status of [1, 2, 0, 2]) broker.state('a', status)
    broker.listener?.lost('gone')
    await new Promise((resolve) => setTimeout(resolve, 1200))
    expect(written).toEqual([])
    stdout.writableNeedDrain = false
    expect(await lines(2)).toMatchObject([
      { type: 'connection', isConnected: false, detail: 'gone' },
      { type: 'station', station: 'a', overall: 'failed' },
    ])
    stop.abort()
    expect(await run).toBeUndefined()
  })
})
