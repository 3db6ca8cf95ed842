// C_Login, and the PIN it takes: the one that a person gave, else the PIN file's. Every call goes through pin-guard.
// Used by pkcs11-token, at opening and (CKA_ALWAYS_AUTHENTICATE) at each signature.
import { isUtf8 } from 'node:buffer'
import { randomUUID } from 'node:crypto'
import pkcs11, { type PKCS11 } from 'pkcs11js'
import { TramError } from '../../base/errors.ts'
import { type GivenPin, maxPinBytes, type PinFile } from './pin-file.ts'
import type { LoginOutcome, PinGuard } from './pin-guard.ts'
import { type FoundToken, type Handle, rvOf } from './pkcs11-module.ts'

/** What C_Login answers when it has looked at the PIN and does not take it, now or ever. */
const refusals: ReadonlySet<string> = new Set([
  'CKR_PIN_EXPIRED',
  'CKR_PIN_INCORRECT',
  'CKR_PIN_INVALID',
  'CKR_PIN_LEN_RANGE',
  'CKR_PIN_LOCKED',
  'CKR_USER_PIN_NOT_INITIALIZED',
])

export class Pkcs11Login {
  readonly #guard: PinGuard
  readonly #pinFile: PinFile | null
  /** The PIN that a person gave: needed again after a re-insertion, gone with the process. */
  #held: GivenPin | null = null

  /** `pinFile`: null when only a person gives the PIN. */
  constructor(guard: PinGuard, pinFile: PinFile | null) {
    this.#guard = guard
    this.#pinFile = pinFile
  }

  /**
   * Takes a PIN from a person; the next login passes a latch.
   * @throws TramError TOKEN_FAILED for a length that no token takes: it is not even asked
   */
  hold(pin: string): void {
    const bytes = Buffer.from(pin, 'utf8')
    if (bytes.length === 0 || bytes.length > maxPinBytes) {
      bytes.fill(0)
      throw new TramError('TOKEN_FAILED', { rv: 'CKR_PIN_LEN_RANGE', operation: 'C_Login' })
    }
    this.drop()
    this.#held = { id: randomUUID(), byPerson: true, bytes, wipe: () => bytes.fill(0) }
  }

  /** The person has gone: what they gave is now a PIN like any other, which passes no latch. */
  settle(): void {
    if (this.#held !== null) this.#held.byPerson = false
  }

  drop(): void {
    this.#held?.wipe()
    this.#held = null
  }

  /** Why nobody may log in without a person, or that a PIN is needed. */
  reasonWithoutPin(found: FoundToken): TramError {
    const reason = this.#guard.latchReason(found.serial)
    return reason === null
      ? new TramError('TOKEN_PIN_NEEDED', { token: found.label })
      : new TramError('TOKEN_PIN_LATCHED', { token: found.label, reason })
  }

  /**
   * The first login of a session's token.
   * @throws TramError TOKEN_PIN_NEEDED, TOKEN_PIN_LATCHED, TOKEN_PIN_STATE_UNWRITABLE; what the library says
   */
  forToken(api: PKCS11, found: FoundToken, session: Handle): void {
    if (found.loginRequired) this.#login(api, found, session, pkcs11.CKU_USER)
  }

  /** The login after C_SignInit (PKCS#11 2.40 §5.6 C_Login with CKU_CONTEXT_SPECIFIC). @throws as `forToken` */
  forSignature(api: PKCS11, found: FoundToken, session: Handle): void {
    this.#login(api, found, session, pkcs11.CKU_CONTEXT_SPECIFIC)
  }

  #login(api: PKCS11, found: FoundToken, session: Handle, userType: number): void {
    const pin = this.#held ?? this.#pinFile?.read() ?? null
    if (pin === null) throw this.reasonWithoutPin(found)
    try {
      if (!isUtf8(pin.bytes)) throw new TramError('TOKEN_PIN_STATE_UNWRITABLE', { detail: 'the PIN is not UTF-8' })
      const target = { label: found.label, serial: found.serial, flags: found.pinFlags }
      this.#guard.login(target, pin, () => callLogin(api, session, userType, pin))
    } finally {
      if (pin !== this.#held) pin.wipe()
    }
  }
}

function callLogin(api: PKCS11, session: Handle, userType: number, pin: GivenPin): LoginOutcome {
  try {
    // The binding takes a string only; it lives until the garbage collector comes, which we cannot help.
    api.C_Login(session, userType, pin.bytes.toString('utf8'))
    return { kind: 'accepted' }
  } catch (error) {
    const rv = rvOf(error) ?? ''
    if (rv === 'CKR_USER_ALREADY_LOGGED_IN') return { kind: 'already' }
    if (refusals.has(rv)) return { kind: 'refused', reason: rv }
    throw error
  }
}
