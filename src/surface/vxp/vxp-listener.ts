// The HTTP(S) server under vxp-server.ts: its limits and its certificate.
import { readFile } from 'node:fs/promises'
import http, { type Server } from 'node:http'
import https from 'node:https'
import { TramError } from '../../base/errors.ts'
import type { VxpOptions } from './vxp-options.ts'
import { shareConnections } from './vxp-shares.ts'

/** sign-header repeats `to`: Node's 16 KiB end at 500 recipients, this carries well over 3,000. */
export const maxHeaderBytes = 1024 * 1024
/** Longest bounds; `idle_seconds` may make them shorter. */
const headersTimeoutMs = 30_000
const keepAliveMs = 60_000
const handshakeMs = 10_000
const checkEveryMs = 5_000

function limitsFor(idleMs: number): http.ServerOptions {
  return {
    maxHeaderSize: maxHeaderBytes,
    // Also of a connection that never says anything.
    headersTimeout: Math.min(headersTimeoutMs, idleMs),
    // No limit on the whole request: a large upload may be slow. vxp-body.ts watches each read.
    requestTimeout: 0,
    keepAliveTimeout: Math.min(keepAliveMs, idleMs),
    connectionsCheckingInterval: Math.min(checkEveryMs, idleMs),
    // Node would answer without JSON.
    requireHostHeader: false,
  }
}

/**
 * A server that does not listen yet: HTTPS when both files are configured, else HTTP.
 * @param onRefused told of an address that has more connections than its share
 * @throws TramError CONFIG_INVALID when the files cannot be used
 */
export async function createListener(options: VxpOptions, onRefused: (address: string) => void): Promise<Server> {
  const server = await plainOrTls(options)
  // Answered requests may linger and keep-alive connections idle: more connections than requests.
  shareConnections(server, Math.max(256, options.max_concurrent * 4), onRefused)
  return server
}

async function plainOrTls(options: VxpOptions): Promise<Server> {
  const { https_certificate_file: certificateFile, https_key_file: keyFile } = options
  const limits = limitsFor(options.idle_seconds * 1000)
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
