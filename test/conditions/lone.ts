// A lone station for the scenarios: its world is made once a file, its log lines are kept, and its health report is asked.
import { createLogger } from '../../src/base/logger.ts'
import { DirectoryCounts } from '../../src/exchange/directory/directory-counts.ts'
import { StationHealth } from '../../src/exchange/health/station-health.ts'
import { OpenDeliveries } from '../../src/exchange/send/open-deliveries.ts'
import { buildPacket } from '../fixtures/edxml/build-packet.ts'
import { type LoneOptions, LoneStation } from '../fixtures/exchange/lone-station.ts'
import { TestWorld } from '../fixtures/exchange/test-world.ts'
import { never } from '../fixtures/store/temporary-store.ts'
import type { Setting, Told } from './scenario.ts'

let made: Promise<TestWorld> | undefined

/** Station one with the agencies H01 and H01.1, station two with H02. */
export function world(): Promise<TestWorld> {
  made ??= TestWorld.create({ one: ['H01', 'H01.1'], two: ['H02'] })
  return made
}

export interface Lone {
  station: LoneStation
  /** The lines with this code that it has logged. */
  logged(code: string): Told[]
  /** The conditions of its health report. */
  listed(): Promise<readonly Told[]>
}

/** Station one, running until the scenario ends. `conditions`: of a part that the lone station does not have. */
export async function lone(
  { folder, after }: Setting,
  options: Partial<LoneOptions> & { health?: Partial<ConstructorParameters<typeof StationHealth>[1]> } = {},
): Promise<Lone> {
  const lines: Told[] = []
  const logger = createLogger('info', { write: (line) => void lines.push(JSON.parse(line)) })
  const station = await LoneStation.start({ world: await world(), id: 'one', folder, logger, ...options })
  after(() => station.stop())
  const { records, space, token, sealer, courier, switchboard, directory, outbox, clock } = station
  const health = new StationHealth(
    { station: 'one', generation: 1, version: 'test' },
    {
      ...{ records, token, sealer, courier, switchboard, directory, clock },
      space: options.disk ?? space,
      counts: new DirectoryCounts({ directory }),
      deliveries: new OpenDeliveries({ records, outbox }),
      trend: { days: undefined, conditions: () => [] },
      chain: [],
      sources: () => [],
      ...options.health,
    },
  )
  return {
    station,
    logged: (code) => lines.filter((line) => line.code === code),
    listed: async () => (await health.report(never)).conditions,
  }
}

/** A packet from H01, or to it. */
export const packetOf = (subject: string, from = 'H01', to = 'H02'): Uint8Array =>
  buildPacket({ dialect: 'plain', from, to: [to], codeNumber: '12', codeNotation: 'UBND', subject })

/** Station two's offer of a packet to us. */
export async function offerFrom(packet: Uint8Array, changes: Partial<Parameters<TestWorld['waybill']>[1]> = {}) {
  const waybill = (await world()).waybill(packet, {
    ...{ station: 'two', senderAgency: 'H02', recipients: ['H01'] },
    ...changes,
  })
  return { waybill, packet }
}
