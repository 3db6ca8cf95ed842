// The directory as VXP lists: three views of the same entries, streamed, since the real one has over 120,000 units.
import { TramError } from '../../base/errors.ts'
import type { AgencyEntry } from '../../document/schema/directory.ts'
import type { VxpCall } from './vxp-call.ts'
import { agencyQd20Row, agencyRow, isClosed, unitRow } from './vxp-rows.ts'

/** Every agency that is open. */
export async function getAgenciesList(call: VxpCall): Promise<void> {
  await call.reply.list(rowsOf(call, (agency) => !isClosed(agency, call.nowMs), agencyRow))
}

/** Every agency that is open, of one level when `level` is given. */
export async function getAgenciesListQD20(call: VxpCall): Promise<void> {
  const text = call.parameters.find('level')
  if (text !== undefined && !/^\d{1,9}$/.test(text))
    throw new TramError('REQUEST_INVALID', { field: 'level', detail: 'phải là số nguyên không âm' })
  const level = text === undefined ? null : Number(text)
  const isWanted = (agency: AgencyEntry): boolean =>
    !isClosed(agency, call.nowMs) && (level === null || agency.level === level)
  await call.reply.list(rowsOf(call, isWanted, agencyQd20Row))
}

/**
 * Every entry, closed ones marked `deleted`; with `version` only those that changed after that directory version.
 * A `version` that is no number is the kit's own version header, signed: then all.
 */
export async function getSynchronizeUnit(call: VxpCall): Promise<void> {
  const text = call.parameters.find('version')
  const since = text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : 0
  const isWanted = (agency: AgencyEntry): boolean => since === 0 || agency.modified > since
  await call.reply.list(rowsOf(call, isWanted, (agency) => unitRow(agency, call.nowMs)))
}

async function* rowsOf(
  call: VxpCall,
  isWanted: (agency: AgencyEntry) => boolean,
  row: (agency: AgencyEntry) => Record<string, string>,
): AsyncGenerator<Record<string, string>> {
  for await (const agency of call.desk.agencies()) if (isWanted(agency)) yield row(agency)
}
