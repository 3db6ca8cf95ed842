// One attachment's file out of a packet that is kept, for people: nothing on the way of a document inflates. document-access.ts
// hands the packet in; document/edxml/edxml-extract finds the file and bounds what comes out.
import { pipeline } from 'node:stream'
import { createInflateRaw } from 'node:zlib'
import { extractAttachment } from '../document/edxml/edxml-extract.ts'
import type { InflateRaw } from '../document/edxml/edxml-unzip.ts'

export const inflateRaw: InflateRaw = (compressed) => {
  const inflate = createInflateRaw()
  // A failure destroys `inflate` with its error, which whoever iterates over it sees.
  pipeline(compressed, inflate, () => undefined)
  return inflate
}

/**
 * The file of an attachment, unzipped where it was zipped for the way. The packet is read to its end, which alone says that its
 * bytes are those that were sent: until the iteration ends normally those of the file are provisional.
 * @throws as extractAttachment, and what reading the packet throws
 */
export async function* attachmentFile(
  packet: AsyncIterable<Uint8Array>,
  contentId: string,
): AsyncGenerator<Uint8Array> {
  const reading = packet[Symbol.asyncIterator]()
  // Without `return`: whoever has found the file does not end the reading.
  const unended = { [Symbol.asyncIterator]: () => ({ next: () => reading.next() }) }
  try {
    yield* extractAttachment(unended, contentId, {}, inflateRaw)
    while ((await reading.next()).done !== true);
  } finally {
    await reading.return?.()
  }
}
