// Checks of the doctor: the token's library, the token, and the certificate that it seals with. No PIN is ever tried.

import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { TramError } from '../../base/errors.ts'
import { type Certificate, parseCertificate } from '../../document/certificate.ts'
import { verifyCertificatePath } from '../../document/certificate-path.ts'
import { tokenTrouble } from '../../equipment/token/token-trouble.ts'
import { certificateConditions, tokenConditions } from '../../exchange/health/station-conditions.ts'
import { readStart } from './bounded-file.ts'
import { absent, type Finding, pass, trouble, troublesOr } from './doctor-report.ts'
import type { Check } from './doctor-site.ts'

const dayMs = 86_400_000

const elfMachines: Readonly<Record<string, number>> = { x64: 62, arm64: 183, arm: 40, riscv64: 243 }

export const moduleCheck: Check = async (site) => {
  const { module: file } = (await site.config()).token
  const unusable = (detail: string, cause?: unknown): TramError =>
    new TramError('TOKEN_MODULE_UNUSABLE', { file, detail }, { cause })
  let head: Buffer
  try {
    await stat(file)
    await access(file, constants.R_OK)
    head = await readStart(file, 20)
  } catch (error) {
    throw unusable(error instanceof Error ? error.message : String(error), error)
  }
  if (head.length < 20 || head.readUInt32BE(0) !== 0x7f454c46) throw unusable('it is no shared library (ELF)')
  const wanted = elfMachines[process.arch]
  // e_machine, in the byte order that byte 5 tells.
  const machine = head[5] === 2 ? head.readUInt16BE(18) : head.readUInt16LE(18)
  if (wanted !== undefined && machine !== wanted)
    throw unusable(`it is for another kind of machine than ${process.arch}`)
  return [pass(file, file)]
}

export const tokenCheck: Check = async (site) => {
  const { token } = await site.config()
  const { description, isSignerRunning } = await site.token()
  const { state, label, serial, scheme, certificate, pinCountLow, pinFinalTry } = description
  const name = `${label} (${serial})`
  if (!isSignerRunning && state === 'needs-pin') {
    // The station will not try one.
    if (pinFinalTry || pinCountLow) {
      const reason = pinFinalTry ? 'CKF_USER_PIN_FINAL_TRY' : 'CKF_USER_PIN_COUNT_LOW'
      return [trouble(new TramError('TOKEN_PIN_LATCHED', { token: label, reason }))]
    }
    const key = certificate === null ? 'khóa chỉ thấy sau khi nhập PIN' : 'thấy chứng thư'
    const keyEn = certificate === null ? 'its key shows only after the PIN' : 'its certificate shows'
    const next = token.pin_file === undefined ? 'cần nhập PIN sau khi khởi động' : 'PIN lấy từ tệp khi khởi động'
    const nextEn =
      token.pin_file === undefined ? 'a person enters the PIN after the start' : 'the PIN comes from its file'
    return [pass(`${name}: đã cắm, ${key}; ${next}`, `${name}: present, ${keyEn}; ${nextEn}`, { label, serial })]
  }
  const found = tokenTrouble(description)
  // It may sign, and the next wrong PIN may be the last.
  const warnings = tokenConditions(description).map((condition) => trouble(condition))
  if (found !== undefined) return [trouble(found), ...warnings]
  return [pass(`${name}, ${scheme}: sẵn sàng ký`, `${name}, ${scheme}: ready to sign`, { label, serial }), ...warnings]
}

export const certificateCheck: Check = async (site) => {
  const { description } = await site.token()
  if (description.certificate === null)
    return [absent('chưa đọc được khi token chưa đăng nhập', 'not readable while nobody is logged in to the token')]
  const { seals, chain } = await site.trust()
  const path = verifyCertificatePath(description.certificate, chain, seals, site.now())
  if (!path.ok) return [trouble(path.reason)]
  return certificatesFindings([parseCertificate(description.certificate)], site.now())
}

/** Warns of the certificates that end soon; what has ended already refuses its path. */
export function certificatesFindings(certificates: readonly Certificate[], nowMs: number): Finding[] {
  const troubles = certificates.flatMap(({ notAfterMs, subjectText: subject }): TramError[] => {
    if (notAfterMs > nowMs) return certificateConditions(notAfterMs, nowMs)
    const expired = new Date(notAfterMs).toISOString().slice(0, 10)
    return [new TramError('CERTIFICATE_UNUSABLE', { subject, detail: `it expired on ${expired}` })]
  })
  const first = [...certificates].sort((a, b) => a.notAfterMs - b.notAfterMs)[0]
  const days = first === undefined ? 0 : Math.floor((first.notAfterMs - nowMs) / dayMs)
  const subject = first?.subjectText ?? ''
  return troublesOr(troubles, pass(`${subject}: còn ${days} ngày`, `${subject}: ${days} days left`, { subject, days }))
}
