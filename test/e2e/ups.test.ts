// A station on a UPS, as real processes: the mains fails and the battery runs low while documents come in. Nothing acknowledged is
// lost, refusals are clear, and the work goes on when the mains is back.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeLabNetwork } from '../../scripts/lab-network.ts'
import { buildPacket } from '../fixtures/edxml/build-packet.ts'
import { PtyEnd } from '../fixtures/serial/pty-end.ts'
import { SimulatedPanel } from '../fixtures/serial/simulated-panel.ts'
import { SimulatedUps } from '../fixtures/serial/simulated-ups.ts'
import { bundledSigner } from '../fixtures/station/bundle.ts'
import { callApi, freshKit, setOption } from '../fixtures/station/lab-changes.ts'
import { type Office, officesOf, until } from '../fixtures/station/office.ts'

let folder: string
let sender: Office
let recipient: Office
let cable: PtyEnd
let ups: SimulatedUps
let panelCable: PtyEnd
let panel: SimulatedPanel
const documents = { serviceType: 'eDoc', messageType: 'edoc' }

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tram-ups-'))
  const wishes = [
    { id: 'g22', name: 'Văn phòng Chính phủ', agencyCodes: ['G22'] },
    { id: 'h41', name: 'UBND tỉnh Nghệ An', agencyCodes: ['H41'] },
  ]
  const network = await makeLabNetwork(folder, wishes, { logLevel: 'debug', signerCommand: bundledSigner })
  const [first, second] = network.stations
  if (first === undefined || second === undefined) throw new Error('two stations were asked for')
  const line = join(folder, 'ups')
  cable = new PtyEnd(line)
  ups = new SimulatedUps(cable)
  await setOption(first, 'ups', 'line', line)
  panelCable = new PtyEnd(join(folder, 'panel'))
  panel = new SimulatedPanel(panelCable)
  await panelCable.plug()
  await setOption(first, 'panel', 'line', join(folder, 'panel'))
  await setOption(first, 'ups', 'poll_seconds', 1)
  await setOption(first, 'ups', 'resume_seconds', 2)
  await setOption(first, 'ups', 'power_off_command', ['touch', join(folder, 'switched-off')])
  ;[sender, recipient] = officesOf(network) as [Office, Office]
  // The cable is not in yet: that is a condition, and no reason not to start.
  await Promise.all([sender.process.start(), recipient.process.start()])
})

afterAll(async () => {
  await Promise.all([sender?.process.stop(), recipient?.process.stop()])
  await cable?.unplug()
  await panelCable?.unplug()
  await rm(folder, { recursive: true, force: true })
})

let number = 0
function nextPacket(from: string, to: string): Buffer {
  number += 1
  return buildPacket({
    ...{ dialect: 'plain', from, to: [to], codeNumber: String(number), codeNotation: 'CT-TTg' },
    subject: `Văn bản số ${number}`,
    attachments: [{ name: 'a.pdf', contentType: 'application/pdf', bytes: Buffer.alloc(100_000, `${number} `) }],
  })
}

async function powerCodes(): Promise<string[]> {
  const { answer } = await callApi(sender, 'GET', '/v1/health')
  return (answer.conditions as { code: string }[]).map(({ code }) => code).filter((code) => code.startsWith('UPS_'))
}
const untilPower = (...codes: string[]) =>
  until(
    async () => ((await powerCodes()).join() === codes.join() ? true : undefined),
    async () => `waiting for [${codes}], there is [${await powerCodes()}]`,
  )

describe('a station on a UPS', () => {
  test('says when the UPS does not answer, until it does', async () => {
    await untilPower('UPS_SILENT')
    const shows = (row: number, text: string) =>
      until(
        async () => (panel.rows[row]?.trimEnd() === text ? true : undefined),
        async () => `the panel shows ${JSON.stringify(panel.rows)}`,
      )
    await shows(0, 'Van phong Chinh phu')
    await shows(2, 'UPS-SILENT')
    panel.press(2)
    await shows(0, '1/1 UPS noi o')
    await cable.plug()
    await untilPower()
    await shows(2, 'Khong co loi')
  })

  test('warns on battery, takes nothing when it runs low, loses nothing, and goes on when the mains is back', async () => {
    const acknowledged = new Map<string, Buffer>()
    let refusal: { ErrorCode: string; ErrorDesc: string } | undefined
    let isOver = false
    // Four backends that hand in as fast as they can, until they are refused.
    const load = Array.from({ length: 4 }, async () => {
      const kit = freshKit(sender)
      while (!isOver) {
        const packet = nextPacket('000.00.00.G22', '000.00.00.H41')
        const answer = await kit.sendEdoc(packet, { from: sender.code, ...documents })
        if (answer.status === 'OK') acknowledged.set(answer.DocId, packet)
        else {
          refusal ??= answer
          return
        }
      }
    })
    await until(
      async () => (acknowledged.size > 10 ? true : undefined),
      async () => 'no load',
    )
    ups.power(false)
    await untilPower('UPS_ON_BATTERY')
    const onBattery = acknowledged.size
    await until(
      async () => (acknowledged.size > onBattery ? true : undefined),
      async () => 'nothing is taken on battery',
    )
    const safe = sender.process.seen(({ step }) => step === 'safe-state')
    ups.power(false, true)
    await Promise.all(load)
    isOver = true
    await safe
    expect(refusal?.ErrorCode).toBe('20')
    expect(refusal?.ErrorDesc).toBe(
      'Mất điện lưới và pin của UPS sắp hết: trạm tạm ngừng nhận văn bản (UPS_BATTERY_LOW)',
    )
    const { answer, status } = await callApi(
      sender,
      'POST',
      `/v1/documents?from=${sender.code}&systemid=${sender.station.backend.systemid}`,
      {
        type: 'application/xml',
        bytes: nextPacket('000.00.00.G22', '000.00.00.H41'),
      },
    )
    expect({ status, ...answer }).toMatchObject({
      status: 503,
      code: 'UPS_BATTERY_LOW',
      vi: 'Mất điện lưới và pin của UPS sắp hết: trạm tạm ngừng nhận văn bản',
      en: 'The mains power has failed and the battery of the UPS is low: the station takes no documents for now',
    })
    await untilPower('UPS_BATTERY_LOW')
    // The configuration asks for it, and it was done after everything was on disk.
    expect(await readFile(join(folder, 'switched-off'), 'utf8')).toBe('')
    expect(sender.process.lines.findIndex(({ step }) => step === 'power-off')).toBeGreaterThan(
      sender.process.lines.findLastIndex(({ step }) => step === 'accepted'),
    )

    // What others send waits at their side; it is not lost and not refused.
    const incoming = nextPacket('000.00.00.H41', '000.00.00.G22')
    const theirs = await recipient.send(incoming)
    await until(
      async () => recipient.process.lines.find(({ detail }) => detail === 'UPS_BATTERY_LOW'),
      async () => 'the other station was not told to wait',
    )
    expect(await sender.received()).toEqual([])

    // The battery ends here: everything acknowledged must be there at the next start, which is still on a low battery.
    await sender.process.kill()
    await sender.process.start()
    await untilPower('UPS_BATTERY_LOW')
    ups.power(true)
    await untilPower()
    await recipient.delivered(theirs)
    const again = nextPacket('000.00.00.G22', '000.00.00.H41')
    acknowledged.set(await sender.send(again), again)
    for (const docId of acknowledged.keys()) await sender.delivered(docId)
    const arrived = (await recipient.received()).map(({ bytes }) => bytes.toString('latin1'))
    expect(arrived.sort()).toEqual([...acknowledged.values()].map((bytes) => bytes.toString('latin1')).sort())
    expect((await sender.received()).map(({ bytes }) => bytes.equals(incoming))).toEqual([true])
  })

  test('stops at once, goes on without the cable, and only ever asks', async () => {
    await cable.unplug()
    await untilPower('UPS_SILENT')
    await sender.delivered(await sender.send(nextPacket('000.00.00.G22', '000.00.00.H41')))
    await cable.plug()
    await untilPower()
    await delay(1500)
    expect(await sender.process.stop()).toBe(0)
    expect(new Set(ups.commands)).toEqual(new Set(['Q1']))
  })
})
