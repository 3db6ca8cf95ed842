// Conditions of a box that is nothing but a station: its root program, its network, the media plugged into it.
// Thrown by src/box-main.ts and what it is made of; told to a person at the console, at the command line, or on the medium itself.
import type { ConditionFamily } from './condition.ts'

export const applianceConditions = {
  BOX_AGENT_UNREACHABLE: {
    kind: 'refusal',
    about: 'box',
    severity: 'error',
    vi: 'Không gọi được chương trình quản trị máy ở {socket}: {detail}',
    en: 'The program that administers the box does not answer at {socket}: {detail}',
    todoVi:
      'Chỉ máy chuyên dụng mới có chương trình này; ở đó: systemctl status tram-box.socket. Chạy lệnh bằng root hoặc nhóm tram.',
    todoEn:
      'Only an appliance has it; there: systemctl status tram-box.socket. Run the command as root or in the group tram.',
  },
  BOX_BUSY: {
    kind: 'refusal',
    about: 'box',
    severity: 'warning',
    vi: 'Máy đang làm việc khác: {detail}',
    en: 'The box is busy with something else: {detail}',
    todoVi: 'Đợi việc đó xong rồi làm lại.',
    todoEn: 'Wait until that is done, then do it again.',
  },
  NETWORK_NOT_ON_TRIAL: {
    kind: 'refusal',
    about: 'network',
    severity: 'warning',
    vi: 'Không có cấu hình mạng nào đang chờ xác nhận: đã quay về cấu hình cũ, hoặc chưa áp dụng',
    en: 'No network configuration waits to be confirmed: it was taken back, or never applied',
    todoVi: 'Áp dụng lại, rồi xác nhận trong 120 giây.',
    todoEn: 'Apply it again, then confirm within 120 seconds.',
  },
} as const satisfies ConditionFamily
