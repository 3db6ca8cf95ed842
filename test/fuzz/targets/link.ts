// The bytes of a link: frames and messages, in any state of the link, from a peer that says anything.
import { TestClock } from '../../../src/base/clock.ts'
import { createLogger } from '../../../src/base/logger.ts'
import { encodeDataFrame } from '../../../src/equipment/link/data-frame.ts'
import { FramedLink } from '../../../src/equipment/link/framed-link.ts'
import { frameHeaderBytes, framesOf } from '../../../src/equipment/link/frames.ts'
import { LinkMessage } from '../../../src/equipment/link/schema/messages.ts'
import { StationBudget } from '../../../src/equipment/link/station-budget.ts'
import { drawOne } from '../../fixtures/random.ts'
import { below, byteMutators, type Mutator, spliced } from '../byte-mutators.ts'
import { protobufMutators } from '../format-mutators.ts'
import { cutAnywhere, FuzzComplaint, type FuzzTarget, refusalCode } from '../fuzz-target.ts'

const control = (message: LinkMessage): Buffer => Buffer.concat(framesOf('control', LinkMessage.encode(message)))
const hello = { protocol: 1, generation: 1, directoryVersion: 3 }
const greeting = [control({ session: { run: Buffer.alloc(16, 1), greeting: 1 } }), control({ hello })]

/** Frames as far as they can be read. */
function framesIn(input: Buffer): { at: number; end: number }[] {
  const frames: { at: number; end: number }[] = []
  for (let at = 0; at + frameHeaderBytes < input.length; ) {
    const end = at + frameHeaderBytes + input.readUIntBE(at + 1, 3)
    if (end > input.length) break
    frames.push({ at, end })
    at = end
  }
  return frames
}

/** A frame whose payload is spoilt and whose length is right. */
const insideFrame =
  (mutators: readonly Mutator[]): Mutator =>
  (input, random, other) => {
    const frames = framesIn(input)
    if (frames.length === 0) return input
    const { at, end } = drawOne(random, frames)
    const payload = drawOne(random, mutators)(input.subarray(at + frameHeaderBytes, end), random, other).subarray(
      0,
      65_536,
    )
    const header = Buffer.from(input.subarray(at, at + frameHeaderBytes))
    header.writeUIntBE(payload.length, 1, 3)
    return spliced(input, at, end - at, Buffer.concat([header, payload]))
  }

const frameMutators: readonly Mutator[] = [
  insideFrame(protobufMutators),
  insideFrame(protobufMutators),
  insideFrame(byteMutators),
  // Lane, `more`, length.
  (input, random) => {
    const frames = framesIn(input)
    if (frames.length === 0) return input
    const { at } = drawOne(random, frames)
    const copy = Buffer.from(input)
    if (random() < 0.5) copy[at] = below(random, 8)
    else copy.writeUIntBE(drawOne(random, [0, 1, 0xffff, 0x10000, 0x10001, 0xffffff]), at + 1, 3)
    return copy
  },
  // A frame again, away, elsewhere.
  (input, random, other) => {
    const frames = framesIn(input)
    const others = framesIn(other)
    if (frames.length === 0 || others.length === 0) return input
    const place = drawOne(random, frames)
    const taken = drawOne(random, others)
    const times = drawOne(random, [0, 1, 1, 2, 30])
    const more = Buffer.concat(Array.from({ length: times }, () => other.subarray(taken.at, taken.end)))
    return spliced(input, place.at, random() < 0.5 ? 0 : place.end - place.at, more)
  },
]

export const target: FuzzTarget = {
  name: 'link',
  runsInTest: 200,
  open: async () => ({
    seeds: [
      Buffer.concat([
        ...greeting,
        control({ credit: { lane: 1, bytes: 100_000 } }),
        control({ credit: { lane: 2, bytes: 100_000 } }),
        control({ pong: {} }),
        control({ ping: {} }),
        ...[0, 1, 2].map((at) => encodeDataFrame('urgent', 7, at * 300, Buffer.alloc(300, at))),
        control({ bye: { reason: 'xong', tie: false } }),
      ]),
      Buffer.concat([
        ...greeting,
        control({
          offer: { transfer: 7, waybill: Buffer.alloc(70_000, 1), seal: Buffer.alloc(300, 2), agencies: ['H01'] },
        }),
        encodeDataFrame('bulk', 7, 0, Buffer.alloc(2000, 3)),
        control({ yield: { lane: 2, bytes: 10 } }),
        control({ want: { transfer: 7, firstChunk: 1 } }),
        control({ temporary: { transfer: 7, code: 'DISK_FULL', retryAfterMs: 5, reseal: false } }),
      ]),
    ],
    mutators: frameMutators,
    check(input, random) {
      const budget = new StationBudget()
      const clock = new TestClock()
      const seen = { opened: 0, closed: 0, gone: 0 }
      const releases: (() => void)[] = []
      const handler = {
        onOpen: () => {
          seen.opened += 1
        },
        onMessage: () => assertOpen(),
        onData: (
          _link: unknown,
          _lane: unknown,
          _transfer: number,
          _offset: number,
          _bytes: Uint8Array,
          release: () => void,
        ) => {
          assertOpen()
          releases.push(release)
        },
        onClose: () => {
          seen.closed += 1
        },
      }
      const assertOpen = (): void => {
        if (seen.opened !== 1 || seen.closed !== 0)
          throw new FuzzComplaint(`told in a wrong state: ${JSON.stringify(seen)}`)
      }
      let sentBytes = 0
      const link = new FramedLink({
        ...{ peerId: 'peer', role: random() < 0.5 ? 'opener' : 'acceptor', handler, budget, clock },
        wire: {
          send: (bytes: Uint8Array) => {
            sentBytes += bytes.byteLength
          },
          end: async () => undefined,
          cut: () => undefined,
          nudge: () => undefined,
        },
        logger,
        onGreeted: (greeted) => greeted.open(),
        onGone: () => {
          seen.gone += 1
        },
      })
      link.greet({ run: Buffer.alloc(16, 2), greeting: 2 }, hello)
      for (const piece of cutAnywhere(input, random)) {
        link.receive(piece)
        if (random() < 0.02) releases.pop()?.()
        if (random() < 0.01) {
          clock.advance(5000)
          link.tick()
        }
      }
      // What is said must not make us say much more: a peer could otherwise use us against our own line.
      if (sentBytes > 4096 + 64 * input.byteLength)
        throw new FuzzComplaint(`${sentBytes} bytes sent for ${input.byteLength}`)
      link.wireClosed(undefined)
      for (const release of releases) release()
      if (seen.gone !== 1 || seen.closed !== seen.opened)
        throw new FuzzComplaint(`not closed once: ${JSON.stringify(seen)}`)
      const { reason } = link.closed
      if (refusalCode(reason) !== 'LINK_CLOSED') throw reason
    },
  }),
}

const logger = createLogger('silent')
