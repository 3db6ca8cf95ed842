// How the station is, in one report: what every part says of itself, and the conditions that are true now. Read by the REST API
// (and through it by `tram health`) and by condition-watch.ts; nothing is stored here and nothing is decided.
// Long because: the report and how it is put together are read side by side.
import type { Clock } from '../../base/clock.ts'
import { type RenderedCondition, renderCondition, type StateCode } from '../../base/conditions/catalogue.ts'
import type { Severity } from '../../base/conditions/condition.ts'
import { asTramError, briefOf, isStateError, type StateError, TramError } from '../../base/errors.ts'
import { parseCertificate } from '../../document/certificate.ts'
import { hex, sha256 } from '../../document/document-id.ts'
import { key } from '../../equipment/store/namespaces.ts'
import type { RecordStore } from '../../equipment/store/record-store.ts'
import type { SpaceKeeper, SpaceReport } from '../../equipment/store/space-keeper.ts'
import type { Token, TokenDescription } from '../../equipment/token/token.ts'
import { tokenTrouble } from '../../equipment/token/token-trouble.ts'
import type { Directory } from '../directory/directory.ts'
import type { DirectoryCounts } from '../directory/directory-counts.ts'
import type { Courier } from '../send/courier.ts'
import type { OpenDeliveries, Overdue, QueueDepths } from '../send/open-deliveries.ts'
import type { Sealer } from '../send/sealer.ts'
import type { Switchboard } from '../switchboard.ts'
import type { DiskTrend } from './disk-trend.ts'
import {
  certificateConditions,
  directoryConditions,
  diskConditions,
  overdueConditions,
  tokenConditions,
} from './station-conditions.ts'

/** `failed`: something needs somebody now. `degraded`: today or this week. */
export type OverallHealth = 'ok' | 'degraded' | 'failed'

/** What is shown of a token: its description, with the certificate as its SHA-256. */
export interface TokenHealth extends Omit<TokenDescription, 'certificate'> {
  certificateSha256: string | null
}

/** One condition that is true now. */
export interface HealthCondition extends RenderedCondition<StateCode> {
  /** What tells it from others of the same code: a station, else empty. */
  subject: string
  data: Readonly<Record<string, string | number>>
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
  token: TokenHealth & {
    /** When its certificate ends, or the first of those above it; null until it was found. */
    certificateExpires: number | null
  }
  sealing: { trouble: string | null; waybills: number; receipts: number; oldestAt: number | null }
  queues: QueueHealth[]
  /** When the oldest open delivery of each urgency was opened; null when none waits. */
  oldestByUrgency: { hoaToc: number | null; thuongKhan: number | null; khan: number | null; thuong: number | null }
  overdue: Overdue
  peers: { connected: number; known: number }
  directory: { version: number; issued: number; expires: number; expired: boolean }
  disk: SpaceReport & {
    /** Days until it is full at the pace of the last day; null while it does not fill, or it is too early to say. */
    fullInDays: number | null
  }
  store: { state: 'ok' | 'failed'; detail: string }
  /** Worst first. */
  conditions: HealthCondition[]
}

/** A part that knows of conditions. */
export interface ConditionSource {
  conditions(): readonly StateError[]
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
  trend: Pick<DiskTrend, 'days' | 'conditions'>
  /** Certificates above the token's (DER). */
  chain: readonly Uint8Array[]
  /** Parts whose conditions are shown as they are: recovery, UPS, box … */
  sources: () => readonly ConditionSource[]
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
  #certificate: { der: Buffer; endsMs: number | null } | undefined

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
    const token = await this.#deps.token.describe(signal)
    const certificateExpires = this.#certificateEnd(token)
    const now = clock.now()
    const { stored, failure } = await this.#readStore()
    const queues = this.#queues(stored?.depths)
    const { version, issued, expires } = directory.current ?? { version: 0, issued: 0, expires: 0 }
    const disk = space.report()
    const overdue = stored?.depths.overdue ?? { count: 0, station: null, oldestAt: null }
    const oldest = stored?.depths.oldestByUrgency ?? {}
    const conditions = [
      ...[clock.doubt, tokenTrouble(token), sealingTrouble(sealer.trouble), failure].filter(
        (trouble) => trouble !== undefined,
      ),
      ...this.#deps.sources().flatMap((source) => source.conditions()),
      ...directoryConditions(directory, now),
      ...tokenConditions(token),
      ...certificateConditions(certificateExpires, now),
      ...diskConditions(disk),
      ...this.#deps.trend.conditions(),
      ...overdueConditions(overdue),
      ...this.#unreachable(queues),
    ]
    const rendered = worstFirst(conditions)
    const { certificate, ...described } = token
    const { waybills, receipts, oldestAt } = stored?.depths.sealing ?? { waybills: 0, receipts: 0, oldestAt: null }
    return {
      ...this.#options,
      now,
      readySince: this.#readySince,
      overall: overallOf(rendered),
      token: {
        ...described,
        certificateSha256: certificate === null ? null : hex(sha256(certificate)),
        certificateExpires,
      },
      sealing: { trouble: sealer.trouble?.code ?? null, waybills, receipts, oldestAt },
      queues,
      oldestByUrgency: {
        hoaToc: oldest['0'] ?? null,
        thuongKhan: oldest['1'] ?? null,
        khan: oldest['2'] ?? null,
        thuong: oldest['3'] ?? null,
      },
      overdue,
      peers: { connected: this.#connectedPeers().length, known: stored?.known ?? 0 },
      directory: { version, issued, expires, expired: directory.isExpired() },
      disk: { ...disk, fullInDays: this.#deps.trend.days ?? null },
      store: { state: failure === undefined ? 'ok' : 'failed', detail: failure?.message ?? '' },
      conditions: rendered,
    }
  }

  /**
   * When the token's certificate or one above it ends, whichever is first. Parsed once for each certificate. null for one that does
   * not read: what is on a token is not ours, and the sealer says what is wrong with it.
   */
  #certificateEnd({ certificate }: TokenDescription): number | null {
    if (certificate === null) return null
    if (this.#certificate?.der.equals(certificate) !== true)
      this.#certificate = { der: Buffer.from(certificate), endsMs: firstEnd([certificate, ...this.#deps.chain]) }
    return this.#certificate.endsMs
  }

  async #readStore(): Promise<{ stored: Stored | undefined; failure: StateError | undefined }> {
    const { records, deliveries, counts, directory } = this.#deps
    try {
      await records.get(key('meta', 'statement'))
      const depths = await deliveries.depths(this.#deps.clock.now())
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

function firstEnd(certificates: readonly Uint8Array[]): number | null {
  try {
    return Math.min(...certificates.map((der) => parseCertificate(der).notAfterMs))
  } catch {
    return null
  }
}

/** What a signature, a certificate or our own code said of one attempt: sealing waits because of it. */
function sealingTrouble(trouble: TramError | undefined): StateError | undefined {
  if (trouble === undefined || isStateError(trouble)) return trouble
  return new TramError('SEALING_FAILED', { detail: briefOf(trouble) }, { cause: trouble })
}

const storeFailure = (failure: TramError): StateError =>
  isStateError(failure) ? failure : new TramError('STORE_FAILED', { detail: briefOf(failure) }, { cause: failure })

/** An error as the condition that the report lists. */
export function healthCondition({ code, data }: StateError): HealthCondition {
  const subject = code === 'PEER_UNREACHABLE' ? `${data.station}` : ''
  return { ...renderCondition(code, data), subject, data }
}

/** Each condition once (sealer and token tell of the same trouble), worst first. */
function worstFirst(found: readonly StateError[]): HealthCondition[] {
  const conditions = new Map<string, HealthCondition>()
  for (const error of found) {
    const condition = healthCondition(error)
    const name = `${condition.code}/${condition.subject}`
    if (!conditions.has(name)) conditions.set(name, condition)
  }
  return [...conditions.values()].sort((a, b) => severities.indexOf(a.severity) - severities.indexOf(b.severity))
}

function overallOf(conditions: readonly RenderedCondition[]): OverallHealth {
  if (conditions.some(({ severity }) => severity === 'critical')) return 'failed'
  return conditions.some(({ severity }) => severity === 'error' || severity === 'warning') ? 'degraded' : 'ok'
}
