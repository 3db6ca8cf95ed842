// The fleet as a model: who is worst, since when, what silence means, which alarms hold, and what a hostile broker can do to it.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readNews, screenText } from '../../../../src/surface/fleet/fleet-news.ts'
import { overalls, verdictOf } from '../../../../src/surface/fleet/fleet-row.ts'
import { TestFleet } from './fleet-reports.ts'

describe('the order', () => {
  it('is worst first, then the worse condition, then who has been so longest', () => {
    const fleet = new TestFleet()
    fleet.state('ok')
    fleet.state('warned', { status: 1, conditions_warning: 1 })
    fleet.clock.advance(1000)
    fleet.state('erring', { status: 1, conditions_error: 1 })
    fleet.state('broken', { status: 2, conditions_critical: 2 })
    fleet.clock.advance(1000)
    fleet.state('warned-later', { status: 1, conditions_warning: 1 })
    fleet.say('hn/gone/availability', 'offline')
    fleet.say('hn/mute/availability', 'online')
    expect(fleet.order()).toEqual([
      ...['broken failed', 'gone offline', 'mute stale', 'erring degraded', 'warned degraded'],
      ...['warned-later degraded', 'ok ok'],
    ])
    expect(verdictOf(fleet.model.rows())).toBe('failed')
    expect(verdictOf([])).toBe('degraded')
  })

  it('keeps two stations of one name at two sites apart', () => {
    const fleet = new TestFleet()
    fleet.state('a')
    fleet.say('hue/a/availability', 'offline')
    expect(fleet.model.rows().map(({ site, overall }) => [site, overall])).toEqual([
      ['hue', 'offline'],
      ['hn', 'ok'],
    ])
  })
})

describe('silence', () => {
  it('is stale when the state has ended, and ends with the next', () => {
    const fleet = new TestFleet()
    fleet.state('a', {}, { expirySeconds: 30 })
    fleet.clock.advance(29_999)
    expect(fleet.row('a')?.overall).toBe('ok')
    fleet.clock.advance(1)
    expect(fleet.row('a')).toMatchObject({ overall: 'stale', since: fleet.clock.now() })
    fleet.clock.advance(5000)
    fleet.state('a')
    expect(fleet.row('a')).toMatchObject({ overall: 'ok', since: fleet.clock.now(), lastSeen: fleet.clock.now() })
  })

  it('is measured by what is left of the life of a kept state, and never by hours of a lie', () => {
    const fleet = new TestFleet()
    fleet.state('kept', {}, { isRetained: true, expirySeconds: 10 })
    fleet.state('no-end', {}, { expirySeconds: undefined })
    fleet.state('liar', {}, { expirySeconds: 4_294_967_295 })
    fleet.clock.advance(10_000)
    expect(fleet.order()).toEqual(['kept stale', 'liar ok', 'no-end ok'])
    fleet.clock.advance(170_000)
    expect(fleet.row('no-end')?.overall).toBe('stale')
    fleet.clock.advance(3 * 3_600_000)
    expect(fleet.row('liar')?.overall).toBe('stale')
  })

  it('does not follow a wall clock that is set', () => {
    const fleet = new TestFleet()
    fleet.state('a')
    fleet.clock.jump(fleet.clock.now() + 86_400_000)
    expect(fleet.row('a')?.overall).toBe('ok')
  })

  it('of an offline station is offline, whatever its state says', () => {
    const fleet = new TestFleet()
    fleet.state('a')
    fleet.say('hn/a/availability', 'offline')
    fleet.say('hn/a/state', { status: 0 }, { isRetained: true, expirySeconds: 60 })
    expect(fleet.row('a')?.overall).toBe('offline')
  })

  it('of the broker about a station, when there is a connection again, ends its state', () => {
    const fleet = new TestFleet()
    fleet.state('back')
    fleet.state('away')
    fleet.model.connected()
    fleet.state('back', {}, { isRetained: true, expirySeconds: 100 })
    expect(fleet.row('away')?.overall).toBe('ok')
    fleet.model.settled()
    expect(fleet.order()).toEqual(['away stale', 'back ok'])
  })
})

describe('since when', () => {
  it('is unknown for what was so when the watch began, and known for what changed while there was no connection', () => {
    const fleet = new TestFleet()
    fleet.model.connected()
    fleet.state('a', { status: 1 }, { isRetained: true, expirySeconds: 100 })
    fleet.model.settled()
    expect(fleet.row('a')).toMatchObject({ overall: 'degraded', since: null, lastSeen: fleet.clock.now() })
    fleet.clock.advance(5000)
    fleet.model.connected()
    fleet.say('hn/a/availability', 'offline', { isRetained: true })
    fleet.model.settled()
    expect(fleet.row('a')).toMatchObject({ overall: 'offline', since: fleet.clock.now(), lastSeen: expect.any(Number) })
  })
})

describe('conditions', () => {
  it('are raised and cleared by events, each case of a code by itself', () => {
    const fleet = new TestFleet()
    fleet.state('a')
    fleet.event('a', 'raised', 'warning', 'PEER_AWAY', { peer: 'one' })
    fleet.event('a', 'raised', 'warning', 'PEER_AWAY', { peer: 'two' })
    fleet.event('a', 'raised', 'critical', 'TOKEN_ABSENT')
    fleet.event('a', 'raised', 'info', 'STATION_STARTED')
    fleet.event('a', 'happened', 'error', 'DELIVERY_EXPIRED')
    expect(fleet.row('a')).toMatchObject({
      overall: 'failed',
      conditions: 3,
      worst: { code: 'TOKEN_ABSENT', severity: 'critical', text: 'TOKEN_ABSENT en' },
    })
    fleet.event('a', 'cleared', 'critical', 'TOKEN_ABSENT')
    fleet.event('a', 'cleared', 'warning', 'PEER_AWAY', { peer: 'one' })
    expect(fleet.row('a')).toMatchObject({ overall: 'degraded', conditions: 1, worst: { code: 'PEER_AWAY' } })
    fleet.event('a', 'cleared', 'warning', 'PEER_AWAY', { peer: 'two' })
    expect(fleet.row('a')).toMatchObject({ overall: 'ok', conditions: 0, worst: null })
  })

  it('that were raised before anybody watched are known by their number', () => {
    const fleet = new TestFleet()
    fleet.state('a', { status: 2, conditions_critical: 1, conditions_warning: 2 })
    fleet.event('a', 'raised', 'warning', 'DISK_FILLING')
    expect(fleet.row('a')).toMatchObject({ conditions: 3, worst: { code: null, severity: 'critical', text: '' } })
    fleet.state('a', { status: 1, conditions_warning: 3 })
    expect(fleet.row('a')).toMatchObject({ conditions: 3, worst: { code: 'DISK_FILLING' } })
  })

  it('whose end was missed end with the second state that knows nothing of them', () => {
    const fleet = new TestFleet()
    fleet.state('a')
    fleet.event('a', 'raised', 'error', 'STORE_SLOW')
    fleet.state('a')
    expect(fleet.row('a')).toMatchObject({ overall: 'ok', worst: { code: 'STORE_SLOW' } })
    fleet.state('a')
    expect(fleet.row('a')?.worst).toBeNull()
    fleet.event('a', 'raised', 'error', 'STORE_SLOW')
    for (let count = 0; count < 5; count++) fleet.state('a', { status: 1, conditions_error: 1 })
    expect(fleet.row('a')?.worst?.code).toBe('STORE_SLOW')
  })

  it('are bounded, and the worst are kept', () => {
    const fleet = new TestFleet()
    fleet.state('a')
    fleet.event('a', 'raised', 'critical', 'THE_WORST')
    for (let peer = 0; peer < 1000; peer++) fleet.event('a', 'raised', 'warning', 'PEER_AWAY', { peer })
    expect(fleet.row('a')).toMatchObject({ conditions: 12, worst: { code: 'THE_WORST' } })
  })
})

describe('changes', () => {
  it('are told once, with who is gone', () => {
    const fleet = new TestFleet()
    fleet.state('a')
    fleet.state('b')
    expect(fleet.model.changes().rows.map(({ station }) => station)).toEqual(['a', 'b'])
    expect(fleet.model.changes()).toEqual({ rows: [], gone: [] })
    fleet.say('hn/a/availability', '')
    fleet.say('hn/never/availability', '')
    fleet.clock.advance(180_000)
    const { rows, gone } = fleet.model.changes()
    expect([rows.map(({ station, overall }) => `${station} ${overall}`), gone]).toEqual([['b stale'], ['hn/a']])
  })
})

describe('a hostile broker', () => {
  it('cannot fill the memory: who was silent longest is left out', () => {
    const fleet = new TestFleet(3)
    for (const name of ['a', 'b', 'c']) fleet.state(name)
    fleet.state('a')
    for (const name of ['d', 'e']) fleet.state(name)
    expect(fleet.order()).toEqual(['a ok', 'd ok', 'e ok'])
    expect(fleet.model.evicted).toBe(2)
    for (let number = 0; number < 5000; number++) {
      fleet.say(`hn/x-${number}/availability`, 'online')
      fleet.say(`hn/x-${number}/availability`, '')
    }
    const { rows, gone } = fleet.model.changes()
    expect(rows.length + gone.length).toBeLessThanOrEqual(6)
  })

  it.each([
    'tram/v1/hn/a',
    'tram/v1/hn/a/state/x',
    'tram/v2/hn/a/state',
    'tram/v1/hn/../state',
    'tram/v1/HN/a/state',
    'tram/v1/hn/a\u001b[2J/state',
    'tram/v1//a/state',
    `tram/v1/${'h'.repeat(33)}/a/state`,
    `tram/v1/hn/a/state${' '.repeat(60_000)}`,
    'tram/v1/hn/a/state\n',
    'homeassistant/x',
  ])('is not heard at %j', (topic) => {
    expect(readNews(topic, Buffer.from('{"status":0}'))).toBeUndefined()
  })

  it.each(['', '[]', 'null', '1', '{', '"x"', `{"x":"${'x'.repeat(8192)}"}`, '{"a":'.repeat(1000)])(
    'is not heard with the state %j',
    (payload) => {
      expect(readNews('tram/v1/hn/a/state', Buffer.from(payload))).toBeUndefined()
    },
  )

  it('cannot make a state of details, which have numbers that are said less often', () => {
    const fleet = new TestFleet()
    fleet.say('hn/a/details', { status: 0, certificate_days: 12, conditions_critical: 9 })
    expect(fleet.row('a')).toMatchObject({ overall: 'stale', certificateDays: 12, worst: null })
    fleet.state('a', { queue_depth: 3 })
    expect(fleet.row('a')).toMatchObject({ overall: 'ok', certificateDays: 12, queueDepth: 3 })
  })

  it('cannot say numbers that are none', () => {
    const fleet = new TestFleet()
    const odd = { queue_depth: '7', peers_connected: null, certificate_days: 1e300, disk_full_days: [3], status: true }
    fleet.state('a', { ...odd, ts: -1, __proto__: { peers_known: 3 } })
    fleet.say('hn/a/state', '{"queue_depth":1e999,"ts":1e20,"__proto__":{"peers_known":3},"status":0}')
    expect(fleet.row('a')).toMatchObject({
      ...{ queueDepth: null, peersConnected: null, certificateDays: null, diskFullDays: null, peersKnown: null },
      overall: 'ok',
    })
    // Without a status nobody knows that all is well.
    fleet.say('hn/a/state', '{}')
    expect(fleet.row('a')?.overall).toBe('degraded')
  })

  it('cannot make a text that moves the cursor, turns the line around, or is wider than it looks', () => {
    const evil = 'a\u001b[2J\u009b1m\r\n\u202eb\u200b\u0301\u5b57\u{1f600}\ufffd\u00ad\u2028ế đ'
    expect(screenText(evil)).toMatch(/^a\?\[2J\?1m\?+b\?+ế đ$/)
    expect(screenText('Sở Nội vụ tỉnh Thừa Thiên Huế'.normalize('NFD'))).toBe('Sở Nội vụ tỉnh Thừa Thiên Huế')
    expect(screenText({ toString: () => 'x' })).toBe('')
    expect(screenText('x'.repeat(10_000))).toHaveLength(160)
  })

  it('never makes it throw, and every row is a number, a text or nothing', () => {
    const subject = fc.constantFrom('availability', 'info', 'state', 'event', 'x')
    const fields = fc.dictionary(
      fc.constantFrom('ts', 'status', 'code', 'severity', 'change', 'data', 'name', 'version', 'queue_depth', 'x'),
      fc.oneof(fc.jsonValue(), fc.constantFrom('raised', 'cleared', 'critical', 'warning', 'A_CODE', 0, 1, 2)),
    )
    const payload = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fields.map((value) => Buffer.from(JSON.stringify(value))),
      fc.constantFrom('online', 'offline', '').map((text) => Buffer.from(text)),
    )
    const message = fc.record({
      topic: fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), subject).map(([id, what]) => `tram/v1/hn/${id}/${what}`),
      payload,
      isRetained: fc.boolean(),
      expirySeconds: fc.option(fc.nat(), { nil: undefined }),
    })
    fc.assert(
      fc.property(
        fc.array(fc.oneof(message, fc.constantFrom('connected', 'settled', 'wait')), { maxLength: 60 }),
        (steps) => {
          const fleet = new TestFleet(3)
          for (const step of steps) {
            if (step === 'wait') fleet.clock.advance(100_000)
            else if (step === 'connected') fleet.model.connected()
            else if (step === 'settled') fleet.model.settled()
            else if (typeof step !== 'string') fleet.model.take(step)
          }
          const rows = fleet.model.rows()
          expect(rows.length).toBeLessThanOrEqual(3)
          for (const row of rows) {
            expect(overalls).toContain(row.overall)
            const printed = JSON.stringify(row)
            // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
            expect(printed).not.toMatch(/[\u0000-\u001f\u007f-\u009f]|\\u00|NaN|Infinity/)
          }
          const ranks = rows.map(({ overall }) => overalls.indexOf(overall))
          expect(ranks).toEqual(ranks.toSorted((a, b) => a - b))
        },
      ),
    )
  })
})
