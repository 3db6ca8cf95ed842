// Lists: what was sent, what has arrived, what waits to be delivered; and one inbox item. The desk's view, as JSON.
import type { Static } from 'typebox'
import { TramError } from '../../base/errors.ts'
import { hex } from '../../document/document-id.ts'
import type { Backend, InboxItem } from '../../exchange/desk.ts'
import type { Directory } from '../../exchange/directory/directory.ts'
import { bytesAnswer, jsonAnswer } from './rest-answers.ts'
import type { RestRoutes } from './rest-deps.ts'
import { backendOf, limitOf, listQueryOf, nextOf } from './rest-query.ts'
import { sendBytes } from './rest-routes-documents.ts'
import {
  inboxItem,
  inboxPage,
  inboxQuery,
  itemParams,
  itemQuery,
  markBody,
  queuePage,
  queueQuery,
  sentPage,
  sentQuery,
} from './rest-schemas.ts'

const toAnswer = (item: InboxItem): Static<typeof inboxItem> => ({ ...item, digest: hex(item.digest) })

export const listRoutes: RestRoutes = (app, site) => {
  app.get(
    '/v1/sent',
    {
      schema: {
        tags: ['lists'],
        summary: 'What was sent, newest first',
        querystring: sentQuery,
        response: jsonAnswer(sentPage),
      },
    },
    async ({ query }): Promise<Static<typeof sentPage>> => {
      const { desk, backends } = site()
      const list = listQueryOf(query, backendOf(backends, query.systemid))
      const items = await desk.listSent({ ...list, docId: query.docId ?? null })
      return { items, next: nextOf(items, list) }
    },
  )

  app.get(
    '/v1/inbox',
    {
      schema: {
        tags: ['lists'],
        summary: 'What has arrived and is not done, oldest first; `total` ignores the times',
        querystring: inboxQuery,
        response: jsonAnswer(inboxPage),
      },
    },
    async ({ query }): Promise<Static<typeof inboxPage>> => {
      const { desk, backends, directory } = site()
      const backend = await narrowed(backendOf(backends, query.systemid), query.agency, directory)
      const list = listQueryOf(query, backend)
      const items = await desk.listReceived(list)
      const total = await desk.countReceived(backend, list.kind)
      return { total, items: items.map(toAnswer), next: nextOf(items, list) }
    },
  )

  app.get(
    '/v1/queue',
    {
      schema: {
        tags: ['lists'],
        summary: 'Deliveries that have not ended: unsealed first, then by station and urgency',
        querystring: queueQuery,
        response: jsonAnswer(queuePage),
      },
    },
    async ({ query }): Promise<Static<typeof queuePage>> => {
      const { deliveries, clock } = site()
      const page = await deliveries.list({
        station: query.station ?? null,
        after: query.after ?? null,
        limit: limitOf('limit', query.limit),
      })
      return { now: clock.now(), ...page }
    },
  )
}

export const itemRoutes: RestRoutes = (app, site) => {
  app.get(
    '/v1/inbox/:itemId',
    {
      schema: {
        tags: ['inbox'],
        summary: 'One item',
        params: itemParams,
        querystring: itemQuery,
        response: jsonAnswer(inboxItem),
      },
    },
    async ({ params, query }): Promise<Static<typeof inboxItem>> => {
      const { inbox, backends } = site()
      return toAnswer(await inbox.item(backendOf(backends, query.systemid), params.itemId))
    },
  )

  app.get(
    '/v1/inbox/:itemId/packet',
    {
      schema: {
        tags: ['inbox'],
        summary: "An item's exact bytes; noted as fetched",
        params: itemParams,
        querystring: itemQuery,
        response: bytesAnswer('application/xml'),
      },
    },
    async ({ params, query }, reply) => {
      const { desk, backends } = site()
      const { item, bytes } = await desk.openItem(backendOf(backends, query.systemid), params.itemId)
      return sendBytes(reply.header('x-packet-sha256', hex(item.digest)), 'application/xml', item.sizeBytes, bytes)
    },
  )
}

/** These take a JSON body. */
export const markRoutes: RestRoutes = (app, site) => {
  app.post(
    '/v1/inbox/:itemId/mark',
    {
      schema: {
        tags: ['inbox'],
        summary: 'What the backend did with an item; `done` takes it off the list',
        params: itemParams,
        querystring: itemQuery,
        body: markBody,
        response: jsonAnswer(inboxItem),
      },
    },
    async ({ params, query, body }): Promise<Static<typeof inboxItem>> => {
      const { desk, inbox, backends } = site()
      const backend = backendOf(backends, query.systemid)
      await desk.markItem(backend, params.itemId, body.mark)
      return toAnswer(await inbox.item(backend, params.itemId))
    },
  )
}

/** The backend, for one of its agencies only. @throws TramError REQUEST_INVALID when it is not one of its own */
async function narrowed(backend: Backend, agency: string | undefined, directory: Directory): Promise<Backend> {
  if (agency === undefined) return backend
  const current = async (code: string): Promise<string> => {
    const resolved = await directory.resolve(code)
    return resolved.ok ? resolved.value.code : code
  }
  const wanted = await current(agency)
  for (const own of backend.agencies) if ((await current(own)) === wanted) return { ...backend, agencies: [own] }
  throw new TramError('REQUEST_INVALID', { field: 'querystring/agency', detail: 'is no agency of this station' })
}
