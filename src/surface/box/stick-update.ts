// An update on a stick: of the bundles that are signed, the newest, when it is newer than what runs. All the checks are those of every
// other way in (install-bundle.ts); what is added is that a stick that stays plugged in does not install the same one for ever.
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { asTramError, type TramError } from '../../base/errors.ts'
import type { Text } from '../../base/text-format.ts'
import {
  checkBundle,
  type InstalledUpdate,
  installBundle,
  maxBundleBytes,
  slotStatus,
} from '../../equipment/rauc/install-bundle.ts'
import { isNewer } from '../../equipment/rauc/version-order.ts'
import type { MediumPart } from './medium-result.ts'
import { minutesToRestart, type UpdateActionDeps } from './update-actions.ts'

const maxBundles = 16

export interface StickUpdateDeps extends UpdateActionDeps {
  wasTaken(digest: string): Promise<boolean>
  markTaken(digest: string): Promise<void>
  signal: AbortSignal
}

export interface StickUpdate {
  part: MediumPart
  /** The restart that is due once the result is written. */
  due: { installed: InstalledUpdate; minutes: number } | undefined
}

const noneText: Text = { vi: 'KHÔNG CÓ BẢN CẬP NHẬT MỚI HƠN', en: 'NO NEWER UPDATE' }
const runsText: Text = { vi: 'BẢN CẬP NHẬT NÀY ĐANG CHẠY', en: 'THIS UPDATE RUNS' }
const againText: Text = {
  vi: 'BẢN CẬP NHẬT NÀY ĐÃ CÀI TRƯỚC ĐÂY: lần này không làm gì',
  en: 'THIS UPDATE WAS INSTALLED BEFORE: nothing was done this time',
}
const doneText: Text = { vi: 'ĐÃ CÀI BẢN CẬP NHẬT', en: 'THE UPDATE WAS INSTALLED' }
const failedText: Text = {
  vi: 'KHÔNG CẬP NHẬT ĐƯỢC: máy vẫn chạy bản cũ',
  en: 'NOT UPDATED: the box runs on as it was',
}

/** Installs the newest bundle in `folder`; undefined when there is none. Never throws: what is wrong is for the result file. */
export async function updateFromStick(folder: string, deps: StickUpdateDeps): Promise<StickUpdate | undefined> {
  const lines: Text[] = []
  const told = (headline: Text, error?: unknown): StickUpdate => ({
    part: { headline, error: error === undefined ? undefined : asTramError(error), lines },
    due: undefined,
  })
  try {
    const names = (await readdir(folder)).filter((name) => /\.raucb$/.test(name)).sort()
    if (names.length === 0) return undefined
    const { newest, trouble, isRunning } = await newestOf(folder, names.slice(0, maxBundles), deps, lines)
    if (newest === undefined) {
      if (trouble !== undefined) return told(failedText, trouble)
      if (!isRunning) return told(noneText)
      lines.push(await runningLine(deps))
      return told(runsText)
    }
    const digest = await digestOf(newest.file)
    // Also one that the box has fallen back from: plugged in still, it would be installed at each restart.
    if (await deps.wasTaken(digest)) return told(againText)
    const installed = await installBundle(newest.file, deps, () => undefined, deps.signal)
    await deps.markTaken(digest)
    const minutes = await minutesToRestart(undefined, deps)
    lines.push(
      minutes === 0
        ? {
            vi: `Bản ${installed.version}: máy đang khởi động lại.`,
            en: `Version ${installed.version}: the box restarts.`,
          }
        : {
            vi: `Bản ${installed.version}: có hiệu lực sau khi khởi động lại, còn ${minutes ?? '-'} phút.`,
            en: `Version ${installed.version}: counts after the restart, in ${minutes ?? '-'} minutes.`,
          },
    )
    return { ...told(doneText), due: minutes === null ? undefined : { installed, minutes } }
  } catch (error) {
    return told(failedText, error)
  }
}

interface Choice {
  newest: { file: string; version: string } | undefined
  /** Why one that would be newer may not be installed here and now. */
  trouble: TramError | undefined
  /** One of them is what runs: a stick that stayed plugged in over the restart, most often. */
  isRunning: boolean
}

/** Whether what runs has proven itself yet. */
async function runningLine(deps: StickUpdateDeps): Promise<Text> {
  const { version } = deps
  const booted = (await slotStatus(deps, deps.signal)).find(({ state }) => state === 'booted')
  if (booted?.isCommitted === true)
    return {
      vi: `Bản ${version} đang chạy, đã xác nhận tốt.`,
      en: `Version ${version} runs and has proven itself.`,
    }
  return {
    vi: `Bản ${version} đang chạy thử: trong 15 phút máy tự xác nhận nó hoặc quay về bản trước. Sau đó cắm lại USB để xem.`,
    en: `Version ${version} runs on trial: within 15 minutes it is confirmed, or the box goes back by itself. Plug in again after that to see.`,
  }
}

/** The newest of those that may be installed; of the others `lines` says why not. */
async function newestOf(
  folder: string,
  names: readonly string[],
  deps: StickUpdateDeps,
  lines: Text[],
): Promise<Choice> {
  const choice: Choice = { newest: undefined, trouble: undefined, isRunning: false }
  for (const name of names) {
    const file = join(folder, name)
    try {
      const { version } = (await checkBundle(file, deps, deps.signal)).info
      if (choice.newest === undefined || isNewer(version, choice.newest.version)) choice.newest = { file, version }
    } catch (error) {
      const trouble = asTramError(error)
      if (trouble.code !== 'UPDATE_OLDER') choice.trouble ??= trouble
      else if (trouble.data.found === deps.version) {
        choice.isRunning = true
        continue
      }
      const { vi, en } = trouble.condition
      lines.push({ vi: `${name}: ${vi} (${trouble.code})`, en: `${name}: ${en} (${trouble.code})` })
    }
  }
  return choice
}

async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const piece of createReadStream(file, { end: maxBundleBytes })) hash.update(piece)
  return hash.digest('hex')
}
