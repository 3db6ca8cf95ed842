// How the broker is reached: its address, and the certificates of the configuration. Shared by mqtt-health-broker.ts and
// mqtt-probe.ts; mqtt-fleet-broker.ts reads its certificates with it.
import { open } from 'node:fs/promises'
import { type BrokerAddress, parseBrokerUrl } from './mqtt-options.ts'

export interface BrokerAccess {
  address: BrokerAddress
  /** PEM texts; for an encrypted address. */
  tls: { ca: Uint8Array; cert: Uint8Array; key: Uint8Array } | undefined
}

/** What of `[mqtt]` says where the broker is and who we are. */
export interface AccessOptions {
  url: string
  ca_file?: string
  certificate_file?: string
  key_file?: string
}

const maxPemBytes = 64 * 1024

/** Reads the certificates anew each time: they are renewed while the station runs. @throws Error, system errors */
export async function readBrokerAccess(mqtt: AccessOptions): Promise<BrokerAccess> {
  const address = parseBrokerUrl(mqtt.url)
  if ('mistake' in address) throw new Error(address.mistake)
  if (!address.isEncrypted) return { address, tls: undefined }
  const [ca, cert, key] = await Promise.all([mqtt.ca_file, mqtt.certificate_file, mqtt.key_file].map(readPem))
  if (ca === undefined || cert === undefined || key === undefined) throw new Error('mqtts:// needs its three files')
  return { address, tls: { ca, cert, key } }
}

/** A file of certificates or of a key. @throws Error when it is too long to be one; system errors */
export async function readPem(file = ''): Promise<Uint8Array> {
  await using handle = await open(file)
  const stat = await handle.stat()
  if (!stat.isFile() || stat.size > maxPemBytes) throw new Error(`${file} is not a file of reasonable size`)
  return handle.readFile()
}
