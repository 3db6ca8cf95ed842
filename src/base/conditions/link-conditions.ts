// Conditions about peers, deliveries and the directory.
import type { ConditionFamily } from './condition.ts'

export const linkConditions = {
  LINK_CLOSED: {
    severity: 'info',
    vi: 'Kết nối với trạm {peer} đã đóng: {detail}',
    en: 'The link to the peer {peer} is closed: {detail}',
    todoVi: 'Trạm tự nối lại.',
    todoEn: 'The station reconnects by itself.',
  },
  LINK_PROTOCOL_VIOLATION: {
    severity: 'error',
    vi: 'Trạm {peer} vi phạm giao thức: {detail}',
    en: 'The peer {peer} broke the protocol: {detail}',
    todoVi: 'Kiểm tra phiên bản phần mềm của trạm đó.',
    todoEn: 'Check the software version of that station.',
  },
  PEER_NOT_ADMITTED: {
    severity: 'warning',
    vi: 'Từ chối kết nối từ {peer}: không có trong danh bạ',
    en: 'Refused a connection from {peer}: the directory does not name it',
    todoVi: 'Kiểm tra danh bạ; nếu là trạm mới, cập nhật danh bạ.',
    todoEn: 'Check the directory; if it is a new station, update the directory.',
  },
  PEER_UNREACHABLE: {
    severity: 'warning',
    vi: 'Chưa nối được với trạm {station}: {detail}',
    en: 'The station {station} cannot be reached: {detail}',
    todoVi: 'Trạm tự thử lại; kiểm tra mạng và địa chỉ trong danh bạ.',
    todoEn: 'The station retries by itself; check the network and the address in the directory.',
  },
  DELIVERY_REFUSED: {
    severity: 'error',
    vi: 'Trạm {station} từ chối văn bản {document}: {detail}',
    en: 'The station {station} refused the document {document}: {detail}',
    todoVi: 'Xem lý do, sửa rồi gửi lại.',
    todoEn: 'Read the reason, correct it and send again.',
  },
  DELIVERY_EXPIRED: {
    severity: 'error',
    vi: 'Hết hạn chuyển phát vận đơn {waybill} đến trạm {station}',
    en: 'The delivery of the waybill {waybill} to the station {station} has expired',
    todoVi: 'Kiểm tra trạm nhận rồi gửi lại văn bản.',
    todoEn: 'Check the recipient station and send the document again.',
  },
  DELIVERY_TEMPORARY: {
    severity: 'warning',
    vi: 'Trạm {station} tạm chưa nhận: {detail}',
    en: 'The station {station} cannot take it for now: {detail}',
    todoVi: 'Trạm tự thử lại.',
    todoEn: 'The station retries by itself.',
  },
  DIRECTORY_MISSING: {
    severity: 'critical',
    vi: 'Trạm chưa có danh bạ',
    en: 'The station has no directory yet',
    todoVi: 'Chạy: tram directory import TỆP',
    todoEn: 'Run: tram directory import FILE',
  },
  DIRECTORY_INVALID: {
    severity: 'error',
    vi: 'Danh bạ không hợp lệ: {detail}',
    en: 'The directory is not valid: {detail}',
    todoVi: 'Lấy lại tệp danh bạ từ cơ quan quản lý.',
    todoEn: 'Fetch the directory file from the authority again.',
  },
  DIRECTORY_PLAN_INVALID: {
    severity: 'error',
    vi: 'Không lập được danh bạ: {detail}',
    en: 'The directory cannot be built: {detail}',
    todoVi: 'Sửa danh sách đơn vị hoặc xin lại bản mô tả trạm rồi lập lại; chưa ký gì.',
    todoEn: 'Correct the list of agencies or ask for the descriptor again; nothing was signed.',
  },
  AGENCY_LIST_INVALID: {
    severity: 'error',
    vi: 'Danh sách đơn vị, dòng {line}, cột {column}: {detail}',
    en: 'The list of agencies, line {line}, column {column}: {detail}',
    todoVi: 'Sửa tệp CSV (UTF-8, phân cách bằng dấu phẩy); bắt buộc có cột code và name.',
    todoEn: 'Correct the CSV file (UTF-8, separated by commas); the columns code and name are required.',
  },
  DIRECTORY_REQUESTS_INVALID: {
    severity: 'error',
    vi: 'Không dùng được tệp yêu cầu thay đổi danh bạ: {detail}',
    en: 'The file of change requests cannot be used: {detail}',
    todoVi: 'Xuất lại tệp bằng tram directory requests; bỏ yêu cầu sai bằng tram directory refuse.',
    todoEn: 'Export it again with tram directory requests; drop a wrong one with tram directory refuse.',
  },
  DIRECTORY_OLDER: {
    severity: 'warning',
    vi: 'Danh bạ phiên bản {offered} không mới hơn phiên bản đang dùng {current}',
    en: 'The directory version {offered} is not newer than the current version {current}',
    todoVi: 'Không cần làm gì; danh bạ không bao giờ lùi phiên bản.',
    todoEn: 'Nothing to do; a directory is never rolled back.',
  },
  DIRECTORY_REPLACED: {
    severity: 'warning',
    vi: 'Danh bạ phiên bản {version} được thay bằng bản mới trong lúc đang đọc',
    en: 'The directory version {version} was replaced by a newer one while it was being read',
    todoVi: 'Không cần làm gì; đọc lại từ đầu.',
    todoEn: 'Nothing to do; read it again from the beginning.',
  },
  DIRECTORY_FORKED: {
    severity: 'critical',
    vi: 'Cơ quan quản lý đã ký hai danh bạ khác nhau cùng phiên bản {version}',
    en: 'The authority has signed two different directories of the version {version}',
    todoVi: 'Báo ngay cơ quan quản lý: kiểm tra khóa ký và phát hành phiên bản mới. Trạm giữ bản đang dùng.',
    todoEn:
      'Tell the authority at once: check its signing key and issue a newer version. The station keeps the one in use.',
  },
  DIRECTORY_EXPIRED: {
    severity: 'error',
    vi: 'Danh bạ phiên bản {version} đã hết hạn ngày {expired}; trạm vẫn hoạt động',
    en: 'The directory version {version} expired on {expired}; the station keeps working',
    todoVi: 'Xin danh bạ mới từ cơ quan quản lý.',
    todoEn: 'Ask the authority for a new directory.',
  },
  CLOCK_UNTRUSTED: {
    severity: 'critical',
    vi: 'Chưa tin được đồng hồ máy ({wall}; trạm ước tính {told}): tạm dừng ký, không văn bản nào hết hạn',
    en: 'The clock cannot be trusted ({wall}; the station reckons {told}): sealing waits and nothing expires',
    todoVi:
      'Kiểm tra NTP và pin đồng hồ. Trạm tự tiếp tục khi các trạm khác xác nhận giờ; nếu giờ đã đúng: tram clock trust',
    todoEn:
      'Check NTP and the clock battery. The station goes on once its peers confirm the time; if it is right: tram clock trust',
  },
} as const satisfies ConditionFamily
