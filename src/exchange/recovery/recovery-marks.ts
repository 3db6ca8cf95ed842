// What the store itself says about a loss: which generation has worked on it, until when it is known to be whole, and numbers
// that must never be used twice. Read and moved on by recovery.ts before anything else reads the store.
import { TramError } from '../../base/errors.ts'
import { key, range } from '../../equipment/store/namespaces.ts'
import type { KeyRange, RecordOperation, RecordStore } from '../../equipment/store/record-store.ts'
import { AuditRecord, RecoveryRecord, StatementRecord } from '../schema/records.ts'
import { sequenceOperation } from '../sequence.ts'

/** Numbers that were given out after the last one that is still here: more than any station uses between two losses. */
const jump = 2 ** 32
/** More than a station uses in a second, so that numbers after a loss are above all before it, whatever was lost. */
const numbersPerSecond = 2 ** 20

const recoveryKey = key('meta', 'recovery')
const generationKey = key('meta', 'generation')
export const statementKey = key('meta', 'statement')

/** The store as recovery needs it (level-store.ts). */
export interface DamagedStore extends RecordStore {
  /** Copies damaged records of a range into quarantine and deletes them; by key the name of the evidence. */
  quarantineRecords(range: KeyRange): Promise<Map<string, string>>
  settleDamage(): Promise<void>
  settleTorn(): Promise<void>
  /** Resolves when the store is no longer mending itself. */
  mended(): Promise<void>
}

export interface Marks {
  /** undefined = the store is new, or older than this record. */
  generation: number | undefined
  recovery: RecoveryRecord | undefined
  statement: StatementRecord | undefined
  /** When something was last written for certain, ms since 1970; undefined = never. */
  lastWrittenMs: number | undefined
}

const readAtStart = [range('meta'), range('dirmeta'), range('dir'), range('dirrequest'), range('event'), range('alarm')]

/** Records that everybody reads at the start: a damaged one would keep the station from starting at all. */
export async function mendMarks(records: DamagedStore): Promise<string[]> {
  for (let attempt = 1; ; attempt++) {
    try {
      const evidence: string[] = []
      for (const each of [...readAtStart, { ...range('audit'), reverse: true, limit: 1 }])
        evidence.push(...(await records.quarantineRecords(each)).values())
      return evidence
    } catch (error) {
      // LevelDB could not read on, and the store is mending itself: what is lost then is reported.
      if (attempt === 3) throw error
      await records.mended()
    }
  }
}

export async function readMarks(records: RecordStore): Promise<Marks> {
  const [generation, recovery, statement] = await records.getMany([generationKey, recoveryKey, statementKey])
  const last = statement === undefined ? undefined : StatementRecord.decode(statement)
  const times = last === undefined ? [] : [last.time]
  for await (const [, value] of records.range({ ...range('audit'), reverse: true, limit: 1 }))
    times.push(AuditRecord.decode(value).time)
  return {
    // Stations of before this record sealed in the generation that their last statement says.
    generation: generation === undefined ? last?.generation : parseGeneration(generation),
    recovery: recovery === undefined ? undefined : RecoveryRecord.decode(recovery),
    statement: last,
    lastWrittenMs: times.length === 0 ? undefined : Math.max(...times),
  }
}

export const putGeneration = (generation: number): RecordOperation => ({
  type: 'put',
  key: generationKey,
  value: Buffer.from(String(generation)),
})

export const putRecovery = (recovery: RecoveryRecord): RecordOperation => ({
  type: 'put',
  key: recoveryKey,
  value: RecoveryRecord.encode(recovery),
})

export const dropRecovery: RecordOperation = { type: 'delete', key: recoveryKey }

/** The next number after a loss: above every one that was ever given out, even if the record of the last one is lost. */
export const numberAfterLoss = (last: number, nowMs: number): number =>
  Math.max(last + jump, Math.floor(nowMs / 1000) * numbersPerSecond)

/** Moves the number of root statements on. A generation that has sealed nothing yet is moved, too: that may be what was lost. */
export function jumpStatements(
  statement: StatementRecord | undefined,
  generation: number,
  nowMs: number,
): RecordOperation {
  const record = {
    generation,
    sequence: numberAfterLoss(statement?.generation === generation ? statement.sequence : 0, nowMs),
    root: statement?.root ?? Buffer.alloc(32),
    time: statement?.time ?? 0,
  }
  return { type: 'put', key: statementKey, value: StatementRecord.encode(record) }
}

/** Moves the numbers of queues and inboxes on, from the stored mark or from none. Before `Sequence.start`. */
export async function jumpSequence(records: RecordStore, nowMs: number): Promise<RecordOperation> {
  const stored = await records.get(key('meta', 'sequence'))
  const last = stored === undefined ? 0 : Number(Buffer.from(stored).toString('utf8'))
  return sequenceOperation(numberAfterLoss(Number.isSafeInteger(last) ? last : 0, nowMs))
}

function parseGeneration(value: Uint8Array): number {
  const generation = Number(Buffer.from(value).toString('utf8'))
  if (!Number.isSafeInteger(generation))
    throw new TramError('STORE_DAMAGED', { place: generationKey, detail: 'not a number' })
  return generation
}
