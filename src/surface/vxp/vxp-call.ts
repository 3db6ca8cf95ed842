// One verified call of a VXP operation: what vxp-server.ts hands to the handlers of vxp-operations.ts.
import type { Desk } from '../../exchange/desk.ts'
import type { RequestBody } from './vxp-body.ts'
import type { PageMarks } from './vxp-page-marks.ts'
import type { VxpReply } from './vxp-reply.ts'
import type { VxpRequest } from './vxp-request.ts'

export interface VxpCall extends VxpRequest {
  body: RequestBody
  /** Whether a body that no signed header binds may be believed: nobody between the backend and us could have changed it. */
  isBodyTrusted: boolean
  /** Every Content-Type header that was sent: kits send their own beside the form's. */
  contentTypes: readonly string[]
  reply: VxpReply
  pages: PageMarks
  desk: Desk
  nowMs: number
  /** Aborts when the server stops and cannot wait any longer. */
  signal: AbortSignal
}
