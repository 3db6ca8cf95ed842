// What a province has round its boxes: a certification authority, the authority that signs the directory, a broker, and a time server.
// Made once below a folder and found again, so that a run that goes on later meets the same boxes.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type LabNetwork, makeLabNetwork } from '../../scripts/lab-network.ts'
import { type KitBroker, openKitBroker } from '../fixtures/mqtt/kit-broker.ts'
import type { TestCertificate } from '../fixtures/pki/test-pki.ts'
import { bundledSigner } from '../fixtures/station/bundle.ts'
import { agency, labCa, writeDirectory } from '../fixtures/station/lab-changes.ts'
import type { Stick } from './stick.ts'
import { benchAddress, subnet } from './wire.ts'

/** An office with a box of its own. */
export interface BoxOffice {
  /** Of the station. */
  id: string
  name: string
  agencyCode: string
  address: string
  secret: string
}

/** What a station listens at, on every box. */
export const linkPort = 4101
export const vxpPort = 8080

export class Ground {
  readonly folder: string
  readonly #network: LabNetwork
  readonly #chronyd: ChildProcess
  readonly broker: KitBroker

  private constructor(folder: string, network: LabNetwork, broker: KitBroker, chronyd: ChildProcess) {
    this.folder = folder
    this.#network = network
    this.broker = broker
    this.#chronyd = chronyd
  }

  /** @param offices whose boxes report to the broker */
  static async open(folder: string, offices: readonly BoxOffice[]): Promise<Ground> {
    await mkdir(folder, { recursive: true })
    const network = await makeLabNetwork(join(folder, 'authority'), [], {
      signerCommand: bundledSigner,
      // A directory is never empty; nobody is sent this first one.
      otherAgencies: offices.map(({ agencyCode }) => agency(agencyCode, '')),
    })
    const place = { address: benchAddress, stationPort: 8883, operatorPort: 8884, folder: join(folder, 'broker') }
    const broker = await openKitBroker(
      offices.map(({ id }) => id),
      undefined,
      place,
    )
    const configFile = join(folder, 'chrony.conf')
    await writeFile(
      configFile,
      `local stratum 3\nallow ${subnet}\nport 123\ncmdport 0\nbindcmdaddress ${folder}/chrony.sock\npidfile ${folder}/chrony.pid\n`,
    )
    // -x: this machine's clock is not touched; it only tells it.
    const chronyd = spawn('chronyd', ['-x', '-d', '-u', 'root', '-f', configFile], {
      env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    return new Ground(folder, network, broker, chronyd)
  }

  /** The certification authority of the stations' keys. */
  certificationAuthority(): Promise<TestCertificate> {
    return labCa(this.#network)
  }

  /** Puts the anchors onto a stick, as tram.toml below names them, and the certificate for the broker. */
  async writePki(stick: Stick, office: BoxOffice): Promise<void> {
    const { ca_file, certificate_file, key_file } = this.broker.optionsOf(office.id)
    await stick.copy('pki/root.pem', this.#network.rootFile)
    await stick.copy('pki/sub-ca.pem', this.#network.subCaFile)
    await stick.copy('pki/authority.pem', this.#network.authority.certificateFile)
    await stick.copy('pki/broker-ca.pem', ca_file)
    await stick.copy('pki/broker.pem', certificate_file)
    await stick.copy('pki/broker.key', key_file)
  }

  /** The authority lists these stations, by their descriptors, and signs. @returns the directory's file */
  async signDirectory(
    version: number,
    descriptors: readonly Uint8Array[],
    offices: readonly BoxOffice[],
  ): Promise<Buffer> {
    const file = await writeDirectory(this.#network, {
      ...{ version, file: `directory-${version}.tramdir`, stations: [], otherDescriptors: descriptors },
      agencies: offices.map(({ agencyCode, id }) => agency(agencyCode, id)),
    })
    return readFile(file)
  }

  async close(): Promise<void> {
    await this.broker.remove()
    if (this.#chronyd.exitCode === null) {
      const ended = once(this.#chronyd, 'exit')
      this.#chronyd.kill('SIGTERM')
      await ended
    }
  }
}
