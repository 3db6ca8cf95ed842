// The broker of all stations over MQTT 5 (mqtt.js), read with an operator's rights. Only src/fleet.ts and tests make one;
// mqtt-fleet-connection.ts is a single connection.
import type { FleetBroker, FleetListener } from './fleet-broker.ts'
import { readPem } from './mqtt-access.ts'
import { type BackOff, keepTrying } from './mqtt-attempts.ts'
import { type FleetConnectionOptions, readFleet } from './mqtt-fleet-connection.ts'

export interface MqttFleetBrokerOptions extends Pick<FleetConnectionOptions, 'address' | 'site' | 'login'> {
  /** Paths of PEM files. */
  files: { ca?: string | undefined; cert?: string | undefined; key?: string | undefined }
  backOffMs?: BackOff
  answerTimeoutMs?: number
}

/** Somebody is looking at the screen. */
const defaultBackOffMs: BackOff = { first: 1_000, longest: 15_000 }
const defaultAnswerTimeoutMs = 15_000

export class MqttFleetBroker implements FleetBroker {
  readonly name = 'fleet broker'
  readonly #options: MqttFleetBrokerOptions
  readonly #stopping = new AbortController()
  #listener: FleetListener | undefined
  #running: Promise<void> = Promise.resolve()

  constructor(options: MqttFleetBrokerOptions) {
    this.#options = options
  }

  listen(listener: FleetListener): void {
    this.#listener = listener
  }

  async start(): Promise<void> {
    const listener = this.#listener
    if (listener === undefined) throw new Error('nobody listens')
    const { backOffMs = defaultBackOffMs } = this.#options
    const once = (signal: AbortSignal): Promise<string> => this.#once(listener, signal)
    this.#running = keepTrying(once, (detail) => listener.lost(detail), backOffMs, this.#stopping.signal)
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#running
  }

  async #once(listener: FleetListener, signal: AbortSignal): Promise<string> {
    const { address, site, login, files, answerTimeoutMs = defaultAnswerTimeoutMs } = this.#options
    try {
      const read = async (file: string | undefined) => (file === undefined ? undefined : await readPem(file))
      // Anew each time: certificates are renewed while somebody looks.
      const tls = { ca: await read(files.ca), cert: await read(files.cert), key: await read(files.key) }
      return await readFleet({ address, site, login, tls, answerTimeoutMs }, listener, signal)
    } catch (error) {
      return error instanceof Error ? error.message : String(error)
    }
  }
}
