// Port: the message broker as an operator reads it, for all stations at once. Adapter: mqtt-fleet-broker. surface/fleet listens to it;
// nothing is ever published. What comes from it was written by others: whoever listens parses it with care.
import type { Service } from '../../base/lifecycle.ts'

export interface FleetMessage {
  topic: string
  /** At most `maxFleetPayloadBytes`; not kept by the broker's end after the listener returns. */
  payload: Uint8Array
  /** The broker had kept it, as opposed to a message of now. */
  isRetained: boolean
  /** What is left of its life; undefined when it has no end. */
  expirySeconds: number | undefined
}

export interface FleetListener {
  /** There is a connection: what the broker has kept comes next, in full. */
  connected(): void
  message(message: FleetMessage): void
  /** What the broker had kept has come. Once for each `connected`. */
  settled(): void
  /** The connection is over, or could not be made; `detail` says why, in English. The next attempt is under way. */
  lost(detail: string): void
}

/** `start` returns at once; the connection is made, and made again, in the background until `stop`. */
export interface FleetBroker extends Service {
  /** Set once, before `start`. */
  listen(listener: FleetListener): void
}

/** A station says 16 KiB at most. What is longer is dropped, unread. */
export const maxFleetPayloadBytes = 16 * 1024
