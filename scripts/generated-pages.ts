// The pages of docs/ that are made from the sources: configuration.md from the schemas, conditions.md from the
// catalogue, metrics.md and the Zabbix template from the metrics, openapi.json from the API, cli.md from the command line, leds.md from hw/leds.json,
// figures.md from what was measured. generate-docs.ts writes them; a test compares them with what is committed.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ConditionCode, families } from '../src/base/conditions/catalogue.ts'
import { type Condition, type ConditionKind, parts } from '../src/base/conditions/condition.ts'
import { messageId } from '../src/base/conditions/message-id.ts'
import { configSections } from '../src/config.ts'
import { boxMetrics } from '../src/exchange/health/box-metrics.ts'
import { equipmentMetrics } from '../src/exchange/health/equipment-metrics.ts'
import { exchangeMetrics } from '../src/exchange/health/exchange-metrics.ts'
import type { MetricFamily } from '../src/exchange/health/metric.ts'
import { upsMetrics } from '../src/exchange/health/ups-metrics.ts'
import { topicOf } from '../src/surface/health/state-topics.ts'
import { describeRestApi } from '../src/surface/rest/rest-app.ts'
import type { BenchReport } from '../test/bench/report.ts'
import { cliPage } from './cli-page.ts'
import { figuresPage } from './figures-page.ts'
import { ledPage } from './led-page.ts'
import { zabbixPage } from './zabbix-template.ts'

/** Texts by path from the project's root. */
export async function generatedPages(): Promise<Map<string, string>> {
  return new Map([
    ['docs/configuration.md', configurationPage()],
    ['docs/conditions.md', conditionsPage()],
    ['docs/metrics.md', metricsPage()],
    ['docs/openapi.json', `${JSON.stringify(await describeRestApi(), undefined, 2)}\n`],
    ['docs/cli.md', cliPage()],
    ['systemd/tram.catalog', journalCatalogue()],
    ['docs/leds.md', ledPage(notice)],
    ['docs/monitoring/zabbix/tram-template.yaml', zabbixPage()],
    ['docs/figures.md', figuresPage(readFigures())],
  ])
}

/** What `npm run bench -- --write` has measured last. */
export const readFigures = (): BenchReport =>
  JSON.parse(readFileSync(join(import.meta.dirname, '../docs/figures.json'), 'utf8')) as BenchReport

const notice = '<!-- Made by `npm run generate:docs`; do not edit. -->'

/** What is read of a TypeBox schema, which is JSON Schema. */
interface OptionSchema {
  type?: string
  items?: OptionSchema
  properties?: Record<string, OptionSchema>
  required?: string[]
  anyOf?: OptionSchema[]
  const?: unknown
  default?: unknown
  description?: string
  minimum?: number
  maximum?: number
  exclusiveMinimum?: number
  minItems?: number
  maxItems?: number
}

/** What the sections are about; their order is that of config.ts. */
const sectionTexts: Record<keyof typeof configSections, string> = {
  station: 'Who this station is. Required.',
  token: 'The PKCS#11 token that seals. Required. The signer program reads this section too.',
  trust: 'Whose certificates are believed. Required: none are built in.',
  link: 'How other stations reach this one.',
  vxp: 'The HTTP interface that document management software (QLVB&ĐH) speaks.',
  backend: 'One table for each document management system. Each needs either `secret` or `secret_file`.',
  store: 'Limits of packets and of the disk.',
  box: 'The machine: where its sensors and its clock are asked, and which lights it has.',
  exchange: 'How long documents are tried and kept, and what is refused.',
  console: 'The service console for a technician on a serial line: `tram console`, see [technician.md](technician.md).',
  mqtt: 'The broker that operators read the health of the station from. Without `url` there is none.',
  prometheus:
    'Where Prometheus asks for the numbers of [metrics.md](metrics.md); the kit is in [monitoring/prometheus](monitoring/prometheus/README.md).',
  panel: 'The display at the front of the box. Without `line` there is none.',
  update: 'The software of an appliance: when an update takes over, see [update.md](update.md).',
  first_boot:
    'What a box does once, when it takes the file from a medium ([first-boot.md](first-boot.md)). It counts nowhere else.',
  network:
    'The box itself on its network, where it is nothing but a station ([network.md](network.md)). On a plain machine the network is not ours.',
  interface:
    'One table for each side: one that is `both`, or one `lan` and one `wan`. Without any, the network of the machine is left as it is.',
  ups: 'The uninterruptible power supply, on a serial line (Megatec). Without `line` there is none.',
}

const example = `[station]
id = "so-noi-vu"
name = "Sở Nội vụ"
data_folder = "/var/lib/tram"

[token]
module = "/usr/lib/softhsm/libsofthsm2.so"
label = "so-noi-vu"
key_id = "01"
pin_file = "/etc/tram/pin"            # without it a person enters the PIN after every start

[trust]
anchors = ["pki/root.pem"]            # relative to this file
intermediates = ["pki/sub-ca.pem"]
authority_certificates = ["pki/authority.pem"]

[link]
listen = ["/ip4/0.0.0.0/tcp/4101"]

[vxp]
listen = "127.0.0.1:8080"

[[backend]]
systemid = "qlvb-so-noi-vu"
secret_file = "/etc/tram/qlvb.secret"
agencies = ["H01.02"]
`

function configurationPage(): string {
  const sections = Object.entries(configSections).map(([name, schema]: [string, OptionSchema]) => {
    const table = schema.type === 'array' ? schema.items : schema
    const header = schema.type === 'array' ? `[[${name}]]` : `[${name}]`
    const text = Object.hasOwn(sectionTexts, name) ? sectionTexts[name as keyof typeof sectionTexts] : ''
    const rows = Object.entries(table?.properties ?? {}).map(([key, option]) => {
      const isRequired = option.default === undefined && (table?.required?.includes(key) ?? false)
      const otherwise =
        option.default === undefined ? (isRequired ? '**required**' : '–') : `\`${tomlText(option.default)}\``
      return `| \`${key}\` | ${cell(kindOf(option))} | ${otherwise} | ${cell(option.description ?? '')} |`
    })
    return `## \`${header}\`\n\n${text}\n\n| key | value | default | meaning |\n|---|---|---|---|\n${rows.join('\n')}\n`
  })
  return `${notice}

# Configuration: \`tram.toml\`

A station reads one file, in TOML. A mistake is refused at the start with the key and its line; unknown keys are
mistakes too. Relative paths are relative to the folder of the file. Secrets and PINs are better in files of their own
(\`secret_file\`, \`pin_file\`), readable only by the user that runs the program.

\`\`\`toml
${example}\`\`\`

${sections.join('\n')}`
}

function kindOf(option: OptionSchema): string {
  if (option.anyOf !== undefined) return option.anyOf.map((choice) => `\`${JSON.stringify(choice.const)}\``).join(', ')
  if (option.type === 'array')
    return `list of ${option.items?.type ?? 'value'}s${bounds(option.minItems, option.maxItems)}`
  if (option.exclusiveMinimum !== undefined)
    return `${option.type}, above ${option.exclusiveMinimum}${bounds(undefined, option.maximum)}`
  return `${option.type}${bounds(option.minimum, option.maximum)}`
}

function bounds(minimum: number | undefined, maximum: number | undefined): string {
  if (minimum !== undefined && maximum !== undefined) return `, ${minimum} to ${maximum}`
  if (minimum !== undefined) return `, at least ${minimum}`
  return maximum === undefined ? '' : `, at most ${maximum}`
}

/** A default as it would be written in the file. */
const tomlText = (value: unknown): string =>
  Array.isArray(value) ? `[${value.map((element) => JSON.stringify(element)).join(', ')}]` : JSON.stringify(value)

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ')

const kindsVi: Readonly<Record<ConditionKind, string>> = { state: 'tình trạng', refusal: 'từ chối', event: 'sự kiện' }

const metricFamilies: [title: string, family: MetricFamily][] = [
  ['Documents and peers / Văn bản và các trạm', exchangeMetrics],
  ['Token, store and disk / Token, kho dữ liệu và ổ đĩa', equipmentMetrics],
  ['The box / Máy', boxMetrics],
  ['UPS', upsMetrics],
]

function conditionsPage(): string {
  const chapters = families.map(([title, family]) => {
    const entries = Object.entries<Condition>(family)
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(
        ([code, { kind, about, severity, vi, en, todoVi, todoEn }]) =>
          `### ${code}\n\n*${severity}* · *${kind}* (${kindsVi[kind]}) · ${parts[about].en} / ${parts[about].vi}\n\n- ${withCode(vi)}  \n  → ${withCode(todoVi)}\n- ${withCode(en)}  \n  → ${withCode(todoEn)}\n`,
      )
    return `## ${title}\n\n${entries.join('\n')}`
  })
  return `${notice}

# Conditions / Các tình trạng

Everything that a person can be told: in a refusal, an alarm, a log, on the console. The code is the same everywhere.
*info* needs nobody, *warning* somebody this week, *error* today, *critical* now. \`{…}\` stands for what the case is about.

- *state* (tình trạng): true for a while. The health report lists it while it is: an alarm that is raised and cleared.
  / Kéo dài một thời gian; \`tram health\` liệt kê cho đến khi hết.
- *refusal* (từ chối): the answer to one call, packet or offer; over when the same thing is done right.
  / Trả lời cho một lần gọi hoặc một gói tin; làm lại đúng là xong.
- *event* (sự kiện): happened once; there is nothing to clear. / Xảy ra một lần; không có gì để khắc phục.

${chapters.join('\n')}`
}

/** What `journalctl -x` shows beside an entry (systemd.journal-fields(7), MESSAGE_ID). */
function journalCatalogue(): string {
  const entries = families.flatMap(([, family]) =>
    Object.entries<Condition>(family).map(
      ([code, { vi, en, todoVi, todoEn }]) =>
        `-- ${messageId(code as ConditionCode)}\nSubject: ${code}\nDefined-By: Tram\nDocumentation: file:/usr/share/doc/tram/conditions.md\n\n${vi}\n→ ${todoVi}\n\n${en}\n→ ${todoEn}\n`,
    ),
  )
  return `# Made by \`npm run generate:docs\`; do not edit.\n\n${entries.join('\n')}`
}

function metricsPage(): string {
  const chapters = metricFamilies.map(([title, family]) => {
    const rows = Object.entries(family).map(([name, { kind, isFlag, vi, en }]) => {
      return `| \`${name}\` | ${isFlag === true ? '0/1' : kind} | \`${topicOf(name)}\` | ${cell(vi)} | ${cell(en)} |`
    })
    return `## ${title}\n\n| name | kind | MQTT | nghĩa | meaning |\n|---|---|---|---|---|\n${rows.join('\n')}\n`
  })
  return `${notice}

# Metrics / Các số đo

The state of a station as numbers: MQTT publishes them under these names, in \`state\` every minute or in \`details\` with every
fifteenth state ([monitoring](monitoring/README.md)), the Prometheus endpoint with the prefix \`tram_\`, \`GET /v1/metrics\` as they are. Units are in the names: seconds, bytes, days, degrees Celsius, ratios from 0 to 1.
What a box cannot tell is absent: a missing sensor is no zero. Counters begin at 0 when the station starts; those of the
box (\`box_…_total\`) when the machine boots.

${chapters.join('\n')}`
}

/** Braces as code, so that a page renderer does not take them for its own. */
const withCode = (text: string): string => text.replace(/\{\w+\}/g, (placeholder) => `\`${placeholder}\``)
