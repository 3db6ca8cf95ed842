// A station's descriptor: what it says of itself, signed by its token, for the authority to put into the directory.
import { TramError, type Verdict } from '../base/errors.ts'
import { isAgencyCode } from './agency-code.ts'
import { type Trust, verifyCertificatePath } from './certificate-path.ts'
import { verifyCms } from './cms.ts'
import { problemInEntry } from './directory-file.ts'
import { hex, sha256 } from './document-id.ts'
import { StationDescriptor } from './schema/directory.ts'
import { unwrapSignedContent } from './signed-content.ts'

export const maxDescriptorBytes = 512 * 1024

const invalid = (detail: string, cause?: unknown): TramError =>
  new TramError('DIRECTORY_INVALID', { detail: `descriptor: ${detail}` }, cause === undefined ? {} : { cause })

/**
 * Verifies a descriptor file (a CMS, attacker-controlled): signed by the very certificate that it lists first, which
 * chains to the authority's anchors at signing time.
 */
export function verifyDescriptor(cms: Uint8Array, trust: Trust): Verdict<StationDescriptor> {
  if (cms.byteLength > maxDescriptorBytes) return { ok: false, reason: invalid(`${cms.byteLength} bytes`) }
  const verified = verifyCms(cms)
  if (!verified.ok) return { ok: false, reason: invalid(verified.reason.message, verified.reason) }
  const { content, certificate, certificates, signingTimeMs } = verified.value
  const unwrapped = unwrapSignedContent('descriptor', content)
  if (!unwrapped.ok) return { ok: false, reason: invalid(unwrapped.reason.message, unwrapped.reason) }
  const path = verifyCertificatePath(certificate, certificates, trust, signingTimeMs)
  if (!path.ok) return { ok: false, reason: invalid(path.reason.message, path.reason) }
  let descriptor: StationDescriptor
  try {
    descriptor = StationDescriptor.decode(unwrapped.value)
  } catch (error) {
    return { ok: false, reason: invalid('not a descriptor', error) }
  }
  const problem = problemIn(descriptor, certificate)
  return problem === undefined ? { ok: true, value: descriptor } : { ok: false, reason: invalid(problem) }
}

function problemIn(descriptor: StationDescriptor, certificate: Uint8Array): string | undefined {
  if (descriptor.format !== 1) return `format ${descriptor.format}`
  const station = descriptor.station
  if (station == null) return 'no station'
  const problem = problemInEntry({ station })
  if (problem !== undefined) return problem
  const listed = station.certificates.map((entry) => hex(entry.sha256))
  if (!listed.includes(hex(sha256(certificate)))) return 'signed by a certificate that it does not list'
  if (!descriptor.agencies.every(isAgencyCode)) return 'agency code'
  return undefined
}
