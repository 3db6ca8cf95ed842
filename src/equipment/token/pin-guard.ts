// Keeps the station from locking its own token: before every C_Login an intent is on disk, so that a login that killed
// us (a power cut, a crashing driver) is known afterwards; whatever looks like a wrong PIN latches until a person acts.
// Called by pkcs11-token. Synchronous on purpose: nothing may come between the intent and the login.
// Nothing here ever sees a PIN: a credential is a random id that its source keeps.
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { isSystemError, TramError } from '../../base/errors.ts'

/** What the token says of its PIN counter (CKF_USER_PIN_*). */
export interface PinFlags {
  countLow: boolean
  finalTry: boolean
  locked: boolean
}

/** The token before us. `serial` comes from the token: attacker-controlled. */
export interface PinTarget {
  label: string
  serial: string
  flags: PinFlags
}

/** A PIN without the PIN: a random id, and whether a person has just given it. */
export interface PinCredential {
  id: string
  byPerson: boolean
}

/** `already`: the token did not look at the PIN. `refused`: it did, or will not any more. */
export type LoginOutcome = { kind: 'accepted' } | { kind: 'already' } | { kind: 'refused'; reason: string }

interface Intent {
  credential: string
  /** How many intents were found left over before this one, in a row. */
  leftovers: number
}

interface History {
  /** The credential that last succeeded. */
  succeeded: string | null
  /** Credentials that the token has refused, newest last: never tried again without a person. */
  refused: readonly string[]
}

/** Refused credentials remembered for each token. */
const maxRefused = 16

/** What a state file may hold, in bytes. We wrote them, but a damaged disk may not have kept them so. */
const maxFileBytes = 4096

export class PinGuard {
  readonly #folder: string

  /** `options.folder`: where intents, latches and histories lie; made when missing. */
  constructor(options: { folder: string }) {
    this.#folder = options.folder
  }

  /** Why login to this token is stopped, as a word of no language (people read it within texts in two), or null. */
  latchReason(serial: string): string | null {
    const text = this.#read('latch', serial)
    if (text === null) return null
    const latch = parseRecord(text)
    // A latch that cannot be read still latches.
    return typeof latch?.reason === 'string' ? latch.reason.slice(0, 500) : 'LATCH_DAMAGED'
  }

  /**
   * Runs one login under guard: intent on disk, `perform`, and what its outcome leaves behind.
   * @param perform calls C_Login once; what it throws (the token vanished, …) leaves the intent, since the token may
   *   have counted the attempt
   * @throws TramError TOKEN_PIN_LATCHED (also when the token refuses the PIN), TOKEN_PIN_STATE_UNWRITABLE; what `perform` threw
   */
  login(target: PinTarget, credential: PinCredential, perform: () => LoginOutcome): void {
    const { serial } = target
    const leftovers = credential.byPerson ? this.#clearForPerson(target) : this.#assertAllowed(target, credential)
    const intent: Intent = { credential: credential.id, leftovers }
    this.#write('intent', serial, JSON.stringify(intent))
    const outcome = perform()
    if (outcome.kind === 'refused') {
      this.#remember(serial, (history) => ({ ...history, refused: [...history.refused, credential.id] }))
      throw this.#latch(target, outcome.reason)
    }
    // First the success, then the intent: a crash in between leaves an intent whose credential is known to be good.
    if (outcome.kind === 'accepted')
      this.#remember(serial, ({ refused }) => ({
        succeeded: credential.id,
        refused: refused.filter((id) => id !== credential.id),
      }))
    this.#remove('intent', serial)
  }

  /** A person acts: the latch and any leftover fall. A locked token is not even asked: nothing could succeed. */
  #clearForPerson(target: PinTarget): number {
    if (target.flags.locked) throw this.#latch(target, 'CKF_USER_PIN_LOCKED')
    this.#remove('latch', target.serial)
    return 0
  }

  /** @returns how many leftovers in a row this login would follow */
  #assertAllowed(target: PinTarget, credential: PinCredential): number {
    const latched = this.latchReason(target.serial)
    if (latched !== null) throw new TramError('TOKEN_PIN_LATCHED', { token: target.label, reason: latched })
    const { countLow, finalTry, locked } = target.flags
    if (locked) throw this.#latch(target, 'CKF_USER_PIN_LOCKED')
    if (finalTry) throw this.#latch(target, 'CKF_USER_PIN_FINAL_TRY')
    if (countLow) throw this.#latch(target, 'CKF_USER_PIN_COUNT_LOW')
    const history = this.#history(target.serial)
    if (history.refused.includes(credential.id)) throw this.#latch(target, 'PIN_REFUSED_BEFORE')
    const text = this.#read('intent', target.serial)
    if (text === null) return 0
    const intent = parseIntent(text)
    if (intent === null) throw this.#latch(target, 'LOGIN_RECORD_DAMAGED')
    if (intent.leftovers > 0) throw this.#latch(target, 'LOGIN_UNFINISHED_TWICE')
    if (intent.credential !== credential.id || history.succeeded !== credential.id)
      throw this.#latch(target, 'LOGIN_UNFINISHED')
    return intent.leftovers + 1
  }

  /** Latches durably; the intent, if any, has been answered by it. */
  #latch(target: PinTarget, reason: string): TramError {
    this.#write('latch', target.serial, JSON.stringify({ reason }))
    this.#remove('intent', target.serial)
    return new TramError('TOKEN_PIN_LATCHED', { token: target.label, reason })
  }

  #history(serial: string): History {
    const record = parseRecord(this.#read('history', serial) ?? '')
    // Unreadable history is none: nothing has succeeded, and what was refused has its latch beside it.
    return {
      succeeded: typeof record?.succeeded === 'string' ? record.succeeded : null,
      refused: Array.isArray(record?.refused) ? record.refused.filter((id) => typeof id === 'string') : [],
    }
  }

  #remember(serial: string, change: (history: History) => History): void {
    const before = this.#history(serial)
    const { succeeded, refused } = change(before)
    // On tokens that ask for the PIN at every signature this is one write less each.
    if (succeeded === before.succeeded && refused.length === before.refused.length) return
    this.#write('history', serial, JSON.stringify({ succeeded, refused: refused.slice(-maxRefused) }))
  }

  #path(kind: 'intent' | 'latch' | 'history', serial: string): string {
    // The serial is the token's to choose: hex keeps it from naming other files, its length from growing.
    return join(this.#folder, `${kind}-${Buffer.from(serial.slice(0, 32), 'utf8').toString('hex')}.json`)
  }

  #read(kind: 'intent' | 'latch' | 'history', serial: string): string | null {
    try {
      return readFileSync(this.#path(kind, serial), 'utf8').slice(0, maxFileBytes)
    } catch (error) {
      if (isSystemError(error, 'ENOENT')) return null
      // What cannot be read may be a latch: no login.
      throw unwritable(error)
    }
  }

  /** Writes a state file so that after a power cut it is there, whole; only then returns. */
  #write(kind: 'intent' | 'latch' | 'history', serial: string, text: string): void {
    try {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 })
      writeDurably(this.#folder, this.#path(kind, serial), text)
    } catch (error) {
      throw unwritable(error)
    }
  }

  #remove(kind: 'intent' | 'latch', serial: string): void {
    try {
      rmSync(this.#path(kind, serial), { force: true })
      syncFolder(this.#folder)
    } catch (error) {
      if (isSystemError(error, 'ENOENT')) return // no folder yet: nothing to remove
      throw unwritable(error)
    }
  }
}

/**
 * Replaces `path` in `folder` with `text` (mode 0600): temporary file, fsync, rename, fsync of the folder.
 * @throws a system error; then the old content may still be there
 */
export function writeDurably(folder: string, path: string, text: string): void {
  const temporary = `${path}.new`
  const file = openSync(temporary, 'w', 0o600)
  try {
    writeSync(file, text)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(temporary, path)
  syncFolder(folder)
}

function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}

function unwritable(cause: unknown): TramError {
  const detail = cause instanceof Error ? cause.message : String(cause)
  return new TramError('TOKEN_PIN_STATE_UNWRITABLE', { detail }, { cause })
}

/** `text` as a JSON object, or null. */
export function parseRecord(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null
  } catch {
    return null
  }
}

function parseIntent(text: string): Intent | null {
  const record = parseRecord(text)
  if (typeof record?.credential !== 'string' || typeof record.leftovers !== 'number') return null
  return { credential: record.credential, leftovers: record.leftovers }
}
