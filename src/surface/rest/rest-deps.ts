// What the API stands on, and the kinds of fastify that its routes are written for. rest-server.ts is given the parts;
// the routes see them here.
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Writable } from 'node:stream'
import type { FastifyBaseLogger, FastifyInstance, FastifyTypeProvider } from 'fastify'
import type { Static, TSchema } from 'typebox'
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import type { PaceLimits } from '../../base/upload-pace.ts'
import type { Evidence } from '../../document/evidence-files.ts'
import type { Token } from '../../equipment/token/token.ts'
import type { BackupSource } from '../../exchange/backup/backup-source.ts'
import type { Backend, Desk } from '../../exchange/desk.ts'
import type { Directory } from '../../exchange/directory/directory.ts'
import type { DirectoryCounts } from '../../exchange/directory/directory-counts.ts'
import type { DirectoryRequests } from '../../exchange/directory/directory-requests.ts'
import type { DocumentAccess } from '../../exchange/document-access.ts'
import type { AuditLog } from '../../exchange/evidence/audit-log.ts'
import type { PinEntry } from '../../exchange/evidence/pin-entry.ts'
import type { Tracing } from '../../exchange/evidence/tracing.ts'
import type { StationHealth } from '../../exchange/health/station-health.ts'
import type { StationState } from '../../exchange/health/station-state.ts'
import type { Inbox } from '../../exchange/receive/inbox.ts'
import type { OpenDeliveries } from '../../exchange/send/open-deliveries.ts'

/** The lights of the box. */
export interface Lights {
  /** None on a box without. */
  readonly colours: readonly string[]
  /** Shows for so long which box this is. @throws TramError LIGHTS_ABSENT */
  identify(forMs: number): void
}

export interface RestDeps {
  desk: Desk
  inbox: Inbox
  tracing: Tracing
  documents: DocumentAccess
  deliveries: OpenDeliveries
  directory: Directory
  requests: DirectoryRequests
  counts: DirectoryCounts
  audit: AuditLog
  health: Pick<StationHealth, 'report'>
  state: StationState
  token: Token
  pins: PinEntry
  lights: Lights
  backup: Pick<BackupSource, 'stream'>
  /** Evidence about one document. @throws TramError DOCUMENT_UNKNOWN, EVIDENCE_NOT_READY */
  collectEvidence: (id: string) => Promise<Evidence>
  /** Writes evidence as a zip and ends the stream, or destroys it. */
  writeEvidence: (evidence: Evidence, zip: Writable) => Promise<void>
  /** An operator says that the machine's clock is right. */
  trustClock: () => Promise<void>
  clock: Clock
  logger: Logger
}

/** What routes need besides the parts. */
export interface RestSite extends RestDeps {
  /** Configured backends; who calls without naming one acts for all of them. */
  backends: readonly Backend[]
  /** How slow a body may come. */
  bodyPace: PaceLimits
  /** Aborts when the station stops and its patience has ended. */
  stopping: AbortSignal
}

/** Types of params, query and body come from the schemas. */
interface SchemaTypes extends FastifyTypeProvider {
  validator: this['schema'] extends TSchema ? Static<this['schema']> : unknown
  serializer: unknown
}

export type RestApp = FastifyInstance<Server, IncomingMessage, ServerResponse, FastifyBaseLogger, SchemaTypes>

/** Adds some routes. `site` is asked when a request comes: the description of the API is made without any. */
export type RestRoutes = (app: RestApp, site: () => RestSite) => void
