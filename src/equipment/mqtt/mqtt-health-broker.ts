// The broker over MQTT 5 (mqtt.js): connects, publishes the station's presence, and begins again with a growing, jittered pause
// whenever the connection ends. Only station.ts and tests make one; mqtt-connection.ts is a single connection.
import { TramError } from '../../base/errors.ts'
import { type Logger, logFields } from '../../base/logger.ts'
import {
  type BrokerTrouble,
  type HealthBroker,
  maxPayloadBytes,
  type Presence,
  type PublishOptions,
} from './health-broker.ts'
import { readBrokerAccess } from './mqtt-access.ts'
import { type BackOff, keepTrying } from './mqtt-attempts.ts'
import { MqttConnection, RefusedPublish } from './mqtt-connection.ts'
import type { BrokerOptions } from './mqtt-options.ts'

export interface MqttHealthBrokerOptions {
  /** As config.ts has checked it; its paths are absolute. */
  mqtt: BrokerOptions
  /** Our name at the broker: of two with the same name it lets in the later and throws out the former. */
  clientId: string
  presence: Presence
  backOffMs?: BackOff
  /** The longest wait for a connection, or for the answer to a message. */
  answerTimeoutMs?: number
}

const defaultAnswerTimeoutMs = 30_000
/** A goodbye that takes longer is left to the will. */
const goodbyeMs = 3_000

export class MqttHealthBroker implements HealthBroker {
  readonly name = 'health broker'
  readonly #options: MqttHealthBrokerOptions
  readonly #logger: Logger
  readonly #broker: string
  readonly #stopping = new AbortController()
  #running: Promise<void> = Promise.resolve()
  #listener: () => void = () => undefined
  #connection: MqttConnection | undefined
  #unreachable: TramError<'BROKER_UNREACHABLE'> | undefined
  #refusal: TramError<'BROKER_REFUSED'> | undefined

  constructor(options: MqttHealthBrokerOptions, deps: { logger: Logger }) {
    this.#options = options
    this.#logger = deps.logger
    this.#broker = options.mqtt.url
  }

  get isConnected(): boolean {
    return this.#connection !== undefined
  }

  get trouble(): BrokerTrouble | undefined {
    return this.#unreachable ?? this.#refusal
  }

  onConnected(listener: () => void): void {
    this.#listener = listener
  }

  async start(): Promise<void> {
    const { backOffMs } = this.#options
    const once = (signal: AbortSignal): Promise<string> => this.#once(signal)
    this.#running = keepTrying(once, (detail) => this.#failed(detail), backOffMs, this.#stopping.signal)
  }

  async publish(topic: string, payload: Uint8Array, options: PublishOptions): Promise<void> {
    const connection = this.#connection
    if (connection === undefined) throw this.#unreachable ?? this.#away('no connection yet')
    if (connection.inFlight >= connection.maxInFlight) throw this.#away('too many messages wait for its answer')
    await this.#publishOn(connection, topic, payload, options)
  }

  /** Says goodbye by hand when there is a connection: an orderly end cancels the will. */
  async stop(): Promise<void> {
    const connection = this.#connection
    this.#stopping.abort()
    this.#connection = undefined
    if (connection !== undefined) {
      const late = setTimeout(() => connection.drop('the goodbye took too long'), goodbyeMs)
      try {
        const { topic, offline } = this.#options.presence
        await this.#publishOn(connection, topic, Buffer.from(offline), { retain: true })
        await connection.close()
      } catch (error) {
        // The will says it then.
        this.#logger.debug({ detail: String(error) }, 'no goodbye to the broker')
        connection.drop('the goodbye failed')
      } finally {
        clearTimeout(late)
      }
    }
    await this.#running
  }

  /** One connection from beginning to end. Never throws: returns why it is over. */
  async #once(signal: AbortSignal): Promise<string> {
    let connection: MqttConnection | undefined
    // One that serves is ended by stop, with a goodbye.
    const onAbort = (): void => {
      if (connection !== this.#connection) connection?.drop('stopped')
    }
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      connection = await MqttConnection.open(await this.#connectionOptions(), signal)
      const { topic, online } = this.#options.presence
      await this.#publishOn(connection, topic, Buffer.from(online), { retain: true })
      signal.throwIfAborted()
      this.#connection = connection
      this.#unreachable = undefined
      // It may be another broker, or have other rules by now.
      this.#refusal = undefined
      this.#logger.info({ broker: this.#broker }, 'connected to the broker')
      this.#listener()
      return await connection.ended
    } catch (error) {
      connection?.drop('given up')
      return error instanceof Error ? error.message : String(error)
    } finally {
      signal.removeEventListener('abort', onAbort)
      if (this.#connection === connection) this.#connection = undefined
    }
  }

  async #connectionOptions() {
    const { mqtt, clientId, presence, answerTimeoutMs: connectTimeoutMs = defaultAnswerTimeoutMs } = this.#options
    const access = await readBrokerAccess(mqtt)
    return { ...access, clientId, presence, keepAliveSeconds: mqtt.keepalive_s, connectTimeoutMs }
  }

  async #publishOn(
    connection: MqttConnection,
    topic: string,
    payload: Uint8Array,
    options: PublishOptions,
  ): Promise<void> {
    if (payload.byteLength > maxPayloadBytes) throw new RangeError(`${topic}: ${payload.byteLength} bytes`)
    const late = setTimeout(
      () => connection.drop('the broker does not answer'),
      this.#options.answerTimeoutMs ?? defaultAnswerTimeoutMs,
    )
    try {
      await connection.publish(topic, payload, options)
      // Of another topic it says nothing: a broker may take every state and no event.
      if (this.#refusal?.data.topic === topic) this.#refusal = undefined
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error)
      if (!(error instanceof RefusedPublish)) throw this.#away(detail)
      const isNew = this.#refusal === undefined
      this.#refusal = new TramError('BROKER_REFUSED', { broker: this.#broker, topic, detail })
      if (isNew) this.#logger.warn(logFields(this.#refusal), 'the broker refuses a message')
      throw this.#refusal
    } finally {
      clearTimeout(late)
    }
  }

  /** Once in the log for each outage: attempts go on for days. */
  #failed(detail: string): void {
    const isNew = this.#unreachable === undefined
    this.#unreachable = this.#away(detail)
    if (isNew) this.#logger.warn(logFields(this.#unreachable), 'no connection to the broker')
  }

  #away = (detail: string): TramError<'BROKER_UNREACHABLE'> =>
    new TramError('BROKER_UNREACHABLE', { broker: this.#broker, detail })
}
