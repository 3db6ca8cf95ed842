// The operators' broker of a soak: a real mosquitto that comes and goes, somebody who reads along and misses nothing, and at the
// end what each station has raised by its audit log against what was told of it.
import { setTimeout as delay } from 'node:timers/promises'
import { connectAsync, type MqttClient } from 'mqtt'
import type { LabStation } from '../../scripts/lab-keys.ts'
import { freePort, Mosquitto } from '../fixtures/mqtt/mosquitto.ts'
import { apiCall } from '../fixtures/station/api-call.ts'
import { setOption } from '../fixtures/station/lab-changes.ts'
import type { Office } from '../fixtures/station/office.ts'
import { apiSocketOf } from './settle.ts'
import { type ConditionBooks, untold } from './soak-verdict.ts'

/** An event as a station publishes it (exchange/health/event-outbox.ts). */
interface ToldEvent {
  id: string
  code: string
  change: string
  data: Readonly<Record<string, unknown>>
}

const site = 'soak'
const hourS = 3600
/** A connection that was cut by a frozen broker is missed, and dialled again with its back-off. */
const patienceMs = 240_000

export class SoakBroker {
  readonly mosquitto: Mosquitto
  readonly #reader: MqttClient
  /** Payloads by station and id. */
  readonly #events = new Map<string, Map<string, string>>()
  readonly #repeated = new Map<string, number>()
  readonly #contradictions = new Map<string, string[]>()

  private constructor(mosquitto: Mosquitto, reader: MqttClient) {
    this.mosquitto = mosquitto
    this.#reader = reader
    reader.on('message', (topic, payload) => this.#note(topic.split('/')[3] ?? '', payload.toString('utf8')))
    // While the broker is away: the client tries again by itself.
    reader.on('error', () => undefined)
  }

  /** With a session that outlives the broker's absence: what it had acknowledged to a station is told to the reader later. */
  static async open(): Promise<SoakBroker> {
    const port = await freePort()
    const mosquitto = await Mosquitto.run(
      port,
      `listener ${port} 127.0.0.1\nallow_anonymous true\npersistence true\nmax_queued_messages 0\nlog_type error\n`,
    )
    const reader = await connectAsync(mosquitto.url, {
      protocolVersion: 5,
      clientId: 'reader',
      clean: false,
      reconnectPeriod: 500,
      properties: { sessionExpiryInterval: 24 * hourS },
    })
    const broker = new SoakBroker(mosquitto, reader)
    await reader.subscribeAsync(`tram/v1/${site}/+/event`, { qos: 1 })
    return broker
  }

  /** Before the station starts. */
  async expect(station: LabStation): Promise<void> {
    await setOption(station, 'mqtt', 'url', this.mosquitto.url)
    await setOption(station, 'mqtt', 'site', site)
    await setOption(station, 'mqtt', 'keepalive_s', 10)
    await setOption(station, 'mqtt', 'state_interval_s', 10)
  }

  /** Waits until what the station's audit log says was raised has been told, and counts. Broker and station must be there. */
  async settle(office: Office): Promise<ConditionBooks> {
    const raised = await raisedBy(office)
    const deadline = performance.now() + patienceMs
    let told = this.#toldBy(office.station.id)
    while (untold({ ...told, raised }) > told.dropped && performance.now() < deadline) {
      await delay(500)
      told = this.#toldBy(office.station.id)
    }
    // What was raised meanwhile may have been told already: by the first reading it would look as if nobody had raised it.
    return { ...told, station: office.station.id, raised, raisedLater: await raisedBy(office) }
  }

  async close(): Promise<void> {
    await this.#reader.endAsync(true)
    await this.mosquitto.remove()
  }

  #note(station: string, payload: string): void {
    const { id } = JSON.parse(payload) as ToldEvent
    const events = this.#events.get(station) ?? new Map<string, string>()
    this.#events.set(station, events)
    const before = events.get(id)
    if (before === undefined) events.set(id, payload)
    else if (before === payload) this.#repeated.set(station, (this.#repeated.get(station) ?? 0) + 1)
    else this.#contradictions.set(station, [...(this.#contradictions.get(station) ?? []), `${before} | ${payload}`])
  }

  #toldBy(station: string): Omit<ConditionBooks, 'station' | 'raised' | 'raisedLater'> {
    const events = [...(this.#events.get(station)?.values() ?? [])].map((text) => JSON.parse(text) as ToldEvent)
    return {
      told: countBy(events.filter(({ change }) => change === 'raised').map(({ code }) => code)),
      dropped: events
        .filter(({ code }) => code === 'EVENTS_DROPPED')
        .reduce((sum, { data }) => sum + Number(data.count), 0),
      repeated: this.#repeated.get(station) ?? 0,
      contradictions: this.#contradictions.get(station) ?? [],
    }
  }
}

/** How often each condition was raised, by code. */
async function raisedBy(office: Office): Promise<Map<string, number>> {
  const socket = await apiSocketOf(office)
  const codes: string[] = []
  for (let from: number | null = 0; from !== null; ) {
    const answer = await apiCall(socket, `/v1/audit?from=${from}&limit=1000`)
    const page = answer.json<{ entries: { act: string; subject: string }[]; next: number | null }>()
    codes.push(...page.entries.filter(({ act }) => act === 'condition-raised').map(({ subject }) => subject))
    from = page.next
  }
  return countBy(codes)
}

function countBy(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
  return counts
}
