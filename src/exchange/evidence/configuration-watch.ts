// Notices at the start that the configuration is another than before, and says which sections in the audit log: whoever changed
// it and with whatever, this is when it counts. A console that changes it therefore needs neither a running station nor its trust.
import { createHash } from 'node:crypto'
import { key } from '../../equipment/store/namespaces.ts'
import type { RecordStore } from '../../equipment/store/record-store.ts'
import type { AuditLog } from './audit-log.ts'

const digestsKey = key('meta', 'configuration')

/**
 * Compares each section with what it was at the last start, and commits the act `configuration-changed` with the names of those
 * that differ. The first start has nothing to compare with.
 * @param sections parsed, by name; where the file lies counts as one. Of a section only a digest is kept, beside the file itself: it may hold a secret.
 * @throws as RecordStore
 */
export async function noteConfiguration(
  station: string,
  sections: object,
  { records, audit }: { records: Pick<RecordStore, 'get'>; audit: Pick<AuditLog, 'commit'> },
): Promise<void> {
  const digests = Object.fromEntries(Object.entries(sections).map(([name, section]) => [name, digestOf(section)]))
  const text = JSON.stringify(digests)
  const stored = await records.get(digestsKey)
  const before = stored === undefined ? undefined : Buffer.from(stored).toString('utf8')
  if (before === text) return
  const known = before === undefined ? digests : digestsIn(before)
  const changed = Object.keys({ ...digests, ...known }).filter((name) => digests[name] !== known[name])
  const detail = changed.join(', ').slice(0, 500)
  await audit.commit(
    [{ type: 'put', key: digestsKey, value: Buffer.from(text) }],
    changed.length === 0 ? [] : [{ act: 'configuration-changed', subject: station, detail }],
  )
}

/** What was kept; damaged, it is as if everything had changed: better an act too many. */
function digestsIn(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}
  } catch {
    return {}
  }
}

const digestOf = (section: unknown): string =>
  createHash('sha256')
    .update(JSON.stringify(section) ?? '')
    .digest('hex')
