// Checks of the doctor: the configuration, the programs and the machine beneath, and what the running station says of itself.
import { totalmem } from 'node:os'
import type { renderCondition } from '../../base/conditions/catalogue.ts'
import { TramError } from '../../base/errors.ts'
import { byteSize, vietnamTime } from '../../base/text-format.ts'
import { parseSlot } from '../../equipment/rauc/update-records.ts'
import { readStart } from './bounded-file.ts'
import { type Finding, pass, trouble, troublesOr } from './doctor-report.ts'
import type { Check } from './doctor-site.ts'

const wantedNodeMajor = 24
/** A station has 200 MB at most; below this the system has none to give it. */
const leastAvailableBytes = 100 * 1024 * 1024

export const configurationCheck: Check = async (site) => {
  const { file, station } = await site.config()
  return [pass(`${file}: hợp lệ (${station.name})`, `${file}: valid (${station.name})`, { file })]
}

export const platformCheck: Check = async (site) => {
  const node = process.versions.node
  const availableBytes = parseAvailable((await readStart('/proc/meminfo', 16_384)).toString('latin1'))
  const memory = `${availableBytes === undefined ? '?' : byteSize(availableBytes)} / ${byteSize(totalmem())}`
  const slot = parseSlot((await readStart('/proc/cmdline', 4096)).toString('latin1'))
  const software = slot === undefined ? `tram ${site.version}` : `tram ${site.version} (slot ${slot})`
  const text = `${software}, Node ${node}, ${process.arch}, RAM ${memory}`
  return troublesOr(
    platformTroubles(node, availableBytes),
    pass(text, text, { version: site.version, ...(slot === undefined ? {} : { slot }), node, arch: process.arch }),
  )
}

/** What the machine lacks. @param availableBytes undefined: not known */
export function platformTroubles(node: string, availableBytes: number | undefined): TramError[] {
  const details: string[] = []
  if (Number.parseInt(node, 10) !== wantedNodeMajor) details.push(`Node ${node}, not ${wantedNodeMajor}`)
  if (availableBytes !== undefined && availableBytes < leastAvailableBytes)
    details.push(`${byteSize(availableBytes)} RAM`)
  return details.map((detail) => new TramError('PLATFORM_UNSUITABLE', { detail }))
}

/** Bytes that may still be used, by /proc/meminfo; undefined when it does not say. */
export function parseAvailable(meminfo: string): number | undefined {
  const kibibytes = /^MemAvailable:\s+(\d{1,12}) kB$/m.exec(meminfo)?.[1]
  return kibibytes === undefined ? undefined : Number(kibibytes) * 1024
}

export const stationCheck: Check = async (site) => {
  await site.config()
  const { station, generation, readySince, conditions } = await site.health()
  const since = vietnamTime(readySince)
  const well = pass(
    `${station}, thế hệ ${generation}, chạy từ ${since}`,
    `${station}, generation ${generation}, up since ${since}`,
    { generation },
  )
  return conditions.length === 0 ? [well] : conditions.map(told)
}

/** A condition that the station reports. It has the texts filled in; what they were filled with stays there. */
export function told({ code, vi, en, todoVi, todoEn }: ReturnType<typeof renderCondition>): Finding {
  const { state } = trouble(new TramError(code, {} as never))
  return { state, code, text: { vi, en }, todo: { vi: todoVi, en: todoEn }, data: {} }
}
