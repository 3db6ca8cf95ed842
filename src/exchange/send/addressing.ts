// Which recipients of a submission need a waybill now, and on which turn: new ones, those whose last delivery was refused or
// expired (attempt n+1), and those to whom a delivered document is deliberately sent again. Part of intake.ts.
import type { AgencyEntry } from '../../document/schema/directory.ts'
import { type Addressee, DeliveryState, type DocumentRecord } from '../schema/records.ts'
import type { Outbox } from './outbox.ts'
import { deliveryOutcome } from './sent-register.ts'

/** Recipients that share one waybill. */
export interface WaybillGroup {
  attempt: number
  resend: number
  agencies: AgencyEntry[]
}

/**
 * @param existing the document as it was accepted before, undefined when it is new
 * @param resend what was delivered is to be delivered again
 */
export async function waybillGroups(
  existing: DocumentRecord | undefined,
  recipients: readonly AgencyEntry[],
  resend: boolean,
  outbox: Outbox,
): Promise<WaybillGroup[]> {
  const groups = new Map<string, WaybillGroup>()
  for (const agency of recipients) {
    const addressee = existing?.addressees.find((entry) => entry.agency === agency.code)
    const turn = addressee === undefined ? { attempt: 0, resend: 0 } : await nextTurn(addressee, resend, outbox)
    if (turn === undefined) continue
    const name = `${turn.attempt}/${turn.resend}`
    const group = groups.get(name) ?? { ...turn, agencies: [] }
    group.agencies.push(agency)
    groups.set(name, group)
  }
  return [...groups.values()]
}

async function nextTurn(
  addressee: Addressee,
  resend: boolean,
  outbox: Outbox,
): Promise<{ attempt: number; resend: number } | undefined> {
  const delivery = await outbox.delivery(addressee.waybill, addressee.station)
  if (delivery === undefined) return { attempt: addressee.attempt + 1, resend: addressee.resend }
  const { state } = deliveryOutcome(delivery, addressee.agency)
  if (state === 'refused' || delivery.state === DeliveryState.EXPIRED) {
    return { attempt: addressee.attempt + 1, resend: addressee.resend }
  }
  return resend && state === 'delivered' ? { attempt: addressee.attempt, resend: addressee.resend + 1 } : undefined
}
