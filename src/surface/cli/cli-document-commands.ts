// Commands about documents: trace, queue, inbox, send, resend, fetch, export, verify. Each asks the API and prints.
import { rm } from 'node:fs/promises'
import { byteSize, columns, duration, vietnamTime } from '../../base/text-format.ts'
import { unpackEvidence } from '../../exchange/evidence/evidence-archive.ts'
import type { DocumentTrace } from '../../exchange/evidence/tracing.ts'
import type { OpenDeliveryPage } from '../../exchange/send/open-deliveries.ts'
import { apiPath } from './api-client.ts'
import { type CliAction, exitCodes, type TrustSource } from './cli-context.ts'
import { openFile, writeWhole } from './cli-files.ts'
import { labels } from './cli-texts.ts'
import { traceText } from './cli-trace-text.ts'
import { verifyText } from './cli-verify-text.ts'

export const traceCommand =
  (id: string): CliAction =>
  async (context) => {
    const api = await context.api()
    const trace = await api.ask<DocumentTrace>({ path: apiPath('documents', id, 'trace') })
    context.print(trace, () => traceText(trace, context.language))
    return exitCodes.ok
  }

export const queueCommand =
  (options: { station?: string; limit?: string }): CliAction =>
  async (context) => {
    const api = await context.api()
    const { station, limit } = options
    const page = await api.ask<OpenDeliveryPage & { now: number }>({ path: 'queue', query: { station, limit } })
    context.print(page, () => {
      const rows = page.deliveries.map((open) => {
        const age = duration(page.now - open.openedAt)
        return [open.station, open.rank, open.state, age, open.docId, open.agencies.join(','), open.lastTrouble]
      })
      if (rows.length === 0) return context.text(labels.none)
      return columns(page.next === null ? rows : [...rows, [context.text(labels.more)]])
    })
    return exitCodes.ok
  }

/** What is read of the API's answer here. */
interface InboxRow {
  itemId: string
  from: string
  to: string
  receivedAt: number
  mark: string
  sizeBytes: number
  resend: number
  recalled: boolean
}

export const inboxCommand =
  (options: { agency?: string; kind?: string; limit?: string; systemid?: string }): CliAction =>
  async (context) => {
    const { limit: size, ...query } = options
    const api = await context.api()
    const page = await api.ask<{ total: number; items: InboxRow[] }>({ path: 'inbox', query: { ...query, size } })
    context.print(page, () => {
      const rows = page.items.map((item) => {
        const notes = [item.resend > 0 ? `+${item.resend}` : '', item.recalled ? '13' : ''].join(' ').trim()
        const { itemId, from, to, receivedAt, mark, sizeBytes } = item
        return [itemId, vietnamTime(receivedAt), from, to, byteSize(sizeBytes), mark, notes]
      })
      if (rows.length === 0) return context.text(labels.none)
      return columns(page.total > rows.length ? [...rows, [`${context.text(labels.more)} (${page.total})`]] : rows)
    })
    return exitCodes.ok
  }

export interface SendOptions {
  from?: string
  to?: string
  kind?: string
  systemid?: string
  resend?: boolean
}

export const sendCommand =
  (file: string, { resend, ...query }: SendOptions): CliAction =>
  async (context) => {
    const api = await context.api()
    const bytes = await openFile(file)
    const answer = await api.ask<{ docId: string; isNew: boolean; warnings: string[] }>({
      method: 'POST',
      path: 'documents',
      query: { ...query, resend: resend === true ? 'true' : undefined },
      bytes,
    })
    const seen = context.language === 'vi' ? 'đã tiếp nhận trước đó' : 'was accepted before'
    context.print(answer, () => answer.docId)
    context.note(...(answer.isNew ? [] : [seen]), ...answer.warnings)
    return exitCodes.ok
  }

export const resendCommand =
  (id: string, options: { to?: string; systemid?: string }): CliAction =>
  async (context) => {
    const api = await context.api()
    const to = options.to?.split(',').map((code) => code.trim())
    const answer = await api.ask<{ docId: string; resentTo: string[]; warnings: string[] }>({
      method: 'POST',
      path: apiPath('documents', id, 'resend'),
      query: { systemid: options.systemid },
      json: to === undefined ? {} : { to },
    })
    const open =
      context.language === 'vi' ? 'các lượt chuyển trước chưa xong' : 'earlier deliveries are still under way'
    context.print(answer, () => answer.resentTo.join(', '))
    context.note(...(answer.resentTo.length === 0 ? [open] : []), ...answer.warnings)
    return exitCodes.ok
  }

export const fetchCommand =
  (itemId: string, options: { output: string; systemid?: string }): CliAction =>
  async (context) => {
    const api = await context.api()
    const query = { systemid: options.systemid }
    const { stream } = await api.open({ path: apiPath('inbox', itemId, 'packet'), query })
    const sizeBytes = await writeWhole(options.output, stream)
    context.print({ itemId, file: options.output, sizeBytes }, () => `${options.output}  ${byteSize(sizeBytes)}`)
    return exitCodes.ok
  }

/** A folder, unless the name says that it is to be a zip. */
export const exportCommand =
  (id: string, { output }: { output: string }): CliAction =>
  async (context) => {
    const api = await context.api()
    const { stream } = await api.open({ path: apiPath('documents', id, 'evidence') })
    const isZip = /\.zip$/i.test(output)
    const zipFile = isZip ? output : `${output.replace(/\/+$/, '')}.zip.new`
    const sizeBytes = await writeWhole(zipFile, stream)
    if (!isZip) await unpackEvidence(zipFile, output).finally(() => rm(zipFile, { force: true }))
    context.print({ document: id, output, sizeBytes }, () => `${output}  ${byteSize(sizeBytes)}`)
    return exitCodes.ok
  }

export interface VerifyOptions {
  anchor?: string[]
  authority?: string[]
  intermediate?: string[]
}

/** The trust that was named, or the configuration's. Half of a trust is a mistake, not a reason to take the other half. */
function trustOf({ anchor, authority, intermediate }: VerifyOptions, configFile: () => string): TrustSource {
  if (anchor === undefined && authority === undefined && intermediate === undefined) return { configFile: configFile() }
  return { anchors: anchor ?? [], authorities: authority ?? [], intermediates: intermediate ?? [] }
}

export const verifyCommand =
  (path: string, options: VerifyOptions): CliAction =>
  async (context) => {
    const trust = trustOf(options, () => context.configFile)
    const report = await context.deps.offline.verifyEvidence(trust, path)
    context.print(report, () => verifyText(report, context.language))
    return report.ok ? exitCodes.ok : exitCodes.notVerified
  }
