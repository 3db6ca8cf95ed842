// Checks 4 and 6 of reception: do the parties of an offer belong where it says, and does the packet say what its waybill says.
// Asked by decision.ts; they read the directory and change nothing.
import type { Clock } from '../../base/clock.ts'
import { TramError } from '../../base/errors.ts'
import { documentId } from '../../document/document-id.ts'
import type { PacketSummary } from '../../document/edxml/packet-summary.ts'
import { type AgencyVerdict, Outcome } from '../../document/receipt.ts'
import { PacketKind } from '../../document/schema/waybill.ts'
import type { Waybill } from '../../document/waybill.ts'
import type { PeerLink } from '../../equipment/link/peer-link.ts'
import type { Directory } from '../directory/directory.ts'

/** An offer whose seal has verified. */
export interface Offered {
  link: PeerLink
  transfer: number
  waybill: Waybill
  /** Hex. */
  waybillDigest: string
  /** The waybill's agencies that the sender believes to be ours, and those that were asked about before. */
  agencies: readonly string[]
  /** Verdicts of an earlier decision that stay, whatever is asked now: what was receipted as stored is stored. */
  storedBefore: readonly AgencyVerdict[]
}

/** An agency that the offer asks about: what it is called there, and who it is today. */
export interface Recipient {
  named: string
  code: string
}

/** The waybill's agencies that we serve, asked about or not, and verdicts on asked ones that we do not. */
export interface Parties {
  ours: Recipient[]
  foreign: AgencyVerdict[]
}

/** The verdict that refuses an agency. */
export function refusedVerdict(agency: string, reason: TramError): AgencyVerdict {
  return { agency, outcome: Outcome.REFUSED, code: reason.code, detail: reason.message.slice(0, 500) }
}

/** The code that an agency has today; the same code when the directory does not know it. */
export async function currentCode(code: string, directory: Directory): Promise<string> {
  const resolved = await directory.resolve(code)
  return resolved.ok ? resolved.value.code : code
}

/**
 * Check 4: the sender agency belongs to the station that sealed (not to the peer that delivers), and which of the asked
 * agencies are ours.
 * @returns the parties, or why the offer is refused for good
 * @throws TramError the same reasons, when our directory may be behind the sender's or our clock is in doubt (the windows of the
 * directory are read by it): to be answered `temporary`; so is a waybill past its notAfter, which only its sender lets expire
 */
export async function checkParties(
  ownStation: string,
  { link, waybill, agencies }: Offered,
  deps: { directory: Directory; clock: Clock; isAskedOf?: (station: string) => boolean },
): Promise<Parties | TramError> {
  const { directory, clock } = deps
  const throwIfLagging = (reason: TramError): void => {
    if (link.remote.directoryVersion > directory.version || clock.doubt !== undefined) throw reason
  }
  const sender = await directory.agency(waybill.senderAgency)
  if (sender?.station !== waybill.station) {
    const reason = new TramError('SENDER_NOT_ALLOWED', { code: waybill.senderAgency, systemid: waybill.station })
    throwIfLagging(reason)
    return reason
  }
  const parties: Parties = { ours: [], foreign: [] }
  // Only the waybill is sealed: an offer that leaves out an agency of ours must not decide without it.
  for (const named of waybill.recipients) {
    const resolved = await directory.resolve(named)
    if (resolved.ok && resolved.value.station === ownStation) {
      parties.ours.push({ named, code: resolved.value.code })
      continue
    }
    if (!agencies.includes(named)) continue
    const reason = new TramError('RECIPIENT_UNKNOWN', { codes: named })
    throwIfLagging(reason)
    parties.foreign.push(refusedVerdict(named, reason))
  }
  if (parties.ours.length === 0) return new TramError('RECIPIENT_UNKNOWN', { codes: agencies.slice(0, 20).join(', ') })
  // A sender lets it expire by its own clock: when it offers it all the same, one of the two clocks is wrong. But what came
  // in time, and was lost here, is not late.
  if (clock.now() > waybill.notAfter && deps.isAskedOf?.(waybill.station) !== true) {
    const document = documentId(waybill.senderAgency, waybill.packetDigest)
    throw new TramError('DELIVERY_EXPIRED', { document, station: ownStation })
  }
  return parties
}

/** Check 6: the packet says what the waybill says. Returns why it is refused for good, undefined when all is well. */
export async function checkContent(
  summary: PacketSummary,
  waybill: Waybill,
  ours: readonly Recipient[],
  directory: Directory,
): Promise<TramError | undefined> {
  const isStatus = waybill.kind === PacketKind.STATUS
  if ((summary.kind === 'status') !== isStatus)
    return new TramError('WAYBILL_INVALID', { detail: `the packet is a ${summary.kind}` })
  const from = await currentCode(summary.from.organId, directory)
  if (from !== (await currentCode(waybill.senderAgency, directory))) {
    return new TramError('SENDER_MISMATCH', { packetCode: summary.from.organId, code: waybill.senderAgency })
  }
  // A status packet has no To: its route is the signed waybill itself.
  if (isStatus) return undefined
  const named = new Set(await Promise.all(summary.to.map((party) => currentCode(party.organId, directory))))
  const strangers = ours.filter(({ code }) => !named.has(code)).map((recipient) => recipient.named)
  return strangers.length === 0 ? undefined : new TramError('RECIPIENT_UNKNOWN', { codes: strangers.join(', ') })
}
