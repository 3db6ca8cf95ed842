// From raw headers to verified parameters: the door of the VXP interface. Everything here is attacker-controlled until
// the HMAC has been recomputed; vxp-operations.ts works only with what this file lets through.
//
// What the signature covers: the names and values inside sign-header, nothing else. Parameters are therefore taken only
// from there, and a header that is sent but not signed is ignored: a captured getEdoc does not become updateStatus by
// adding `status: done`.
// What it cannot cover: path, method and (except through hash-file) the body. Whoever captures a request may, within
// the window and from an allowed address, send the same headers to another operation. So any captured request can be
// turned into a reading operation (lists, counts, directory; getEdoc and downloadEdoc of the signed docId); and because
// a kit keeps its earlier headers and signs them again, a getEdoc that follows an updateStatus carries its `status` and
// can be turned into updateStatus of the docId being fetched. The wire gives nothing to tell these from the kit's own
// calls (the same kit sends byte-equal headers for both), so it is not prevented here: HTTPS and address lists are
// the remedy. sendEdoc stays bound by hash-file; a leftover hash-file only re-submits the same bytes.
import { TramError, type Verdict } from '../../base/errors.ts'
import type { Backend } from '../../exchange/desk.ts'
import type { BackendRegister } from './vxp-backends.ts'
import { isSignatureOf, timestampOf } from './vxp-signature.ts'

const prefix = 'xroadvnpt-'

/** A request whose credentials are verified. */
export interface VxpRequest {
  backend: Backend
  parameters: VxpParameters
  /** Whether a body that nothing binds is believed from this address, even without TLS. */
  isAddressTrusted: boolean
}

/** The signed parameters. Names are compared exactly first, then without case. */
export class VxpParameters {
  readonly #values: ReadonlyMap<string, string>

  constructor(values: ReadonlyMap<string, string>) {
    this.#values = values
  }

  /**
   * The value of `name`, undefined when absent or empty.
   * @throws TramError REQUEST_INVALID when only spellings with other case are there and they differ
   */
  find(name: string): string | undefined {
    const exact = this.#values.get(name)
    if (exact !== undefined) return exact === '' ? undefined : exact
    const found = new Set<string>()
    for (const [known, value] of this.#values) if (known.toLowerCase() === name.toLowerCase()) found.add(value)
    if (found.size > 1) throw new TramError('REQUEST_INVALID', { field: name, detail: 'có nhiều giá trị khác nhau' })
    const [value = ''] = found
    return value === '' ? undefined : value
  }

  /** The value of `name`. @throws TramError REQUEST_INVALID when it was not sent or not signed */
  require(name: string): string {
    const value = this.find(name)
    if (value === undefined)
      throw new TramError('REQUEST_INVALID', { field: name, detail: 'thiếu, hoặc không nằm trong sign-header' })
    return value
  }
}

/** What vxp-server.ts knows about a request before anything is verified. */
export interface RawRequest {
  /** Node's rawHeaders: name, value, name, value, … */
  rawHeaders: readonly string[]
  sourceAddress: string
}

/**
 * Checks systemid, HMAC, timestamp and source address, in this order, and gathers the signed parameters.
 * A refusal is CREDENTIALS_REFUSED; before the HMAC has verified, its text does not say which part was wrong.
 * @param windowMs how far the timestamp may be from `nowMs`, each way
 */
export function verifyRequest(
  raw: RawRequest,
  backends: BackendRegister,
  nowMs: number,
  windowMs: number,
): Verdict<VxpRequest> {
  const sent = headersOf(raw.rawHeaders)
  const systemid = sent.get('systemid')?.[0] ?? ''
  const refuse = (detail: string): Verdict<VxpRequest> => ({
    ok: false,
    reason: new TramError('CREDENTIALS_REFUSED', { systemid: printable(systemid), detail }),
  })
  const signHeader = sent.get('sign-header')
  const hashHeader = sent.get('hash-header')
  if (systemid === '' || signHeader?.length !== 1 || hashHeader?.length !== 1)
    return refuse('thiếu (hoặc thừa) một trong các header systemid, sign-header, hash-header')
  const [signText = ''] = signHeader
  const [hashText = ''] = hashHeader
  const known = backends.find(systemid)
  const isSigned = isSignatureOf(known?.secret ?? backends.nobodySecret, signText, hashText)
  if (!known || !isSigned) return refuse('systemid hoặc khóa bí mật không đúng')

  const signed = signedValues(signText, sent)
  if (typeof signed === 'string') return refuse(signed)
  const parameters = new VxpParameters(signed)
  if (signed.get('systemid') !== systemid) return refuse('systemid không nằm trong sign-header')
  const at = timestampOf(signed.get('timestamp') ?? '')
  if (at === null) return refuse('timestamp thiếu trong sign-header hoặc sai dạng')
  if (Math.abs(nowMs - at) > windowMs)
    return refuse(`timestamp lệch quá ${Math.round(windowMs / 3_600_000)} giờ so với đồng hồ của trạm`)
  if (!known.allows(raw.sourceAddress)) return refuse(`địa chỉ nguồn ${printable(raw.sourceAddress)} không được phép`)
  return { ok: true, value: { backend: known.backend, parameters, isAddressTrusted: known.trusts(raw.sourceAddress) } }
}

/** The VXP headers by lower-case name without prefix. A name may come twice: `version` does (signed, and the kit's own). */
function headersOf(rawHeaders: readonly string[]): Map<string, string[]> {
  const headers = new Map<string, string[]>()
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] ?? '').toLowerCase()
    if (!name.startsWith(prefix)) continue
    const short = name.slice(prefix.length)
    const values = headers.get(short)
    if (values) values.push(rawHeaders[index + 1] ?? '')
    else headers.set(short, [rawHeaders[index + 1] ?? ''])
  }
  return headers
}

/** The parameters that sign-header names and the headers repeat; a text says what is wrong with them. */
function signedValues(signText: string, sent: ReadonlyMap<string, readonly string[]>): Map<string, string> | string {
  let parsed: unknown
  try {
    parsed = JSON.parse(signText)
  } catch {
    return 'sign-header không phải JSON'
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    return 'sign-header không phải đối tượng JSON'
  const values = new Map<string, string>()
  for (const [fullName, rawValue] of Object.entries(parsed)) {
    if (!fullName.toLowerCase().startsWith(prefix)) continue
    // A Java null is signed as null and sent as an empty header.
    const value = rawValue === null ? '' : rawValue
    if (typeof value === 'object') return `sign-header: ${printable(fullName)} không phải chuỗi`
    const name = fullName.slice(prefix.length)
    const text = trimmed(String(value))
    if (!sent.get(name.toLowerCase())?.some((header) => isSame(text, header)))
      return `header ${printable(fullName)} khác giá trị trong sign-header`
    values.set(name, text)
  }
  // sign-header-key only repeats the names: one that sign-header lacks means that something was stripped from it.
  const names = (sent.get('sign-header-key') ?? []).flatMap((list) => list.split(';'))
  const known = new Set([...values.keys()].map((name) => name.toLowerCase()))
  const missing = names.find((name) => name.trim() !== '' && !known.has(name.trim().toLowerCase()))
  return missing === undefined ? values : `sign-header thiếu ${printable(missing)} mà sign-header-key nêu`
}

/** HTTP drops the blanks around a header value; JSON keeps them. */
const trimmed = (text: string): string => text.replace(/^[ \t]+|[ \t]+$/g, '')

/** Equal, or equal when the signed text was escaped JSON and the header is its UTF-8 bytes. */
function isSame(signed: string, header: string): boolean {
  return signed === trimmed(header) || Buffer.from(signed, 'utf8').toString('latin1') === trimmed(header)
}

/** Attacker-controlled text, fit for an answer and a log line. */
export function printable(text: string): string {
  return text.replace(/[^\x21-\x7e]/g, '?').slice(0, 64)
}
