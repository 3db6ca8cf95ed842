// Every condition about the content of a packet, provoked and cleared: by the reader, by intake, and at the door of the station.
import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { TestClock } from '../../src/base/clock.ts'
import { packetConditions } from '../../src/base/conditions/packet-conditions.ts'
import { UploadPace } from '../../src/base/upload-pace.ts'
import { RequestBody } from '../../src/surface/vxp/vxp-body.ts'
import { changed, plainDocument, readPacket } from '../unit/document/edxml/packet-text.ts'
import { lone, packetOf } from './lone.ts'
import { provokeAndClear, type Scenario, type Scenarios, type Setting } from './scenario.ts'

/** The reader refuses `packet`, and takes the one without the fault. */
const reading =
  (from: string | RegExp, to: string): Scenario<'refusal'> =>
  () => ({ wrong: () => readPacket(changed(plainDocument, from, to)), right: () => readPacket(plainDocument) })

/** What the reader of a request's body says of a client that announces 100 bytes and sends `bytes` of them. */
async function upload({ after }: Setting, bytes: number): Promise<unknown> {
  const { promise, resolve } = Promise.withResolvers<unknown>()
  const server = createServer(async (incoming, response) => {
    const pace = new UploadPace({ idleMs: 60_000, minBytesPerSecond: 1 }, new TestClock())
    try {
      for await (const _ of new RequestBody(incoming, response, false, { maxBytes: 1000, pace }));
      resolve(undefined)
    } catch (error) {
      resolve(error)
    }
    response.end()
  })
  server.listen(0, '127.0.0.1')
  after(() => server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const client = request({ port, method: 'POST', headers: { 'content-length': 100 } })
  client.on('error', () => undefined)
  client.on('response', (response) => response.resume())
  client.write(Buffer.alloc(bytes), () => (bytes < 100 ? client.destroy() : client.end()))
  return promise
}

/** A sender of one byte in each `seconds`, followed for ten minutes. */
async function trickle(seconds: number): Promise<void> {
  const clock = new TestClock()
  const pace = new UploadPace({ idleMs: 60_000, minBytesPerSecond: 1 }, clock)
  for (let passed = 0; passed < 600; passed += seconds) {
    const next = pace.wait(Promise.resolve())
    clock.advance(seconds * 1000)
    await next
    pace.came(1)
  }
}

provokeAndClear(packetConditions, {
  PACKET_MALFORMED: reading('</CodeNumber>', '</CodeNotation>'),
  PACKET_FORBIDDEN_CONSTRUCT: reading('<edXML ', '<!DOCTYPE edXML><edXML '),
  PACKET_LIMIT_EXCEEDED: () => ({
    wrong: () => readPacket(plainDocument, { maxDepth: 3 }),
    right: () => readPacket(plainDocument),
  }),
  PACKET_FIELD_MISSING: reading('<OrganId>000.00.00.G22</OrganId>', ''),
  PACKET_FIELD_INVALID: reading('<Subject>', '<Subject>một</Subject><Subject>'),
  PACKET_ATTACHMENT_INVALID: reading('JVBERg==', 'JVB!Rg=='),
  PACKET_STATE_SECRET: async (setting) => {
    const { station: one } = await lone(setting, { secrecyMarks: ['TỐI MẬT'] })
    return { wrong: () => one.submit(packetOf('TỐI MẬT')), right: () => one.submit(packetOf('Giấy mời')) }
  },
  PACKET_HASH_MISMATCH: async (setting) => {
    const { station: one } = await lone(setting)
    return {
      wrong: () => one.submit(packetOf('Giấy mời'), { acceptsDigest: () => false }),
      right: () => one.submit(packetOf('Giấy mời')),
    }
  },
  PACKET_TOO_LARGE: async (setting) => {
    const { station: one } = await lone(setting)
    return {
      wrong: () => one.submit(packetOf('Giấy mời'), { declaredBytes: 2 ** 32 }),
      right: () => one.submit(packetOf('Giấy mời')),
    }
  },
  PACKET_TRUNCATED: (setting) => ({ wrong: () => upload(setting, 40), right: () => upload(setting, 100) }),
  PACKET_TOO_SLOW: () => ({ wrong: () => trickle(59), right: () => trickle(1) }),
} satisfies Scenarios<typeof packetConditions>)
