// The port's fake: a key in memory that behaves as a token does. Beside its contract suite (token-contract.ts).
import { TramError } from '../../src/base/errors.ts'
import { assertDigest } from '../../src/equipment/token/signature-encoding.ts'
import type { Token, TokenDescription } from '../../src/equipment/token/token.ts'
import type { TestLeaf } from '../fixtures/pki/test-pki.ts'

export class SoftToken implements Token {
  readonly #leaf: TestLeaf
  readonly #pin: string
  readonly #label: string
  #latch: TramError | null = null

  constructor(leaf: TestLeaf, options: { pin?: string; label?: string } = {}) {
    this.#leaf = leaf
    this.#pin = options.pin ?? '123456'
    this.#label = options.label ?? 'soft'
  }

  async describe(signal: AbortSignal): Promise<TokenDescription> {
    signal.throwIfAborted()
    return {
      state: this.#latch === null ? 'ready' : 'latched',
      detail: this.#latch?.message ?? '',
      label: this.#label,
      serial: 'soft-1',
      scheme: this.#leaf.scheme,
      certificate: this.#leaf.certificateDer,
      pinCountLow: this.#latch !== null,
      pinFinalTry: false,
    }
  }

  async sign(digest: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    signal.throwIfAborted()
    if (this.#latch !== null) throw this.#latch
    assertDigest(this.#leaf.scheme, digest)
    return this.#leaf.sign(digest)
  }

  async enterPin(pin: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (pin === '') throw new TramError('TOKEN_FAILED', { rv: 'CKR_PIN_LEN_RANGE', operation: 'C_Login' })
    this.#latch =
      pin === this.#pin ? null : new TramError('TOKEN_PIN_LATCHED', { token: this.#label, reason: 'CKR_PIN_INCORRECT' })
    if (this.#latch !== null) throw this.#latch
  }
}
