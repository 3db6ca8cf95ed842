// What a token signs begins with a line that says what it is, so that one kind of statement can never pass for another.
// seal.ts wraps root statements; exchange/directory/directory wraps directories and descriptors, src/doctor.ts the self-test; cms.ts signs the whole.
import { TramError, type Verdict } from '../base/errors.ts'

export type SignedContentName = 'root' | 'directory' | 'descriptor' | 'selftest'

const prefixes: Record<SignedContentName, Uint8Array> = {
  root: Buffer.from('TRAM-ROOT-1\n'),
  directory: Buffer.from('TRAM-DIRECTORY-1\n'),
  descriptor: Buffer.from('TRAM-DESCRIPTOR-1\n'),
  // Says nothing: that a token can sign is seen from it, once.
  selftest: Buffer.from('TRAM-SELFTEST-1\n'),
}

/** `TRAM-<NAME>-1\n` followed by `bytes`. */
export function wrapSignedContent(name: SignedContentName, bytes: Uint8Array): Uint8Array {
  return Buffer.concat([prefixes[name], bytes])
}

/** The bytes behind the line of `name` (a view), or SEAL_INVALID when `content` begins otherwise. */
export function unwrapSignedContent(name: SignedContentName, content: Uint8Array): Verdict<Uint8Array> {
  const prefix = prefixes[name]
  if (content.length < prefix.length || Buffer.compare(content.subarray(0, prefix.length), prefix) !== 0) {
    return { ok: false, reason: new TramError('SEAL_INVALID', { detail: `the signed content is no ${name}` }) }
  }
  return { ok: true, value: content.subarray(prefix.length) }
}
