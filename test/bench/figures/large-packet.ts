// A packet of 500 MB on its way from station to station, beside the same bytes over bare mutual TLS with the same hashes and syncs.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { keyUsage, makeCertificate, toPem, toPrivatePem } from '../../fixtures/pki/test-pki.ts'
import { VxpKit } from '../../fixtures/vxp-kit/vxp-kit.ts'
import { type Figure, secondsOf } from '../figure.ts'
import { writeLargePacket } from '../large-packet.ts'
import { leftRecords } from '../left-records.ts'
import { cpuSecondsOf, startPair } from '../station-pair.ts'

const target = 0.5

export const figure: Figure = {
  id: 'large-packet',
  title: 'A packet of 500 MB, offer to receipt, ÷ bare mutual TLS with the same two hashes and a sync a chunk',
  target: `≥ ${target}`,
  async run({ folder, isQuick, say }) {
    const packet = join(folder, 'packet')
    await writeLargePacket(packet, { from: 'G22', to: 'H41', number: 1, bytes: isQuick ? 3e6 : 500e6 })
    const megabytes = (await stat(packet)).size / 1e6
    const pki = await makeTlsFolder(join(folder, 'tls'))
    const bareBefore = await bareTransfer(pki, packet, join(folder, 'copy'))
    const pair = await startPair(join(folder, 'lab'))
    let intakeSeconds: number
    let cpu: { station: number; signer: number }[]
    try {
      const kit = new VxpKit({ endpoint: pair.sender.endpoint, ...pair.sender.station.backend })
      let docId = ''
      intakeSeconds = await secondsOf(async () => {
        const answer = await kit.sendEdoc(packet, { from: pair.sender.code })
        if (answer.status !== 'OK') throw new Error(JSON.stringify(answer))
        docId = answer.DocId
      })
      kit.close()
      say(`handed in after ${intakeSeconds.toFixed(1)} s`)
      const closed = await pair.sender.process.seen((line) => line.step === 'closed' && line.document === docId)
      if (closed.refused !== false) throw new Error(`refused: ${JSON.stringify(closed)}`)
      cpu = await Promise.all([cpuSecondsOf(pair.sender), cpuSecondsOf(pair.recipient)])
    } finally {
      await pair.stop()
    }
    const { deliveries } = await leftRecords(pair.sender)
    const [delivery] = deliveries
    if (delivery === undefined || delivery.offeredAt === 0) throw new Error('the delivery was not offered')
    const seconds = (delivery.closedAt - delivery.offeredAt) / 1000
    const bareAfter = await bareTransfer(pki, packet, join(folder, 'copy'))
    // On either side of it: a disk that grows slower meanwhile must not flatter the figure.
    const bare = megabytes / ((bareBefore + bareAfter) / 2)
    const speed = megabytes / seconds
    const share = (at: number) => (cpu[at]?.station ?? 0).toFixed(1)
    return {
      values: [
        { name: 'size of the packet', value: megabytes, unit: 'MB' },
        { name: 'offer to receipt stored', value: speed, unit: 'MB/s' },
        {
          name: 'offer to all bytes stored by the recipient',
          value: megabytes / ((delivery.storedAt - delivery.offeredAt) / 1000),
          unit: 'MB/s',
        },
        { name: 'intake over VXP, apart', value: megabytes / intakeSeconds, unit: 'MB/s' },
      ],
      baseline: { name: 'bare mutual TLS between two processes', value: bare, unit: 'MB/s' },
      ratio: speed / bare,
      met: speed / bare >= target,
      bounds:
        `Processor: the sender has spent ${share(0)} s (intake included), the recipient ${share(1)} s. The packet passes noise and yamux, ` +
        'frames of 60 KiB with credits, and at either station a look at each base64 digit.',
    }
  },
}

/** A CA and one certificate for both ends. */
async function makeTlsFolder(folder: string): Promise<string> {
  await mkdir(folder)
  const ca = await makeCertificate({
    name: 'CN=bench CA',
    keyAlgorithm: 'ec-p256',
    basicConstraints: { ca: true },
    keyUsage: keyUsage.keyCertSign,
  })
  const leaf = await makeCertificate({
    name: 'CN=bench',
    keyAlgorithm: 'ec-p256',
    issuer: ca,
    basicConstraints: { ca: false },
    keyUsage: keyUsage.digitalSignature,
  })
  await writeFile(join(folder, 'ca.pem'), toPem(ca.certificateDer))
  await writeFile(join(folder, 'certificate.pem'), toPem(leaf.certificateDer))
  await writeFile(join(folder, 'key.pem'), toPrivatePem(leaf.key.privateKey))
  return folder
}

/** Sends the file from one process to another and returns the seconds that it took. */
async function bareTransfer(pki: string, file: string, copy: string): Promise<number> {
  const program = join(import.meta.dirname, '../raw-transfer.ts')
  const run = (...argv: string[]) =>
    spawn(process.execPath, ['--no-warnings', program, ...argv], { stdio: ['ignore', 'pipe', 'inherit'] })
  const receiver = run('receive', pki, copy)
  const received = endOf(receiver)
  const [port] = (await once(receiver.stdout, 'data')) as [Buffer]
  const sent = await endOf(run('send', pki, file, port.toString().trim()))
  await received
  await rm(copy)
  return Number(sent)
}

/** What a process has printed when it ends well. */
async function endOf(child: ChildProcess): Promise<string> {
  let text = ''
  child.stdout?.setEncoding('utf8').on('data', (piece: string) => {
    text += piece
  })
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== 0) throw new Error(`a process of the baseline ended with ${code}`)
  return text
}
