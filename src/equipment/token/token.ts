// Port: the device that holds the station's signing key. Adapters: pkcs11-token (in the signer process),
// signer-client (over a Unix socket, in the station). Below the sealer on a document's way.
import type { StateCode } from '../../base/conditions/catalogue.ts'
import type { SignatureScheme } from '../../document/cms.ts'

/** How the token signs. Hashing is done on the host: the token is given a digest. */
export type { SignatureScheme }

/**
 * `ready`: signs. `absent`: not plugged in. `needs-pin`: nobody gave a PIN yet.
 * `latched`: login is stopped until a person acts, so as not to lock the token.
 * `unreachable`: the signer process does not answer. `faulty`: present, but its key or certificate is not usable.
 */
export type TokenState = 'ready' | 'absent' | 'needs-pin' | 'latched' | 'unreachable' | 'faulty'

/** A condition as code and data. */
export interface TokenFailure {
  code: StateCode
  data: Readonly<Record<string, string | number>>
}

export interface TokenDescription {
  state: TokenState
  /** Why, in English, when not ready. */
  detail: string
  /** The condition that `detail` is the text of, from the one who met it. */
  failure?: TokenFailure
  label: string
  serial: string
  /** Null until the key was found. */
  scheme: SignatureScheme | null
  /** DER of the signing certificate, null until found. */
  certificate: Uint8Array | null
  /** The token says: one PIN attempt has failed / only one is left. */
  pinCountLow: boolean
  pinFinalTry: boolean
}

export interface Token {
  /** What the token is and whether it can sign. Never throws for a token that is not ready. */
  describe(signal: AbortSignal): Promise<TokenDescription>

  /**
   * Signs a digest made with the scheme's hash (32 bytes for SHA-256, 48 for SHA-384).
   * @returns RSA: the signature as the token gave it; ECDSA: DER SEQUENCE of r and s.
   * @throws TramError TOKEN_ABSENT, TOKEN_KEY_MISSING, TOKEN_PIN_NEEDED, TOKEN_PIN_LATCHED, TOKEN_FAILED, SIGNER_UNREACHABLE
   */
  sign(digest: Uint8Array, signal: AbortSignal): Promise<Uint8Array>

  /**
   * A person gives the PIN: clears a latch and tries one login.
   * @throws TramError TOKEN_PIN_LATCHED when the token refuses it, TOKEN_ABSENT, SIGNER_UNREACHABLE
   */
  enterPin(pin: string, signal: AbortSignal): Promise<void>
}
