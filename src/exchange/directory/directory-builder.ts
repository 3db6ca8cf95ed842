// Writes the authority's directory file: verified descriptors and a list of agencies, streamed, put under a Merkle root,
// signed, checked as its readers will check it, and only then named. offline.ts hands in the signature.
import { createReadStream } from 'node:fs'
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { TramError } from '../../base/errors.ts'
import type { Logger } from '../../base/logger.ts'
import type { Trust } from '../../document/certificate-path.ts'
import { verifyDescriptor } from '../../document/descriptor.ts'
import {
  DirectoryFileReader,
  type DirectoryTrust,
  encodeDirectoryEntry,
  encodeDirectoryHead,
  maxDirectoryBytes,
} from '../../document/directory-file.ts'
import { DirectoryPlanCheck } from '../../document/directory-plan.ts'
import { leafHash } from '../../document/merkle.ts'
import { MerkleAccumulator } from '../../document/merkle-accumulator.ts'
import { type AgencyEntry, type DirectoryEntry, DirectoryStatement } from '../../document/schema/directory.ts'
import { wrapSignedContent } from '../../document/signed-content.ts'
import { syncFolder, writeFailure } from '../../equipment/store/durable-files.ts'

export interface DirectoryPlan {
  /** Higher than every earlier one. */
  version: number
  /** Milliseconds since 1970. */
  issuedMs: number
  /** Milliseconds since 1970; 0 = never. */
  expiresMs: number
  /** Descriptor files (CMS, attacker-controlled). */
  descriptors: readonly Uint8Array[]
  agencies: AsyncIterable<AgencyEntry> | Iterable<AgencyEntry>
  /** Gives an agency without a station to the station whose descriptor asks for it. Default: it stays without one. */
  adoptFromDescriptors?: boolean
}

export interface DirectoryBuildDeps {
  /** Whose descriptors are taken. */
  descriptorTrust: Trust
  /** Whom the readers believe: the result must hold for them. */
  directoryTrust: DirectoryTrust
  /** Signs the content of a CMS and returns the CMS. */
  sign(content: Uint8Array): Promise<Uint8Array>
  logger: Logger
}

const writeBytes = 256 * 1024

/**
 * Builds `outFile` durably, whole or not at all; an older file of that name is replaced.
 * @throws TramError DIRECTORY_PLAN_INVALID, DIRECTORY_INVALID (a descriptor), what `sign` throws, DISK_FULL, STORE_FAILED
 */
export async function buildDirectoryFile(
  plan: DirectoryPlan,
  outFile: string,
  deps: DirectoryBuildDeps,
  signal: AbortSignal,
): Promise<DirectoryStatement> {
  assertTimes(plan)
  const descriptors = plan.descriptors.map((cms) => {
    const verdict = verifyDescriptor(cms, deps.descriptorTrust)
    if (!verdict.ok) throw verdict.reason
    return verdict.value
  })
  const { version, adoptFromDescriptors = false } = plan
  const check = new DirectoryPlanCheck(descriptors, { version, adoptFromDescriptors })
  const body = `${outFile}.body.new`
  const whole = `${outFile}.new`
  try {
    const statement = await writeBody(plan, check, body, signal)
    for (const [code, station] of check.unserved) {
      deps.logger.warn({ code, station }, 'a descriptor asks for an agency that the list does not give to it')
    }
    const cms = await deps.sign(wrapSignedContent('directory', DirectoryStatement.encode(statement)))
    await writeWhole(cms, body, whole, signal)
    await assertReadable(whole, deps.directoryTrust)
    await rename(whole, outFile)
    await syncFolder(dirname(outFile))
    return statement
  } finally {
    await rm(body, { force: true })
    await rm(whole, { force: true })
  }
}

function assertTimes({ version, issuedMs, expiresMs }: DirectoryPlan): void {
  const isCount = (value: number) => Number.isSafeInteger(value) && value >= 0
  if (!isCount(version) || version < 1) throw new TramError('DIRECTORY_PLAN_INVALID', { detail: `version ${version}` })
  if (!isCount(issuedMs) || !isCount(expiresMs) || (expiresMs !== 0 && expiresMs <= issuedMs)) {
    throw new TramError('DIRECTORY_PLAN_INVALID', { detail: 'it must expire after it is issued' })
  }
}

/** Writes the entries, stations first, and returns the statement that covers them. */
async function writeBody(
  plan: DirectoryPlan,
  check: DirectoryPlanCheck,
  file: string,
  signal: AbortSignal,
): Promise<DirectoryStatement> {
  const tree = new MerkleAccumulator()
  const writer = await BufferedFile.create(file)
  try {
    const put = async (entry: DirectoryEntry): Promise<void> => {
      const framed = encodeDirectoryEntry(entry)
      tree.add(leafHash('directory-entry', framed.subarray(4)))
      await writer.write(framed)
      if (writer.size > maxDirectoryBytes)
        throw new TramError('DIRECTORY_PLAN_INVALID', { detail: `more than ${maxDirectoryBytes} bytes` })
    }
    for (const station of check.stations) await put({ station })
    for await (const agency of plan.agencies) {
      signal.throwIfAborted()
      await put({ agency: check.agency(agency) })
    }
    check.end()
    await writer.flush()
  } finally {
    await writer.close()
  }
  const root = tree.root()
  if (root === undefined) throw new TramError('DIRECTORY_PLAN_INVALID', { detail: 'neither a station nor an agency' })
  return {
    format: 1,
    version: plan.version,
    issued: plan.issuedMs,
    expires: plan.expiresMs,
    entries: tree.size,
    bodySize: writer.size,
    root: Buffer.from(root),
  }
}

async function writeWhole(cms: Uint8Array, body: string, whole: string, signal: AbortSignal): Promise<void> {
  const writer = await BufferedFile.create(whole)
  try {
    await writer.write(encodeDirectoryHead(cms))
    for await (const bytes of createReadStream(body, { highWaterMark: writeBytes, signal })) await writer.write(bytes)
    await writer.flush()
    await writer.sync()
  } finally {
    await writer.close()
  }
}

/** What was written is what every reader will accept, with this site's own trust: else nobody gets it. */
async function assertReadable(file: string, trust: DirectoryTrust): Promise<void> {
  const reader = new DirectoryFileReader(trust)
  for await (const bytes of createReadStream(file, { highWaterMark: writeBytes })) reader.write(bytes)
  reader.end()
}

/** Many small pieces to a file in few writes. */
class BufferedFile {
  readonly #handle: FileHandle
  #pending: Uint8Array[] = []
  #pendingBytes = 0
  /** Bytes given so far. */
  size = 0

  private constructor(handle: FileHandle) {
    this.#handle = handle
  }

  static async create(file: string): Promise<BufferedFile> {
    try {
      return new BufferedFile(await open(file, 'w', 0o644))
    } catch (error) {
      throw writeFailure(error, 0)
    }
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#pending.push(bytes)
    this.#pendingBytes += bytes.byteLength
    this.size += bytes.byteLength
    if (this.#pendingBytes >= writeBytes) await this.flush()
  }

  async flush(): Promise<void> {
    const bytes = Buffer.concat(this.#pending)
    this.#pending = []
    this.#pendingBytes = 0
    try {
      await this.#handle.appendFile(bytes)
    } catch (error) {
      throw writeFailure(error, bytes.byteLength)
    }
  }

  async sync(): Promise<void> {
    try {
      await this.#handle.sync()
    } catch (error) {
      throw writeFailure(error, 0)
    }
  }

  close(): Promise<void> {
    return this.#handle.close()
  }
}
