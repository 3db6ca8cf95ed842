// Metrics of the UPS: absent without one, and all but its presence while it is silent. metrics.ts composes.
import type { UpsState } from '../../equipment/serial/ups.ts'
import type { MetricFamily } from './metric.ts'

export const upsMetrics = {
  ups_present: { kind: 'gauge', isFlag: true, vi: 'UPS trả lời', en: 'The UPS answers' },
  ups_on_mains: { kind: 'gauge', isFlag: true, vi: 'Đang có điện lưới', en: 'The mains feeds the station' },
  ups_battery_low: { kind: 'gauge', isFlag: true, vi: 'Ắc quy sắp cạn', en: 'The battery is low' },
  ups_fault: { kind: 'gauge', isFlag: true, vi: 'UPS báo hỏng', en: 'The UPS says that it is broken' },
  ups_bypass: { kind: 'gauge', isFlag: true, vi: 'Đang đi tắt hoặc ổn áp', en: 'Bypass or voltage regulation' },
  ups_load_ratio: { kind: 'gauge', vi: 'Mức tải', en: 'Load' },
  ups_input_volts: { kind: 'gauge', vi: 'Điện áp vào', en: 'Input voltage' },
  ups_output_volts: { kind: 'gauge', vi: 'Điện áp ra', en: 'Output voltage' },
  ups_battery_volts: { kind: 'gauge', vi: 'Điện áp ắc quy', en: 'Voltage of the battery, or of one cell' },
  ups_frequency_hertz: { kind: 'gauge', vi: 'Tần số', en: 'Frequency' },
  ups_temperature_celsius: { kind: 'gauge', vi: 'Nhiệt độ UPS', en: 'Temperature of the UPS' },
} as const satisfies MetricFamily

/** @param state undefined when there is no UPS */
export function upsValues(state: UpsState | undefined): Partial<Record<keyof typeof upsMetrics, number | undefined>> {
  if (state === undefined || state === 'unknown') return {}
  if (state === 'silent') return { ups_present: 0 }
  const {
    onMains,
    batteryLow,
    fault,
    bypass,
    loadPercent,
    inputVolt,
    outputVolt,
    batteryVolt,
    frequencyHz,
    temperatureC,
  } = state
  return {
    ups_present: 1,
    ups_on_mains: Number(onMains),
    ups_battery_low: Number(batteryLow),
    ups_fault: Number(fault),
    ups_bypass: Number(bypass),
    ups_load_ratio: loadPercent === null ? undefined : loadPercent / 100,
    ups_input_volts: inputVolt ?? undefined,
    ups_output_volts: outputVolt ?? undefined,
    ups_battery_volts: batteryVolt ?? undefined,
    ups_frequency_hertz: frequencyHz ?? undefined,
    ups_temperature_celsius: temperatureC ?? undefined,
  }
}
