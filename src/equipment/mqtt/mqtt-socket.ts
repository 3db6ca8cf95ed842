// The socket below a connection, and what mqtt.js does not watch on it. Used by mqtt-connection.ts, mqtt-fleet-connection.ts and
// mqtt-probe.ts.
import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { MqttClient } from 'mqtt'
import type { BrokerAddress } from './mqtt-options.ts'

/** PEM texts. Without `ca` the system's authorities are believed. */
export interface TlsFiles {
  ca?: Uint8Array | undefined
  cert?: Uint8Array | undefined
  key?: Uint8Array | undefined
}

/** A socket that connects; encrypted where the address is. */
export function openSocket({
  address: { host, port, isEncrypted },
  tls = {},
}: {
  address: BrokerAddress
  tls: TlsFiles | undefined
}): Socket {
  if (!isEncrypted) return connectTcp({ host, port })
  const servername = isIP(host) === 0 ? { servername: host } : {}
  const { ca, cert, key } = tls
  return connectTls({ host, port, ...servername, ca: asBuffer(ca), cert: asBuffer(cert), key: asBuffer(key) })
}

const asBuffer = (bytes: Uint8Array | undefined): Buffer | undefined => bytes && Buffer.from(bytes)

/** Calls `exceeded` when so many bytes come without a packet's end: mqtt.js would gather 256 MiB for one. */
export function boundPackets(client: MqttClient, socket: Socket, maxBytes: number, exceeded: () => void): void {
  let bytes = 0
  client.on('packetreceive', () => {
    bytes = 0
  })
  socket.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > maxBytes) exceeded()
  })
}
