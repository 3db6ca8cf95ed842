// The HTTP(S) server under vxp-server.ts: its limits, its certificate and its address.
import { readFile } from 'node:fs/promises'
import http, { type Server } from 'node:http'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import { TramError } from '../../base/errors.ts'
import type { VxpOptions } from './vxp-options.ts'

/** sign-header repeats `to`: Node's 16 KiB end at 500 recipients, this carries well over 3,000. */
export const maxHeaderBytes = 1024 * 1024
const headersTimeoutMs = 30_000
const keepAliveMs = 60_000
const handshakeMs = 10_000
const checkEveryMs = 5_000

const limits: http.ServerOptions = {
  maxHeaderSize: maxHeaderBytes,
  headersTimeout: headersTimeoutMs,
  // No limit on the whole request: a large upload may be slow. vxp-body.ts watches each read.
  requestTimeout: 0,
  keepAliveTimeout: keepAliveMs,
  connectionsCheckingInterval: checkEveryMs,
  // Node would answer without JSON.
  requireHostHeader: false,
}

/**
 * A server that does not listen yet: HTTPS when both files are configured, else HTTP.
 * @throws TramError CONFIG_INVALID when the files cannot be used
 */
export async function createListener(options: VxpOptions): Promise<Server> {
  const server = await plainOrTls(options.https_certificate_file, options.https_key_file)
  // Answered requests may linger and keep-alive connections idle: more connections than requests.
  server.maxConnections = Math.max(256, options.max_concurrent * 4)
  return server
}

/**
 * Listens on `host:port` (the schema has checked the form) and returns the URL that it has then.
 * @throws TramError CONFIG_INVALID
 */
export async function listenOn(server: Server, listen: string): Promise<string> {
  const colon = listen.lastIndexOf(':')
  const host = listen.slice(0, colon).replace(/^\[|\]$/g, '')
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  try {
    // Inside: a port beyond 65535 throws at once.
    server.listen({ host, port: Number(listen.slice(colon + 1)) }, resolve)
    await promise
  } catch (cause) {
    throw refusal('vxp.listen', `cannot listen on ${listen}`, cause)
  }
  server.off('error', reject)
  const address = server.address() as AddressInfo // a TCP server that listens has one
  const shownHost = address.family === 'IPv6' ? `[${address.address}]` : address.address
  return `${server instanceof https.Server ? 'https' : 'http'}://${shownHost}:${address.port}`
}

async function plainOrTls(certificateFile: string | undefined, keyFile: string | undefined): Promise<Server> {
  if (certificateFile === undefined && keyFile === undefined) return http.createServer(limits)
  if (certificateFile === undefined || keyFile === undefined)
    throw refusal('vxp.https_key_file', 'https needs both the certificate and the key')
  try {
    const [cert, key] = await Promise.all([readFile(certificateFile), readFile(keyFile)])
    return https.createServer({ ...limits, cert, key, minVersion: 'TLSv1.2', handshakeTimeout: handshakeMs })
  } catch (cause) {
    throw refusal('vxp.https_certificate_file', 'certificate and key cannot be used', cause)
  }
}

function refusal(key: string, detail: string, cause?: unknown): TramError {
  return new TramError('CONFIG_INVALID', { file: 'tram.toml', line: 0, key, detail }, { cause })
}
