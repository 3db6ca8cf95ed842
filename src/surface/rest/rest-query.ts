// Reads the texts of a query: numbers, pages, lists of codes, and as whom the caller acts. The schemas have seen their form.
import { TramError } from '../../base/errors.ts'
import type { Backend, PacketKindName } from '../../exchange/desk.ts'
import { maxPageItems } from '../../exchange/send/sent-register.ts'

/** Recorded as the sender's system of what is handed in here without naming a backend. */
const localSystemid = '(api)'
const defaultPageItems = 100

const invalid = (field: string, detail: string): TramError => new TramError('REQUEST_INVALID', { field, detail })

/** A number within bounds. @throws TramError REQUEST_INVALID */
export function numberOf(
  name: string,
  text: string | undefined,
  bounds: { byDefault: number; min: number; max: number },
): number {
  if (text === undefined) return bounds.byDefault
  const value = Number(text)
  if (!/^[0-9]+$/.test(text) || value < bounds.min || value > bounds.max)
    throw invalid(`querystring/${name}`, `must be a number from ${bounds.min} to ${bounds.max}`)
  return value
}

/** How many items on a page. @throws TramError REQUEST_INVALID */
export function limitOf(name: string, text: string | undefined): number {
  return numberOf(name, text, { byDefault: defaultPageItems, min: 1, max: maxPageItems })
}

export interface ListFields {
  kind?: PacketKindName
  from?: string
  to?: string
  page?: string
  size?: string
  after?: string
}

/** The fields that every list has. @throws TramError REQUEST_INVALID */
export function listQueryOf(fields: ListFields, backend: Backend) {
  const time = (name: 'from' | 'to'): number | null =>
    fields[name] === undefined
      ? null
      : numberOf(name, fields[name], { byDefault: 0, min: 0, max: Number.MAX_SAFE_INTEGER })
  return {
    backend,
    kind: fields.kind ?? ('document' as const),
    fromMs: time('from'),
    toMs: time('to'),
    pageIndex: numberOf('page', fields.page, { byDefault: 1, min: 1, max: 100_000 }),
    pageSize: limitOf('size', fields.size),
    after: fields.after ?? null,
  }
}

/** Codes between commas; null when absent. @throws TramError REQUEST_INVALID */
export function codesOf(name: string, text: string | undefined): string[] | null {
  if (text === undefined) return null
  const codes = text.split(',').map((code) => code.trim())
  if (codes.some((code) => code === '' || code.length > 64))
    throw invalid(`querystring/${name}`, 'must be agency codes of 1 to 64 characters, separated by commas')
  return [...new Set(codes)]
}

/** The backend that is named, or one that stands for all of them: the socket's owner may act for every agency here. */
export function backendOf(backends: readonly Backend[], systemid: string | undefined): Backend {
  if (systemid === undefined)
    return { systemid: localSystemid, agencies: [...new Set(backends.flatMap(({ agencies }) => agencies))] }
  const backend = backends.find((one) => one.systemid === systemid)
  if (backend === undefined) throw invalid('querystring/systemid', 'no such backend is configured')
  return backend
}

/** `next` of a page: the place of its last item when it is full, null when nothing can follow. */
export function nextOf(items: readonly { cursor: string }[], { pageSize }: { pageSize: number }): string | null {
  return items.length < pageSize ? null : (items.at(-1)?.cursor ?? null)
}
