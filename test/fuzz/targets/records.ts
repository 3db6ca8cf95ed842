// Waybills and receipts: their parsers, and that what was taken reads the same once it is written again.
import { encodeReceipt, Outcome, parseReceipt } from '../../../src/document/receipt.ts'
import { Seal } from '../../../src/document/schema/seal.ts'
import { PacketKind } from '../../../src/document/schema/waybill.ts'
import { parseSeal, parseSealPath } from '../../../src/document/seal.ts'
import { encodeWaybill, parseWaybill } from '../../../src/document/waybill.ts'
import { protobufMutators } from '../format-mutators.ts'
import { asText, FuzzComplaint, type FuzzTarget, outcomeOf, refusalCode } from '../fuzz-target.ts'

const digest = (value: number) => Buffer.alloc(32, value)
const times = { created: Date.UTC(2026, 10, 21), notAfter: Date.UTC(2026, 11, 21) }

export const target: FuzzTarget = {
  name: 'records',
  runsInTest: 1000,
  open: async () => ({
    seeds: [
      encodeWaybill({
        ...{ version: 1, salt: digest(9), kind: PacketKind.DOCUMENT, priority: 2, station: 'one', generation: 1 },
        ...{
          senderAgency: 'H01',
          recipients: ['H02', '000.00.01.H03'],
          packetDigest: digest(1),
          packetSize: 3_000_000,
        },
        ...{ chunkSize: 1024 * 1024, chunkDigests: [digest(2), digest(3), digest(4)], contentEncoding: '', ...times },
        ...{ attempt: 1, resend: 0 },
      }),
      encodeReceipt({
        ...{
          version: 1,
          salt: digest(8),
          station: 'two',
          generation: 1,
          waybillDigest: digest(5),
          packetDigest: digest(1),
        },
        ...{ senderStation: 'one', decided: times.created },
        verdicts: [
          { agency: 'H02', outcome: Outcome.STORED, code: '', detail: '' },
          { agency: '000.00.01.H03', outcome: Outcome.REFUSED, code: 'PACKET_MALFORMED', detail: 'dòng 1' },
        ],
      }),
      Seal.encode({ cms: Buffer.from('cms'), leafIndex: 5, path: [digest(6), digest(7)] }),
      Seal.encode({ cms: Buffer.alloc(0), leafIndex: 5, path: [digest(6), digest(7)] }),
    ],
    mutators: protobufMutators,
    async check(input) {
      const outcomes = [
        await again(
          () => parseWaybill(input),
          (waybill) => parseWaybill(encodeWaybill(waybill)),
        ),
        await again(
          () => parseReceipt(input),
          (receipt) => parseReceipt(encodeReceipt(receipt)),
        ),
        await again(
          () => parseSeal(input),
          (seal) => parseSeal(Seal.encode(seal)),
        ),
        await again(
          () => parseSealPath(input),
          (path) => parseSealPath(Seal.encode({ ...path, cms: Buffer.alloc(0) })),
        ),
      ]
      if (outcomes.every((refused) => refused)) parseWaybill(input)
    },
  }),
}

/** Whether it was refused. What was not must read the same again. */
async function again<Value>(parse: () => Value, reread: (value: Value) => Value): Promise<boolean> {
  let value: Value
  try {
    value = parse()
  } catch (error) {
    if (refusalCode(error) === undefined) throw error
    return true
  }
  const second = await outcomeOf(() => reread(value))
  if (second !== asText(value)) throw new FuzzComplaint(`read: ${asText(value)}\nwritten and read: ${second}`)
  return false
}
