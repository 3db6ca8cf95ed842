// `tram selftest`: the doctor's checks, and what only a deed shows: a file written to the disk and a signature by the token. For the
// report that stays with a box when it is racked. The signature is over a statement of its own kind and seals nothing.
import { createHash, randomFillSync } from 'node:crypto'
import { open, rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { TramError } from '../../base/errors.ts'
import { byteSize } from '../../base/text-format.ts'
import { reportOf, runCheck, runDoctor } from './doctor.ts'
import { type DoctorReport, pass } from './doctor-report.ts'
import type { Check, DoctorSite } from './doctor-site.ts'

/** What a self-test asks for besides. */
export interface SelfTestSite extends DoctorSite {
  /**
   * Has the token sign and verifies it with the certificate and the site's trust.
   * @throws TramError SIGNER_UNREACHABLE, STATION_SOCKET_DENIED, TOKEN_*, CERTIFICATE_UNUSABLE, SEAL_INVALID
   */
  testSeal(signal: AbortSignal): Promise<{ certificateSha256: string; durationMs: number }>
}

export interface SelfTestReport extends DoctorReport {
  verdict: 'passed' | 'failed'
  /** Null: not known. */
  identity: {
    name: string | null
    generation: number | null
    peerId: string | null
    token: string | null
    tokenSerial: string | null
    certificateSha256: string | null
    directoryVersion: number | null
    node: string
  }
}

const testBytes = 16 * 1024 * 1024
const blockBytes = 1024 * 1024
/** Bounds a disk that hangs; a slow one only takes its time. */
const deedMs = 50_000

/** Runs every check and both deeds. @throws the signal's reason */
export async function runSelfTest(site: SelfTestSite, signal: AbortSignal): Promise<SelfTestReport> {
  const sealing: Check = async (_site, limited) => {
    const { certificateSha256, durationMs } = await site.testSeal(limited)
    const ms = Math.round(durationMs)
    return [pass(`token ký đúng trong ${ms} ms`, `the token signed, verified, ${ms} ms`, { certificateSha256, ms })]
  }
  const [report, ...deeds] = await Promise.all([
    runDoctor(site, { isNetworkAsked: true }, signal),
    runCheck('storage', storageDeed, site, deedMs, signal),
    runCheck('seal', sealing, site, deedMs, signal),
  ])
  signal.throwIfAborted()
  const whole = await reportOf(site, [...report.checks, ...deeds.flat()])
  return { ...whole, verdict: whole.overall === 'failed' ? 'failed' : 'passed', identity: await identityOf(site) }
}

async function identityOf(site: DoctorSite): Promise<SelfTestReport['identity']> {
  // What cannot be told here has failed as a check, with its reason.
  const orNull = <Value>(asked: Promise<Value>): Promise<Value | null> => asked.catch(() => null)
  const config = await orNull(site.config())
  const token = await orNull(site.token())
  const certificate = token?.description.certificate ?? null
  return {
    name: config?.station.name ?? null,
    generation: config?.station.generation ?? null,
    peerId: (await orNull(site.peerId())) ?? null,
    token: token?.description.label ?? null,
    tokenSerial: token?.description.serial ?? null,
    certificateSha256: certificate === null ? null : createHash('sha256').update(certificate).digest('hex'),
    directoryVersion: (await orNull(site.directory()))?.statement.version ?? null,
    node: process.versions.node,
  }
}

/** Writes a file in the data folder, syncs it, reads it again. It has no name while it exists: nothing is left of it. */
const storageDeed: Check = async (site, signal) => {
  const { station, store } = await site.config()
  const folder = station.data_folder
  const { bavail, bsize } = await statfs(folder)
  const freeBytes = Math.max(0, bavail * bsize - store.watermark_bytes)
  if (freeBytes < testBytes) throw new TramError('DISK_FULL', { neededBytes: testBytes, freeBytes })
  try {
    const file = join(folder, `.self-test-${process.pid}`)
    await using handle = await open(file, 'wx+', 0o600)
    await rm(file)
    const written = createHash('sha256')
    const block = Buffer.alloc(blockBytes)
    const startMs = performance.now()
    for (let at = 0; at < testBytes; at += blockBytes) {
      signal.throwIfAborted()
      written.update(randomFillSync(block))
      await handle.write(block, 0, blockBytes, at)
    }
    await handle.sync()
    const writeMs = performance.now() - startMs
    const found = createHash('sha256')
    for (let at = 0; at < testBytes; at += blockBytes) {
      const { bytesRead } = await handle.read(block, 0, blockBytes, at)
      found.update(block.subarray(0, bytesRead))
    }
    if (found.digest('hex') !== written.digest('hex')) throw new Error('what was written reads differently')
    const bytesPerSecond = Math.round(testBytes / (writeMs / 1000))
    const text = `${byteSize(testBytes)}, ${byteSize(bytesPerSecond)}/s`
    return [pass(`ghi, fsync và đọc lại ${text}`, `written, synced and read: ${text}`, { bytesPerSecond })]
  } catch (error) {
    if (signal.aborted) throw signal.reason
    const detail = error instanceof Error ? error.message : String(error)
    throw new TramError('DATA_FOLDER_UNUSABLE', { folder, detail }, { cause: error })
  }
}
