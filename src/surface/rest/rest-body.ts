// A body of bytes on its way in: given up when its client stands still. The caller of a Unix socket is a neighbour, but one
// that hangs in the middle must not keep what its body holds: a reservation of the disk, or the turn of every other import.
import type { Readable } from 'node:stream'
import { TramError } from '../../base/errors.ts'

/**
 * The bytes of `raw` (attacker-controlled; bounded by whoever reads them), as they come.
 * @param idleMs longest time without a byte; slow but moving is right
 * @throws TramError PACKET_TRUNCATED when it stands still, or ends before its announced length
 */
export async function* movingBody(raw: Readable, idleMs: number): AsyncGenerator<Uint8Array> {
  let bytes = 0
  // Armed only while we wait for the client: a slow disk of ours is not its fault.
  let timer: NodeJS.Timeout | undefined
  const iterator: AsyncIterator<Uint8Array> = raw[Symbol.asyncIterator]()
  try {
    for (;;) {
      const { promise: idle, reject } = Promise.withResolvers<never>()
      timer = setTimeout(() => reject(new TramError('PACKET_TRUNCATED', { bytes, expected: '?' })), idleMs)
      const { done, value } = await Promise.race([iterator.next(), idle])
      clearTimeout(timer)
      if (done === true) return
      bytes += value.byteLength
      yield value
    }
  } finally {
    clearTimeout(timer)
    // Not awaited: a reader that waits for a silent client would never come back.
    iterator.return?.().catch(() => undefined)
  }
}
