// What a message costs is how often it is written: noise's own way is four system calls a data frame.
import { Socket } from 'node:net'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import fc from 'fast-check'
import { Uint8ArrayList } from 'uint8arraylist'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createLinkNode, dialAddress } from '../../../../src/equipment/link/libp2p-node.ts'
import { NoiseDecoder } from '../../../../src/equipment/link/libp2p-noise.ts'

const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  vi.restoreAllMocks()
  for (const stop of stops.splice(0)) await stop()
})

async function startNode() {
  const privateKey = await generateKeyPair('Ed25519')
  const listen = ['/ip4/127.0.0.1/tcp/0']
  const admits = async () => true
  const node = await createLinkNode({ privateKey, listen, maxPeers: 4, helloTimeoutMs: 10_000, admits })
  await node.start()
  stops.push(async () => await node.stop())
  return { node, peerId: peerIdFromPrivateKey(privateKey).toString() }
}

it('writes a frame to the socket at once', async () => {
  const [left, right] = [await startNode(), await startNode()]
  const frameBytes = 60 * 1024
  const arrived = Promise.withResolvers<void>()
  let arrivedBytes = 0
  await right.node.handle('/test/1', (stream) => {
    stream.addEventListener('message', ({ data }) => {
      arrivedBytes += data.byteLength
      if (arrivedBytes === frameBytes) arrived.resolve()
    })
  })
  const address = right.node.getMultiaddrs()[0]?.decapsulate('/p2p').toString() ?? ''
  const connection = await left.node.dial(dialAddress(address, right.peerId))
  const stream = await connection.newStream('/test/1')
  const written: number[] = []
  const write = Socket.prototype.write
  vi.spyOn(Socket.prototype, 'write').mockImplementation(function (
    this: Socket,
    ...parameters: Parameters<Socket['write']>
  ) {
    written.push(Buffer.byteLength(parameters[0]))
    return write.apply(this, parameters)
  })
  stream.send(Buffer.alloc(frameBytes))
  await arrived.promise
  // Behind it come the peer's window updates, of a few bytes and as whole.
  const [first = 0, ...rest] = written
  expect(first).toBeGreaterThan(frameBytes)
  expect(rest.filter((bytes) => bytes > 1000)).toEqual([])
  expect(Math.min(first, ...rest)).toBeGreaterThan(16)
})

/** As noise puts it on the wire. */
const framed = (message: Uint8Array): Buffer =>
  Buffer.concat([Buffer.of(message.byteLength >> 8, message.byteLength & 0xff), message])

describe('the decoder of messages', () => {
  it('gives them back whole, however the bytes are cut', () => {
    const anyMessage = fc.oneof(fc.uint8Array({ maxLength: 6 }), fc.uint8Array({ minLength: 250, maxLength: 600 }))
    fc.assert(
      fc.property(fc.array(anyMessage), fc.array(fc.nat({ max: 700 })), fc.boolean(), (messages, cuts, isListed) => {
        const wire = Buffer.concat(messages.map(framed))
        const decoder = new NoiseDecoder()
        const found: Uint8Array[] = []
        let from = 0
        for (const length of [...cuts, wire.byteLength]) {
          const read = wire.subarray(from, from + length)
          found.push(...decoder.decode(isListed ? new Uint8ArrayList(read.subarray(0, 3), read.subarray(3)) : read))
          from += length
        }
        expect(found.map((each) => [...each])).toEqual(
          messages.filter(({ length }) => length > 0).map((each) => [...each]),
        )
      }),
      { numRuns: 500 },
    )
  })

  it('copies only what came in several reads', () => {
    const wire = framed(Buffer.alloc(300, 7))
    const decoder = new NoiseDecoder()
    expect(decoder.decode(wire)[0]?.buffer).toBe(wire.buffer)
    expect(decoder.decode(wire.subarray(0, 100))).toEqual([])
    expect(decoder.decode(wire.subarray(100))).toEqual([Buffer.alloc(300, 7)])
  })
})

it.each(['one byte of the text', 'the tag'])(
  'ends a connection when %s of a large message was changed on the way',
  async (what) => {
    const [left, right] = [await startNode(), await startNode()]
    let arrivedBytes = 0
    await right.node.handle('/test/1', (stream) => {
      stream.addEventListener('message', ({ data }) => {
        arrivedBytes += data.byteLength
      })
    })
    const address = right.node.getMultiaddrs()[0]?.decapsulate('/p2p').toString() ?? ''
    const connection = await left.node.dial(dialAddress(address, right.peerId))
    const closed = new Promise((resolve) => connection.addEventListener('close', resolve, { once: true }))
    const stream = await connection.newStream('/test/1')
    const write = Socket.prototype.write
    vi.spyOn(Socket.prototype, 'write').mockImplementation(function (
      this: Socket,
      ...parameters: Parameters<Socket['write']>
    ) {
      const bytes = parameters[0]
      if (bytes instanceof Uint8Array && bytes.byteLength > 2000) {
        const at = what === 'the tag' ? bytes.byteLength - 1 : 1000
        bytes[at] = (bytes[at] ?? 0) ^ 1
      }
      return write.apply(this, parameters)
    })
    stream.send(Buffer.alloc(4000))
    await closed
    expect(arrivedBytes).toBe(0)
  },
)
