// Conditions that a backend (QLVB&ĐH), the command line or the configuration meets.
import type { ConditionFamily } from './condition.ts'

export const backendConditions = {
  CREDENTIALS_REFUSED: {
    severity: 'warning',
    vi: 'Sai thông tin xác thực của hệ thống {systemid}: {detail}',
    en: 'The credentials of the system {systemid} are refused: {detail}',
    todoVi: 'Kiểm tra systemid, khoá bí mật, đồng hồ và địa chỉ nguồn.',
    todoEn: 'Check the systemid, secret, clock and source address.',
  },
  SENDER_NOT_ALLOWED: {
    severity: 'error',
    vi: 'Don vi gui {code} khong dung voi ma da dang ky: {systemid}',
    en: 'The sending agency {code} is not registered for the system {systemid}',
    todoVi: 'Gửi bằng mã đơn vị đã đăng ký cho hệ thống này.',
    todoEn: 'Send with an agency code that is registered for this system.',
  },
  SENDER_MISMATCH: {
    severity: 'error',
    vi: 'From của gói tin ({packetCode}) khác mã gửi {code}',
    en: "The packet's From ({packetCode}) is not the sending code {code}",
    todoVi: 'Sửa From/OrganId trong gói tin rồi gửi lại.',
    todoEn: 'Correct From/OrganId in the packet and send again.',
  },
  RECIPIENT_UNKNOWN: {
    severity: 'error',
    vi: 'Không có trong danh bạ hoặc đã đóng: {codes}',
    en: 'Not in the directory, or closed: {codes}',
    todoVi: 'Sửa mã nơi nhận rồi gửi lại; chưa nơi nào được gửi.',
    todoEn: 'Correct the recipient codes and send again; nothing was sent to anyone.',
  },
  REQUEST_INVALID: {
    severity: 'error',
    vi: 'Yêu cầu không hợp lệ: {field}: {detail}',
    en: 'The request is not valid: {field}: {detail}',
    todoVi: 'Sửa tham số rồi gọi lại.',
    todoEn: 'Correct the parameter and call again.',
  },
  DOCUMENT_UNKNOWN: {
    severity: 'error',
    vi: 'Không có văn bản {document}',
    en: 'There is no document {document}',
    todoVi: 'Kiểm tra mã văn bản.',
    todoEn: 'Check the document id.',
  },
  INTAKE_CLOSED: {
    severity: 'error',
    vi: 'Trạm tạm ngừng nhận văn bản: {detail}',
    en: 'The station takes no documents for now: {detail}',
    todoVi: 'Gửi lại sau; văn bản chưa được nhận.',
    todoEn: 'Send again later; the document was not taken.',
  },
  CONFIG_INVALID: {
    severity: 'critical',
    vi: '{file}, dòng {line}: {key}: {detail}',
    en: '{file}, line {line}: {key}: {detail}',
    todoVi: 'Sửa tệp cấu hình; xem docs/configuration.md.',
    todoEn: 'Correct the configuration file; see docs/configuration.md.',
  },
  STATION_NOT_RUNNING: {
    severity: 'error',
    vi: 'Trạm không chạy: không mở được {socket}',
    en: 'The station is not running: {socket} cannot be opened',
    todoVi: 'Khởi động trạm: tram run',
    todoEn: 'Start the station: tram run',
  },
  OVERLOADED: {
    severity: 'warning',
    vi: 'Quá tải: {detail}',
    en: 'Overloaded: {detail}',
    todoVi: 'Thử lại sau ít giây.',
    todoEn: 'Try again in a few seconds.',
  },
  INTERNAL: {
    severity: 'critical',
    vi: 'Lỗi nội bộ: {detail}',
    en: 'Internal error: {detail}',
    todoVi: 'Gửi nhật ký cho nhà phát triển.',
    todoEn: 'Send the log to the developers.',
  },
} as const satisfies ConditionFamily
