// Which offices a lab has: the three of the demonstration, then more from the real list of level-1 agencies. The rest of
// the list stands in the lab's directory without a station, as it would in the real one.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import type { AgencyEntry } from '../src/document/schema/directory.ts'
import type { LabStationWish } from './lab-keys.ts'

interface ListedAgency {
  code: string
  name: string
  /** yyyy-mm-dd */
  validFrom: string
  /** yyyy-mm-dd; '' = open. */
  validTo: string
}

const listFile = join(import.meta.dirname, '../docs/reference/agencies-level1.csv')
/** The sender of the circular, then who gets it when nothing else is asked for. */
const firstCodes = ['G22', 'H41', 'H14']
/** Numbers in the VXP lists of agencies without a station start here, behind those of the stations. */
const firstOtherId = 1001

/** The lab's stations, and what else its directory lists. */
export interface LabOffices {
  wishes: LabStationWish[]
  otherAgencies: AgencyEntry[]
}

/**
 * The first `count` offices of the list that are open at `nowMs`, those of the demonstration in front.
 * @throws RangeError when the list has fewer
 */
export async function labOffices(count: number, nowMs: number): Promise<LabOffices> {
  const rows: string[][] = parse(await readFile(listFile), { bom: true, from_line: 2, skip_empty_lines: true })
  const listed = rows.map(([code = '', name = '', validFrom = '', validTo = '']) => ({
    code,
    name,
    validFrom,
    validTo,
  }))
  const today = new Date(nowMs).toISOString().slice(0, 10)
  const open = listed.filter((one) => one.validFrom <= today && (one.validTo === '' || one.validTo > today))
  const rank = ({ code }: ListedAgency): number =>
    firstCodes.includes(code) ? firstCodes.indexOf(code) : firstCodes.length
  const ordered = open.toSorted((left, right) => rank(left) - rank(right))
  if (count > ordered.length) throw new RangeError(`the list has ${ordered.length} open agencies, not ${count}`)
  const wished = ordered.slice(0, count)
  const others = listed.filter((one) => !wished.some(({ code }) => code === one.code))
  return {
    wishes: wished.map(({ code, name }) => ({ id: code.toLowerCase(), name, agencyCodes: [code] })),
    otherAgencies: others.map((one, at) => withoutStation(one, firstOtherId + at)),
  }
}

function withoutStation({ code, name, validFrom, validTo }: ListedAgency, id: number): AgencyEntry {
  const dayMs = (text: string): number => (text === '' ? 0 : Date.parse(`${text}T00:00:00+07:00`))
  return {
    code,
    code102: `000.00.00.${code}`,
    name,
    mail: `vanthu@${code.toLowerCase()}.example.vn`,
    parent: '',
    station: '',
    validity: { from: dayMs(validFrom), until: dayMs(validTo) },
    successor: '',
    id,
    pid: 0,
    level: 1,
    mobile: '',
    fax: '',
    modified: 1,
  }
}
