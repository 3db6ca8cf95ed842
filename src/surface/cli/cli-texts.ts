// What the command line says, in Vietnamese and English: help texts and labels. Conditions have their own texts (base/conditions).
import type { Text } from '../../base/text-format.ts'

const both = (vi: string, en: string): Text => ({ vi, en })

/** Descriptions of commands and options. */
export const help = {
  program: both(
    'Trạm chuyển văn bản trên Trục liên thông văn bản quốc gia',
    'Relay station of the national document axis',
  ),
  config: both('tệp cấu hình', 'configuration file'),
  json: both('in ra JSON', 'print JSON'),
  lang: both('ngôn ngữ: vi hoặc en', 'language: vi or en'),
  help: both('in trợ giúp', 'print help'),
  version: both('in phiên bản', 'print the version'),
  helpCommand: both('trợ giúp về một lệnh', 'help for a command'),
  run: both('chạy trạm cho đến khi nhận SIGTERM', 'run the station until SIGTERM'),
  console: both(
    'bảng điều khiển cho kỹ thuật viên trên cổng nối tiếp, cho đến khi nhận SIGTERM',
    "the technician's console on a serial line, until SIGTERM",
  ),
  consoleLine: both('cổng nối tiếp, thay cho [console] line', 'serial line, instead of [console] line'),
  health: both('tình trạng của trạm, nặng nhất trước', 'how the station is, worst first'),
  doctor: both(
    'khám trạm, kể cả khi trạm không chạy; không thử mã PIN nào',
    'examine the station, also when it is down; tries no PIN',
  ),
  selfTest: both('tự kiểm tra khi lắp máy: biên bản để in và ký', 'test a racked box: a page to print and sign'),
  supportBundle: both(
    'gom thông tin gửi kỹ sư hỗ trợ (zip), không có bí mật và văn bản',
    'collect what a far engineer needs (zip), without secrets and documents',
  ),
  doctorNetwork: both('gọi thử vài trạm khác', 'call some other stations too'),
  trace: both('đường đi của một văn bản, có thời gian', 'the way of a document with its times'),
  document: both('mã văn bản (DocId) hoặc mã mục trong hộp đến', 'DocId, or id of an inbox item'),
  queue: both('các lượt chuyển chưa xong', 'deliveries that have not ended'),
  queueStation: both('chỉ cho một trạm', 'for one station only'),
  limit: both('số dòng nhiều nhất', 'at most so many lines'),
  inbox: both('văn bản đến chưa xử lý xong', 'what has arrived and is not done'),
  inboxAgency: both('chỉ của một đơn vị', 'of one agency only'),
  kind: both('document hoặc status', 'document or status'),
  send: both('gửi một gói edXML', 'send an edXML packet'),
  file: both('tệp', 'file'),
  sendFrom: both('mã đơn vị gửi; mặc định lấy từ gói tin', 'sending agency; default: as in the packet'),
  sendTo: both('chỉ gửi cho các mã này, cách nhau bằng dấu phẩy', 'only to these codes, separated by commas'),
  sendResend: both('cố ý gửi lại văn bản đã chuyển xong', 'a deliberate re-send of what was delivered already'),
  systemid: both('thay mặt hệ thống QLVB này', 'on behalf of this configured system'),
  resend: both(
    'cố ý gửi lại văn bản đã gửi, từ gói tin còn lưu',
    'send a document again, from the packet that is kept',
  ),
  fetch: both('lấy gói tin của một mục trong hộp đến', "write an inbox item's packet to a file"),
  item: both('mã mục trong hộp đến', 'id of an inbox item'),
  output: both('tệp kết quả', 'file to write'),
  verify: both('kiểm tra hồ sơ bằng chứng, không cần trạm', 'verify exported evidence, without a station'),
  evidence: both('thư mục hoặc tệp zip', 'folder or zip file'),
  anchor: both('chứng thư CA được tin (PEM)', 'CA certificate that is believed (PEM)'),
  authority: both('chứng thư của cơ quan ký danh bạ (PEM)', 'certificate that may sign the directory (PEM)'),
  intermediate: both('chứng thư CA trung gian (PEM)', 'intermediate CA certificate (PEM)'),
  export: both('xuất hồ sơ bằng chứng của một văn bản', 'export the evidence about a document'),
  exportOutput: both('thư mục mới, hoặc tệp tên .zip', 'new folder, or a file named .zip'),
  descriptor: both(
    'bản mô tả trạm, do token ký, gửi cơ quan quản lý danh bạ',
    'what this station says of itself, sealed by its token, for the authority',
  ),
  directory: both('danh bạ: lập, nhập, xem, tra', 'the directory: build, import, show, look up'),
  build: both('lập và ký danh bạ (cơ quan quản lý)', 'build and sign a directory (authority)'),
  buildVersion: both('số phiên bản, lớn hơn mọi phiên bản trước', 'version, higher than every earlier one'),
  agencies: both('danh sách đơn vị, CSV', 'list of agencies, CSV'),
  descriptors: both('các bản mô tả trạm', 'descriptors of stations'),
  days: both('số ngày hiệu lực; 0 = không hết hạn', 'days until it expires; 0 = never'),
  adopt: both(
    'giao đơn vị chưa có trạm cho trạm đăng ký đơn vị đó',
    'give an agency without a station to the station that asks for it',
  ),
  buildRequests: both(
    'tệp yêu cầu thay đổi của các trạm, áp dụng vào danh sách',
    'change requests of stations, applied to the list',
  ),
  agenciesOutput: both(
    'ghi danh sách đã áp dụng yêu cầu (CSV), để lập lần sau',
    'write the list with the requests applied (CSV), for the next build',
  ),
  requests: both(
    'yêu cầu đăng ký, xoá đơn vị của các hệ thống QLVB',
    'what backends want registered or deleted in the directory',
  ),
  requestsAll: both('cả những yêu cầu đã xong', 'those that have ended as well'),
  requestsOutput: both(
    'xuất các yêu cầu đang mở ra tệp cho cơ quan quản lý danh bạ',
    'export the open ones to a file for the authority',
  ),
  refuse: both('từ chối một yêu cầu thay đổi danh bạ', 'refuse a wanted change of the directory'),
  request: both('mã yêu cầu', 'id of the request'),
  reason: both('lý do, hệ thống QLVB sẽ thấy', 'why; the backend is told'),
  import: both('đưa tệp danh bạ mới hơn vào dùng', 'put a newer directory file in use'),
  show: both('danh bạ đang dùng, hoặc một tệp danh bạ', 'the directory in use, or a directory file'),
  lookup: both('tra một mã đơn vị', 'look an agency up'),
  code: both('mã đơn vị', 'agency code'),
  audit: both('nhật ký kiểm toán', 'the audit log'),
  auditVerify: both('kiểm tra chuỗi băm của nhật ký', 'verify the hash chain of the log'),
  clock: both('đồng hồ của trạm', 'the clock of the station'),
  clockTrust: both('xác nhận đồng hồ máy đang đúng', "say that the machine's clock is right"),
  pin: both('nhập mã PIN của token', "enter the token's PIN"),
} as const satisfies Record<string, Text>

export type HelpName = keyof typeof help

/** Words in answers. */
export const labels = {
  usage: both('Cách dùng:', 'Usage:'),
  commands: both('Lệnh:', 'Commands:'),
  options: both('Tuỳ chọn:', 'Options:'),
  arguments: both('Tham số:', 'Arguments:'),
  default: both('mặc định', 'default'),
  error: both('lỗi', 'error'),
  todo: both('Việc cần làm', 'What to do'),
  ok: both('TỐT', 'OK'),
  info: both('TIN', 'INFO'),
  warning: both('CHÚ Ý', 'WARNING'),
  failed: both('LỖI', 'ERROR'),
  critical: both('NẶNG', 'CRITICAL'),
  none: both('Không có gì.', 'Nothing.'),
  more: both('… còn nữa', '… and more'),
  pinPrompt: both('Mã PIN: ', 'PIN: '),
  interrupted: both('đã dừng', 'stopped'),
} as const satisfies Record<string, Text>
