// The file in which a station's change requests reach the authority. Nobody signs it: whoever builds the directory looks at it,
// and takes of it only what lies under the asking station's own agencies. Written by surface/cli from exchange/directory/directory-requests.
import { TramError, verdictOf } from '../base/errors.ts'
import { type AgencyChange, isEnding, parseAgencyChange } from './agency-change.ts'
import type { AgencyEntry } from './schema/directory.ts'
import { isStationId } from './waybill.ts'

/** 10,000 requests of the longest texts. */
export const maxRequestsFileBytes = 16 * 1024 * 1024
const maxRequests = 20_000
const maxTextCharacters = 200
const maxParents = 64
const format = 'tram-directory-requests-1'

/** One request as the file has it. */
export interface FiledRequest extends AgencyChange {
  /** 32 hex digits. */
  requestId: string
  /** The backend that asked. */
  systemid: string
  /** ms since 1970 */
  requestedAt: number
}

export interface DirectoryRequestsFile {
  format: typeof format
  /** Id of the station that exported it. */
  station: string
  /** ms since 1970 */
  exportedAt: number
  /** In the order in which they were asked for. */
  requests: FiledRequest[]
}

const refusal = (detail: string, cause?: unknown): TramError =>
  new TramError('DIRECTORY_REQUESTS_INVALID', { detail }, cause === undefined ? {} : { cause })

/**
 * Reads such a file (attacker-controlled).
 * @throws TramError DIRECTORY_REQUESTS_INVALID
 */
export function parseRequestsFile(bytes: Uint8Array): DirectoryRequestsFile {
  if (bytes.byteLength > maxRequestsFileBytes) throw refusal(`more than ${maxRequestsFileBytes} bytes`)
  let parsed: unknown
  try {
    parsed = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw refusal('not JSON in UTF-8', cause)
  }
  const file = recordOf(parsed, 'the file')
  if (file.format !== format) throw refusal(`format: not ${format}`)
  const station = textOf(file, 'station')
  if (!isStationId(station)) throw refusal('station: no station id')
  const { requests } = file
  if (!Array.isArray(requests) || requests.length > maxRequests)
    throw refusal(`requests: no list of at most ${maxRequests}`)
  return { format, station, exportedAt: timeOf(file, 'exportedAt'), requests: requests.map(requestOf) }
}

function requestOf(given: unknown, at: number): FiledRequest {
  const request = recordOf(given, `requests/${at}`)
  const requestId = textOf(request, 'requestId')
  if (!/^[0-9a-f]{32}$/.test(requestId)) throw refusal(`requests/${at}: no requestId`)
  const kind = request.kind === 'register' || request.kind === 'delete' ? request.kind : undefined
  if (kind === undefined) throw refusal(`requests/${at}: kind is neither register nor delete`)
  const texts = { parent: textOf(request, 'parent'), name: textOf(request, 'name'), mail: textOf(request, 'mail') }
  const numbers = { mobile: textOf(request, 'mobile'), fax: textOf(request, 'fax') }
  const verdict = verdictOf(() => parseAgencyChange({ kind, code: textOf(request, 'code'), ...texts, ...numbers }))
  if (!verdict.ok) throw refusal(`requests/${at}: ${verdict.reason.message}`, verdict.reason)
  const requestedAt = timeOf(request, 'requestedAt')
  return { requestId, systemid: textOf(request, 'systemid'), requestedAt, ...verdict.value }
}

function recordOf(given: unknown, where: string): Readonly<Record<string, unknown>> {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) throw refusal(`${where}: no object`)
  return given as Record<string, unknown>
}

function textOf(record: Readonly<Record<string, unknown>>, field: string): string {
  const text = record[field]
  if (typeof text !== 'string' || text.length > maxTextCharacters)
    throw refusal(`${field}: no text of at most ${maxTextCharacters} characters`)
  return text
}

function timeOf(record: Readonly<Record<string, unknown>>, field: string): number {
  const time = record[field]
  if (typeof time !== 'number' || !Number.isSafeInteger(time) || time < 0) throw refusal(`${field}: no time`)
  return time
}

/**
 * The authority's list with the requests of one station applied, in their order. A new agency gets that station; a deleted one
 * ends when the directory is issued. What the list says already stays as it is.
 * @param issuedMs of the directory that will carry them, ms since 1970
 * @throws TramError DIRECTORY_REQUESTS_INVALID when one is about an agency that is not under the asking station's
 */
export function applyRequests(
  agencies: readonly AgencyEntry[],
  { station, requests }: DirectoryRequestsFile,
  issuedMs: number,
): AgencyEntry[] {
  const byCode = new Map(agencies.map((entry) => [entry.code, entry]))
  const oldCodes = new Set(agencies.map(({ code102 }) => code102))
  let lastId = agencies.reduce((highest, { id }) => Math.max(highest, id), 0)
  /** The station of the nearest agency that has one, from `code` upwards. */
  const isBelowStation = (code: string): boolean => {
    let entry = byCode.get(code)
    for (let step = 0; entry !== undefined && step < maxParents; step++) {
      if (entry.station !== '') return entry.station === station
      entry = byCode.get(entry.parent)
    }
    return false
  }
  for (const { kind, code, parent, name, mail, mobile, fax } of requests) {
    const before = byCode.get(code)
    if (kind === 'delete') {
      if (before === undefined || isEnding(before)) continue
      if (!isBelowStation(code)) throw refusal(`${code} is not under an agency of the station ${station}`)
      const from = before.validity?.from ?? 0
      if (from >= issuedMs) throw refusal(`${code} begins only after this directory is issued`)
      byCode.set(code, { ...before, validity: { from, until: issuedMs }, modified: 0 })
      continue
    }
    const isOwn = before === undefined || isBelowStation(code)
    const isParentKept = before !== undefined && (parent === '' || parent === before.parent)
    if (!isOwn || !(isParentKept || isBelowStation(parent)))
      throw refusal(`${code} is not under an agency of the station ${station}`)
    if (before === undefined && oldCodes.has(code)) throw refusal(`${code} is the old code of another agency`)
    if (before !== undefined && isEnding(before)) throw refusal(`${code} is closed`)
    const above = byCode.get(parent)
    const fresh = {
      code102: '',
      successor: '',
      id: before?.id ?? ++lastId,
      pid: 0,
      level: (above?.level ?? 0) + 1,
      station,
    }
    const texts = before ?? { ...fresh, mail: '', mobile: '', fax: '', parent: '' }
    byCode.set(code, {
      ...fresh,
      ...before,
      code,
      name,
      parent: parent || texts.parent,
      mail: mail || texts.mail,
      mobile: mobile || texts.mobile,
      fax: fax || texts.fax,
      pid: isParentKept ? (before?.pid ?? 0) : (above?.id ?? 0),
      modified: 0,
    })
  }
  return [...byCode.values()]
}
