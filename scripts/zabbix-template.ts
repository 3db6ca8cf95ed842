// docs/monitoring/zabbix/tram-template.yaml: the metrics as a template that Zabbix 6.0 and later import. Made from the table of
// metrics, so that a renamed one is renamed there too; what a trigger is about stands here. test/e2e/zabbix-kit.test.ts has the real
// agent run its items.
import { createHash } from 'node:crypto'
import type { Metric } from '../src/exchange/health/metric.ts'
import { type MetricName, metricNames, metrics } from '../src/exchange/health/metrics.ts'
import { type MetricUnit, unitOf } from '../src/surface/health/metric-units.ts'
import { type StateTopic, topicOf } from '../src/surface/health/state-topics.ts'

const template = 'Tram station by MQTT'
const group = 'Templates/Tram'

/** The item that subscribes to a topic of the station: an active check of agent 2. The host is named like the station. */
export const masterKey = (topic: StateTopic | 'availability' | 'event'): string =>
  `mqtt.get["{$TRAM.BROKER}","tram/v1/{$TRAM.SITE}/{HOST.HOST}/${topic}","{$TRAM.USER}","{$TRAM.PASSWORD}"]`

export const itemKey = (name: MetricName): string => `tram.${name}`

/** Macros of the template with their defaults: thresholds are in minutes, days and degrees that an operator changes. */
const macros: readonly (readonly [macro: string, value: string, description: string])[] = [
  ['{$TRAM.BROKER}', 'tls://mqtt.example.gov.vn:8884', 'Máy chủ MQTT / the broker, for operators'],
  ['{$TRAM.SITE}', '', 'Nơi đặt trạm / [mqtt] site in tram.toml. REQUIRED'],
  ['{$TRAM.USER}', 'operator', 'Tên trên máy chủ MQTT / name at the broker'],
  ['{$TRAM.PASSWORD}', '', 'Mật khẩu / its password'],
  ['{$TRAM.NODATA}', '5m', 'Không có tin lâu như vậy là lỗi / silence that is an alarm'],
  ['{$TRAM.QUEUE.AGE}', '2h', 'Văn bản chờ lâu nhất / a document may wait so long'],
  ['{$TRAM.URGENT.AGE}', '15m', 'Văn bản hỏa tốc / the same for hỏa tốc'],
  ['{$TRAM.CERTIFICATE.DAYS}', '30', 'Chứng thư còn ít ngày / certificate: warning'],
  ['{$TRAM.CERTIFICATE.DAYS.HIGH}', '7', 'Chứng thư sắp hết hạn / certificate: alarm'],
  ['{$TRAM.DIRECTORY.DAYS}', '14', 'Danh bạ còn ít ngày / directory'],
  ['{$TRAM.DISK.DAYS}', '30', 'Dự báo đầy ổ / days until the disk is full'],
  ['{$TRAM.CELSIUS}', '80', 'Nhiệt độ / temperature of the processor'],
]

type Priority = 'INFO' | 'WARNING' | 'AVERAGE' | 'HIGH'

interface Trigger {
  /** Of the metric `of`, which stands in the text as `@`. */
  of: MetricName
  expression: string
  priority: Priority
  vi: string
  en: string
  /** Silent while this one is on. */
  dependsOn?: 'offline'
}

const triggers: readonly Trigger[] = [
  {
    ...{ of: 'status', expression: 'nodata(@,{$TRAM.NODATA})=1', priority: 'HIGH', dependsOn: 'offline' },
    ...{ vi: 'Trạm không gửi tình trạng', en: 'The station sends no state' },
  },
  {
    ...{ of: 'conditions_critical', expression: 'last(@)>0', priority: 'HIGH' },
    ...{ vi: 'Có tình trạng nghiêm trọng', en: 'A condition is critical' },
  },
  {
    ...{ of: 'conditions_error', expression: 'last(@)>0', priority: 'AVERAGE' },
    ...{ vi: 'Có tình trạng lỗi', en: 'A condition is an error' },
  },
  {
    ...{ of: 'conditions_warning', expression: 'last(@)>0', priority: 'WARNING' },
    ...{ vi: 'Có cảnh báo', en: 'A condition is a warning' },
  },
  {
    ...{ of: 'oldest_undelivered_seconds', expression: 'last(@)>{$TRAM.QUEUE.AGE}', priority: 'AVERAGE' },
    ...{ vi: 'Văn bản chờ quá lâu', en: 'A document waits too long' },
  },
  {
    ...{ of: 'oldest_undelivered_hoa_toc_seconds', expression: 'last(@)>{$TRAM.URGENT.AGE}', priority: 'HIGH' },
    ...{ vi: 'Văn bản hỏa tốc chờ quá lâu', en: 'A document of urgency hỏa tốc waits too long' },
  },
  {
    ...{ of: 'deadline_breaches', expression: 'last(@)>0', priority: 'HIGH' },
    ...{ vi: 'Có văn bản quá hạn gửi', en: 'A deadline of Decision 28/2018 has passed' },
  },
  {
    ...{ of: 'token_ready', expression: 'max(@,10m)=0', priority: 'HIGH' },
    ...{ vi: 'Token không ký được', en: 'The token does not sign' },
  },
  {
    ...{ of: 'clock_trusted', expression: 'last(@)=0', priority: 'HIGH' },
    ...{ vi: 'Không tin được đồng hồ', en: 'The time is in doubt' },
  },
  {
    ...{ of: 'intake_open', expression: 'last(@)=0', priority: 'HIGH' },
    ...{ vi: 'Ổ đĩa đầy, không nhận văn bản', en: 'The disk is full: no documents are taken' },
  },
  {
    ...{ of: 'certificate_days', expression: 'last(@)<{$TRAM.CERTIFICATE.DAYS.HIGH}', priority: 'HIGH' },
    ...{ vi: 'Chứng thư sắp hết hạn', en: 'The certificate is about to expire' },
  },
  {
    ...{ of: 'certificate_days', expression: 'last(@)<{$TRAM.CERTIFICATE.DAYS}', priority: 'WARNING' },
    ...{ vi: 'Nên gia hạn chứng thư', en: 'The certificate should be renewed' },
  },
  {
    ...{ of: 'directory_days', expression: 'last(@)<{$TRAM.DIRECTORY.DAYS}', priority: 'WARNING' },
    ...{ vi: 'Danh bạ sắp hết hạn', en: 'The directory is about to expire' },
  },
  {
    ...{ of: 'disk_full_days', expression: 'last(@)<{$TRAM.DISK.DAYS} and nodata(@,1h)=0', priority: 'WARNING' },
    ...{ vi: 'Ổ đĩa sẽ đầy', en: 'The disk will be full' },
  },
  {
    ...{ of: 'box_temperature_celsius', expression: 'min(@,10m)>{$TRAM.CELSIUS}', priority: 'WARNING' },
    ...{ vi: 'Máy quá nóng', en: 'The box is too hot' },
  },
  {
    ...{ of: 'ups_on_mains', expression: 'last(@)=0', priority: 'AVERAGE' },
    ...{ vi: 'Mất điện lưới, đang chạy ắc quy', en: 'The mains is off: running on battery' },
  },
  {
    ...{ of: 'ups_battery_low', expression: 'last(@)=1', priority: 'HIGH' },
    ...{ vi: 'Ắc quy UPS sắp cạn', en: 'The battery of the UPS is low' },
  },
  {
    ...{ of: 'uptime_seconds', expression: 'last(@)<10m', priority: 'INFO' },
    ...{ vi: 'Trạm vừa khởi động', en: 'The station has just started' },
  },
]

/** Units as Zabbix shows them; `!` keeps it from writing 2 Kd for two thousand days. */
const units: Readonly<Record<MetricUnit, string>> = {
  ...{ seconds: 's', time: 'unixtime', days: '!d', bytes: 'B', ratio: '%', celsius: '!°C', volts: '!V', hertz: '!Hz' },
  ...{ version: '', count: '' },
}

const flagMap = 'Tram flag'
const statusMap = 'Tram status'
const tags = (component: string) => [{ tag: 'component', value: component }]
/** A value that this box does not have, or has no more, is no error. */
const orNothing = { error_handler: 'DISCARD_VALUE' }

function metricItem(name: MetricName): object {
  const { isFlag, vi, en }: Metric = metrics[name]
  const unit = unitOf(name)
  const isPercent = unit === 'ratio'
  const own = triggers.filter(({ of }) => of === name)
  return {
    ...identified(itemKey(name), `${vi} (${name})`),
    type: 'DEPENDENT',
    key: itemKey(name),
    delay: '0',
    value_type: 'FLOAT',
    ...(units[unit] === '' ? {} : { units: units[unit] }),
    description: en,
    ...(isFlag === true ? { valuemap: { name: flagMap } } : name === 'status' ? { valuemap: { name: statusMap } } : {}),
    preprocessing: [
      { type: 'JSONPATH', parameters: [`$.${name}`], ...orNothing },
      ...(isPercent ? [{ type: 'MULTIPLIER', parameters: ['100'] }] : []),
    ],
    master_item: { key: masterKey(topicOf(name)) },
    tags: tags(topicOf(name)),
    ...(own.length === 0 ? {} : { triggers: own.map(triggerOf) }),
  }
}

const triggerText = ({ vi, en }: Pick<Trigger, 'vi' | 'en'>): string => `${vi} / ${en}`

function triggerOf(trigger: Trigger): object {
  return {
    ...identified(`trigger ${trigger.en}`, triggerText(trigger)),
    expression: trigger.expression.replaceAll('@', `/${template}/${itemKey(trigger.of)}`),
    priority: trigger.priority,
    ...(trigger.dependsOn === undefined ? {} : { dependencies: [offline] }),
    tags: tags('tram'),
  }
}

const offline = {
  name: 'Trạm mất kết nối / The station is offline',
  expression: `last(/${template}/tram.availability)="offline"`,
}

/** @param valueType TEXT for JSON, CHAR for a word */
const masterItem = (topic: Parameters<typeof masterKey>[0], name: string, valueType: 'TEXT' | 'CHAR'): object => ({
  ...identified(`master ${topic}`, name),
  type: 'ZABBIX_ACTIVE',
  key: masterKey(topic),
  delay: '0',
  history: topic === 'event' ? '90d' : '1h',
  trends: '0',
  value_type: valueType,
  tags: tags(topic),
})

/** The whole export, as Zabbix reads it. */
export function zabbixTemplate() {
  const textOf = (name: string, key: string, master: 'event' | 'availability', path?: string): object => ({
    ...identified(key, name),
    ...{ type: 'DEPENDENT', key, delay: '0', trends: '0', value_type: key === 'tram.event.text' ? 'TEXT' : 'CHAR' },
    ...(path === undefined ? {} : { preprocessing: [{ type: 'JSONPATH', parameters: [path], ...orNothing }] }),
    ...{ master_item: { key: masterKey(master) }, tags: tags(master) },
    ...(master === 'availability'
      ? {
          triggers: [
            { ...identified('trigger offline', offline.name), ...offline, priority: 'HIGH', tags: tags('tram') },
          ],
        }
      : {}),
  })
  const valueMap = (name: string, newvalues: readonly string[]): object => ({
    ...identified(`map ${name}`, name),
    mappings: newvalues.map((newvalue, value) => ({ value: `${value}`, newvalue })),
  })
  return {
    zabbix_export: {
      version: '6.0',
      date: '2026-01-01T00:00:00Z',
      groups: [identified(`group ${group}`, group)],
      templates: [
        {
          uuid: uuidOf('template'),
          template,
          name: template,
          description:
            'Trạm, trạm trung chuyển văn bản. The host is named like the station ([station] id); docs/monitoring/zabbix/README.md.',
          groups: [{ name: group }],
          items: [
            masterItem('state', 'Tình trạng (JSON) / state', 'TEXT'),
            masterItem('details', 'Số đo (JSON) / details', 'TEXT'),
            masterItem('availability', 'Kết nối (bản tin) / availability message', 'CHAR'),
            masterItem('event', 'Sự kiện (JSON) / events', 'TEXT'),
            textOf('Kết nối / availability', 'tram.availability', 'availability'),
            textOf('Sự kiện gần nhất / last event', 'tram.event.text', 'event', '$.text_vi'),
            textOf('Mã sự kiện / code of the last event', 'tram.event.code', 'event', '$.code'),
            ...metricNames.map(metricItem),
          ],
          macros: macros.map(([macro, value, description]) => ({
            macro,
            ...(macro === '{$TRAM.PASSWORD}' ? { type: 'SECRET_TEXT' } : { value }),
            description,
          })),
          valuemaps: [
            valueMap(flagMap, ['không / no', 'có / yes']),
            valueMap(statusMap, ['tốt / ok', 'suy giảm / degraded', 'hỏng / failed']),
          ],
        },
      ],
    },
  }
}

const identified = (id: string, name: string) => ({ uuid: uuidOf(id), name })

/** A UUID of version 4 in form, the same each time: by it Zabbix knows what an import changes. */
function uuidOf(id: string): string {
  const digits = createHash('sha256').update(`tram zabbix ${id}`).digest('hex')
  return `${digits.slice(0, 12)}4${digits.slice(13, 16)}8${digits.slice(17, 32)}`
}

/** The file. */
export function zabbixPage(): string {
  return `# Made by \`npm run generate:docs\`; do not edit.\n${yaml(zabbixTemplate(), '')}`
}

/** Mappings and lists by indentation; every text in double quotes, which YAML reads as JSON does. */
function yaml(value: object, indent: string): string {
  const isList = Array.isArray(value)
  return Object.entries(value)
    .map(([key, part]: [string, unknown]) => {
      const head = isList ? `${indent}-` : `${indent}${key}:`
      if (typeof part !== 'object' || part === null) return `${head} ${JSON.stringify(part)}\n`
      const inner = yaml(part, `${indent}  `)
      return isList ? `${head} ${inner.trimStart()}` : `${head}\n${inner}`
    })
    .join('')
}
