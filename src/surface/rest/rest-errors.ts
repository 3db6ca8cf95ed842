// Refusals and failures as HTTP: which status a condition has, and its text as RFC 9457 problem details.
// Every route throws TramErrors; rest-app.ts catches them here.
import type { Static } from 'typebox'
import type { ConditionCode } from '../../base/conditions/catalogue.ts'
import { asTramError, TramError } from '../../base/errors.ts'
import type { problem } from './rest-schemas.ts'

export type Problem = Static<typeof problem>

export const problemType = 'application/problem+json; charset=utf-8'

const statuses: Partial<Record<ConditionCode, number>> = {
  REQUEST_INVALID: 400,
  DOCUMENT_UNKNOWN: 404,
  TOKEN_PIN_LATCHED: 409,
  TOKEN_KEY_MISSING: 409,
  DIRECTORY_FORKED: 409,
  DIRECTORY_OLDER: 409,
  EVIDENCE_NOT_READY: 409,
  LIGHTS_ABSENT: 409,
  PACKET_MISSING: 410,
  PACKET_TOO_LARGE: 413,
  PACKET_DAMAGED: 500,
  PACKET_MALFORMED: 422,
  PACKET_FORBIDDEN_CONSTRUCT: 422,
  PACKET_LIMIT_EXCEEDED: 422,
  PACKET_FIELD_MISSING: 422,
  PACKET_FIELD_INVALID: 422,
  PACKET_ATTACHMENT_INVALID: 422,
  PACKET_STATE_SECRET: 422,
  PACKET_HASH_MISMATCH: 422,
  PACKET_TRUNCATED: 422,
  PACKET_TOO_SLOW: 408,
  SENDER_NOT_ALLOWED: 422,
  SENDER_MISMATCH: 422,
  RECIPIENT_UNKNOWN: 422,
  DIRECTORY_INVALID: 422,
  AGENCY_NOT_OWN: 422,
  AGENCY_CHANGE_REFUSED: 409,
  DIRECTORY_REQUESTS_INVALID: 422,
  OVERLOADED: 503,
  INTAKE_CLOSED: 503,
  UPS_BATTERY_LOW: 503,
  DIRECTORY_MISSING: 503,
  DIRECTORY_REPLACED: 503,
  STORE_FAILED: 503,
  TOKEN_ABSENT: 503,
  TOKEN_PIN_NEEDED: 503,
  TOKEN_FAILED: 503,
  SIGNER_UNREACHABLE: 503,
  DISK_FULL: 507,
}

/** The HTTP status of a condition. A code that is asked for (GET) and not there is not found. */
export function httpStatusOf(code: ConditionCode, isQuestion: boolean): number {
  if (isQuestion && code === 'RECIPIENT_UNKNOWN') return 404
  return statuses[code] ?? 500
}

/** Problem details (RFC 9457 §3) of a condition. */
export function problemOf(error: TramError, status: number): Problem {
  const { code, severity, vi, en, todoVi, todoEn } = error.condition
  return {
    type: `urn:tram:condition:${code}`,
    title: en,
    status,
    detail: en,
    code,
    severity,
    vi,
    en,
    todo: { vi: todoVi, en: todoEn },
    data: error.data,
  }
}

/** One mistake that the schema check found; what fastify and ajv report. */
interface SchemaMistake {
  instancePath: string
  message?: string
  params: Record<string, unknown>
}

/** What fastify throws before a route runs. */
interface FastifyFailure {
  statusCode: number
  code: string
  validation?: readonly SchemaMistake[]
  validationContext?: string
}

/**
 * Whatever a route or fastify threw, as a TramError and its status. Texts of fastify are not passed on: the one about JSON
 * quotes the body, which may hold a PIN.
 */
export function failureOf(error: unknown, isQuestion: boolean): { status: number; error: TramError } {
  // Ours first: fastify adds a status of its own to what breaks a body.
  if (!(error instanceof TramError) && isFastifyFailure(error)) {
    const [mistake] = error.validation ?? []
    if (mistake !== undefined) {
      const { validationContext = 'request' } = error
      return { status: 400, error: refusal(placeOf(mistake, validationContext), mistake.message ?? 'is not valid') }
    }
    const detail = fastifyDetails[error.code] ?? 'not a request that this API takes'
    return { status: error.statusCode, error: refusal('body', detail) }
  }
  const failure = asTramError(error)
  return { status: httpStatusOf(failure.code, isQuestion), error: failure }
}

const fastifyDetails: Readonly<Record<string, string>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'must be application/json',
  FST_ERR_CTP_INVALID_JSON_BODY: 'is not JSON',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'is empty',
  FST_ERR_CTP_BODY_TOO_LARGE: 'is too large',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'does not have the announced length',
}

function isFastifyFailure(error: unknown): error is FastifyFailure {
  if (!(error instanceof Error) || !('statusCode' in error) || !('code' in error)) return false
  return typeof error.statusCode === 'number' && error.statusCode >= 400 && error.statusCode < 500
}

function placeOf({ instancePath, params }: SchemaMistake, context: string): string {
  const extra = params.additionalProperty ?? params.missingProperty
  const name = typeof extra === 'string' ? `/${extra.slice(0, 64)}` : ''
  return `${context}${instancePath}${name}`
}

const refusal = (field: string, detail: string): TramError => new TramError('REQUEST_INVALID', { field, detail })
