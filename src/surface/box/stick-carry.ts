// What carries a station from one box to another by a stick, and what helps from afar: backup.txt, restore.txt and support.txt on it say
// what is wanted. Nothing of them is a command line: each is a few words, bounded and checked. src/box-carry.ts hands in how.
import { basename, join } from 'node:path'
import { asTramError, isSystemError, TramError } from '../../base/errors.ts'
import { byteSize, type Text, vietnamTime } from '../../base/text-format.ts'
import { readRootFile } from '../../equipment/box/root-files.ts'
import { minPassphraseLength } from '../../exchange/backup/passphrase.ts'
import type { MediumAccess } from './medium-import.ts'
import type { MediumPart } from './medium-result.ts'
import { wishLines } from './wish-lines.ts'

export const backupWishName = 'backup.txt'
export const restoreWishName = 'restore.txt'
export const supportWishName = 'support.txt'
const maxBytes = 4096
const maxRecipients = 16

/** Who shall be able to open a backup. */
export interface BackupKey {
  /** Public keys of age, `age1…`; none: the passphrase. */
  recipients: readonly string[]
  passphrase: string | undefined
  withSoftHsm: boolean
}

export interface RestoreKey {
  /** Undefined: the file itself holds a secret key of age, `AGE-SECRET-KEY-1…`. */
  passphrase: string | undefined
  /** Of the token; undefined: it is typed at the console. */
  pin: string | undefined
  generation: number | undefined
  withSoftHsm: boolean
}

export interface CarriedBackup {
  files: readonly string[]
  sizeBytes: number
}

export interface RestoredStation {
  station: string
  generation: number
  /** Undefined: a restore that was cut off was finished. */
  createdMs?: number
}

export interface StickCarryDeps {
  /** Writes a backup to the folder, which is writable meanwhile. @throws TramError */
  backup(folder: string, key: BackupKey): Promise<CarriedBackup>
  /** Restores the newest backup of a folder onto this box. @throws TramError; then the box is as it was, or the same again finishes it */
  restore(folder: string, wishFile: string, key: RestoreKey): Promise<RestoredStation>
  /** Has the restored station run, and writes what the authority needs of it to the medium. @throws TramError */
  start(medium: MediumAccess, lines: Text[]): Promise<void>
  /** A support bundle. @returns its name and bytes */
  support(): Promise<{ name: string; bytes: Uint8Array }>
}

/** Restores what is wanted; undefined when nothing is. Never throws: what is wrong is for its result file. */
export function restoreFromStick(medium: MediumAccess, deps: StickCarryDeps): Promise<MediumPart | undefined> {
  const failed: Text = { vi: 'CHƯA KHÔI PHỤC ĐƯỢC', en: 'NOT RESTORED' }
  return wished(medium, restoreWishName, failed, async (text, lines) => {
    const done = await deps.restore(medium.folder, join(medium.folder, restoreWishName), parseRestore(text))
    await wipeWish(medium, restoreWishName, lines)
    const at: Text =
      done.createdMs === undefined
        ? { vi: '', en: '' }
        : { vi: `, bản sao lúc ${vietnamTime(done.createdMs)}`, en: `, as of ${vietnamTime(done.createdMs)}` }
    lines.push({
      vi: `Trạm ${done.station}, thế hệ ${done.generation}${at.vi}. Không bật lại máy cũ. Nộp lại các văn bản của những ngày sau bản sao.`,
      en: `Station ${done.station}, generation ${done.generation}${at.en}. Never switch the old box on again. Hand in again the documents of the days after it.`,
    })
    // It is restored, whatever keeps it from running.
    await deps.start(medium, lines).catch((error: unknown) => {
      const { code } = asTramError(error)
      lines.push({ vi: `Trạm chưa chạy được (${code}).`, en: `The station does not run yet (${code}).` })
    })
    return { vi: 'ĐÃ KHÔI PHỤC TRẠM', en: 'THE STATION WAS RESTORED' }
  })
}

/** Writes the backup that is wanted; undefined when none is. Never throws. */
export function backupToStick(medium: MediumAccess, deps: StickCarryDeps): Promise<MediumPart | undefined> {
  const failed: Text = { vi: 'KHÔNG SAO LƯU ĐƯỢC', en: 'NO BACKUP' }
  return wished(medium, backupWishName, failed, async (text, lines) => {
    const key = parseBackup(text)
    const { files, sizeBytes } = await medium.writing(() => deps.backup(medium.folder, key))
    const written = `${files.map((file) => basename(file)).join(', ')}: ${byteSize(sizeBytes)}`
    lines.push({ vi: written, en: written })
    // Beside what it opens it would be no secret.
    if (key.passphrase !== undefined) await wipeWish(medium, backupWishName, lines)
    return { vi: 'ĐÃ SAO LƯU', en: 'A BACKUP WAS WRITTEN' }
  })
}

/** Writes a support bundle when one is wanted; undefined when none is. Never throws. */
export function supportToStick(medium: MediumAccess, deps: StickCarryDeps): Promise<MediumPart | undefined> {
  const failed: Text = { vi: 'KHÔNG CÓ GÓI HỖ TRỢ', en: 'NO SUPPORT BUNDLE' }
  return wished(medium, supportWishName, failed, async (_text, lines) => {
    const { name, bytes } = await deps.support()
    await medium.write(name, bytes)
    lines.push({ vi: `${name}: ${byteSize(bytes.length)}`, en: `${name}: ${byteSize(bytes.length)}` })
    return { vi: 'ĐÃ GHI GÓI HỖ TRỢ', en: 'A SUPPORT BUNDLE WAS WRITTEN' }
  })
}

async function wished(
  { folder }: MediumAccess,
  name: string,
  failed: Text,
  act: (text: string, lines: Text[]) => Promise<Text>,
): Promise<MediumPart | undefined> {
  const lines: Text[] = []
  try {
    const text = await readRootFile(join(folder, name), maxBytes).catch((error: unknown) => {
      if (isSystemError(error, 'ENOENT')) return undefined
      throw error
    })
    if (text === undefined) return undefined
    return { headline: await act(text, lines), error: undefined, lines }
  } catch (error) {
    return { headline: failed, error: asTramError(error), lines }
  }
}

async function wipeWish(medium: MediumAccess, name: string, lines: Text[]): Promise<void> {
  try {
    await medium.wipe(name)
  } catch (error) {
    const { code } = asTramError(error)
    lines.push({
      vi: `CHƯA XÓA ĐƯỢC ${name} có mật khẩu (${code}): hãy tự xóa.`,
      en: `${name} WITH ITS PASSPHRASE COULD NOT BE REMOVED (${code}): remove it yourself.`,
    })
  }
}

/**
 * Reads a backup.txt: lines of public keys, or one line, the passphrase; and perhaps `with-softhsm`.
 * @param text attacker-controlled
 * @throws TramError FILE_UNUSABLE
 */
export function parseBackup(text: string): BackupKey {
  const { lines, withSoftHsm } = linesOf(text)
  const recipients = lines.filter((line) => line.startsWith('age1'))
  if (recipients.length === lines.length && lines.length > 0 && lines.length <= maxRecipients)
    return { recipients, passphrase: undefined, withSoftHsm }
  const [passphrase = '', ...more] = lines
  if (more.length > 0 || [...passphrase].length < minPassphraseLength)
    throw unusable(backupWishName, `one passphrase of ${minPassphraseLength} characters or more, or keys age1…`)
  return { recipients: [], passphrase, withSoftHsm }
}

/**
 * Reads a restore.txt: the passphrase or a secret key, and perhaps `pin=…`, `generation=…`, `with-softhsm`.
 * @param text attacker-controlled
 * @throws TramError FILE_UNUSABLE
 */
export function parseRestore(text: string): RestoreKey {
  const { lines, withSoftHsm } = linesOf(text)
  const [secret, ...rest] = lines
  const wishes = new Map<string, string>()
  for (const line of rest) {
    const [, name = '', value = ''] = /^(pin|generation)\s*=\s*(\S{1,64})$/.exec(line) ?? []
    if (name === '' || wishes.has(name)) throw unusable(restoreWishName, 'has lines that mean nothing')
    wishes.set(name, value)
  }
  const generation = wishes.get('generation')
  if (secret === undefined) throw unusable(restoreWishName, 'no passphrase and no AGE-SECRET-KEY-1…')
  if (generation !== undefined && !/^[1-9]\d{0,6}$/.test(generation)) throw unusable(restoreWishName, 'generation')
  return {
    passphrase: secret.startsWith('AGE-SECRET-KEY-') ? undefined : secret,
    pin: wishes.get('pin'),
    generation: generation === undefined ? undefined : Number(generation),
    withSoftHsm,
  }
}

function linesOf(text: string): { lines: string[]; withSoftHsm: boolean } {
  const all = wishLines(text)
  return { lines: all.filter((line) => line !== softHsmWord), withSoftHsm: all.includes(softHsmWord) }
}

const softHsmWord = 'with-softhsm'
const unusable = (name: string, detail: string): TramError =>
  new TramError('FILE_UNUSABLE', { file: name, key: name, detail })
