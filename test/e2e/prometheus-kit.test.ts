// The Prometheus and Grafana kits of docs/monitoring on a real Prometheus, as they are shipped: stations under load, one that is in
// every trouble there is, one that is gone and one that says it is another. Every query of rules and dashboard is asked.
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeLabNetwork } from '../../scripts/lab-network.ts'
import { type MetricName, type MetricValues, metricNames, metrics } from '../../src/exchange/health/metrics.ts'
import { labelMetrics, prometheusContentType, prometheusText } from '../../src/surface/health/prometheus-text.ts'
import { buildPacket } from '../fixtures/edxml/build-packet.ts'
import { type BoxTree, boxTree } from '../fixtures/host/box-tree.ts'
import { Prometheus } from '../fixtures/monitoring/prometheus.ts'
import { freePort } from '../fixtures/mqtt/mosquitto.ts'
import { PtyEnd } from '../fixtures/serial/pty-end.ts'
import { SimulatedUps } from '../fixtures/serial/simulated-ups.ts'
import { bundledSigner } from '../fixtures/station/bundle.ts'
import { setOption } from '../fixtures/station/lab-changes.ts'
import { type Office, officesOf, until } from '../fixtures/station/office.ts'

const documentCount = 5
const ends: (() => unknown)[] = []
let prometheus: Prometheus

/** What a station in every trouble says at its `scrape`-th time: all metrics, counters that grow, and starts again and again. */
function sickValues(scrape: number): MetricValues {
  const all = Object.fromEntries(metricNames.map((name) => [name, metrics[name].kind === 'counter' ? scrape * 10 : 1]))
  const sick: MetricValues = {
    ...{ status: 2, uptime_seconds: scrape % 2, deadline_breaches: 3, intake_open: 0, clock_trusted: 0 },
    ...{ token_ready: 0, sealed_total: 7, certificate_days: 3, directory_days: 2, disk_full_days: 4 },
    ...{ box_disk_errors: 2, box_disk_wear_ratio: 0.9, box_clock_synchronised: 0, box_temperature_celsius: 85 },
    ...{ station_pss_bytes: 180e6, signer_pss_bytes: 50e6, ups_on_mains: 0, ups_present: 0 },
    ...{ oldest_undelivered_seconds: 90_000, oldest_undelivered_hoa_toc_seconds: 601 },
    ...{ oldest_undelivered_thuong_khan_seconds: 1801, oldest_undelivered_khan_seconds: 3601 },
  }
  return { ...all, ...sick }
}

const sickConditions = [
  { code: 'DISK_FULL', severity: 'critical' },
  { code: 'TOKEN_ABSENT', severity: 'critical' },
  { code: 'DEADLINE_MISSED', severity: 'error' },
] as const

/** Serves what our renderer makes of `values`. Returns its address. */
async function recorded(station: string, values: (scrape: number) => MetricValues): Promise<string> {
  let scrape = 0
  const server: Server = createServer((_request, response) => {
    const labels = { station, site: 'elsewhere', name: `Trạm "${station}"`, version: '0.1.0', generation: 1 }
    response.setHeader('Content-Type', prometheusContentType)
    response.end(prometheusText(labels, values(scrape++), sickConditions))
  }).listen({ host: '127.0.0.1', port: 0 })
  await once(server, 'listening')
  ends.push(
    () => server.closeAllConnections(),
    () => server.close(),
  )
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Two stations with documents between them; the first on a Pi with a UPS. Addresses by station. */
async function liveStations(): Promise<Record<string, string>> {
  const folder = await mkdtemp(join(tmpdir(), 'tram-prometheus-kit-'))
  ends.push(() => rm(folder, { recursive: true, force: true }))
  const wishes = [
    { id: 'g22', name: 'Văn phòng Chính phủ', agencyCodes: ['G22'] },
    { id: 'h41', name: 'UBND tỉnh Nghệ An', agencyCodes: ['H41'] },
  ]
  const network = await makeLabNetwork(folder, wishes, { signerCommand: bundledSigner })
  const [sender, recipient] = officesOf(network) as [Office, Office]
  const tree: BoxTree = await boxTree('pi-4')
  const cable = new PtyEnd(join(folder, 'ups'))
  new SimulatedUps(cable)
  await cable.plug()
  ends.push(
    () => cable.unplug(),
    () => tree.remove(),
    () => Promise.all([sender.process.stop(), recipient.process.stop()]),
  )
  await setOption(sender.station, 'box', 'proc_folder', tree.procFolder)
  await setOption(sender.station, 'box', 'sys_folder', tree.sysFolder)
  await setOption(sender.station, 'ups', 'line', join(folder, 'ups'))
  await setOption(sender.station, 'ups', 'poll_seconds', 1)
  const addresses: Record<string, string> = {}
  for (const { station } of [sender, recipient]) {
    addresses[station.id] = `127.0.0.1:${await freePort()}`
    await setOption(station, 'prometheus', 'listen', addresses[station.id] ?? '')
  }
  await Promise.all([sender.process.start(), recipient.process.start()])
  for (let at = 1; at <= documentCount; at++) {
    const packet = buildPacket({
      ...{ dialect: 'plain', from: '000.00.00.G22', to: ['000.00.00.H41'] },
      ...{ codeNumber: String(at), codeNotation: 'CT-TTg', subject: `Văn bản số ${at}` },
    })
    await sender.delivered(await sender.send(packet))
  }
  return addresses
}

beforeAll(async () => {
  const live = await liveStations()
  const healthy = { status: 1, certificate_days: 20, directory_version: 0 }
  prometheus = await Prometheus.run({
    ...live,
    sick: await recorded('sick', sickValues),
    liar: await recorded('g22', () => healthy),
    gone: `127.0.0.1:${await freePort()}`,
  })
  ends.push(() => prometheus.remove())
  // Long enough for rates, resets and rules.
  await answerTo('resets(tram_uptime_seconds{station="sick"}[1h]) > 4')
  await answerTo('sum(increase(tram_deliveries_total{station="g22"}[1h])) >= 0')
  await answerTo('count(tram:state) == 5')
})

afterAll(async () => {
  for (const end of ends.reverse()) await end()
})

/** Asks until there is an answer. */
const answerTo = (expr: string): Promise<number> =>
  until(
    async () => (await prometheus.query(expr))[0]?.value,
    async () => `no answer to ${expr}; there is ${JSON.stringify(await prometheus.query('tram:state or up'))}`,
  )

/** Metrics that a station in a test cannot have: a forecast takes hours, and there is no chronyd. */
const notHere: readonly MetricName[] = [
  'disk_full_days',
  'events_waiting',
  'box_clock_offset_seconds',
  'box_clock_error_seconds',
]

describe('a scrape', () => {
  it('gives Prometheus what the station counts', async () => {
    expect(await answerTo('tram_deliveries_total{station="g22"}')).toBe(documentCount)
    expect(await answerTo('tram_documents_received_total{station="h41"}')).toBe(documentCount)
    expect(await answerTo('tram_box_temperature_celsius{station="g22"}')).toBeGreaterThan(20)
    await answerTo('tram_ups_on_mains{station="g22"} == 1')
    const [info] = await prometheus.query('tram_info{station="g22"}')
    expect(info?.labels).toMatchObject({ name: 'Văn phòng Chính phủ', generation: '1', site: 'hn' })
  })

  it('has the kind and the help of every metric', async () => {
    const metadata = await prometheus.metadata()
    const table = { ...metrics, ...labelMetrics }
    const expected = Object.entries(table).map(([name, { kind, en }]) => [`tram_${name}`, { type: kind, help: en }])
    const seen = Object.entries(metadata).map(([name, [first]]) => [name, { type: first?.type, help: first?.help }])
    expect(Object.fromEntries(seen)).toMatchObject(Object.fromEntries(expected))
  })

  it('believes the list of targets, not the station, about who it is', async () => {
    expect(await prometheus.query('tram_status{station="g22"}')).toHaveLength(1)
    expect(await prometheus.query('{__name__=~"tram_.*",exported_station!=""}')).toEqual([])
    expect(await prometheus.query('tram_status{station="liar",site="hn"}')).toHaveLength(1)
  })
})

describe('the rules', () => {
  it('hold for who is in trouble, each of them, and for nobody else', async () => {
    const rules = await prometheus.rules()
    expect(rules.length).toBeGreaterThan(30)
    expect(rules.filter(({ health }) => health !== 'ok')).toEqual([])
    const silent: string[] = []
    const wrong: string[] = []
    for (const { name, query, type } of rules) {
      const stations = (await prometheus.query(query)).map(({ labels }) => labels.station ?? '')
      if (stations.length === 0) silent.push(name)
      if (type === 'alerting' && stations.some((station) => ['g22', 'h41'].includes(station))) wrong.push(name)
    }
    expect({ silent, wrong }).toEqual({ silent: [], wrong: [] })
  })

  it('know down, failed, degraded and well', async () => {
    const states = (await prometheus.query('tram:state')).map(({ labels, value }) => [labels.station, value])
    expect(Object.fromEntries(states)).toEqual({ g22: 0, h41: 0, liar: 1, sick: 2, gone: 3 })
  })

  it('name the conditions, and who is not who he should be', async () => {
    const alerts = new Map((await prometheus.rules()).map(({ name, alerts = [] }) => [name, alerts]))
    expect(alerts.get('TramStationFailed')?.map(({ annotations }) => annotations)).toEqual([
      { vi: 'Trạm sick hỏng: DISK_FULL TOKEN_ABSENT', en: 'Station sick has failed: DISK_FULL TOKEN_ABSENT' },
    ])
    expect(alerts.get('TramWrongStation')?.map(({ labels }) => [labels.station, labels.claims])).toEqual([
      ['liar', 'g22'],
    ])
    expect(alerts.get('TramStationDown')?.map(({ labels }) => labels.station)).toEqual(['gone'])
  })
})

interface Panel {
  title: string
  targets?: { expr: string }[]
}
const dashboard = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../docs/monitoring/grafana/tram-dashboard.json'), 'utf8'),
) as { panels: Panel[]; templating: { list: { name: string; type: string; definition?: string }[] } }
const panels = dashboard.panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr })))

/** A query as Grafana would send it. */
function filledIn(expr: string, station: string): string {
  const values = { $site: '.*', $station: station, $least: '0', $__rate_interval: '30s' }
  const filled = Object.entries(values).reduce((text, [name, value]) => text.replaceAll(name, value), expr)
  expect(filled).not.toContain('$')
  return filled
}

describe('the dashboard', () => {
  it('has queries', () => expect(panels.length).toBeGreaterThan(80))

  it.each(panels)('shows $title: $expr', async ({ expr }) => {
    expect(await prometheus.query(filledIn(expr, 'sick'))).not.toEqual([])
    // A live station has it too, unless it cannot; of the two only the one on a real machine finds its signer's process.
    const isHere = !notHere.some((name) => expr.includes(`tram_${name}{`)) && !expr.includes('tram_condition{')
    if (isHere) expect(await prometheus.query(filledIn(expr, 'g22|h41'))).not.toEqual([])
  })

  it('lists sites and stations to choose from', async () => {
    const lists = await Promise.all(
      dashboard.templating.list
        .filter(({ type }) => type === 'query')
        .map(async ({ name, definition = '' }) => {
          const [, selector = '', label = ''] = /^label_values\((.*), (\w+)\)$/.exec(definition) ?? []
          return [name, await prometheus.labelValues(label, filledIn(selector, '.*'))]
        }),
    )
    expect(Object.fromEntries(lists)).toEqual({ site: ['hn'], station: ['g22', 'gone', 'h41', 'liar', 'sick'] })
  })
})
