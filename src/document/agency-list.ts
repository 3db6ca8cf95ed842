// The list of agencies that an authority keeps, as CSV: what people edit before a directory is built from it.
// Read, and written back with change requests applied, by the command line for exchange/directory/directory-builder. Pure.
import { CsvError, parse } from 'csv-parse/sync'
import { TramError } from '../base/errors.ts'
import { isAgencyCode } from './agency-code.ts'
import type { AgencyEntry } from './schema/directory.ts'
import { isStationId } from './waybill.ts'

/** 125,000 agencies are about 15 MB. */
export const maxAgencyListBytes = 128 * 1024 * 1024
const maxRows = 1_000_000
const maxRowCharacters = 8192

const columns = [
  'code',
  'code102',
  'name',
  'mail',
  'parent',
  'station',
  'valid_from',
  'valid_to',
  'successor',
  'level',
  'id',
  'pid',
  'mobile',
  'fax',
] as const
type Column = (typeof columns)[number]
const required: readonly Column[] = ['code', 'name']

/** Days and times without a zone are Vietnam's: seven hours ahead, all year. */
const zone = '+07:00'

const invalid = (line: number, column: string, detail: string, cause?: unknown): TramError =>
  new TramError('AGENCY_LIST_INVALID', { line, column, detail }, cause === undefined ? {} : { cause })

interface Row {
  line: number
  cells: ReadonlyMap<Column, string>
}

/**
 * Reads a list of agencies: UTF-8, a head line with the names of its columns in any order, commas, RFC 4180 quotes.
 * Only `code` and `name` are required. `valid_from` is the first day (Vietnam) on which the code holds, `valid_to` the
 * first on which it does not any more; both may be times with a zone. `id` defaults to the number of the row, `pid` to
 * the id of the parent.
 * @param bytes attacker-controlled, at most maxAgencyListBytes
 * @throws TramError AGENCY_LIST_INVALID with line and column
 */
export function parseAgencyList(bytes: Uint8Array): AgencyEntry[] {
  const rows = readRows(readText(bytes))
  const entries = rows.map(({ cells, line }, at) => toEntry(new RowReader(cells, line), at + 1))
  const byCode = new Map<string, AgencyEntry>()
  entries.forEach((entry, at) => {
    if (byCode.has(entry.code)) throw invalid(rows[at]?.line ?? 0, 'code', `${entry.code} is there twice`)
    byCode.set(entry.code, entry)
  })
  entries.forEach((entry, at) => {
    const line = rows[at]?.line ?? 0
    const parent = byCode.get(entry.parent)
    if (entry.parent !== '' && parent === undefined) throw invalid(line, 'parent', `there is no ${entry.parent}`)
    if (entry.successor !== '' && !byCode.has(entry.successor))
      throw invalid(line, 'successor', `there is no ${entry.successor}`)
    if (entry.pid === 0) entry.pid = parent?.id ?? 0
  })
  return entries
}

/** The list as CSV, such that `parseAgencyList` gives the same entries again (`modified` is the builder's). */
export function* formatAgencyList(agencies: Iterable<AgencyEntry>): Generator<string> {
  yield `${columns.join(',')}\n`
  for (const agency of agencies) {
    const { from = 0, until = 0 } = agency.validity ?? {}
    const cells: Record<Column, string | number> = {
      ...agency,
      valid_from: from === 0 ? '' : vietnamIso(from),
      valid_to: until === 0 ? '' : vietnamIso(until),
    }
    yield `${columns.map((column) => csvCell(String(cells[column]))).join(',')}\n`
  }
}

const csvCell = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)

/** To the second, in Vietnam's time, as people write it. */
const vietnamIso = (atMs: number): string => `${new Date(atMs + 7 * 3_600_000).toISOString().slice(0, 19)}${zone}`

function readText(bytes: Uint8Array): string {
  if (bytes.byteLength > maxAgencyListBytes) throw invalid(1, '-', `more than ${maxAgencyListBytes} bytes`)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    throw invalid(1, '-', 'not UTF-8', error)
  }
}

function readRows(text: string): Row[] {
  const [head, ...rest] = parseCsv(text)
  if (head === undefined) throw invalid(1, '-', 'empty')
  const names = head.record.map((name) => columnNamed(name, head.line))
  for (const name of required) if (!names.includes(name)) throw invalid(head.line, name, 'the column is missing')
  const twice = names.find((name, at) => names.indexOf(name) !== at)
  if (twice !== undefined) throw invalid(head.line, twice, 'the column is there twice')
  return rest.map(({ record, line }) => {
    const cells = new Map<Column, string>()
    names.forEach((name, at) => {
      cells.set(name, record[at]?.trim() ?? '')
    })
    return { line, cells }
  })
}

function parseCsv(text: string): { record: string[]; line: number }[] {
  const found: { record: string[]; line: number }[] = []
  try {
    parse(text, {
      skip_empty_lines: true,
      max_record_size: maxRowCharacters,
      // The line on which a record ends; on_record alone keeps records and lines together.
      on_record: (record: string[], { lines }) => {
        found.push({ record, line: lines })
        if (found.length > maxRows) throw invalid(lines, '-', `more than ${maxRows} rows`)
        return null
      },
    })
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    const line = 'lines' in error && typeof error.lines === 'number' ? error.lines : found.length + 1
    throw invalid(line, '-', error.message.slice(0, 200), error)
  }
  return found
}

function columnNamed(text: string, line: number): Column {
  const name = text.trim().toLowerCase()
  const column = columns.find((known) => known === name)
  if (column === undefined) throw invalid(line, text.trim().slice(0, 40), `not one of ${columns.join(', ')}`)
  return column
}

function toEntry(row: RowReader, rowNumber: number): AgencyEntry {
  const name = row.text('name', 500)
  if (name === '') throw row.refuse('name', 'is empty')
  return {
    code: row.code('code', true),
    code102: row.code('code102'),
    name,
    mail: row.text('mail', 200),
    parent: row.code('parent'),
    station: row.station(),
    ...row.validity(),
    successor: row.code('successor'),
    id: row.number('id', rowNumber, Number.MAX_SAFE_INTEGER),
    pid: row.number('pid', 0, Number.MAX_SAFE_INTEGER),
    level: row.number('level', 0, 1000),
    mobile: row.text('mobile', 50),
    fax: row.text('fax', 50),
    modified: 0,
  }
}

/** The cells of one row, each with its own rule. */
class RowReader {
  readonly #cells: ReadonlyMap<Column, string>
  readonly #line: number

  constructor(cells: ReadonlyMap<Column, string>, line: number) {
    this.#cells = cells
    this.#line = line
  }

  refuse(column: Column, detail: string): TramError {
    return invalid(this.#line, column, detail)
  }

  text(column: Column, maxLength: number): string {
    const text = (this.#cells.get(column) ?? '').normalize('NFC')
    if (text.length > maxLength) throw this.refuse(column, `${text.length} characters, at most ${maxLength}`)
    return text
  }

  code(column: Column, isRequired = false): string {
    const code = this.text(column, 200)
    if (code === '' && !isRequired) return code
    if (!isAgencyCode(code)) throw this.refuse(column, `"${code.slice(0, 40)}" is no agency code`)
    return code
  }

  station(): string {
    const id = this.text('station', 200)
    if (id !== '' && !isStationId(id)) throw this.refuse('station', `"${id.slice(0, 40)}" is no station id`)
    return id
  }

  number(column: Column, byDefault: number, max: number): number {
    const text = this.text(column, 40)
    if (text === '') return byDefault
    const value = Number(text)
    if (!/^[0-9]+$/.test(text) || value > max) throw this.refuse(column, `"${text}" is no number up to ${max}`)
    return value
  }

  validity(): Pick<AgencyEntry, 'validity'> {
    const from = this.#time('valid_from')
    const until = this.#time('valid_to')
    if (until !== 0 && until <= from) throw this.refuse('valid_to', 'is not after valid_from')
    return from === 0 && until === 0 ? {} : { validity: { from, until } }
  }

  /** Milliseconds since 1970, 0 when empty. */
  #time(column: Column): number {
    const text = this.text(column, 40)
    if (text === '') return 0
    const isDay = /^\d{4}-\d{2}-\d{2}$/.test(text)
    const isTime = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2})$/.test(text)
    const value = isDay ? Date.parse(`${text}T00:00:00${zone}`) : isTime ? Date.parse(text) : Number.NaN
    // Date.parse moves 31 February into March.
    const day = Date.parse(`${text.slice(0, 10)}T00:00:00Z`)
    if (!(value > 0 && day > 0) || !new Date(day).toISOString().startsWith(text.slice(0, 10))) {
      throw this.refuse(column, `"${text}" is no day such as 2025-07-01`)
    }
    return value
  }
}
