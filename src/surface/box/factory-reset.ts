// Factory reset: a stick with a factory-reset.txt that names this very box makes it one that was never configured. Physical presence is
// the stick; that it is meant is the fingerprint in the file; documents that nobody else has are lost only by their number.
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { asTramError, isSystemError, TramError } from '../../base/errors.ts'
import type { Text } from '../../base/text-format.ts'
import { readRootFile } from '../../equipment/box/root-files.ts'
import type { MediumAccess } from './medium-import.ts'
import type { MediumPart } from './medium-result.ts'
import { wishLines } from './wish-lines.ts'

export const resetName = 'factory-reset.txt'
const maxBytes = 4096

export interface ResetWish {
  /** The first two groups of a fingerprint, `ABCD-EFGH`. */
  fingerprint: string
  /** How many documents may be lost, as it was written; undefined: none. */
  losing: string | undefined
}

export interface ResetDeps {
  /** Of this box; null: it has none, so that there is nothing to be reset. */
  fingerprint(): Promise<string | null>
  /** Documents that are not delivered yet; undefined: nobody can tell. */
  openDocuments(): Promise<number | undefined>
  /** Removes all that makes the box this station. Goes on where a cut has left it when it is called again. */
  erase(): Promise<void>
}

export interface ResetOutcome {
  isReset: boolean
  part: MediumPart
}

const doneText: Text = { vi: 'ĐÃ XÓA MÁY, như máy mới', en: 'THE BOX WAS RESET and is as new' }
const refusedText: Text = { vi: 'KHÔNG XÓA MÁY: máy vẫn như cũ', en: 'NOT RESET: the box is as it was' }
const failedText: Text = {
  vi: 'CHƯA XÓA XONG MÁY: cắm lại để làm tiếp',
  en: 'RESET IN PART: plug this in again to go on',
}

/** What a stick asks for; undefined when it does not. Never throws: what is wrong is for its result file. */
export async function factoryReset(medium: MediumAccess, deps: ResetDeps): Promise<ResetOutcome | undefined> {
  let headline = refusedText
  try {
    const text = await readRootFile(join(medium.folder, resetName), maxBytes).catch((error: unknown) => {
      if (isSystemError(error, 'ENOENT')) return undefined
      throw error
    })
    if (text === undefined) return undefined
    const { fingerprint, losing } = parseReset(text)
    const own = await deps.fingerprint()
    if (own === null) throw new TramError('RESET_NOT_MEANT', { detail: 'this box has no fingerprint: it is as new' })
    if (!own.startsWith(`${fingerprint}-`))
      throw new TramError('RESET_NOT_MEANT', { detail: `${fingerprint} is not its fingerprint` })
    const count = (await deps.openDocuments()) ?? 'unknown'
    if (count !== 0 && losing !== String(count)) throw new TramError('RESET_LOSES_DOCUMENTS', { count: String(count) })
    headline = failedText
    await deps.erase()
    return { isReset: true, part: { headline: doneText, error: undefined, lines: [resetLine(own, count)] } }
  } catch (error) {
    return { isReset: false, part: { headline, error: asTramError(error), lines: [] } }
  }
}

/** Done is done: what else is on the stick is for the box as it is after the restart. */
export async function endReset({ folder, writing }: MediumAccess): Promise<void> {
  await writing(() => rm(join(folder, resetName), { force: true }))
}

const resetLine = (fingerprint: string, lost: number | 'unknown'): Text => ({
  vi: `Máy có vân tay ${fingerprint} đã bị xóa; số văn bản chưa chuyển đã bỏ: ${lost}. Khóa trong thẻ hoặc HSM vẫn còn. Máy đang khởi động lại.`,
  en: `The box with the fingerprint ${fingerprint} was reset; documents lost that were not delivered: ${lost}. The key in a card or HSM stays. The box restarts.`,
})

/**
 * Reads a factory-reset.txt, as any editor saves it.
 * @param text attacker-controlled
 * @throws TramError RESET_NOT_MEANT
 */
export function parseReset(text: string): ResetWish {
  const [first = '', ...rest] = wishLines(text)
  const fingerprint = first.toUpperCase()
  if (!/^[A-Z2-7]{4}-[A-Z2-7]{4}$/.test(fingerprint))
    throw new TramError('RESET_NOT_MEANT', { detail: `the first line of ${resetName} is no two groups as ABCD-EFGH` })
  const [wish = '', ...more] = rest
  const losing = /^and-lose-(\d{1,9}|unknown)-documents$/.exec(wish)?.[1]
  if (more.length > 0 || (wish !== '' && losing === undefined))
    throw new TramError('RESET_NOT_MEANT', { detail: `${resetName} has lines that mean nothing` })
  return { fingerprint, losing }
}
