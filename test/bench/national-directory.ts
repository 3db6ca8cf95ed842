// A directory as large as the country's: for the figures about what a station costs that carries it.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { LabNetwork } from '../../scripts/lab-network.ts'
import { prepareCms } from '../../src/document/cms.ts'
import { sha256 } from '../../src/document/document-id.ts'
import { type AgencyEntry, StationDescriptor } from '../../src/document/schema/directory.ts'
import { wrapSignedContent } from '../../src/document/signed-content.ts'
import { peerIdFromKeyFile } from '../../src/equipment/link/libp2p-identity.ts'
import { issueLeaf, type TestCertificate } from '../fixtures/pki/test-pki.ts'
import { agency, labCa, writeDirectory } from '../fixtures/station/lab-changes.ts'

/** Builds version 2 of the lab's directory, with so many stations and units, the lab's own among them. Returns its file. */
export async function writeNationalDirectory(
  network: LabNetwork,
  counts: { stations: number; units: number },
): Promise<string> {
  const ca = await labCa(network)
  const keys = join(network.folder, 'others')
  await mkdir(keys)
  const otherDescriptors: Uint8Array[] = []
  const stationIds = network.stations.map(({ id }) => id)
  for (let at = stationIds.length; at < counts.stations; at++) {
    const id = `tram-${at}`
    stationIds.push(id)
    otherDescriptors.push(await descriptorOf(id, at, join(keys, id), ca))
  }
  const own = network.stations.flatMap(({ id, agencyCodes }) => agencyCodes.map((code) => agency(code, id)))
  const units = Array.from({ length: counts.units - own.length }, (_, at) => unit(at, stationIds))
  const file = 'national.tramdir'
  return await writeDirectory(network, { version: 2, file, otherDescriptors, agencies: [...own, ...units] })
}

/** Unit `at`: one in a hundred heads the ninety-nine that follow. */
function unit(at: number, stationIds: readonly string[]): AgencyEntry {
  const head = at - (at % 100)
  const code = (number: number) => `K${number % 89}.${number}`
  return agency(code(at), stationIds[head % stationIds.length] ?? '', {
    code102: `000.${at % 100}.${Math.floor(at / 100)}.K${at % 89}`,
    name: `Phòng Tổ chức cán bộ số ${at}, Ủy ban nhân dân huyện thứ ${head}`,
    mail: `vanthu${at}@k${at % 89}.example.vn`,
    parent: at === head ? '' : code(head),
    id: at + 1000,
    pid: at === head ? 0 : head + 1000,
    level: at === head ? 2 : 3,
  })
}

/** What a station says of itself, signed by a soft token. It cannot be reached. */
async function descriptorOf(id: string, at: number, keyFile: string, ca: TestCertificate): Promise<Uint8Array> {
  const { scheme, certificateDer, sign } = await issueLeaf(ca, { commonName: id })
  const station = {
    id,
    name: `Trạm thứ ${at}`,
    generation: 1,
    peerKeys: [{ peerId: await peerIdFromKeyFile(keyFile) }],
    certificates: [{ sha256: Buffer.from(sha256(certificateDer)), der: Buffer.from(certificateDer) }],
    addresses: [`/ip4/127.0.0.1/tcp/${1 + (at % 8)}`],
  }
  const descriptor = StationDescriptor.encode({ format: 1, created: Date.now(), station, agencies: [] })
  const content = wrapSignedContent('descriptor', descriptor)
  const chain = [ca.certificateDer]
  const prepared = prepareCms({ content, scheme, certificate: certificateDer, chain, signingTimeMs: Date.now() })
  return prepared.finish(sign(prepared.digest))
}
