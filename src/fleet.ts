// Composition root of `tram fleet`: all stations of an operators' broker in one view. main.ts calls it. Needs no station and no
// configuration, only the right to read at the broker.
import { readFile } from 'node:fs/promises'
import { systemClock } from './base/clock.ts'
import { TramError } from './base/errors.ts'
import { MqttFleetBroker } from './equipment/mqtt/mqtt-fleet-broker.ts'
import { parseBrokerUrl } from './equipment/mqtt/mqtt-options.ts'
import type { FleetVerdict, FleetWish } from './surface/cli/cli-context.ts'
import { type FleetTerminal, FleetWatch } from './surface/fleet/fleet-watch.ts'

const maxPasswordLength = 1024

/**
 * Watches the stations of a broker until `signal`, or prints them once.
 * @returns what they are as a whole, when they were printed once
 * @throws TramError REQUEST_INVALID; FLEET_UNREADABLE when they are to be printed once and cannot be read
 */
export async function watchFleet(
  wish: FleetWish,
  terminal: FleetTerminal,
  signal: AbortSignal,
): Promise<FleetVerdict | undefined> {
  const { broker: url, site, user, ca, cert, key, isJson, isOnce, language } = wish
  const address = parseBrokerUrl(url)
  if ('mistake' in address) throw invalid('--broker', address.mistake)
  if (site !== undefined && !/^[a-z0-9-]{1,32}$/.test(site)) throw invalid('--site', 'is no site')
  if ((cert === undefined) !== (key === undefined)) throw invalid('--cert', 'needs --key, and --key needs --cert')
  const login = user === undefined ? undefined : { user, password: await passwordOf(wish) }
  const broker = new MqttFleetBroker({ address, site, login, files: { ca, cert, key } })
  const watch = new FleetWatch({ language, brokerName: url, isJson, isOnce }, { broker, terminal, clock: systemClock })
  return await watch.run(signal)
}

async function passwordOf({ passwordFile, askPassword }: FleetWish): Promise<string> {
  if (passwordFile === undefined) return await askPassword()
  const [password = ''] = (await readText(passwordFile)).split(/\r?\n/)
  if (password === '' || password.length > maxPasswordLength) throw invalid('--password-file', 'holds no password')
  return password
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    throw invalid('--password-file', error instanceof Error ? error.message : String(error))
  }
}

const invalid = (field: string, detail: string): TramError => new TramError('REQUEST_INVALID', { field, detail })
