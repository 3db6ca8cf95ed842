// Conditions about the reports that operators read: the broker and the events for it.
import type { ConditionFamily } from './condition.ts'

export const healthConditions = {
  BROKER_UNREACHABLE: {
    kind: 'state',
    about: 'broker',
    severity: 'warning',
    vi: 'Chưa nối được với máy chủ MQTT {broker}: {detail}',
    en: 'The MQTT broker {broker} cannot be reached: {detail}',
    todoVi: 'Văn bản vẫn chạy bình thường, trạm tự thử lại. Kiểm tra mạng, mục [mqtt] và chứng thư của trạm.',
    todoEn: 'Documents are not affected and the station retries. Check the network, [mqtt] and the client certificate.',
  },
  BROKER_REFUSED: {
    kind: 'state',
    about: 'broker',
    severity: 'warning',
    vi: 'Máy chủ MQTT {broker} không nhận tin {topic}: {detail}',
    en: 'The MQTT broker {broker} refuses {topic}: {detail}',
    todoVi: 'Kiểm tra quyền (ACL) của trạm trên máy chủ MQTT: tên trong chứng thư phải là mã trạm.',
    todoEn: "Check the station's rights (ACL) at the broker: the name in its certificate must be the station's id.",
  },
  METRICS_NOT_SERVED: {
    kind: 'state',
    about: 'metrics',
    severity: 'warning',
    vi: 'Không mở được cổng số đo {listen} cho Prometheus: {detail}',
    en: 'The Prometheus endpoint cannot listen on {listen}: {detail}',
    todoVi:
      'Văn bản vẫn chạy bình thường, trạm tự thử lại. Kiểm tra địa chỉ trong prometheus.listen và cổng đã bị chiếm chưa.',
    todoEn:
      'Documents are not affected and the station retries. Check the address of prometheus.listen, and whether its port is taken.',
  },
  EVENTS_DROPPED: {
    kind: 'event',
    about: 'broker',
    severity: 'warning',
    vi: 'Mất liên lạc với máy chủ MQTT quá lâu: đã bỏ {count} sự kiện cũ nhất',
    en: 'The MQTT broker was away for too long: the {count} oldest events were dropped',
    todoVi: 'Xem nhật ký của trạm trong khoảng thời gian đó; kiểm tra vì sao mất liên lạc lâu như vậy.',
    todoEn: 'See the log of the station for that time; find out why the broker was away for so long.',
  },
  FLEET_UNREADABLE: {
    kind: 'refusal',
    about: 'broker',
    severity: 'error',
    vi: 'Không đọc được máy chủ MQTT {broker}: {detail}',
    en: 'The MQTT broker {broker} cannot be read: {detail}',
    todoVi: 'Kiểm tra địa chỉ, --ca, tên và mật khẩu (hoặc --cert, --key), và quyền đọc tram/v1/# trên máy chủ.',
    todoEn: 'Check the address, --ca, user and password (or --cert, --key), and the right to read tram/v1/# there.',
  },
} as const satisfies ConditionFamily
