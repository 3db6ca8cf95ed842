// The Zabbix template against what a station really publishes: Debian's zabbix_agent2 runs the template's items, as a Zabbix server
// would tell it to, against the shipped broker over TLS. Only the server's own part, preprocessing and triggers, is not run.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { itemKey, masterKey, zabbixTemplate } from '../../scripts/zabbix-template.ts'
import { systemClock } from '../../src/base/clock.ts'
import { metricNames } from '../../src/exchange/health/metrics.ts'
import type { HealthReport } from '../../src/exchange/health/station-health.ts'
import { Sequence } from '../../src/exchange/sequence.ts'
import { type BrokerParts, brokerParts } from '../../src/station-broker.ts'
import { MemoryRecordStore } from '../contract/memory-record-store.ts'
import { fullState } from '../fixtures/mqtt/full-state.ts'
import { type KitBroker, openKitBroker } from '../fixtures/mqtt/kit-broker.ts'
import { never, silent } from '../fixtures/store/temporary-store.ts'
import { ZabbixAgent } from '../fixtures/zabbix/zabbix-agent.ts'

interface Item {
  uuid: string
  name: string
  type: string
  key: string
  preprocessing?: { type: string; parameters: string[] }[]
  master_item?: { key: string }
  valuemap?: { name: string }
  triggers?: { uuid: string; name: string; expression: string; dependencies?: { name: string; expression: string }[] }[]
}

const [template] = zabbixTemplate().zabbix_export.templates
if (template === undefined) throw new Error('there is no template')
const items = template.items as Item[]
const topics = ['state', 'details', 'availability', 'event'] as const

let kit: KitBroker
let parts: BrokerParts
let agent: ZabbixAgent
/** The keys as the agent gets them, by topic: a server has put in the macros. */
const keys = new Map<string, string>()

beforeAll(async () => {
  kit = await openKitBroker(['g22'])
  const { host, port, user, password, caFile } = kit.operator
  const macros: Record<string, string> = {
    '{$TRAM.BROKER}': `tls://${host}:${port}`,
    '{$TRAM.SITE}': 'hn',
    '{HOST.HOST}': 'g22',
    '{$TRAM.USER}': user,
    '{$TRAM.PASSWORD}': password,
  }
  for (const topic of topics)
    keys.set(
      topic,
      masterKey(topic).replace(/\{[^}]+\}/g, (macro) => macros[macro] ?? macro),
    )
  agent = await ZabbixAgent.start({ g22: [...keys.values()] }, { SSL_CERT_FILE: caFile })
  const records = new MemoryRecordStore()
  const sequence = new Sequence(records)
  await sequence.start()
  let round = 0
  parts = brokerParts(
    {
      station: { id: 'g22', name: 'Văn phòng Chính phủ', generation: 1 },
      mqtt: { ...kit.optionsOf('g22'), state_interval_s: 1 },
    },
    {
      ...{ records, sequence, clock: systemClock, logger: silent },
      report: async () => report,
      state: async () => fullState(round++),
      peerId: () => '12D3KooWGRUfUoUkVGvQzUT9jVFM5zRxk2vKTXDxWfUnkCMXEcHy',
      inventoryCommand: ['false'],
    },
  )
  for (const service of parts.services) await service.start(never)
})

afterAll(async () => {
  for (const service of parts?.services.toReversed() ?? []) await service.stop()
  await agent?.stop()
  await kit?.remove()
})

const report = {
  ...{ station: 'g22', version: '1', generation: 1 },
  token: { label: 'g22', serial: '1', certificateSha256: null },
  directory: { version: 1, expires: 1 },
} as unknown as HealthReport

/** What the real agent has read under a topic. */
async function readingOf(topic: string): Promise<string> {
  const { value, state } = await agent.waitFor(keys.get(topic) ?? '')
  expect([topic, state, value]).toEqual([topic, 0, value])
  return value
}

/** What preprocessing makes of it; a template of ours uses two kinds of step. */
function processed({ preprocessing = [] }: Item, json: string): unknown {
  return preprocessing.reduce<unknown>((value, { type, parameters: [parameter = ''] }) => {
    if (type === 'MULTIPLIER') return Number(value) * Number(parameter)
    const path = /^\$\.([a-z0-9_]+)$/.exec(parameter)
    if (type !== 'JSONPATH' || path === null) throw new Error(`${type} ${parameter}`)
    return JSON.parse(String(value))[path[1] ?? '']
  }, json)
}

describe('the Zabbix template', () => {
  it('gets a number for each of its metrics from the real agent', async () => {
    const json = { state: await readingOf('state'), details: await readingOf('details') }
    const found = new Map<string, unknown>()
    for (const [topic, text] of Object.entries(json)) {
      const dependent = items.filter((item) => item.master_item?.key === masterKey(topic as 'state' | 'details'))
      for (const item of dependent) found.set(item.key, processed(item, text))
    }
    expect([...found.keys()].sort()).toEqual(metricNames.map(itemKey).sort())
    expect([...found].filter(([, value]) => !Number.isFinite(value))).toEqual([])
    expect(found.get('tram.box_clock_stratum')).toBe(45)
    expect(found.get('tram.box_disk_wear_ratio')).toBeCloseTo(12.3, 1)
  })

  it('gets events and the end of a station', async () => {
    await parts.tell([
      {
        ...{ timeMs: 1, code: 'DIRECTORY_MISSING', severity: 'critical', change: 'raised' },
        ...{ textVi: 'Chưa có danh bạ', textEn: 'There is no directory', data: {} },
      },
    ])
    const event = await readingOf('event')
    const text = (key: string): unknown => processed(itemOf(key), event)
    expect([text('tram.event.text'), text('tram.event.code')]).toEqual(['Chưa có danh bạ', 'DIRECTORY_MISSING'])
    for (const service of parts.services.toReversed()) await service.stop()
    const { value } = await agent.waitFor(keys.get('availability') ?? '', (one) => one.value === 'offline')
    expect(offlineExpression).toContain(`="${value}"`)
  })

  it('has triggers whose items, macros and dependencies are there', () => {
    const all = items.flatMap(({ triggers = [] }) => triggers)
    expect(all.length).toBeGreaterThan(15)
    const macros = template.macros.map(({ macro }) => macro)
    for (const { expression, dependencies = [] } of all) {
      const used = [...expression.matchAll(/\/Tram station by MQTT\/([a-z0-9_.]+)/g)].map((match) => match[1] ?? '')
      expect(used.length).toBeGreaterThan(0)
      for (const key of used) expect(itemOf(key).key).toBe(key)
      for (const [macro] of expression.matchAll(/\{\$[^}]+\}/g)) expect(macros).toContain(macro)
      for (const { name, expression: other } of dependencies)
        expect(all.filter((trigger) => trigger.name === name && trigger.expression === other)).toHaveLength(1)
    }
  })

  it('has ids of their own for everything, and maps that exist', () => {
    const uuids = [...JSON.stringify(zabbixTemplate()).matchAll(/"uuid":"([^"]+)"/g)].map((match) => match[1] ?? '')
    expect(new Set(uuids).size).toBe(uuids.length)
    for (const uuid of uuids) expect(uuid).toMatch(/^[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}$/)
    const maps = template.valuemaps as { name: string }[]
    for (const { valuemap } of items)
      if (valuemap !== undefined) expect(maps.map(({ name }) => name)).toContain(valuemap.name)
    expect(Math.max(...items.map(({ name }) => name.length))).toBeLessThanOrEqual(255)
  })
})

const offlineExpression = itemOf('tram.availability').triggers?.[0]?.expression ?? ''

function itemOf(key: string): Item {
  const item = items.find((one) => one.key === key)
  if (item === undefined) throw new Error(`no item ${key}`)
  return item
}
