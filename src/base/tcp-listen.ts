// Listening on an address of the configuration: `host:port`, as `[vxp] listen` and `[prometheus] listen` have it.
import type { AddressInfo, Server } from 'node:net'
import { TramError } from './errors.ts'

/** Form of `host:port` for schemas: a name, an IPv4 address or an IPv6 address in brackets. */
export const listenPattern = '^(\\[[0-9A-Fa-f:.]{2,45}\\]|[0-9A-Za-z.-]{1,253}):[0-9]{1,5}$'

/**
 * Listens on `listen` (of the form of listenPattern; port 0 takes a free one) and returns the `host:port` that it has then.
 * @param key of the configuration, for the refusal
 * @throws TramError CONFIG_INVALID when the address cannot be listened on
 */
export async function listenOn(server: Server, listen: string, key: string): Promise<string> {
  const colon = listen.lastIndexOf(':')
  const host = listen.slice(0, colon).replace(/^\[|\]$/g, '')
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  try {
    // Inside: a port beyond 65535 throws at once.
    server.listen({ host, port: Number(listen.slice(colon + 1)) }, resolve)
    await promise
  } catch (cause) {
    const data = { file: 'tram.toml', line: 0, key, detail: `cannot listen on ${listen}` }
    throw new TramError('CONFIG_INVALID', data, { cause })
  } finally {
    server.off('error', reject)
  }
  const { address, family, port } = server.address() as AddressInfo // a TCP server that listens has one
  return family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`
}
