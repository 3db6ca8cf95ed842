// The PIN file: where the signer finds the PIN when nobody is there to type it. Beside pin-guard, which knows a PIN
// only by a random id; the id is tied here to the identity of the file, never to its content.
import { randomUUID } from 'node:crypto'
import { closeSync, fstatSync, mkdirSync, openSync, readFileSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { isSystemError, TramError } from '../../base/errors.ts'
import { parseRecord, writeDurably } from './pin-guard.ts'

/** PKCS#11 leaves the length to the token; none takes more than this, in bytes. */
export const maxPinBytes = 255

/** A PIN and the id it goes by. Call `wipe` as soon as it has been used. */
export interface GivenPin {
  id: string
  byPerson: boolean
  bytes: Buffer
  wipe(): void
}

export class PinFile {
  readonly #path: string
  readonly #stateFolder: string

  /** `options.path`: the PIN file. `options.stateFolder`: where its id is remembered (the pin-guard's folder). */
  constructor(options: { path: string; stateFolder: string }) {
    this.#path = options.path
    this.#stateFolder = options.stateFolder
  }

  /**
   * Reads the PIN; one line end after it is dropped. Null when there is no file.
   * @throws TramError TOKEN_PIN_STATE_UNWRITABLE when file or id cannot be read or kept: then nobody logs in
   */
  read(): GivenPin | null {
    // One byte more than the longest PIN with CR LF: a longer file is no PIN, and must not be cut into one.
    const buffer = Buffer.alloc(maxPinBytes + 3)
    try {
      const file = openSync(this.#path, 'r')
      try {
        const length = readSync(file, buffer)
        // Of the opened file, not of the path: the identity must belong to the bytes.
        const { mtimeNs, ctimeNs, ino } = fstatSync(file, { bigint: true })
        const bytes = trimLineEnd(buffer.subarray(0, length))
        if (bytes.length === 0 || bytes.length > maxPinBytes)
          throw new Error(`the PIN file holds ${bytes.length === 0 ? 'no PIN' : 'too much for a PIN'}`)
        const id = this.#idOf(`${mtimeNs}.${ctimeNs}.${ino}.${length}`)
        return { id, byPerson: false, bytes, wipe: () => buffer.fill(0) }
      } finally {
        closeSync(file)
      }
    } catch (error) {
      buffer.fill(0)
      if (isSystemError(error, 'ENOENT')) return null
      if (error instanceof TramError) throw error
      const detail = error instanceof Error ? error.message : String(error)
      throw new TramError('TOKEN_PIN_STATE_UNWRITABLE', { detail }, { cause: error })
    }
  }

  /** The id of the file as it is now: the one remembered, or a new one that is remembered before it is used. */
  #idOf(identity: string): string {
    const statePath = join(this.#stateFolder, 'pin-file.json')
    const known = parseRecord(readIfThere(statePath))
    if (known?.identity === identity && typeof known.id === 'string') return known.id
    const id = randomUUID()
    mkdirSync(this.#stateFolder, { recursive: true, mode: 0o700 })
    writeDurably(this.#stateFolder, statePath, JSON.stringify({ identity, id }))
    return id
  }
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8').slice(0, 4096)
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return ''
    throw error
  }
}

function trimLineEnd(bytes: Buffer): Buffer {
  let end = bytes.length
  if (bytes[end - 1] === 0x0a) end -= 1
  if (bytes[end - 1] === 0x0d) end -= 1
  return bytes.subarray(0, end)
}
