// From a card as it comes out of the build to a station that seals: what a technician puts on the card, what the authorities answer.
import { createPublicKey } from 'node:crypto'
import 'reflect-metadata'
import { Pkcs10CertificateRequest } from '@peculiar/x509'
import { toPem } from '../fixtures/pki/test-pki.ts'
import { leafCertificate } from '../fixtures/softhsm/leaf-certificate.ts'
import type { Bench } from './bench.ts'
import type { Box } from './box.ts'
import { linkPort, vxpPort } from './ground.ts'
import type { Step } from './progress.ts'
import { enrolled, isCommitted, looksAtSticks, mountFile, stickIsFree } from './steps-running.ts'
import { Stick } from './stick.ts'
import { benchAddress, prefixBits } from './wire.ts'

const requested = 'first-boot'
/** Programs start slowly where every instruction is translated, and a visit restarts the station. */
const visitMs = 1_200_000

export const firstBootSteps: readonly Step<Bench>[] = [
  {
    name: requested,
    claim: 'a card or a stick with a tram.toml makes a box with a network, a token and a request, without a keyboard',
    async run(bench) {
      const { a, b } = bench
      await a.insertDisk(bench.products.card)
      const card = Stick.inCard(a.machine.options.disk)
      await fill(bench, a, card)
      await a.start()
      const finished = 'systemctl show --value -p ExecMainExitTimestampMonotonic tram-first-boot.service | grep -qvx 0'
      await a.machine.until(finished, visitMs)
      const journal = 'journalctl --no-pager -o cat -n 40 -u tram-first-boot.service; false'
      const fromCard = await a.machine.ask(`cat /boot/firmware/tram-result.txt || { ${journal}; }`)
      await b.insertDisk(bench.products.card)
      await b.start()
      const stick = await stickOf(bench, b)
      await fill(bench, b, stick)
      const fromStick = await visit(b, stick)
      await bench.save(requested)
      const left = [await card.list(), await stick.list()].join('\n').match(/qlvb\.secret|broker\.key/g)
      if (left !== null) throw new Error(`left on the medium: ${left.join(', ')}`)
      return `${fingerprintIn(a, fromCard)} from its card, ${fingerprintIn(b, fromStick)} from a stick`
    },
  },
  {
    name: enrolled,
    claim: 'with its certificate and the directory on a stick, each box seals, and its software is committed',
    async run(bench) {
      await bench.runningSince(requested)
      const descriptors = []
      for (const box of bench.boxes) {
        // From where the box has put it: A's card, B's stick, which is formatted next.
        const request = await requestOf(bench, box)
        const stick = await stickOf(bench, box)
        await fill(bench, box, stick)
        await stick.write(`${box.office.id}.crt.pem`, await certificateFor(bench, box, request))
        const told = await visit(box, stick)
        const descriptor = await stick.read(`${box.office.id}.tramdesc`).catch(() => undefined)
        if (descriptor === undefined) throw new Error(`no descriptor: ${told}`)
        descriptors.push(descriptor)
      }
      const offices = bench.boxes.map(({ office }) => office)
      const directory = await bench.ground.signDirectory(2, descriptors, offices)
      // Either way that there is: a stick for a technician, a command for whoever has a shell.
      const { a, b } = bench
      await mountFile(bench, a, directory, 'directory.tramdir')
      await a.machine.ask('tram directory import /run/bench/directory.tramdir && umount /run/bench')
      await a.machine.pullOut()
      const stick = await stickOf(bench, b)
      await fill(bench, b, stick, directory)
      await visit(b, stick)
      for (const box of bench.boxes) {
        await box.machine.until(isCommitted, visitMs)
        const failed = await box.machine.ask('tram doctor --json | grep -c \'"state": *"fail"\' || true')
        if (failed !== '0') throw new Error(await box.machine.ask('tram doctor --lang en || true'))
      }
      await bench.save(enrolled)
      return 'each seals, passes tram doctor, and is committed'
    },
  },
]

const stickOf = (bench: Bench, { office }: Box): Promise<Stick> =>
  Stick.format(`${bench.folder}/${office.id}-stick.img`)

/** What a technician copies onto a medium; secrets only once. */
async function fill(bench: Bench, box: Box, medium: Stick, directory?: Buffer): Promise<void> {
  await bench.ground.writePki(medium, box.office)
  await medium.write('qlvb.secret', `${box.office.secret}\n`)
  if (directory !== undefined) await medium.write('pki/directory.tramdir', directory)
  await medium.write('tram.toml', tramToml(bench, box, directory !== undefined))
}

/** Plugs the stick in, waits until the box has done what it asks for, and pulls it out. @returns its tram-result.txt */
async function visit(box: Box, stick: Stick): Promise<string> {
  const before = Number(await box.machine.ask(looksAtSticks))
  await box.machine.plugIn(stick.file)
  await box.machine.until(`[ $(${looksAtSticks}) -gt ${before} ]`, visitMs)
  await stickIsFree(box)
  await box.machine.pullOut()
  const result = (await stick.read('tram-result.txt')).toString()
  if (!result.includes('THE CONFIGURATION WAS TAKEN') || !result.includes('\r\n')) throw new Error(result)
  return result
}

function fingerprintIn(box: Box, result: string): string {
  const found = /Fingerprint: ([A-Z2-7-]+)/.exec(result)?.[1]
  if (found === undefined) throw new Error(`${box.office.id}: ${result}`)
  return `${box.office.id} ${found}`
}

/** The request that the box has written when it made its token. */
async function requestOf(bench: Bench, box: Box): Promise<Buffer> {
  const name = `${box.office.id}.csr.pem`
  if (box === bench.a) return Buffer.from(await box.machine.ask(`cat /boot/firmware/${name}`))
  return Stick.at(`${bench.folder}/${box.office.id}-stick.img`).read(name)
}

/** What the certificate authority answers to a request. */
async function certificateFor(bench: Bench, box: Box, pem: Buffer): Promise<string> {
  const request = new Pkcs10CertificateRequest(pem.toString())
  if (!(await request.verify())) throw new Error(`the request of ${box.office.id} is not signed by its own key`)
  const publicKey = createPublicKey({ key: Buffer.from(request.publicKey.rawData), format: 'der', type: 'spki' })
  const issuer = await bench.ground.certificationAuthority()
  return toPem(await leafCertificate({ issuer, publicKey, commonName: box.office.id }))
}

function tramToml(bench: Bench, { office, machine }: Box, hasDirectory: boolean): string {
  const { url, site } = bench.ground.broker.optionsOf(office.id)
  return `[station]
id = "${office.id}"
name = "${office.name}"
data_folder = "/var/lib/tram/station"

[first_boot]
pin = "24681357"
make_token = true

[network]
hostname = "tram-${office.id}"
ntp = ["${benchAddress}"]

[[interface]]
mac = "${machine.options.mac}"
addresses = ["${office.address}/${prefixBits}"]

[token]
module = "/usr/lib/softhsm/libsofthsm2.so"
label = "${office.id}"
key_id = "01"
folder = "/var/lib/tram/signer"
pin_file = "/run/credentials/tram-signer.service/tram.pin"
chain_files = ["pki/sub-ca.pem"]

[trust]
anchors = ["pki/root.pem"]
intermediates = ["pki/sub-ca.pem"]
authority_certificates = ["pki/authority.pem"]
${hasDirectory ? 'directory_file = "pki/directory.tramdir"\n' : ''}
[link]
listen = ["/ip4/0.0.0.0/tcp/${linkPort}"]
announce = ["/ip4/${office.address}/tcp/${linkPort}"]

[vxp]
listen = "0.0.0.0:${vxpPort}"

[[backend]]
systemid = "qlvb-${office.id}"
secret_file = "qlvb.secret"
agencies = ["${office.agencyCode}"]
addresses = ["${benchAddress}"]

[mqtt]
url = "${url}"
site = "${site}"
ca_file = "pki/broker-ca.pem"
certificate_file = "pki/broker.pem"
key_file = "pki/broker.key"
`
}
