// What stations say, for the tests of the fleet: messages as a broker hands them over.
import { TestClock } from '../../../../src/base/clock.ts'
import type { FleetMessage } from '../../../../src/equipment/mqtt/fleet-broker.ts'
import { FleetModel } from '../../../../src/surface/fleet/fleet-model.ts'
import type { FleetRow } from '../../../../src/surface/fleet/fleet-row.ts'

export class TestFleet {
  readonly clock = new TestClock()
  readonly model: FleetModel

  constructor(maxStations?: number) {
    this.model = new FleetModel({ language: 'en', ...(maxStations === undefined ? {} : { maxStations }) }, this.clock)
    this.model.connected()
    this.model.settled()
  }

  say(topic: string, payload: unknown, more: Partial<FleetMessage> = {}): void {
    const text = typeof payload === 'string' ? payload : JSON.stringify(payload)
    const message = {
      topic: `tram/v1/${topic}`,
      payload: Buffer.from(text),
      isRetained: false,
      expirySeconds: undefined,
    }
    this.model.take({ ...message, ...more })
  }

  /** A station that is there, with this state. */
  state(station: string, values: Readonly<Record<string, unknown>> = {}, more: Partial<FleetMessage> = {}): void {
    this.say(`hn/${station}/availability`, 'online', more)
    this.say(
      `hn/${station}/state`,
      { ts: this.clock.now(), seq: 1, status: 0, ...values },
      { expirySeconds: 180, ...more },
    )
  }

  event(station: string, change: string, severity: string, code: string, data: object = {}): void {
    const texts = { text_vi: `${code} vi`, text_en: `${code} en` }
    this.say(`hn/${station}/event`, { ts: this.clock.now(), id: '1', code, severity, change, ...texts, data })
  }

  row(station: string): FleetRow | undefined {
    return this.model.rows().find((row) => row.station === station)
  }

  /** `station overall`, in order. */
  order(): string[] {
    return this.model.rows().map(({ station, overall }) => `${station} ${overall}`)
  }
}
