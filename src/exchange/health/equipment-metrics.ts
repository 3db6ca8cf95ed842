// Metrics of token, store and disk. station-state.ts fills them in.
import type { MetricFamily } from './metric.ts'

export const equipmentMetrics = {
  token_ready: { kind: 'gauge', isFlag: true, vi: 'Token ký được', en: 'The token can sign' },
  token_present: { kind: 'gauge', isFlag: true, vi: 'Token đang cắm', en: 'The token is plugged in' },
  token_pin_latched: {
    kind: 'gauge',
    isFlag: true,
    vi: 'Đã dừng đăng nhập token',
    en: 'Login to the token is stopped',
  },
  token_pin_count_low: { kind: 'gauge', isFlag: true, vi: 'Đã có lần nhập sai PIN', en: 'A PIN attempt has failed' },
  token_pin_final_try: { kind: 'gauge', isFlag: true, vi: 'Chỉ còn một lần thử PIN', en: 'One PIN attempt is left' },
  token_sign_p50_seconds: { kind: 'gauge', vi: 'Thời gian ký, trung vị', en: 'Time of a signature, median' },
  token_sign_p95_seconds: { kind: 'gauge', vi: 'Thời gian ký, phân vị 95', en: 'Time of a signature, 95th percentile' },
  token_failures_total: { kind: 'counter', vi: 'Lần ký thất bại', en: 'Signatures that failed' },
  certificate_days: { kind: 'gauge', vi: 'Số ngày chứng thư còn hạn', en: 'Days until the certificate expires' },
  store_ok: { kind: 'gauge', isFlag: true, vi: 'Kho dữ liệu đọc được', en: 'The store can be read' },
  store_sync_p95_seconds: {
    kind: 'gauge',
    vi: 'Thời gian ghi đĩa, phân vị 95',
    en: 'Time of a synced write, 95th percentile',
  },
  disk_free_bytes: { kind: 'gauge', vi: 'Chỗ trống của ổ dữ liệu', en: 'Free space for data' },
  disk_reserved_bytes: {
    kind: 'gauge',
    vi: 'Chỗ đã giữ cho gói đang nhận',
    en: 'Space held for packets on their way in',
  },
  disk_watermark_bytes: { kind: 'gauge', vi: 'Mức dự trữ', en: 'What must stay free for documents to be taken' },
  disk_full_days: {
    kind: 'gauge',
    vi: 'Dự báo số ngày tới khi đầy ổ',
    en: 'Forecast: days until the disk is full; absent while it does not fill',
  },
  ballast_present: { kind: 'gauge', isFlag: true, vi: 'Còn tệp dự phòng', en: 'The ballast is whole' },
  intake_open: { kind: 'gauge', isFlag: true, vi: 'Đủ chỗ nhận văn bản', en: 'There is room for documents' },
} as const satisfies MetricFamily
