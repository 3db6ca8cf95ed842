// What the monitoring kits name, against the table of metrics and what is published: a metric that is renamed fails here, for every
// kit. Kits that have a program to run have tests of their own (zabbix-kit, home-assistant, mqtt-kit).
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'smol-toml'
import { describe, expect, it } from 'vitest'
import { EventOutbox } from '../../src/exchange/health/event-outbox.ts'
import { metricNames } from '../../src/exchange/health/metrics.ts'
import { Sequence } from '../../src/exchange/sequence.ts'
import { splitState } from '../../src/surface/health/state-topics.ts'
import { MemoryRecordStore } from '../contract/memory-record-store.ts'
import { fullState } from '../fixtures/mqtt/full-state.ts'

const docs = join(import.meta.dirname, '../../docs/monitoring')
const read = (path: string): string => readFileSync(join(docs, path), 'utf8')
const known = new Set<string>(metricNames)

/** Names of metrics in a kit's files, by the way in which it writes them. */
const kits: Readonly<Record<string, { files: string; name: RegExp; least: number }>> = {
  zabbix: { files: 'zabbix/*.yaml', name: /"\$\.([a-z0-9_]+)"/g, least: metricNames.length },
  prometheus: { files: 'prometheus/*.rules.yml', name: /\btram_([a-z0-9_]+)\b/g, least: 20 },
  grafana: { files: 'grafana/*.json', name: /\btram_([a-z0-9_]+)\b/g, least: 20 },
}
/** What is no metric of the table: fields of `event`; the families that the Prometheus endpoint has besides. */
const others: Readonly<Record<string, readonly string[]>> = {
  zabbix: ['text_vi', 'code'],
  prometheus: ['info', 'condition'],
  grafana: ['info', 'condition'],
}

describe.each(Object.entries(kits))('%s', (kit, { files, name, least }) => {
  it('names metrics of the table only', () => {
    const text = globSync(files, { cwd: docs }).map(read).join('\n')
    // A rule that the kit itself records is its own.
    const recorded = [...text.matchAll(/(?:record|alert): *["']?tram_([a-z0-9_]+)/g)].map((match) => match[1] ?? '')
    const used = new Set([...text.matchAll(name)].map((match) => match[1] ?? ''))
    const allowed = [...recorded, ...(others[kit] ?? [])]
    expect([...used].filter((one) => !known.has(one) && !allowed.includes(one))).toEqual([])
    expect(used.size).toBeGreaterThanOrEqual(least)
  })
})

interface Consumer {
  topics: string[]
  data_format: string
  json_time_key: string
  json_time_format: string
  json_string_fields?: string[]
  tag_keys?: string[]
  qos: number
  persistent_session: boolean
  client_id: string
  fieldpass?: string[]
  topic_parsing: { topic: string; tags: string }[]
}

describe('telegraf', () => {
  const { inputs } = parse(read('telegraf/tram.conf')) as unknown as { inputs: { mqtt_consumer: Consumer[] } }
  const consumers = inputs.mqtt_consumer

  /** A message of each topic, as it is published. */
  async function messages(): Promise<Map<string, Record<string, unknown>>> {
    const { state, details } = splitState(fullState())
    const records = new MemoryRecordStore()
    const sequence = new Sequence(records)
    await sequence.start()
    const outbox = new EventOutbox({ generation: 1 }, { records, sequence })
    await outbox.start()
    await outbox.add([
      {
        ...{ timeMs: 1_795_338_000_000, code: 'DIRECTORY_MISSING', severity: 'critical', change: 'raised' },
        ...{ textVi: 'Chưa có danh bạ', textEn: 'No directory', data: { count: 2 } },
      },
    ])
    const [event] = await outbox.next(1)
    const mark = { ts: 1_795_338_000_000, seq: 1 }
    return new Map<string, Record<string, unknown>>([
      ['state', { ...mark, ...state }],
      ['details', { ...mark, ...details }],
      ['event', JSON.parse(Buffer.from(event?.payload ?? []).toString('utf8'))],
    ])
  }

  it('reads every topic that has numbers or events, once', () => {
    const subscribed = consumers.flatMap(({ topics }) => topics)
    expect(subscribed.toSorted()).toEqual(['tram/v1/+/+/details', 'tram/v1/+/+/event', 'tram/v1/+/+/state'])
    // A session that is to last needs a name, and QoS 1 to be of use; two of one name throw each other out.
    for (const { qos, persistent_session, client_id } of consumers)
      expect([qos, persistent_session, client_id !== '']).toEqual([1, true, true])
    expect(new Set(consumers.map(({ client_id }) => client_id)).size).toBe(consumers.length)
  })

  it('takes the time, the tags and the text from keys that the messages have, and drops none', async () => {
    const published = await messages()
    for (const { topics, data_format, json_time_key, json_time_format, ...consumer } of consumers) {
      expect([data_format, json_time_format]).toEqual(['json', 'unix_ms'])
      const { json_string_fields: texts = [], tag_keys: tags = [] } = consumer
      for (const topic of topics) {
        const message = published.get(topic.split('/').at(-1) ?? '') ?? {}
        expect(message[json_time_key]).toEqual(expect.any(Number))
        for (const key of [...texts, ...tags]) expect([key, typeof message[key]]).toEqual([key, 'string'])
        // The JSON parser drops text that is named in neither list.
        const strings = Object.keys(message).filter((key) => typeof message[key] === 'string')
        expect(strings.filter((key) => !texts.includes(key) && !tags.includes(key))).toEqual([])
      }
    }
  })

  it('keeps every metric by its name, and no other', () => {
    const kept = consumers.find(({ topics }) => topics.includes('tram/v1/+/+/state'))?.fieldpass ?? []
    expect(kept.toSorted()).toEqual(['seq', ...metricNames].toSorted())
  })

  it('parses topics by patterns as long as what they parse', () => {
    for (const { topics, topic_parsing } of consumers)
      for (const { topic, tags } of topic_parsing) {
        expect(tags.split('/')).toEqual(['_', '_', 'site', 'station', '_'])
        expect(topic.split('/')).toHaveLength(tags.split('/').length)
        for (const one of topics) expect(one.split('/')).toHaveLength(topic.split('/').length)
      }
  })
})

describe('the index', () => {
  it('links every kit and the codes of alarms', () => {
    const page = read('README.md')
    for (const kit of globSync('*/README.md', { cwd: docs })) expect(page).toContain(`(${kit})`)
    expect(page).toContain('(../conditions.md)')
  })
})
