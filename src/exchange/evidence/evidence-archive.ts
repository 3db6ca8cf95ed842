// Evidence as files: written to a folder or a zip stream, and read back from either, bounded and streamed both ways.
// exchange/evidence/evidence-collector fills what is written; document/evidence judges what is read, which may come from anybody.
import { createReadStream } from 'node:fs'
import { lstat, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { Readable, type Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import yauzl from 'yauzl'
import { ZipFile } from 'yazl'
import { isSystemError, TramError } from '../../base/errors.ts'
import { type EvidenceTrust, verifyEvidence } from '../../document/evidence.ts'
import {
  type Evidence,
  type EvidenceFiles,
  maxEvidenceFiles,
  packetName,
  sumsName,
  sumsOf,
} from '../../document/evidence-files.ts'
import type { EvidenceReport } from '../../document/evidence-report.ts'
import { syncFolder, writeFailure } from '../../equipment/store/durable-files.ts'

export type EvidenceTarget = { folder: string } | { zipStream: Writable }

const invalid = (detail: string, cause?: unknown): TramError =>
  new TramError('EVIDENCE_INVALID', { detail }, cause === undefined ? {} : { cause })

/**
 * Writes evidence. A folder appears whole or not at all; a zip stream ends when everything is in it, and is destroyed when
 * something fails. The packet is streamed.
 * @throws TramError STORE_FAILED (the folder exists already, or cannot be written), DISK_FULL; PACKET_* of the packet's store
 */
export async function exportEvidence(evidence: Evidence, target: EvidenceTarget): Promise<void> {
  if ('folder' in target) await writeFolder(allFiles(evidence), evidence.packet.sizeBytes, resolve(target.folder))
  else await writeZip(evidence, target.zipStream)
}

/**
 * Verifies an export, folder or zip file (attacker-controlled).
 * @throws TramError EVIDENCE_INVALID when it can be read as neither; what is wrong inside is in the report
 */
export async function verifyEvidenceFile(path: string, trust: EvidenceTrust): Promise<EvidenceReport> {
  const opened = await openEvidence(path)
  try {
    return await verifyEvidence(opened.files, trust)
  } finally {
    await opened.close()
  }
}

/**
 * Unpacks an exported zip (attacker-controlled) into a new folder, which appears whole or not at all. Verifies nothing.
 * @throws TramError EVIDENCE_INVALID, STORE_FAILED (the folder exists already, or cannot be written), DISK_FULL
 */
export async function unpackEvidence(zipFile: string, folder: string): Promise<void> {
  const { files, close } = await openZip(zipFile)
  try {
    let sizeBytes = 0
    for (const [name, size] of files.sizes) {
      if (!/^(?:certificates\/)?\w[\w.-]*$/.test(name)) throw invalid(`${name.slice(0, 100)} is no file of an export`)
      sizeBytes += size
    }
    const entries = [...files.sizes.keys()].map((name): NamedBytes => [name, files.read(name)])
    await writeFolder(entries, sizeBytes, resolve(folder))
  } finally {
    await close()
  }
}

type NamedBytes = readonly [name: string, bytes: Iterable<Uint8Array> | AsyncIterable<Uint8Array>]

async function writeFolder(files: Iterable<NamedBytes>, sizeBytes: number, folder: string): Promise<void> {
  const temporary = `${folder}.new`
  try {
    if (await exists(folder)) throw new TramError('STORE_FAILED', { detail: `${folder} exists already` })
    await rm(temporary, { recursive: true, force: true })
    await mkdir(join(temporary, 'certificates'), { recursive: true })
    for (const [name, bytes] of files) await writeFile(join(temporary, name), bytes)
    await syncFolder(join(temporary, 'certificates'))
    await syncFolder(temporary)
    await rename(temporary, folder)
    await syncFolder(dirname(folder))
  } catch (error) {
    await rm(temporary, { recursive: true, force: true })
    throw writeFailure(error, sizeBytes)
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path)
    return true
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return false
    throw error
  }
}

async function writeFile(file: string, bytes: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<void> {
  const handle = await open(file, 'wx', 0o644)
  try {
    for await (const piece of bytes) await handle.appendFile(piece)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Every file with its bytes: the small ones first, so that whoever reads a zip stream knows what comes. */
function* allFiles(evidence: Evidence): Iterable<NamedBytes> {
  const names = [...evidence.files.keys()].sort()
  for (const name of names) yield [name, [evidence.files.get(name) ?? new Uint8Array(0)]]
  yield [sumsName, [sumsOf(evidence)]]
  if (evidence.packet.bytes !== undefined) yield [packetName, evidence.packet.bytes]
}

async function writeZip(evidence: Evidence, target: Writable): Promise<void> {
  const zip = new ZipFile()
  // Signed files must come out as they went in, and a packet is base64 of compressed files anyway: stored.
  const options = { compress: false, mtime: new Date(evidence.createdMs), mode: 0o100644 }
  const failing = new AbortController()
  const failed = (error: unknown): void => failing.abort(error)
  zip.on('error', failed)
  for (const [name, bytes] of allFiles(evidence)) {
    if (name !== packetName && Symbol.iterator in bytes) zip.addBuffer(Buffer.concat([...bytes]), name, options)
    else {
      const sized = { ...options, size: evidence.packet.sizeBytes }
      zip.addReadStreamLazy(name, sized, (take) => {
        const input = Readable.from(bytes, { objectMode: false })
        input.once('error', failed)
        take(null, input)
      })
    }
  }
  zip.end()
  try {
    await pipeline(zip.outputStream, target, { signal: failing.signal })
  } catch (error) {
    throw failing.signal.aborted ? failing.signal.reason : error
  }
}

interface OpenedEvidence {
  files: EvidenceFiles
  close(): Promise<void>
}

async function openEvidence(path: string): Promise<OpenedEvidence> {
  let isFolder: boolean
  try {
    isFolder = (await stat(path)).isDirectory()
  } catch (error) {
    throw invalid(`${path} cannot be read`, error)
  }
  return isFolder ? openFolder(path) : openZip(path)
}

async function openFolder(folder: string): Promise<OpenedEvidence> {
  const sizes = new Map<string, number>()
  const list = async (inside: string): Promise<void> => {
    for (const entry of await readdir(join(folder, inside), { withFileTypes: true })) {
      const name = inside === '' ? entry.name : `${inside}/${entry.name}`
      if (entry.isDirectory() && name === 'certificates') await list(name)
      else if (entry.isFile()) sizes.set(name, (await lstat(join(folder, name))).size)
      // A link would let the folder change what it points to; a pipe would never end.
      else throw invalid(`${name} is no plain file`)
      if (sizes.size > maxEvidenceFiles) throw invalid(`more than ${maxEvidenceFiles} files`)
    }
  }
  await list('')
  const read = (name: string): AsyncIterable<Uint8Array> => {
    if (!sizes.has(name)) throw invalid(`${name} is missing`)
    return createReadStream(join(folder, name))
  }
  return { files: { sizes, read }, close: async () => undefined }
}

async function openZip(file: string): Promise<OpenedEvidence> {
  const zip = await opening(file)
  const entries = new Map<string, yauzl.Entry>()
  try {
    await new Promise<void>((done, fail) => {
      zip.on('error', fail)
      zip.on('end', done)
      zip.on('entry', (entry: yauzl.Entry) => {
        const name = entry.fileName
        if (entries.has(name)) return fail(invalid(`${name} is there twice`))
        if (entries.size >= maxEvidenceFiles) return fail(invalid(`more than ${maxEvidenceFiles} files`))
        if (name !== 'certificates/') entries.set(name, entry)
        zip.readEntry()
      })
      zip.readEntry()
    })
  } catch (error) {
    zip.close()
    throw error instanceof TramError ? error : invalid(`not a zip file: ${messageOf(error)}`, error)
  }
  const sizes = new Map([...entries].map(([name, entry]) => [name, entry.uncompressedSize]))
  const read = (name: string): AsyncIterable<Uint8Array> => readEntry(zip, entries.get(name), name)
  return { files: { sizes, read }, close: async () => zip.close() }
}

function opening(file: string): Promise<yauzl.ZipFile> {
  const { promise, resolve: done, reject } = Promise.withResolvers<yauzl.ZipFile>()
  // Sizes are checked as bytes come, so that a small file cannot unpack to a large one.
  const options = { lazyEntries: true, autoClose: false, validateEntrySizes: true, strictFileNames: true }
  yauzl.open(file, options, (error, zip) => {
    if (error) reject(invalid(`not a zip file: ${messageOf(error)}`, error))
    else done(zip)
  })
  return promise
}

async function* readEntry(
  zip: yauzl.ZipFile,
  entry: yauzl.Entry | undefined,
  name: string,
): AsyncGenerator<Uint8Array> {
  if (entry === undefined) throw invalid(`${name} is missing`)
  try {
    const { promise, resolve: done, reject } = Promise.withResolvers<Readable>()
    zip.openReadStream(entry, (error, stream) => {
      if (error) reject(error)
      else done(stream)
    })
    yield* await promise
  } catch (error) {
    if (error instanceof TramError) throw error
    throw invalid(`${name} cannot be read: ${messageOf(error)}`, error)
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
