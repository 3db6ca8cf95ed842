// A look at the token without logging in: is it there, what does it say of its PIN, and is the certificate visible. For doctor when
// no signer runs: it must never use up a PIN attempt, so nothing here knows a PIN. signer-main prints the answer.
import pkcs11, { type PKCS11 } from 'pkcs11js'
import { TramError } from '../../base/errors.ts'
import type { PinGuard } from './pin-guard.ts'
import { visibleCertificate } from './pkcs11-key.ts'
import { type FoundToken, type Pkcs11Module, rvOf, tokenFailure } from './pkcs11-module.ts'
import type { TokenDescription } from './token.ts'

export interface LookQuery {
  label: string
  serial?: string
  /** CKA_ID in hex. */
  keyId: string
}

/**
 * What the token says to somebody who does not log in. `needs-pin`: it is there, and nothing stops a login. `certificate` is null
 * when the token shows it only after a login. Never throws: a library that fails is `faulty`.
 */
export function lookAtToken(module: Pkcs11Module, guard: PinGuard, query: LookQuery): TokenDescription {
  const description: TokenDescription = {
    state: 'absent',
    detail: '',
    label: query.label,
    serial: query.serial ?? '',
    scheme: null,
    certificate: null,
    pinCountLow: false,
    pinFinalTry: false,
  }
  try {
    const found = module.findToken(query.label, query.serial)
    if (found === null) return description
    const { serial, pinFlags } = found
    const reason = pinFlags.locked ? 'CKF_USER_PIN_LOCKED' : guard.latchReason(serial)
    return {
      ...description,
      state: reason === null ? 'needs-pin' : 'latched',
      detail: reason ?? '',
      serial,
      certificate: certificateOf(module.api, found, Buffer.from(query.keyId, 'hex')),
      pinCountLow: pinFlags.countLow,
      pinFinalTry: pinFlags.finalTry,
    }
  } catch (error) {
    const failure = tokenFailure(error, 'C_GetSlotList')
    return { ...description, state: 'faulty', detail: failure.message }
  } finally {
    module.finalise()
  }
}

function certificateOf(api: PKCS11, { slot }: FoundToken, keyId: Buffer): Uint8Array | null {
  try {
    const session = api.C_OpenSession(slot, pkcs11.CKF_SERIAL_SESSION)
    try {
      return visibleCertificate(api, session, keyId)
    } finally {
      api.C_CloseSession(session)
    }
  } catch (error) {
    // Some tokens show nobody anything before a login. That is no trouble of theirs.
    if (rvOf(error) === 'CKR_USER_NOT_LOGGED_IN') return null
    throw error instanceof TramError ? error : tokenFailure(error, 'C_FindObjects')
  }
}
