// `servicetype` and `messagetype`: whether a call is about documents or about statuses.
import { TramError } from '../../base/errors.ts'
import type { PacketKindName } from '../../exchange/desk.ts'
import type { VxpParameters } from './vxp-request.ts'

/**
 * `status` in either type makes it a status: kits set only one of them on some calls.
 * @throws TramError REQUEST_INVALID for any other word than edoc and status (case is free)
 */
export function kindOf(parameters: VxpParameters): PacketKindName {
  let kind: PacketKindName = 'document'
  for (const field of ['messagetype', 'servicetype'] as const) {
    const type = parameters.find(field)?.toLowerCase() ?? 'edoc'
    if (type === 'status') kind = 'status'
    else if (type !== 'edoc') throw new TramError('REQUEST_INVALID', { field, detail: 'phải là edoc hoặc status' })
  }
  return kind
}

/** The `serviceType` of list rows: as the caller asked, so that it finds its own word again. */
export function serviceTypeOf(parameters: VxpParameters): string {
  return parameters.find('servicetype')?.toLowerCase() === 'status' ? 'status' : 'eDoc'
}
