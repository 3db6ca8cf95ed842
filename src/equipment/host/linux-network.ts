// The network interfaces of real hardware: how many have a carrier, and how often it came or went. Part of linux-box.ts.
import { type BoxReadings, known } from './box-readings.ts'
import type { HostFiles } from './host-files.ts'

/** @param sys /sys */
export async function readNetwork(sys: HostFiles): Promise<BoxReadings> {
  const links: { isUp: boolean; changes: number | undefined }[] = []
  for (const name of await sys.names('class/net')) {
    const folder = `class/net/${name}`
    // Bridges, tunnels and the loop have no device beneath them.
    if ((await sys.names(`${folder}/device`)).length === 0) continue
    links.push({
      // An interface that is switched off answers with an error: no carrier either.
      isUp: (await sys.integer(`${folder}/carrier`)) === 1,
      changes: await sys.integer(`${folder}/carrier_changes`),
    })
  }
  if (links.length === 0) return {}
  const changes = links.flatMap((link) => link.changes ?? [])
  return known({
    linksTotal: links.length,
    linksUp: links.filter(({ isUp }) => isUp).length,
    linkChangesSinceBoot: changes.length === 0 ? undefined : changes.reduce((sum, count) => sum + count, 0),
  })
}
