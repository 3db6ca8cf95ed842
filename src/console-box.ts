// Composition root of what the service console has the root program of an appliance do. console.ts calls it; on a plain machine nothing
// answers at the socket, and the entries are not there.
import type { Text } from './base/text-format.ts'
import { loadConfig, readConfigText } from './config.ts'
import { changedConfig } from './config-edit.ts'
import { BoxClient } from './equipment/box/box-client.ts'
import { boxSocketPath } from './equipment/box/box-protocol.ts'
import { slotsOf, slotsText } from './surface/cli/cli-update-commands.ts'
import type { BoxActions } from './surface/console/console-actions.ts'

/** @param file absolute, the station's tram.toml */
export function boxActions(file: string): BoxActions {
  const box = new BoxClient({ socketPath: boxSocketPath })
  let offered: readonly string[] = []
  const ask = async (action: string, signal: AbortSignal): Promise<void> => {
    await box.ask({ action }, signal)
  }
  return {
    async offers(signal) {
      // Each question starts a program, and its answer changes with the software only.
      if (offered.length === 0) offered = await box.offers(signal)
      return offered
    },
    restartStation: (signal) => ask('restart-station', signal),
    async interfaces() {
      const config = await loadConfig(file)
      return config.interface.map(({ name, mac, side, vlan, addresses, gateway }) => ({
        name: [
          name ?? mac ?? '',
          ...(side === 'both' ? [] : [side]),
          ...(vlan === undefined ? [] : [`VLAN ${vlan}`]),
        ].join(' '),
        addresses,
        ...(gateway === undefined ? {} : { gateway }),
      }))
    },
    async tryAddress(address, signal) {
      const toml = changedConfig(await readConfigText(file), file, { address })
      await box.ask({ action: 'network-apply', toml }, signal)
    },
    keepNetwork: (signal) => ask('network-confirm', signal),
    dropNetwork: (signal) => ask('network-revert', signal),
    async updateStatus(language, signal) {
      const slots = slotsOf(await box.ask({ action: 'update-status' }, signal))
      return {
        text: slotsText(slots, (text: Text) => text[language]),
        isBackPossible: slots.some(({ state, isCommitted }) => state === 'inactive' && isCommitted),
      }
    },
    goBack: (signal) => ask('update-back', signal),
  }
}
