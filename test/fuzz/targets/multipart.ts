// The form that some kits send instead of plain bytes.
import { fileDocOf } from '../../../src/surface/vxp/vxp-multipart.ts'
import { byteMutators } from '../byte-mutators.ts'
import { inParts, packParts, textMutators, unpackParts } from '../format-mutators.ts'
import { cutAnywhere, FuzzComplaint, type FuzzTarget } from '../fuzz-target.ts'

const form = (boundary: string, ...parts: string[]): Buffer =>
  Buffer.from(`${parts.map((part) => `--${boundary}\r\n${part}\r\n`).join('')}--${boundary}--\r\n`)
const file =
  'Content-Disposition: form-data; name="file_doc"; filename="a.edxml"\r\nContent-Type: application/octet-stream\r\n\r\n'

export const target: FuzzTarget = {
  name: 'multipart',
  runsInTest: 300,
  open: async () => ({
    seeds: [
      packParts(Buffer.from('multipart/form-data; boundary=xyz'), form('xyz', `${file}nội dung`)),
      packParts(
        Buffer.from('multipart/form-data; boundary="----a b"'),
        form('----a b', 'Content-Disposition: form-data; name="x"\r\n\r\n1', `${file}${'y'.repeat(5000)}\r\n--`),
      ),
    ],
    mutators: inParts([...byteMutators, ...textMutators]),
    async check(input, random) {
      const [type = Buffer.alloc(0), body = Buffer.alloc(0)] = unpackParts(input)
      async function* pieces(): AsyncGenerator<Uint8Array> {
        yield* cutAnywhere(body, random)
      }
      let bytes = 0
      for await (const piece of fileDocOf(pieces(), type.toString('latin1'))) bytes += piece.byteLength
      if (bytes > body.byteLength) throw new FuzzComplaint(`${bytes} bytes came out of ${body.byteLength}`)
    },
  }),
}
