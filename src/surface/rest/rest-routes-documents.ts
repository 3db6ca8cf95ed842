// Documents by id: hand one in, follow it, read its packet or an attachment, export its evidence, send it again.
// Next on the way of a document that is handed in here: exchange/send/intake, through the desk.
import { once } from 'node:events'
import { PassThrough, Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import type { Static } from 'typebox'
import { asTramError, TramError } from '../../base/errors.ts'
import { logFields } from '../../base/logger.ts'
import { UploadPace } from '../../base/upload-pace.ts'
import { equalBytes } from '../../document/der.ts'
import { bytesAnswer, bytesBody, jsonAnswer } from './rest-answers.ts'
import { movingBody } from './rest-body.ts'
import type { RestRoutes } from './rest-deps.ts'
import { backendOf, codesOf } from './rest-query.ts'
import {
  attachmentQuery,
  documentTrace,
  idParams,
  resendAnswer,
  resendBody,
  resendQuery,
  submitAnswer,
  submitQuery,
} from './rest-schemas.ts'

const tags = ['documents']

/** Bytes of known length. A cut connection tells the client that they are not whole. */
export function sendBytes(reply: FastifyReply, type: string, sizeBytes: number, bytes: AsyncIterable<Uint8Array>) {
  reply.header('content-length', sizeBytes).type(type)
  return reply.send(Readable.from(bytes, { objectMode: false }))
}

export const documentRoutes: RestRoutes = (app, site) => {
  app.get(
    '/v1/documents/:id/trace',
    {
      schema: {
        tags,
        summary: 'The way of a document with its times',
        params: idParams,
        response: jsonAnswer(documentTrace),
      },
    },
    async ({ params }): Promise<Static<typeof documentTrace>> => {
      const trace = await site().tracing.trace(params.id)
      if (trace === undefined) throw new TramError('DOCUMENT_UNKNOWN', { document: params.id })
      return trace
    },
  )

  app.get(
    '/v1/documents/:id/packet',
    {
      schema: {
        tags,
        summary: 'The exact bytes of a packet; reading them marks nothing',
        params: idParams,
        response: bytesAnswer('application/xml'),
      },
    },
    async ({ params }, reply) => {
      const { sizeBytes, digest, bytes } = await site().documents.openPacket(params.id)
      return sendBytes(reply.header('x-packet-sha256', digest), 'application/xml', sizeBytes, bytes)
    },
  )

  app.get(
    '/v1/documents/:id/attachment',
    {
      schema: {
        tags,
        summary: 'The file of one attachment, unzipped if it was zipped for the way; reading it marks nothing',
        params: idParams,
        querystring: attachmentQuery,
        response: bytesAnswer('application/octet-stream'),
      },
    },
    async ({ params, query }, reply) => {
      const file = Readable.from(await site().documents.openAttachment(params.id, query.contentId), {
        objectMode: false,
      })
      // One that is not in the packet is refused, not begun. A fault that comes later breaks the answer off.
      await once(file, 'readable')
      return reply.type('application/octet-stream').send(file)
    },
  )

  app.get(
    '/v1/documents/:id/evidence',
    {
      schema: {
        tags,
        summary: 'A zip from which anyone can verify who sent what to whom and when, offline',
        params: idParams,
        response: bytesAnswer('application/zip'),
      },
    },
    async ({ params }, reply) => {
      const { collectEvidence, writeEvidence, logger } = site()
      const evidence = await collectEvidence(params.id)
      const zip = new PassThrough()
      writeEvidence(evidence, zip).catch((error: unknown) => {
        // The stream is destroyed, so the client sees that its zip is not whole; here is why.
        logger.warn({ ...logFields(asTramError(error)), document: params.id }, 'an export of evidence broke')
      })
      return reply.type('application/zip').send(zip)
    },
  )
}

/** These take the packet itself as their body, of any length. */
export const submissionRoutes: RestRoutes = (app, site) => {
  app.post(
    '/v1/documents',
    {
      schema: {
        tags,
        summary: 'Hands an edXML packet in, as its body',
        description:
          'Answered when packet and waybill are on disk. The same packet again is answered with isNew = false.',
        querystring: submitQuery,
        body: bytesBody('application/xml'),
        response: jsonAnswer(submitAnswer, 201),
      },
    },
    async ({ query, headers, raw }, reply): Promise<Static<typeof submitAnswer>> => {
      const { desk, backends, bodyPace, stopping, clock } = site()
      const length = headers['content-length']
      const wanted = query.sha256 === undefined ? undefined : Buffer.from(query.sha256, 'hex')
      const result = await desk.submit(
        {
          backend: backendOf(backends, query.systemid),
          from: query.from ?? null,
          kind: query.kind ?? 'document',
          to: codesOf('to', query.to),
          declaredBytes: length === undefined ? null : Number(length),
          body: movingBody(raw, new UploadPace(bodyPace, clock)),
          acceptsDigest: (digest) => wanted === undefined || equalBytes(digest, wanted),
          resend: query.resend === 'true',
        },
        stopping,
      )
      reply.code(result.isNew ? 201 : 200)
      return result
    },
  )
}

/** These take a JSON body. */
export const resendRoutes: RestRoutes = (app, site) => {
  app.post(
    '/v1/documents/:id/resend',
    {
      schema: {
        tags,
        summary: 'Sends a document of ours again on purpose, from the packet that is kept',
        params: idParams,
        querystring: resendQuery,
        body: resendBody,
        response: jsonAnswer(resendAnswer),
      },
    },
    async ({ params, query, body }): Promise<Static<typeof resendAnswer>> => {
      const { documents, backends, stopping } = site()
      return documents.resend(params.id, backendOf(backends, query.systemid), body.to ?? null, stopping)
    },
  )
}
