// Checks of the doctor: the certificates that the site trusts, and the directory with this station's own entry in it.
import { TramError } from '../../base/errors.ts'
import { parseCertificate } from '../../document/certificate.ts'
import { hex, sha256 } from '../../document/document-id.ts'
import type { StationEntry } from '../../document/schema/directory.ts'
import { isInWindow } from '../../document/time-window.ts'
import { directoryEndConditions } from '../../exchange/health/station-conditions.ts'
import { certificatesFindings } from './check-token.ts'
import { pass, troublesOr } from './doctor-report.ts'
import type { Check, DoctorSite } from './doctor-site.ts'

export const trustCheck: Check = async (site) => {
  await site.config()
  const { seals, chain } = await site.trust()
  const unique = new Map([...seals.anchors, ...seals.intermediates, ...chain].map((der) => [hex(sha256(der)), der]))
  return certificatesFindings([...unique.values()].map(parseCertificate), site.now())
}

export const directoryCheck: Check = async (site) => {
  const { station } = await site.config()
  const found = await site.directory()
  if (found === undefined) throw new TramError('DIRECTORY_MISSING', {})
  const { version, expires } = found.statement
  const expired = new Date(expires).toISOString().slice(0, 10)
  const troubles: TramError[] = directoryEndConditions(version, expires, site.now())
  const detail = await misfit(site, found.own)
  if (detail !== undefined) troubles.push(new TramError('STATION_UNLISTED', { version, station: station.id, detail }))
  return troublesOr(
    troubles,
    pass(
      `phiên bản ${version}, ${expires === 0 ? 'không hết hạn' : `hết hạn ${expired}`}`,
      `version ${version}, ${expires === 0 ? 'never expires' : `expires ${expired}`}`,
      { version },
    ),
  )
}

/** Why others would not take this box for the station that the directory lists. */
async function misfit(site: DoctorSite, own: StationEntry | undefined): Promise<string | undefined> {
  if (own === undefined) return 'it is not listed'
  const now = site.now()
  const peerId = await site.peerId()
  const isPeerListed = own.peerKeys.some((key) => key.peerId === peerId && isInWindow(key.window, now))
  if (peerId !== undefined && !isPeerListed) return `the peer id ${peerId} is not listed`
  const { certificate } = (await site.token()).description
  if (certificate === null) return undefined
  const fingerprint = hex(sha256(certificate))
  const isListed = own.certificates.some((one) => hex(one.sha256) === fingerprint && isInWindow(one.window, now))
  return isListed ? undefined : `the certificate ${fingerprint} is not listed`
}
