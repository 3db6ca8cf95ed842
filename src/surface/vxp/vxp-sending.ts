// sendEdoc: the body goes straight through to the desk; hash-file binds it to the signed headers.
import { TramError } from '../../base/errors.ts'
import { okAnswer } from './vxp-answers.ts'
import type { VxpCall } from './vxp-call.ts'
import { isHashFile, isHashFileOf } from './vxp-hash-file.ts'
import { kindOf } from './vxp-kind.ts'
import { fileDocOf, formTypeOf } from './vxp-multipart.ts'

const maxRecipients = 20_000
const maxCodeLength = 64

/** Hands the packet to the desk and answers its DocId. A repeat is executed again and answered the same. */
export async function sendEdoc(call: VxpCall): Promise<void> {
  const { parameters, body, backend } = call
  const announced = parameters.require('hash-file')
  if (!isHashFile(announced)) throw invalid('hash-file', 'phải là SHA-256 dạng hex')
  const formType = formTypeOf(call.contentTypes)
  const result = await call.desk.submit(
    {
      backend,
      from: parameters.require('from'),
      kind: kindOf(parameters),
      to: recipientsOf(parameters.find('to')),
      declaredBytes: formType === undefined ? body.declaredBytes : null,
      body: formType === undefined ? body : fileDocOf(body, formType),
      acceptsDigest: (digest) => isHashFileOf(digest, announced),
      // The wire cannot say it: the desk decides by the time since the first submission.
      resend: false,
    },
    call.signal,
  )
  await call.reply.json(okAnswer({ DocId: result.docId }))
}

/**
 * The codes of `to`, a JSON array as text; null when absent or empty.
 * @throws TramError REQUEST_INVALID
 */
export function recipientsOf(text: string | undefined): string[] | null {
  if (text === undefined) return null
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch (cause) {
    throw invalid('to', 'phải là mảng JSON các mã đơn vị', cause)
  }
  if (!Array.isArray(parsed)) throw invalid('to', 'phải là mảng JSON các mã đơn vị')
  if (parsed.length > maxRecipients) throw invalid('to', `nhiều hơn ${maxRecipients} mã`)
  const codes = new Set<string>()
  for (const code of parsed) {
    if (typeof code !== 'string' || code.trim() === '' || code.length > maxCodeLength)
      throw invalid('to', `mã đơn vị phải là chuỗi từ 1 đến ${maxCodeLength} ký tự`)
    codes.add(code.trim())
  }
  return codes.size > 0 ? [...codes] : null
}

function invalid(field: string, detail: string, cause?: unknown): TramError {
  return new TramError('REQUEST_INVALID', { field, detail }, { cause })
}
