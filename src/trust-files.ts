// What a site has installed, as tram.toml names it: certificates in PEM files, and a directory. Used by the composition roots.

import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { asTramError, TramError } from './base/errors.ts'
import { type Logger, logFields } from './base/logger.ts'
import { certificatesFromPem } from './document/certificate.ts'
import type { Trust } from './document/certificate-path.ts'
import type { DirectoryTrust } from './document/directory-file.ts'
import { hex, sha256 } from './document/document-id.ts'
import type { Directory } from './exchange/directory/directory.ts'
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

/** Takes the directory file that the site has installed, if it is newer. A bad one alarms and stops nothing. */
export async function importInstalled(file: string | undefined, directory: Directory, logger: Logger): Promise<void> {
  if (file === undefined) return
  try {
    await directory.import(createReadStream(file))
  } catch (error) {
    const trouble = asTramError(error)
    if (trouble.code === 'DIRECTORY_OLDER') logger.debug({ file }, 'the installed directory is not newer')
    else logger.error({ ...logFields(trouble), file }, 'the installed directory was not taken')
  }
}
