// `tram support-bundle`: one zip with what a far engineer needs, without secrets and documents. A collector that fails or hangs is a
// line in the manifest. Needs no running station; the service console saves the same stream to a stick.
import { createHash } from 'node:crypto'
import type { Readable } from 'node:stream'
import { ZipFile } from 'yazl'
import { collectors, errnoOf, ofPrograms } from './bundle-collectors.ts'
import { createScrubber } from './bundle-masking.ts'
import type { BundleSite } from './doctor-site.ts'

export interface SupportBundle {
  /** A zip, at most `maxBundleBytes`. */
  stream: Readable
  members: BundleMember[]
}

export interface BundleMember {
  name: string
  bytes: number
  sha256: string
  /** Why it could not be collected: a condition, or the system's name for the error. */
  failure?: string
}

/** More than all members may have before they are packed. */
export const maxBundleBytes = 16 * 1024 * 1024
const maxMemberBytes = 1024 * 1024
const maxLogBytes = 3 * 1024 * 1024
/** The doctor's own checks end before. */
const collectorMs = 30_000

/** Collects and packs. @throws the signal's reason, nothing else */
export async function createSupportBundle(site: BundleSite, signal: AbortSignal): Promise<SupportBundle> {
  const secrets = await site.secrets()
  const scrub = createScrubber(secrets ?? [])
  const zip = new ZipFile()
  const members: BundleMember[] = []
  const add = (name: string, text: string, failure?: string): void => {
    const limit = name === 'log.jsonl' ? maxLogBytes : maxMemberBytes
    const clean = Buffer.from(scrub(text))
    // The end of a log is what counts.
    const bytes = name === 'log.jsonl' ? clean.subarray(-limit) : clean.subarray(0, limit)
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    members.push({ name, bytes: bytes.length, sha256, ...(failure === undefined ? {} : { failure }) })
    zip.addBuffer(bytes, name, { mtime: new Date(site.now()) })
  }
  const found = await Promise.all(
    Object.entries(collectors).map(async ([name, collect]) => ({
      name,
      // Nobody can take out of it what nobody knows to be secret.
      ...(secrets === undefined && ofPrograms.has(name)
        ? { text: 'CONFIG_INVALID\n', failure: 'CONFIG_INVALID' }
        : await within(collectorMs, signal, (limited) => collect(site, limited))),
    })),
  )
  signal.throwIfAborted()
  for (const { name, text, failure } of found) add(name, text, failure)
  const manifest = { format: 1, version: site.version, at: site.now(), members }
  zip.addBuffer(Buffer.from(`${JSON.stringify(manifest, undefined, 2)}\n`), 'manifest.json', {
    mtime: new Date(site.now()),
  })
  zip.end()
  return { stream: zip.outputStream as Readable, members }
}

/** The text, or why there is none, whatever the collector waits for. */
async function within(
  timeoutMs: number,
  signal: AbortSignal,
  collect: (signal: AbortSignal) => Promise<string>,
): Promise<{ text: string; failure?: string }> {
  const limited = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
  const { promise: late, reject } = Promise.withResolvers<never>()
  const onAbort = (): void => reject(limited.reason)
  limited.addEventListener('abort', onAbort, { once: true })
  try {
    return { text: await Promise.race([collect(limited), late]) }
  } catch (error) {
    const failure = limited.aborted ? 'TIMEOUT' : errnoOf(error)
    return { text: `${failure}\n`, failure }
  } finally {
    limited.removeEventListener('abort', onAbort)
  }
}
