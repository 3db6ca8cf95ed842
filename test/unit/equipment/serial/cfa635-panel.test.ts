// The front panel: its packets against the published ones, and a simulated display on a pseudo-terminal that misbehaves.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { encodePanelPacket, PanelReader } from '../../../../src/equipment/serial/cfa635-packet.ts'
import { Cfa635Panel } from '../../../../src/equipment/serial/cfa635-panel.ts'
import { type PanelKey, panelRows } from '../../../../src/equipment/serial/panel.ts'
import { SerialportLine } from '../../../../src/equipment/serial/serialport-line.ts'
import { MemorySerialLine } from '../../../contract/memory-serial-line.ts'
import { PtyEnd } from '../../../fixtures/serial/pty-end.ts'
import { SimulatedPanel } from '../../../fixtures/serial/simulated-panel.ts'
import { silent } from '../../../fixtures/store/temporary-store.ts'

/** Patience for machines that are slow, not a measure. */
const until = <Value>(read: () => Value) => expect.poll(read, { timeout: 60_000 })

describe('packets of a CFA635', () => {
  it('are the published ones', () => {
    expect(encodePanelPacket({ type: 0, data: new Uint8Array(0) }).toString('hex')).toBe('0000470f')
    const ready = encodePanelPacket({ type: 0x1f, data: Buffer.from('\0\0READY') })
    expect(ready.toString('hex')).toBe('1f0700005245414459b7ed')
    expect(() => encodePanelPacket({ type: 1, data: new Uint8Array(23) })).toThrow(RangeError)
  })

  it('are found in any pieces, and after noise once it is given up', () => {
    const packets = fc.array(
      fc.record({ type: fc.integer({ min: 0, max: 255 }), data: fc.uint8Array({ maxLength: 22 }) }),
      { maxLength: 8 },
    )
    fc.assert(
      fc.property(packets, fc.uint8Array({ maxLength: 60 }), fc.integer({ min: 1, max: 40 }), (sent, noise, cut) => {
        const bytes = Buffer.concat(sent.map(encodePanelPacket))
        const reader = new PanelReader()
        const found = []
        for (let at = 0; at < bytes.length; at += cut) found.push(...reader.read(bytes.subarray(at, at + cut)))
        expect(found).toEqual(sent)
        const last = { type: 0x5f, data: Uint8Array.of(1, 2, 3) }
        const after = [...reader.read(noise), ...reader.read(encodePanelPacket(last)), ...reader.giveUp()]
        expect(after).toContainEqual(last)
      }),
    )
  })

  it('with one wrong bit are none', () => {
    const good = encodePanelPacket({ type: 0x80, data: Uint8Array.of(1) })
    for (let bit = 0; bit < good.length * 8; bit += 1) {
      const bad = Buffer.from(good)
      bad[bit >> 3] = (bad[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      const reader = new PanelReader()
      expect([...reader.read(bad), ...reader.giveUp()]).toEqual([])
    }
  })
})

it('takes an answer that lies inside the begin of what never ends, as soon as its time is up', async () => {
  const near = new MemorySerialLine()
  const far = new SimulatedPanel({ onBytes: (listener) => near.onWrite(listener), say: (bytes) => near.say(bytes) })
  far.misbehaviour = 'noisy'
  // As many as there are rows: nothing is left for a second try.
  far.answersLeft = panelRows
  const panel = new Cfa635Panel({ answerMs: 20, roundMs: 20 }, { line: near, logger: silent })
  near.plug()
  await panel.start()
  panel.show(['1', '2', '3', '4'])
  await until(() => far.rows).toEqual(['1', '2', '3', '4'].map((row) => row.padEnd(20)))
  await panel.stop()
})

describe('a CFA635', () => {
  let folder: string
  let end: PtyEnd
  let display: SimulatedPanel
  let line: SerialportLine
  let panel: Cfa635Panel
  let keys: PanelKey[]

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tram-panel-'))
    end = new PtyEnd(join(folder, 'panel'))
    display = new SimulatedPanel(end)
    await end.plug()
    line = new SerialportLine(
      { path: join(folder, 'panel'), baudRate: 115200, firstRetryMs: 20, maxRetryMs: 100 },
      { logger: silent },
    )
    panel = new Cfa635Panel({ answerMs: 300, roundMs: 50 }, { line, logger: silent })
    keys = []
    panel.onKey((key) => keys.push(key))
    await line.start()
    await panel.start()
  })
  afterEach(async () => {
    await panel.stop()
    await line.stop()
    await end.unplug()
    await rm(folder, { recursive: true, force: true })
  })

  const rows = ['Sở Nội vụ', 'Trạng thái: TỐT', 'DISK_FULL', 'một hàng dài hơn hai mươi cột']
  const drawn = ['So Noi vu', 'Trang thai: TOT', 'DISK-FULL', 'mot hang dai hon hai'].map((row) => row.padEnd(20))

  it('shows four rows in the characters that it has, and sends only what changes', async () => {
    panel.show(rows)
    await until(() => display.rows).toEqual(drawn)
    expect(display.commands).toBe(4)
    panel.show([...rows.slice(0, 3), 'Đơn vị [1] $5 €🙂'])
    await until(() => display.rows[3]).toBe('Don vi ?1? ?5 ??    ')
    expect(display.commands).toBe(5)
    expect(panel.isSilent).toBe(false)
  })

  it.each(['every-third', 'torn', 'noisy'] as const)('shows them on a line that is %s', async (misbehaviour) => {
    display.misbehaviour = misbehaviour
    panel.show(rows)
    await until(() => display.rows).toEqual(drawn)
    await until(() => panel.isSilent).toBe(false)
  })

  it.each(['deaf', 'refuses'] as const)(
    'is silent when it is %s, and shows what is wanted when it is well',
    async (misbehaviour) => {
      display.misbehaviour = misbehaviour
      panel.show(['one', '', '', ''])
      await until(() => panel.isSilent).toBe(true)
      panel.show(rows)
      display.misbehaviour = 'none'
      await until(() => display.rows).toEqual(drawn)
      await until(() => panel.isSilent).toBe(false)
    },
  )

  it('has what was wanted last when it is left alone', async () => {
    panel.show(rows)
    await until(() => display.rows).toEqual(drawn)
    panel.show(['Sở Nội vụ', 'Trạng thái: HỎNG'])
    panel.show(['Sở Nội vụ', 'Trạm đã dừng'])
    await panel.stop()
    expect(display.rows).toEqual(['So Noi vu', 'Tram da dung', '', ''].map((row) => row.padEnd(20)))
  })

  it('is drawn anew when it comes back', async () => {
    panel.show(rows)
    await until(() => display.rows).toEqual(drawn)
    await end.unplug()
    await until(() => panel.isSilent).toBe(true)
    display.clear()
    await end.plug()
    await until(() => display.rows).toEqual(drawn)
    await until(() => panel.isSilent).toBe(false)
  })

  it('tells of keys as they go down, once, and not of more than people press', async () => {
    panel.show(rows)
    await until(() => display.rows).toEqual(drawn)
    for (const code of [1, 7, 2, 8, 3, 4, 5, 6, 12, 0, 13, 255]) display.press(code)
    await until(() => keys).toEqual(['up', 'down', 'left', 'right', 'enter', 'exit'])
    for (let time = 0; time < 5000; time += 1) display.press(1)
    await until(() => keys.length).toBeGreaterThan(10)
    panel.show([...rows.slice(0, 3), 'after the flood'])
    await until(() => display.rows[3]).toBe('after the flood     ')
    expect(keys.length).toBeLessThan(2500)
  })
})
