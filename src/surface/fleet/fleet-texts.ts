// The words of the fleet view, in both languages.
import type { Severity } from '../../base/conditions/condition.ts'
import type { Text } from '../../base/text-format.ts'
import type { Overall } from './fleet-row.ts'

const both = (vi: string, en: string): Text => ({ vi, en })

export const overallTexts: Readonly<Record<Overall, Text>> = {
  failed: both('HỎNG', 'FAILED'),
  offline: both('MẤT', 'OFFLINE'),
  stale: both('IM LẶNG', 'SILENT'),
  degraded: both('CHÚ Ý', 'DEGRADED'),
  ok: both('TỐT', 'OK'),
}

export const severityTexts: Readonly<Record<Severity, Text>> = {
  critical: both('nghiêm trọng', 'critical'),
  error: both('lỗi', 'error'),
  warning: both('cảnh báo', 'warning'),
  info: both('tin', 'info'),
}

export const fleetTexts = {
  state: both('TRẠNG THÁI', 'STATE'),
  since: both('TỪ', 'FOR'),
  station: both('TRẠM', 'STATION'),
  oldest: both('CHỜ LÂU NHẤT', 'OLDEST'),
  queue: both('HÀNG CHỜ', 'QUEUE'),
  peers: both('NỐI', 'PEERS'),
  certificate: both('CHỨNG THƯ', 'CERT'),
  disk: both('ĐẦY Ổ', 'DISK FULL'),
  version: both('BẢN', 'VERSION'),
  seen: both('TIN CUỐI', 'SEEN'),
  condition: both('TÌNH TRẠNG NẶNG NHẤT', 'WORST CONDITION'),
  stations: both('trạm', 'stations'),
  connected: both('đang nối', 'connected'),
  connecting: both('đang nối lại…', 'connecting…'),
  leftOut: both('bỏ bớt', 'left out'),
  page: both('trang', 'page'),
  filter: both('lọc', 'filter'),
  troubledOnly: both('chỉ trạm có vấn đề', 'in trouble only'),
  none: both('Chưa thấy trạm nào.', 'No station has been seen.'),
  offlineText: both('trạm không còn nối với máy chủ MQTT', 'the station has left the MQTT broker'),
  staleText: both('quá lâu không báo tình trạng', 'no state for too long'),
  keys: both(
    'q thoát · Space/n, b/p trang · / lọc · t trạm có vấn đề',
    'q quit · Space/n, b/p page · / filter · t in trouble only',
  ),
} as const satisfies Record<string, Text>
