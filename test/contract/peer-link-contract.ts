// What every network of links does, whatever carries it. Run on each adapter by peer-link.test.ts.
import { afterEach, describe, expect, it } from 'vitest'
import { TramError } from '../../src/base/errors.ts'
import { frameCost, windowLimits } from '../../src/equipment/link/credits.ts'
import { encodeDataFrame } from '../../src/equipment/link/data-frame.ts'
import { framesOf } from '../../src/equipment/link/frames.ts'
import {
  type LinkHandler,
  type LinkPolicy,
  maxDataBytes,
  type Network,
  type PeerLink,
} from '../../src/equipment/link/peer-link.ts'
import { type Hello, LinkMessage } from '../../src/equipment/link/schema/messages.ts'
import { LinkRecorder } from './link-recorder.ts'

/** A raw stream to a station, of somebody who says what he likes. */
export interface Intruder {
  peerId: string
  send(bytes: Uint8Array): void
  /** Resolves when the station has closed the stream. */
  closed: Promise<void>
}

export interface NetworkUnderTest {
  policy: LinkPolicy
  handler: LinkHandler
  maxPeers?: number
  helloTimeoutMs?: number
}

export interface LinkHarness {
  /** Starts networks that reach each other. */
  create(networks: readonly NetworkUnderTest[]): Promise<Network[]>
  /** Opens a raw stream to a network of `create`. */
  intrude(target: Network): Promise<Intruder>
  /** Stops everything that was started. */
  clear(): Promise<void>
}

interface Station {
  network: Network
  recorder: LinkRecorder
  admits: (peerId: string) => boolean
}

const signal = (): AbortSignal => AbortSignal.timeout(20_000)
const chunk = (first: number, length = maxDataBytes): Uint8Array => new Uint8Array(length).fill(first & 0xff)
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const encoded = (message: LinkMessage): Uint8Array => Buffer.concat(framesOf('control', LinkMessage.encode(message)))
const greeting = (protocol = 1): Uint8Array =>
  Buffer.concat([
    encoded({ session: { run: new Uint8Array(16), greeting: 1 } }),
    encoded({ hello: { protocol, generation: 1, directoryVersion: 0 } }),
  ])

async function codeOf(promise: Promise<unknown>): Promise<string | undefined> {
  try {
    await promise
  } catch (error) {
    if (error instanceof TramError) return error.code
    throw error
  }
  return undefined
}

const detailOf = (link: PeerLink): string => {
  const { reason } = link.closed
  return reason instanceof TramError ? `${reason.code} ${reason.data.detail}` : String(reason)
}

/** Keeps a lane full until the signal ends it. Returns what was handed to the connection so far. */
function saturate(link: PeerLink, end: AbortSignal): { handed: number; over: Promise<unknown> } {
  const progress = { handed: 0, over: Promise.resolve() as Promise<unknown> }
  const sender = async (): Promise<void> => {
    while (!end.aborted) {
      await link.sendData('bulk', 7, progress.handed, chunk(1), end)
      progress.handed += 1
    }
  }
  progress.over = Promise.allSettled(Array.from({ length: 100 }, sender))
  return progress
}

export function describePeerLinks(adapter: string, harness: LinkHarness): void {
  describe(`links over ${adapter}`, () => {
    afterEach(() => harness.clear())

    async function stations(count: number, options: Partial<NetworkUnderTest> = {}): Promise<Station[]> {
      const made = Array.from({ length: count }, (_, index) => {
        const recorder = new LinkRecorder()
        const station = { recorder, admits: (_peerId: string): boolean => true }
        const hello: Hello = { protocol: 1, generation: index + 1, directoryVersion: 10 * (index + 1) }
        const policy: LinkPolicy = { admitPeer: async (peerId) => station.admits(peerId), hello: () => hello }
        return { station, spec: { policy, handler: recorder, ...options } }
      })
      const networks = await harness.create(made.map(({ spec }) => spec))
      return made.map(({ station }, index) => Object.assign(station, { network: at(networks, index) }))
    }

    async function pair(): Promise<{ left: Station; right: Station; link: PeerLink; far: PeerLink }> {
      const [left, right] = await stations(2)
      if (left === undefined || right === undefined) throw new Error('two stations were asked for')
      const link = await connect(left, right)
      await right.recorder.until((recorder) => recorder.count('open') === 1)
      const far = right.network.link(left.network.peerId)
      if (far === undefined) throw new Error('the far side has no link')
      return { left, right, link, far }
    }

    const connect = (from: Station, to: Station): Promise<PeerLink> =>
      from.network.connect(to.network.peerId, to.network.addresses, signal())

    it('tell both sides who the other is and what it said', async () => {
      const { left, right, link, far } = await pair()
      expect([link.peerId, far.peerId]).toEqual([right.network.peerId, left.network.peerId])
      expect(link.remote).toEqual({ protocol: 1, generation: 2, directoryVersion: 20 })
      expect(far.remote).toEqual({ protocol: 1, generation: 1, directoryVersion: 10 })
      expect(await connect(left, right)).toBe(link)
      expect(await connect(right, left)).toBe(far)
    })

    it('keep the order of messages, and of the data on each lane, both ways', async () => {
      const { left, right, link, far } = await pair()
      for (const sender of [link, far])
        for (let index = 0; index < 300; index += 1) {
          sender.send({ want: { transfer: index, firstChunk: 0 } })
          await sender.sendData(index % 3 === 0 ? 'urgent' : 'bulk', 1, index, chunk(index, 500), signal())
        }
      for (const { recorder } of [left, right]) {
        await recorder.until((seen) => seen.messages.length === 300 && seen.data.length === 300)
        expect(recorder.messages.map(({ want }) => want?.transfer)).toEqual([...Array(300).keys()])
        for (const lane of ['urgent', 'bulk']) {
          const offsets = recorder.data.filter((data) => data.lane === lane).map(({ offset }) => offset)
          expect(offsets).toEqual(offsets.toSorted((a, b) => a - b))
        }
        for (const { first, offset, length } of recorder.data) expect([first, length]).toEqual([offset & 0xff, 500])
      }
    })

    it('carry a control message of 600 KB', async () => {
      const { right, link } = await pair()
      const waybill = new Uint8Array(600_000).map((_, index) => index % 251)
      link.send({ offer: { transfer: 5, waybill, seal: new Uint8Array(3), agencies: [] } })
      link.send({ end: { transfer: 5 } })
      await right.recorder.until((recorder) => recorder.messages.length === 2)
      const [offer, end] = right.recorder.messages
      expect(Buffer.compare(offer?.offer?.waybill ?? Buffer.alloc(0), waybill)).toBe(0)
      expect(end?.end?.transfer).toBe(5)
    })

    it.each(['urgent', 'bulk'] as const)(
      'stop the %s lane when nothing is released, and go on when it is',
      async (lane) => {
        const { right, link } = await pair()
        right.recorder.releaseAtOnce = false
        const total = 100
        let handed = 0
        const all = Promise.all(
          Array.from({ length: total }, async (_, index) => {
            await link.sendData(lane, 1, index, chunk(index), signal())
            handed += 1
          }),
        )
        const allowed = Math.floor(windowLimits.early / frameCost(maxDataBytes + 20))
        await right.recorder.until((recorder) => recorder.data.length === allowed)
        // Everything before this message has arrived; nothing behind the credit has been sent.
        link.send({ end: { transfer: 1 } })
        await right.recorder.until((recorder) => recorder.messages.length === 1)
        expect([handed, right.recorder.data.length]).toEqual([allowed, allowed])
        right.recorder.releaseAtOnce = true
        for (const { release } of right.recorder.data) release()
        await all
        await right.recorder.until((recorder) => recorder.data.length === total)
        expect(right.recorder.data.map(({ offset }) => offset)).toEqual([...Array(total).keys()])
      },
    )

    it('let one lane move while the other has no credit', async () => {
      const { right, link } = await pair()
      right.recorder.onEvent = (event) => {
        if (event.kind === 'data' && event.lane === 'urgent') event.release()
      }
      right.recorder.releaseAtOnce = false
      const stopped = new AbortController()
      const { over } = saturate(link, stopped.signal)
      for (let index = 0; index < 50; index += 1) await link.sendData('urgent', 2, index, chunk(2), signal())
      await right.recorder.until((recorder) => recorder.data.filter(({ lane }) => lane === 'urgent').length === 50)
      stopped.abort()
      await over
    })

    it('give credit once, however often data is released', async () => {
      const { right, link } = await pair()
      right.recorder.releaseAtOnce = false
      await link.sendData('bulk', 1, 0, chunk(0), signal())
      await right.recorder.until((recorder) => recorder.data.length === 1)
      for (let time = 0; time < 20; time += 1) right.recorder.data[0]?.release()
      const stopped = new AbortController()
      const { over } = saturate(link, stopped.signal)
      const allowed = Math.floor(windowLimits.early / frameCost(maxDataBytes + 20))
      await right.recorder.until((recorder) => recorder.data.length === 1 + allowed)
      link.send({ end: { transfer: 1 } })
      await right.recorder.until((recorder) => recorder.messages.length === 1)
      expect(right.recorder.data.length).toBe(1 + allowed)
      stopped.abort()
      await over
    })

    it('drop a waiting sender that is aborted, and only that one', async () => {
      const { right, link } = await pair()
      right.recorder.releaseAtOnce = false
      const impatient = new AbortController()
      const results: Promise<unknown>[] = []
      for (let index = 0; index < 10; index += 1)
        results.push(link.sendData('bulk', 1, index, chunk(index), index === 8 ? impatient.signal : signal()))
      impatient.abort(new Error('the document was cancelled'))
      await expect(results[8]).rejects.toThrow('the document was cancelled')
      await expect(link.sendData('bulk', 1, 8, chunk(8), impatient.signal)).rejects.toThrow('cancelled')
      right.recorder.releaseAtOnce = true
      await right.recorder.until((recorder) => recorder.data.length > 0)
      for (const { release } of right.recorder.data) release()
      await Promise.all(results.filter((_, index) => index !== 8))
      await right.recorder.until((recorder) => recorder.data.length === 9)
      expect(right.recorder.data.map(({ offset }) => offset)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 9])
    })

    it('close on both sides with the reason, and fail what waits', async () => {
      const { left, right, link, far } = await pair()
      right.recorder.releaseAtOnce = false
      const stopped = new AbortController()
      saturate(link, stopped.signal)
      const waiting = codeOf(link.sendData('bulk', 9, 0, chunk(9), signal()))
      link.send({ end: { transfer: 77 } })
      await link.close('the directory no longer names this station')
      await right.recorder.until((recorder) => recorder.count('close') === 1)
      expect(await waiting).toBe('LINK_CLOSED')
      for (const end of [link, far]) {
        expect(end.closed.aborted).toBe(true)
        expect(detailOf(end)).toBe('LINK_CLOSED the directory no longer names this station')
        expect(() => end.send({ end: { transfer: 1 } })).toThrow(expect.objectContaining({ code: 'LINK_CLOSED' }))
        expect(await codeOf(end.sendData('urgent', 1, 1, chunk(1), signal()))).toBe('LINK_CLOSED')
      }
      // What was sent before the close has come.
      expect(right.recorder.messages.map(({ end }) => end?.transfer)).toEqual([77])
      expect([left.recorder.count('close'), right.recorder.count('close')]).toEqual([1, 1])
      expect([left.network.link(far.peerId), right.network.link(link.peerId)]).toEqual([undefined, undefined])
      for (const { release } of right.recorder.data) release()
      expect(await connect(right, left)).not.toBe(far)
    })

    it('are closed by a handler that throws', async () => {
      const { left, right, link } = await pair()
      right.recorder.onEvent = (event) => {
        if (event.kind === 'message') throw new TramError('DISK_FULL', { neededBytes: 1, freeBytes: 0 })
      }
      link.send({ end: { transfer: 1 } })
      await left.recorder.until((recorder) => recorder.count('close') === 1)
      await right.recorder.until((recorder) => recorder.count('close') === 1)
      expect(detailOf(link)).toBe('LINK_CLOSED DISK_FULL')
    })

    it('are not opened to a peer that the directory does not name', async () => {
      const [left, right] = await stations(2)
      if (left === undefined || right === undefined) throw new Error('two stations were asked for')
      left.admits = () => false
      expect(await codeOf(connect(left, right))).toBe('PEER_NOT_ADMITTED')
      expect(await codeOf(connect(right, left))).toBe('PEER_UNREACHABLE')
      expect([...left.recorder.events, ...right.recorder.events]).toEqual([])
      left.admits = () => true
      expect((await connect(right, left)).peerId).toBe(left.network.peerId)
    })

    it('are not opened to another identity than asked for, nor to a wrong address', async () => {
      const [left, right, third] = await stations(3)
      if (left === undefined || right === undefined || third === undefined) throw new Error('three stations')
      const dial = (addresses: readonly string[]): Promise<string | undefined> =>
        codeOf(left.network.connect(right.network.peerId, addresses, signal()))
      expect(await dial(third.network.addresses)).toBe('PEER_UNREACHABLE')
      expect(await dial([])).toBe('PEER_UNREACHABLE')
      expect(await dial(['not an address'])).toBe('PEER_UNREACHABLE')
      expect(third.recorder.events).toEqual([])
      expect(left.network.link(right.network.peerId)).toBeUndefined()
    })

    it('leave an aborted connect at once and can be tried again', async () => {
      const [left, right] = await stations(2)
      if (left === undefined || right === undefined) throw new Error('two stations were asked for')
      const { promise: asked, resolve: isAsked } = Promise.withResolvers<void>()
      const { promise: answer, resolve: admit } = Promise.withResolvers<boolean>()
      Object.assign(left, {
        admits: () => {
          isAsked()
          return answer
        },
      })
      const impatient = new AbortController()
      const attempt = left.network.connect(right.network.peerId, right.network.addresses, impatient.signal)
      await asked
      impatient.abort(new Error('not now'))
      admit(true)
      await expect(attempt).rejects.toThrow('not now')
      expect((await connect(left, right)).peerId).toBe(right.network.peerId)
    })

    it('are one a peer when both dial at once, fifty times', async () => {
      const [left, right] = await stations(2)
      if (left === undefined || right === undefined) throw new Error('two stations were asked for')
      for (let round = 1; round <= 50; round += 1) {
        // Another head start each time: the dials cross at every stage.
        const rightDials = (async () => {
          for (let turns = 0; turns < round % 13; turns += 1) await turn()
          return await connect(right, left)
        })()
        const [link, far] = await Promise.all([connect(left, right), rightDials])
        link.send({ want: { transfer: round, firstChunk: 0 } })
        far.send({ want: { transfer: round, firstChunk: 0 } })
        for (const { recorder } of [left, right])
          await recorder.until((seen) => seen.messages.at(-1)?.want?.transfer === round)
        expect([left.recorder.count('open'), right.recorder.count('open')]).toEqual([round, round])
        expect([left.recorder.count('close'), right.recorder.count('close')]).toEqual([round - 1, round - 1])
        await link.close('next round')
        await right.recorder.until((seen) => seen.count('close') === round)
      }
      for (const { recorder } of [left, right])
        expect(recorder.messages.map(({ want }) => want?.transfer)).toEqual([...Array(50).keys()].map((n) => n + 1))
    })

    it('are no more than the station has room for', async () => {
      const [hub] = await stations(1, { maxPeers: 2 })
      const others = await stations(3)
      if (hub === undefined) throw new Error('a hub was asked for')
      const codes: (string | undefined)[] = []
      for (const other of others) codes.push(await codeOf(connect(other, hub)))
      expect(codes).toEqual([undefined, undefined, 'PEER_UNREACHABLE'])
      expect(hub.recorder.count('open')).toBe(2)
    })

    it('let control and urgent data overtake what waits on the bulk lane', async () => {
      const { right, link } = await pair()
      const stopped = new AbortController()
      const progress = saturate(link, stopped.signal)
      const behind: number[] = []
      for (let round = 1; round <= 20; round += 1) {
        const until = right.recorder.data.length + 50
        await right.recorder.until((recorder) => recorder.data.length >= until)
        const handed = progress.handed
        const bulkArrived = (): number => right.recorder.data.filter(({ lane }) => lane === 'bulk').length
        behind.push(handed - bulkArrived())
        if (round % 2 === 0) {
          link.send({ end: { transfer: round } })
          await right.recorder.until((recorder) => recorder.messages.at(-1)?.end?.transfer === round)
        } else {
          await link.sendData('urgent', 3, round, chunk(3, 1000), signal())
          await right.recorder.until((recorder) =>
            recorder.data.some((data) => data.offset === round && data.lane === 'urgent'),
          )
        }
      }
      stopped.abort()
      await progress.over
      // Frames handed to the connection and not yet read by the peer: what an urgent frame stands behind.
      expect(Math.max(...behind)).toBeLessThanOrEqual(4)
    })

    it('put nothing between a control message and what was handed over before it', async () => {
      const { right, link } = await pair()
      right.recorder.releaseAtOnce = false
      const stopped = new AbortController()
      const progress = saturate(link, stopped.signal)
      // Synchronously behind the first burst: at most the flight is ahead, the rest of the credit is not.
      link.send({ end: { transfer: 1 } })
      await right.recorder.until((recorder) => recorder.messages.length === 1)
      const ahead = right.recorder.events.findIndex((event) => event.kind === 'message')
      const dataAhead = right.recorder.events.slice(0, ahead).filter((event) => event.kind === 'data').length
      expect(dataAhead).toBeLessThanOrEqual(4)
      stopped.abort()
      await progress.over
    })

    it('hold memory flat while 500 MB go to a receiver that releases slowly', async () => {
      const { right, link } = await pair()
      right.recorder.releaseAtOnce = false
      const held: { release: () => void; bytes: Uint8Array }[] = []
      let received = 0
      const far = right.recorder
      // Keeps what it got, as a station waiting for its disk does, and releases one frame a turn of the event loop.
      far.onData = (_link, _lane, _transfer, _offset, bytes, release) => {
        received += bytes.length
        held.push({ release, bytes })
        if (held.length === 1) setImmediate(drain)
      }
      const drain = (): void => {
        held.shift()?.release()
        if (held.length > 0) setImmediate(drain)
      }
      let maxRss = 0
      let maxHeld = 0
      const frames = Math.ceil(500_000_000 / maxDataBytes)
      const bytes = chunk(5)
      let next = 0
      const sender = async (): Promise<void> => {
        while (next < frames) {
          next += 1
          await link.sendData('bulk', 1, next, bytes, AbortSignal.any([link.closed]))
          if (next === 500) base = process.memoryUsage.rss()
          maxRss = Math.max(maxRss, process.memoryUsage.rss())
          maxHeld = Math.max(maxHeld, held.length)
        }
      }
      let base = Number.POSITIVE_INFINITY
      await Promise.all(Array.from({ length: 16 }, sender))
      while (received < frames * maxDataBytes) await turn()
      expect(maxHeld * frameCost(maxDataBytes)).toBeLessThanOrEqual(windowLimits.bulk)
      expect(maxRss - base).toBeLessThan(150_000_000)
    })

    describe('against a hostile peer', () => {
      async function attacked(
        options: Partial<NetworkUnderTest> = {},
      ): Promise<{ victim: Station; intruder: Intruder }> {
        const [victim] = await stations(1, options)
        if (victim === undefined) throw new Error('a station was asked for')
        return { victim, intruder: await harness.intrude(victim.network) }
      }

      const opening: [string, Uint8Array][] = [
        ['garbage', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
        ['a huge length', Uint8Array.from([0, 0xff, 0xff, 0xff])],
        ['a message that is no protobuf', Uint8Array.from([0, 0, 0, 2, 0xff, 0xff])],
        ['a hello without a session', encoded({ hello: { protocol: 1, generation: 1, directoryVersion: 1 } })],
        ['a session of the wrong size', encoded({ session: { run: new Uint8Array(15), greeting: 1 } })],
        ['another message before the hello', encoded({ end: { transfer: 1 } })],
        ['data before the hello', encodeDataFrame('bulk', 1, 1, chunk(1))],
        ['protocol 0', greeting(0)],
      ]
      it.each(opening)('is closed that opens with %s', async (_name, bytes) => {
        const { victim, intruder } = await attacked()
        intruder.send(bytes)
        await intruder.closed
        expect(victim.recorder.events).toEqual([])
        expect(victim.network.link(intruder.peerId)).toBeUndefined()
      })

      it('is closed that never says hello', async () => {
        const { victim, intruder } = await attacked({ helloTimeoutMs: 1000 })
        await intruder.closed
        expect(victim.recorder.events).toEqual([])
      })

      const attacks: [string, Uint8Array][] = [
        [
          'overruns its credit',
          Buffer.concat(Array.from({ length: 80 }, () => encodeDataFrame('bulk', 1, 1, chunk(1)))),
        ],
        ['overruns with tiny frames', Buffer.concat(Array(5000).fill(encodeDataFrame('urgent', 1, 1, chunk(1, 1))))],
        ['sends a huge length', Uint8Array.from([0, 0x7f, 0xff, 0xff])],
        [
          'sends an endless message',
          Buffer.concat(Array(20).fill(Buffer.concat([Uint8Array.from([1, 1, 0, 0]), Buffer.alloc(65536)]))),
        ],
        ['sends data on the control lane', encoded({ data: { transfer: 1, offset: 1, bytes: new Uint8Array(1) } })],
        [
          'sends control on a data lane',
          framesOf('urgent', LinkMessage.encode({ end: { transfer: 1 } }))[0] ?? chunk(0),
        ],
        [
          'sends empty data',
          framesOf('bulk', LinkMessage.encode({ data: { transfer: 1, offset: 1, bytes: new Uint8Array(0) } }))[0] ??
            chunk(0),
        ],
        ['sends a message of no known kind', Uint8Array.from([0, 0, 0, 3, 0xfa, 0x3e, 0])],
        ['greets twice', greeting()],
        ['gives credit for ever', Buffer.concat(Array(3).fill(encoded({ credit: { lane: 2, bytes: 0x7fff_ffff } })))],
        ['gives credit for no lane', encoded({ credit: { lane: 0, bytes: 1 } })],
        ['yields what it does not have', encoded({ yield: { lane: 2, bytes: 0x7fff_ffff } })],
        ['tells of arrivals that were not', encoded({ arrived: { bytes: 5_000_000 } })],
        ['floods with pings', Buffer.concat(Array(50).fill(encoded({ ping: {} })))],
      ]
      it.each(attacks)('is closed that %s', async (_name, bytes) => {
        const { victim, intruder } = await attacked()
        victim.recorder.releaseAtOnce = false
        intruder.send(greeting())
        await victim.recorder.until((recorder) => recorder.count('open') === 1)
        intruder.send(bytes)
        await victim.recorder.until((recorder) => recorder.count('close') === 1)
        await intruder.closed
        const [opened] = victim.recorder.events
        expect(opened === undefined ? '' : detailOf(opened.link)).toMatch(/^LINK_PROTOCOL_VIOLATION /)
      })
    })
  })
}

function at<Item>(items: readonly Item[], index: number): Item {
  const item = items[index]
  if (item === undefined) throw new RangeError(`no item ${index}`)
  return item
}
