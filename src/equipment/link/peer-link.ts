// Port: one framed, ordered stream to a peer station, and the network that makes such streams.
// Adapters: libp2p-link (TCP), memory-link (in-process pair; also how a station delivers to itself).
import type { Hello, LinkMessage } from './schema/messages.ts'

/** Data lanes. Control (everything but `data`) has no credit and always goes first. */
export type DataLane = 'urgent' | 'bulk'

/** Bytes of payload in one frame, header excluded. */
export const maxFrameBytes = 64 * 1024

/** Bytes of one `data.bytes`, so that the message fits a frame with its own header. */
export const maxDataBytes = maxFrameBytes - 64

/** Bytes of one message, put together from its frames: a waybill of 4,096 recipients and 8,192 chunks fits. */
export const maxMessageBytes = 1024 * 1024

/** Messages between the stations: neither `data` nor what the links say to each other. */
export type ControlMessage = Omit<
  LinkMessage,
  'data' | 'hello' | 'credit' | 'session' | 'arrived' | 'yield' | 'ping' | 'pong' | 'bye'
>

export interface PeerLink {
  /** libp2p peer id of the other side, proven by its handshake. */
  readonly peerId: string
  /** What the other side said first. */
  readonly remote: Hello
  /** Aborted when the link is gone, whoever ended it; its reason is a TramError LINK_CLOSED or LINK_PROTOCOL_VIOLATION. */
  readonly closed: AbortSignal

  /**
   * Sends a control message: queued ahead of all data.
   * @throws TramError LINK_CLOSED; OVERLOADED when more control waits than the outstanding-offers bound allows
   */
  send(message: ControlMessage): void

  /**
   * Sends packet bytes (at most maxDataBytes) when credit and the station-wide budget allow it; resolves when they are
   * handed to the connection. Hỏa tốc and small packets use `urgent`.
   * @throws TramError LINK_CLOSED; the signal's reason
   */
  sendData(lane: DataLane, transfer: number, offset: number, bytes: Uint8Array, signal: AbortSignal): Promise<void>

  /** Closes the link; `reason` is logged and becomes the detail of LINK_CLOSED. */
  close(reason: string): Promise<void>
}

/** What the station does with links. All calls are synchronous: the reader never waits. */
export interface LinkHandler {
  /** A link is up, after both hellos. At most one per peer. */
  onOpen(link: PeerLink): void
  /** A control message, in order. Attacker-controlled content. Throwing closes the link with the error. */
  onMessage(link: PeerLink, message: ControlMessage): void
  /**
   * Packet bytes, in order. `release` gives their credit back to the sender: call it exactly once, when the bytes are
   * durable or refused. It must not wait for more bytes of the same transfer: the sender may have no credit left to send
   * them (a window can be as small as one frame). Also after the link is gone: until then the bytes count against the
   * station's budget.
   */
  onData(link: PeerLink, lane: DataLane, transfer: number, offset: number, bytes: Uint8Array, release: () => void): void
  /** The link is gone. */
  onClose(link: PeerLink): void
}

/** What the network asks of those above it. */
export interface LinkPolicy {
  /** Whether the directory names this peer id now. Asked before any stream is opened or accepted. */
  admitPeer(peerId: string): Promise<boolean>
  /** What to say first on a new link. */
  hello(): Hello
}

export interface Network {
  /** This station's peer id. */
  readonly peerId: string
  /** Multiaddrs that it listens on, with real ports. */
  readonly addresses: readonly string[]
  start(signal: AbortSignal): Promise<void>
  stop(): Promise<void>
  /** The live link to a peer, if there is one. */
  link(peerId: string): PeerLink | undefined
  /**
   * The live link to a peer, dialling `addresses` (multiaddrs without peer id) if there is none.
   * @throws TramError PEER_UNREACHABLE, PEER_NOT_ADMITTED
   */
  connect(peerId: string, addresses: readonly string[], signal: AbortSignal): Promise<PeerLink>
}
