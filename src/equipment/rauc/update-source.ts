// A web server that has updates: the document that tells the latest version, and the bundle, fetched on from where it broke off. Nothing
// that it says is believed: the version is compared, the size bounded, and the bundle is signed.
import { open, rename, stat } from 'node:fs/promises'
import { TramError } from '../../base/errors.ts'
import { maxBundleBytes } from './install-bundle.ts'
import { jsonObject, textOf } from './plain-json.ts'
import { isVersion } from './version-order.ts'

const maxDocumentBytes = 16 * 1024
const documentMs = 30_000
/** A line that gives nothing for so long has broken; what there is of the file stays. */
const idleMs = 60_000

export interface LatestUpdate {
  version: string
  url: string
  sizeBytes: number
}

/**
 * What the server has.
 * @param url of the document
 * @throws TramError UPDATE_SOURCE_FAILING; the signal's reason
 */
export async function latestUpdate(url: string, signal: AbortSignal): Promise<LatestUpdate> {
  const response = await request(url, {}, AbortSignal.any([signal, AbortSignal.timeout(documentMs)]), signal)
  if (response.status !== 200) throw failing(`${url}: HTTP ${response.status}`)
  let text = ''
  for await (const piece of response.body ?? []) {
    text += Buffer.from(piece).toString('latin1')
    if (text.length > maxDocumentBytes) throw failing(`${url}: longer than ${maxDocumentBytes} bytes`)
  }
  const { version, file, size } = jsonObject(text) ?? {}
  const found = { version: textOf(version, 200), name: textOf(file, 200) }
  // A name beside the document: no other server, no other folder.
  if (!isVersion(found.version) || !/^[\w][\w.+-]{0,150}\.raucb$/.test(found.name))
    throw failing(`${url}: no version and file in it`)
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 1 || size > maxBundleBytes)
    throw failing(`${url}: no size up to ${maxBundleBytes} in it`)
  return { version: found.version, url: new URL(found.name, url).href, sizeBytes: size }
}

/**
 * Fetches a bundle; what an earlier attempt has left in `<file>.part` is gone on with. The file is whole when this resolves.
 * @throws TramError UPDATE_SOURCE_FAILING, DISK_FULL; the signal's reason
 */
export async function fetchBundle(latest: LatestUpdate, file: string, signal: AbortSignal): Promise<void> {
  const part = `${file}.part`
  await using handle = await open(part, 'a', 0o600)
  let { size } = await handle.stat()
  if (size > latest.sizeBytes) {
    await handle.truncate(0)
    size = 0
  }
  if (size < latest.sizeBytes) size = await fetchRest(latest, handle, size, signal)
  if (size !== latest.sizeBytes) throw failing(`${latest.url}: ended after ${size} of ${latest.sizeBytes} bytes`)
  await handle.sync()
  await rename(part, file)
}

/** How much of it an earlier attempt has left. */
export async function fetchedBytes(file: string): Promise<number> {
  const found = await stat(`${file}.part`).catch(() => undefined)
  return found?.size ?? 0
}

async function fetchRest(
  { url, sizeBytes }: LatestUpdate,
  handle: Awaited<ReturnType<typeof open>>,
  from: number,
  signal: AbortSignal,
): Promise<number> {
  const idle = new AbortController()
  const timer = setTimeout(() => idle.abort(new Error('nothing came for a minute')), idleMs)
  try {
    const headers: Record<string, string> = from === 0 ? {} : { Range: `bytes=${from}-` }
    const response = await request(url, headers, AbortSignal.any([signal, idle.signal]), signal)
    let size = from
    if (response.status === 200) {
      // A server that does not know ranges gives all of it.
      await handle.truncate(0)
      size = 0
    } else if (
      response.status !== 206 ||
      response.headers.get('content-range') !== `bytes ${from}-${sizeBytes - 1}/${sizeBytes}`
    )
      throw failing(`${url}: HTTP ${response.status} ${response.headers.get('content-range') ?? ''}`.trim())
    for await (const piece of response.body ?? []) {
      timer.refresh()
      size += piece.length
      if (size > sizeBytes) throw failing(`${url}: longer than the ${sizeBytes} bytes that it was said to be`)
      await handle.writeFile(piece)
    }
    return size
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof TramError) throw error
    throw failing(`${url}: ${reasonOf(error)}`, error)
  } finally {
    clearTimeout(timer)
  }
}

async function request(
  url: string,
  headers: Record<string, string>,
  until: AbortSignal,
  signal: AbortSignal,
): Promise<Response> {
  try {
    return await fetch(url, {
      headers: { ...headers, 'Accept-Encoding': 'identity' },
      redirect: 'error',
      signal: until,
    })
  } catch (error) {
    signal.throwIfAborted()
    throw failing(`${url}: ${reasonOf(error)}`, error)
  }
}

const reasonOf = (error: unknown): string => {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  return (cause instanceof Error ? cause.message : String(cause)).slice(0, 200)
}

const failing = (detail: string, cause?: unknown) => new TramError('UPDATE_SOURCE_FAILING', { detail }, { cause })
