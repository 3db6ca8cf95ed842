// The certificates that a site has installed, read from the PEM files that tram.toml names. Used by both composition roots.
import { readFile } from 'node:fs/promises'
import { TramError } from './base/errors.ts'
import { certificatesFromPem } from './document/certificate.ts'
import type { Trust } from './document/certificate-path.ts'
import type { DirectoryTrust } from './document/directory-file.ts'
import { hex, sha256 } from './document/document-id.ts'
import type { TrustOptions } from './exchange/exchange-options.ts'

/** Whom the station believes: about seals, and about the directory. */
export interface SiteTrust {
  seals: Trust
  directory: DirectoryTrust
}

/** DER of every certificate in PEM files, in order. @throws TramError CERTIFICATE_UNUSABLE naming the file */
export async function readCertificates(files: readonly string[]): Promise<Uint8Array[]> {
  const found: Uint8Array[] = []
  for (const file of files) {
    let pem: string
    try {
      pem = await readFile(file, 'utf8')
    } catch (error) {
      const detail = `the file cannot be read: ${error instanceof Error ? error.message : String(error)}`
      throw new TramError('CERTIFICATE_UNUSABLE', { subject: file, detail }, { cause: error })
    }
    const certificates = certificatesFromPem(pem)
    if (certificates.length === 0)
      throw new TramError('CERTIFICATE_UNUSABLE', { subject: file, detail: 'no certificate in the file' })
    found.push(...certificates)
  }
  return found
}

/** Reads what `[trust]` names. @throws TramError CERTIFICATE_UNUSABLE */
export async function readTrust(options: TrustOptions): Promise<SiteTrust> {
  const anchors = await readCertificates(options.anchors)
  const intermediates = await readCertificates(options.intermediates)
  const authority = await readCertificates(options.authority_certificates)
  const authorityAnchors =
    options.authority_anchors === undefined ? anchors : await readCertificates(options.authority_anchors)
  const authorityFingerprints = new Set(authority.map((certificate) => hex(sha256(certificate))))
  return {
    seals: { anchors, intermediates },
    directory: { anchors: authorityAnchors, intermediates, authorityFingerprints },
  }
}
