// What the front panel shows of a health report, and how keys turn its pages.
import { describe, expect, it } from 'vitest'
import { type Panel, type PanelKey, panelColumns, panelRows } from '../../../../src/equipment/serial/panel.ts'
import { FrontPanel, type PanelReport, panelPages } from '../../../../src/surface/panel/front-panel.ts'
import { silent } from '../../../fixtures/store/temporary-store.ts'

const well: PanelReport = {
  ...{ overall: 'ok', conditions: [], peers: { connected: 3, known: 94 } },
  queues: [{ depth: 2 }, { depth: 5 }],
}
const ill: PanelReport = {
  ...well,
  overall: 'failed',
  conditions: [
    { code: 'DISK_FULL', vi: 'Không đủ chỗ trống: cần 1000000 byte, còn 0 byte trên mức dự trữ' },
    { code: 'UPS_ON_BATTERY', vi: 'Mất điện lưới: trạm đang chạy bằng pin của UPS' },
  ],
}

class RecordedPanel implements Panel {
  readonly line = '/dev/panel'
  isSilent = false
  rows: readonly string[] = []
  press: (key: PanelKey) => void = () => undefined

  onKey(listener: (key: PanelKey) => void): void {
    this.press = listener
  }

  show(rows: readonly string[]): void {
    this.rows = rows
  }
}

describe('the pages of the front panel', () => {
  it('begin with name, health, worst condition, queue and peers; then one for each condition', () => {
    expect(panelPages('Sở Nội vụ', well)).toEqual([['Sở Nội vụ', 'Trạng thái: TỐT', 'Không có lỗi', 'Chờ 7 Trạm 3/94']])
    const [first, second, third] = panelPages('Sở Nội vụ', ill)
    expect(first).toEqual(['Sở Nội vụ', 'Trạng thái: HỎNG', 'DISK_FULL', 'Chờ 7 Trạm 3/94'])
    expect(second).toEqual(['1/2 Không đủ chỗ', 'trống: cần 1000000', 'byte, còn 0 byte', 'trên mức dự trữ'])
    expect(third).toEqual(['2/2 Mất điện lưới:', 'trạm đang chạy bằng', 'pin của UPS'])
  })

  it('fit the display, whatever they are about', () => {
    const long = { code: 'STORE_DAMAGED' as const, vi: `${'a'.repeat(3000)} ${'b '.repeat(3000)}` }
    const pages = panelPages('x'.repeat(200), { ...ill, conditions: Array.from({ length: 500 }, () => long) })
    expect(pages).toHaveLength(10)
    for (const page of pages) {
      expect(page.length).toBeLessThanOrEqual(panelRows)
      for (const row of page) expect(row.length).toBeLessThanOrEqual(panelColumns)
    }
  })

  it('are turned by keys, round and round, and go back to the first by themselves', async () => {
    const panel = new RecordedPanel()
    let report: PanelReport | Error = ill
    const front = new FrontPanel(
      { stationName: 'Sở Nội vụ', refreshMs: 3_600_000 },
      {
        panel,
        logger: silent,
        report: async () => {
          if (report instanceof Error) throw report
          return report
        },
      },
    )
    const page = () => panelPages('Sở Nội vụ', ill).findIndex((rows) => rows.join() === panel.rows.join())
    const refresh = async () => {
      front.refresh()
      for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate)
    }
    // Before there is a report there is nothing to turn.
    panel.press('down')
    expect(panel.rows).toEqual([])
    panel.press('exit')
    await front.start()
    await refresh()
    const seen = (['down', 'right', 'enter', 'up', 'left', 'exit'] as const).map((key) => {
      panel.press(key)
      return page()
    })
    expect(seen).toEqual([1, 2, 0, 2, 1, 0])
    panel.press('up')
    await refresh()
    expect(page()).toBe(2)
    // A report that fails leaves what is shown.
    report = new Error('the store is away')
    await refresh()
    expect(page()).toBe(2)
    report = ill
    for (let time = 0; time < 13; time += 1) await refresh()
    expect(page()).toBe(0)
    panel.press('up')
    report = well
    await refresh()
    expect(panel.rows[1]).toBe('Trạng thái: TỐT')
    // The display outlives the station.
    await front.stop()
    panel.press('down')
    expect(panel.rows).toEqual(['Sở Nội vụ', 'Trạm đã dừng'])
  })

  it('are missing to an operator when the display is silent', () => {
    const panel = new RecordedPanel()
    const front = new FrontPanel(
      { stationName: 'x', refreshMs: 1000 },
      { panel, logger: silent, report: async () => well },
    )
    expect(front.conditions()).toEqual([])
    panel.isSilent = true
    expect(front.conditions().map(({ code, data }) => [code, data])).toEqual([['PANEL_SILENT', { line: '/dev/panel' }]])
    panel.isSilent = false
    expect(front.conditions()).toEqual([])
  })
})
