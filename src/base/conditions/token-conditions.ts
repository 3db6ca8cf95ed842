// Conditions about the PKCS#11 token and the signer process.
import type { ConditionFamily } from './condition.ts'

export const tokenConditions = {
  TOKEN_ABSENT: {
    severity: 'critical',
    vi: 'Không thấy token "{token}"',
    en: 'The token "{token}" is not present',
    todoVi: 'Cắm lại token/HSM. Văn bản vẫn được nhận và chờ ký.',
    todoEn: 'Insert the token or reconnect the HSM. Documents are still taken in and wait for sealing.',
  },
  TOKEN_KEY_MISSING: {
    severity: 'critical',
    vi: 'Token "{token}" không có khoá hoặc chứng thư với CKA_ID {keyId}',
    en: 'The token "{token}" holds no key or certificate with CKA_ID {keyId}',
    todoVi: 'Kiểm tra token.key_id trong tram.toml và nội dung token.',
    todoEn: 'Check token.key_id in tram.toml and the contents of the token.',
  },
  TOKEN_PIN_NEEDED: {
    severity: 'critical',
    vi: 'Token "{token}" cần mã PIN',
    en: 'The token "{token}" needs its PIN',
    todoVi: 'Nhập PIN qua cổng nối tiếp hoặc đặt tệp PIN.',
    todoEn: 'Enter the PIN on the serial console or provide the PIN file.',
  },
  TOKEN_PIN_LATCHED: {
    severity: 'critical',
    vi: 'Đã dừng đăng nhập token "{token}" để không khoá token: {reason}',
    en: 'Login to the token "{token}" is stopped so as not to lock it: {reason}',
    todoVi: 'Kiểm tra PIN đúng rồi nhập lại bằng tay (tram pin).',
    todoEn: 'Make sure of the right PIN and enter it by hand (tram pin).',
  },
  TOKEN_PIN_STATE_UNWRITABLE: {
    severity: 'critical',
    vi: 'Không đọc hoặc ghi được trạng thái mã PIN nên không đăng nhập token: {detail}',
    en: 'The state of the PIN cannot be read or written, so nobody logs in to the token: {detail}',
    todoVi: 'Kiểm tra ổ đĩa, quyền của thư mục pin-state và tệp PIN.',
    todoEn: 'Check the disk, the rights of the folder pin-state and the PIN file.',
  },
  TOKEN_FAILED: {
    severity: 'error',
    vi: 'Token báo lỗi {rv} khi {operation}',
    en: 'The token answered {rv} to {operation}',
    todoVi: 'Trạm tự thử lại; nếu lặp lại, kiểm tra token/HSM.',
    todoEn: 'The station retries by itself; if it repeats, check the token or HSM.',
  },
  SIGNER_RUNNING: {
    severity: 'error',
    vi: 'Một chương trình ký khác đang phục vụ thư mục {folder}',
    en: 'Another signer already serves the folder {folder}',
    todoVi: 'Dừng chương trình ký kia, hoặc dùng thư mục dữ liệu khác.',
    todoEn: 'Stop the other signer, or use another data folder.',
  },
  SIGNER_UNREACHABLE: {
    severity: 'error',
    vi: 'Không liên lạc được với chương trình ký: {detail}',
    en: 'The signer program cannot be reached: {detail}',
    todoVi: 'Trạm tự nối lại; nếu kéo dài, xem nhật ký tram-signer.',
    todoEn: 'The station reconnects by itself; if it lasts, read the log of tram-signer.',
  },
} as const satisfies ConditionFamily
