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
  NETWORK_GATEWAY_SILENT: {
    kind: 'refusal',
    about: 'network',
    severity: 'error',
    vi: 'Với cấu hình mạng mới không thấy cổng ra (gateway) {gateway} trả lời',
    en: 'With the new network configuration the gateway {gateway} does not answer',
    todoVi: 'Xem dây mạng, địa chỉ, VLAN và gateway trong tram.toml, rồi làm lại.',
    todoEn: 'Look at the cable, and at address, VLAN and gateway in tram.toml, then do it again.',
  },
  RESET_NOT_MEANT: {
    kind: 'refusal',
    about: 'box',
    severity: 'warning',
    vi: 'Không xóa máy: {detail}',
    en: 'The box is not reset: {detail}',
    todoVi:
      'Ghi vào factory-reset.txt hai nhóm đầu vân tay của đúng máy này (xem trên màn hình nối tiếp hoặc tram-result.txt).',
    todoEn:
      "Write the first two groups of this very box's fingerprint into factory-reset.txt (it is on the serial console and in tram-result.txt).",
  },
  RESET_LOSES_DOCUMENTS: {
    kind: 'refusal',
    about: 'box',
    severity: 'error',
    vi: 'Không xóa máy: còn {count} văn bản chưa chuyển xong',
    en: 'The box is not reset: {count} documents are not delivered yet',
    todoVi:
      'Đợi chuyển xong, hoặc sao lưu (tram backup), hoặc thêm dòng and-lose-{count}-documents vào factory-reset.txt.',
    todoEn:
      'Wait until they are delivered, or back the station up (tram backup), or add the line and-lose-{count}-documents to factory-reset.txt.',
  },
} as const satisfies ConditionFamily
