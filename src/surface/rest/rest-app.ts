// The fastify application of the API: strict schemas, bodies as JSON or as streams, refusals as problem details, OpenAPI.
// rest-server.ts listens with it; scripts/generated-pages.ts asks it for docs/openapi.json.
import { type ServerResponse, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import swagger from '@fastify/swagger'
import fastify, { type FastifyReply } from 'fastify'
import { TramError } from '../../base/errors.ts'
import { logFields } from '../../base/logger.ts'
import { UploadPace } from '../../base/upload-pace.ts'
import { tramVersion } from '../../base/version.ts'
import { movingBody } from './rest-body.ts'
import { lazySerializers, lazyValidators } from './rest-compilers.ts'
import type { RestApp, RestRoutes, RestSite } from './rest-deps.ts'
import { failureOf, problemOf, problemType } from './rest-errors.ts'
import { backupRoutes } from './rest-routes-backup.ts'
import { directoryImportRoutes, directoryRequestRoutes, directoryRoutes } from './rest-routes-directory.ts'
import { documentRoutes, resendRoutes, submissionRoutes } from './rest-routes-documents.ts'
import { itemRoutes, listRoutes, markRoutes } from './rest-routes-lists.ts'
import { clockRoutes, identifyRoutes, pinRoutes, stationRoutes } from './rest-routes-station.ts'
import { noQuery, problem, problemName } from './rest-schemas.ts'

const maxJsonBytes = 2 * 1024 * 1024
const keepAliveMs = 60_000

const withoutBody: readonly RestRoutes[] = [
  documentRoutes,
  listRoutes,
  itemRoutes,
  directoryRoutes,
  stationRoutes,
  clockRoutes,
  backupRoutes,
]
const withJson: readonly RestRoutes[] = [resendRoutes, markRoutes, pinRoutes, identifyRoutes, directoryRequestRoutes]
const withBytes: readonly RestRoutes[] = [submissionRoutes, directoryImportRoutes]

/** Makes the application. Nothing listens yet; `site` is asked for each request. */
export async function createRestApp(site: () => RestSite): Promise<RestApp> {
  const app: RestApp = fastify({
    // Our own log says what is to be said; fastify's would know bodies.
    logger: false,
    bodyLimit: maxJsonBytes,
    keepAliveTimeout: keepAliveMs,
    // A HEAD would fetch an item: mark it, open its packet, and send nothing.
    exposeHeadRoutes: false,
    clientErrorHandler: answerNoHttp,
    // What cannot be decoded as a path is refused like any other path that is none.
    frameworkErrors: (_error, _request, reply) => refuseBadPath(reply),
    routerOptions: { maxParamLength: 200 },
  })
  app.addSchema({ ...problem, $id: problemName })
  app.setValidatorCompiler(lazyValidators(() => app.getSchemas()))
  app.setSerializerCompiler(lazySerializers(() => app.getSchemas()))
  const buildLocalReference = ({ $id }: { $id?: unknown }) => String($id)
  await app.register(swagger, { openapi: description, refResolver: { buildLocalReference } })
  // A route that takes no query refuses one, as every route refuses fields that it does not know.
  app.addHook('onRoute', ({ schema }) => {
    if (schema !== undefined) schema.querystring ??= noQuery
  })
  giveUpSlowBodies(app, site)
  setFailureHandlers(app, site)
  // Node would answer without a body.
  app.server.on('checkExpectation', (_request, response: ServerResponse) => {
    const error = new TramError('REQUEST_INVALID', { field: 'Expect', detail: 'must be 100-continue' })
    const headers = { 'content-type': problemType, connection: 'close' }
    response.writeHead(417, headers).end(JSON.stringify(problemOf(error, 417)))
  })
  logRequests(app, site)
  await app.register(async (scope) => {
    scope.get('/v1/openapi.json', { schema: { tags: ['station'], summary: 'This description' } }, () => app.swagger())
    for (const routes of withoutBody) routes(scope, site)
  })
  await app.register(async (scope) => {
    scope.removeContentTypeParser('text/plain')
    for (const routes of withJson) routes(scope, site)
  })
  await app.register(async (scope) => {
    // The request is the stream: nothing is collected in memory, and the store knows the limits.
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', (_request, _payload, done) => done(null))
    for (const routes of withBytes) routes(scope, site)
  })
  await app.ready()
  return app
}

/** Also where a route takes no body, or there is no route: fastify collects one all the same, and would wait for ever. */
function giveUpSlowBodies(app: RestApp, site: () => RestSite): void {
  app.addHook('preParsing', async (_request, _reply, payload) => {
    const { bodyPace, clock } = site()
    const body = Readable.from(movingBody(payload, new UploadPace(bodyPace, clock)), { objectMode: false })
    // Once it has refused a body as too large, fastify listens no more.
    return body.on('error', () => undefined)
  })
}

/** The OpenAPI description, which needs no station. */
export async function describeRestApi(): Promise<object> {
  const app = await createRestApp(() => {
    throw new TramError('INTERNAL', { detail: 'the API is only described here' })
  })
  try {
    return app.swagger()
  } finally {
    await app.close()
  }
}

const description = {
  openapi: '3.1.0',
  info: {
    title: 'Trạm',
    version: tramVersion,
    description:
      'The API of one station, over the Unix socket `api.sock` in its data folder (mode 0660). The command line is a ' +
      'client of it. Refusals are RFC 9457 problem details whose `code` is a condition of docs/conditions.md.',
    license: { name: 'Apache-2.0' },
  },
  servers: [{ url: 'http://localhost', description: 'over the Unix socket; the host name does not matter' }],
}

/** Answers what Node could not parse as HTTP, like everything else with problem details. Attacker-controlled. */
function answerNoHttp(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) {
    socket.destroy()
    return
  }
  const status = error.code === 'HPE_HEADER_OVERFLOW' ? 431 : 400
  const text = JSON.stringify(
    problemOf(new TramError('REQUEST_INVALID', { field: 'HTTP', detail: 'is no HTTP' }), status),
  )
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    `Content-Type: ${problemType}`,
    `Content-Length: ${Buffer.byteLength(text)}`,
    'Connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${text}`, () => socket.destroy())
}

function refuseBadPath(reply: FastifyReply): void {
  const error = new TramError('REQUEST_INVALID', { field: 'path', detail: 'is no path' })
  reply
    .code(400)
    .type(problemType)
    .send(JSON.stringify(problemOf(error, 400)))
}

function setFailureHandlers(app: RestApp, site: () => RestSite): void {
  app.setErrorHandler(async (thrown, { method, routeOptions }, reply) => {
    const { status, error } = failureOf(thrown, method === 'GET')
    if (status >= 500) {
      const { logger } = site()
      logger.error({ ...logFields(error), method, route: routeOptions.url }, 'api request failed')
    }
    // What crawls in the middle of its body would hold its connection for ever after the answer.
    if (error.code === 'PACKET_TOO_SLOW') reply.header('connection', 'close')
    // As text: a body of JSON type would go through the schema of the route's success.
    return reply
      .code(status)
      .type(problemType)
      .send(JSON.stringify(problemOf(error, status)))
  })
  app.setNotFoundHandler(async (_request, reply) => {
    const error = new TramError('REQUEST_INVALID', { field: 'path', detail: 'there is no such route' })
    return reply
      .code(404)
      .type(problemType)
      .send(JSON.stringify(problemOf(error, 404)))
  })
}

/** One line a request: route and outcome, never what it carried. */
function logRequests(app: RestApp, site: () => RestSite): void {
  app.addHook('onResponse', async ({ method, routeOptions }, reply) => {
    const line = { method, route: routeOptions.url, status: reply.statusCode, ms: Math.round(reply.elapsedTime) }
    const { logger } = site()
    if (method === 'GET') logger.debug(line, 'api request')
    else logger.info(line, 'api request')
  })
}
