// `tram health` for people: one line a check, worst first, each condition with what to do.
import { type Part, parts } from '../../base/conditions/condition.ts'
import { byteSize, columns, duration, type Language, type Text, vietnamTime } from '../../base/text-format.ts'
import type { HealthReport } from '../../exchange/health/station-health.ts'
import { labels } from './cli-texts.ts'

/** The parts that have a line of their own when nothing is wrong with them. */
type Check = 'station' | 'token' | 'sealing' | 'queue' | 'peers' | 'directory' | 'disk' | 'store'

const marks = {
  critical: labels.critical,
  error: labels.failed,
  warning: labels.warning,
  info: labels.info,
  ok: labels.ok,
} as const

/** The report as lines. */
export function healthText(report: HealthReport, language: Language): string {
  const troubled = new Set<Part>()
  const rows: string[][] = []
  for (const { code, about, severity, vi, en, todoVi, todoEn } of report.conditions) {
    // A newer station may know parts that this command line does not.
    const part = Object.hasOwn(parts, about) ? about : 'station'
    troubled.add(part)
    const text = language === 'vi' ? `${vi} → ${todoVi}` : `${en} → ${todoEn}`
    rows.push([marks[severity][language], parts[part][language], `${text} (${code})`])
  }
  for (const check of Object.keys(facts) as Check[]) {
    if (troubled.has(check)) continue
    rows.push([marks.ok[language], parts[check][language], facts[check](report)[language]])
  }
  return columns(rows)
}

const facts: Record<Check, (report: HealthReport) => Text> = {
  station: ({ station, version, generation, readySince, now }) => ({
    vi: `${station}, thế hệ ${generation}, phiên bản ${version}, chạy từ ${vietnamTime(readySince)} (${duration(now - readySince)})`,
    en: `${station}, generation ${generation}, version ${version}, up since ${vietnamTime(readySince)} (${duration(now - readySince)})`,
  }),
  token: ({ token: { label, serial, scheme } }) => {
    const text = `${label} (${serial}), ${scheme}`
    return { vi: text, en: text }
  },
  sealing: ({ sealing: { waybills, receipts } }) => ({
    vi: `${waybills} vận đơn và ${receipts} biên nhận chờ niêm phong`,
    en: `${waybills} waybills and ${receipts} receipts wait for the token`,
  }),
  queue: ({ queues, now }) => {
    const depth = queues.reduce((sum, queue) => sum + queue.depth, 0)
    if (depth === 0) return { vi: 'không có lượt chuyển nào chờ', en: 'no delivery waits' }
    const age = duration(now - Math.min(...queues.map(({ oldestAt }) => oldestAt)))
    return {
      vi: `${depth} lượt chuyển tới ${queues.length} trạm, lâu nhất ${age}`,
      en: `${depth} deliveries to ${queues.length} stations, the oldest ${age}`,
    }
  },
  peers: ({ peers: { connected, known } }) => ({
    vi: `${connected} trong ${known} trạm đang nối`,
    en: `${connected} of ${known} stations connected`,
  }),
  directory: ({ directory: { version, issued, expires } }) => ({
    vi: `phiên bản ${version}, ký ${vietnamTime(issued)}, ${expires === 0 ? 'không hết hạn' : `hết hạn ${vietnamTime(expires)}`}`,
    en: `version ${version}, issued ${vietnamTime(issued)}, ${expires === 0 ? 'never expires' : `expires ${vietnamTime(expires)}`}`,
  }),
  disk: ({ disk: { freeBytes, watermarkBytes } }) => ({
    vi: `còn trống ${byteSize(freeBytes)}, mức dự trữ ${byteSize(watermarkBytes)}`,
    en: `${byteSize(freeBytes)} free, watermark ${byteSize(watermarkBytes)}`,
  }),
  store: () => ({ vi: 'đọc được', en: 'readable' }),
}
