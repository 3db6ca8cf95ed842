// `tram health` for people: one line a check, worst first, each condition with what to do.
import { type ConditionCode, isConditionCode } from '../../base/conditions/catalogue.ts'
import { byteSize, columns, duration, type Language, type Text, vietnamTime } from '../../base/text-format.ts'
import type { HealthReport } from '../../exchange/health/station-health.ts'
import { labels } from './cli-texts.ts'

type Check = 'station' | 'token' | 'sealing' | 'queue' | 'peers' | 'directory' | 'disk' | 'store'

const names: Record<Check, Text> = {
  station: { vi: 'trạm', en: 'station' },
  token: { vi: 'token', en: 'token' },
  sealing: { vi: 'niêm phong', en: 'sealing' },
  queue: { vi: 'hàng chờ', en: 'queue' },
  peers: { vi: 'các trạm', en: 'peers' },
  directory: { vi: 'danh bạ', en: 'directory' },
  disk: { vi: 'ổ đĩa', en: 'disk' },
  store: { vi: 'kho', en: 'store' },
}

const marks = {
  critical: labels.critical,
  error: labels.failed,
  warning: labels.warning,
  info: labels.info,
  ok: labels.ok,
} as const

/** The check that a condition belongs to: its own line then replaces the check's. */
function checkOf(code: ConditionCode): Check {
  if (code.startsWith('TOKEN_') || code.startsWith('SIGNER_')) return 'token'
  if (code.startsWith('DIRECTORY_')) return 'directory'
  if (code === 'DISK_FULL') return 'disk'
  if (code === 'PEER_UNREACHABLE') return 'queue'
  return code === 'CLOCK_UNTRUSTED' ? 'sealing' : 'store'
}

/** The report as lines. */
export function healthText(report: HealthReport, language: Language): string {
  const troubled = new Set<Check>()
  const rows: string[][] = []
  for (const { code, severity, vi, en, todoVi, todoEn } of report.conditions) {
    const check = isConditionCode(code) ? checkOf(code) : 'station'
    troubled.add(check)
    const text = language === 'vi' ? `${vi} → ${todoVi}` : `${en} → ${todoEn}`
    rows.push([marks[severity][language], names[check][language], `${text} (${code})`])
  }
  for (const check of Object.keys(names) as Check[]) {
    if (troubled.has(check)) continue
    const { text, isWarning } = facts[check](report)
    const row = [(isWarning ? marks.warning : marks.ok)[language], names[check][language], text[language]]
    if (isWarning) rows.splice(rows.findLastIndex(([mark]) => mark !== marks.ok[language]) + 1, 0, row)
    else rows.push(row)
  }
  return columns(rows)
}

interface Fact {
  text: Text
  isWarning?: boolean
}

const facts: Record<Check, (report: HealthReport) => Fact> = {
  station: ({ station, version, generation, readySince, now }) => ({
    text: {
      vi: `${station}, thế hệ ${generation}, phiên bản ${version}, chạy từ ${vietnamTime(readySince)} (${duration(now - readySince)})`,
      en: `${station}, generation ${generation}, version ${version}, up since ${vietnamTime(readySince)} (${duration(now - readySince)})`,
    },
  }),
  token: ({ token: { label, serial, scheme, pinCountLow, pinFinalTry } }) => {
    const isWarning = pinCountLow || pinFinalTry
    const vi = pinFinalTry ? '; chỉ còn một lần thử PIN' : pinCountLow ? '; đã có lần nhập sai PIN' : ''
    const en = pinFinalTry ? '; one PIN attempt is left' : pinCountLow ? '; a PIN attempt has failed' : ''
    return {
      text: { vi: `${label} (${serial}), ${scheme}${vi}`, en: `${label} (${serial}), ${scheme}${en}` },
      isWarning,
    }
  },
  sealing: ({ sealing: { waybills, receipts } }) => ({
    text: {
      vi: `${waybills} vận đơn và ${receipts} biên nhận chờ ký`,
      en: `${waybills} waybills and ${receipts} receipts wait for the token`,
    },
  }),
  queue: ({ queues, now }) => {
    const depth = queues.reduce((sum, queue) => sum + queue.depth, 0)
    if (depth === 0) return { text: { vi: 'không có lượt chuyển nào chờ', en: 'no delivery waits' } }
    const age = duration(now - Math.min(...queues.map(({ oldestAt }) => oldestAt)))
    return {
      text: {
        vi: `${depth} lượt chuyển tới ${queues.length} trạm, lâu nhất ${age}`,
        en: `${depth} deliveries to ${queues.length} stations, the oldest ${age}`,
      },
    }
  },
  peers: ({ peers: { connected, known } }) => ({
    text: { vi: `${connected} trong ${known} trạm đang nối`, en: `${connected} of ${known} stations connected` },
  }),
  directory: ({ directory: { version, issued, expires } }) => ({
    text: {
      vi: `phiên bản ${version}, ký ${vietnamTime(issued)}, ${expires === 0 ? 'không hết hạn' : `hết hạn ${vietnamTime(expires)}`}`,
      en: `version ${version}, issued ${vietnamTime(issued)}, ${expires === 0 ? 'never expires' : `expires ${vietnamTime(expires)}`}`,
    },
  }),
  disk: ({ disk: { freeBytes, watermarkBytes } }) => ({
    text: {
      vi: `còn trống ${byteSize(freeBytes)}, mức dự trữ ${byteSize(watermarkBytes)}`,
      en: `${byteSize(freeBytes)} free, watermark ${byteSize(watermarkBytes)}`,
    },
  }),
  store: () => ({ text: { vi: 'đọc được', en: 'readable' } }),
}
