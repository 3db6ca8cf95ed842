// Certificates by themselves, and PEM around them: what we read of one is what OpenSSL reads of it.
import { X509Certificate } from 'node:crypto'
import { certificatesFromPem, parseCertificate } from '../../../src/document/certificate.ts'
import { toPem } from '../../fixtures/pki/test-pki.ts'
import { corpus } from '../corpus.ts'
import { derMutators } from '../format-mutators.ts'
import { FuzzComplaint, type FuzzTarget, outcomeOf } from '../fuzz-target.ts'

const names = [
  'anchor',
  'intermediate',
  'authority',
  'foreign',
  'certificate-rsa-pss-sha256',
  'certificate-ecdsa-p384-sha384',
]

export const target: FuzzTarget = {
  name: 'certificate',
  runsInTest: 1500,
  open: async () => ({
    seeds: names.map((name) => corpus(`${name}.der`)),
    mutators: derMutators,
    async check(input, random) {
      const pem = toPem(input)
      await outcomeOf(() => certificatesFromPem(random() < 0.5 ? pem : pem.slice(0, Math.floor(random() * pem.length))))
      const { serialNumber, notAfterMs } = parseCertificate(input)
      let other: X509Certificate
      try {
        other = new X509Certificate(input)
      } catch {
        // OpenSSL is stricter about what we do not look at, such as a key of a kind that we refuse later.
        return
      }
      const serial = Buffer.from(serialNumber)
        .toString('hex')
        .replace(/^(00)+(?=..)/, '')
      if (serial !== other.serialNumber.toLowerCase().replace(/^-/, '') && ((serialNumber[0] ?? 0) & 0x80) === 0)
        throw new FuzzComplaint(`serial number ${serial}, by OpenSSL ${other.serialNumber}`)
      if (notAfterMs !== other.validToDate.getTime())
        throw new FuzzComplaint(`valid to ${notAfterMs}, by OpenSSL ${other.validTo}`)
    },
  }),
}
