// What signer and station say to each other: frames, descriptions, failures.
import { TramError } from '../../../src/base/errors.ts'
import {
  encodeDescription,
  encodeFailure,
  encodeFrame,
  type Frame,
  FrameReader,
  maxAnswerBytes,
  maxRequestBytes,
  parseDescription,
  parseFailure,
} from '../../../src/equipment/token/signer-frames.ts'
import { textMutators } from '../format-mutators.ts'
import { asText, cutAnywhere, FuzzComplaint, type FuzzTarget, outcomeOf } from '../fuzz-target.ts'

const description = encodeDescription({
  ...{
    state: 'ready',
    detail: '',
    label: 'thẻ',
    serial: '01',
    scheme: 'rsa-pkcs1-sha256',
    pinCountLow: false,
    pinFinalTry: true,
  },
  certificate: Buffer.alloc(900, 7),
})

export const target: FuzzTarget = {
  name: 'signer-frames',
  runsInTest: 1000,
  open: async () => ({
    seeds: [
      Buffer.concat([
        encodeFrame({ kind: 'describe', request: 1, body: Buffer.alloc(0) }),
        encodeFrame({ kind: 'sign', request: 2, body: Buffer.alloc(32, 4) }),
        encodeFrame({ kind: 'pin', request: 3, body: Buffer.from('123456') }),
      ]),
      Buffer.concat([
        encodeFrame({ kind: 'changed', request: 0, body: description }),
        encodeFrame({ kind: 'description', request: 1, body: description }),
        encodeFrame({
          kind: 'failure',
          request: 2,
          body: encodeFailure(new TramError('SEAL_INVALID', { detail: 'x' })),
        }),
      ]),
      encodeFrame({ kind: 'failure', request: 2, body: encodeFailure(new TramError('SEAL_INVALID', { detail: 'x' })) }),
    ],
    mutators: textMutators,
    async check(input, random) {
      for (const maxBytes of [maxRequestBytes, maxAnswerBytes]) {
        const whole = await outcomeOf(() => read([Uint8Array.from(input)], maxBytes))
        const cut = await outcomeOf(() => read(cutAnywhere(input, random), maxBytes))
        if (whole !== cut) throw new FuzzComplaint(`whole: ${whole.slice(0, 500)}\ncut: ${cut.slice(0, 500)}`)
      }
      for (const { kind, body } of read([Uint8Array.from(input)], maxAnswerBytes)) {
        if (kind === 'failure') asText(parseFailure(body).condition)
        if (kind === 'description' || kind === 'changed') parseDescription(body)
      }
    },
  }),
}

function read(pieces: readonly Uint8Array[], maxBytes: number): Frame[] {
  const reader = new FrameReader(maxBytes)
  return pieces.flatMap((piece) => reader.push(Buffer.from(piece)))
}
