// A body on its way in: given up when it comes too slowly. The caller of a Unix socket is a neighbour, but one that hangs in
// the middle must not keep what its body holds: a reservation of the disk, or the turn of every other import.
import { isSystemError, TramError } from '../../base/errors.ts'
import type { UploadPace } from '../../base/upload-pace.ts'

/**
 * The bytes of `raw` (attacker-controlled; bounded by whoever reads them), as they come.
 * @throws TramError PACKET_TOO_SLOW; REQUEST_INVALID when its sender leaves before its announced length; the error of the stream
 */
export async function* movingBody(raw: AsyncIterable<Uint8Array>, pace: UploadPace): AsyncGenerator<Uint8Array> {
  const iterator: AsyncIterator<Uint8Array> = raw[Symbol.asyncIterator]()
  try {
    for (;;) {
      const { done, value } = await pace.wait(iterator.next())
      if (done === true) return
      pace.came(value.byteLength)
      yield value
    }
  } catch (error) {
    // Nobody is left to read the answer, and nothing here has failed.
    if (isSystemError(error, 'ECONNRESET'))
      throw new TramError('REQUEST_INVALID', { field: 'body', detail: 'is cut' }, { cause: error })
    throw error
  } finally {
    // Not awaited: a reader that waits for a silent client would never come back.
    iterator.return?.().catch(() => undefined)
  }
}
