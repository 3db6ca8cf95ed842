// Who reaches stations: the switchboard, as couriers and questions after a loss see it.
import type { PeerLink } from '../../equipment/link/peer-link.ts'

export interface Connector {
  /** The live link to a station, dialled if need be. @throws TramError PEER_UNREACHABLE, PEER_NOT_ADMITTED */
  connect(station: string, signal: AbortSignal): Promise<PeerLink>
}
