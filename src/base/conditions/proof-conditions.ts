// Conditions about proofs: DER, CMS, certificates, seals, waybills and receipts that do not verify.
import type { ConditionFamily } from './condition.ts'

export const proofConditions = {
  DER_MALFORMED: {
    severity: 'error',
    vi: 'Dữ liệu DER sai tại vị trí {offset}: {detail}',
    en: 'Malformed DER at offset {offset}: {detail}',
    todoVi: 'Dữ liệu hỏng hoặc giả mạo; yêu cầu bên gửi gửi lại.',
    todoEn: 'The data is damaged or forged; ask the sender to send again.',
  },
  CERTIFICATE_UNUSABLE: {
    severity: 'error',
    vi: 'Chứng thư số "{subject}" không dùng được: {detail}',
    en: 'The certificate "{subject}" cannot be used: {detail}',
    todoVi: 'Kiểm tra chứng thư số và các chứng thư CA đã cài trên trạm.',
    todoEn: 'Check the certificate and the trust anchors installed on the station.',
  },
  SEAL_INVALID: {
    severity: 'error',
    vi: 'Dấu niêm phong không hợp lệ: {detail}',
    en: 'The seal is not valid: {detail}',
    todoVi: 'Không tin tài liệu này; liên hệ trạm gửi.',
    todoEn: 'Do not trust this document; contact the sending station.',
  },
  WAYBILL_INVALID: {
    severity: 'error',
    vi: 'Vận đơn không hợp lệ: {detail}',
    en: 'The waybill is not valid: {detail}',
    todoVi: 'Liên hệ trạm gửi.',
    todoEn: 'Contact the sending station.',
  },
  RECEIPT_INVALID: {
    severity: 'error',
    vi: 'Biên nhận không hợp lệ: {detail}',
    en: 'The receipt is not valid: {detail}',
    todoVi: 'Liên hệ trạm nhận; việc chuyển phát vẫn tiếp tục.',
    todoEn: 'Contact the recipient station; delivery goes on.',
  },
  EVIDENCE_NOT_READY: {
    severity: 'info',
    vi: 'Chưa có bằng chứng cho {document}: {detail}',
    en: 'There is no evidence for {document} yet: {detail}',
    todoVi: 'Chờ trạm niêm phong xong rồi xuất lại.',
    todoEn: 'Wait until the station has sealed it, then export again.',
  },
  EVIDENCE_INVALID: {
    severity: 'error',
    vi: 'Hồ sơ bằng chứng không hợp lệ: {detail}',
    en: 'The evidence is not valid: {detail}',
    todoVi: 'Xuất lại hồ sơ từ trạm; nếu vẫn sai, tệp đã bị sửa đổi.',
    todoEn: 'Export the evidence again; if it still fails, a file was altered.',
  },
} as const satisfies ConditionFamily
