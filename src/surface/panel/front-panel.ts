// The display at the front of the box: the first page says how the station is, then there is one for each condition. Any arrow
// turns the page; what nobody turns goes back to the first. Below it is equipment/serial/panel.ts.
import { asTramError, type StateError, TramError } from '../../base/errors.ts'
import type { Service } from '../../base/lifecycle.ts'
import { type Logger, logFields } from '../../base/logger.ts'
import { type Panel, type PanelKey, panelColumns, panelRows } from '../../equipment/serial/panel.ts'
import type { HealthReport } from '../../exchange/health/station-health.ts'

/** What the panel shows of a report. */
export type PanelReport = Pick<HealthReport, 'overall' | 'peers'> & {
  queues: readonly Pick<HealthReport['queues'][number], 'depth'>[]
  conditions: readonly Pick<HealthReport['conditions'][number], 'code' | 'vi'>[]
}

export interface FrontPanelDeps {
  panel: Panel
  report: (signal: AbortSignal) => Promise<PanelReport>
  logger: Logger
}

/** More conditions than that nobody reads at a display of four rows. */
const maxConditionPages = 9
/** After so many reports without a key the first page is back. */
const backAfterReports = 12
const overall = { ok: 'TỐT', degraded: 'CẦN XEM', failed: 'HỎNG' } as const

export class FrontPanel implements Service {
  readonly name = 'front panel pages'
  readonly #options: { stationName: string; refreshMs: number }
  readonly #deps: FrontPanelDeps
  readonly #stopping = new AbortController()
  #pages: string[][] = []
  #page = 0
  #idleReports = 0
  #refreshing: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(options: { stationName: string; refreshMs: number }, deps: FrontPanelDeps) {
    this.#options = options
    this.#deps = deps
    deps.panel.onKey((key) => this.#turn(key))
  }

  /** What is true of the display now. */
  conditions(): StateError[] {
    const { isSilent, line } = this.#deps.panel
    return isSilent ? [new TramError('PANEL_SILENT', { line })] : []
  }

  async start(): Promise<void> {
    this.#timer = setInterval(() => this.refresh(), this.#options.refreshMs)
    this.#timer.unref()
    this.refresh()
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    this.#stopping.abort()
    await this.#refreshing
    // The display keeps its rows: it must not go on to call a station well that does not run.
    this.#pages = [[this.#options.stationName.slice(0, panelColumns), 'Trạm đã dừng']]
    this.#page = 0
    this.#show()
  }

  /** Asks for a report and shows it; the timer does it. One at a time. */
  refresh(): void {
    this.#refreshing ??= this.#read()
      .catch((error: unknown) => this.#deps.logger.warn(logFields(asTramError(error)), 'nothing new for the panel'))
      .finally(() => {
        this.#refreshing = undefined
      })
  }

  async #read(): Promise<void> {
    this.#pages = panelPages(this.#options.stationName, await this.#deps.report(this.#stopping.signal))
    this.#idleReports += 1
    if (this.#idleReports > backAfterReports) this.#page = 0
    this.#show()
  }

  #turn(key: PanelKey): void {
    this.#idleReports = 0
    if (key === 'exit') this.#page = 0
    else this.#page += key === 'up' || key === 'left' ? -1 : 1
    this.#show()
  }

  #show(): void {
    const count = this.#pages.length
    if (count === 0) return
    this.#page = (this.#page + count) % count
    this.#deps.panel.show(this.#pages[this.#page] ?? [])
  }
}

/** The pages of a report: rows of at most 20 characters, at most four each. */
export function panelPages(stationName: string, report: PanelReport): string[][] {
  const { conditions, peers, queues } = report
  const waiting = queues.reduce((sum, { depth }) => sum + depth, 0)
  const first = [
    stationName,
    `Trạng thái: ${overall[report.overall]}`,
    conditions[0]?.code ?? 'Không có lỗi',
    `Chờ ${Math.min(waiting, 999_999)} Trạm ${peers.connected}/${peers.known}`,
  ]
  const shown = conditions.slice(0, maxConditionPages)
  const others = shown.map(({ vi }, index) => {
    const number = `${index + 1}/${conditions.length} `
    return wrapped(`${number}${vi}`, panelColumns).slice(0, panelRows)
  })
  return [first.map((row) => row.slice(0, panelColumns)), ...others]
}

/** Text in rows of at most `columns` characters, broken between words where there is one. */
function wrapped(text: string, columns: number): string[] {
  const rows: string[] = []
  let row = ''
  for (const word of text.slice(0, 500).normalize('NFC').split(/\s+/)) {
    for (let rest = word; rest !== ''; rest = rest.slice(columns)) {
      const piece = rest.slice(0, columns)
      if (row !== '' && row.length + 1 + piece.length > columns) {
        rows.push(row)
        row = ''
      }
      row = row === '' ? piece : `${row} ${piece}`
    }
  }
  return row === '' ? rows : [...rows, row]
}
