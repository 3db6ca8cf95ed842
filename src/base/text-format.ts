// Times, durations, sizes and tables for people. Vietnam's clock, whatever the machine's zone.
// Used by every surface that prints: command line, doctor, console.

export type Language = 'vi' | 'en'

/** The same text in both languages. */
export interface Text {
  vi: string
  en: string
}

const zoneMs = 7 * 3_600_000

/** `21/11/2026 08:15:02.123` in Vietnam (UTC+7 all year). */
export function vietnamTime(ms: number, withMs = false): string {
  const [date = '', time = ''] = new Date(ms + zoneMs).toISOString().split('T')
  const [year, month, day] = date.split('-')
  return `${day}/${month}/${year} ${time.slice(0, withMs ? 12 : 8)}`
}

/** `850 ms`, `2.4 s`, `3 min 5 s`, `2 h 10 min`, `4 d 3 h`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`
  if (ms < 60_000) return `${(Math.floor(ms / 100) / 10).toFixed(1)} s`
  const units: [name: string, ms: number][] = [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['min', 60_000],
    ['s', 1000],
  ]
  const first = units.findIndex(([, size]) => ms >= size)
  let rest = ms
  const parts = units.slice(first, first + 2).map(([name, size]) => {
    const amount = Math.floor(rest / size)
    rest -= amount * size
    return amount === 0 ? '' : `${amount} ${name}`
  })
  return parts.filter((part) => part !== '').join(' ')
}

/** `512 B`, `1.5 MiB`. */
export function byteSize(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let value = bytes
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit += 1
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`
}

/** Text from elsewhere on one line and without control characters, so that it cannot pose as output of ours. */
export function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is taken out
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]+/g, ' ')
}

/** Rows in columns, two spaces apart; the last column runs on. */
export function columns(rows: readonly (readonly string[])[]): string {
  const clean = rows.map((row) => row.map(oneLine))
  const widths: number[] = []
  for (const row of clean) {
    for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, width(cell))
  }
  return clean
    .map((row) =>
      row
        .map((cell, at) => (at === row.length - 1 ? cell : cell + ' '.repeat((widths[at] ?? 0) - width(cell))))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** Vietnamese letters may come as a letter and marks: the marks take no room. */
const width = (text: string): number => [...text.normalize('NFC').replace(/\p{M}/gu, '')].length
