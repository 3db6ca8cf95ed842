// Commands about the directory: build (the authority's, no station needed), import, show, lookup, and the requests of backends.
import { TramError } from '../../base/errors.ts'
import { columns, oneLine, vietnamTime } from '../../base/text-format.ts'
import { formatAgencyList, maxAgencyListBytes, parseAgencyList } from '../../document/agency-list.ts'
import { applyRequests, maxRequestsFileBytes, parseRequestsFile } from '../../document/directory-requests-file.ts'
import type { AgencyEntry } from '../../document/schema/directory.ts'
import type { AgencyRequest } from '../../exchange/directory/directory-requests.ts'
import { apiPath } from './api-client.ts'
import { type CliAction, type CliContext, exitCodes } from './cli-context.ts'
import { openFile, readWhole, writeWhole } from './cli-files.ts'
import { labels } from './cli-texts.ts'

/** A descriptor holds one station: keys, certificates, addresses, codes. */
const maxDescriptorBytes = 1024 * 1024
const dayMs = 86_400_000

export interface BuildOptions {
  directoryVersion: string
  days: string
  agencies: string
  output: string
  adopt?: boolean
  requests?: string[]
  agenciesOutput?: string
}

export const buildCommand =
  (descriptorFiles: readonly string[], options: BuildOptions): CliAction =>
  async (context) => {
    const version = wholeNumber('directory-version', options.directoryVersion, 1, Number.MAX_SAFE_INTEGER)
    const days = wholeNumber('days', options.days, 0, 36_500)
    // To the second: the list that is written back has no finer times, and the next directory is built from it.
    const issuedMs = Math.floor(context.deps.now() / 1000) * 1000
    let agencies = parseAgencyList(await readWhole(options.agencies, maxAgencyListBytes))
    for (const file of options.requests ?? [])
      agencies = applyRequests(agencies, parseRequestsFile(await readWhole(file, maxRequestsFileBytes)), issuedMs)
    const descriptors: Uint8Array[] = []
    for (const file of descriptorFiles) descriptors.push(await readWhole(file, maxDescriptorBytes))
    const expiresMs = days === 0 ? 0 : issuedMs + days * dayMs
    const adoptFromDescriptors = options.adopt === true
    const plan = { version, issuedMs, expiresMs, descriptors, agencies, adoptFromDescriptors }
    const { configFile, signal } = context
    const statement = await context.deps.offline.buildDirectory(configFile, plan, options.output, signal)
    if (options.agenciesOutput !== undefined) await writeWhole(options.agenciesOutput, csvBytes(agencies))
    print(context, {
      version: statement.version,
      issued: statement.issued,
      expires: statement.expires,
      entries: statement.entries,
      file: options.output,
    })
    return exitCodes.ok
  }

export const importCommand =
  (file: string): CliAction =>
  async (context) => {
    const api = await context.api()
    const bytes = await openFile(file)
    print(context, await api.ask<Shown>({ method: 'POST', path: 'directory', bytes }))
    return exitCodes.ok
  }

/** Of a file: verified with the site's trust, without a station. */
export const showCommand =
  (file: string | undefined): CliAction =>
  async (context) => {
    if (file === undefined) {
      const api = await context.api()
      print(context, await api.ask<Shown>({ path: 'directory' }))
      return exitCodes.ok
    }
    const { offline, now } = context.deps
    const { statement, ...counts } = await offline.inspectDirectory(context.configFile, file)
    const { version, issued, expires } = statement
    print(context, { version, issued, expires, expired: expires !== 0 && now() >= expires, ...counts })
    return exitCodes.ok
  }

/** What is read of the API's answer here. */
interface Agency {
  code: string
  code102: string
  name: string
  mail: string
  station: string
  resolvesTo: string | null
}

export const lookupCommand =
  (code: string): CliAction =>
  async (context) => {
    const api = await context.api()
    const agency = await api.ask<Agency>({ path: apiPath('directory', 'agencies', code) })
    const say = (vi: string, en: string): string => context.text({ vi, en })
    const { resolvesTo } = agency
    context.print(agency, () =>
      columns([
        [say('mã', 'code'), agency.code],
        ['QCVN 102', agency.code102],
        [say('tên', 'name'), agency.name],
        [say('thư', 'mail'), agency.mail],
        [say('trạm', 'station'), agency.station === '' ? say('(chưa có)', '(none)') : agency.station],
        [say('hiện là', 'means today'), resolvesTo ?? say('(đã đóng)', '(closed)')],
      ]),
    )
    return exitCodes.ok
  }

/** Change requests of backends: all that are open, or the whole register; or a file of them for the authority. */
export const requestsCommand =
  (options: { all?: boolean; output?: string }): CliAction =>
  async (context) => {
    const api = await context.api()
    const { output } = options
    if (output !== undefined) {
      const { stream } = await api.open({ method: 'POST', path: 'directory/requests/export', json: {} })
      const pieces: Uint8Array[] = []
      for await (const piece of stream) pieces.push(piece)
      const bytes = Buffer.concat(pieces)
      // Read as the authority will read it, before anybody carries it there.
      const { requests } = parseRequestsFile(bytes)
      await writeWhole(output, [bytes])
      context.print({ file: output, requests: requests.length }, () => `${output}  ${requests.length}`)
      return exitCodes.ok
    }
    const requests: AgencyRequest[] = []
    const all = options.all === true ? 'true' : undefined
    let after: string | undefined
    do {
      const page: RequestPage = await api.ask<RequestPage>({ path: 'directory/requests', query: { all, after } })
      requests.push(...page.requests)
      after = page.next ?? undefined
    } while (after !== undefined)
    context.print({ requests }, () =>
      requests.length === 0
        ? context.text(labels.none)
        : columns(
            requests.map(({ requestId, requestedAt, systemid, kind, code, name, state, detail }) =>
              [requestId, vietnamTime(requestedAt), systemid, kind, code, state, name, detail].map(oneLine),
            ),
          ),
    )
    return exitCodes.ok
  }

type RequestPage = { requests: AgencyRequest[]; next: string | null }

export const refuseCommand =
  (requestId: string, { reason }: { reason: string }): CliAction =>
  async (context) => {
    const api = await context.api()
    const path = apiPath('directory', 'requests', requestId, 'refuse')
    const refused = await api.ask<AgencyRequest>({ method: 'POST', path, json: { reason } })
    context.print(refused, () => oneLine(`${refused.requestId}  ${refused.code}  ${refused.state}`))
    return exitCodes.ok
  }

function* csvBytes(agencies: readonly AgencyEntry[]): Generator<Uint8Array> {
  for (const line of formatAgencyList(agencies)) yield Buffer.from(line)
}

interface Shown {
  version: number
  issued: number
  expires: number
  expired?: boolean
  stations?: number
  agencies?: number
  served?: number
  entries?: number
  file?: string
}

function print(context: CliContext, shown: Shown): void {
  const say = (vi: string, en: string): string => context.text({ vi, en })
  const { version, issued, expires, expired = false, stations, agencies, served, entries, file } = shown
  const late = expired ? say(' (ĐÃ HẾT HẠN)', ' (EXPIRED)') : ''
  const rows: [string, string | number | undefined][] = [
    [say('phiên bản', 'version'), version],
    [say('ký', 'issued'), vietnamTime(issued)],
    [say('hết hạn', 'expires'), expires === 0 ? say('không', 'never') : `${vietnamTime(expires)}${late}`],
    [say('số trạm', 'stations'), stations],
    [say('số đơn vị', 'agencies'), agencies],
    [say('đơn vị có trạm', 'served agencies'), served],
    [say('số mục', 'entries'), entries],
    [say('tệp', 'file'), file],
  ]
  const filled = rows.filter(([, value]) => value !== undefined).map(([name, value]) => [name, String(value)])
  context.print(shown, () => columns(filled))
}

function wholeNumber(option: string, text: string, min: number, max: number): number {
  const value = Number(text)
  if (/^[0-9]{1,16}$/.test(text) && value >= min && value <= max) return value
  throw new TramError('REQUEST_INVALID', { field: `--${option}`, detail: `must be a number from ${min} to ${max}` })
}
