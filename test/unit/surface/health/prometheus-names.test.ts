// The names in the Prometheus and Grafana kits and in the pages are those of the table of metrics: what is renamed there must be
// renamed here, or a panel is empty and an alert silent for ever.
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { isConditionCode, isStateCode } from '../../../../src/base/conditions/catalogue.ts'
import { metrics } from '../../../../src/exchange/health/metrics.ts'
import { labelMetrics } from '../../../../src/surface/health/prometheus-text.ts'

const root = join(import.meta.dirname, '../../../..')
const read = (path: string): string => readFileSync(join(root, path), 'utf8')
const known = new Set(Object.keys({ ...metrics, ...labelMetrics }).map((name) => `tram_${name}`))
const records = [...read('docs/monitoring/prometheus/tram.rules.yml').matchAll(/- record: (\S+)/g)].map(
  ([, name]) => name,
)

// Not `tram_0.1.0_amd64.deb`.
const namesIn = (text: string): string[] => [
  ...new Set([...text.matchAll(/\btram_(?!\d)\w*\w/g)].map(([name]) => name)),
]

describe('names of metrics', () => {
  const files = globSync('docs/{*.md,monitoring/{prometheus,grafana}/**/*.*}', { cwd: root })

  it('are looked for in the kits', () => {
    expect(files).toContain('docs/monitoring/prometheus/tram.rules.yml')
    for (const path of ['prometheus/tram.rules.yml', 'grafana/tram-dashboard.json'])
      expect(namesIn(read(`docs/monitoring/${path}`)).length).toBeGreaterThan(30)
  })

  it.each(files)('in %s are in the table', (path) => {
    // `tram_.*` is a pattern, and `tram_` the prefix itself.
    expect(namesIn(read(path)).filter((name) => name !== 'tram_' && !known.has(name))).toEqual([])
  })

  it.each(files)('of recorded rules in %s are in the rules', (path) => {
    const used = [...read(path).matchAll(/\btram:\w+/g)].map(([name]) => name)
    expect(used.filter((name) => !records.includes(name))).toEqual([])
  })

  it.each(files)('of conditions in %s are in the catalogue', (path) => {
    const used = [...read(path).matchAll(/\bcode=~?\\?"(\w+)\\?"/g)].map(([, code]) => code ?? '')
    expect(used.filter((code) => !isConditionCode(code) || !isStateCode(code))).toEqual([])
  })
})
