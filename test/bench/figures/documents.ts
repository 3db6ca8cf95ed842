// How many small documents pass from station to station, receipts and all, beside what one of the two tokens could sign alone.
import { join } from 'node:path'
import { createSoftHsmToken } from '../../fixtures/softhsm/softhsm-token.ts'
import { type Figure, secondsOf } from '../figure.ts'
import { RestLoad, smallPackets } from '../rest-load.ts'
import { apiSocketOf, cpuSecondsOf, memoryOfOffice, type StationPair, startPair } from '../station-pair.ts'

const target = 1.5
const keyId = '01'

export const figure: Figure = {
  id: 'documents',
  title:
    'Documents of 4 KB from handing in to the receipt stored, 256 in flight ÷ signatures of one SoftHSM session, RSA-3072',
  target: `≥ ${target}`,
  async run({ folder, isQuick, say }) {
    const key = { id: keyId, type: 'rsa:3072' } as const
    const token = await createSoftHsmToken(join(folder, 'token'), { label: 'bench', pin: '123456', keys: [key] })
    const rate = () => token.signatureRate(keyId, isQuick ? 20 : 2000)
    const rateBefore = await rate()
    const [warmUp, count] = isQuick ? [50, 300] : [3000, 10_000]
    const pair = await startPair(join(folder, 'lab'))
    const load = new RestLoad(pair.sender, {
      socketPath: apiSocketOf(pair.sender),
      connections: 64,
      inFlight: 256,
      packet: smallPackets(pair.sender.code, pair.recipient.code, 4096),
    })
    let seconds: number
    let cpu: Costs
    let memory: number[]
    try {
      await load.open()
      // The link, and code that is not compiled yet.
      await load.deliver(warmUp)
      say('measuring')
      const before = await costsOf(pair)
      seconds = await secondsOf(() => load.deliver(count))
      cpu = difference(await costsOf(pair), before)
      memory = await Promise.all([memoryOfOffice(pair.sender), memoryOfOffice(pair.recipient)])
      const received = await pair.recipient.kit.getReceivedEdocList({ ...documents, pageSize: 1, pageIndex: 1 })
      if (received.data.length === 0) throw new Error('the recipient lists nothing')
    } finally {
      load.close()
      await pair.stop()
    }
    // On either side of it: whoever takes the processor meanwhile takes it from both.
    const signatures = (rateBefore + (await rate())) / 2
    const speed = count / seconds
    const ms = (spent: number) => (spent * 1000) / count
    const [ofSender = 0, ofRecipient = 0] = memory
    return {
      values: [
        { name: 'documents a second', value: speed, unit: '/s' },
        { name: 'processor time a document, sender', value: ms(cpu.sender), unit: 'ms' },
        { name: 'processor time a document, recipient', value: ms(cpu.recipient), unit: 'ms' },
        { name: 'processor time a document, both signers', value: ms(cpu.signers), unit: 'ms' },
        { name: 'processor time a document, load generator', value: ms(cpu.load), unit: 'ms' },
        { name: 'PSS of sender and its signer afterwards', value: ofSender, unit: 'MB' },
        { name: 'PSS of recipient and its signer afterwards', value: ofRecipient, unit: 'MB' },
      ],
      baseline: { name: 'signatures one after the other in one session, alone', value: signatures, unit: '/s' },
      ratio: speed / signatures,
      met: speed / signatures >= target,
      bounds:
        'Two stations, two signers and the load share the two cores: what bounds the figure is the sum of their processor times a document.',
    }
  },
}

const documents = { serviceType: 'eDoc', messageType: 'edoc' }

/** Processor seconds. */
interface Costs {
  sender: number
  recipient: number
  signers: number
  load: number
}

async function costsOf({ sender, recipient }: StationPair): Promise<Costs> {
  const [one, other] = await Promise.all([cpuSecondsOf(sender), cpuSecondsOf(recipient)])
  const { user, system } = process.cpuUsage()
  return {
    sender: one.station,
    recipient: other.station,
    signers: one.signer + other.signer,
    load: (user + system) / 1e6,
  }
}

function difference(after: Costs, before: Costs): Costs {
  return {
    sender: after.sender - before.sender,
    recipient: after.recipient - before.recipient,
    signers: after.signers - before.signers,
    load: after.load - before.load,
  }
}
