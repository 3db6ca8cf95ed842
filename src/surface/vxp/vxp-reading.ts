// The operations that read and mark what the desk keeps: lists, counts, documents, updateStatus.
import { TramError } from '../../base/errors.ts'
import type { InboxItem, ItemMark, ListQuery, SentItem } from '../../exchange/desk.ts'
import { maxPageItems } from '../../exchange/send/sent-register.ts'
import { okAnswer } from './vxp-answers.ts'
import type { VxpCall } from './vxp-call.ts'
import { kindOf, serviceTypeOf } from './vxp-kind.ts'
import type { VxpParameters } from './vxp-request.ts'
import { receivedRow, sentRow } from './vxp-rows.ts'
import { vietnamDay } from './vxp-time.ts'

const defaultPageSize = 1000
const maxPageSize = maxPageItems
/** An unpaged list ends here; a backend with more open items has stopped working through them. */
const maxListedPages = 200
const maxDocIdLength = 256

/**
 * Items that are not done, oldest first. Without `pageSize` and `pageIndex` all of them: a page of items that a backend
 * cannot handle must not hide the newer ones for ever.
 */
export async function getReceivedEdocList(call: VxpCall): Promise<void> {
  const query = listQueryOf(call)
  const serviceType = serviceTypeOf(call.parameters)
  const listPage = (page: ListQuery): Promise<InboxItem[]> => call.desk.listReceived(page)
  await call.reply.list(
    mapped(isPaged(call.parameters) ? once(call, query, listPage) : paged(query, listPage), (item) =>
      receivedRow(item, serviceType),
    ),
  )
}

/** What was sent, newest first; without paging and dates the newest page, since this list only ever grows. */
export async function getSentEdocList(call: VxpCall): Promise<void> {
  const { parameters, desk } = call
  const query = { ...listQueryOf(call), docId: await sentDocIdOf(call) }
  const listPage = (page: ListQuery): Promise<SentItem[]> => desk.listSent({ ...page, docId: query.docId })
  const isBounded = query.fromMs !== null || query.docId !== null
  const serviceType = serviceTypeOf(parameters)
  const items = isPaged(parameters) || !isBounded ? once(call, query, listPage) : paged(query, listPage)
  await call.reply.list(mapped(items, (item) => sentRow(item, serviceType)))
}

/** How many documents are not done. */
export async function countReceiveEdoc(call: VxpCall): Promise<void> {
  await call.reply.json(okAnswer({ count: await call.desk.countReceived(call.backend, 'document') }))
}

/** How many statuses are not done. */
export async function countReceiveStatus(call: VxpCall): Promise<void> {
  await call.reply.json(okAnswer({ count: await call.desk.countReceived(call.backend, 'status') }))
}

/** The packet as base64 in `data`. `filePath` is the client's own business. */
export async function getEdoc(call: VxpCall): Promise<void> {
  const { item, bytes } = await call.desk.openItem(call.backend, docIdOf(call.parameters))
  await call.reply.base64(item.sizeBytes, bytes)
}

/** The packet's bytes as the body of the answer. */
export async function downloadEdoc(call: VxpCall): Promise<void> {
  const { item, bytes } = await call.desk.openItem(call.backend, docIdOf(call.parameters))
  await call.reply.bytes(item.sizeBytes, bytes)
}

/** Records what the backend did with an item. Both parameters must be signed: see vxp-request.ts. */
export async function updateStatus(call: VxpCall): Promise<void> {
  const docId = docIdOf(call.parameters)
  const mark = markOf(call.parameters.require('status'))
  await call.desk.markItem(call.backend, docId, mark)
  await call.reply.json(okAnswer())
}

function markOf(status: string): Exclude<ItemMark, 'initial'> {
  const mark = (['processing', 'done', 'fail'] as const).find((known) => known === status)
  if (!mark) throw invalid('status', 'phải là processing, done hoặc fail')
  return mark
}

function docIdOf(parameters: VxpParameters): string {
  const docId = parameters.require('docId')
  if (docId.length > maxDocIdLength) throw invalid('docId', `dài hơn ${maxDocIdLength} ký tự`)
  return docId
}

/**
 * The document that getSentEdocList is narrowed to. A kit that fetched or marked a received item before signs that
 * item's docId again here: it is a leftover, not a filter, and would hide everything that was sent.
 */
async function sentDocIdOf(call: VxpCall): Promise<string | null> {
  const { parameters, desk, backend } = call
  if (parameters.find('docId') === undefined) return null
  const docId = docIdOf(parameters)
  const query: ListQuery = { ...listQueryOf(call), fromMs: null, toMs: null, pageIndex: 1, pageSize: 1 }
  const found = await desk.listSent({ ...query, docId })
  if (found.length > 0) return docId
  try {
    const { bytes } = await desk.openItem(backend, docId)
    await bytes[Symbol.asyncIterator]().return?.()
    return null
  } catch (error) {
    if (isCode(error, 'PACKET_MISSING')) return null
    if (isCode(error, 'DOCUMENT_UNKNOWN')) return docId
    throw error
  }
}

const isCode = (error: unknown, code: TramError['code']): boolean => error instanceof TramError && error.code === code

function listQueryOf(call: VxpCall): ListQuery {
  const { parameters, backend } = call
  return {
    backend,
    kind: kindOf(parameters),
    fromMs: vietnamDay(parameters.find('fromDate'), 'fromDate'),
    // The day itself is part of the range.
    toMs: vietnamDay(parameters.find('toDate'), 'toDate', 1),
    pageIndex: Math.max(1, wholeNumber(parameters, 'pageIndex') ?? 1),
    pageSize: Math.min(maxPageSize, Math.max(1, wholeNumber(parameters, 'pageSize') ?? defaultPageSize)),
  }
}

function isPaged(parameters: VxpParameters): boolean {
  return parameters.find('pageSize') !== undefined || parameters.find('pageIndex') !== undefined
}

function wholeNumber(parameters: VxpParameters, field: string): number | undefined {
  const text = parameters.find(field)
  if (text === undefined) return undefined
  if (!/^\d{1,9}$/.test(text)) throw invalid(field, 'phải là số nguyên không âm')
  return Number(text)
}

/** One page. Where the next one begins is remembered: whoever turns the pages does not walk to each of them. */
async function* once<Item extends { cursor: string }>(
  { backend, pages, nowMs }: VxpCall,
  query: ListQuery & { docId?: string | null },
  listPage: (page: ListQuery) => Promise<Item[]>,
): AsyncGenerator<Item> {
  const { kind, fromMs, toMs, pageIndex, pageSize, docId } = query
  const list = JSON.stringify([
    docId === undefined ? 'received' : 'sent',
    backend.systemid,
    kind,
    fromMs,
    toMs,
    pageSize,
    docId,
  ])
  const items = await listPage({ ...query, after: pages.find(list, pageIndex, nowMs) ?? null })
  const last = items.at(-1)
  if (last !== undefined) pages.set(list, pageIndex + 1, last.cursor, nowMs)
  yield* items
}

/** Page after page until one is short, each where the one before has ended. */
async function* paged<Item extends { cursor: string }>(
  query: ListQuery,
  listPage: (page: ListQuery) => Promise<Item[]>,
): AsyncGenerator<Item> {
  let after: string | null = null
  for (let page = 1; page <= maxListedPages; page++) {
    const items: Item[] = await listPage({ ...query, pageIndex: 1, after })
    yield* items
    after = items.at(-1)?.cursor ?? null
    if (after === null || items.length < query.pageSize) return
  }
}

async function* mapped<Item>(
  items: AsyncIterable<Item>,
  row: (item: Item) => Record<string, string>,
): AsyncGenerator<Record<string, string>> {
  for await (const item of items) yield row(item)
}

function invalid(field: string, detail: string): TramError {
  return new TramError('REQUEST_INVALID', { field, detail })
}
