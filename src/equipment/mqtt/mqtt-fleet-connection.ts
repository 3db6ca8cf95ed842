// One MQTT 5 connection that reads what all stations say, from its first byte to its last. Part of mqtt-fleet-broker.ts.
import { randomUUID } from 'node:crypto'
import type { Socket } from 'node:net'
import type { IClientOptions, MqttClient } from 'mqtt'
import { type FleetListener, maxFleetPayloadBytes } from './fleet-broker.ts'
import type { BrokerAddress } from './mqtt-options.ts'
import { boundPackets, openSocket, type TlsFiles } from './mqtt-socket.ts'

export interface FleetConnectionOptions {
  address: BrokerAddress
  /** Site of the stations; undefined for all. */
  site: string | undefined
  login: { user: string; password: string } | undefined
  tls: TlsFiles | undefined
  /** For TCP, TLS and the broker's answer together; and for each of its other answers. */
  answerTimeoutMs: number
}

/** Two payloads, and the topics before them. */
const maxUnfinishedBytes = 256 * 1024
const keepAliveSeconds = 30
/** After its last answer a broker may still send what it has kept, when it does so beside its answers. */
const quietMs = 300
/** A broker without end of what it has kept. */
const longestSettleMs = 60_000
const maxDetailLength = 200
/** Reason codes of MQTT 5 §3.9.3 from here on are refusals. */
const firstRefusal = 0x80

/**
 * In this order: whether a station is there, before anything that it says. One after the other: a broker drops what it has kept
 * beyond its limit of messages under way (mosquitto: `max_queued_messages`), and all at once are three times as many.
 */
const subjects = ['availability', 'info', 'state', 'details', 'event'] as const

/**
 * Connects, subscribes, and tells `listener` until the connection is over. Never throws.
 * @returns why it is over
 */
export async function readFleet(
  options: FleetConnectionOptions,
  listener: Omit<FleetListener, 'lost'>,
  signal: AbortSignal,
): Promise<string> {
  const { mqttClientOn } = await import('./mqtt-client.ts')
  if (signal.aborted) return 'stopped'
  const { address, tls, site, answerTimeoutMs } = options
  const socket = openSocket({ address, tls })
  const client = mqttClientOn(socket, clientOptions(options))
  const ended = Promise.withResolvers<string>()
  let detail: string | undefined
  const drop = (reason: string): void => {
    detail ??= reason.slice(0, maxDetailLength)
    socket.destroy()
  }
  const onAbort = (): void => drop('stopped')
  signal.addEventListener('abort', onAbort, { once: true })
  client.on('error', (error) => drop(error.message))
  client.on('disconnect', ({ reasonCode }) => drop(`the broker ended it, reason ${reasonCode ?? 0}`))
  client.on('close', () => ended.resolve(detail ?? 'the connection was closed'))
  // Some of these mqtt.js keeps to itself.
  socket.on('error', (error) => drop(error.message))
  boundPackets(client, socket, maxUnfinishedBytes, () => drop('the broker sends a message without end'))

  let lastKeptMs = 0
  client.on('message', (topic, payload, { retain, properties }) => {
    if (retain) lastKeptMs = performance.now()
    if (payload.byteLength > maxFleetPayloadBytes) return
    listener.message({ topic, payload, isRetained: retain, expirySeconds: properties?.messageExpiryInterval })
  })
  client.once('connect', () => {
    listener.connected()
    subscribe(client, site, answerTimeoutMs)
      .then(() => settle(() => lastKeptMs, socket, signal))
      .then((isSettled) => isSettled && listener.settled())
      .catch((error: unknown) => drop(error instanceof Error ? error.message : String(error)))
  })
  const reason = await ended.promise
  signal.removeEventListener('abort', onAbort)
  return reason
}

/** @throws Error when the broker refuses, or does not answer */
async function subscribe(client: MqttClient, site = '+', answerTimeoutMs: number): Promise<void> {
  for (const subject of subjects) {
    // What is said seldom must not be lost where the broker is short of room: it drops messages of QoS 0 first.
    const qos = subject === 'availability' || subject === 'event' ? 1 : 0
    const answered = client.subscribeAsync(`tram/v1/${site}/+/${subject}`, { qos })
    const [granted] = await inTime(answered, answerTimeoutMs)
    if (granted !== undefined && granted.qos >= firstRefusal)
      throw new Error(`the broker refuses to be read, reason ${granted.qos}`)
  }
  // Its answer stands in line behind what the broker had kept for the last subscription.
  await inTime(client.unsubscribeAsync(`tram/v1/${site}/+/nothing`), answerTimeoutMs)
}

async function inTime<Value>(answer: Promise<Value>, withinMs: number): Promise<Value> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error('the broker does not answer')), withinMs)
  try {
    return await Promise.race([answer, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Waits until nothing that was kept has come for a moment. Returns false when the connection ended before. */
async function settle(lastKeptMs: () => number, socket: Socket, signal: AbortSignal): Promise<boolean> {
  const untilMs = performance.now() + longestSettleMs
  const isOver = (): boolean => signal.aborted || socket.destroyed
  for (let atMs = performance.now(); !isOver() && atMs < untilMs; atMs = performance.now()) {
    const leftMs = lastKeptMs() + quietMs - atMs
    if (leftMs <= 0) break
    await new Promise((resolve) => setTimeout(resolve, leftMs))
  }
  return !isOver()
}

function clientOptions({ login, answerTimeoutMs }: FleetConnectionOptions): IClientOptions {
  return {
    protocolVersion: 5,
    clientId: `tram-fleet-${randomUUID()}`,
    ...(login === undefined ? {} : { username: login.user, password: login.password }),
    // Nothing waits at the broker for a screen that is gone.
    clean: true,
    properties: { sessionExpiryInterval: 0, receiveMaximum: 1000, maximumPacketSize: maxUnfinishedBytes },
    keepalive: keepAliveSeconds,
    connectTimeout: answerTimeoutMs,
    reconnectPeriod: 0,
    resubscribe: false,
    queueQoSZero: false,
    writeCache: false,
    timerVariant: 'native',
    // Its own log formats every packet, also for nobody.
    log: () => undefined,
  }
}
