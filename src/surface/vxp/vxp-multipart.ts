// The form with one part `file_doc` that some kit versions send instead of the plain bytes. Streams that part out of
// the body; hash-file binds its content, so nothing else of the form is believed.
import type { Readable } from 'node:stream'
import { Busboy } from '@fastify/busboy'
import { TramError } from '../../base/errors.ts'

const partName = 'file_doc'
const limits = { parts: 16, headerPairs: 64, headerSize: 16 * 1024 }

/** The Content-Type of a form with a boundary among those that were sent, undefined when the body is the file itself. */
export function formTypeOf(contentTypes: readonly string[]): string | undefined {
  return contentTypes.find((type) => /^\s*multipart\/form-data\b/i.test(type))
}

/**
 * The bytes of the one part `file_doc` in `body` (attacker-controlled), with back-pressure.
 * Reads the body to its end. When the reader stops early, it stops reading the body.
 * @throws TramError REQUEST_INVALID (field file_doc) when the form is broken or has not exactly one such part
 */
export async function* fileDocOf(body: AsyncIterable<Uint8Array>, formType: string): AsyncGenerator<Uint8Array> {
  const parser = parserOf(formType)
  const found = Promise.withResolvers<Readable>()
  const finished = Promise.withResolvers<void>()
  const state: { part?: Readable; failure?: unknown; isStopped: boolean; wake?: () => void } = { isStopped: false }
  const fail = (error: unknown): void => {
    state.failure ??= error
    found.reject(state.failure)
    finished.reject(state.failure)
    state.part?.destroy(error instanceof Error ? error : undefined)
    state.wake?.()
  }
  found.promise.catch(() => undefined)
  finished.promise.catch(() => undefined)
  parser.on('file', (name: string | undefined, stream: Readable) => {
    stream.on('error', (cause: unknown) => fail(broken('biểu mẫu bị cắt', cause)))
    if (name !== partName) stream.resume()
    else if (state.part) {
      stream.resume()
      fail(broken('có nhiều hơn một phần'))
    } else {
      state.part = stream
      found.resolve(stream)
    }
  })
  parser.on('partsLimit', () => fail(broken('có quá nhiều phần')))
  parser.on('error', (cause: unknown) => fail(broken('biểu mẫu sai dạng', cause)))
  parser.on('finish', () => {
    if (!state.part) fail(broken('không có phần nào'))
    finished.resolve()
  })
  parser.on('drain', () => state.wake?.())

  const pump = async (): Promise<void> => {
    for await (const piece of body) {
      if (state.isStopped || state.failure !== undefined) return
      if (parser.write(piece)) continue
      const { promise, resolve } = Promise.withResolvers<void>()
      state.wake = resolve
      await promise
    }
    if (!state.isStopped && state.failure === undefined) parser.end()
  }
  const pumping = pump().catch(fail)
  try {
    for await (const piece of await found.promise) yield piece
    await finished.promise
    await pumping
    if (state.failure !== undefined) throw state.failure
  } catch (error) {
    // The first failure is the reason; what the stream throws afterwards only follows from it.
    throw state.failure ?? error
  } finally {
    state.isStopped = true
    state.wake?.()
    // The pump is not awaited: it may wait for a client that sends nothing more, and ends by itself.
    state.part?.destroy()
  }
}

function parserOf(formType: string): InstanceType<typeof Busboy> {
  try {
    return new Busboy({ headers: { 'content-type': formType }, limits, isPartAFile: () => true })
  } catch (cause) {
    throw broken('Content-Type của biểu mẫu không hợp lệ', cause)
  }
}

function broken(detail: string, cause?: unknown): TramError {
  return new TramError('REQUEST_INVALID', { field: partName, detail }, { cause })
}
