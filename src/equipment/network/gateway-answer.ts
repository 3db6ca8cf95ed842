// Whether the routers of a configuration can be reached, by asking for their hardware addresses: what answers there is the network that
// the file speaks of, whether or not anything lies behind it. For a box whose network changes with nobody at the other end.
import { createSocket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { TramError } from '../../base/errors.ts'
import type { NetworkProgram } from './box-network.ts'
import type { InterfaceOptions } from './network-options.ts'

const everyMs = 500
/** Nobody listens there, and nobody has to. */
const discardPort = 9

/**
 * Resolves once every gateway has answered: those of the file, and with DHCP those that it was given. At once when there are none.
 * @param waitMs for networkd, for DHCP, for a switch that looks at a new port
 * @throws TramError NETWORK_GATEWAY_SILENT
 */
export async function gatewaysAnswer(
  interfaces: readonly InterfaceOptions[],
  run: NetworkProgram,
  waitMs: number,
): Promise<void> {
  const fixed = interfaces.flatMap(({ gateway }) => (gateway === undefined ? [] : [gateway]))
  const isGiven = interfaces.some(({ addresses }) => addresses.length === 0)
  const forgotten = new Set<string>()
  const untilMs = performance.now() + waitMs
  for (;;) {
    const wanted = isGiven ? [...new Set([...fixed, ...(await defaultGateways(run))])] : fixed
    for (const gateway of wanted) {
      // What is remembered of it may be another interface's.
      if (!forgotten.has(gateway)) await run(['ip', 'neighbour', 'flush', 'to', gateway])
      forgotten.add(gateway)
      await poke(gateway)
    }
    await pause(Math.min(everyMs, waitMs))
    const silent: string[] = []
    for (const gateway of wanted) if (!(await hasAnswered(gateway, run))) silent.push(gateway)
    // With DHCP there is none before there is an address.
    if (isGiven && wanted.length === fixed.length) silent.push('DHCP')
    if (silent.length === 0) return
    if (performance.now() >= untilMs) throw new TramError('NETWORK_GATEWAY_SILENT', { gateway: silent.join(' ') })
  }
}

/** Makes the kernel ask who has the address. Whether the datagram can be sent says nothing that its answer does not say better. */
async function poke(address: string): Promise<void> {
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4')
  const { promise: sent, resolve } = Promise.withResolvers<void>()
  socket.once('error', () => resolve())
  socket.send(Buffer.alloc(1), discardPort, address, () => resolve())
  await sent
  socket.close()
}

async function hasAnswered(address: string, run: NetworkProgram): Promise<boolean> {
  const entries = rows(await run(['ip', '-json', 'neighbour', 'show', 'to', address]))
  return entries.some(({ state }) => Array.isArray(state) && state.includes('REACHABLE'))
}

async function defaultGateways(run: NetworkProgram): Promise<string[]> {
  const routes = rows(await run(['ip', '-json', 'route', 'show', 'default']))
  return routes.flatMap(({ gateway }) => (typeof gateway === 'string' ? [gateway] : []))
}

/** ip prints nothing for no rows. */
const rows = (text: string): Record<string, unknown>[] => JSON.parse(text.trim() === '' ? '[]' : text)
