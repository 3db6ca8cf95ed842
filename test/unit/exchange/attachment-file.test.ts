// A file out of a kept packet: not whole before the packet is, and nothing stays open behind it.
import { expect, it } from 'vitest'
import { TramError } from '../../../src/base/errors.ts'
import { attachmentFile } from '../../../src/exchange/attachment-file.ts'
import { letter } from '../../fixtures/edxml/letter.ts'

const file = Buffer.alloc(200_000, '%PDF')
/** The envelope comes behind the file. */
const attachments = [{ name: 'a.pdf', contentId: 'cid:1', bytes: file }]
const packet = letter({ attachments, content: 'x'.repeat(200_000) })
const pieceBytes = 60 * 1024

/** As the packet store reads: what is damaged shows at the end. */
function stored(failure?: TramError) {
  const state = { read: 0, ended: false }
  async function* read() {
    try {
      for (let at = 0; at < packet.length; at += pieceBytes) {
        if (failure !== undefined && at + pieceBytes >= packet.length) throw failure
        yield packet.subarray(at, at + pieceBytes)
        state.read = Math.min(packet.length, at + pieceBytes)
      }
    } finally {
      state.ended = true
    }
  }
  return { state, bytes: read() }
}

it('comes whole, and the packet is read to its end', async () => {
  const { state, bytes } = stored()
  const pieces: Uint8Array[] = []
  for await (const piece of attachmentFile(bytes, '1')) pieces.push(piece)
  expect(Buffer.concat(pieces).equals(file)).toBe(true)
  expect(state).toEqual({ read: packet.length, ended: true })
})

it('ends with the error of a packet whose damage shows behind the file', async () => {
  const { state, bytes } = stored(new TramError('PACKET_DAMAGED', { digest: 'x' }))
  const taken = (async () => {
    for await (const _ of attachmentFile(bytes, '1'));
  })()
  await expect(taken).rejects.toMatchObject({ code: 'PACKET_DAMAGED' })
  expect(state.ended).toBe(true)
})

it('ends the reading of a packet when nobody wants the rest', async () => {
  const { state, bytes } = stored()
  for await (const _ of attachmentFile(bytes, '1')) break
  expect(state.ended).toBe(true)
  expect(state.read).toBeLessThan(packet.length)
})
