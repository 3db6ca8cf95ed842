// Composition root of a running station: makes every part, joins them, and starts them in order. main.ts calls it.
// Long because: every part is named here once, in the order in which it is made.
import { mkdir } from 'node:fs/promises'
import { systemClock } from './base/clock.ts'
import { asTramError } from './base/errors.ts'
import type { Service } from './base/lifecycle.ts'
import { type Logger, logFields } from './base/logger.ts'
import { type DataPaths, dataPaths } from './base/paths.ts'
import { PeerLog } from './base/peer-log.ts'
import type { Config } from './config.ts'
import { Libp2pNetwork } from './equipment/link/libp2p-link.ts'
import { createLoopback } from './equipment/link/memory-link.ts'
import type { Supervision } from './equipment/systemd/notify.ts'
import { BackupSource } from './exchange/backup/backup-source.ts'
import { assertNoRestore } from './exchange/backup/restore-staging.ts'
import { Directory } from './exchange/directory/directory.ts'
import { DirectoryCounts } from './exchange/directory/directory-counts.ts'
import { DirectoryExchange } from './exchange/directory/directory-exchange.ts'
import { DirectoryRequests } from './exchange/directory/directory-requests.ts'
import { DocumentAccess } from './exchange/document-access.ts'
import { AuditLog } from './exchange/evidence/audit-log.ts'
import { noteConfiguration } from './exchange/evidence/configuration-watch.ts'
import { exportEvidence } from './exchange/evidence/evidence-archive.ts'
import { EvidenceCollector } from './exchange/evidence/evidence-collector.ts'
import { PinEntry } from './exchange/evidence/pin-entry.ts'
import { Tracing } from './exchange/evidence/tracing.ts'
import { KeyedLock } from './exchange/keyed-lock.ts'
import { OfficeDesk } from './exchange/office-desk.ts'
import { PacketOwners } from './exchange/packet-owners.ts'
import { Inbox } from './exchange/receive/inbox.ts'
import { IncomingParts } from './exchange/receive/incoming-parts.ts'
import { OutgoingReceipts } from './exchange/receive/outgoing-receipts.ts'
import { Reception } from './exchange/receive/reception.ts'
import { SealChecker } from './exchange/receive/seal-checker.ts'
import { GenerationWatch } from './exchange/recovery/generation-watch.ts'
import { IndexRebuild } from './exchange/recovery/index-rebuild.ts'
import { MissingQuestions } from './exchange/recovery/missing-questions.ts'
import { Recovery } from './exchange/recovery/recovery.ts'
import { StoreScrub } from './exchange/recovery/store-scrub.ts'
import { References } from './exchange/references.ts'
import { Retention } from './exchange/retention.ts'
import { Courier } from './exchange/send/courier.ts'
import { Intake } from './exchange/send/intake.ts'
import { OpenDeliveries } from './exchange/send/open-deliveries.ts'
import { Outbox } from './exchange/send/outbox.ts'
import { Sealer } from './exchange/send/sealer.ts'
import { SentRegister } from './exchange/send/sent-register.ts'
import { StaleSeals } from './exchange/send/stale-seals.ts'
import { Sequence } from './exchange/sequence.ts'
import { Statuses } from './exchange/statuses.ts'
import { Switchboard } from './exchange/switchboard.ts'
import { panelParts, upsParts } from './serial-parts.ts'
import { brokerParts } from './station-broker.ts'
import { installEquipment } from './station-equipment.ts'
import { prometheusParts } from './station-prometheus.ts'
import { updateParts } from './station-updates.ts'
import { watchStation } from './station-watch.ts'
import { Supervisor } from './supervisor.ts'
import { RestServer } from './surface/rest/rest-server.ts'
import { VxpServer } from './surface/vxp/vxp-server.ts'
import { importInstalled } from './trust-files.ts'

const dayMs = 86_400_000
/** For a round of meeting other stations. */
const meetingMs = 30_000
const hourMs = 3_600_000

/** A station that runs. */
export interface Station {
  vxpEndpoint: string
  /** The Unix socket of the API. */
  apiSocket: string
  addresses: readonly string[]
  peerId: string
  /** Stops every part, newest first. Returns what did not stop cleanly, by name. */
  stop(): Promise<Map<string, Error>>
}

/** argv of the programs that a station starts. */
export interface StationCommands {
  /** Without `--config`; used when `[token] start_signer` is set. */
  signer: readonly string[]
  /** Prints what box this is; used when there is a broker to tell. */
  inventory: readonly string[]
}

/**
 * Starts a station: when it resolves, backends and peers are served.
 * @param supervision what systemd has handed in; without a socket nobody is told anything
 * @throws TramError whatever the first part that cannot start throws; what had started is stopped again
 */
export async function startStation(
  config: Config,
  commands: StationCommands,
  logger: Logger,
  signal: AbortSignal,
  supervision: Supervision = {},
): Promise<Station> {
  const paths = dataPaths(config.station.data_folder, config.token.folder)
  await mkdir(config.station.data_folder, { recursive: true, mode: 0o700 })
  await assertNoRestore(config.station.data_folder)
  const supervisor = new Supervisor(supervision, logger)
  const parts = await assemble(config, paths, commands, supervisor)
  await supervisor.startAll(parts.services, signal)
  return {
    vxpEndpoint: parts.vxp.endpoint,
    apiSocket: paths.apiSocket,
    addresses: parts.network.addresses,
    peerId: parts.network.peerId,
    stop: () => supervisor.stopAll(parts.services),
  }
}

/** A start step that is no service of its own. */
const step = (name: string, start: () => Promise<void>): Service => ({ name, start, stop: async () => undefined })

async function assemble(config: Config, paths: DataPaths, commands: StationCommands, supervisor: Supervisor) {
  const { logger } = supervisor
  const own = { station: config.station.id, generation: config.station.generation }
  const { trust, chain, space, records, packets, signer, token, timedToken, chrony, box, clock } =
    await installEquipment(config, paths, {
      signerCommand: commands.signer,
      onDamage: (error) => recovery.damaged(error),
      logger,
    })

  const peerLog = new PeerLog({ logger, clock })
  const sequence = new Sequence(records)
  const audit = new AuditLog(records, clock, logger)
  const directory = new Directory(
    { folder: paths.directory, trust: trust.directory },
    { records, clock, logger, isDamaged: () => recovery.isDamaged },
  )
  const references = new References(records)
  const owners = new PacketOwners(records)
  const statuses = new Statuses({ records, directory, sequence, clock })
  const generations = new GenerationWatch(own, { directory })
  const seals = new SealChecker({ trust: trust.seals }, { directory, clock })
  const sealer = new Sealer(
    { ...own, maxBatch: config.exchange.max_batch, chain },
    {
      ...{ records, audit, token: timedToken, clock, logger, sequence },
      certificateTrouble: async (certificate, timeMs) => {
        const trouble =
          (await generations.trouble()) ?? (await seals.ownCertificateTrouble(own.station, certificate, chain, timeMs))
        // Unsealed, nothing is sent and nobody is dialled: the directory that lists a new certificate must be looked for.
        if (trouble !== undefined && directory.version > 0) meetOthers()
        return trouble
      },
      directoryVersion: () => directory.version,
    },
  )
  token.onStateChange = () => sealer.wake()
  const outbox = new Outbox({ records, audit, clock, sequence, sealer })
  const inbox = new Inbox({ records, packets, directory, statuses, audit, sequence, clock })
  const decisions = new KeyedLock()
  const intake = new Intake(
    {
      ...own,
      deliveryMs: config.exchange.delivery_days * dayMs,
      resendAfterMs: config.exchange.resend_after_hours * hourMs,
      secrecyMarks: config.exchange.secrecy_marks,
    },
    { records, packets, directory, references, owners, outbox, sealer, audit, clock, logger, decisions },
  )
  const switchboard = new Switchboard({ ...own, createLoopback }, { directory, time: clock, logger })
  const stale = new StaleSeals(own, { records, token, clock })
  const courier = new Courier({
    directoryVersion: () => directory.version,
    records,
    outbox,
    packets,
    connector: switchboard,
    seals,
    stale,
    clock,
    logger,
    peerLog,
  })
  const questions = new MissingQuestions({
    ...{ records, connector: switchboard, clock, logger },
    directoryVersion: () => directory.version,
  })
  const receipts = new OutgoingReceipts({ records, sealer, answers: switchboard, stale, logger })
  const reception = new Reception(own, {
    records,
    packets,
    directory,
    references,
    statuses,
    inbox,
    owners,
    sealer,
    audit,
    clock,
    logger,
    decisions,
    seals,
    receipts,
    space,
    peerLog,
    isAskedOf: (station) => questions.isAskedOf(station),
  })
  const directories = new DirectoryExchange({ directory, logger, peerLog })
  const network = new Libp2pNetwork(
    {
      privateKeyFile: paths.peerKey,
      listen: config.link.listen,
      maxPeers: config.link.max_peers,
      helloTimeoutMs: config.link.hello_timeout_ms,
    },
    { policy: switchboard, handler: switchboard, logger, clock: systemClock },
  )
  switchboard.join({ network, courier, reception, directories, questions })
  const meetOthers = (): void => {
    switchboard.meetOthers(AbortSignal.timeout(meetingMs)).catch((error: unknown) => {
      logger.error(logFields(asTramError(error)), 'no other station could be met')
    })
  }
  const indices = new IndexRebuild({ records, packets, outbox, inbox, owners, references, sealer, sequence })
  const recovery = new Recovery(own, {
    ...{ records, questions, generations, directory, intake, indices, inbox, outbox, audit, clock, logger },
    seekDirectory: meetOthers,
  })
  const scrub = new StoreScrub(
    { intervalMs: config.store.scrub_hours * hourMs, quarantineFolder: paths.quarantine },
    {
      ...{ records, packets, owners, decisions, clock, logger },
      isRecovering: () => recovery.isOpen,
      onPacketLost: (digestHex) => recovery.packetLost(digestHex),
    },
  )
  clock.onAsk((isDoubtful) => {
    switchboard.askTimes()
    // A greeting tells the time as well: in doubt nothing is sealed, and what has nothing to send dials nobody.
    if (isDoubtful) meetOthers()
  })
  clock.onTrusted(() => {
    sealer.wake()
    courier.retryAll().catch((error: unknown) => {
      logger.error(logFields(asTramError(error)), 'queues not read')
    })
  })
  directory.onChange(() => {
    sealer.wake()
    Promise.all([switchboard.dropStrangers(), courier.retryAll()]).catch((error: unknown) => {
      logger.error(logFields(asTramError(error)), 'the new directory is not in force on every link yet')
    })
  })
  const incoming = new IncomingParts({ records, packets, clock, logger })
  const retention = new Retention(
    {
      keepMs: config.exchange.retention_days * dayMs,
      intervalMs: hourMs,
      quarantineFolder: paths.quarantine,
      // One packet of any size is still there when somebody comes to look why it was damaged.
      maxQuarantineBytes: config.store.max_packet_bytes,
    },
    { records, packets, owners, inbox, outbox, incoming, audit, clock, logger, decisions },
  )
  const sent = new SentRegister({ station: own.station }, { records, outbox, statuses, directory })
  const tracing = new Tracing({ records, sent, outbox, inbox, statuses })
  const requests = new DirectoryRequests({ station: own.station }, { records, directory, audit, clock, logger })
  const desk = new OfficeDesk({ intake, inbox, sent, directory, requests })
  const vxp = new VxpServer({ ...config.vxp, backends: config.backend }, { desk, logger, clock })

  const power = upsParts(config.ups, { intake, reception, audit, clock, logger })

  const counts = new DirectoryCounts({ directory })
  const deliveries = new OpenDeliveries({ records, outbox })
  const heartbeats = supervisor.heartbeats(records, paths)
  const updates = await updateParts(config, paths, { space, clock: systemClock, logger })
  const watched = watchStation(config, {
    ...{ records, audit, space, token, timedToken, sealer, courier, switchboard, directory, counts, deliveries },
    ...{ box, ups: power?.guard, chain, clock, logger },
    sources: () => [
      ...[recovery, reports, scrapes, updates, ...heartbeats],
      ...(power === undefined ? [] : [power.guard]),
      ...(panel === undefined ? [] : [panel.pages]),
    ],
    tell: (events) => {
      supervisor.note(events)
      return reports.tell(events)
    },
    eventsWaiting: () => reports.waiting(),
  })
  const panel = panelParts(config, { report: () => watched.watch.current(), logger })
  const reports = brokerParts(config, {
    ...{ records, sequence, clock, logger },
    report: () => watched.watch.current(),
    state: () => watched.state.values(),
    peerId: () => network.peerId,
    slot: updates.slot,
    inventoryCommand: commands.inventory,
  })
  const scrapes = prometheusParts(config, {
    ...{ clock, logger },
    report: () => watched.watch.current(),
    state: () => watched.state.values(),
  })
  const evidence = new EvidenceCollector({ trust }, { records, packets, directory, sent, inbox, outbox })
  const api = new RestServer(
    { socketPath: paths.apiSocket, dataFolder: config.station.data_folder, backends: config.backend },
    {
      desk,
      inbox,
      tracing,
      documents: new DocumentAccess({ sent, inbox, packets, intake }),
      deliveries,
      directory,
      requests,
      counts,
      audit,
      trustClock: () => clock.trust(audit),
      health: watched.health,
      state: watched.state,
      token,
      pins: new PinEntry(own.station, { token, audit, clock }),
      lights: watched.lights,
      backup: new BackupSource(paths, { records, audit, clock }),
      collectEvidence: (id) => evidence.collect(id),
      writeEvidence: (found, zipStream) => exportEvidence(found, { zipStream }),
      clock,
      logger,
    },
  )

  const services: Service[] = [
    watched.lights,
    space,
    records,
    step('losses', () => recovery.prepare()),
    chrony,
    box,
    clock,
    step('sequence', () => sequence.start()),
    audit,
    step('configuration', () => noteConfiguration(own.station, config, { records, audit })),
    step('incoming packets', () => incoming.sweep()),
    directory,
    step('installed directory', () => importInstalled(config.trust.directory_file, directory, logger)),
    requests,
    ...(signer === undefined ? [] : [signer]),
    token,
    sealer,
    network,
    directories,
    courier,
    recovery,
    scrub,
    retention,
    ...(power?.services ?? []),
    vxp,
    ...(panel?.services ?? []),
    ...watched.before,
    ...reports.services,
    api,
    ...watched.after,
    ...scrapes.services,
    ...updates.services,
    ...heartbeats,
  ]
  return { services, vxp, network }
}
