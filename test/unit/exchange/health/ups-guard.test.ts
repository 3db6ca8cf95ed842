// What a station does when its power fails: a whole exchange (intake, reception, audit log) behind the guard, and a simulated UPS
// on a line in memory.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { MegatecUps, silentAfterPolls } from '../../../../src/equipment/serial/megatec-ups.ts'
import { UpsGuard } from '../../../../src/exchange/health/ups-guard.ts'
import { MemoryRecordStore } from '../../../contract/memory-record-store.ts'
import { MemorySerialLine } from '../../../contract/memory-serial-line.ts'
import { buildPacket } from '../../../fixtures/edxml/build-packet.ts'
import { backendOf, LoneStation } from '../../../fixtures/exchange/lone-station.ts'
import { TestWorld } from '../../../fixtures/exchange/test-world.ts'
import { SimulatedUps } from '../../../fixtures/serial/simulated-ups.ts'
import { never, silent } from '../../../fixtures/store/temporary-store.ts'

const resumeMs = 60_000

describe('the guard of the power', () => {
  let world: TestWorld
  let folder: string
  let records: MemoryRecordStore
  let station: LoneStation
  let line: MemorySerialLine
  let device: SimulatedUps
  let ups: MegatecUps
  let guard: UpsGuard
  let switchedOff: number
  let number = 0

  beforeAll(async () => {
    world = await TestWorld.create({ one: ['H01'], two: ['H02'] })
  })
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tram-guard-'))
    records = new MemoryRecordStore()
    station = await LoneStation.start({ world, id: 'one', folder, records })
    line = new MemorySerialLine()
    device = new SimulatedUps({ onBytes: (listener) => line.onWrite(listener), say: (bytes) => line.say(bytes) })
    switchedOff = 0
    await guardWith(60_000)
    line.plug()
  })
  afterEach(async () => {
    await guard.stop()
    await station.stop()
    await rm(folder, { recursive: true, force: true })
  })

  async function guardWith(finishMs: number, powerOff?: () => Promise<void>): Promise<void> {
    const { intake, reception, audit, clock } = station
    ups = new MegatecUps({ protocol: 'q1', pollMs: 3_600_000 }, { line, clock, logger: silent })
    guard = new UpsGuard(
      { resumeMs, finishMs },
      { ups, intake, reception, audit, clock, logger: silent, ...(powerOff === undefined ? {} : { powerOff }) },
    )
    await guard.start()
  }

  const switchOff = async () => {
    switchedOff += 1
  }
  const turns = async () => {
    for (let turn = 0; turn < 30; turn += 1) await new Promise(setImmediate)
  }
  async function poll(times = 2, everyMs = 3000): Promise<void> {
    for (let time = 0; time < times; time += 1) {
      station.clock.advance(everyMs)
      ups.poll()
      await turns()
    }
  }
  const codes = () => guard.conditions().map(({ code }) => code)
  const packetOf = (from: string, to: string) =>
    buildPacket({
      ...{ dialect: 'plain', from, to: [to], codeNumber: String(++number), codeNotation: 'UBND', subject: 'Giấy mời' },
    })
  const submit = (body: AsyncIterable<Uint8Array> = Readable.from([packetOf('H01', 'H02')])) =>
    station.desk.submit(
      {
        ...{ backend: backendOf('H01'), from: null, kind: 'document', to: null, declaredBytes: null, resend: false },
        acceptsDigest: () => true,
        body,
      },
      never,
    )
  const acts = async () => {
    const found: string[] = []
    for await (const { act } of station.audit.entries()) found.push(act)
    return found.filter((act) => act.startsWith('power'))
  }
  /** What an offer of the other station is told. */
  async function offered(): Promise<string> {
    const link = await station.link('two')
    const packet = packetOf('H02', 'H01')
    const waybill = world.waybill(packet, { station: 'two', senderAgency: 'H02', recipients: ['H01'] })
    station.offer(link, { waybill, packet })
    for (;;) {
      const name = await link.nextName()
      if (name === 'temporary') return link.all('temporary')[0]?.code ?? ''
      if (name === 'want') return name
    }
  }

  it('says nothing on mains, and warns on battery while all goes on', async () => {
    await poll(5)
    expect(codes()).toEqual([])
    device.power(false)
    await poll()
    expect(codes()).toEqual(['UPS_ON_BATTERY'])
    await submit()
    expect(await offered()).toBe('want')
    device.power(true)
    await poll()
    expect(codes()).toEqual([])
  })

  it('does not believe one answer alone', async () => {
    for (const [mains, low] of [
      [false, false],
      [false, true],
    ] as const) {
      for (let time = 0; time < 3; time += 1) {
        device.power(mains, low)
        await poll(1)
        device.power(true)
        await poll(2)
        expect(codes()).toEqual([])
      }
    }
    device.fault = true
    await poll(1)
    expect(codes()).toEqual([])
    expect(await acts()).toEqual([])
  })

  it('shuts both doors when the battery runs low, and opens them when the mains has stayed', async () => {
    await poll()
    device.power(false, true)
    await poll()
    expect(codes()).toEqual(['UPS_BATTERY_LOW'])
    await expect(submit()).rejects.toMatchObject({ code: 'UPS_BATTERY_LOW' })
    expect(await offered()).toBe('UPS_BATTERY_LOW')
    expect(await acts()).toEqual(['power-failing'])
    // It comes and goes: as long as it does not stay, nothing opens.
    for (let time = 0; time < 5; time += 1) {
      device.power(true)
      await poll(1, resumeMs / 2)
      await poll(1, resumeMs / 2 - 1)
      expect(codes()).toEqual(['UPS_BATTERY_LOW'])
      device.power(false, time % 2 === 0)
      await poll(1)
      expect(codes()).toEqual(['UPS_BATTERY_LOW'])
    }
    await expect(submit()).rejects.toMatchObject({ code: 'UPS_BATTERY_LOW' })
    device.power(true)
    await poll(1)
    await poll(1, resumeMs)
    expect(codes()).toEqual([])
    await submit()
    expect(await offered()).toBe('want')
    expect(await acts()).toEqual(['power-failing', 'power-back'])
    expect(line.written.toString()).toMatch(/^(Q1\r)+$/)
  })

  it('lets a submission that is under way end, and only then says that all is on disk', async () => {
    await poll()
    const packet = packetOf('H01', 'H02')
    const half = Promise.withResolvers<void>()
    const slow = submit(
      (async function* () {
        yield packet.subarray(0, 200)
        await half.promise
        yield packet.subarray(200)
      })(),
    )
    await turns()
    device.power(false, true)
    await poll(4)
    await expect(submit()).rejects.toMatchObject({ code: 'UPS_BATTERY_LOW' })
    expect(await acts()).toEqual([])
    half.resolve()
    const { docId } = await slow
    await turns()
    const written = records.commits.flat().map(({ key }) => key)
    const document = written.findIndex((key) => key.includes(docId))
    expect(document).toBeGreaterThanOrEqual(0)
    expect(await acts()).toEqual(['power-failing'])
    expect(written.findLastIndex((key) => key.startsWith('audit'))).toBeGreaterThan(document)
  })

  it('waits for no submission for ever, and for the store as long as it takes', async () => {
    await guard.stop()
    await guardWith(1, switchOff)
    const end = Promise.withResolvers<void>()
    const stuck = submit(
      (async function* () {
        yield Buffer.from('<')
        await end.promise
      })(),
    )
    stuck.catch(() => undefined)
    await turns()
    records.failure = new Error('the disk does not answer')
    device.power(false, true)
    await poll(3)
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect([await acts(), switchedOff]).toEqual([[], 0])
    records.failure = undefined
    // The audit log looks at the disk again by itself, in real time.
    await expect
      .poll(
        async () => {
          await poll(1)
          return switchedOff
        },
        { timeout: 60_000 },
      )
      .toBe(1)
    expect(await acts()).toEqual(['power-failing'])
    await poll(5)
    expect(switchedOff).toBe(1)
    end.resolve()
    await expect(stuck).rejects.toMatchObject({ code: 'PACKET_MALFORMED' })
  })

  it('does not switch the box off when the mains came back meanwhile', async () => {
    await guard.stop()
    await guardWith(60_000, switchOff)
    const gate = Promise.withResolvers<void>()
    const packet = packetOf('H01', 'H02')
    const slow = submit(
      (async function* () {
        yield packet.subarray(0, 200)
        await gate.promise
        yield packet.subarray(200)
      })(),
    )
    await turns()
    device.power(false, true)
    await poll()
    device.power(true)
    await poll(1)
    gate.resolve()
    await slow
    await turns()
    expect([await acts(), switchedOff]).toEqual([['power-failing'], 0])
  })

  it('tells of a fault, and of silence, as long as they last', async () => {
    device.fault = true
    await poll()
    expect(codes()).toEqual(['UPS_FAULT'])
    device.fault = false
    await poll(1)
    expect(codes()).toEqual([])
    line.unplug()
    await poll(silentAfterPolls + 1)
    expect(guard.conditions().map(({ code, data }) => [code, data])).toEqual([['UPS_SILENT', { line: line.path }]])
    line.plug()
    await poll(1)
    expect(codes()).toEqual([])
  })

  it('keeps the doors shut when the UPS falls silent, but not for ever', async () => {
    device.power(false, true)
    await poll()
    device.misbehaviour = 'silent'
    await poll(silentAfterPolls + 1, resumeMs)
    expect(codes()).toEqual(['UPS_BATTERY_LOW', 'UPS_SILENT'])
    // What is heard of the mains before a silence says nothing of the time after it.
    device.misbehaviour = 'none'
    device.power(true)
    await poll(1)
    device.misbehaviour = 'silent'
    await poll(silentAfterPolls + 1, 1000)
    device.misbehaviour = 'none'
    await poll(1, resumeMs)
    expect(codes()).toEqual(['UPS_BATTERY_LOW'])
    device.misbehaviour = 'silent'
    await poll(20, resumeMs)
    expect(codes()).toEqual(['UPS_SILENT'])
    await submit()
  })
})
