// The part of station.ts that reports to the operators' broker: outbox, connection and publisher, when `[mqtt]` names one.
import type { Clock } from './base/clock.ts'
import type { Service } from './base/lifecycle.ts'
import type { Logger } from './base/logger.ts'
import { tramVersion } from './base/version.ts'
import type { Config } from './config.ts'
import { peerFingerprint } from './document/peer-fingerprint.ts'
import type { BoxInventory } from './equipment/host/box-inventory.ts'
import { InventoryProcess } from './equipment/host/inventory-process.ts'
import { publicKeyOfPeerId } from './equipment/link/libp2p-identity.ts'
import type { BrokerTrouble } from './equipment/mqtt/health-broker.ts'
import { MqttHealthBroker } from './equipment/mqtt/mqtt-health-broker.ts'
import { hasBroker } from './equipment/mqtt/mqtt-options.ts'
import type { RecordStore } from './equipment/store/record-store.ts'
import { EventOutbox, type HealthEvent } from './exchange/health/event-outbox.ts'
import type { MetricValues } from './exchange/health/metrics.ts'
import type { HealthReport } from './exchange/health/station-health.ts'
import type { Sequence } from './exchange/sequence.ts'
import { HealthPublisher } from './surface/health/health-publisher.ts'
import { HomeAssistantDiscovery } from './surface/health/home-assistant.ts'

export interface BrokerDeps {
  records: RecordStore
  sequence: Sequence
  clock: Clock
  logger: Logger
  report: () => Promise<HealthReport>
  /** The numbers that are published. */
  state: () => Promise<MetricValues>
  peerId: () => string
  /** The slot that runs; undefined on a machine without slots. */
  slot?: () => string | undefined
  /** argv of the program that prints what box this is. */
  inventoryCommand: readonly string[]
}

export interface BrokerParts {
  services: readonly Service[]
  /** Stores events for the broker; without one they are told to nobody. Throws as `EventOutbox.add`. */
  tell(events: readonly HealthEvent[]): Promise<void>
  /** Events that wait; undefined without a broker. */
  waiting(): number | undefined
  /** What is wrong with the broker, once it has been so for a minute. */
  conditions(): readonly BrokerTrouble[]
}

/** A broker that is started again is no trouble yet. */
const troubleAfterMs = 60_000

/** What it needs to know of the configuration. */
export type BrokerConfig = Pick<Config, 'mqtt'> & { station: Pick<Config['station'], 'id' | 'name' | 'generation'> }

/** What reports to the broker of `config`; parts without services when it names none. */
export function brokerParts(config: BrokerConfig, deps: BrokerDeps): BrokerParts {
  const { station, mqtt } = config
  if (!hasBroker(mqtt))
    return { services: [], tell: async () => undefined, waiting: () => undefined, conditions: () => [] }
  const { clock, logger } = deps
  const topicBase = `tram/v1/${mqtt.site}/${station.id}`
  const presence = {
    topic: `${topicBase}/availability`,
    online: 'online',
    offline: 'offline',
    offlineAfterMs: mqtt.will_delay_s * 1000,
  }
  const events = new EventOutbox({ generation: station.generation }, deps)
  const broker = new MqttHealthBroker({ mqtt, clientId: station.id, presence }, { logger })
  const inventory = new InventoryProcess({ command: deps.inventoryCommand }, deps)
  let box: BoxInventory = {}
  const homeAssistant = new HomeAssistantDiscovery(
    {
      ...{ isEnabled: mqtt.homeassistant_discovery === true, topicBase, station: station.id, name: station.name },
      ...{ version: tramVersion, stateIntervalMs: mqtt.state_interval_s * 1000 },
    },
    { broker, records: deps.records, state: deps.state, monotonic: () => clock.monotonic(), logger },
  )
  const publisher = new HealthPublisher(
    { topicBase, stateIntervalMs: mqtt.state_interval_s * 1000 },
    {
      ...{ broker, events, clock, logger },
      state: deps.state,
      announce: () => homeAssistant.announce(),
      info: async () => {
        // Nothing waits for it: what it says is in the next round.
        void inventory.read().then((found) => {
          box = found
        })
        return {
          ...infoOf(await deps.report()),
          name: station.name,
          peer_id: deps.peerId(),
          fingerprint: peerFingerprint(publicKeyOfPeerId(deps.peerId())),
          slot: deps.slot?.(),
          ...boxOf(box),
        }
      },
    },
  )
  let troubledSinceMs: number | undefined
  return {
    services: [events, inventory, broker, publisher],
    tell: (told) => events.add(told),
    waiting: () => events.size,
    conditions: () => {
      const { trouble } = broker
      troubledSinceMs = trouble === undefined ? undefined : (troubledSinceMs ?? clock.monotonic())
      const isOld = troubledSinceMs !== undefined && clock.monotonic() - troubledSinceMs >= troubleAfterMs
      return trouble !== undefined && isOld ? [trouble] : []
    },
  }
}

/** Enough to know the box by; with all that firmware may say of itself, an `info` would grow too long. */
const maxDisks = 4

const boxOf = ({ system, disks = [], ...texts }: BoxInventory) => ({
  ...texts,
  os: system,
  disks: disks.slice(0, maxDisks),
})

const infoOf = ({ station, version, generation, token, directory }: HealthReport) => ({
  ...{ station, version, generation },
  token_label: token.label,
  token_serial: token.serial,
  certificate_sha256: token.certificateSha256,
  certificate_expires: token.certificateExpires,
  directory_version: directory.version,
  directory_expires: directory.expires,
})
