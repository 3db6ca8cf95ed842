// What a message costs is how often it is written: noise's own way is four system calls a data frame.
import { Socket } from 'node:net'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { afterEach, expect, it, vi } from 'vitest'
import { createLinkNode, dialAddress } from '../../../../src/equipment/link/libp2p-node.ts'

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
