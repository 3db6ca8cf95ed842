// Conditions of what hangs on serial lines: the uninterruptible power supply (raised by exchange/health/ups-guard.ts) and the
// front panel (surface/panel/front-panel.ts).
import type { ConditionFamily } from './condition.ts'

export const serialConditions = {
  UPS_ON_BATTERY: {
    kind: 'state',
    about: 'power',
    severity: 'warning',
    vi: 'Mất điện lưới: trạm đang chạy bằng pin của UPS',
    en: 'The mains power has failed: the station runs on the battery of the UPS',
    todoVi: 'Khôi phục điện lưới. Khi pin sắp hết, trạm tự ngừng nhận văn bản; không mất gì.',
    todoEn: 'Restore the mains. When the battery runs low the station stops taking documents; nothing is lost.',
  },
  UPS_BATTERY_LOW: {
    kind: 'state',
    about: 'power',
    severity: 'critical',
    vi: 'Mất điện lưới và pin của UPS sắp hết: trạm tạm ngừng nhận văn bản',
    en: 'The mains power has failed and the battery of the UPS is low: the station takes no documents for now',
    todoVi: 'Khôi phục điện lưới; trạm tự nhận lại khi điện ổn định. Văn bản nào bị từ chối thì gửi lại sau.',
    todoEn:
      'Restore the mains; the station takes documents again by itself once it is stable. Send refused documents again later.',
  },
  UPS_FAULT: {
    kind: 'state',
    about: 'power',
    severity: 'error',
    vi: 'UPS báo hỏng',
    en: 'The UPS reports a fault',
    todoVi: 'Kiểm tra UPS và pin; thay nếu cần. Trong lúc chưa thay, mất điện là trạm tắt ngay.',
    todoEn:
      'Look at the UPS and its battery and replace what is broken. Until then a power cut ends the station at once.',
  },
  UPS_SILENT: {
    kind: 'state',
    about: 'power',
    severity: 'warning',
    vi: 'UPS nối ở {line} không trả lời',
    en: 'The UPS on {line} does not answer',
    todoVi: 'Kiểm tra cáp, ups.line và ups.protocol.',
    todoEn: 'Check the cable, ups.line and ups.protocol.',
  },
  PANEL_SILENT: {
    kind: 'state',
    about: 'box',
    severity: 'warning',
    vi: 'Màn hình mặt trước nối ở {line} không trả lời',
    en: 'The front panel on {line} does not answer',
    todoVi: 'Kiểm tra cáp và panel.line; trạm vẫn làm việc bình thường.',
    todoEn: 'Check the cable and panel.line; the station works all the same.',
  },
} as const satisfies ConditionFamily
