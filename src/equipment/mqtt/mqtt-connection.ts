// One MQTT 5 connection over mqtt.js, from its first byte to its last. Part of mqtt-health-broker.ts, which makes the next one:
// mqtt.js would reconnect by itself, but it keeps what was not acknowledged in memory and sends it again, reads the
// certificates once, and does not jitter.
import type { Socket } from 'node:net'
import type { IClientOptions, MqttClient } from 'mqtt'
import { maxInFlight, type Presence, type PublishOptions } from './health-broker.ts'
import type { BrokerAccess } from './mqtt-access.ts'
import { boundPackets, openSocket } from './mqtt-socket.ts'

export interface ConnectionOptions extends BrokerAccess {
  clientId: string
  presence: Presence
  keepAliveSeconds: number
  /** For TCP, TLS and the broker's answer together. */
  connectTimeoutMs: number
}

/** The broker has said no to a message, as opposed to the connection's end. */
export class RefusedPublish extends Error {}

/** The broker answers with a few bytes each time. What is longer is no answer. */
const maxAnswerBytes = 64 * 1024
/** The session must outlive the delay of the will: when a session ends, its will is published at once (MQTT 5 §3.1.3.2.2). */
const sessionBeyondWillSeconds = 3600
const maxDetailLength = 200

export class MqttConnection {
  /** Resolves with the reason when the connection is over. */
  readonly ended: Promise<string>
  readonly #client: MqttClient
  readonly #socket: Socket
  readonly #end = Promise.withResolvers<string>()
  readonly #waiting = new Set<(error: Error) => void>()
  #detail: string | undefined

  private constructor(client: MqttClient, socket: Socket) {
    this.#client = client
    this.#socket = socket
    this.ended = this.#end.promise
    client.on('error', (error) => this.#note(error.message))
    client.on('disconnect', ({ reasonCode }) => this.#note(`the broker ended it, reason ${reasonCode ?? 0}`))
    client.on('close', () => this.#over())
    boundPackets(client, socket, maxAnswerBytes, () => this.drop('the broker sends what is no answer'))
    // Some of these mqtt.js keeps to itself.
    socket.on('error', (error) => this.#note(error.message))
  }

  /**
   * Connects and waits for the broker's word.
   * @throws Error with the reason, when there is no connection in the end
   */
  static async open(options: ConnectionOptions, signal: AbortSignal): Promise<MqttConnection> {
    // Two megabytes that a station without a broker does without.
    const { mqttClientOn } = await import('./mqtt-client.ts')
    signal.throwIfAborted()
    const socket = openSocket(options)
    const client = mqttClientOn(socket, clientOptions(options))
    const connection = new MqttConnection(client, socket)
    const onAbort = (): void => connection.drop('stopped')
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      const connected = new Promise<undefined>((resolve) => client.once('connect', () => resolve(undefined)))
      const reason = await Promise.race([connected, connection.ended])
      if (reason !== undefined) throw new Error(reason)
      return connection
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }

  /** How many messages the broker lets wait for its answer at a time. */
  get maxInFlight(): number {
    return Math.min(maxInFlight, this.#client.serverProperties?.receiveMaximum ?? maxInFlight)
  }

  get inFlight(): number {
    return this.#waiting.size
  }

  /**
   * Resolves on PUBACK.
   * @throws RefusedPublish; Error when the connection ended first
   */
  async publish(topic: string, payload: Uint8Array, { retain, expirySeconds }: PublishOptions): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#waiting.add(reject)
    const properties = expirySeconds === undefined ? {} : { messageExpiryInterval: expirySeconds }
    try {
      const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength)
      this.#client.publish(topic, bytes, { qos: 1, retain, properties }, (error?: Error) => {
        if (!error) resolve()
        else reject('code' in error ? new RefusedPublish(short(error.message)) : error)
      })
      await promise
    } finally {
      this.#waiting.delete(reject)
    }
  }

  /** Ends in order, so that the broker publishes no will. Resolves when it is over. */
  async close(): Promise<void> {
    this.#client.end(false, { properties: { sessionExpiryInterval: 0 } })
    await this.ended
  }

  /** Ends at once: for the broker as if the line were cut. */
  drop(detail: string): void {
    this.#note(detail)
    this.#socket.destroy()
  }

  #note(detail: string): void {
    this.#detail ??= short(detail)
  }

  #over(): void {
    const detail = this.#detail ?? 'the connection was closed'
    this.#end.resolve(detail)
    for (const reject of this.#waiting) reject(new Error(detail))
  }
}

function clientOptions({ clientId, presence, keepAliveSeconds, connectTimeoutMs }: ConnectionOptions): IClientOptions {
  const willDelayInterval = Math.ceil(presence.offlineAfterMs / 1000)
  return {
    protocolVersion: 5,
    clientId,
    // A clean start would end the session that the last connection left, and with it the delay of its will.
    clean: false,
    properties: { sessionExpiryInterval: willDelayInterval + sessionBeyondWillSeconds, receiveMaximum: 1 },
    will: {
      topic: presence.topic,
      payload: Buffer.from(presence.offline),
      qos: 1,
      retain: true,
      properties: { willDelayInterval },
    },
    keepalive: keepAliveSeconds,
    connectTimeout: connectTimeoutMs,
    reconnectPeriod: 0,
    queueQoSZero: false,
    resubscribe: false,
    // A table of 65,536 buffers for numbers that are never used twice.
    writeCache: false,
    timerVariant: 'native',
    // Its own log formats every packet, also for nobody.
    log: () => undefined,
  }
}

const short = (text: string): string => text.slice(0, maxDetailLength)
