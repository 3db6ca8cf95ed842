// The health broker in memory: the fake of the port, kept honest by the same contract suite as MQTT over mosquitto. A hub stands
// for the broker; tests of the publisher take it away, let it refuse, and look at what it holds.
import { TramError } from '../../src/base/errors.ts'
import {
  type BrokerTrouble,
  type HealthBroker,
  maxInFlight,
  maxPayloadBytes,
  type Presence,
  type PublishOptions,
} from '../../src/equipment/mqtt/health-broker.ts'

export interface HubMessage {
  topic: string
  text: string
  retain: boolean
  expirySeconds: number | undefined
}

interface Kept {
  text: string
  endsMs: number
}

/** What a broker is to its clients. */
export class MemoryHub {
  /** Everything that was taken, oldest first. */
  readonly taken: HubMessage[] = []
  /** Topics that start with it are refused. */
  forbidden: string | undefined
  /** While set, answers do not come: messages stay in flight until it is resolved. */
  silence: Promise<void> | undefined
  readonly clients = new Set<MemoryHealthBroker>()
  readonly #kept = new Map<string, Kept>()
  #isUp = true

  get isUp(): boolean {
    return this.#isUp
  }

  /** What somebody who comes now is given for `topic`. */
  retained(topic: string): string | undefined {
    const kept = this.#kept.get(topic)
    return kept !== undefined && kept.endsMs > performance.now() ? kept.text : undefined
  }

  take(topic: string, payload: Uint8Array, { retain, expirySeconds }: PublishOptions): void {
    const text = Buffer.from(payload).toString('utf8')
    this.taken.push({ topic, text, retain, expirySeconds })
    const endsMs = performance.now() + (expirySeconds ?? Number.POSITIVE_INFINITY) * 1000
    if (retain) this.#kept.set(topic, { text, endsMs })
  }

  down(): void {
    this.#isUp = false
    for (const client of this.clients) client.lose()
  }

  up(): void {
    this.#isUp = true
    for (const client of this.clients) client.connect()
  }
}

export class MemoryHealthBroker implements HealthBroker {
  readonly name = 'health broker'
  readonly #hub: MemoryHub
  readonly #presence: Presence
  readonly #waiting = new Set<(error: TramError) => void>()
  #listener: () => void = () => undefined
  #isConnected = false
  #refusal: TramError<'BROKER_REFUSED'> | undefined
  #will: NodeJS.Timeout | undefined

  constructor(hub: MemoryHub, presence: Presence) {
    this.#hub = hub
    this.#presence = presence
  }

  get isConnected(): boolean {
    return this.#isConnected
  }

  get trouble(): BrokerTrouble | undefined {
    return this.#isConnected ? this.#refusal : away('down')
  }

  onConnected(listener: () => void): void {
    this.#listener = listener
  }

  async start(): Promise<void> {
    this.#hub.clients.add(this)
    this.connect()
  }

  async stop(): Promise<void> {
    this.#hub.clients.delete(this)
    if (!this.#isConnected) return
    this.#hub.take(this.#presence.topic, Buffer.from(this.#presence.offline), { retain: true })
    this.#isConnected = false
    this.#failWaiting()
  }

  async publish(topic: string, payload: Uint8Array, options: PublishOptions): Promise<void> {
    if (!this.#isConnected) throw away('down')
    if (this.#waiting.size >= maxInFlight) throw away('too many messages wait for its answer')
    if (payload.byteLength > maxPayloadBytes) throw new RangeError(`${topic}: ${payload.byteLength} bytes`)
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#waiting.add(reject)
    const answer = async (): Promise<void> => {
      await this.#hub.silence
      if (this.#isConnected) resolve(this.#answer(topic, payload, options))
    }
    answer().catch(reject)
    try {
      await promise
    } finally {
      this.#waiting.delete(reject)
    }
  }

  /** The hub is there. */
  connect(): void {
    if (!this.#hub.isUp || this.#isConnected) return
    clearTimeout(this.#will)
    this.#hub.take(this.#presence.topic, Buffer.from(this.#presence.online), { retain: true })
    this.#isConnected = true
    this.#refusal = undefined
    queueMicrotask(() => this.#listener())
  }

  /** The line is cut, or the hub gone. */
  lose(): void {
    if (!this.#isConnected) return
    this.#isConnected = false
    const { topic, offline, offlineAfterMs } = this.#presence
    const sayOffline = (): void => this.#hub.take(topic, Buffer.from(offline), { retain: true })
    this.#will = setTimeout(sayOffline, offlineAfterMs)
    this.#failWaiting()
  }

  #answer(topic: string, payload: Uint8Array, options: PublishOptions): void {
    if (this.#hub.forbidden !== undefined && topic.startsWith(this.#hub.forbidden)) {
      this.#refusal = new TramError('BROKER_REFUSED', { broker: 'memory', topic, detail: 'not authorised' })
      throw this.#refusal
    }
    this.#hub.take(topic, payload, options)
    if (this.#refusal?.data.topic === topic) this.#refusal = undefined
  }

  #failWaiting(): void {
    for (const reject of this.#waiting) reject(away('the connection was closed'))
  }
}

const away = (detail: string): TramError<'BROKER_UNREACHABLE'> =>
  new TramError('BROKER_UNREACHABLE', { broker: 'memory', detail })
