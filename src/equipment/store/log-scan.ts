// Our own reader of LevelDB's write-ahead log (db/log_format.h): 32 KiB blocks of records, each with a masked CRC-32C,
// its length and type. LevelDB drops what it cannot read without a word and deletes the file, so store-inspection.ts
// looks before it opens. Judges only; changes nothing.
import { open } from 'node:fs/promises'
import { crc32c } from './crc32c.ts'

export const logBlockBytes = 32 * 1024
const headerBytes = 7
const full = 1
const first = 2
/** Type 3 is MIDDLE. */
const last = 4
const maskDelta = 0xa282ead8
const checksumProblem = 'checksum does not match'

/**
 * What a log file is like. `records` are the whole logical records (write batches).
 * - clean: every byte reads; LevelDB pads the last six bytes of a block at most, and reserves nothing
 * - torn: the last record is unfinished, does not read or is zeros, nothing follows it: a write that a power cut or kill
 *   ended, or the last acknowledged one, decayed. The bytes do not tell which
 * - corrupt: a later record follows one that does not read: bytes that were once on disk have changed
 */
export type LogScan =
  | { state: 'clean'; records: number }
  | { state: 'torn' | 'corrupt'; records: number; badOffset: number; detail: string }

/** Judges the bytes of a whole log file. */
export function scanLog(bytes: Uint8Array): LogScan {
  const scanner = new LogScanner()
  for (let at = 0; at < bytes.length; at += logBlockBytes) scanner.push(bytes.subarray(at, at + logBlockBytes))
  return scanner.finish()
}

/** Judges a log file, 1 MiB in memory at a time. Throws system errors. */
export async function scanLogFile(file: string, signal?: AbortSignal): Promise<LogScan> {
  const scanner = new LogScanner()
  const handle = await open(file, 'r')
  try {
    const buffer = Buffer.alloc(32 * logBlockBytes)
    let length = 0
    for (;;) {
      signal?.throwIfAborted()
      const { bytesRead } = await handle.read(buffer, length, buffer.length - length)
      length += bytesRead
      if (bytesRead > 0 && length < buffer.length) continue
      for (let at = 0; at < length; at += logBlockBytes)
        scanner.push(buffer.subarray(at, Math.min(at + logBlockBytes, length)))
      if (length < buffer.length) return scanner.finish()
      length = 0
    }
  } finally {
    await handle.close()
  }
}

/** Reads a log block by block: every block but the last has 32 KiB. */
export class LogScanner {
  #records = 0
  #blockOffset = 0
  /** Where the logical record began whose LAST has not been seen. */
  #openRecord: number | undefined
  /** The first place that does not read. */
  #bad: { offset: number; detail: string } | undefined
  /** Where zeros began: a size that reached the disk before its data, or a place of the disk that was lost. */
  #zerosFrom: number | undefined
  #corrupt = false

  push(block: Uint8Array): void {
    let at = 0
    while (block.length - at >= headerBytes) {
      if (isZero(block, at)) {
        this.#zerosFrom ??= this.#blockOffset + at
        break
      }
      const problem = recordProblem(block, at)
      if (problem === undefined) {
        this.#takeRecord(block, at)
        at += headerBytes + recordLength(block, at)
        continue
      }
      this.#takeBad(this.#blockOffset + at, problem)
      const next = findRecord(block, at)
      if (next === undefined) break
      at = next
    }
    // Fewer than seven bytes at the end of a whole block are padding; at the end of the file they are a torn header.
    if (block.length < logBlockBytes && block.length - at > 0 && this.#zerosFrom === undefined)
      this.#takeBad(this.#blockOffset + at, 'header cut short')
    this.#blockOffset += block.length
  }

  finish(): LogScan {
    if (this.#openRecord !== undefined) this.#takeBad(this.#openRecord, 'record without its end')
    if (this.#zerosFrom !== undefined) this.#takeBad(this.#zerosFrom, 'zeros at the end')
    if (!this.#bad) return { state: 'clean', records: this.#records }
    const { offset, detail } = this.#bad
    return { state: this.#corrupt ? 'corrupt' : 'torn', records: this.#records, badOffset: offset, detail }
  }

  #takeRecord(block: Uint8Array, at: number): void {
    const type = block[at + 6]
    const offset = this.#blockOffset + at
    if (this.#zerosFrom !== undefined) this.#takeBad(this.#zerosFrom, 'zeros before a record')
    if (type === full || type === first) {
      if (this.#openRecord !== undefined) this.#takeBad(this.#openRecord, 'record without its end')
      // A batch is synced before the next begins, so the start of a later one after something unreadable means
      // damage. A MIDDLE or LAST does not: the pages of the one unsynced batch may reach the disk in any order.
      if (this.#bad) this.#corrupt = true
      if (type === full) this.#records++
      this.#openRecord = type === first ? offset : undefined
      return
    }
    if (this.#openRecord === undefined) this.#takeBad(offset, 'record without its beginning')
    else if (type === last) {
      this.#records++
      this.#openRecord = undefined
    }
  }

  #takeBad(offset: number, detail: string): void {
    this.#bad ??= { offset, detail }
    this.#openRecord = undefined
    this.#zerosFrom = undefined
  }
}

/** Whether everything from `at` to the end of the block is zero. */
function isZero(block: Uint8Array, at: number): boolean {
  for (let index = at; index < block.length; index++) if (block[index] !== 0) return false
  return true
}

function recordLength(block: Uint8Array, at: number): number {
  return (block[at + 4] ?? 0) | ((block[at + 5] ?? 0) << 8)
}

/** Why the record at `at` does not read, or undefined. There are at least seven bytes from `at`. */
function recordProblem(block: Uint8Array, at: number): string | undefined {
  const type = block[at + 6] ?? 0
  if (type < full || type > last) return `record type ${type}`
  const end = at + headerBytes + recordLength(block, at)
  if (end > block.length) return 'record longer than its block'
  const stored = new DataView(block.buffer, block.byteOffset).getUint32(at, true)
  // The checksum covers type and payload and is masked (util/crc32c.h), as it may itself stand in checksummed data.
  if (unmask(stored) !== crc32c(block.subarray(at + 6, end))) return checksumProblem
  return undefined
}

function unmask(masked: number): number {
  const rotated = (masked - maskDelta) >>> 0
  return ((rotated >>> 17) | (rotated << 15)) >>> 0
}

/** Bytes to checksum at most in search of the next record of a block. */
const searchBudgetBytes = 128 * logBlockBytes

/**
 * The next place in the block where a record reads: where the unreadable one claims to end, or else the first that is
 * found byte by byte, as a damaged length says nothing about where the next record is.
 * Attacker-controlled: a packet that holds bytes of a log can make a torn tail look corrupt, which costs a false alarm
 * and loses nothing; one that looks like a record at every byte would take seconds, hence the budget.
 */
function findRecord(block: Uint8Array, badAt: number): number | undefined {
  const claimedEnd = badAt + headerBytes + recordLength(block, badAt)
  if (block.length - claimedEnd >= headerBytes && recordProblem(block, claimedEnd) === undefined) return claimedEnd
  let budget = searchBudgetBytes
  for (let at = badAt + 1; block.length - at >= headerBytes && budget > 0; at++) {
    const problem = recordProblem(block, at)
    if (problem === undefined) return at
    if (problem === checksumProblem) budget -= recordLength(block, at)
  }
  return undefined
}
