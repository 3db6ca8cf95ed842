// Composition root of an appliance's network: what tram.toml means for it, for the root program (box-main.ts). The sections' listeners
// come together here: no other file knows which ports are whose.
import { isDeepStrictEqual } from 'node:util'
import { type Config, parseConfig } from './config.ts'
import type { FileOwner } from './equipment/box/root-files.ts'
import { runProgram } from './equipment/box/system-program.ts'
import { checkNetwork, type NetworkPlan } from './equipment/network/box-network.ts'
import { multiaddrListener, officeListener } from './equipment/network/firewall.ts'
import { NetworkTrial } from './surface/box/network-actions.ts'

/** Where an appliance has its configuration. */
export const applianceConfigFile = '/etc/tram/tram.toml'
/** The station and its console read it, and the console changes it; it may hold secrets. */
export const configOwner: FileOwner = { mode: 0o640, group: 'tram' }
export const trialFile = '/run/tram-network/trial.toml'

/** The network of a configuration; of none: nothing is let in, and no interface is touched. */
export function networkPlan(config: Config | undefined): NetworkPlan {
  if (config === undefined) return { hostname: 'tram', network: { dns: [], ntp: [] }, interfaces: [], listeners: [] }
  const { station, network, link, vxp, prometheus, update } = config
  const listeners = [
    ...link.listen.map(multiaddrListener),
    ...[vxp.listen, prometheus.listen, update.upload_listen].map((listen) =>
      listen === undefined ? undefined : officeListener(listen),
    ),
  ]
  return {
    hostname: network.hostname ?? hostnameOf(station.id),
    network,
    interfaces: config.interface,
    listeners: listeners.filter((listener) => listener !== undefined),
  }
}

/** An id may begin or end with a hyphen, a name may not. */
const hostnameOf = (id: string): string => id.replace(/^-+|-+$/g, '') || 'tram'

/** The network of this box, on trial. */
export const networkTrial = (): NetworkTrial =>
  new NetworkTrial({
    run: runProgram,
    configFile: applianceConfigFile,
    configOwner,
    trialFile,
    async check(text) {
      await checkNetwork(networkPlan(parseConfig(text, applianceConfigFile)), runProgram)
    },
    isStationChanged: (before, text) => !isDeepStrictEqual(stationPart(before), stationPart(text)),
  })

/** Whether two texts of a tram.toml, of which the second is one, mean different networks. */
export const isNetworkChanged = (before: string, after: string): boolean =>
  !isDeepStrictEqual(networkPart(before), networkPart(after))

function networkPart(text: string): unknown {
  try {
    const { network, interface: interfaces } = parseConfig(text, applianceConfigFile)
    return { network, interfaces }
  } catch {
    return undefined // it was none
  }
}

function stationPart(text: string): unknown {
  try {
    const { network: _, interface: __, ...rest } = parseConfig(text, applianceConfigFile)
    return rest
  } catch {
    return undefined // it was none, so the station does not run with it
  }
}
