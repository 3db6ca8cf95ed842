// The directory: what is in use, its file, one agency or station of it, and the import of a newer one.
import type { Static } from 'typebox'
import { TramError } from '../../base/errors.ts'
import { UploadPace } from '../../base/upload-pace.ts'
import { hex } from '../../document/document-id.ts'
import type { Window } from '../../document/schema/directory.ts'
import { bytesAnswer, bytesBody, jsonAnswer } from './rest-answers.ts'
import { movingBody } from './rest-body.ts'
import type { RestRoutes, RestSite } from './rest-deps.ts'
import { limitOf } from './rest-query.ts'
import { sendBytes } from './rest-routes-documents.ts'
import {
  agencyAnswer,
  codeParams,
  directoryAnswer,
  noQuery,
  refuseBody,
  requestAnswer,
  requestPage,
  requestParams,
  requestsFile,
  requestsQuery,
  stationAnswer,
  stationParams,
} from './rest-schemas.ts'

const tags = ['directory']
const mediaType = 'application/octet-stream'

const windowOf = (window: Window | undefined) =>
  window === undefined ? null : { from: window.from, until: window.until }

async function inUse({ directory, counts }: RestSite): Promise<Static<typeof directoryAnswer>> {
  const { current } = directory
  if (current === undefined) throw new TramError('DIRECTORY_MISSING', {})
  const { version, issued, expires, size } = current
  return { version, issued, expires, expired: directory.isExpired(), fileBytes: size, ...(await counts.current()) }
}

export const directoryRoutes: RestRoutes = (app, site) => {
  app.get(
    '/v1/directory',
    { schema: { tags, summary: 'The directory in use', response: jsonAnswer(directoryAnswer) } },
    (): Promise<Static<typeof directoryAnswer>> => inUse(site()),
  )

  app.get(
    '/v1/directory/file',
    { schema: { tags, summary: 'Its signed file', response: bytesAnswer(mediaType) } },
    async (_request, reply) => {
      const { directory } = site()
      const { fileBytes } = directory
      return sendBytes(reply, mediaType, fileBytes, directory.streamFile())
    },
  )

  app.get(
    '/v1/directory/agencies/:code',
    { schema: { tags, summary: 'One agency', params: codeParams, response: jsonAnswer(agencyAnswer) } },
    async ({ params: { code } }): Promise<Static<typeof agencyAnswer>> => {
      const { directory } = site()
      const agency = await directory.agency(code)
      if (agency === undefined) throw new TramError('RECIPIENT_UNKNOWN', { codes: code })
      const { code102, name, mail, parent, station, successor, level } = agency
      const resolved = await directory.resolve(code)
      const resolvesTo = resolved.ok ? resolved.value.code : null
      const validity = windowOf(agency.validity)
      return { code: agency.code, code102, name, mail, parent, station, validity, successor, level, resolvesTo }
    },
  )

  app.get(
    '/v1/directory/stations/:id',
    { schema: { tags, summary: 'One station', params: stationParams, response: jsonAnswer(stationAnswer) } },
    async ({ params }): Promise<Static<typeof stationAnswer>> => {
      const station = await site().directory.station(params.id)
      if (station === undefined) throw new TramError('RECIPIENT_UNKNOWN', { codes: params.id })
      const { id, name, generation, addresses } = station
      return {
        id,
        name,
        generation,
        addresses,
        peerKeys: station.peerKeys.map(({ peerId, window }) => ({ peerId, window: windowOf(window) })),
        certificates: station.certificates.map(({ sha256, window }) => ({
          sha256: hex(sha256),
          window: windowOf(window),
        })),
      }
    },
  )
}

export const directoryRequestRoutes: RestRoutes = (app, site) => {
  app.get(
    '/v1/directory/requests',
    {
      schema: {
        tags,
        summary: 'What backends want changed in the directory (VXP registerAgency, deleteAgency)',
        querystring: requestsQuery,
        response: jsonAnswer(requestPage),
      },
    },
    ({ query }): Promise<Static<typeof requestPage>> => {
      const { all, after } = query
      const limit = limitOf('limit', query.limit)
      return site().requests.list({ onlyOpen: all === undefined, after: after ?? null, limit })
    },
  )

  app.post(
    '/v1/directory/requests/export',
    {
      schema: {
        tags,
        summary: 'All that are open, as the file for the authority; they count as exported',
        body: noQuery,
        response: jsonAnswer(requestsFile),
      },
    },
    (): Promise<Static<typeof requestsFile>> => site().requests.export(),
  )

  app.post(
    '/v1/directory/requests/:id/refuse',
    {
      schema: {
        tags,
        summary: 'An operator refuses one; its backend is told why when it asks again',
        params: requestParams,
        body: refuseBody,
        response: jsonAnswer(requestAnswer),
      },
    },
    ({ params, body }): Promise<Static<typeof requestAnswer>> => site().requests.refuse(params.id, body.reason),
  )
}

/** Takes the file itself as its body. */
export const directoryImportRoutes: RestRoutes = (app, site) => {
  app.post(
    '/v1/directory',
    {
      schema: {
        tags,
        summary: 'Puts a newer directory file in use, when the authority has signed it',
        body: bytesBody(mediaType),
        response: jsonAnswer(directoryAnswer),
      },
    },
    async ({ raw }): Promise<Static<typeof directoryAnswer>> => {
      const { directory, bodyPace, clock } = site()
      await directory.import(movingBody(raw, new UploadPace(bodyPace, clock)))
      return inUse(site())
    },
  )
}
