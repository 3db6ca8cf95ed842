// registerAgency and deleteAgency: what a backend wants changed in the directory is kept for the authority, which alone can
// sign it. Answered OK as soon as the wish is durable, or when the directory says it already. Next: exchange/directory/directory-requests.
import { TramError } from '../../base/errors.ts'
import type { AgencyChange } from '../../document/agency-change.ts'
import type { AgencyChangeOutcome } from '../../exchange/desk.ts'
import { okAnswer, successText } from './vxp-answers.ts'
import type { VxpCall } from './vxp-call.ts'

const noParticulars = { parent: '', name: '', mail: '', mobile: '', fax: '' }

/**
 * A new agency, or new particulars of a known one, from the JSON body. Nothing binds that body to the signed headers, so it
 * counts only over HTTPS, from loopback, or from an address that the configuration names for it.
 */
export async function registerAgency(call: VxpCall): Promise<void> {
  if (!call.isBodyTrusted)
    throw new TramError('CREDENTIALS_REFUSED', {
      systemid: call.backend.systemid,
      detail: 'registerAgency chỉ nhận qua HTTPS, từ chính máy trạm hoặc từ địa chỉ khai trong register_addresses',
    })
  const fields = await jsonOf(call)
  const textOf = (name: string): string => {
    // Kits send numbers, texts and nulls. Attacker-controlled.
    const value = fields[name]
    if (value === undefined || value === null) return ''
    if (typeof value === 'string' || typeof value === 'number') return String(value)
    throw new TramError('REQUEST_INVALID', { field: name, detail: 'phải là chuỗi' })
  }
  // `id` is the backend's own number for the agency: the directory gives its own.
  const particulars = { parent: textOf('pcode'), name: textOf('name'), mail: textOf('mail') }
  const numbers = { mobile: textOf('mobile'), fax: textOf('fax') }
  await answer(call, { kind: 'register', code: textOf('code'), ...particulars, ...numbers })
}

/** An agency that shall take part no more. The code must be signed. */
export async function deleteAgency(call: VxpCall): Promise<void> {
  await answer(call, { kind: 'delete', code: call.parameters.require('AgencyCode'), ...noParticulars })
}

async function answer(call: VxpCall, change: AgencyChange): Promise<void> {
  const outcome = await call.desk.changeAgency(call.backend, change)
  await call.reply.json(okAnswer({ ErrorDesc: descriptionOf(outcome) }))
}

function descriptionOf({ requestId, state }: AgencyChangeOutcome): string {
  if (state === 'in-force') return successText
  const sent = state === 'exported' ? ', đã chuyển cơ quan quản lý danh bạ' : ''
  return `${successText}: đã ghi nhận yêu cầu ${requestId}${sent}, có hiệu lực khi danh bạ mới được ký`
}

/** The body as a JSON object; vxp-body.ts has bounded it. */
async function jsonOf(call: VxpCall): Promise<Readonly<Record<string, unknown>>> {
  const pieces: Uint8Array[] = []
  for await (const piece of call.body) pieces.push(piece)
  let parsed: unknown
  try {
    parsed = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(pieces)))
  } catch (cause) {
    throw new TramError('REQUEST_INVALID', { field: 'body', detail: 'phải là JSON (UTF-8)' }, { cause })
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw new TramError('REQUEST_INVALID', { field: 'body', detail: 'phải là đối tượng JSON' })
  return parsed as Record<string, unknown>
}
