// Port: the message broker that operators read a station's health from. Adapters: mqtt-health-broker (MQTT 5), memory-health-broker
// (in the contract tests). surface/health publishes through it; nothing is ever received from it.
import type { TramError } from '../../base/errors.ts'
import type { Service } from '../../base/lifecycle.ts'

/** What a station keeps in a retained message about itself being there. */
export interface Presence {
  topic: string
  /** Published by the adapter after each connection, before anything else. */
  online: string
  /** Published by hand before a clean end, and by the broker itself when the station stays away for `offlineAfterMs`. */
  offline: string
  offlineAfterMs: number
}

export type BrokerTrouble = TramError<'BROKER_UNREACHABLE'> | TramError<'BROKER_REFUSED'>

export interface PublishOptions {
  /** The broker keeps it for whoever comes later, in place of the one before it. */
  retain: boolean
  /** The broker forgets it after so many seconds. Absent: never. */
  expirySeconds?: number
}

/**
 * `start` returns at once and never fails: an operator's broker that is away is no reason for a station not to run. The
 * connection is made, and made again, in the background, for ever.
 */
export interface HealthBroker extends Service {
  readonly isConnected: boolean
  /**
   * Why there is no connection, or what the broker has refused last, until it takes a message of that topic or there is a new
   * connection; undefined while all is well.
   */
  readonly trouble: BrokerTrouble | undefined
  /** Calls `listener` after every connection, when the presence is published. Set once, before `start`. */
  onConnected(listener: () => void): void
  /**
   * Resolves when the broker has taken the message (QoS 1). Nothing is queued here: without a connection it throws at once, and
   * when the connection ends first, whether the broker has the message is unknown.
   * @param topic without wildcards
   * @param payload at most 64 KiB
   * @throws TramError BROKER_UNREACHABLE: no connection, or none any more, or too many messages unanswered (`maxInFlight`);
   *   BROKER_REFUSED: the broker does not want this message
   */
  publish(topic: string, payload: Uint8Array, options: PublishOptions): Promise<void>
}

/** Messages that may wait for the broker's answer at a time; a broker may allow fewer. */
export const maxInFlight = 16
export const maxPayloadBytes = 64 * 1024
