// What backends want changed in the directory (VXP registerAgency, deleteAgency): kept until the authority has signed it. One
// wish for each backend and agency, the newest. Exported for the authority's `tram directory build`; in force by itself when a
// directory carries it.
// Long because: one register, with the rule who may ask for what.
import type { Clock } from '../../base/clock.ts'
import { asTramError, TramError } from '../../base/errors.ts'
import type { Service } from '../../base/lifecycle.ts'
import { type Logger, logFields } from '../../base/logger.ts'
import { type AgencyChange, isCarriedBy, isEnding, parseAgencyChange } from '../../document/agency-change.ts'
import type { DirectoryRequestsFile } from '../../document/directory-requests-file.ts'
import { hex, sha256 } from '../../document/document-id.ts'
import { key, range } from '../../equipment/store/namespaces.ts'
import type { RecordOperation, RecordStore } from '../../equipment/store/record-store.ts'
import type { AgencyChangeOutcome, Backend } from '../desk.ts'
import type { AuditAct, AuditLog } from '../evidence/audit-log.ts'
import { KeyedLock } from '../keyed-lock.ts'
import { AgencyRequestRecord, AgencyRequestState } from '../schema/records.ts'
import type { Directory } from './directory.ts'

/** Requests of one backend that may be open at a time. */
const maxOpen = 200
/** Ended ones that are kept of a backend, besides: the oldest go first. */
const maxEnded = 800
/** Steps from an agency to the topmost one. */
const maxParents = 16
/** Kits repeat themselves for as long as their timestamp holds: until then a refusal is answered with its reason. */
const refusalHoldsMs = 24 * 3_600_000
const maxPageRequests = 1000

const stateNames = {
  [AgencyRequestState.QUEUED]: 'queued',
  [AgencyRequestState.EXPORTED]: 'exported',
  [AgencyRequestState.IN_FORCE]: 'in-force',
  [AgencyRequestState.REFUSED]: 'refused',
  [AgencyRequestState.SUPERSEDED]: 'superseded',
} as const

/** A request as people see it. Times in ms since 1970. */
export interface AgencyRequest extends AgencyChange {
  requestId: string
  systemid: string
  requestedAt: number
  updatedAt: number
  state: (typeof stateNames)[AgencyRequestState]
  /** Why it was refused. */
  detail: string
  /** Version that carries it, 0 before. */
  directoryVersion: number
}

/** What `next` of a page looks like. */
export const requestCursorPattern = '^dirrequest:[0-9a-f]{32}:[0-9A-Z.]{1,35}$'

const isOpen = ({ state }: AgencyRequestRecord): boolean =>
  state === AgencyRequestState.QUEUED || state === AgencyRequestState.EXPORTED

export class DirectoryRequests implements Service {
  readonly name = 'directory requests'
  readonly #station: string
  readonly #records: RecordStore
  readonly #directory: Directory
  readonly #audit: AuditLog
  readonly #clock: Clock
  readonly #logger: Logger
  /** Every change of the register, one after the other: bounds are counted and then used. */
  readonly #lock = new KeyedLock()
  #settling: Promise<void> = Promise.resolve()
  #stopWatching: () => void = () => undefined

  constructor(
    options: { station: string },
    deps: { records: RecordStore; directory: Directory; audit: AuditLog; clock: Clock; logger: Logger },
  ) {
    this.#station = options.station
    this.#records = deps.records
    this.#directory = deps.directory
    this.#audit = deps.audit
    this.#clock = deps.clock
    this.#logger = deps.logger
  }

  /** Looks what the directory in use carries: a crash may have come between an import and this. */
  async start(): Promise<void> {
    await this.settle()
    this.#stopWatching = this.#directory.onChange(() => {
      this.#settling = this.settle().catch((error: unknown) => {
        this.#logger.error(logFields(asTramError(error)), 'requests are not compared with the new directory yet')
      })
    })
  }

  async stop(): Promise<void> {
    this.#stopWatching()
    await this.#settling
  }

  /** See Desk.changeAgency. */
  request(backend: Backend, given: AgencyChange): Promise<AgencyChangeOutcome> {
    const change = parseAgencyChange(given)
    return this.#lock.run('all', () => this.#request(backend, change))
  }

  /**
   * A page of the register, by backend and code.
   * @param after `next` of the page before, null = from the start
   */
  async list(query: {
    onlyOpen: boolean
    after: string | null
    limit: number
  }): Promise<{ requests: AgencyRequest[]; next: string | null }> {
    const requests: AgencyRequest[] = []
    const limit = Math.min(query.limit, maxPageRequests)
    const whole = range('dirrequest')
    const from = query.after === null ? whole.from : `${query.after}\0`
    let last: string | null = null
    for await (const [name, value] of this.#records.range({ ...whole, from })) {
      if (requests.length >= limit) return { requests, next: last }
      last = name
      const record = AgencyRequestRecord.decode(value)
      if (!query.onlyOpen || isOpen(record)) requests.push(shown(record))
    }
    return { requests, next: null }
  }

  /** All open requests, oldest first, for the authority. They count as exported; asking again gives them again. */
  export(): Promise<DirectoryRequestsFile> {
    return this.#lock.run('all', async () => {
      const open = (await this.#all()).filter(isOpen).sort((one, other) => one.createdAt - other.createdAt)
      const exported = open.filter(({ state }) => state === AgencyRequestState.QUEUED)
      await this.#changeAll(exported, 'directory-request-exported', () => ({ state: AgencyRequestState.EXPORTED }))
      const requests = open.map((record) => {
        const { requestId, systemid, createdAt: requestedAt } = record
        return { requestId, systemid, requestedAt, ...changeOf(record) }
      })
      return { format: 'tram-directory-requests-1', station: this.#station, exportedAt: this.#clock.now(), requests }
    })
  }

  /**
   * An operator's act: the authority will not sign it, or it is pointless by now. The backend is told why when it asks again.
   * @throws TramError REQUEST_INVALID when no open request has that id
   */
  refuse(requestId: string, detail: string): Promise<AgencyRequest> {
    return this.#lock.run('all', async () => {
      const record = (await this.#all()).find((one) => one.requestId === requestId && isOpen(one))
      if (record === undefined)
        throw new TramError('REQUEST_INVALID', { field: 'id', detail: 'no open request has this id' })
      const [refused = record] = await this.#changeAll([record], 'directory-request-refused', () => ({
        state: AgencyRequestState.REFUSED,
        detail,
      }))
      return shown(refused)
    })
  }

  /** Marks what the directory in use carries. */
  settle(): Promise<void> {
    return this.#lock.run('all', async () => {
      const { version } = this.#directory
      if (version === 0) return
      const carried: AgencyRequestRecord[] = []
      for (const record of await this.#all()) {
        if (isOpen(record) && (await this.#isCarried(changeOf(record)))) carried.push(record)
      }
      await this.#changeAll(carried, 'directory-request-in-force', () => ({
        state: AgencyRequestState.IN_FORCE,
        directoryVersion: version,
      }))
    })
  }

  async #request(backend: Backend, given: AgencyChange): Promise<AgencyChangeOutcome> {
    if (this.#directory.version === 0) throw new TramError('DIRECTORY_MISSING', {})
    const name = recordKey(backend, given.code)
    const stored = await this.#records.get(name)
    const before = stored === undefined ? undefined : AgencyRequestRecord.decode(stored)
    const change = await this.#permitted(backend, given, before)
    const nowMs = this.#clock.now()
    const requestId = requestIdOf(backend, change)
    if (await this.#isCarried(change)) {
      // What was asked for before and is not in force yet is not wanted any more.
      if (before !== undefined && isOpen(before) && before.requestId !== requestId)
        await this.#changeAll([before], 'directory-request-superseded', () => ({
          state: AgencyRequestState.SUPERSEDED,
        }))
      return { requestId, state: 'in-force' }
    }
    if (before?.requestId === requestId) {
      if (isOpen(before)) return { requestId, state: shown(before).state === 'exported' ? 'exported' : 'queued' }
      const isHeld = before.state === AgencyRequestState.REFUSED && nowMs - before.updatedAt < refusalHoldsMs
      if (isHeld) throw new TramError('AGENCY_CHANGE_REFUSED', { code: change.code, detail: before.detail })
    }
    const record: AgencyRequestRecord = {
      requestId,
      systemid: backend.systemid,
      isDeletion: change.kind === 'delete',
      ...{ code: change.code, parent: change.parent, name: change.name },
      ...{ mail: change.mail, mobile: change.mobile, fax: change.fax },
      ...{ createdAt: nowMs, updatedAt: nowMs, state: AgencyRequestState.QUEUED, detail: '', directoryVersion: 0 },
    }
    const room = await this.#roomFor(backend, name)
    await this.#audit.commit(
      [...room, { type: 'put', key: name, value: AgencyRequestRecord.encode(record) }],
      [{ act: 'directory-requested', subject: requestId, detail: `${change.kind} ${change.code}` }],
    )
    return { requestId, state: 'queued' }
  }

  /**
   * The change with its parent's current code, when this backend may ask for it: about its own agencies and what is under them.
   * @param before what it asked for about this code
   * @throws TramError AGENCY_NOT_OWN, RECIPIENT_UNKNOWN, REQUEST_INVALID
   */
  async #permitted(
    backend: Backend,
    change: AgencyChange,
    before: AgencyRequestRecord | undefined,
  ): Promise<AgencyChange> {
    const own = await this.#ownCodes(backend)
    const foreign = (code: string) => new TramError('AGENCY_NOT_OWN', { code, systemid: backend.systemid })
    const entry = await this.#directory.agency(change.code)
    if (entry !== undefined && entry.code !== change.code)
      throw new TramError('REQUEST_INVALID', { field: 'code', detail: `là mã cũ của ${entry.code}` })
    if (entry !== undefined && !(await this.#isBelow(entry.code, own, backend))) throw foreign(change.code)
    if (change.kind === 'delete') {
      // Without an entry nothing says whose it was, unless this backend has asked for it itself.
      if (entry === undefined && before === undefined) throw new TramError('RECIPIENT_UNKNOWN', { codes: change.code })
      return change
    }
    if (entry !== undefined && isEnding(entry))
      throw new TramError('REQUEST_INVALID', { field: 'code', detail: 'mã đã đóng, không dùng lại được' })
    const above = change.parent === '' ? undefined : await this.#directory.agency(change.parent)
    const parent = above?.code ?? change.parent
    // A topmost agency of this backend keeps the parent that it has, which is nobody's of this station.
    if (entry !== undefined && (parent === '' || parent === entry.parent)) return { ...change, parent }
    if (parent === change.code) throw new TramError('REQUEST_INVALID', { field: 'pcode', detail: 'chính đơn vị đó' })
    if (parent === '' || !(await this.#isBelow(parent, own, backend))) throw foreign(parent || change.code)
    return { ...change, parent }
  }

  /** Current codes of the backend's agencies that this station serves. */
  async #ownCodes(backend: Backend): Promise<ReadonlySet<string>> {
    const own = new Set<string>()
    for (const code of backend.agencies) {
      const resolved = await this.#directory.resolve(code)
      if (resolved.ok && resolved.value.station === this.#station) own.add(resolved.value.code)
    }
    return own
  }

  /** Whether `code` is one of `own` or under one, through entries of the directory and what this backend has asked for. */
  async #isBelow(code: string, own: ReadonlySet<string>, backend: Backend): Promise<boolean> {
    let at = code
    for (let step = 0; at !== '' && step < maxParents; step++) {
      if (own.has(at)) return true
      const entry = await this.#directory.agency(at)
      if (entry !== undefined) {
        at = entry.parent
        continue
      }
      const wished = await this.#records.get(recordKey(backend, at))
      const record = wished === undefined ? undefined : AgencyRequestRecord.decode(wished)
      at = record !== undefined && isOpen(record) && !record.isDeletion ? record.parent : ''
    }
    return false
  }

  async #isCarried(change: AgencyChange): Promise<boolean> {
    const entry = await this.#directory.agency(change.code)
    return isCarriedBy(change, entry?.code === change.code ? entry : undefined, this.#clock.now())
  }

  /** What has to go so that a new request of a backend has room. @throws TramError OVERLOADED */
  async #roomFor(backend: Backend, name: string): Promise<RecordOperation[]> {
    const ended: { name: string; updatedAt: number }[] = []
    let open = 0
    for await (const [other, value] of this.#records.range(range('dirrequest', backendPart(backend)))) {
      if (other === name) continue
      const record = AgencyRequestRecord.decode(value)
      if (isOpen(record)) open += 1
      else ended.push({ name: other, updatedAt: record.updatedAt })
    }
    if (open >= maxOpen)
      throw new TramError('OVERLOADED', {
        detail: `${open} yêu cầu về danh bạ chưa có hiệu lực, nhiều nhất ${maxOpen}`,
      })
    ended.sort((one, other) => one.updatedAt - other.updatedAt)
    return ended.slice(0, Math.max(0, ended.length - maxEnded)).map((old) => ({ type: 'delete', key: old.name }))
  }

  /** Every request; their number is bounded for each configured backend. */
  async #all(): Promise<AgencyRequestRecord[]> {
    const records: AgencyRequestRecord[] = []
    for await (const [, value] of this.#records.range(range('dirrequest')))
      records.push(AgencyRequestRecord.decode(value))
    return records
  }

  async #changeAll(
    records: readonly AgencyRequestRecord[],
    act: AuditAct,
    change: () => Partial<AgencyRequestRecord>,
  ): Promise<AgencyRequestRecord[]> {
    if (records.length === 0) return []
    const updatedAt = this.#clock.now()
    const changed = records.map((record) => ({ ...record, ...change(), updatedAt }))
    await this.#audit.commit(
      changed.map((record) => ({
        type: 'put',
        key: recordKey(record, record.code),
        value: AgencyRequestRecord.encode(record),
      })),
      changed.map(({ requestId, code, isDeletion }) => ({
        act,
        subject: requestId,
        detail: `${isDeletion ? 'delete' : 'register'} ${code}`,
      })),
    )
    return changed
  }
}

/** A systemid may hold what a key may not. */
const backendPart = ({ systemid }: { systemid: string }): string =>
  hex(sha256(Buffer.from(`tram-backend-1\0${systemid}`))).slice(0, 32)

const recordKey = (backend: { systemid: string }, code: string): string => key('dirrequest', backendPart(backend), code)

function requestIdOf(backend: Backend, change: AgencyChange): string {
  const { kind, code, parent, name, mail, mobile, fax } = change
  const parts = ['tram-agency-request-1', backend.systemid, kind, code, parent, name, mail, mobile, fax]
  return hex(sha256(Buffer.from(parts.join('\0')))).slice(0, 32)
}

function changeOf(record: AgencyRequestRecord): AgencyChange {
  const { isDeletion, code, parent, name, mail, mobile, fax } = record
  return { kind: isDeletion ? 'delete' : 'register', code, parent, name, mail, mobile, fax }
}

function shown(record: AgencyRequestRecord): AgencyRequest {
  const { requestId, systemid, createdAt, updatedAt, state, detail, directoryVersion } = record
  const times = { requestedAt: createdAt, updatedAt }
  return { requestId, systemid, ...changeOf(record), ...times, state: stateNames[state], detail, directoryVersion }
}
