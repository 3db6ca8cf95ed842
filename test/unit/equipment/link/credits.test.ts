import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  frameCost,
  fullFrameCost,
  ReceiveLane,
  SendLane,
  type WaitingFrame,
  windowLimits,
} from '../../../../src/equipment/link/credits.ts'
import { Flight, maxFlightBytes, queuedFlightBytes } from '../../../../src/equipment/link/flight.ts'
import { StationBudget, stationBudgetBytes } from '../../../../src/equipment/link/station-budget.ts'

const violation = expect.objectContaining({ code: 'LINK_PROTOCOL_VIOLATION' })

function waiting(cost: number, log: string[] = [], name = 'frame'): WaitingFrame {
  return {
    cost,
    wireBytes: cost,
    encode: () => new Uint8Array(0),
    sent: () => log.push(`${name} sent`),
    failed: (error) => log.push(`${name} failed: ${error}`),
  }
}

describe('the sending side of a lane', () => {
  it('is first come first served: a small frame waits behind a large one', () => {
    const lane = new SendLane('peer', 10)
    const large = waiting(1000)
    const small = waiting(10)
    lane.add(large)
    lane.add(small)
    lane.grant(999)
    expect(lane.peek()).toBeUndefined()
    lane.grant(1)
    expect(lane.peek()).toBe(large)
    lane.take(large)
    expect([lane.peek(), lane.creditBytes]).toEqual([undefined, 0])
  })

  it('lets an aborted frame leave from the middle', () => {
    const lane = new SendLane('peer', 10)
    const frames = [waiting(10), waiting(10), waiting(10)] as const
    for (const frame of frames) lane.add(frame)
    expect([lane.remove(frames[1]), lane.remove(frames[1])]).toEqual([true, false])
    lane.grant(100)
    lane.take(frames[0])
    expect(lane.peek()).toBe(frames[2])
  })

  it('is bounded', () => {
    const lane = new SendLane('peer', 2)
    lane.add(waiting(1))
    lane.add(waiting(1))
    expect(() => lane.add(waiting(1))).toThrow(expect.objectContaining({ code: 'OVERLOADED' }))
  })

  it('refuses grants that no receiver gives', () => {
    const lane = new SendLane('peer', 1)
    expect(() => lane.grant(0)).toThrow(violation)
    lane.grant(windowLimits.bulk)
    expect(() => lane.grant(0xffff_ffff)).toThrow(violation)
  })

  it('yields idle credit but for one frame, and nothing while a frame waits', () => {
    const lane = new SendLane('peer', 1)
    lane.grant(500_000)
    expect(lane.yieldIdle()).toBe(500_000 - fullFrameCost)
    expect(lane.yieldIdle()).toBe(0)
    lane.grant(100_000)
    lane.add(waiting(600_000))
    expect(lane.yieldIdle()).toBe(0)
  })

  it('fails everything that waits, once', () => {
    const log: string[] = []
    const lane = new SendLane('peer', 5)
    lane.add(waiting(1, log, 'a'))
    lane.add(waiting(1, log, 'b'))
    lane.failAll('gone')
    lane.failAll('again')
    expect(log).toEqual(['a failed: gone', 'b failed: gone'])
  })
})

describe('the receiving side of a lane', () => {
  it('cuts a peer that sends without credit', () => {
    const lane = new ReceiveLane('peer', 'urgent', new StationBudget().join(), 0)
    expect(() => lane.receive(1)).toThrow(violation)
    const granted = lane.open()
    lane.receive(granted)
    expect(() => lane.receive(1)).toThrow(violation)
  })

  it('gives no crumbs, and never leaves a sender without a frame', () => {
    const lane = new ReceiveLane('peer', 'bulk', new StationBudget().join(), 0)
    let creditBytes = lane.open()
    let grants = 0
    const frames = 10_000
    for (let frame = 0; frame < frames; frame += 1) {
      expect(creditBytes).toBeGreaterThanOrEqual(fullFrameCost)
      lane.receive(fullFrameCost)
      const granted = lane.release(fullFrameCost, frame / 10)
      creditBytes += granted - fullFrameCost
      if (granted > 0) grants += 1
    }
    // Each frame while the window is four frames, in the first 100 ms; then a quarter of 61 frames at a time.
    expect(grants).toBeLessThan(frames / 4)
    expect(grants).toBeGreaterThan(frames / 31)
  })

  it('grants at once what its window of one frame has released', () => {
    // So many links that each has a frame and nothing more.
    const budget = new StationBudget(8 * fullFrameCost)
    for (let link = 0; link < 50; link += 1) budget.join().hold('bulk', fullFrameCost)
    const lane = new ReceiveLane('peer', 'bulk', budget.join(), 0)
    expect(lane.open()).toBe(fullFrameCost)
    lane.receive(1000)
    expect(lane.release(1000, 1)).toBe(1000)
  })

  it('charges tiny frames for their bookkeeping', () => {
    expect(frameCost(1)).toBe(257)
  })

  it('grows while it is used up, urgent to 1 MiB and bulk with the rate to 4 MB', () => {
    const share = new StationBudget().join()
    const urgent = new ReceiveLane('peer', 'urgent', share, 0)
    const bulk = new ReceiveLane('peer', 'bulk', share, 0)
    const windows = (lane: ReceiveLane, bytesPerMs: number): number => {
      let nowMs = 0
      lane.open()
      for (let frame = 0; frame < 4000; frame += 1) {
        nowMs += fullFrameCost / bytesPerMs
        lane.receive(fullFrameCost)
        lane.release(fullFrameCost, nowMs)
      }
      return lane.promisedBytes
    }
    expect(windows(urgent, 100_000)).toBe(windowLimits.urgent)
    // A grant of less than a quarter waits.
    const atBulk = windows(bulk, 100_000)
    expect(atBulk).toBeGreaterThan((windowLimits.bulk * 3) / 4)
    expect(atBulk).toBeLessThanOrEqual(windowLimits.bulk)
    const slow = new ReceiveLane('slow', 'bulk', new StationBudget().join(), 0)
    expect(windows(slow, 500)).toBe(windowLimits.early)
    const middle = new ReceiveLane('middle', 'bulk', new StationBudget().join(), 0)
    expect(Math.abs(windows(middle, 4000) - 1_000_000)).toBeLessThan(100_000)
  })

  it('grows on a long line until it holds what is on its way, but not for a peer that answers late on purpose', () => {
    /** The window after 40 round trips of a line that takes `bytesPerMs` and whose far end uses all the credit it has. */
    const windowOf = (bytesPerMs: number, roundTripMs: number, measuredMs: number): number => {
      const lane = new ReceiveLane('peer', 'bulk', new StationBudget().join(), 0)
      lane.open()
      lane.measured(measuredMs)
      for (let round = 1; round <= 40; round += 1) {
        const frames = Math.floor(Math.min(lane.promisedBytes, bytesPerMs * roundTripMs) / fullFrameCost)
        for (let frame = 0; frame < frames; frame += 1) lane.receive(fullFrameCost)
        for (let frame = 0; frame < frames; frame += 1) lane.release(fullFrameCost, round * roundTripMs)
      }
      return lane.promisedBytes
    }
    expect(windowOf(5000, 300, 300)).toBeGreaterThan(5000 * 300)
    expect(windowOf(500, 600, 600)).toBeGreaterThan(500 * 600)
    expect(windowOf(500, 300, 1e9)).toBeLessThan(500 * 2300)
  })

  it('refuses a yield of more than there is', () => {
    const lane = new ReceiveLane('peer', 'bulk', new StationBudget().join(), 0)
    const granted = lane.open()
    expect(() => lane.takeBack(granted + 1)).toThrow(violation)
    lane.takeBack(granted - fullFrameCost)
    expect(lane.promisedBytes).toBe(fullFrameCost)
  })

  it('never lets both sides disagree, whatever is sent, released and yielded', () => {
    const step = fc.oneof(
      fc.record({ act: fc.constant('send' as const), bytes: fc.integer({ min: 1, max: 65_536 }) }),
      fc.record({ act: fc.constant('release' as const), bytes: fc.nat() }),
      fc.record({ act: fc.constant('yield' as const), bytes: fc.nat() }),
      fc.record({ act: fc.constant('wait' as const), bytes: fc.integer({ min: 1, max: 500 }) }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const budget = new StationBudget()
        const receiver = new ReceiveLane('peer', 'bulk', budget.join(), 0)
        const sender = new SendLane('peer', 1)
        sender.grant(receiver.open())
        const held: number[] = []
        let nowMs = 0
        for (const { act, bytes } of steps) {
          if (act === 'wait') nowMs += bytes
          if (act === 'yield') receiver.takeBack(sender.yieldIdle())
          if (act === 'send') {
            const frame = waiting(frameCost(bytes))
            sender.add(frame)
            if (sender.peek() === frame) {
              sender.take(frame)
              receiver.receive(frame.cost)
              held.push(frame.cost)
            } else sender.remove(frame)
          }
          if (act === 'release') {
            const [cost] = held.splice(bytes % Math.max(1, held.length), 1)
            const credit = cost === undefined ? 0 : receiver.release(cost, nowMs)
            if (credit > 0) sender.grant(credit)
          }
          expect(sender.creditBytes).toBe(receiver.promisedBytes)
          expect(receiver.promisedBytes + receiver.heldBytes).toBeLessThanOrEqual(windowLimits.bulk)
        }
        for (const cost of held) {
          const credit = receiver.release(cost, nowMs)
          if (credit > 0) sender.grant(credit)
        }
        // With everything released the largest frame fits: no lane ever hangs.
        expect(sender.creditBytes).toBeGreaterThanOrEqual(fullFrameCost)
      }),
    )
  })
})

describe('the station-wide budget', () => {
  /** A peer that uses its bulk lane as hard as it may, at full speed. */
  function greedy(budget: StationBudget): { push(nowMs: number): void; outstanding(): number; end(): void } {
    const share = budget.join()
    const lane = new ReceiveLane('peer', 'bulk', share, 0)
    lane.open()
    return {
      push: (nowMs) => {
        while (lane.promisedBytes >= fullFrameCost) lane.receive(fullFrameCost)
        while (lane.heldBytes > 0) lane.release(fullFrameCost, nowMs)
      },
      outstanding: () => lane.promisedBytes + lane.heldBytes,
      end: () => {
        lane.close()
        share.end()
      },
    }
  }
  const run = (peers: ReturnType<typeof greedy>[], fromMs: number): void => {
    for (let nowMs = fromMs; nowMs < fromMs + 5000; nowMs += 5) for (const peer of peers) peer.push(nowMs)
  }

  it.each([1, 8, 40, 100, 190])('of %d peers at full speed is not exceeded, and all have about the same', (count) => {
    const budget = new StationBudget()
    const peers = Array.from({ length: count }, () => greedy(budget))
    run(peers, 0)
    const outstanding = peers.map((peer) => peer.outstanding())
    const sum = outstanding.reduce((total, bytes) => total + bytes, 0)
    expect(sum).toBeLessThanOrEqual(stationBudgetBytes)
    expect(Math.max(...outstanding)).toBeLessThanOrEqual(1.2 * Math.min(...outstanding))
  })

  it('lets a newcomer have its share, and gives the share of one that left to the others', () => {
    const budget = new StationBudget()
    const early = Array.from({ length: 9 }, () => greedy(budget))
    run(early, 0)
    const late = greedy(budget)
    run([...early, late], 5000)
    const fair = stationBudgetBytes / 10
    expect(late.outstanding()).toBeGreaterThan(fair / 2)
    for (const peer of early.slice(1)) peer.end()
    run([late], 10_000)
    expect(late.outstanding()).toBeGreaterThan((windowLimits.bulk * 3) / 4)
  })

  it('is whole again when all links have ended, and ending twice is harmless', () => {
    const budget = new StationBudget()
    const peers = Array.from({ length: 5 }, () => greedy(budget))
    run(peers, 0)
    expect(budget.lentBytes).toBeGreaterThan(0)
    for (const peer of peers) {
      peer.end()
      peer.end()
    }
    expect([budget.lentBytes, budget.links]).toEqual([0, 0])
  })

  it('shares what may be in flight between those who send', () => {
    const budget = new StationBudget(1_000_000)
    const shares = Array.from({ length: 4 }, () => budget.join())
    for (const share of shares) share.sending(true)
    expect(shares[0]?.flightBytes(900_000)).toBe(250_000)
    shares[1]?.sending(false)
    shares[2]?.end()
    expect(shares[0]?.flightBytes(900_000)).toBe(500_000)
  })
})

describe('the flight', () => {
  it('knows what has not arrived and refuses what was not sent', () => {
    const flight = new Flight(0)
    flight.sent(1000, 0)
    expect(flight.arrived(1001, 1)).toBe(false)
    expect(flight.arrived(0, 1)).toBe(false)
    expect([flight.arrived(400, 1), flight.bytes]).toEqual([true, 600])
  })

  it('has room for a standing queue, and for what the line itself holds', () => {
    const flight = new Flight(0)
    expect(flight.limitBytes).toBe(queuedFlightBytes)
    // 10 MB/s with a round trip of 40 ms, 5 of them our own: the line holds 350 kB.
    let nowMs = 0
    for (let round = 0; round < 50; round += 1) {
      flight.sent(400_000, nowMs)
      nowMs += 40
      flight.arrived(400_000, nowMs)
    }
    expect(Math.round(flight.limitBytes)).toBe(queuedFlightBytes + 350_000)
    for (let round = 0; round < 50; round += 1) {
      flight.sent(40_000_000, nowMs)
      nowMs += 40
      flight.arrived(40_000_000, nowMs)
    }
    expect(flight.limitBytes).toBe(maxFlightBytes)
  })

  it('knows for how long nothing has arrived', () => {
    const flight = new Flight(0)
    expect(flight.stalledMs(99)).toBe(0)
    flight.sent(10, 100)
    flight.sent(10, 150)
    expect(flight.stalledMs(300)).toBe(200)
    flight.arrived(10, 300)
    expect(flight.stalledMs(350)).toBe(50)
    flight.arrived(10, 360)
    expect(flight.stalledMs(900)).toBe(0)
  })
})
