// Where things lie in a data folder, and in the signer's. Pure: folders in, names out.
import { join } from 'node:path'

export interface DataPaths {
  /** LevelDB. */
  store: string
  /** Packets above 64 KiB, by digest. */
  packets: string
  /** Packets on their way in: temporary and resumable files. */
  incoming: string
  /** The directory file in use. */
  directory: string
  /** Updates that are being fetched. */
  update: string
  /** An update that is being handed in. */
  upload: string
  /** A restore that has begun, and is dropped when it did not get to its end. */
  restoring: string
  /** A restore that is whole and verified, and not in its place yet: a station must not start beside it. */
  restored: string
  /** What a restore has replaced, a folder each. */
  replaced: string
  /** Copies of damaged files. */
  quarantine: string
  /** Bytes to give up when the disk is full. */
  ballast: string
  /** The REST API's Unix socket. */
  apiSocket: string
  /** The signer's Unix socket. */
  signerSocket: string
  /** Where the signer's watchdog answers. */
  signerAlive: string
  /** Written while the store has failed: whether the disk still takes anything. */
  diskProbe: string
  /** The signer's PIN intents and latch. */
  pinState: string
  /** The libp2p identity (protobuf private key, mode 0600). */
  peerKey: string
}

/**
 * The names inside `dataFolder`.
 * @param signerFolder where the signer, as a user of its own, keeps what is the signer's
 */
export function dataPaths(dataFolder: string, signerFolder = dataFolder): DataPaths {
  return {
    store: join(dataFolder, 'store'),
    packets: join(dataFolder, 'packets'),
    incoming: join(dataFolder, 'incoming'),
    directory: join(dataFolder, 'directory'),
    update: join(dataFolder, 'update'),
    upload: join(dataFolder, 'upload'),
    restoring: join(dataFolder, 'restoring'),
    restored: join(dataFolder, 'restored'),
    replaced: join(dataFolder, 'replaced'),
    quarantine: join(dataFolder, 'quarantine'),
    ballast: join(dataFolder, 'ballast'),
    apiSocket: join(dataFolder, 'api.sock'),
    signerSocket: join(signerFolder, 'signer.sock'),
    signerAlive: join(signerFolder, 'signer.live'),
    diskProbe: join(dataFolder, 'disk-probe'),
    pinState: join(signerFolder, 'pin-state'),
    peerKey: join(dataFolder, 'peer.key'),
  }
}
