// Metrics of what a station is for: documents, seals, receipts, peers, the directory. station-state.ts fills them in.
import type { MetricFamily } from './metric.ts'

export const exchangeMetrics = {
  status: {
    kind: 'gauge',
    vi: 'Tình trạng chung: 0 tốt, 1 suy giảm, 2 hỏng',
    en: 'Overall: 0 ok, 1 degraded, 2 failed',
  },
  uptime_seconds: { kind: 'gauge', vi: 'Thời gian chạy', en: 'Time since the start of the station' },
  conditions_critical: { kind: 'gauge', vi: 'Số tình trạng nghiêm trọng', en: 'Conditions that are critical' },
  conditions_error: { kind: 'gauge', vi: 'Số tình trạng lỗi', en: 'Conditions that are errors' },
  conditions_warning: { kind: 'gauge', vi: 'Số cảnh báo', en: 'Conditions that are warnings' },
  queue_depth: { kind: 'gauge', vi: 'Lượt chuyển đang chờ', en: 'Deliveries that wait for their recipients' },
  oldest_undelivered_seconds: {
    kind: 'gauge',
    vi: 'Văn bản chưa chuyển được lâu nhất đã chờ',
    en: 'How long the oldest undelivered document has waited; 0 when none waits',
  },
  oldest_undelivered_hoa_toc_seconds: {
    kind: 'gauge',
    vi: 'Văn bản hỏa tốc chưa chuyển được lâu nhất đã chờ',
    en: 'How long the oldest undelivered document of urgency hỏa tốc (the most urgent) has waited',
  },
  oldest_undelivered_thuong_khan_seconds: {
    kind: 'gauge',
    vi: 'Văn bản thượng khẩn chưa chuyển được lâu nhất đã chờ',
    en: 'How long the oldest undelivered document of urgency thượng khẩn (very urgent) has waited',
  },
  oldest_undelivered_khan_seconds: {
    kind: 'gauge',
    vi: 'Văn bản khẩn chưa chuyển được lâu nhất đã chờ',
    en: 'How long the oldest undelivered document of urgency khẩn (urgent) has waited',
  },
  oldest_undelivered_thuong_seconds: {
    kind: 'gauge',
    vi: 'Văn bản thường chưa chuyển được lâu nhất đã chờ',
    en: 'How long the oldest undelivered document of urgency thường (ordinary) has waited',
  },
  deadline_breaches: {
    kind: 'gauge',
    vi: 'Lượt chuyển quá hạn theo Điều 6 QĐ 28/2018/QĐ-TTg',
    en: 'Deliveries past the deadline of Decision 28/2018/QĐ-TTg Art. 6',
  },
  waybills_unsealed: { kind: 'gauge', vi: 'Vận đơn chờ niêm phong', en: 'Waybills that wait for the token' },
  receipts_owed: { kind: 'gauge', vi: 'Biên nhận chờ niêm phong', en: 'Receipts that wait for the token' },
  documents_accepted_total: { kind: 'counter', vi: 'Văn bản đã nhận từ QLVB', en: 'Documents taken from backends' },
  sealed_total: { kind: 'counter', vi: 'Vận đơn và biên nhận đã niêm phong', en: 'Waybills and receipts sealed' },
  signatures_total: { kind: 'counter', vi: 'Chữ ký của token', en: 'Signatures by the token (one seals a batch)' },
  deliveries_total: { kind: 'counter', vi: 'Lượt chuyển có biên nhận', en: 'Deliveries whose receipt accepts' },
  deliveries_refused_total: {
    kind: 'counter',
    vi: 'Lượt chuyển bị từ chối',
    en: 'Deliveries that a recipient refused',
  },
  deliveries_expired_total: { kind: 'counter', vi: 'Lượt chuyển hết hạn', en: 'Deliveries that have expired' },
  documents_received_total: { kind: 'counter', vi: 'Gói tin đã nhận', en: 'Packets received and stored' },
  documents_refused_total: { kind: 'counter', vi: 'Gói tin đã từ chối', en: 'Packets refused for good' },
  last_seal_timestamp_seconds: { kind: 'gauge', vi: 'Lần niêm phong gần nhất', en: 'When something was sealed last' },
  last_delivery_timestamp_seconds: {
    kind: 'gauge',
    vi: 'Lần chuyển thành công gần nhất',
    en: 'When a receipt accepted last',
  },
  peers_connected: { kind: 'gauge', vi: 'Số trạm đang nối', en: 'Stations with a live link' },
  peers_known: { kind: 'gauge', vi: 'Số trạm trong danh bạ', en: 'Other stations in the directory' },
  directory_version: { kind: 'gauge', vi: 'Phiên bản danh bạ', en: 'Version of the directory; 0 = none' },
  directory_days: { kind: 'gauge', vi: 'Số ngày danh bạ còn hạn', en: 'Days until the directory expires' },
  clock_trusted: { kind: 'gauge', isFlag: true, vi: 'Tin được đồng hồ', en: 'The time is not in doubt' },
  events_waiting: { kind: 'gauge', vi: 'Sự kiện chờ gửi lên MQTT', en: 'Events that wait for the broker' },
} as const satisfies MetricFamily
