// Whether one of our own seals should be made anew: only when a new one would say something else. So nobody, asking again and
// again, costs more than one token signature for each certificate and generation of ours. Asked by courier and receipts.
import { X509Certificate } from 'node:crypto'
import type { Clock } from '../../base/clock.ts'
import { briefOf, TramError } from '../../base/errors.ts'
import { verifyCms } from '../../document/cms.ts'
import { equalBytes } from '../../document/der.ts'
import { hex } from '../../document/document-id.ts'
import { RootStatement } from '../../document/schema/seal.ts'
import { unwrapSignedContent } from '../../document/signed-content.ts'
import { key } from '../../equipment/store/namespaces.ts'
import type { RecordStore } from '../../equipment/store/record-store.ts'
import type { Token } from '../../equipment/token/token.ts'
import { maxClockSkewMs } from '../receive/seal-checker.ts'
import type { SealReference } from '../schema/records.ts'

export interface StaleSealsDeps {
  records: RecordStore
  token: Pick<Token, 'describe'>
  clock: Clock
}

export class StaleSeals {
  readonly #generation: number
  readonly #deps: StaleSealsDeps

  constructor(own: { generation: number }, deps: StaleSealsDeps) {
    this.#generation = own.generation
    this.#deps = deps
  }

  /** Sealed under a false clock: everybody refuses it until its time has come. Never while our own time is in doubt. */
  isFromFuture({ sealedAt }: SealReference): boolean {
    const { clock } = this.#deps
    return clock.doubt === undefined && sealedAt > clock.now() + maxClockSkewMs
  }

  /** Its certificate has expired or its generation is closed: what a receiver finds who checks it now. */
  async isOutdated(seal: SealReference): Promise<boolean> {
    if (this.#deps.clock.doubt !== undefined) return false
    const { certificate, generation } = await this.#read(seal)
    return generation < this.#generation || this.#hasExpired(certificate)
  }

  /**
   * A receiver asks for a new seal: whether it would be another. With a certificate that has expired the answer is yes, though the
   * token is not asked then (sealer.ts): the document waits for the next certificate, with an alarm.
   */
  async wouldDiffer(seal: SealReference, signal: AbortSignal): Promise<boolean> {
    if (this.#deps.clock.doubt !== undefined) return false
    const { certificate, generation } = await this.#read(seal)
    if (generation < this.#generation || this.#hasExpired(certificate)) return true
    const { certificate: current } = await this.#deps.token.describe(signal)
    return current !== null && !equalBytes(current, certificate)
  }

  #hasExpired(certificate: Uint8Array): boolean {
    return this.#deps.clock.now() > new X509Certificate(certificate).validToDate.getTime()
  }

  /** @throws TramError STORE_DAMAGED: it was ours and whole when it was stored */
  async #read({ cmsDigest }: SealReference): Promise<{ certificate: Uint8Array; generation: number }> {
    const place = `cms ${hex(cmsDigest)}`
    const cms = await this.#deps.records.get(key('cms', hex(cmsDigest)))
    if (cms === undefined) throw new TramError('STORE_DAMAGED', { place, detail: 'missing' })
    const verified = verifyCms(cms)
    if (!verified.ok) throw new TramError('STORE_DAMAGED', { place, detail: briefOf(verified.reason) })
    const { content, certificate } = verified.value
    const statement = unwrapSignedContent('root', content)
    if (!statement.ok) throw new TramError('STORE_DAMAGED', { place, detail: briefOf(statement.reason) })
    return { certificate, generation: RootStatement.decode(statement.value).generation }
  }
}
