// The token through its PKCS#11 library, in the signer process: one per process, since C_Initialize is. Below
// signer-server on a digest's way; beside it pkcs11-login (guarded) and pkcs11-key (what signs).
// Recovers once by reopening; what that does not cure is handed to `onBroken`, and the process ends.
// Long because: opening, signing, losing and shutting are one state machine over one set of sessions.
import pkcs11 from 'pkcs11js'
import type { ConditionCode } from '../../base/conditions/catalogue.ts'
import { isStateError, TramError } from '../../base/errors.ts'
import type { Service } from '../../base/lifecycle.ts'
import { type Logger, logFields } from '../../base/logger.ts'
import type { PinFile } from './pin-file.ts'
import type { PinGuard } from './pin-guard.ts'
import { findSigningKey, mechanismOf, type SigningKey } from './pkcs11-key.ts'
import { Pkcs11Login } from './pkcs11-login.ts'
import {
  type FoundToken,
  type Handle,
  isAbsence,
  isLost,
  Pkcs11Module,
  readToken,
  rvOf,
  tokenFailure,
} from './pkcs11-module.ts'
import { SessionPool } from './session-pool.ts'
import { assertDigest, signInput, signOutput } from './signature-encoding.ts'
import type { Token, TokenDescription, TokenState } from './token.ts'

export interface Pkcs11TokenOptions {
  /** Path of the PKCS#11 library. */
  module: string
  label: string
  serial?: string
  /** CKA_ID in hex. */
  keyId: string
  /** Sessions that sign at the same time, 1 to 16. */
  sessions: number
  rsaPss: boolean
  /** How often an idle token is looked at, and an absent one looked for. */
  pollMs?: number
  /** A signature that takes longer means a stuck library. */
  operationTimeoutMs?: number
}

export interface Pkcs11TokenDeps {
  logger: Logger
  guard: PinGuard
  /** Null: a person gives the PIN. */
  pinFile: PinFile | null
  /** The library is beyond repair in this process. `stuck`: a call never came back, so that even an orderly exit may hang. */
  onBroken: (reason: TramError, stuck: boolean) => void
}

interface OpenToken {
  slot: Handle
  pool: SessionPool<Handle>
  key: SigningKey
}

/** RSA signatures of all schemes and keys up to 8192 bits fit. */
const maxSignatureBytes = 1024
/** Failed openings in a row before the process is given up. */
const maxFailedOpenings = 3
/** States that only change when somebody does something are looked at less often than an absent token. */
const slowPolls = 15
/** The states that are not `faulty` by the code of what failed. */
const stateOfFailure: Partial<Record<ConditionCode, TokenState>> = {
  TOKEN_PIN_LATCHED: 'latched',
  TOKEN_PIN_NEEDED: 'needs-pin',
}
/** Of CK_SLOT_INFO.flags; missing in the binding's types. */
const CKF_TOKEN_PRESENT = 1

export class Pkcs11Token implements Token, Service {
  readonly name = 'pkcs11-token'
  /** Called after every change of the description. */
  onStateChange?: (description: TokenDescription) => void
  readonly #options: Pkcs11TokenOptions
  readonly #deps: Pkcs11TokenDeps
  readonly #module: Pkcs11Module
  readonly #login: Pkcs11Login
  #opened: OpenToken | null = null
  #description: TokenDescription
  /** Why not ready; what `sign` throws. */
  #reason: TramError
  /** Openings, closings and logins one after the other. */
  #turn: Promise<unknown> = Promise.resolve()
  #poll: NodeJS.Timeout | null = null
  #pollsToSkip = 0
  #failedOpenings = 0

  constructor(options: Pkcs11TokenOptions, deps: Pkcs11TokenDeps) {
    this.#options = options
    this.#deps = deps
    this.#module = new Pkcs11Module(options.module)
    this.#login = new Pkcs11Login(deps.guard, deps.pinFile)
    this.#reason = new TramError('TOKEN_ABSENT', { token: options.label })
    this.#description = {
      state: 'absent',
      detail: 'not looked for yet',
      label: options.label,
      serial: options.serial ?? '',
      scheme: null,
      certificate: null,
      pinCountLow: false,
      pinFinalTry: false,
    }
  }

  /** Opens the token if it is there; a token that is not ready does not fail the start. */
  async start(): Promise<void> {
    await this.#inTurn(() => this.#open())
    const { pollMs = 2000 } = this.#options
    this.#poll = setInterval(() => void this.#look().catch((error) => this.#giveUp(error)), pollMs)
  }

  async stop(): Promise<void> {
    if (this.#poll !== null) clearInterval(this.#poll)
    this.#poll = null
    await this.#inTurn(async () => {
      await this.#close()
      this.#login.drop()
      this.#module.finalise()
    })
  }

  async describe(): Promise<TokenDescription> {
    return { ...this.#description }
  }

  async sign(digest: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    signal.throwIfAborted()
    const first = await this.#ready()
    try {
      return await this.#signWith(first, digest, signal)
    } catch (error) {
      if (!isLost(error)) throw signal.aborted ? signal.reason : tokenFailure(error, 'C_Sign')
      this.#deps.logger.warn({ rv: rvOf(error) }, 'the token lost its sessions: opening it again')
    }
    const second = await this.#reopen(first)
    try {
      return await this.#signWith(second, digest, signal)
    } catch (error) {
      if (!isLost(error)) throw signal.aborted ? signal.reason : tokenFailure(error, 'C_Sign')
      // Reopened, logged in, and lost again: absent now, or nothing that this process can cure.
      await this.#reopen(second)
      const failure = tokenFailure(error, 'C_Sign')
      this.#deps.onBroken(failure, false)
      throw failure
    }
  }

  async enterPin(pin: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    await this.#inTurn(async () => {
      this.#login.hold(pin)
      try {
        await this.#close()
        await this.#open()
      } finally {
        this.#login.settle()
      }
      if (this.#opened !== null) return
      // Without its key the token has taken the PIN all the same.
      if (this.#reason.code !== 'TOKEN_KEY_MISSING') this.#login.drop()
      throw this.#reason
    })
  }

  /** The open token once nobody opens or closes it. @throws why it is not ready */
  async #ready(): Promise<OpenToken> {
    await this.#turn
    if (this.#opened === null) throw this.#reason
    return this.#opened
  }

  /** One signature on one session. @throws what the library says, untranslated, so that the caller can tell a loss */
  #signWith(token: OpenToken, digest: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    const { scheme, handle, alwaysAuthenticate } = token.key
    assertDigest(scheme, digest)
    const { api } = this.#module
    return token.pool.use(signal, async (session) => {
      const input = signInput(scheme, digest)
      const output = Buffer.alloc(maxSignatureBytes)
      api.C_SignInit(session, mechanismOf(scheme), handle)
      if (alwaysAuthenticate) this.#loginForSignature(token, session)
      // EC is fastest on this thread; RSA gains from others (docs/reference/stack.md).
      const signature = scheme.startsWith('ecdsa')
        ? api.C_Sign(session, input, output)
        : await this.#withinTime(api.C_SignAsync(session, input, output))
      return new Uint8Array(signOutput(scheme, signature))
    })
  }

  /** A call that never comes back holds its session and its thread for ever: the process is no good any more. */
  async #withinTime(signature: Promise<Buffer>): Promise<Buffer> {
    const { operationTimeoutMs = 60_000 } = this.#options
    const stuck = new TramError('TOKEN_FAILED', { rv: `nothing for ${operationTimeoutMs} ms`, operation: 'C_Sign' })
    const timer = setTimeout(() => this.#deps.onBroken(stuck, true), operationTimeoutMs)
    try {
      return await signature
    } finally {
      clearTimeout(timer)
    }
  }

  #loginForSignature(token: OpenToken, session: Handle): void {
    const { api } = this.#module
    try {
      const found = readToken(api, token.slot)
      if (found === null) throw new TramError('TOKEN_FAILED', { rv: 'CKR_TOKEN_NOT_PRESENT', operation: 'C_Sign' })
      this.#login.forSignature(api, found, session)
    } catch (error) {
      // The session keeps its unfinished signature; only closing it helps. A loss is closed by who caught it.
      if (!isLost(error)) this.#inTurn(() => this.#shut(token, error)).catch((failure) => this.#giveUp(failure))
      throw error
    }
  }

  /** Closes `lost` and opens once, for whoever comes first; the others take what came of it. @throws why it is not ready */
  #reopen(lost: OpenToken): Promise<OpenToken> {
    return this.#inTurn(async () => {
      if (this.#opened === lost) {
        await this.#close()
        await this.#open()
      }
      if (this.#opened === null) throw this.#reason
      return this.#opened
    })
  }

  /** Opens the token: list, sessions, login, key. Its outcome is the state, also when it fails. In turn only. */
  async #open(): Promise<void> {
    let found: FoundToken | null = null
    try {
      found = this.#find()
      if (found === null) {
        this.#set('absent', new TramError('TOKEN_ABSENT', { token: this.#options.label }), null)
        return
      }
      this.#opened = this.#openSessions(found)
      this.#failedOpenings = 0
      // The flags once more: a login has reset the token's counter.
      this.#set('ready', this.#reason, readToken(this.#module.api, found.slot) ?? found, this.#opened.key)
    } catch (error) {
      this.#closeSlot(found?.slot)
      this.#openingFailed(error, found)
    }
  }

  /** Some libraries see a token that came later only after they are initialised again. */
  #find(): FoundToken | null {
    const { label, serial } = this.#options
    const found = this.#module.findToken(label, serial)
    if (found !== null) return found
    this.#module.finalise()
    return this.#module.findToken(label, serial)
  }

  /** Sessions, logged in, with the key found. @throws TramError of the login; what the library says */
  #openSessions(found: FoundToken): OpenToken {
    const { api } = this.#module
    const { slot, label } = found
    const first = api.C_OpenSession(slot, pkcs11.CKF_SERIAL_SESSION)
    this.#login.forToken(api, found, first)
    const query = { tokenLabel: label, keyId: Buffer.from(this.#options.keyId, 'hex'), rsaPss: this.#options.rsaPss }
    const key = findSigningKey(api, first, query)
    const sessions = [first]
    while (sessions.length < this.#options.sessions) {
      try {
        sessions.push(api.C_OpenSession(slot, pkcs11.CKF_SERIAL_SESSION))
      } catch (error) {
        if (rvOf(error) !== 'CKR_SESSION_COUNT') throw error
        this.#deps.logger.info({ sessions: sessions.length }, 'the token allows fewer sessions than configured')
        break
      }
    }
    return { slot, key, pool: new SessionPool(sessions) }
  }

  /** The state that a failed opening or signing login leaves. */
  #openingFailed(error: unknown, found: FoundToken | null): void {
    if (isAbsence(error)) {
      this.#set('absent', new TramError('TOKEN_ABSENT', { token: this.#options.label }, { cause: error }), null)
      return
    }
    const reason = tokenFailure(error, 'C_OpenSession')
    const state = stateOfFailure[reason.code] ?? 'faulty'
    if (state !== 'faulty') this.#login.drop()
    // The flags once more: a refused PIN has changed them.
    this.#set(state, reason, found === null ? null : (readToken(this.#module.api, found.slot) ?? found))
    // Only the library's own errors may be cured by a new process; a missing key or an unwritable disk are not.
    if (error instanceof TramError || rvOf(error) === null) return
    this.#pollsToSkip = 0
    this.#failedOpenings += 1
    if (this.#failedOpenings >= maxFailedOpenings) this.#deps.onBroken(reason, false)
  }

  /** Closes `token` because of `error` and leaves it shut. In turn only. */
  async #shut(token: OpenToken, error: unknown): Promise<void> {
    if (this.#opened !== token) return
    await this.#close()
    this.#openingFailed(error, readToken(this.#module.api, token.slot))
  }

  /** Closes all sessions once nobody uses them: that logs out too. In turn only. */
  async #close(): Promise<void> {
    const opened = this.#opened
    if (opened === null) return
    this.#opened = null
    await opened.pool.close(new TramError('TOKEN_FAILED', { rv: 'CKR_SESSION_CLOSED', operation: 'C_Sign' }))
    this.#closeSlot(opened.slot)
  }

  #closeSlot(slot: Handle | undefined): void {
    if (slot === undefined) return
    try {
      this.#module.api.C_CloseAllSessions(slot)
    } catch (error) {
      if (rvOf(error) === null) throw error // a token that is gone has no sessions to close
    }
  }

  /** The periodic look: is an idle token still there, has an absent one come? */
  async #look(): Promise<void> {
    const opened = this.#opened
    if (opened === null) {
      if (this.#pollsToSkip > 0) this.#pollsToSkip -= 1
      else await this.#inTurn(() => (this.#opened === null ? this.#open() : undefined))
      return
    }
    if (opened.pool.busy > 0) return // the signature on its way will tell
    try {
      await opened.pool.use(AbortSignal.timeout(1000), (session) => {
        if ((this.#module.api.C_GetSlotInfo(opened.slot).flags & CKF_TOKEN_PRESENT) === 0)
          throw new TramError('TOKEN_FAILED', { rv: 'CKR_TOKEN_NOT_PRESENT', operation: 'C_GetSlotList' })
        this.#module.api.C_GetSessionInfo(session)
      })
    } catch (error) {
      if (!isLost(error)) throw error
      await this.#reopen(opened).catch((reason) => {
        if (!(reason instanceof TramError)) throw reason // a TramError is the state by now
      })
    }
  }

  #giveUp(error: unknown): void {
    this.#deps.onBroken(tokenFailure(error, 'C_GetSlotList'), false)
  }

  /** Runs `work` after all earlier openings and closings. */
  #inTurn<Result>(work: () => Promise<Result> | Result): Promise<Result> {
    const result = this.#turn.then(work)
    this.#turn = result.catch(() => undefined) // its own caller sees the failure; the next in line starts afresh
    return result
  }

  #set(state: TokenState, reason: TramError, found: FoundToken | null, key?: SigningKey): void {
    const before = this.#description
    this.#reason = reason
    this.#pollsToSkip = state === 'latched' || state === 'faulty' ? slowPolls : 0
    this.#description = {
      state,
      detail: state === 'ready' ? '' : reason.message,
      ...(state !== 'ready' && isStateError(reason) ? { failure: { code: reason.code, data: reason.data } } : {}),
      label: found?.label ?? this.#options.label,
      serial: found?.serial ?? this.#options.serial ?? '',
      // What is known of the key stays known while the token is away.
      scheme: key?.scheme ?? before.scheme,
      certificate: key?.certificate ?? before.certificate,
      pinCountLow: found?.pinFlags.countLow ?? before.pinCountLow,
      pinFinalTry: found?.pinFlags.finalTry ?? before.pinFinalTry,
    }
    if (before.state === state && before.detail === this.#description.detail) return
    const { logger } = this.#deps
    if (state === 'ready') logger.info({ serial: this.#description.serial }, 'the token is ready')
    else logger.warn({ state, ...logFields(reason) }, 'the token is not ready')
    this.onStateChange?.({ ...this.#description })
  }
}
