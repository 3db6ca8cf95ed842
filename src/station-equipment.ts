// Part of the composition root: what stands under a station before anything is exchanged. Certificates, disk, store, token, box, clock.
import { systemClock } from './base/clock.ts'
import type { Logger } from './base/logger.ts'
import type { DataPaths } from './base/paths.ts'
import type { Config } from './config.ts'
import { ChronyClock } from './equipment/host/chrony-clock.ts'
import { LinuxBox } from './equipment/host/linux-box.ts'
import { DiskSpace } from './equipment/store/disk-space.ts'
import { FilePacketStore } from './equipment/store/file-packet-store.ts'
import { LevelStore, type LevelStoreDeps } from './equipment/store/level-store.ts'
import { SignerClient } from './equipment/token/signer-client.ts'
import { SignerProcess } from './equipment/token/signer-process.ts'
import { TimedToken } from './exchange/health/timed-token.ts'
import { TrustedClock } from './exchange/time/trusted-clock.ts'
import { readCertificates, readTrust } from './trust-files.ts'

export interface EquipmentOptions {
  /** argv of the signer, without `--config`; used when `[token] start_signer` is set. */
  signerCommand: readonly string[]
  /** Hears of damaged records. Not called before the store starts. */
  onDamage: NonNullable<LevelStoreDeps['onDamage']>
  logger: Logger
}

/**
 * Reads the certificates and makes the parts; starts none of them.
 * @throws TramError when a certificate file cannot be read
 */
export async function installEquipment(config: Config, paths: DataPaths, options: EquipmentOptions) {
  const { signerCommand, onDamage, logger } = options
  const trust = await readTrust(config.trust)
  const chain = await readCertificates(config.token.chain_files)

  const space = new DiskSpace(
    {
      folder: config.station.data_folder,
      ballastFile: paths.ballast,
      ballastBytes: config.store.ballast_bytes,
      watermarkBytes: config.store.watermark_bytes,
      statusReserveBytes: config.store.status_reserve_bytes,
      checkIntervalMs: 5_000,
    },
    { logger },
  )
  const records = new LevelStore(
    { folder: paths.store, quarantineFolder: paths.quarantine },
    {
      logger,
      clock: systemClock,
      onDiskFull: () => space.freeBallast(),
      onDamage,
    },
  )
  const packets = new FilePacketStore(
    { packetsFolder: paths.packets, incomingFolder: paths.incoming, maxPacketBytes: config.store.max_packet_bytes },
    { records, space, logger },
  )
  const signer = config.token.start_signer
    ? new SignerProcess({ command: [...signerCommand, '--config', config.file] }, { logger })
    : undefined
  const token = new SignerClient({ socketPath: paths.signerSocket }, { logger, clock: systemClock })
  const timedToken = new TimedToken(token, systemClock)
  const chrony = new ChronyClock(
    { port: config.box.chrony_port, program: config.box.chronyc },
    { clock: systemClock, logger },
  )
  const box = new LinuxBox(
    {
      procFolder: config.box.proc_folder,
      sysFolder: config.box.sys_folder,
      dataFolder: config.station.data_folder,
    },
    { clockReadings: () => chrony.readings(), signerPid: () => signer?.pid },
  )
  const clock = new TrustedClock({ system: systemClock, records, logger, synchronisation: () => chrony.state() })

  return { trust, chain, space, records, packets, signer, token, timedToken, chrony, box, clock }
}
