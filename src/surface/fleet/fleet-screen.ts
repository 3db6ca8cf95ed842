// The rows of a fleet as lines of a screen: only the columns that its width holds, only the rows of one page. Pure; every text of a
// station has been through screenText, so that each character is one column wide. fleet-watch.ts prints the lines.
import type { Language, Text } from '../../base/text-format.ts'
import { type FleetRow, type Overall, overalls } from './fleet-row.ts'
import { fleetTexts, overallTexts, severityTexts } from './fleet-texts.ts'

export interface ScreenView {
  rows: readonly FleetRow[]
  now: number
  language: Language
  broker: string
  isConnected: boolean
  /** Why there is no connection; '' when that is not known yet. Clean text. */
  trouble: string
  evicted: number
  width: number
  height: number
  /** From 0; one beyond the last is the last. */
  page: number
  filter: string
  isFilterOpen: boolean
  isTroubledOnly: boolean
}

interface Column {
  title: Text
  align: 'left' | 'right'
  /** The highest goes first when the screen is narrow; 0 stays. */
  spare: number
  text(row: FleetRow, now: number, language: Language): string
}

const absent = '-'
const gap = 2
const minConditionWidth = 24
const maxStationWidth = 40
/** Title, columns' heads, keys. */
const frameLines = 3

const columns: readonly Column[] = [
  {
    ...{ title: fleetTexts.state, align: 'left', spare: 0 },
    text: ({ overall }, _, language) => overallTexts[overall][language],
  },
  {
    ...{ title: fleetTexts.station, align: 'left', spare: 0 },
    text: ({ site, station }) => `${site}/${station}`.slice(0, maxStationWidth),
  },
  { ...{ title: fleetTexts.since, align: 'right', spare: 2 }, text: ({ since }, now) => ago(since, now) },
  { ...{ title: fleetTexts.oldest, align: 'right', spare: 3 }, text: ({ oldestSeconds }) => oldestText(oldestSeconds) },
  { ...{ title: fleetTexts.queue, align: 'right', spare: 4 }, text: ({ queueDepth }) => count(queueDepth) },
  {
    ...{ title: fleetTexts.peers, align: 'right', spare: 7 },
    text: ({ peersConnected, peersKnown }) =>
      peersConnected === null ? absent : `${count(peersConnected)}/${count(peersKnown)}`,
  },
  { ...{ title: fleetTexts.certificate, align: 'right', spare: 6 }, text: (row) => days(row.certificateDays) },
  { ...{ title: fleetTexts.disk, align: 'right', spare: 8 }, text: ({ diskFullDays }) => days(diskFullDays) },
  { ...{ title: fleetTexts.version, align: 'left', spare: 9 }, text: ({ version }) => version.slice(0, 12) || absent },
  { ...{ title: fleetTexts.seen, align: 'right', spare: 5 }, text: ({ lastSeen }, now) => ago(lastSeen, now) },
]

/** How many rows a page holds. */
export const pageRows = (height: number): number => Math.max(1, height - frameLines)

/** The rows that the filter lets through. */
export function filtered(
  rows: readonly FleetRow[],
  { filter, isTroubledOnly }: Pick<ScreenView, 'filter' | 'isTroubledOnly'>,
): readonly FleetRow[] {
  const wanted = filter.toLowerCase()
  return rows.filter(
    ({ site, station, name, overall, worst }) =>
      (!isTroubledOnly || overall !== 'ok') &&
      (wanted === '' || `${site}/${station} ${name} ${worst?.code ?? ''}`.toLowerCase().includes(wanted)),
  )
}

/** The screen as lines: no longer than `width`, no more than `height`, without any control character. */
export function screenLines(view: ScreenView): string[] {
  const { rows, height, width, language } = view
  const shown = filtered(rows, view)
  const perPage = pageRows(height)
  const pages = Math.max(1, Math.ceil(shown.length / perPage))
  const page = Math.min(view.page, pages - 1)
  const lines = tableLines(shown.slice(page * perPage, (page + 1) * perPage), view)
  if (shown.length === 0) lines.push(fleetTexts.none[language])
  const foot = view.isFilterOpen
    ? `/${view.filter}_`
    : `${fleetTexts.page[language]} ${page + 1}/${pages} · ${filterText(view)}${fleetTexts.keys[language]}`
  return [titleText(view), ...lines, foot].slice(0, height).map((line) => line.slice(0, width))
}

/** All rows as a table, as wide as it wants to be. */
export function fleetTable(rows: readonly FleetRow[], now: number, language: Language): string {
  const lines = tableLines(rows, { now, language, width: Number.POSITIVE_INFINITY })
  return [...lines, ...(rows.length === 0 ? [fleetTexts.none[language]] : []), countsText(rows, language)].join('\n')
}

function tableLines(
  rows: readonly FleetRow[],
  { now, language, width }: Pick<ScreenView, 'now' | 'language' | 'width'>,
): string[] {
  const cells = columns.map(({ title, text }) => [title[language], ...rows.map((row) => text(row, now, language))])
  const widths = cells.map((column) => column.reduce((widest, cell) => Math.max(widest, cell.length), 0))
  const chosen = columnsThatFit(widths, width)
  const heads = fleetTexts.condition[language]
  return Array.from({ length: rows.length + 1 }, (_, at) => {
    const row = rows[at - 1]
    const parts = chosen.map((column) => {
      const cell = cells[column]?.[at] ?? ''
      const room = widths[column] ?? 0
      return columns[column]?.align === 'right' ? cell.padStart(room) : cell.padEnd(room)
    })
    return [...parts, row === undefined ? heads : conditionText(row, language)].join(' '.repeat(gap))
  })
}

/** Indices of the columns beside which the worst condition still has room. */
function columnsThatFit(widths: readonly number[], width: number): number[] {
  let chosen = columns.map((_, at) => at)
  const taken = (): number => chosen.reduce((sum, at) => sum + (widths[at] ?? 0) + gap, 0)
  while (taken() + minConditionWidth > width) {
    const spare = Math.max(...chosen.map((at) => columns[at]?.spare ?? 0))
    if (spare === 0) break
    chosen = chosen.filter((at) => columns[at]?.spare !== spare)
  }
  return chosen
}

function conditionText({ overall, worst, conditions, name }: FleetRow, language: Language): string {
  const parts: string[] = []
  if (overall === 'offline') parts.push(fleetTexts.offlineText[language])
  if (overall === 'stale') parts.push(fleetTexts.staleText[language])
  if (worst !== null)
    parts.push(worst.code === null ? severityTexts[worst.severity][language] : `${worst.code} ${worst.text}`.trim())
  const more = worst !== null && conditions > 1 ? ` (+${count(conditions - 1)})` : ''
  // Where nothing is wrong there is room for the name.
  return parts.length === 0 ? name : `${parts.join('; ')}${more}`
}

function titleText(view: ScreenView): string {
  const { rows, language, broker, isConnected, trouble, evicted } = view
  const connection = isConnected
    ? fleetTexts.connected[language]
    : `${fleetTexts.connecting[language]}${trouble === '' ? '' : ` (${trouble})`}`
  const leftOut = evicted === 0 ? '' : ` · ${fleetTexts.leftOut[language]} ${evicted}`
  return `${broker}: ${connection} · ${countsText(rows, language)}${leftOut}`
}

/** `64 stations: 1 FAILED, 63 OK`. */
function countsText(rows: readonly FleetRow[], language: Language): string {
  const parts = overalls.flatMap((overall) => {
    const number = rows.reduce((sum, row) => sum + Number(row.overall === overall), 0)
    return number === 0 ? [] : [`${number} ${overallTexts[overall][language]}`]
  })
  return `${rows.length} ${fleetTexts.stations[language]}${parts.length === 0 ? '' : `: ${parts.join(', ')}`}`
}

function filterText({ filter, isTroubledOnly, language }: ScreenView): string {
  const named = filter === '' ? '' : `${fleetTexts.filter[language]} /${filter} · `
  return isTroubledOnly ? `${named}${fleetTexts.troubledOnly[language]} · ` : named
}

/** SGR colours of the states; the others have none. */
export const overallColours: Readonly<Partial<Record<Overall, string>>> = {
  failed: '31',
  offline: '31',
  stale: '35',
  degraded: '33',
}

/** The most urgent that waits, and how long. */
function oldestText({ hoaToc, thuongKhan, khan, thuong }: FleetRow['oldestSeconds']): string {
  const known = [
    ['HT', hoaToc],
    ['TK', thuongKhan],
    ['K', khan],
    ['T', thuong],
  ] as const
  const [name, seconds] = known.find(([, value]) => value !== null && value > 0) ?? []
  if (name !== undefined && seconds !== undefined && seconds !== null) return `${name} ${span(seconds)}`
  return known.some(([, value]) => value !== null) ? '0' : absent
}

const ago = (atMs: number | null, now: number): string => (atMs === null ? absent : span((now - atMs) / 1000))
const days = (value: number | null): string => (value === null ? absent : `${count(Math.floor(value))} d`)
/** What is so large is no count, and would push all else off the screen. */
const count = (value: number | null): string =>
  value === null ? absent : Math.abs(value) > 9_999_999 ? '>10^7' : String(Math.trunc(value))

/** A span of time in its largest unit. */
function span(seconds: number): string {
  if (seconds < 60) return `${Math.max(0, Math.floor(seconds))} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h`
  return `${count(Math.floor(seconds / 86_400))} d`
}
