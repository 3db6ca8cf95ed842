// libp2p as our links need it: TCP, noise (TLS as fallback), yamux, and limits made from the number of peers. No
// discovery, no identify, no DHT: addresses come from the directory. Neighbours: libp2p-link.ts runs links on it.
import type { Libp2p, PrivateKey } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { tcp } from '@libp2p/tcp'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { steadyYamux } from './libp2p-muxer.ts'
import { wholeNoise } from './libp2p-noise.ts'
import { lateTls } from './libp2p-tls.ts'

/** What one address may take until its connection is ready: half a dozen round trips, on lines where a packet gets lost. */
export const dialTimeoutMs = 10_000
/** Streams of one connection; one is used, a second one while a tie is settled. */
export const maxStreamsPerConnection = 4
/** Connections of one peer: two while a tie is settled, and what is left of links that it lost without our noticing. */
export const maxConnectionsPerPeer = 4

export interface LinkNodeOptions {
  privateKey: PrivateKey
  listen: readonly string[]
  maxPeers: number
  helloTimeoutMs: number
  /** Whether a peer may be connected at all. */
  admits(peerId: string): Promise<boolean>
}

/** A node that is not started yet. */
export function createLinkNode({
  privateKey,
  listen,
  maxPeers,
  helloTimeoutMs,
  admits,
}: LinkNodeOptions): Promise<Libp2p> {
  return createLibp2p({
    privateKey,
    start: false,
    addresses: { listen: [...listen] },
    transports: [tcp()],
    // libp2p's TLS checks certificates that are made for each connection: whose clock is an hour behind another's could not
    // reach it, and nobody could tell it so. Noise asks no clock.
    connectionEncrypters: [wholeNoise(), lateTls()],
    streamMuxers: [
      steadyYamux({
        maxInboundStreams: maxStreamsPerConnection,
        maxOutboundStreams: maxStreamsPerConnection,
        maxEarlyStreams: maxStreamsPerConnection,
        // Our own credits keep less than this in the buffer; a peer that reads nothing is cut here.
        streamOptions: { maxWriteBufferLength: 16 * 1024 * 1024 },
      }),
    ],
    // libp2p's monitor opens a stream for each ping; our links have pings of their own.
    connectionMonitor: { enabled: false },
    connectionManager: {
      // Two connections a peer while a tie is settled.
      maxConnections: 2 * maxPeers,
      // A whole province may come from behind one address at once, after a power cut for instance.
      inboundConnectionThreshold: maxPeers,
      maxIncomingPendingConnections: maxPeers,
      maxDialQueueLength: 2 * maxPeers,
      // Hosts that do not answer, all of them perhaps, must not keep a dial to one that does in the queue.
      maxParallelDials: maxPeers,
      addressDialTimeout: dialTimeoutMs,
      inboundUpgradeTimeout: helloTimeoutMs,
      reconnectRetries: 0,
      // The directory names addresses; nothing is looked up through dnsaddr.
      resolvers: {},
    },
    connectionGater: {
      denyDialPeer: async (peer) => !(await admits(peer.toString())),
      denyOutboundConnection: async (peer) => !(await admits(peer.toString())),
      denyInboundEncryptedConnection: async (peer) => !(await admits(peer.toString())),
    },
  })
}

/**
 * The multiaddr to dial: `address` with the identity that has to answer there.
 * @throws Error when the address, from the directory, is not a multiaddr of a TCP port
 */
export function dialAddress(address: string, peerId: string): Multiaddr {
  const parsed = multiaddr(address)
  const [host, port, ...rest] = parsed.getComponents()
  const isHost = host?.name === 'ip4' || host?.name === 'ip6' || host?.name === 'dns4' || host?.name === 'dns6'
  if (!isHost || port?.name !== 'tcp' || rest.length > 0) throw new Error(`not an address of a station: ${address}`)
  return parsed.encapsulate(`/p2p/${peerIdFromString(peerId).toString()}`)
}
