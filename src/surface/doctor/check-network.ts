// Checks of the doctor: ports to listen on, addresses that others are told, and, when asked, whether other stations answer.
import { connect, createServer } from 'node:net'
import { isSystemError, TramError } from '../../base/errors.ts'
import { absent, pass, trouble, troublesOr } from './doctor-report.ts'
import type { Check, DoctorSite } from './doctor-site.ts'

const connectTimeoutMs = 3000

interface Endpoint {
  host: string
  port: number
}

/** `/ip4/10.0.0.1/tcp/4101` in its parts. The configuration's schema and the directory's reader have seen its shape. */
function endpointOf(multiaddr: string): Endpoint {
  const [, , host = '', , port] = multiaddr.split('/')
  return { host, port: Number(port) }
}

/** `host:port`, `[::1]:port`. */
function endpointOfListen(listen: string): Endpoint {
  const at = listen.lastIndexOf(':')
  return { host: listen.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(listen.slice(at + 1)) }
}

const isAnyHost = (host: string): boolean => host === '0.0.0.0' || /^[0:]+$/.test(host)
const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

export const listenersCheck: Check = async (site, signal) => {
  const { link, vxp } = await site.config()
  const isRunning = await isStationRunning(site)
  const wanted: [key: string, address: string, endpoint: Endpoint][] = [
    ...link.listen.map((address): [string, string, Endpoint] => ['link.listen', address, endpointOf(address)]),
    ['vxp.listen', vxp.listen, endpointOfListen(vxp.listen)],
  ]
  const troubles: TramError[] = []
  for (const [key, address, { host, port }] of wanted) {
    // Any free port: nothing to be blocked.
    if (port === 0) continue
    try {
      if (isRunning) await connectOnce({ host: isAnyHost(host) ? loopbackOf(host) : host, port }, signal)
      else await listenOnce({ host, port })
    } catch (error) {
      signal.throwIfAborted()
      troubles.push(new TramError('LISTENER_BLOCKED', { key, address, detail: textOf(error) }, { cause: error }))
    }
  }
  const count = wanted.length
  const well = isRunning
    ? pass(`${count} cổng đang mở`, `${count} ports answer`)
    : pass(`${count} cổng còn trống`, `${count} ports are free`)
  return troublesOr(troubles, well)
}

/** Whether the station answers, or somebody may not ask it: both mean that its ports are its own. */
async function isStationRunning(site: DoctorSite): Promise<boolean> {
  try {
    await site.health()
    return true
  } catch (error) {
    if (error instanceof TramError && error.code === 'STATION_NOT_RUNNING') return false
    if (error instanceof TramError && error.code === 'STATION_SOCKET_DENIED') return true
    throw error
  }
}

const loopbackOf = (host: string): string => (host.includes(':') ? '::1' : '127.0.0.1')

/** Opens the port for a moment. @throws system errors (EADDRINUSE, EADDRNOTAVAIL, EACCES) */
async function listenOnce({ host, port }: Endpoint): Promise<void> {
  const server = createServer((socket) => socket.destroy())
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen({ host, port, exclusive: true }, resolve)
  try {
    await promise
  } finally {
    server.close()
  }
}

/** Connects and hangs up. @throws system errors, an Error after the deadline */
export async function connectOnce({ host, port }: Endpoint, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const socket = connect({ host, port })
  const onAbort = (): void => reject(signal.reason)
  const timer = setTimeout(() => reject(new Error(`no answer within ${connectTimeoutMs} ms`)), connectTimeoutMs)
  socket.once('connect', () => resolve())
  socket.once('error', reject)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    await promise
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', onAbort)
    socket.destroy()
  }
}

export const addressesCheck: Check = async (site) => {
  const { link } = await site.config()
  const own = (await directoryOrNone(site))?.own
  const addresses = link.announce ?? link.listen
  // Once listed, a station is called where the directory says; before, its descriptor will say what is configured.
  const details =
    own === undefined
      ? addresses.filter(isUncallable).map((address) => `${address} is no address to call`)
      : (link.announce ?? [])
          .filter((address) => !own.addresses.includes(address))
          .map((address) => `the directory does not list ${address}`)
  const told = (own?.addresses ?? addresses).join(', ')
  return troublesOr(
    details.map((detail) => new TramError('ADDRESS_UNLISTED', { detail })),
    pass(told, told),
  )
}

function isUncallable(address: string): boolean {
  const { host, port } = endpointOf(address)
  return port === 0 || isAnyHost(host)
}

/** The directory has a check of its own, which says what is wrong with it. */
async function directoryOrNone(site: DoctorSite) {
  return site.directory().catch((error: unknown) => {
    if (error instanceof TramError) return undefined
    throw error
  })
}

export const peersCheck: Check = async (site, signal) => {
  await site.config()
  const found = await directoryOrNone(site)
  if (found === undefined || found.others.length === 0)
    return [absent('danh bạ không có trạm nào khác', 'the directory lists no other station')]
  const troubles = await Promise.all(
    found.others.map(async ({ id, addresses }) => {
      let detail = 'the directory lists no address'
      for (const address of addresses.slice(0, 4)) {
        try {
          await connectOnce(endpointOf(address), signal)
          return undefined
        } catch (error) {
          signal.throwIfAborted()
          detail = `${address}: ${isSystemError(error, 'ECONNREFUSED') ? 'refused' : textOf(error)}`
        }
      }
      return new TramError('PEER_UNREACHABLE', { station: id, detail })
    }),
  )
  const silent = troubles.filter((one) => one !== undefined)
  const answered = found.others.length - silent.length
  return [
    ...silent.map(trouble),
    ...(answered === 0
      ? []
      : [pass(`${answered} trạm trả lời`, `${answered} stations answer`, { answered, tried: found.others.length })]),
  ]
}
