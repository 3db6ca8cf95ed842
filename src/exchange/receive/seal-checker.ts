// Whether a seal may be believed: CMS, certificate path, inclusion, and that the directory lists this certificate for
// the station that signed. Reception asks for waybills, courier for receipts; one verified root serves thousands.
import { X509Certificate } from 'node:crypto'
import type { Clock } from '../../base/clock.ts'
import { TramError, type Verdict } from '../../base/errors.ts'
import { type Trust, verifyCertificatePath } from '../../document/certificate-path.ts'
import { equalBytes } from '../../document/der.ts'
import { hex, sha256 } from '../../document/document-id.ts'
import type { LeafType } from '../../document/merkle.ts'
import type { Seal } from '../../document/schema/seal.ts'
import { parseSeal, type VerifiedStatement, verifyInclusion, verifyRootStatement } from '../../document/seal.ts'
import { isInWindow } from '../../document/time-window.ts'
import type { Directory } from '../directory/directory.ts'
import type { SealReference } from '../schema/records.ts'

const cachedRoots = 256
/** How far ahead of our clock a statement may be (exchange design, "Time"). */
export const maxClockSkewMs = 5 * 60_000

/** A seal that verified, and what it says. */
export interface CheckedSeal {
  station: string
  generation: number
  /** What the record of the sealed bytes keeps of it; `cms` lies beside, since thousands share one. */
  reference: SealReference
  cms: Uint8Array
}

/** What is remembered of a root that verified: small, since hundreds are kept. */
type KnownRoot = Pick<VerifiedStatement, 'statement' | 'certificateSha256'> & { expiresMs: number }

/** `temporary`: may verify later (directory lag, clock); otherwise the bytes are wrong and stay so. */
export type SealVerdict =
  | { ok: true; value: CheckedSeal }
  | { ok: false; reason: TramError; temporary: boolean; reseal: boolean }

export class SealChecker {
  readonly #trust: Trust
  readonly #directory: Directory
  readonly #clock: Clock
  readonly #roots = new Map<string, KnownRoot>()
  /** Of the certificate that our token sealed with last. */
  #ownPath: { certificate: Uint8Array; chain: readonly Uint8Array[]; fromMs: number; untilMs: number } | undefined

  constructor(options: { trust: Trust }, deps: { directory: Directory; clock: Clock }) {
    this.#trust = options.trust
    this.#directory = deps.directory
    this.#clock = deps.clock
  }

  /** Checks a seal over `bytes`. Both are attacker-controlled; `sealBytes` is an encoded Seal. */
  async check(type: LeafType, bytes: Uint8Array, sealBytes: Uint8Array): Promise<SealVerdict> {
    let seal: Seal
    try {
      seal = parseSeal(sealBytes)
    } catch (error) {
      if (error instanceof TramError) return wrong(error)
      throw error
    }
    const cmsDigest = sha256(seal.cms)
    const root = this.#verifiedRoot(hex(cmsDigest), seal.cms)
    if (!root.ok) return wrong(root.reason)
    const { statement, certificateSha256, expiresMs } = root.value
    const included = verifyInclusion(type, bytes, seal, statement)
    if (!included.ok) return wrong(included.reason)
    const { station, generation, time } = statement
    const directoryVersion = this.#directory.version
    const trouble = await this.#directoryTrouble(station, generation, time, certificateSha256)
    if (trouble !== undefined) return trouble
    // Without a time stamp nobody can tell a seal made before the expiry from one back-dated with an old key.
    // While our own time is in doubt nobody is sent to his token for it.
    if (this.#clock.now() > expiresMs) {
      const expired = new TramError('SEAL_INVALID', { detail: `the sealing certificate of ${station} has expired` })
      return { ok: false, reason: expired, temporary: true, reseal: this.#clock.doubt === undefined }
    }
    const { leafIndex, path, cms } = seal
    const reference = { cmsDigest: Buffer.from(cmsDigest), leafIndex, path, sealedAt: time, directoryVersion }
    return { ok: true, value: { station, generation, reference, cms } }
  }

  /**
   * Why nobody would believe what our own token seals at `timeMs`; undefined when it may seal. A certificate that is not
   * in the directory yet, or is the wrong one, would cost every document that is sealed with it a new seal.
   * @param chain intermediates that the seals carry, DER
   */
  async ownCertificateTrouble(
    stationId: string,
    certificate: Uint8Array,
    chain: readonly Uint8Array[],
    timeMs: number,
  ): Promise<TramError | undefined> {
    const trouble = this.#ownPathTrouble(certificate, chain, timeMs)
    if (trouble !== undefined) return trouble
    const station = await this.#directory.station(stationId)
    // Without a directory nothing is sent; in one that does not name us yet, peers say what is missing.
    if (station === undefined) return undefined
    const digest = sha256(certificate)
    const listed = station.certificates.find((entry) => Buffer.compare(entry.sha256, digest) === 0)
    if (listed !== undefined && isInWindow(listed.window, timeMs)) return undefined
    const { subject } = new X509Certificate(certificate)
    const detail = `the directory ${listed === undefined ? 'does not list it' : 'lists it for another time'} for ${stationId}`
    return new TramError('CERTIFICATE_UNUSABLE', { subject, detail })
  }

  /** Asked before every signature, and the answer for one certificate stays the same as long as all of its path is valid. */
  #ownPathTrouble(certificate: Uint8Array, chain: readonly Uint8Array[], timeMs: number): TramError | undefined {
    const known = this.#ownPath
    const isKnown = known !== undefined && equalBytes(known.certificate, certificate) && known.chain === chain
    if (isKnown && timeMs >= known.fromMs && timeMs <= known.untilMs) return undefined
    const path = verifyCertificatePath(certificate, chain, this.#trust, timeMs)
    if (!path.ok) return path.reason
    const parsed = path.value.map((der) => new X509Certificate(der))
    const fromMs = Math.max(...parsed.map(({ validFromDate }) => validFromDate.getTime()))
    const untilMs = Math.min(...parsed.map(({ validToDate }) => validToDate.getTime()))
    this.#ownPath = { certificate, chain, fromMs, untilMs }
    return undefined
  }

  #verifiedRoot(id: string, cms: Uint8Array): Verdict<KnownRoot> {
    const known = this.#roots.get(id)
    if (known !== undefined) return { ok: true, value: known }
    const verified = verifyRootStatement(cms, this.#trust)
    if (!verified.ok) return verified
    const { statement, certificate, certificateSha256 } = verified.value
    const root = { statement, certificateSha256, expiresMs: new X509Certificate(certificate).validToDate.getTime() }
    if (this.#roots.size >= cachedRoots) this.#roots.delete(this.#roots.keys().next().value ?? '')
    this.#roots.set(id, root)
    return { ok: true, value: root }
  }

  async #directoryTrouble(
    stationId: string,
    generation: number,
    time: number,
    certificateSha256: Uint8Array,
  ): Promise<Exclude<SealVerdict, { ok: true }> | undefined> {
    const detail = (text: string) => new TramError('SEAL_INVALID', { detail: text })
    if (time > this.#clock.now() + maxClockSkewMs)
      return later(detail(`sealed ${time - this.#clock.now()} ms in the future`))
    const station = await this.#directory.station(stationId)
    // The directory may lag behind the sender's: what is unknown today may be listed tomorrow.
    if (station === undefined) return later(detail(`the directory does not name the station ${stationId}`))
    if (generation > station.generation) return later(detail(`generation ${generation} is not listed yet`))
    if (generation < station.generation) return { ...later(detail(`generation ${generation} is closed`)), reseal: true }
    const listed = station.certificates.find((entry) => Buffer.compare(entry.sha256, certificateSha256) === 0)
    if (listed === undefined) return later(detail(`the directory does not list this certificate for ${stationId}`))
    if (!isInWindow(listed.window, time)) return later(detail('the certificate was not listed at sealing time'))
    return undefined
  }
}

const wrong = (reason: TramError) => ({ ok: false as const, reason, temporary: false, reseal: false })
const later = (reason: TramError) => ({ ok: false as const, reason, temporary: true, reseal: false })
