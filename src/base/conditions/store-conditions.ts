// Conditions about what is kept on disk.
import type { ConditionFamily } from './condition.ts'

export const storeConditions = {
  STORE_LOCKED: {
    severity: 'critical',
    vi: 'Kho dữ liệu {folder} đang được một trạm khác mở',
    en: 'The store {folder} is open in another station process',
    todoVi: 'Chỉ chạy một trạm trên mỗi thư mục dữ liệu.',
    todoEn: 'Run one station on each data folder.',
  },
  STORE_FORMAT_UNKNOWN: {
    severity: 'critical',
    vi: 'Kho dữ liệu có phiên bản {found}; phần mềm này đọc được đến {supported}',
    en: 'The store has format version {found}; this software reads up to {supported}',
    todoVi: 'Cài phiên bản phần mềm mới hơn.',
    todoEn: 'Install a newer version of the software.',
  },
  STORE_DAMAGED: {
    severity: 'critical',
    vi: 'Dữ liệu hỏng trong {place}: {detail}',
    en: 'Damaged data in {place}: {detail}',
    todoVi: 'Bản hỏng đã được cách ly; trạm hỏi lại các trạm khác. Kiểm tra ổ đĩa.',
    todoEn: 'The damaged copy is in quarantine and peers are asked again. Check the disk.',
  },
  STORE_TORN: {
    severity: 'info',
    vi: 'Đuôi nhật ký {file} không đọc được, như sau khi mất điện; trạm hỏi lại các trạm khác những gì có thể đã mất',
    en: 'The end of the log {file} does not read, as after a power cut; the station asks the others for what may be lost',
    todoVi: 'Sau khi mất điện: không cần làm gì. Nếu không mất điện: kiểm tra ổ đĩa và gửi lại văn bản gửi gần đây.',
    todoEn: 'After a power cut: nothing to do. Without one: check the disk, and send the most recent documents again.',
  },
  STORE_FAILED: {
    severity: 'critical',
    vi: 'Kho dữ liệu không ghi được: {detail}',
    en: 'The store cannot write: {detail}',
    todoVi: 'Kiểm tra ổ đĩa; trạm tự thử lại.',
    todoEn: 'Check the disk; the station retries by itself.',
  },
  STATION_RECOVERING: {
    severity: 'error',
    vi: 'Trạm đang khôi phục ({reason}): hỏi lại văn bản đã nhận từ {since}, còn {waiting} trạm chưa trả lời',
    en: 'The station recovers ({reason}): it asks for what it received since {since}; {waiting} stations have not answered',
    todoVi:
      'Trạm tự làm; kiểm tra ổ đĩa và các trạm chưa nối được. Văn bản gửi đi gần đây nên gửi lại: gửi trùng không sao.',
    todoEn:
      'It works by itself; check the disk and stations out of reach. Send recent documents again: a repeat is harmless.',
  },
  STATION_SUPERSEDED: {
    severity: 'critical',
    vi: 'Máy này là trạm {station} thế hệ {generation}, đã được thay bằng thế hệ {latest}: không nhận, không ký',
    en: 'This box is generation {generation} of the station {station}, replaced by generation {latest}: it takes and seals nothing',
    todoVi: 'Tắt máy này. Nếu chính nó là máy đúng: khôi phục với station.generation cao hơn và cập nhật danh bạ.',
    todoEn:
      'Switch this box off. If it is the right one: restore it with a higher station.generation and update the directory.',
  },
  GENERATION_UNLISTED: {
    severity: 'error',
    vi: 'Danh bạ mới ghi thế hệ {listed} của trạm {station}; trạm này là thế hệ {generation} và chờ danh bạ mới để ký',
    en: 'The directory lists generation {listed} of the station {station}; this one is generation {generation} and waits for a newer directory before it seals',
    todoVi: 'Đề nghị cơ quan quản lý danh bạ ghi thế hệ mới; trạm tự tìm danh bạ mới.',
    todoEn: 'Ask the authority to list the new generation; the station looks for the newer directory by itself.',
  },
  DOCUMENTS_LOST: {
    severity: 'critical',
    vi: '{count} văn bản đã nhận từ phần mềm không gửi được nữa vì dữ liệu hỏng: {documents}',
    en: '{count} documents taken from backends can no longer be delivered, their data is damaged: {documents}',
    todoVi: 'Gửi lại các văn bản này từ phần mềm; gửi trùng không sao.',
    todoEn: 'Send these documents again from the backend; a repeat is harmless.',
  },
  DISK_FULL: {
    severity: 'critical',
    vi: 'Không đủ chỗ trống: cần {neededBytes} byte, còn {freeBytes} byte trên mức dự trữ',
    en: 'Not enough space: {neededBytes} bytes needed, {freeBytes} bytes free above the watermark',
    todoVi: 'Giải phóng ổ đĩa; trạm tự nhận lại khi đủ chỗ.',
    todoEn: 'Free disk space; the station takes documents again by itself.',
  },
  PACKET_DAMAGED: {
    severity: 'critical',
    vi: 'Gói tin {digest} trên đĩa không còn khớp mã băm',
    en: 'The packet {digest} on disk no longer matches its digest',
    todoVi: 'Kiểm tra ổ đĩa; trạm sẽ lấy lại từ trạm gửi nếu có thể.',
    todoEn: 'Check the disk; the station fetches it again from the sender where it can.',
  },
  PACKET_MISSING: {
    severity: 'error',
    vi: 'Gói tin {digest} không còn trên trạm',
    en: 'The packet {digest} is no longer on the station',
    todoVi: 'Gói tin đã hết hạn lưu; biên nhận và niêm phong vẫn còn.',
    todoEn: 'The packet is past its retention; seal and receipts are kept.',
  },
} as const satisfies ConditionFamily
