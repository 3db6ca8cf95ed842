// One token signature for thousands of documents: takes what waits in `toseal`, builds a Merkle tree, has the root statement
// signed, and commits seals and sequence together. Between intake or reception (which queue) and outbox or receipts.
// Long because: one batch, from the queue to the release of its seals, is told in one place.
import { X509Certificate } from 'node:crypto'
import type { Clock } from '../../base/clock.ts'
import { asTramError, TramError } from '../../base/errors.ts'
import type { Service } from '../../base/lifecycle.ts'
import { type Logger, logFields } from '../../base/logger.ts'
import type { SignatureScheme } from '../../document/cms.ts'
import { verifyCms } from '../../document/cms.ts'
import { sha256 } from '../../document/document-id.ts'
import { type LeafType, leafHash, MerkleTree } from '../../document/merkle.ts'
import type { RootStatement } from '../../document/schema/seal.ts'
import { prepareRootStatement } from '../../document/seal.ts'
import { key, range, sequencePart } from '../../equipment/store/namespaces.ts'
import type { RecordOperation, RecordStore } from '../../equipment/store/record-store.ts'
import type { Token } from '../../equipment/token/token.ts'
import { tokenTrouble } from '../../equipment/token/token-trouble.ts'
import { keepDirectory } from '../directory/directory-versions.ts'
import type { AuditLog } from '../evidence/audit-log.ts'
import { type SealReference, StatementRecord } from '../schema/records.ts'
import type { Sequence } from '../sequence.ts'
import { WakeSignal } from '../wake-signal.ts'

/** What the sealer seals, and who knows the records behind it: intake for waybills, reception for receipts. */
export interface Sealable {
  /** Exact bytes of each leaf, in order of `ids`; undefined = nothing to seal any more. */
  load(ids: readonly string[]): Promise<(Uint8Array | undefined)[]>
  /** How many operations `sealed` will give for a loaded leaf, at most. */
  operations(id: string): number
  /** Records to write in the very commit that makes the seal durable. */
  sealed(id: string, seal: SealReference): Promise<RecordOperation[]>
  /** The seal is durable: may leave the station. */
  released(id: string, seal: SealReference, cms: Uint8Array): void
}

export interface SealerDeps {
  records: RecordStore
  audit: AuditLog
  token: Token
  clock: Clock
  logger: Logger
  sequence: Sequence
  /** Why nobody would believe what this certificate's key seals at `timeMs`: then nothing is sealed with it. */
  certificateTrouble?: (certificate: Uint8Array, timeMs: number) => Promise<TramError | undefined>
  /** The directory in force, 0 = none. */
  directoryVersion?: () => number
}

interface Pending {
  type: LeafType
  key: string
  id: string
  bytes: Uint8Array
}

/** How often the queue is looked at unasked: a commit that failed for its caller may be on disk all the same. */
const lookMs = 60_000
/** Bounds one commit, which the store takes whole or not at all. */
const maxCommitOperations = 16_384
/** A clock is put back by so much without the times of statements following it. */
const maxBackMs = 60_000
const retryMs = { first: 500, longest: 30_000 }

export class Sealer implements Service {
  readonly name = 'sealer'
  readonly #options: { station: string; generation: number; maxBatch: number; chain: readonly Uint8Array[] }
  readonly #deps: SealerDeps
  readonly #sealables = new Map<LeafType, Sealable>()
  readonly #wake = new WakeSignal()
  readonly #stopping = new AbortController()
  /** First key that may still wait, by type: what is behind it is done, so tombstones are not walked again. */
  readonly #cursors = new Map<LeafType, string>()
  #loop: Promise<void> = Promise.resolve()
  #trouble: TramError | undefined
  /** Sequence of the last statement of this run. */
  #released: number | undefined

  constructor(
    options: { station: string; generation: number; maxBatch: number; chain: readonly Uint8Array[] },
    deps: SealerDeps,
  ) {
    this.#options = options
    this.#deps = deps
  }

  /** Names who knows the leaves of a type. Before start. */
  register(type: LeafType, sealable: Sealable): void {
    this.#sealables.set(type, sealable)
  }

  /** Why nothing is sealed just now; undefined while all is well. */
  get trouble(): TramError | undefined {
    return this.#trouble
  }

  /** The operation that queues a leaf. Call it in the same synchronous step as its commit, then `wake`. */
  queue(type: LeafType, id: string): RecordOperation {
    return { type: 'put', key: key('toseal', type, sequencePart(this.#deps.sequence.next())), value: Buffer.from(id) }
  }

  /** Something was queued, or the token may be back. */
  wake(): void {
    this.#wake.wake()
  }

  async start(): Promise<void> {
    this.#loop = this.#run()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#loop
  }

  async #run(): Promise<void> {
    let retry = retryMs.first
    while (!this.#stopping.signal.aborted) {
      try {
        const sealed = await this.#sealBatch()
        this.#trouble = undefined
        retry = retryMs.first
        if (sealed === 0) await this.#wake.wait(this.#stopping.signal, lookMs)
      } catch (error) {
        if (this.#stopping.signal.aborted) return
        const trouble = asTramError(error)
        if (trouble.code !== this.#trouble?.code) this.#deps.logger.warn(logFields(trouble), 'sealing waits')
        this.#trouble = trouble
        // A commit that failed may still be on disk, and a store that came back may show what was not seen before.
        this.#cursors.clear()
        await this.#wake.wait(this.#stopping.signal, retry)
        retry = Math.min(retry * 2, retryMs.longest)
      }
    }
  }

  /** Seals what waits now, at most one batch. Receipts have their own bound and go first, or two full stations would
   * wait for each other for ever. Returns how many leaves were taken from the queue. */
  async #sealBatch(): Promise<number> {
    const { maxBatch } = this.#options
    const receipts = await this.#take('receipt', maxBatch)
    const waybills = await this.#take('waybill', maxBatch)
    const taken = this.#withinOneCommit([...receipts, ...waybills])
    // Two stations may have asked for a new seal of one waybill: one leaf is enough, and one entry in each queue.
    const names = new Set<string>()
    const live = taken.filter(({ type, id, bytes }) => {
      const isNew = !names.has(`${type} ${id}`)
      names.add(`${type} ${id}`)
      return isNew && bytes.byteLength > 0
    })
    const done: RecordOperation[] = taken.map((pending) => ({ type: 'delete', key: pending.key }))
    if (live.length > 0) await this.#seal(live, done)
    else if (done.length > 0) await this.#deps.records.commit(done)
    for (const { type, key: name } of taken) this.#cursors.set(type, `${name}\0`)
    return taken.length
  }

  /** As many leaves, from the first on, as one commit carries: a circular's waybill queues a delivery for each station. */
  #withinOneCommit(pending: readonly Pending[]): readonly Pending[] {
    let operations = 0
    const end = pending.findIndex(({ type, id }) => {
      operations += this.#sealable(type).operations(id)
      return operations > maxCommitOperations
    })
    return end === -1 ? pending : pending.slice(0, Math.max(end, 1))
  }

  async #take(type: LeafType, limit: number): Promise<Pending[]> {
    const whole = range('toseal', type)
    const names: string[] = []
    const ids: string[] = []
    for await (const [name, value] of this.#deps.records.range({
      ...whole,
      from: this.#cursors.get(type) ?? whole.from,
      limit,
    })) {
      names.push(name)
      ids.push(Buffer.from(value).toString('utf8'))
    }
    if (ids.length === 0) return []
    const leaves = await this.#load(type, ids)
    return names.flatMap((name, at) => {
      const id = ids[at] ?? ''
      return leaves.has(id) ? [{ type, key: name, id, bytes: leaves.get(id) ?? new Uint8Array(0) }] : []
    })
  }

  /** Leaves by id. One whose record is damaged is left out and stays queued: it must not keep all others from their seal. */
  async #load(type: LeafType, ids: readonly string[]): Promise<ReadonlyMap<string, Uint8Array | undefined>> {
    const sealable = this.#sealable(type)
    const load = async (some: readonly string[]) => {
      const leaves = await sealable.load(some)
      return new Map(some.map((id, at) => [id, leaves[at]] as const))
    }
    try {
      return await load(ids)
    } catch (error) {
      if (asTramError(error).code !== 'STORE_DAMAGED') throw error
    }
    const whole: string[] = []
    for (const id of ids) {
      try {
        await load([id])
        whole.push(id)
      } catch (error) {
        this.#skip(error, type, id)
      }
    }
    return load(whole)
  }

  /** Goes on without a leaf whose records are damaged. @throws any other error */
  #skip(error: unknown, type: LeafType, id: string): void {
    const trouble = asTramError(error)
    if (trouble.code !== 'STORE_DAMAGED') throw trouble
    this.#deps.logger.error({ ...logFields(trouble), type, id }, 'not sealed: its records are damaged')
  }

  async #seal(batch: readonly Pending[], done: RecordOperation[]): Promise<void> {
    const { token } = this.#deps
    const signal = this.#stopping.signal
    const description = await token.describe(signal)
    const { scheme, certificate, label } = description
    const missing = tokenTrouble(description)
    if (missing !== undefined) throw missing
    if (scheme === null || certificate === null) throw new TramError('TOKEN_ABSENT', { token: label })
    const tree = new MerkleTree(batch.map(({ type, bytes }) => leafHash(type, bytes)))
    const statement = await this.#nextStatement(tree.root, batch.length)
    const directoryVersion = this.#deps.directoryVersion?.() ?? 0
    const trouble = await this.#deps.certificateTrouble?.(certificate, statement.time)
    if (trouble !== undefined) throw trouble
    const prepared = prepareRootStatement({ statement, scheme, certificate, chain: this.#options.chain })
    this.#deps.logger.debug({ step: 'sealing', sequence: statement.sequence, leaves: batch.length }, 'asking the token')
    const signature = await token.sign(prepared.digest, signal)
    const cms = prepared.finish(signature)
    assertOwnSignature(cms, scheme, certificate)
    const cmsDigest = sha256(cms)
    const seals = batch.map((_, at) => ({
      cmsDigest,
      leafIndex: at,
      path: tree.path(at),
      sealedAt: statement.time,
      directoryVersion,
    }))
    const skipped = new Set<string>()
    const operations = await Promise.all(
      batch.map(async ({ type, key: name, id }, at) => {
        try {
          return await this.#sealable(type).sealed(id, seals[at] as SealReference)
        } catch (error) {
          this.#skip(error, type, id)
          skipped.add(name)
          return []
        }
      }),
    )
    const record = {
      generation: statement.generation,
      sequence: statement.sequence,
      root: Buffer.from(tree.root),
      time: statement.time,
    }
    await this.#deps.audit.commit(
      [
        { type: 'put', key: key('cms', Buffer.from(cmsDigest).toString('hex')), value: cms },
        { type: 'put', key: key('meta', 'statement'), value: StatementRecord.encode(record) },
        ...keepDirectory(directoryVersion),
        ...done.filter((operation) => !skipped.has(operation.key)),
        ...operations.flat(),
      ],
      [
        {
          act: 'sealed',
          subject: `${statement.station}/${statement.generation}/${statement.sequence}`,
          detail: `${batch.length}`,
        },
      ],
    )
    this.#released = statement.sequence
    this.#deps.logger.debug({ step: 'sealed', sequence: statement.sequence, leaves: batch.length }, 'sealed a batch')
    batch.forEach(({ type, key: name, id }, at) => {
      if (!skipped.has(name)) this.#sealable(type).released(id, seals[at] as SealReference, cms)
    })
  }

  /** The statement after the last released one, which is read from the store each time: memory could be wrong about it. */
  async #nextStatement(root: Uint8Array, leaves: number): Promise<RootStatement> {
    const stored = await this.#deps.records.get(key('meta', 'statement'))
    const last = stored === undefined ? undefined : StatementRecord.decode(stored)
    const { station, generation } = this.#options
    // A store that was mended may have forgotten it, or remember an older one: a number must not be used twice.
    if (this.#released !== undefined && (last?.generation !== generation || last.sequence < this.#released))
      throw new TramError('STORE_DAMAGED', {
        place: key('meta', 'statement'),
        detail: 'older than the last one released',
      })
    const { clock } = this.#deps
    // Documents wait, nothing lies.
    if (clock.doubt !== undefined) throw clock.doubt
    // Whole seconds, as in the CMS. A little never goes back; a last statement from a false future does not bind a trusted
    // clock: order is that of the sequence, and nobody demands that times grow.
    const time = Math.floor(clock.now() / 1000) * 1000
    const lastTime = last === undefined || last.time > time + maxBackMs ? 0 : last.time
    const previous = last?.generation === generation ? last : undefined
    return {
      version: 1,
      station,
      generation,
      sequence: previous === undefined ? 0 : previous.sequence + 1,
      time: Math.max(time, lastTime),
      treeSize: leaves,
      root: Buffer.from(root),
      previousRoot: previous?.root ?? Buffer.alloc(0),
    }
  }

  #sealable(type: LeafType): Sealable {
    const sealable = this.#sealables.get(type)
    if (sealable === undefined) throw new TramError('INTERNAL', { detail: `nobody knows leaves of type ${type}` })
    return sealable
  }
}

/**
 * A token that signs wrongly (fault, wrong key, tampering) must not use up a sequence number in the world.
 * @throws TramError TOKEN_FAILED
 */
function assertOwnSignature(cms: Uint8Array, scheme: SignatureScheme, certificate: Uint8Array): void {
  const verified = verifyCms(cms)
  if (!verified.ok) {
    const { subject } = new X509Certificate(certificate)
    throw new TramError(
      'TOKEN_FAILED',
      { rv: `a ${scheme} signature that does not verify for ${subject}`, operation: 'C_Sign' },
      { cause: verified.reason },
    )
  }
}
