// What a day of one station's health costs on its line: the shipped broker kit over TLS, the real publisher with every metric of
// the table, and a proxy between them that counts. The clock of the publisher runs thirty times as fast.
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { systemClock } from '../../../src/base/clock.ts'
import { renderCondition } from '../../../src/base/conditions/catalogue.ts'
import type { HealthEvent } from '../../../src/exchange/health/event-outbox.ts'
import type { HealthReport } from '../../../src/exchange/health/station-health.ts'
import { Sequence } from '../../../src/exchange/sequence.ts'
import { brokerParts } from '../../../src/station-broker.ts'
import { detailsEvery, splitState } from '../../../src/surface/health/state-topics.ts'
import { MemoryRecordStore } from '../../contract/memory-record-store.ts'
import { fullState } from '../../fixtures/mqtt/full-state.ts'
import { openKitBroker } from '../../fixtures/mqtt/kit-broker.ts'
import { silent } from '../../fixtures/store/temporary-store.ts'
import type { Figure } from '../figure.ts'

const targetMegabytes = 2
/** `state_interval_s` 60 and `keepalive_s` 30 are 2 and 1 here: as many pings come between two states. */
const intervalSeconds = 2
const statesADay = 1440
/** More than a station that is well tells in a week. */
const eventsADay = 24
/** IPv4 and TCP with its timestamps, for a segment and for its acknowledgement. */
const headerBytes = 2 * 52

interface Counted {
  bytes: number
  segments: number
}

export const figure: Figure = {
  id: 'mqtt-bytes',
  title: 'A day of health over MQTT and TLS: every metric of the table, a state every 60 s, an event an hour',
  target: `< ${targetMegabytes} MB`,
  async run({ isQuick, say }) {
    const kit = await openKitBroker(['g22'])
    const counted: Counted = { bytes: 0, segments: 0 }
    const proxy = await countingProxy(kit.port, counted)
    const records = new MemoryRecordStore()
    const sequence = new Sequence(records)
    await sequence.start()
    let states = 0
    const mqtt = { ...kit.optionsOf('g22'), url: `mqtts://127.0.0.1:${proxy.port}` }
    const parts = brokerParts(
      {
        station: { id: 'g22', name: 'Văn phòng Chính phủ', generation: 1 },
        mqtt: { ...mqtt, state_interval_s: intervalSeconds, keepalive_s: intervalSeconds / 2 },
      },
      {
        ...{ records, sequence, clock: systemClock, logger: silent },
        report: async () => infoReport,
        state: async () => fullState(++states),
        peerId: () => '12D3KooWGRUfUoUkVGvQzUT9jVFM5zRxk2vKTXDxWfUnkCMXEcHy',
        inventoryCommand: ['false'],
      },
    )
    const { signal } = new AbortController()
    try {
      for (const service of parts.services) await service.start(signal)
      while (states < 1) await delay(20)
      await delay((intervalSeconds * 1000) / 2)
      const connected = { ...counted }
      const rounds = isQuick ? 1 : 3
      say(`${rounds * detailsEvery} states of ${intervalSeconds} s`)
      await delay(rounds * detailsEvery * intervalSeconds * 1000)
      const states60 = { bytes: counted.bytes - connected.bytes, segments: counted.segments - connected.segments }
      const count = rounds * detailsEvery
      const before = { ...counted }
      await parts.tell(Array.from({ length: eventsADay }, () => event))
      while ((parts.waiting() ?? 0) > 0) await delay(20)
      const events = counted.bytes - before.bytes
      const ofStates = (states60.bytes / count) * statesADay
      const day = (connected.bytes + ofStates + events) / 1e6
      const headers = ((states60.segments / count) * statesADay * headerBytes) / 1e6
      const whole = Buffer.byteLength(JSON.stringify({ ts: Date.now(), seq: 1, ...fullState(1) }))
      const overhead = states60.bytes / count - payloadBytes()
      return {
        values: [
          { name: 'bytes of a day, both ways, TLS records included', value: day, unit: 'MB' },
          { name: 'headers of IP and TCP on top, about', value: headers, unit: 'MB' },
          {
            name: 'one state with its share of details, acknowledgement and pings',
            value: states60.bytes / count,
            unit: 'B',
          },
          { name: 'one connection: TLS, session, info, first state and details', value: connected.bytes, unit: 'B' },
          { name: 'one event', value: events / eventsADay, unit: 'B' },
        ],
        baseline: { name: 'every metric in every state', value: ((whole + overhead) * statesADay) / 1e6, unit: 'MB' },
        ratio: day / (((whole + overhead) * statesADay) / 1e6),
        met: day < targetMegabytes,
        bounds: `Extrapolated from ${count} states at a clock that runs 30 times as fast. Names of metrics are four fifths of it.`,
      }
    } finally {
      for (const service of parts.services.toReversed()) await service.stop()
      await proxy.stop()
      await kit.remove()
    }
  },
}

/** JSON of one state with its share of the details. */
function payloadBytes(): number {
  const { state, details } = splitState(fullState(1))
  const bytes = (numbers: object): number => Buffer.byteLength(JSON.stringify({ ts: Date.now(), seq: 1, ...numbers }))
  return bytes(state) + bytes(details) / detailsEvery
}

const infoReport = {
  ...{ station: 'g22', version: '0.1.0', generation: 1 },
  token: { label: 'g22', serial: '0123456789abcdef', certificateSha256: 'ab'.repeat(32) },
  directory: { version: 12, expires: 1_795_338_000_000 },
} as unknown as HealthReport

const event: HealthEvent = {
  timeMs: 1_795_338_000_000,
  severity: 'warning',
  change: 'raised',
  code: 'PEER_UNREACHABLE',
  ...renderTexts(),
  data: { station: 'so-noi-vu-hung-yen', detail: 'queue = 12' },
}

function renderTexts(): { textVi: string; textEn: string } {
  const { vi, en } = renderCondition('PEER_UNREACHABLE', { station: 'so-noi-vu-hung-yen', detail: 'queue = 12' })
  return { textVi: vi, textEn: en }
}

/** Forwards connections to `port` of loopback and counts what passes, both ways. A chunk is taken for a segment. */
async function countingProxy(port: number, counted: Counted): Promise<{ port: number; stop(): Promise<void> }> {
  const server = createServer((incoming) => {
    const outgoing = connect({ host: '127.0.0.1', port })
    for (const [from, to] of [[incoming, outgoing] as const, [outgoing, incoming] as const]) {
      from.on('data', (chunk: Buffer) => {
        counted.bytes += chunk.length
        counted.segments += 1
        to.write(chunk)
      })
      from.on('error', () => to.destroy()).on('close', () => to.destroy())
    }
  })
  server.listen({ host: '127.0.0.1', port: 0 })
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    port: address.port,
    stop: async () => {
      server.close()
      await once(server, 'close')
    },
  }
}
