// Who gets a packet: codes of the packet and of the request, through the directory. Used by intake; reception asks the same
// questions the other way round.
import { TramError } from '../base/errors.ts'
import { documentReference } from '../document/document-id.ts'
import type { PacketSummary } from '../document/edxml/packet-summary.ts'
import type { AgencyEntry } from '../document/schema/directory.ts'
import type { Directory } from './directory/directory.ts'
import type { References } from './references.ts'

/** The number and notation as clerks write them: `7816/VPCP-TTĐT`. */
export function notationOf(summary: PacketSummary): string {
  return `${summary.codeNumber}/${summary.codeNotation}`
}

/**
 * Resolves codes to open agencies that a station serves; each once, in order.
 * @throws TramError RECIPIENT_UNKNOWN naming every code that does not resolve: nothing is accepted then
 */
export async function resolveRecipients(codes: readonly string[], directory: Directory): Promise<AgencyEntry[]> {
  const found = new Map<string, AgencyEntry>()
  const unknown: string[] = []
  for (const code of codes) {
    const resolved = await directory.resolve(code)
    if (resolved.ok && resolved.value.station !== '') found.set(resolved.value.code, resolved.value)
    else unknown.push(code)
  }
  if (unknown.length > 0) throw new TramError('RECIPIENT_UNKNOWN', { codes: unknown.slice(0, 50).join(', ') })
  return [...found.values()]
}

/**
 * The recipients of a document: every To, narrowed by the request's own list.
 * @throws TramError REQUEST_INVALID when the list names an agency that the packet does not; RECIPIENT_UNKNOWN
 */
export async function documentRecipients(
  summary: PacketSummary,
  narrowedTo: readonly string[] | null,
  directory: Directory,
): Promise<AgencyEntry[]> {
  const named = summary.to.map((party) => party.organId)
  if (narrowedTo === null) return resolveRecipients(named, directory)
  const chosen = await resolveRecipients(narrowedTo, directory)
  const inPacket = new Set<string>()
  for (const code of named) {
    const resolved = await directory.resolve(code)
    if (resolved.ok) inPacket.add(resolved.value.code)
  }
  const strangers = chosen.filter((agency) => !inPacket.has(agency.code))
  if (strangers.length > 0) {
    const codes = strangers.map((agency) => agency.code).join(', ')
    throw new TramError('REQUEST_INVALID', { field: 'to', detail: `the packet does not name ${codes}` })
  }
  return chosen
}

/**
 * Where a status packet goes: the signed `to`; else, if we hold the answered document, where it came from (13 `lấy lại`: to
 * whom we sent it); else ResponseFor. Never to the sender itself because ResponseFor names it.
 * @throws TramError RECIPIENT_UNKNOWN
 */
export async function statusRecipients(
  summary: PacketSummary,
  signedTo: readonly string[] | null,
  senderAgency: string,
  directory: Directory,
  references: References,
): Promise<AgencyEntry[]> {
  if (signedTo !== null) return resolveRecipients(signedTo, directory)
  const codes = new Set<string>()
  for (const answered of summary.responseFor) {
    const issuer = await directory.resolve(answered.organId)
    const issuerCode = issuer.ok ? issuer.value.code : answered.organId
    const reference = documentReference(issuerCode, answered.code, answered.promulgationDate)
    const known =
      summary.statusCode === '13' ? await references.recipientsOf(reference) : await references.sendersOf(reference)
    for (const code of known.length > 0 ? known : [answered.organId]) codes.add(code)
  }
  const recipients = await resolveRecipients([...codes], directory)
  const others = recipients.filter((agency) => agency.code !== senderAgency)
  if (others.length === 0) {
    throw new TramError('RECIPIENT_UNKNOWN', {
      codes: summary.responseFor.map((answered) => answered.organId).join(', '),
    })
  }
  return others
}
