// The PKCS#11 library and its slots: loading, listing, and what its return values mean to us. Neighbours: pkcs11-key
// (finds the key behind a session) and pkcs11-token (the port's adapter). One per process: C_Initialize is.
import pkcs11, { type PKCS11 } from 'pkcs11js'
import { TramError } from '../../base/errors.ts'
import type { PinFlags } from './pin-guard.ts'

/** A slot, session or object of the library. */
export type Handle = Buffer

/** The token that the configuration names, in its slot. Texts come from the token: attacker-controlled, 32 bytes at most. */
export interface FoundToken {
  slot: Handle
  label: string
  serial: string
  loginRequired: boolean
  pinFlags: PinFlags
}

/** Slots that are looked at. A reader farm has some; more is a broken library. */
const maxSlots = 256

/** After these the sessions are gone or the token is: close, list again, reopen. */
const lostCodes: ReadonlySet<string> = new Set([
  'CKR_CRYPTOKI_NOT_INITIALIZED',
  'CKR_DEVICE_ERROR',
  'CKR_DEVICE_MEMORY',
  'CKR_DEVICE_REMOVED',
  'CKR_FUNCTION_FAILED',
  'CKR_GENERAL_ERROR',
  'CKR_KEY_HANDLE_INVALID',
  'CKR_OBJECT_HANDLE_INVALID',
  'CKR_OPERATION_ACTIVE',
  'CKR_OPERATION_NOT_INITIALIZED',
  'CKR_SESSION_CLOSED',
  'CKR_SESSION_HANDLE_INVALID',
  'CKR_SLOT_ID_INVALID',
  'CKR_TOKEN_NOT_PRESENT',
  'CKR_TOKEN_NOT_RECOGNIZED',
  'CKR_USER_NOT_LOGGED_IN',
])

/** The token left while we were at it: absent rather than broken. */
const absentCodes: ReadonlySet<string> = new Set([
  'CKR_DEVICE_REMOVED',
  'CKR_SLOT_ID_INVALID',
  'CKR_TOKEN_NOT_PRESENT',
  'CKR_TOKEN_NOT_RECOGNIZED',
])

export class Pkcs11Module {
  readonly #path: string
  #api: PKCS11 | null = null
  #initialised = false

  constructor(path: string) {
    this.#path = path
  }

  /** The library's functions, loaded and initialised. @throws what the library or the loader says */
  get api(): PKCS11 {
    if (this.#api === null) {
      const api = new pkcs11.PKCS11()
      api.load(this.#path)
      this.#api = api
    }
    if (!this.#initialised) {
      try {
        // Signatures run on threads of their own: the library must lock.
        this.#api.C_Initialize({ flags: pkcs11.CKF_OS_LOCKING_OK })
      } catch (error) {
        if (rvOf(error) !== 'CKR_CRYPTOKI_ALREADY_INITIALIZED') throw error
      }
      this.#initialised = true
    }
    return this.#api
  }

  /** Lets go of everything. No call may be on its way. */
  finalise(): void {
    if (!this.#initialised) return
    this.#initialised = false
    try {
      this.#api?.C_Finalize()
    } catch (error) {
      if (rvOf(error) === null) throw error // a library that fails to finalise is finalised as far as it goes
    }
  }

  /**
   * The present token with this label (and serial number, if given), or null. Never by slot id: those move.
   * @throws TramError TOKEN_FAILED when several fit; what the library says
   */
  findToken(label: string, serial: string | undefined): FoundToken | null {
    const { api } = this
    const fitting: FoundToken[] = []
    for (const slot of api.C_GetSlotList(true).slice(0, maxSlots)) {
      const token = readToken(api, slot)
      if (token?.label === label && (serial === undefined || token.serial === serial)) fitting.push(token)
    }
    if (fitting.length > 1)
      throw new TramError('TOKEN_FAILED', {
        rv: `${fitting.length} × "${label}"`,
        operation: 'C_GetSlotList (token.serial)',
      })
    return fitting[0] ?? null
  }
}

/** What the token in `slot` says of itself now, or null when it is not there any more. */
export function readToken(api: PKCS11, slot: Handle): FoundToken | null {
  try {
    const { label, serialNumber, flags } = api.C_GetTokenInfo(slot)
    return {
      slot,
      label: trimField(label),
      serial: trimField(serialNumber),
      loginRequired: (flags & pkcs11.CKF_LOGIN_REQUIRED) !== 0,
      pinFlags: {
        countLow: (flags & pkcs11.CKF_USER_PIN_COUNT_LOW) !== 0,
        finalTry: (flags & pkcs11.CKF_USER_PIN_FINAL_TRY) !== 0,
        locked: (flags & pkcs11.CKF_USER_PIN_LOCKED) !== 0,
      },
    }
  } catch (error) {
    // One broken token must not hide the others.
    if (rvOf(error) !== null) return null
    throw error
  }
}

/** Fields are blank-padded (PKCS#11 §3.1); some libraries pad with zeros. */
const trimField = (text: string): string => text.replace(/[\s\0]+$/u, '')

/** The `CKR_…` name in an error of the library (with its number when vendor-defined), or null for any other error. */
export function rvOf(error: unknown): string | null {
  if (error instanceof TramError) {
    const { rv } = error.data
    return error.code === 'TOKEN_FAILED' && typeof rv === 'string' && rv.startsWith('CKR_') ? rv : null
  }
  if (!(error instanceof Error)) return null
  const name = /^CKR_\w+/.exec(error.message)?.[0]
  if (name === undefined) return null
  const code = 'code' in error ? error.code : undefined
  return name === 'CKR_VENDOR_DEFINED' && typeof code === 'number' ? `${name} 0x${code.toString(16)}` : name
}

/** Whether the sessions are lost after `error`, so that reopening may help. */
export const isLost = (error: unknown): boolean => lostCodes.has(rvOf(error) ?? '')

/** Whether `error` says that the token is not there. */
export const isAbsence = (error: unknown): boolean => absentCodes.has(rvOf(error) ?? '')

/** `error` as a TramError TOKEN_FAILED with the library's code, unless it is a TramError already. */
export function tokenFailure(error: unknown, operation: string): TramError {
  if (error instanceof TramError) return error
  const detail = rvOf(error) ?? (error instanceof Error ? error.message : String(error))
  return new TramError('TOKEN_FAILED', { rv: detail.slice(0, 300), operation }, { cause: error })
}
