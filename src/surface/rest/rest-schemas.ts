// What the API takes and answers, as schemas: fastify checks requests and writes answers by them, OpenAPI shows them.
// Times are ms since 1970. Long because: one list, read from top to bottom.
import Type, { type TProperties, type TSchema } from 'typebox'
import { requestCursorPattern } from '../../exchange/directory/directory-requests.ts'
import { pageCursorPattern } from '../../exchange/send/open-deliveries.ts'

const strict = { additionalProperties: false } as const

/** An object without other fields than these. */
const record = <Properties extends TProperties>(properties: Properties, description?: string) =>
  Type.Object(properties, description === undefined ? strict : { ...strict, description })

const nullable = <Schema extends TSchema>(schema: Schema) => Type.Union([schema, Type.Null()])
const text = Type.String()
const count = Type.Integer({ minimum: 0 })
const timeMs = Type.Integer({ minimum: 0, description: 'ms since 1970 (UTC)' })
const hexDigest = Type.String({ description: 'SHA-256, hex' })

/** Attacker-controlled text that is used as a key: bounded and plain. */
const idText = (description: string) => Type.String({ pattern: '^[\\w.:-]{1,128}$', description })
const agencyCode = Type.String({ minLength: 1, maxLength: 64 })
const kind = Type.Union([Type.Literal('document'), Type.Literal('status')])

// A query carries text only, and nothing is coerced: numbers are texts of digits here and read in rest-query.ts.
const digits = (description: string, maxDigits = 15) =>
  Type.Optional(Type.String({ pattern: `^[0-9]{1,${maxDigits}}$`, description }))
const systemid = Type.Optional(
  Type.String({ minLength: 1, maxLength: 128, description: 'act as this configured backend; default: as all of them' }),
)

/** Every route names it; the description holds it once. */
export const problemName = 'Problem'

export const problem = record(
  {
    type: text,
    title: Type.String({ description: 'the condition in English' }),
    status: Type.Integer(),
    detail: text,
    code: Type.String({ description: 'the condition, as in docs/conditions.md' }),
    severity: text,
    vi: text,
    en: text,
    todo: record({ vi: text, en: text }),
    data: Type.Record(Type.String(), Type.Union([text, Type.Number()]), {
      description: 'what the texts are filled with',
    }),
  },
  'RFC 9457 problem details',
)

/** Also a body that says nothing. */
export const noQuery = record({})

export const idParams = record({ id: idText('DocId of a document that was sent, or id of an inbox item') })
export const itemParams = record({ itemId: idText('id of an inbox item') })
export const codeParams = record({ code: idText('agency code, current or of QCVN 102') })
export const stationParams = record({ id: idText('station id') })

export const attachmentQuery = record({
  contentId: Type.String({
    minLength: 1,
    maxLength: 1000,
    description: 'ContentId of the attachment, as in the packet',
  }),
})

export const documentTrace = record({
  docId: text,
  direction: Type.Union([Type.Literal('sent'), Type.Literal('received')]),
  kind,
  from: text,
  to: Type.Array(text),
  sizeBytes: count,
  digest: hexDigest,
  states: Type.Array(record({ agency: text, station: text, state: text })),
  steps: Type.Array(record({ step: text, at: timeMs, where: text, detail: text })),
})

export const submitQuery = record({
  systemid,
  from: Type.Optional(agencyCode),
  to: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 100_000,
      description: 'agency codes, separated by commas: narrows delivery',
    }),
  ),
  kind: Type.Optional(kind),
  resend: Type.Optional(Type.Union([Type.Literal('true'), Type.Literal('false')])),
  sha256: Type.Optional(Type.String({ pattern: '^[0-9a-fA-F]{64}$', description: 'what the packet must have' })),
})
export const submitAnswer = record({ docId: text, isNew: Type.Boolean(), warnings: Type.Array(text) })

export const resendQuery = record({ systemid })
export const resendBody = record({
  to: Type.Optional(Type.Array(agencyCode, { minItems: 1, maxItems: 20_000 })),
})
export const resendAnswer = record({
  docId: text,
  resentTo: Type.Array(text, { description: 'empty while every delivery is still under way' }),
  warnings: Type.Array(text),
})

const listFields = {
  systemid,
  kind: Type.Optional(kind),
  from: digits('earliest time, ms since 1970, inclusive'),
  to: digits('latest time, ms since 1970, exclusive'),
  page: digits('from 1; pages far from the start are walked to, `after` is not', 6),
  after: Type.Optional(Type.String({ minLength: 1, maxLength: 256, description: '`next` of the page before' })),
  size: digits('items on a page, 1 to 1000 (default 100)', 4),
}

export const sentQuery = record({ ...listFields, docId: Type.Optional(idText('only this document')) })
export const sentPage = record({
  items: Type.Array(
    record({
      docId: text,
      itemId: text,
      kind,
      title: text,
      notation: text,
      from: text,
      to: text,
      state: text,
      refusal: nullable(record({ code: text, detail: text })),
      processing: nullable(record({ code: text, description: text, at: timeMs })),
      sentAt: timeMs,
      deliveredAt: nullable(timeMs),
    }),
  ),
  next: nullable(text),
})

export const inboxQuery = record({ ...listFields, agency: Type.Optional(agencyCode) })
export const inboxItem = record({
  itemId: text,
  docId: text,
  kind,
  from: text,
  to: text,
  receivedAt: timeMs,
  updatedAt: timeMs,
  mark: text,
  failures: count,
  sizeBytes: count,
  digest: hexDigest,
  resend: count,
  recalled: Type.Boolean(),
})
export const inboxPage = record({
  total: Type.Integer({ minimum: 0, description: 'counted up to 100000' }),
  items: Type.Array(inboxItem),
  next: nullable(text),
})
export const itemQuery = record({ systemid })
export const markBody = record({
  mark: Type.Union([Type.Literal('processing'), Type.Literal('done'), Type.Literal('fail')]),
})

export const queueQuery = record({
  station: Type.Optional(Type.String({ pattern: '^[a-z0-9-]{1,32}$' })),
  after: Type.Optional(Type.String({ pattern: pageCursorPattern, description: '`next` of the page before' })),
  limit: digits('deliveries on a page, 1 to 1000 (default 100)', 4),
})
export const queuePage = record({
  now: timeMs,
  deliveries: Type.Array(
    record({
      station: text,
      rank: Type.String({ description: '0 hỏa tốc … 3 thường; s small, b big' }),
      docId: text,
      waybill: hexDigest,
      agencies: Type.Array(text),
      state: Type.Union([Type.Literal('sealing'), Type.Literal('sending'), Type.Literal('stored')]),
      openedAt: timeMs,
      offeredAt: timeMs,
      lastTrouble: text,
    }),
  ),
  next: nullable(text),
})

export const directoryAnswer = record({
  version: count,
  issued: timeMs,
  expires: Type.Integer({ minimum: 0, description: 'ms since 1970; 0 = never' }),
  expired: Type.Boolean(),
  fileBytes: count,
  stations: count,
  agencies: count,
  served: Type.Integer({ minimum: 0, description: 'agencies that a station serves' }),
})
const window = record({ from: count, until: count }, 'ms since 1970; 0 = open')
export const agencyAnswer = record({
  code: text,
  code102: text,
  name: text,
  mail: text,
  parent: text,
  station: text,
  validity: nullable(window),
  successor: text,
  level: Type.Integer(),
  resolvesTo: Type.Union([text, Type.Null()], {
    description: 'the open agency that the code means today, null when there is none',
  }),
})
export const stationAnswer = record({
  id: text,
  name: text,
  generation: count,
  addresses: Type.Array(text),
  peerKeys: Type.Array(record({ peerId: text, window: nullable(window) })),
  certificates: Type.Array(record({ sha256: hexDigest, window: nullable(window) })),
})

const agencyChange = {
  requestId: text,
  systemid: text,
  requestedAt: timeMs,
  kind: Type.Union([Type.Literal('register'), Type.Literal('delete')]),
  ...{ code: text, parent: text, name: text, mail: text, mobile: text, fax: text },
}
export const requestsQuery = record({
  all: Type.Optional(Type.Literal('true', { description: 'those that have ended as well' })),
  after: Type.Optional(Type.String({ pattern: requestCursorPattern, description: '`next` of the page before' })),
  limit: digits('requests on a page, 1 to 1000 (default 100)', 4),
})
export const requestAnswer = record({
  ...agencyChange,
  updatedAt: timeMs,
  state: Type.Union([
    Type.Literal('queued'),
    Type.Literal('exported'),
    Type.Literal('in-force'),
    Type.Literal('refused'),
    Type.Literal('superseded'),
  ]),
  detail: Type.String({ description: 'why it was refused' }),
  directoryVersion: Type.Integer({ minimum: 0, description: 'that carries it, 0 before' }),
})
export const requestPage = record({ requests: Type.Array(requestAnswer), next: nullable(text) })
export const requestParams = record({
  id: Type.String({ pattern: '^[0-9a-f]{32}$', description: 'id of a request' }),
})
export const refuseBody = record({ reason: Type.String({ minLength: 1, maxLength: 200 }) })
export const requestsFile = record(
  {
    format: text,
    station: text,
    exportedAt: timeMs,
    requests: Type.Array(record(agencyChange)),
  },
  'what `tram directory build --requests` reads; nobody signs it',
)

export const auditQuery = record({
  from: digits('first sequence number (default 0)'),
  limit: digits('acts on a page, 1 to 1000 (default 100)', 4),
  subject: Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: 'only acts of this subject' })),
})
export const auditPage = record({
  entries: Type.Array(record({ sequence: count, timeMs, act: text, subject: text, detail: text })),
  next: Type.Union([count, Type.Null()], { description: '`from` of the next page, null at the end' }),
})
export const clockAnswer = record({ now: timeMs, doubtful: Type.Boolean() })

export const auditVerdict = record({ entries: count })

export const pinBody = record({ pin: Type.String({ minLength: 1, maxLength: 256 }) })

export const lightsAnswer = record({
  lights: Type.Array(text, { maxItems: 2, description: 'the colours that this box has; none: it cannot blink' }),
})
export const identifyBody = record({
  seconds: Type.Integer({ minimum: 1, maximum: 600, description: 'how long from now; a later call replaces this one' }),
})

const tokenHealthParts = {
  state: text,
  detail: text,
  label: text,
  serial: text,
  scheme: nullable(text),
  certificateSha256: nullable(hexDigest),
  pinCountLow: Type.Boolean(),
  pinFinalTry: Type.Boolean(),
}
export const tokenHealth = record(tokenHealthParts)

export const metricsAnswer = Type.Record(Type.String(), Type.Number())

export const healthAnswer = record({
  station: text,
  version: text,
  generation: count,
  now: timeMs,
  readySince: timeMs,
  overall: Type.Union([Type.Literal('ok'), Type.Literal('degraded'), Type.Literal('failed')]),
  token: record({ ...tokenHealthParts, certificateExpires: nullable(timeMs) }),
  sealing: record({
    trouble: Type.Union([text, Type.Null()], { description: 'why nothing is sealed just now' }),
    waybills: count,
    receipts: count,
    oldestAt: nullable(timeMs),
  }),
  queues: Type.Array(
    record({ station: text, depth: count, oldestAt: timeMs, inFlight: count, connected: Type.Boolean() }),
  ),
  oldestByUrgency: record({
    hoaToc: nullable(timeMs),
    thuongKhan: nullable(timeMs),
    khan: nullable(timeMs),
    thuong: nullable(timeMs),
  }),
  overdue: record({ count, station: nullable(text), oldestAt: nullable(timeMs) }),
  peers: record({ connected: count, known: count }),
  directory: record({ version: count, issued: timeMs, expires: timeMs, expired: Type.Boolean() }),
  disk: record({
    freeBytes: count,
    reservedBytes: count,
    watermarkBytes: count,
    ballast: Type.Boolean(),
    open: Type.Boolean(),
    fullInDays: nullable(Type.Number()),
  }),
  store: record({ state: Type.Union([Type.Literal('ok'), Type.Literal('failed')]), detail: text }),
  conditions: Type.Array(
    record({
      code: text,
      about: text,
      subject: Type.String({ description: 'what tells it from others of the same code: a station, else empty' }),
      severity: text,
      vi: text,
      en: text,
      todoVi: text,
      todoEn: text,
      data: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number()])),
    }),
  ),
})
