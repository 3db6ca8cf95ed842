// What the service console says, in Vietnamese and English. Conditions have their own texts (base/conditions).
import { catalogue, isConditionCode, type RenderedCondition } from '../../base/conditions/catalogue.ts'
import type { TramError } from '../../base/errors.ts'
import type { Text } from '../../base/text-format.ts'
import type { ConsoleLanguage } from './console-terminal.ts'

const both = (vi: string, en: string): Text => ({ vi, en })

export const labels = {
  status: both('Tình trạng', 'Status'),
  network: both('Mạng', 'Network'),
  fingerprints: both('Vân tay (mã nút, chứng thư, phiên bản)', 'Fingerprints (peer id, certificate, version)'),
  doctor: both('Khám (doctor)', 'Doctor'),
  selftest: both('Tự kiểm tra', 'Self-test'),
  bundle: both('Lưu gói hỗ trợ ra USB', 'Support bundle to USB stick'),
  identify: both('Nháy đèn để nhận ra máy', 'Identify: blink the lights'),
  pin: both('Nhập PIN của token', "Enter the token's PIN"),
  settings: both('Đặt tên trạm và mã đơn vị', "Set the station's name and agency codes"),
  restart: both('Khởi động lại dịch vụ', "Restart the station's service"),
  address: both('Đổi địa chỉ mạng', 'Change the network address'),
  update: both('Phần mềm: hai khe, quay về bản trước', 'Software: both slots, back to the version before'),
  reset: both('Xóa máy về như mới', 'Factory reset'),
  language: both('English / Tieng Viet khong dau', 'Tiếng Việt / khong dau'),
  leave: both('Thoát', 'Leave'),
} as const

export const texts = {
  pressEnter: both('Nhấn Enter để bắt đầu.', 'Press Enter to begin.'),
  noise: both(
    'Có nhiễu trên đường truyền. Đặt 115200 8N1, không điều khiển luồng.',
    'There was noise on the line. Set 115200 8N1, no flow control.',
  ),
  choose: both('Chọn (Enter: danh mục): ', 'Choose (Enter: menu): '),
  unknownChoice: both('Không có mục này. Gõ số hoặc chữ ở đầu dòng.', 'No such entry. Type what stands before a line.'),
  cancelled: both('Đã hủy.', 'Cancelled.'),
  unchanged: both('Không thay đổi gì.', 'Nothing was changed.'),
  wait: both('Xin chờ (Ctrl-C để hủy)...', 'Please wait (Ctrl-C cancels)...'),
  allWell: both('Mọi thứ tốt.', 'All is well.'),
  ok: both('TỐT', 'OK'),
  degraded: both('CẦN XEM', 'DEGRADED'),
  failed: both('HỎNG', 'FAILED'),
  unknown: both(
    'chưa biết (trạm không chạy, hoặc chưa nhập PIN)',
    'not known (the station is not running, or waits for its PIN)',
  ),
  blinking: both('Đèn đang nháy, trong 2 phút.', 'The lights are blinking, for 2 minutes.'),
  pinPrompt: both('PIN (Enter để thôi): ', 'PIN (Enter to leave): '),
  pinReady: both('Token đã sẵn sàng, không cần PIN.', 'The token is ready; no PIN is needed.'),
  pinCountLow: both('Đã có lần nhập sai PIN.', 'A PIN attempt has failed before.'),
  pinFinalTry: both(
    'CHỈ CÒN MỘT LẦN THỬ: sai nữa thì token bị khóa. Chắc chắn đúng PIN thì gõ 1, Enter để thôi: ',
    'ONE ATTEMPT IS LEFT: a wrong PIN locks the token. Type 1 when you are sure, Enter to leave: ',
  ),
  pinAccepted: both('Đã nhận PIN. Token sẵn sàng.', 'The PIN was accepted. The token is ready.'),
  pinTaken: both('Đã nhận PIN, nhưng token chưa sẵn sàng', 'The PIN was taken, but the token is not ready'),
  nameNow: both('Tên trạm', "Station's name"),
  codesNow: both('Mã đơn vị của', 'Agency codes of'),
  newName: both('Tên mới (Enter: giữ nguyên): ', 'New name (Enter keeps it): '),
  newCodes: both(
    'Mã mới, cách nhau bằng dấu cách (Enter: giữ nguyên): ',
    'New codes, separated by blanks (Enter keeps them): ',
  ),
  whichBackend: both(
    'Đổi mã của hệ thống số mấy? (Enter: không đổi): ',
    'Change the codes of which number? (Enter: none): ',
  ),
  badCode: both('không phải mã đơn vị (1-35 ký tự A-Z, 0-9, dấu chấm)', 'is no agency code (1-35 of A-Z, 0-9, dot)'),
  longName: both('Tên dài quá 200 ký tự.', 'The name has more than 200 letters.'),
  save: both('Ghi các thay đổi trên? Gõ 1 để ghi, Enter để thôi: ', 'Save these changes? 1 saves, Enter leaves: '),
  saved: both(
    'Đã ghi. Bản trước còn ở tram.toml.previous. Có hiệu lực sau khi khởi động lại.',
    'Saved. The file before is tram.toml.previous. It counts after a restart.',
  ),
  directoryHint: both(
    'Mã mới chỉ nhận được văn bản khi danh bạ đã ghi mã đó cho trạm này.',
    'A new code receives documents only when the directory lists it for this station.',
  ),
  restartNow: both(
    'Khởi động lại dịch vụ bây giờ? Gõ 1 để khởi động lại, Enter để thôi: ',
    'Restart the service now? 1 restarts, Enter leaves: ',
  ),
  restarted: both('Đã yêu cầu khởi động lại.', 'The restart was asked for.'),
  noInterface: both(
    'tram.toml không có [[interface]]: đổi bằng USB hoặc tram net apply.',
    'tram.toml has no [[interface]]: change it by stick or tram net apply.',
  ),
  whichInterface: both('Cổng số mấy? (Enter để thôi): ', 'Which number? (Enter leaves): '),
  newAddress: both('Địa chỉ mới, như 10.20.0.5/24 (Enter để thôi): ', 'New address, as 10.20.0.5/24 (Enter leaves): '),
  newGateway: both('Gateway (Enter: giữ nguyên): ', 'Gateway (Enter keeps it): '),
  tryAddress: both(
    'Thử trong 120 giây? Gõ 1 để thử, Enter để thôi: ',
    'Try it for 120 seconds? 1 tries, Enter leaves: ',
  ),
  keepAddress: both(
    'Đang thử. Kiểm tra từ nơi khác, rồi gõ 1 để giữ; Enter để quay về. Không gõ gì thì sau 120 giây tự quay về: ',
    'On trial. Look from elsewhere, then 1 keeps it; Enter takes it back. After 120 seconds it goes back by itself: ',
  ),
  addressKept: both('Đã giữ địa chỉ mới.', 'The new address is kept.'),
  addressBack: both('Đã quay về địa chỉ cũ.', 'The old address is back.'),
  updateByStick: both(
    'Cập nhật: chép tệp .raucb vào USB có nhãn TRAM rồi cắm vào. Máy kiểm tra, cài, khởi động lại và ghi kết quả vào tram-result.txt.',
    'To update: put the .raucb file on a stick labelled TRAM and plug it in. The box checks it, installs it, restarts and writes tram-result.txt.',
  ),
  goBack: both(
    'Quay về bản trước? Gõ back để quay về, Enter để thôi: ',
    'Back to the version before? Type back, Enter leaves: ',
  ),
  goingBack: both('Máy khởi động lại với bản trước.', 'The box restarts with the version before.'),
  nothingToReset: both('Máy chưa có vân tay: vẫn như mới.', 'The box has no fingerprint: it is as new.'),
  resetByStick: both(
    'Xóa cấu hình, hàng chờ, hộp đến, danh tính của trạm; khóa trong thẻ hoặc HSM vẫn còn. Chỉ làm được tại máy: trên USB có nhãn TRAM tạo tệp factory-reset.txt với các dòng sau, rồi cắm vào.',
    'Removes configuration, queue, inbox and identity of the station; the key in a card or HSM stays. Only at the box itself: on a stick labelled TRAM make the file factory-reset.txt with these lines, and plug it in.',
  ),
  safeToRemove: both(
    'Đã ghi và đọc lại đúng. Có thể rút USB.',
    'Written, read back and right. It is safe to remove the stick.',
  ),
} as const

/** The text of a condition, and what to do. */
export function conditionText(condition: RenderedCondition, language: ConsoleLanguage): [what: string, todo: string] {
  const { code, vi, en, todoVi, todoEn } = withoutDocuments(condition)
  const [what, todo] = language === 'en' ? [en, todoEn] : [vi, todoVi]
  return [`${what} (${code})`, `  → ${todo}`]
}

/** `told` with nothing filled in when it would name documents: those are no business of who stands before the box. */
export function withoutDocuments<Told extends { code: string | null; vi: string; en: string }>(told: Told): Told {
  const { code } = told
  if (code === null || !isConditionCode(code) || !/\{documents?\}/.test(catalogue[code].en)) return told
  const blank = (text: string): string => text.replace(/\{\w+\}/g, '…')
  return { ...told, vi: blank(catalogue[code].vi), en: blank(catalogue[code].en) }
}

export const errorText = (error: TramError, language: ConsoleLanguage): [what: string, todo: string] =>
  conditionText(error.condition, language)
