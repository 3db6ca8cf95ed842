// A Megatec UPS on a line in memory: what its answers mean, what a bad line does to them, and that it is only ever asked.
import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { TestClock } from '../../../../src/base/clock.ts'
import { MegatecReader, parseMegatec } from '../../../../src/equipment/serial/megatec-frame.ts'
import { MegatecUps, silentAfterPolls } from '../../../../src/equipment/serial/megatec-ups.ts'
import type { UpsState } from '../../../../src/equipment/serial/ups.ts'
import { MemorySerialLine } from '../../../contract/memory-serial-line.ts'
import { type Misbehaviour, SimulatedUps } from '../../../fixtures/serial/simulated-ups.ts'
import { silent } from '../../../fixtures/store/temporary-store.ts'

const published = '(226.0 195.0 226.0 014 49.0 27.5 30.0 00001000'

describe('an answer of a Megatec UPS', () => {
  it('says voltages, load, temperature and flags', () => {
    expect(parseMegatec(published)).toEqual({
      onMains: true,
      batteryLow: false,
      bypass: false,
      fault: false,
      loadPercent: 14,
      inputVolt: 226,
      outputVolt: 226,
      batteryVolt: 27.5,
      frequencyHz: 49,
      temperatureC: 30,
    })
    expect(parseMegatec('(000.0 195.0 220.5 120 50.1 2.02 30.0 11111000')).toMatchObject({
      ...{ onMains: false, batteryLow: true, bypass: true, fault: true },
      ...{ inputVolt: 0, outputVolt: 220.5, loadPercent: 120, batteryVolt: 2.02, frequencyHz: 50.1 },
    })
  })

  it('may leave out what the device does not know', () => {
    expect(parseMegatec('(---.- ---.- 226.0 --- --.- 27.5 --.- 10001000')).toMatchObject({
      ...{ onMains: false, inputVolt: null, loadPercent: null, frequencyHz: null, temperatureC: null },
      ...{ outputVolt: 226, batteryVolt: 27.5 },
    })
  })

  it('is none when a character is missing, too many or wrong', () => {
    for (let at = 0; at < published.length; at += 1) {
      expect(parseMegatec(published.slice(0, at) + published.slice(at + 1)), `without ${at}`).toBeUndefined()
      expect(parseMegatec(`${published.slice(0, at)}x${published.slice(at + 1)}`), `x at ${at}`).toBeUndefined()
    }
    for (const text of [
      `${published} `,
      '(2.6.0 195.0 226.0 014 49.0 27.5 30.0 00001000',
      '(226.0 195.0 226.0 014 49.0 27.5 -3.0 00001000',
      '(226.0 195.0 226.0 1.4 49.0 27.5 .... 00001000',
      '(226.0 195.0 226.0 014 49.0 27.5 30.0 00001002',
      '(NAK',
    ])
      expect(parseMegatec(text), text).toBeUndefined()
  })

  it('never gives a number that is none, whatever stands in it', () => {
    const field = (length: number) =>
      fc.array(fc.constantFrom(...'0123456789.-'), { minLength: length, maxLength: length }).map((all) => all.join(''))
    const fields = [5, 5, 5, 3, 4, 4, 4].map(field)
    fc.assert(
      fc.property(fc.tuple(...fields), (found) => {
        const values = parseMegatec(`(${found.join(' ')} 00000000`)
        for (const value of Object.values(values ?? {}))
          if (typeof value === 'number') expect(value >= 0 && value < 100_000, found.join(' ')).toBe(true)
      }),
      { numRuns: 3000 },
    )
  })
})

describe('the reader of a line', () => {
  it('finds every answer in any pieces, after any noise, and holds one frame at most', () => {
    const noise = fc.uint8Array({ maxLength: 200 }).map((bytes) => bytes.map((byte) => (byte === 0x0d ? 0 : byte)))
    fc.assert(
      fc.property(noise, fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 20 }), (before, cuts) => {
        const reader = new MegatecReader()
        const bytes = Buffer.concat([before, Buffer.from(`\r${published}\r\n${published}\r`)])
        const found: string[] = []
        for (let at = 0, cut = 0; at < bytes.length; cut += 1) {
          const length = cuts[cut % cuts.length] ?? 1
          found.push(...reader.read(bytes.subarray(at, at + length)))
          at += length
        }
        expect(found.slice(-2)).toEqual([published, published])
        for (const text of found) expect(text.length).toBeLessThanOrEqual(46)
      }),
    )
  })
})

describe('a Megatec UPS', () => {
  let line: MemorySerialLine
  let device: SimulatedUps
  let ups: MegatecUps
  let states: UpsState[]
  const turn = () => new Promise((resolve) => setImmediate(resolve))

  beforeEach(() => {
    line = new MemorySerialLine()
    device = new SimulatedUps({ onBytes: (listener) => line.onWrite(listener), say: (bytes) => line.say(bytes) })
    ups = new MegatecUps({ protocol: 'q1', pollMs: 3_600_000 }, { line, clock: new TestClock(), logger: silent })
    states = []
    ups.onState((state) => states.push(state))
    line.plug()
  })

  async function poll(times = 1): Promise<void> {
    for (let time = 0; time < times; time += 1) {
      ups.poll()
      for (let turns = 0; turns < 60; turns += 1) await turn()
    }
  }

  it('is unknown until it has answered', async () => {
    expect(ups.state).toBe('unknown')
    await poll()
    expect(ups.state).toMatchObject({ onMains: true, inputVolt: 226, at: Date.UTC(2026, 10, 21) })
  })

  it.each<Misbehaviour>(['echo', 'noise', 'half', 'slow', 'repeats'])(
    'is understood when its line %s',
    async (kind) => {
      device.misbehaviour = kind
      await poll(5)
      expect(states).toHaveLength(5)
      for (const state of states) expect(state).toMatchObject({ onMains: true, batteryVolt: 27.5 })
    },
  )

  it.each<Misbehaviour>(['silent', 'refuses', 'babbles'])(
    'is silent after some questions when it %s, and back at the first answer',
    async (kind) => {
      await poll()
      device.misbehaviour = kind
      await poll(silentAfterPolls)
      expect(ups.state).not.toBe('silent')
      await poll()
      expect(ups.state).toBe('silent')
      device.misbehaviour = 'none'
      await poll()
      expect(ups.state).toMatchObject({ onMains: true })
    },
  )

  it('is silent while its line is not there, and what it had begun to say before is forgotten', async () => {
    await poll()
    line.say(published.slice(0, 40))
    line.unplug()
    await poll(silentAfterPolls + 1)
    expect(ups.state).toBe('silent')
    line.plug()
    line.say(`${published.slice(40)}\r`)
    expect(ups.state).toBe('silent')
    await poll()
    expect(ups.state).toMatchObject({ onMains: true })
  })

  it('gives one reading for each question, however much it talks', async () => {
    await poll()
    for (let time = 0; time < 100; time += 1) line.say(device.frame)
    expect(states).toHaveLength(1)
  })

  it.each(['q1', 'qs'] as const)(
    'is only ever asked (%s), whatever it says and whatever happens to it',
    async (protocol) => {
      ups = new MegatecUps({ protocol, pollMs: 3_600_000 }, { line, clock: new TestClock(), logger: silent })
      await fc.assert(
        fc.asyncProperty(
          fc.array(
            fc.oneof(
              fc.uint8Array({ maxLength: 300 }),
              fc.constantFrom('poll', 'unplug', 'plug', 'on battery', 'low', 'S01\r', 'S00R0000\r', '(NAK\r'),
            ),
            { maxLength: 30 },
          ),
          async (happenings) => {
            for (const happening of happenings) {
              if (happening === 'poll') ups.poll()
              else if (happening === 'plug') line.plug()
              else if (happening === 'unplug') line.unplug()
              else if (happening === 'on battery') device.power(false)
              else if (happening === 'low') device.power(false, true)
              else line.say(happening)
              await turn()
            }
          },
        ),
        { numRuns: 100 },
      )
      line.plug()
      await poll(2)
      expect(new Set(device.commands)).toEqual(new Set([protocol.toUpperCase()]))
      expect(line.written.toString('latin1')).toBe(`${protocol.toUpperCase()}\r`.repeat(device.commands.length))
    },
  )
})
