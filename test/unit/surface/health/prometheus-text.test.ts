// The exposition: every metric under its name and kind, labels that no text can break out of, and no line twice.
import { expect, it } from 'vitest'
import { metricNames, metrics } from '../../../../src/exchange/health/metrics.ts'
import { prometheusText } from '../../../../src/surface/health/prometheus-text.ts'

const labels = { station: 'g22', site: 'hn', name: 'Văn phòng', version: '0.1.0', generation: 3 }
const samplesOf = (text: string): string[] => text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))

it('holds what is known, with help and kind before it', () => {
  const text = prometheusText(labels, { status: 0, sealed_total: 12, certificate_days: 41.5 }, [])
  expect(text).toBe(`# HELP tram_status Overall: 0 ok, 1 degraded, 2 failed
# TYPE tram_status gauge
tram_status{station="g22",site="hn"} 0
# HELP tram_sealed_total Waybills and receipts sealed
# TYPE tram_sealed_total counter
tram_sealed_total{station="g22",site="hn"} 12
# HELP tram_certificate_days Days until the certificate expires
# TYPE tram_certificate_days gauge
tram_certificate_days{station="g22",site="hn"} 41.5
# HELP tram_info Always 1: what the station is, in labels
# TYPE tram_info gauge
tram_info{station="g22",site="hn",name="Văn phòng",version="0.1.0",generation="3"} 1
`)
})

it('has a line and a kind for each metric of the table', () => {
  const all = Object.fromEntries(metricNames.map((name, index) => [name, index]))
  const text = prometheusText(labels, all, [])
  expect(samplesOf(text)).toHaveLength(metricNames.length + 1)
  for (const name of metricNames) expect(text).toContain(`\n# TYPE tram_${name} ${metrics[name].kind}\n`)
})

it('counts the conditions of a code: a line twice would spoil the whole answer', () => {
  const unreachable = { code: 'PEER_UNREACHABLE', severity: 'warning' } as const
  const text = prometheusText(labels, {}, [
    { code: 'DISK_FULL', severity: 'critical' },
    ...Array.from({ length: 50 }, () => unreachable),
  ])
  expect(samplesOf(text).slice(1)).toEqual([
    'tram_condition{station="g22",site="hn",code="DISK_FULL",severity="critical"} 1',
    'tram_condition{station="g22",site="hn",code="PEER_UNREACHABLE",severity="warning"} 50',
  ])
})

it('lets no text out of its label', () => {
  const name = 'a"} 1\ntram_status{station="other"} 2\\'
  const [info] = samplesOf(prometheusText({ ...labels, name }, {}, []))
  expect(info).toContain(String.raw`name="a\"} 1\ntram_status{station=\"other\"} 2\\",version=`)
})
