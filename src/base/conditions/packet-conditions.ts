// Conditions about the content of a packet: what the edXML parser and the intake rules refuse.
import type { ConditionFamily } from './condition.ts'

export const packetConditions = {
  PACKET_MALFORMED: {
    severity: 'error',
    vi: 'Gói edXML không đúng chuẩn XML tại dòng {line}, cột {column}: {detail}',
    en: 'The edXML packet is not well-formed XML at line {line}, column {column}: {detail}',
    todoVi: 'Sửa gói tin trong phần mềm QLVB rồi gửi lại.',
    todoEn: 'Correct the packet in the document management software and send it again.',
  },
  PACKET_FORBIDDEN_CONSTRUCT: {
    severity: 'error',
    vi: 'Gói edXML chứa cấu trúc bị cấm ({construct}) tại dòng {line}, cột {column}',
    en: 'The edXML packet holds a forbidden construct ({construct}) at line {line}, column {column}',
    todoVi: 'Bỏ DOCTYPE và khai báo thực thể khỏi gói tin rồi gửi lại.',
    todoEn: 'Remove the DOCTYPE and entity declarations from the packet and send it again.',
  },
  PACKET_LIMIT_EXCEEDED: {
    severity: 'error',
    vi: 'Gói edXML vượt giới hạn {limit} = {maximum} tại dòng {line}, cột {column}',
    en: 'The edXML packet exceeds the limit {limit} = {maximum} at line {line}, column {column}',
    todoVi: 'Giảm phần vượt giới hạn (xem tên giới hạn) rồi gửi lại.',
    todoEn: 'Make the named part smaller and send the packet again.',
  },
  PACKET_FIELD_MISSING: {
    severity: 'error',
    vi: 'Gói edXML thiếu trường bắt buộc {field} (dòng {line})',
    en: 'The edXML packet lacks the required field {field} (line {line})',
    todoVi: 'Điền trường còn thiếu trong phần mềm QLVB rồi gửi lại.',
    todoEn: 'Fill in the missing field in the document management software and send again.',
  },
  PACKET_FIELD_INVALID: {
    severity: 'error',
    vi: 'Trường {field} không hợp lệ (dòng {line}): {detail}',
    en: 'The field {field} is not valid (line {line}): {detail}',
    todoVi: 'Sửa giá trị của trường rồi gửi lại.',
    todoEn: 'Correct the value of the field and send again.',
  },
  PACKET_ATTACHMENT_INVALID: {
    severity: 'error',
    vi: 'Tệp đính kèm {contentId} không hợp lệ (dòng {line}): {detail}',
    en: 'The attachment {contentId} is not valid (line {line}): {detail}',
    todoVi: 'Đính kèm lại tệp trong phần mềm QLVB rồi gửi lại.',
    todoEn: 'Attach the file again in the document management software and send again.',
  },
  PACKET_STATE_SECRET: {
    severity: 'error',
    vi: 'Từ chối: trường {field} mang dấu mật "{mark}". Văn bản bí mật nhà nước không được gửi qua trục (QĐ 28/2018, Điều 1.2)',
    en: 'Refused: the field {field} carries the secrecy mark "{mark}". State secrets are excluded from the axis (Decision 28/2018, Art. 1.2)',
    todoVi: 'Gửi văn bản mật theo đường cơ yếu. Dữ liệu tạm đã được xoá.',
    todoEn: 'Send secret documents through the cipher service. The temporary bytes have been dropped.',
  },
  PACKET_HASH_MISMATCH: {
    severity: 'error',
    vi: 'Nội dung nhận được ({bytes} byte) không khớp hash-file',
    en: 'The body received ({bytes} bytes) does not match hash-file',
    todoVi: 'Gửi lại; nếu lặp lại, kiểm tra đường truyền và phần mềm QLVB.',
    todoEn: 'Send again; if it repeats, check the connection and the document management software.',
  },
  PACKET_TOO_LARGE: {
    severity: 'error',
    vi: 'Gói tin {bytes} byte lớn hơn giới hạn {maximum} byte',
    en: 'The packet of {bytes} bytes is larger than the limit of {maximum} bytes',
    todoVi: 'Chia nhỏ tệp đính kèm hoặc nâng giới hạn trong tram.toml.',
    todoEn: 'Split the attachments or raise the limit in tram.toml.',
  },
  PACKET_TRUNCATED: {
    severity: 'error',
    vi: 'Gói tin bị cắt: nhận {bytes} byte, cần {expected} byte',
    en: 'The packet was cut short: {bytes} bytes arrived, {expected} were declared',
    todoVi: 'Gửi lại gói tin.',
    todoEn: 'Send the packet again.',
  },
  PACKET_TOO_SLOW: {
    severity: 'error',
    vi: 'Gói tin được gửi quá chậm: sau {bytes} byte, tốc độ dưới {minBytesPerSecond} byte/giây quá {seconds} giây',
    en: 'The packet was sent too slowly: after {bytes} bytes it lagged {seconds} s behind {minBytesPerSecond} bytes a second',
    todoVi:
      'Kiểm tra đường truyền giữa phần mềm QLVB và trạm rồi gửi lại; giới hạn là min_bytes_per_second và idle_seconds.',
    todoEn:
      'Check the line between the document management software and the station, then send again; the limits are min_bytes_per_second and idle_seconds.',
  },
  STATUS_TRANSITION_UNKNOWN: {
    severity: 'warning',
    vi: 'Mã trạng thái {status} không có trong bảng mã',
    en: 'The status code {status} is not in the code table',
    todoVi: 'Kiểm tra phần mềm gửi trạng thái.',
    todoEn: 'Check the software that sent the status.',
  },
} as const satisfies ConditionFamily
