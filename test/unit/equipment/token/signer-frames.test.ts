import fc from 'fast-check'
import { expect, it } from 'vitest'
import { TramError } from '../../../../src/base/errors.ts'
import {
  encodeDescription,
  encodeFailure,
  encodeFrame,
  type FrameKind,
  FrameReader,
  maxAnswerBytes,
  maxRequestBytes,
  parseDescription,
  parseFailure,
} from '../../../../src/equipment/token/signer-frames.ts'
import type { TokenDescription } from '../../../../src/equipment/token/token.ts'

const foreign = expect.objectContaining({ code: 'SIGNER_UNREACHABLE' })
const frames = fc.array(
  fc.record({
    kind: fc.constantFrom<FrameKind>(
      'describe',
      'sign',
      'pin',
      'description',
      'signature',
      'done',
      'failure',
      'changed',
    ),
    request: fc.integer({ min: 0, max: 0xffffffff }),
    body: fc.uint8Array({ maxLength: maxRequestBytes }).map((bytes) => Buffer.from(bytes)),
  }),
  { maxLength: 10 },
)

it('reads back what was written, however it is cut', () => {
  fc.assert(
    fc.property(frames, fc.infiniteStream(fc.integer({ min: 1, max: 700 })), (sent, sizes) => {
      const stream = Buffer.concat(sent.map(encodeFrame))
      const reader = new FrameReader(maxRequestBytes)
      const received = []
      for (let at = 0; at < stream.length; ) {
        const size = sizes.next().value ?? 1
        received.push(...reader.push(Buffer.from(stream.subarray(at, at + size))))
        at += size
      }
      expect(received).toEqual(sent)
    }),
  )
})

it('survives any bytes: frames within bounds, or an error', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 2000 }), { maxLength: 5 }), (chunks) => {
      const reader = new FrameReader(maxRequestBytes)
      try {
        for (const chunk of chunks)
          for (const frame of reader.push(Buffer.from(chunk)))
            expect(frame.body.length).toBeLessThanOrEqual(maxRequestBytes)
      } catch (error) {
        expect(error).toEqual(foreign)
      }
    }),
  )
})

it.each([0, 4, 5 + maxRequestBytes + 1, 0xffffffff])(
  'refuses a length of %i before it waits for the bytes',
  (length) => {
    const head = Buffer.alloc(4)
    head.writeUInt32BE(length)
    expect(() => new FrameReader(maxRequestBytes).push(head)).toThrow(foreign)
  },
)

it('wipes what it has read', () => {
  const chunk = encodeFrame({ kind: 'pin', request: 1, body: Buffer.from('123456') })
  expect(new FrameReader(maxRequestBytes).push(chunk)[0]?.body.toString()).toBe('123456')
  expect(chunk.every((byte) => byte === 0)).toBe(true)
})

const description: TokenDescription = {
  state: 'ready',
  detail: 'chi tiết',
  label: 'Trạm',
  serial: '01',
  scheme: 'ecdsa-p384-sha384',
  certificate: new Uint8Array(64 * 1024).fill(7),
  pinCountLow: true,
  pinFinalTry: false,
}

it('carries a description with the largest certificate', () => {
  const body = encodeDescription(description)
  expect(body.length).toBeLessThan(maxAnswerBytes)
  expect(parseDescription(body)).toEqual(description)
  const bare = { ...description, scheme: null, certificate: null }
  expect(parseDescription(encodeDescription(bare))).toEqual(bare)
})

it.each(['', 'null', '[]', '1', '{}', '{"state":"happy"}', '{"state":"ready","scheme":"toString","certificate":null}'])(
  'takes %j for no description',
  (text) => {
    expect(() => parseDescription(Buffer.from(text))).toThrow(foreign)
  },
)

it('carries a failure with its data', () => {
  const failure = new TramError('TOKEN_FAILED', { rv: 'CKR_DEVICE_ERROR', operation: 'sign' })
  expect(parseFailure(encodeFailure(failure))).toMatchObject({ message: failure.message, data: failure.data })
  const huge = new TramError('INTERNAL', { detail: 'x'.repeat(1_000_000) })
  expect(encodeFailure(huge).length).toBeLessThan(maxAnswerBytes)
})

it.each(['', '{}', '{"code":"constructor"}', '{"code":7}'])('takes %j for no failure', (text) => {
  expect(() => parseFailure(Buffer.from(text))).toThrow(foreign)
})
