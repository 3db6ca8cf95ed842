// Every condition of what hangs on serial lines, provoked and cleared: a UPS and a panel at the far end of a line in memory.
// How long each takes, and what stands in for the devices, are in the tests of the guard, of the UPS and of the panel.
import { TestClock } from '../../src/base/clock.ts'
import { serialConditions } from '../../src/base/conditions/serial-conditions.ts'
import { Cfa635Panel } from '../../src/equipment/serial/cfa635-panel.ts'
import { MegatecUps, silentAfterPolls } from '../../src/equipment/serial/megatec-ups.ts'
import { UpsGuard } from '../../src/exchange/health/ups-guard.ts'
import { FrontPanel } from '../../src/surface/panel/front-panel.ts'
import { MemorySerialLine } from '../contract/memory-serial-line.ts'
import { SimulatedPanel } from '../fixtures/serial/simulated-panel.ts'
import { SimulatedUps } from '../fixtures/serial/simulated-ups.ts'
import { silent } from '../fixtures/store/temporary-store.ts'
import { lone } from './lone.ts'
import { provokeAndClear, type Scenario, type Scenarios } from './scenario.ts'

/** So long the mains must stay. */
const resumeMs = 6000

function farEndOf(line: MemorySerialLine) {
  return { onBytes: (listener: (bytes: Buffer) => void) => line.onWrite(listener), say: line.say.bind(line) }
}

/** A station whose UPS turns `sick` and then `sound`; each look is a poll, three seconds later. */
const power =
  (sick: (device: SimulatedUps) => void, sound: (device: SimulatedUps) => void): Scenario<'state'> =>
  async (setting) => {
    const line = new MemorySerialLine()
    const device = new SimulatedUps(farEndOf(line))
    const clock = new TestClock()
    const ups = new MegatecUps({ protocol: 'q1', pollMs: 3_600_000 }, { line, clock, logger: silent })
    // The guard stands on the doors of the station, and the station's report has what the guard says.
    const sources: UpsGuard[] = []
    const { station, listed } = await lone(setting, { health: { sources: () => sources } })
    const { intake, reception, audit } = station
    const guard = new UpsGuard({ resumeMs, finishMs: 60_000 }, { ups, intake, reception, audit, clock, logger: silent })
    sources.push(guard)
    await guard.start()
    setting.after(() => guard.stop())
    line.plug()
    const poll = async () => {
      clock.advance(3000)
      ups.poll()
      for (let turn = 0; turn < 30; turn += 1) await new Promise(setImmediate)
    }
    return {
      begin: () => sick(device),
      listed: async () => {
        for (let time = 0; time <= silentAfterPolls; time += 1) await poll()
        return listed()
      },
      end: () => sound(device),
    }
  }

provokeAndClear(serialConditions, {
  UPS_ON_BATTERY: power(
    (device) => device.power(false),
    (device) => device.power(true),
  ),
  UPS_BATTERY_LOW: power(
    (device) => device.power(false, true),
    (device) => device.power(true),
  ),
  UPS_FAULT: power(
    (device) => {
      device.fault = true
    },
    (device) => {
      device.fault = false
    },
  ),
  UPS_SILENT: power(
    (device) => {
      device.misbehaviour = 'silent'
    },
    (device) => {
      device.misbehaviour = 'none'
    },
  ),
  PANEL_SILENT: async (setting) => {
    const line = new MemorySerialLine()
    const device = new SimulatedPanel(farEndOf(line))
    const panel = new Cfa635Panel({ answerMs: 20, roundMs: 20 }, { line, logger: silent })
    const { station, ...one } = await lone(setting, { health: { sources: () => [pages] } })
    const report = async () => ({
      ...{ overall: 'ok' as const, conditions: [], queues: [] },
      peers: { connected: 0, known: 1 },
    })
    const pages: FrontPanel = new FrontPanel(
      { stationName: 'Sở Nội vụ', refreshMs: 20 },
      { panel, report, logger: silent },
    )
    line.plug()
    for (const service of [panel, pages]) {
      await service.start()
      setting.after(() => service.stop())
    }
    return {
      begin: async () => {
        device.misbehaviour = 'deaf'
        // The rows that it has are not sent again: it went and came.
        line.unplug()
        line.plug()
      },
      listed: one.listed,
      end: () => {
        device.misbehaviour = 'none'
      },
    }
  },
} satisfies Scenarios<typeof serialConditions>)
