// Metrics of the box: each reading of equipment/host under its name for the outside, in base units. metrics.ts composes.
import type { BoxReadings } from '../../equipment/host/box-readings.ts'
import type { Metric } from './metric.ts'

interface BoxMetric extends Metric {
  reading: keyof BoxReadings
  /** Outside = reading × factor (default 1). */
  factor?: number
}

const percent = 0.01
const ms = 0.001

export const boxMetrics = {
  box_uptime_seconds: {
    reading: 'uptimeSeconds',
    kind: 'gauge',
    vi: 'Thời gian máy chạy',
    en: 'Time since the machine booted',
  },
  box_temperature_celsius: {
    reading: 'temperatureCelsius',
    kind: 'gauge',
    vi: 'Nhiệt độ bộ xử lý',
    en: 'Temperature of the processor',
  },
  box_undervoltage: {
    reading: 'undervoltage',
    kind: 'gauge',
    isFlag: true,
    vi: 'Nguồn yếu',
    en: 'The supply is too weak now',
  },
  box_throttled: {
    reading: 'throttled',
    kind: 'gauge',
    isFlag: true,
    vi: 'Bộ xử lý bị hạ tốc',
    en: 'The processor is held back now',
  },
  box_undervoltage_since_boot: {
    reading: 'undervoltageSinceBoot',
    kind: 'gauge',
    isFlag: true,
    vi: 'Đã có lần nguồn yếu từ khi bật máy',
    en: 'The supply was too weak since boot',
  },
  box_throttled_since_boot: {
    reading: 'throttledSinceBoot',
    kind: 'gauge',
    isFlag: true,
    vi: 'Đã có lần bị hạ tốc từ khi bật máy',
    en: 'The processor was held back since boot',
  },
  box_memory_total_bytes: { reading: 'memoryTotalBytes', kind: 'gauge', vi: 'Bộ nhớ', en: 'Memory' },
  box_memory_available_bytes: {
    reading: 'memoryAvailableBytes',
    kind: 'gauge',
    vi: 'Bộ nhớ còn dùng được',
    en: 'Memory available',
  },
  box_swap_total_bytes: { reading: 'swapTotalBytes', kind: 'gauge', vi: 'Bộ nhớ tráo đổi', en: 'Swap' },
  box_swap_used_bytes: { reading: 'swapUsedBytes', kind: 'gauge', vi: 'Bộ nhớ tráo đổi đã dùng', en: 'Swap in use' },
  box_oom_kills_total: {
    reading: 'oomKillsSinceBoot',
    kind: 'counter',
    vi: 'Tiến trình bị hệ điều hành dừng vì thiếu bộ nhớ',
    en: 'Processes killed for want of memory, since boot',
  },
  station_oom_kills_total: {
    reading: 'stationOomKills',
    kind: 'counter',
    vi: 'Tiến trình của trạm bị dừng vì thiếu bộ nhớ',
    en: "Processes killed for want of memory in the station's control group",
  },
  box_cpu_pressure_ratio: {
    reading: 'cpuPressurePercent',
    factor: percent,
    kind: 'gauge',
    vi: 'Áp lực bộ xử lý (PSI)',
    en: 'Share of the last minute in which something waited for the processor',
  },
  box_memory_pressure_ratio: {
    reading: 'memoryPressurePercent',
    factor: percent,
    kind: 'gauge',
    vi: 'Áp lực bộ nhớ (PSI)',
    en: 'Share of the last minute in which something waited for memory',
  },
  box_io_pressure_ratio: {
    reading: 'ioPressurePercent',
    factor: percent,
    kind: 'gauge',
    vi: 'Áp lực vào ra (PSI)',
    en: 'Share of the last minute in which something waited for a disk',
  },
  box_disk_total_bytes: {
    reading: 'diskTotalBytes',
    kind: 'gauge',
    vi: 'Dung lượng hệ tệp dữ liệu',
    en: 'Size of the file system of the data folder',
  },
  box_disk_free_bytes: {
    reading: 'diskFreeBytes',
    kind: 'gauge',
    vi: 'Chỗ trống của hệ tệp dữ liệu',
    en: 'Free space of the file system of the data folder',
  },
  box_inodes: {
    reading: 'inodesTotal',
    kind: 'gauge',
    vi: 'Số inode',
    en: 'Inodes of the file system of the data folder',
  },
  box_inodes_free: { reading: 'inodesFree', kind: 'gauge', vi: 'Số inode còn trống', en: 'Free inodes' },
  box_disk_read_only: {
    reading: 'diskReadOnly',
    kind: 'gauge',
    isFlag: true,
    vi: 'Hệ tệp chỉ đọc',
    en: 'The file system is read-only',
  },
  box_disk_errors: {
    reading: 'diskErrors',
    kind: 'gauge',
    vi: 'Lỗi hệ tệp ext4 đã ghi nhận',
    en: 'Errors noted by ext4',
  },
  box_disk_written_bytes_total: {
    reading: 'diskWrittenBytesSinceBoot',
    kind: 'counter',
    vi: 'Đã ghi lên ổ từ khi bật máy',
    en: 'Written to the disk since boot',
  },
  box_disk_wear_ratio: {
    reading: 'diskWearPercent',
    factor: percent,
    kind: 'gauge',
    vi: 'Mức hao mòn eMMC',
    en: 'Used part of the rated life of the eMMC',
  },
  box_disk_reserve_level: {
    reading: 'diskReserveLevel',
    kind: 'gauge',
    vi: 'Khối dự phòng eMMC: 1 tốt, 2 đã dùng 80%, 3 đã dùng 90%',
    en: 'Reserve blocks of the eMMC: 1 normal, 2 80 % used, 3 90 % used',
  },
  box_clock_synchronised: {
    reading: 'clockSynchronised',
    kind: 'gauge',
    isFlag: true,
    vi: 'Đồng hồ đã đồng bộ',
    en: 'chrony says that the clock is synchronised',
  },
  box_clock_offset_seconds: {
    reading: 'clockOffsetMs',
    factor: ms,
    kind: 'gauge',
    vi: 'Độ lệch đồng hồ',
    en: 'Offset of the clock',
  },
  box_clock_error_seconds: {
    reading: 'clockErrorMs',
    factor: ms,
    kind: 'gauge',
    vi: 'Độ lệch đồng hồ tối đa',
    en: 'How far the clock may be off at most',
  },
  box_clock_stratum: { reading: 'clockStratum', kind: 'gauge', vi: 'Tầng NTP', en: 'NTP stratum' },
  box_links_up: {
    reading: 'linksUp',
    kind: 'gauge',
    vi: 'Cổng mạng đang có tín hiệu',
    en: 'Network interfaces with a carrier',
  },
  box_links: { reading: 'linksTotal', kind: 'gauge', vi: 'Số cổng mạng', en: 'Network interfaces' },
  box_link_changes_total: {
    reading: 'linkChangesSinceBoot',
    kind: 'counter',
    vi: 'Số lần cổng mạng mất hoặc có lại tín hiệu',
    en: 'Times that an interface gained or lost its carrier',
  },
  box_watchdog_reset: {
    reading: 'watchdogReset',
    kind: 'gauge',
    isFlag: true,
    vi: 'Lần khởi động này do watchdog',
    en: 'The watchdog has reset the machine',
  },
  box_power_on_boot: {
    reading: 'poweredOn',
    kind: 'gauge',
    isFlag: true,
    vi: 'Lần khởi động này sau khi mất điện',
    en: 'The power had been off before this boot',
  },
  station_event_loop_p99_seconds: {
    reading: 'eventLoopP99Ms',
    factor: ms,
    kind: 'gauge',
    vi: 'Độ trễ vòng lặp, phân vị 99',
    en: 'Lateness of the event loop, 99th percentile',
  },
  station_rss_bytes: {
    reading: 'stationRssBytes',
    kind: 'gauge',
    vi: 'Bộ nhớ thường trú của trạm',
    en: 'Resident memory of the station',
  },
  station_pss_bytes: {
    reading: 'stationPssBytes',
    kind: 'gauge',
    vi: 'Bộ nhớ theo tỷ lệ của trạm',
    en: 'Proportional memory of the station',
  },
  signer_rss_bytes: {
    reading: 'signerRssBytes',
    kind: 'gauge',
    vi: 'Bộ nhớ thường trú của chương trình ký',
    en: 'Resident memory of the signer',
  },
  signer_pss_bytes: {
    reading: 'signerPssBytes',
    kind: 'gauge',
    vi: 'Bộ nhớ theo tỷ lệ của chương trình ký',
    en: 'Proportional memory of the signer',
  },
  station_cpu_ratio: {
    reading: 'stationCpuPercent',
    factor: percent,
    kind: 'gauge',
    vi: 'Mức dùng bộ xử lý của trạm (1 = một nhân)',
    en: 'Processor use of the station; 1 is one core',
  },
} as const satisfies Readonly<Record<string, BoxMetric>>

/** The readings under their names for the outside. */
export function boxValues(readings: BoxReadings): Partial<Record<keyof typeof boxMetrics, number>> {
  const entries = Object.entries(boxMetrics as Readonly<Record<string, BoxMetric>>)
  return Object.fromEntries(
    entries.flatMap(([name, { reading, factor = 1 }]) => {
      const value = readings[reading]
      return value === undefined ? [] : [[name, Number(value) * factor]]
    }),
  )
}
