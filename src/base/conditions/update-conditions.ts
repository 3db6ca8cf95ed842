// Conditions of updates: what is refused before anything is written, and what became of an installation. Thrown by equipment/rauc/, and
// listed by its slot-watch.ts.
import type { ConditionFamily } from './condition.ts'

export const updateConditions = {
  UPDATE_UNSIGNED: {
    kind: 'refusal',
    about: 'box',
    severity: 'error',
    vi: 'Tệp cập nhật {file} không được chấp nhận: {detail}',
    en: 'The update {file} is not accepted: {detail}',
    todoVi: 'Tệp hỏng, hoặc không do nhà cung cấp của máy này ký. Tải lại từ nguồn chính thức và so mã SHA-256.',
    todoEn:
      'It is damaged, or not signed by the maker of this box. Fetch it again from the official place and compare its SHA-256.',
  },
  UPDATE_FOR_OTHER_BOX: {
    kind: 'refusal',
    about: 'box',
    severity: 'error',
    vi: 'Bản cập nhật dành cho {found}, máy này là {wanted}',
    en: 'The update is for {found}, this box is a {wanted}',
    todoVi: 'Lấy bản cập nhật dành cho loại máy này.',
    todoEn: 'Get the update for this kind of box.',
  },
  UPDATE_OLDER: {
    kind: 'refusal',
    about: 'box',
    severity: 'warning',
    vi: 'Bản cập nhật {found} không mới hơn bản đang chạy {current}',
    en: 'The update {found} is not newer than the running {current}',
    todoVi: 'Không cần làm gì. Muốn quay về phiên bản trước: tram update back.',
    todoEn: 'Nothing to do. To go back to the version before: tram update back.',
  },
  UPDATE_TOO_LARGE: {
    kind: 'refusal',
    about: 'box',
    severity: 'error',
    vi: 'Bản cập nhật quá lớn: {sizeBytes} byte, tối đa {maxBytes}',
    en: 'The update is too large: {sizeBytes} bytes, at most {maxBytes}',
    todoVi: 'Kiểm tra tệp; nếu ổ đĩa của máy gần đầy: giải phóng dung lượng rồi làm lại.',
    todoEn: 'Check the file; if the disk of the box is nearly full, make room and do it again.',
  },
  UPDATE_NOT_NOW: {
    kind: 'refusal',
    about: 'box',
    severity: 'error',
    vi: 'Chưa cập nhật được lúc này: {detail}',
    en: 'No update can be installed now: {detail}',
    todoVi: 'Xem tram update status. Khe đang chạy phải được xác nhận tốt trước: khe kia là đường lùi duy nhất của nó.',
    todoEn: 'See tram update status. The running slot must be committed first: the other one is its only way back.',
  },
  UPDATE_FAILED: {
    kind: 'state',
    about: 'box',
    severity: 'error',
    vi: 'Cài bản cập nhật {version} không thành công: {detail}. Máy vẫn chạy bản cũ',
    en: 'The update {version} could not be installed: {detail}. The box runs on with what it has',
    todoVi: 'Tải lại tệp và cài lại; nếu lặp lại: thử USB khác, kiểm tra thẻ nhớ, gửi gói hỗ trợ.',
    todoEn: 'Fetch it again and install it again; if it repeats: another stick, check the card, send a support bundle.',
  },
  UPDATE_FELL_BACK: {
    kind: 'state',
    about: 'box',
    severity: 'error',
    vi: 'Bản cập nhật {version} không chạy được, máy đã tự quay về bản trước (khe {slot})',
    en: 'The update {version} did not work, and the box has fallen back to the version before (slot {slot})',
    todoVi: 'Gửi gói hỗ trợ cho nhà cung cấp. Hết báo khi một bản cập nhật mới chạy tốt.',
    todoEn: 'Send a support bundle to whoever maintains the software. It ends with an update that works.',
  },
  SLOT_NOT_COMMITTED: {
    kind: 'state',
    about: 'box',
    severity: 'warning',
    vi: 'Phiên bản {version} đang chạy ở khe {slot} chưa được xác nhận là tốt',
    en: 'Version {version}, running in slot {slot}, is not known to be good yet',
    todoVi: 'Cần token, kho và đồng hồ hoạt động tốt: tram selftest. Nhật ký: journalctl -u tram-mark-good.',
    todoEn: 'It needs token, store and clock in order: tram selftest. Its log: journalctl -u tram-mark-good.',
  },
} as const satisfies ConditionFamily
