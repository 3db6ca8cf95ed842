// How the station is, in one report: what every part says of itself, and the conditions that are true now. Read by the REST API
// (and through it by `tram health`); nothing is stored here and nothing is decided.
import type { Clock } from '../../base/clock.ts'
import { type RenderedCondition, renderCondition, type StateCode } from '../../base/conditions/catalogue.ts'
import type { Severity } from '../../base/conditions/condition.ts'
import { asTramError, isStateError, type StateError, TramError } from '../../base/errors.ts'
import { hex, sha256 } from '../../document/document-id.ts'
import { key } from '../../equipment/store/namespaces.ts'
import type { RecordStore } from '../../equipment/store/record-store.ts'
import type { SpaceKeeper, SpaceReport } from '../../equipment/store/space-keeper.ts'
import type { Token, TokenDescription } from '../../equipment/token/token.ts'
import { tokenTrouble } from '../../equipment/token/token-trouble.ts'
import type { Directory } from '../directory/directory.ts'
import type { DirectoryCounts } from '../directory/directory-counts.ts'
import type { Courier } from '../send/courier.ts'
import type { OpenDeliveries, QueueDepths } from '../send/open-deliveries.ts'
import type { Sealer } from '../send/sealer.ts'
import type { Switchboard } from '../switchboard.ts'

/** `failed`: something needs somebody now. `degraded`: today or this week. */
export type OverallHealth = 'ok' | 'degraded' | 'failed'

/** What is shown of a token: its description, with the certificate as its SHA-256. */
export interface TokenHealth extends Omit<TokenDescription, 'certificate'> {
  certificateSha256: string | null
}

export interface QueueHealth {
  station: string
  depth: number
  /** When the oldest delivery was opened, ms since 1970. */
  oldestAt: number
  /** Offers that wait for the recipient's answer. */
  inFlight: number
  connected: boolean
}

/** Times in ms since 1970. */
export interface HealthReport {
  station: string
  version: string
  generation: number
  now: number
  /** When the station had started. */
  readySince: number
  overall: OverallHealth
  token: TokenHealth
  sealing: { trouble: string | null; waybills: number; receipts: number; oldestAt: number | null }
  queues: QueueHealth[]
  peers: { connected: number; known: number }
  directory: { version: number; issued: number; expires: number; expired: boolean }
  disk: SpaceReport
  store: { state: 'ok' | 'failed'; detail: string }
  /** Worst first. */
  conditions: RenderedCondition<StateCode>[]
}

export interface StationHealthDeps {
  records: RecordStore
  space: SpaceKeeper
  token: Token
  sealer: Sealer
  courier: Courier
  switchboard: Switchboard
  directory: Directory
  counts: DirectoryCounts
  deliveries: OpenDeliveries
  /** What says that something was lost, or that this box is not the station any more (recovery.ts). */
  recovery: { conditions(): readonly StateError[] }
  clock: Clock
}

/** A station that just has something to send is being dialled; one for which something waits so long is out of reach. */
const unreachableAfterMs = 60_000
/** Each station out of reach is a condition of its own, up to so many: a cut line is out of reach to all. */
const maxUnreachable = 50
const severities: readonly Severity[] = ['critical', 'error', 'warning', 'info']

interface Stored {
  depths: QueueDepths
  known: number
}

export class StationHealth {
  readonly #options: { station: string; generation: number; version: string }
  readonly #deps: StationHealthDeps
  #readySince = 0

  constructor(options: { station: string; generation: number; version: string }, deps: StationHealthDeps) {
    this.#options = options
    this.#deps = deps
  }

  /** Every part has started. */
  markReady(): void {
    this.#readySince = this.#deps.clock.now()
  }

  /** The report. Never throws for a part that fails: that is what it reports. */
  async report(signal: AbortSignal): Promise<HealthReport> {
    const { directory, space, sealer, clock } = this.#deps
    const conditions: StateError[] = []
    const token = await this.#deps.token.describe(signal)
    const { stored, failure } = await this.#readStore()
    const queues = this.#queues(stored?.depths)
    const { version, issued, expires } = directory.current ?? { version: 0, issued: 0, expires: 0 }
    const disk = space.report()
    for (const trouble of [clock.doubt, tokenTrouble(token), sealingTrouble(sealer.trouble), failure]) {
      if (trouble !== undefined) conditions.push(trouble)
    }
    conditions.push(
      ...this.#deps.recovery.conditions(),
      ...this.#directoryTrouble(),
      ...diskTrouble(disk),
      ...this.#unreachable(queues),
    )
    const rendered = worstFirst(conditions)
    const { certificate, ...described } = token
    const { waybills, receipts, oldestAt } = stored?.depths.sealing ?? { waybills: 0, receipts: 0, oldestAt: null }
    return {
      ...this.#options,
      now: clock.now(),
      readySince: this.#readySince,
      overall: overallOf(rendered),
      token: { ...described, certificateSha256: certificate === null ? null : hex(sha256(certificate)) },
      sealing: { trouble: sealer.trouble?.code ?? null, waybills, receipts, oldestAt },
      queues,
      peers: { connected: this.#connectedPeers().length, known: stored?.known ?? 0 },
      directory: { version, issued, expires, expired: directory.isExpired() },
      disk,
      store: { state: failure === undefined ? 'ok' : 'failed', detail: failure?.message ?? '' },
      conditions: rendered,
    }
  }

  async #readStore(): Promise<{ stored: Stored | undefined; failure: StateError | undefined }> {
    const { records, deliveries, counts, directory } = this.#deps
    try {
      await records.get(key('meta', 'statement'))
      const depths = await deliveries.depths()
      const { stations } = directory.version === 0 ? { stations: 0 } : await counts.current()
      const ownIsListed = (await directory.station(this.#options.station)) !== undefined
      return { stored: { depths, known: ownIsListed ? stations - 1 : stations }, failure: undefined }
    } catch (error) {
      return { stored: undefined, failure: storeFailure(asTramError(error)) }
    }
  }

  #queues(depths: QueueDepths | undefined): QueueHealth[] {
    const inFlight = this.#deps.courier.inFlight()
    const connected = this.#deps.switchboard.connected()
    return (depths?.stations ?? []).map((queue) => ({
      ...queue,
      inFlight: inFlight.get(queue.station) ?? 0,
      connected: connected.has(queue.station),
    }))
  }

  /** The loop to ourselves is no peer. */
  #connectedPeers(): string[] {
    return [...this.#deps.switchboard.connected().keys()].filter((id) => id !== this.#options.station)
  }

  #directoryTrouble(): StateError[] {
    const { directory } = this.#deps
    if (directory.version === 0) return [new TramError('DIRECTORY_MISSING', {})]
    const { version } = directory
    const trouble: StateError[] = directory.isForked() ? [new TramError('DIRECTORY_FORKED', { version })] : []
    if (!directory.isExpired()) return trouble
    const expired = new Date(directory.current?.expires ?? 0).toISOString().slice(0, 10)
    return [...trouble, new TramError('DIRECTORY_EXPIRED', { version, expired })]
  }

  #unreachable(queues: readonly QueueHealth[]): StateError[] {
    const before = this.#deps.clock.now() - unreachableAfterMs
    return queues
      .filter(
        ({ station, connected, oldestAt }) => !connected && oldestAt < before && station !== this.#options.station,
      )
      .slice(0, maxUnreachable)
      .map(({ station, depth }) => new TramError('PEER_UNREACHABLE', { station, detail: `queue = ${depth}` }))
  }
}

/** What a signature, a certificate or our own code said of one attempt: sealing waits because of it. */
function sealingTrouble(trouble: TramError | undefined): StateError | undefined {
  if (trouble === undefined || isStateError(trouble)) return trouble
  return new TramError('SEALING_FAILED', { detail: trouble.message }, { cause: trouble })
}

const storeFailure = (failure: TramError): StateError =>
  isStateError(failure) ? failure : new TramError('STORE_FAILED', { detail: failure.message }, { cause: failure })

function diskTrouble({ open, freeBytes, reservedBytes, watermarkBytes }: SpaceReport): StateError[] {
  if (open) return []
  const aboveBytes = freeBytes - reservedBytes - watermarkBytes
  return [new TramError('DISK_FULL', { neededBytes: Math.max(1, -aboveBytes), freeBytes: Math.max(0, aboveBytes) })]
}

/** Each condition once (sealer and token tell of the same trouble), worst first. */
function worstFirst(found: readonly StateError[]): RenderedCondition<StateCode>[] {
  const conditions = new Map<string, RenderedCondition<StateCode>>()
  for (const { code, data } of found) {
    const about = code === 'PEER_UNREACHABLE' ? `${code}/${data.station}` : code
    if (!conditions.has(about)) conditions.set(about, renderCondition(code, data))
  }
  return [...conditions.values()].sort((a, b) => severities.indexOf(a.severity) - severities.indexOf(b.severity))
}

function overallOf(conditions: readonly RenderedCondition[]): OverallHealth {
  if (conditions.some(({ severity }) => severity === 'critical')) return 'failed'
  return conditions.some(({ severity }) => severity === 'error' || severity === 'warning') ? 'degraded' : 'ok'
}
