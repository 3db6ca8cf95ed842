// A medium (the FAT partition of the box, a stick labelled TRAM) that holds a tram.toml makes a box what the file says, without a
// keyboard. The medium is a picture of /etc/tram: the file and what it refers to. All of it is checked before anything is written; what
// a person has to know is written back as tram-result.txt. src/box-medium.ts hands in how this box does each step.
import { createHash } from 'node:crypto'
import { join, relative } from 'node:path'
import { asTramError, isSystemError, TramError, verdictOf } from '../../base/errors.ts'
import type { Text } from '../../base/text-format.ts'
import { certificatesFromPem } from '../../document/certificate.ts'
import { readRootBytes } from '../../equipment/box/root-files.ts'
import type { MediumPart } from './medium-result.ts'

export const configName = 'tram.toml'
export const resultName = 'tram-result.txt'
const maxConfigBytes = 1024 * 1024
const maxFileBytes = 64 * 1024 * 1024
const maxOtherBytes = 1024 * 1024

/** A file that the configuration refers to. */
export interface ReferredFile {
  /** Key of the configuration, for messages. */
  key: string
  /** Absolute, as on the box. */
  path: string
  kind: 'certificates' | 'secret' | 'directory'
}

/** What a configuration means for a box. */
export interface MediumPlan {
  text: string
  stationId: string
  /** Below the configuration's folder only. */
  files: readonly ReferredFile[]
  pin: string | undefined
  /** Names on the medium of what else is taken from it, such as a certificate for the token. */
  others: readonly string[]
}

export interface MediumDeps {
  /** `/etc/tram`. */
  configFolder: string
  /** What the text of a tram.toml means. @throws TramError CONFIG_INVALID and whatever else is wrong with it */
  plan(text: string): Promise<MediumPlan>
  /** Whether the box has the file already. */
  isOnBox(file: ReferredFile): Promise<boolean>
  /** Whether what has this digest was taken before. */
  wasTaken(digest: string): Promise<boolean>
  markTaken(digest: string): Promise<void>
  /** Puts a file below `configFolder`, durably. */
  install(file: ReferredFile, bytes: Uint8Array): Promise<void>
  /** Keeps the PIN as an encrypted credential. */
  keepPin(pin: string): Promise<void>
  /** Makes the token ready, as far as it goes. Nothing of the box has changed yet. Whether it can sign. */
  prepareToken(plan: MediumPlan, medium: MediumAccess, lines: Text[]): Promise<boolean>
  /** Makes the text the configuration, and the box what it says: network, services. */
  apply(plan: MediumPlan): Promise<void>
  /** What was installed since the last of these two is as it was, and the box runs with it. */
  takeBack(): Promise<void>
  /** What was installed stays. */
  keep(): Promise<void>
  /** What the authorities need of the box as it is now, on the medium. Never throws: the box has its configuration. */
  tell(plan: MediumPlan, medium: MediumAccess, lines: Text[]): Promise<void>
}

/** The medium, mounted. */
export interface MediumAccess {
  folder: string
  /** Runs what writes to it: it is writable only then. */
  writing<Result>(act: () => Promise<Result>): Promise<Result>
  /** Writes a file on it, durably. */
  write(name: string, content: string | Uint8Array): Promise<void>
  /** Overwrites a file with zeros and removes it. */
  wipe(name: string): Promise<void>
}

export interface MediumOutcome {
  outcome: 'nothing' | 'again' | 'taken' | 'refused'
  /** For the result file; undefined: there was nothing. */
  part: MediumPart | undefined
}

const refusedText: Text = { vi: 'KHÔNG NHẬN: máy vẫn như cũ', en: 'REFUSED: the box is as it was' }
const halfText: Text = {
  vi: 'KHÔNG NHẬN, VÀ MÁY KHÔNG VỀ ĐƯỢC NHƯ CŨ',
  en: 'REFUSED, AND THE BOX COULD NOT BE PUT BACK AS IT WAS',
}
const takenText: Text = { vi: 'ĐÃ NHẬN CẤU HÌNH', en: 'THE CONFIGURATION WAS TAKEN' }
const againText: Text = {
  vi: 'CẤU HÌNH NÀY ĐÃ NHẬN TRƯỚC ĐÂY: lần này không làm gì',
  en: 'THIS CONFIGURATION WAS TAKEN BEFORE: nothing was done this time',
}

/** Takes the configuration that is on a medium. Never throws: what is wrong is for its result file. */
export async function importMedium(medium: MediumAccess, deps: MediumDeps): Promise<MediumOutcome> {
  let refused = refusedText
  try {
    const text = await optional(readRootBytes(join(medium.folder, configName), maxConfigBytes))
    if (text === undefined) return { outcome: 'nothing', part: undefined }
    const { digest, plan, found } = await look(medium, text, deps)
    if (await deps.wasTaken(digest))
      return { outcome: 'again', part: { headline: againText, error: undefined, lines: [] } }
    await check(plan, found, deps)
    const lines: Text[] = []
    const canSign = await deps.prepareToken(plan, medium, lines)
    try {
      await install(deps, plan, found)
    } catch (error) {
      refused = halfText
      await deps.takeBack()
      refused = refusedText
      throw error
    }
    await deps.keep()
    // A medium that is gone by now, secrets and all, is not taken a second time either.
    await deps.markTaken(digest)
    await clean(medium, deps, plan, found, lines)
    if (canSign) await deps.tell(plan, medium, lines)
    return { outcome: 'taken', part: { headline: takenText, error: undefined, lines } }
  } catch (error) {
    return { outcome: 'refused', part: { headline: refused, error: asTramError(error), lines: [] } }
  }
}

type Found = ReadonlyMap<ReferredFile, Buffer | undefined>

async function look(
  { folder }: MediumAccess,
  bytes: Buffer,
  { plan: planOf, configFolder }: MediumDeps,
): Promise<{ digest: string; plan: MediumPlan; found: Found }> {
  const plan = await planOf(utf8(bytes))
  const hash = createHash('sha256').update(bytes)
  const found = new Map<ReferredFile, Buffer | undefined>()
  for (const file of plan.files) {
    const name = relative(configFolder, file.path)
    const content = await optional(readRootBytes(join(folder, name), maxFileBytes))
    found.set(file, content)
    // Lengths, so that no two media give one stream of bytes.
    hash.update(`${name.length}:${name}:${content?.length ?? -1}:`).update(content ?? '')
  }
  for (const name of plan.others) {
    const content = await optional(readRootBytes(join(folder, name), maxOtherBytes))
    hash.update(`${name.length}:${name}:${content?.length ?? -1}:`).update(content ?? '')
  }
  return { digest: hash.digest('hex'), plan, found }
}

/** What came along must be what it is for; what did not must be on the box already. */
async function check({ files }: MediumPlan, found: Found, { isOnBox }: MediumDeps): Promise<void> {
  for (const file of files) {
    const bytes = found.get(file)
    if (bytes === undefined && (await isOnBox(file))) continue
    const refuse = (detail: string): TramError =>
      new TramError('FILE_UNUSABLE', { file: file.path, key: file.key, detail })
    if (bytes === undefined) throw refuse('neither on the medium nor on the box')
    if (bytes.length === 0) throw refuse('0 B')
    if (file.kind !== 'certificates') continue
    // Of a bad PEM only the file helps who has to correct it.
    const certificates = verdictOf(() => certificatesFromPem(utf8(bytes)))
    if (!certificates.ok || certificates.value.length === 0) throw refuse('no certificate in it')
  }
}

async function install(deps: MediumDeps, plan: MediumPlan, found: Found): Promise<void> {
  for (const [file, bytes] of found) if (bytes !== undefined) await deps.install(file, bytes)
  if (plan.pin !== undefined) await deps.keepPin(plan.pin)
  await deps.apply(plan)
}

/** The secrets go from the medium. Only now: until the box has them, it is the only place where they are. */
async function clean(
  medium: MediumAccess,
  deps: MediumDeps,
  plan: MediumPlan,
  found: Found,
  lines: Text[],
): Promise<void> {
  try {
    for (const [file, bytes] of found)
      if (bytes !== undefined && file.kind === 'secret') await medium.wipe(relative(deps.configFolder, file.path))
    if (plan.pin !== undefined) {
      await medium.wipe(configName)
      await medium.write(configName, withoutPin(plan.text))
    }
    // As it is now: plugging it in again does nothing.
    const left = await readRootBytes(join(medium.folder, configName), maxConfigBytes)
    await deps.markTaken((await look(medium, left, deps)).digest)
  } catch (error) {
    const { code } = asTramError(error)
    lines.push({
      vi: `CHƯA XÓA ĐƯỢC các bí mật (PIN, khóa) khỏi đây (${code}): hãy tự xóa.`,
      en: `THE SECRETS (PIN, keys) COULD NOT BE REMOVED from here (${code}): remove them yourself.`,
    })
  }
}

/** `text` without the PIN of `[first_boot]`. */
export function withoutPin(text: string): string {
  let isFirstBoot = false
  return text
    .split('\n')
    .filter((line) => {
      const header = /^\s*\[+\s*([^\]]+?)\s*\]/.exec(line)
      if (header !== null) isFirstBoot = header[1] === 'first_boot'
      return !(isFirstBoot && /^\s*["']?pin["']?\s*=/.test(line)) && !/^\s*["']?first_boot["']?\s*(\.|=)/.test(line)
    })
    .join('\n')
}

async function optional<Value>(reading: Promise<Value>): Promise<Value | undefined> {
  return await reading.catch((error: unknown) => {
    if (isSystemError(error, 'ENOENT') || isSystemError(error, 'ENOTDIR')) return undefined
    throw error
  })
}

function utf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    throw new TramError(
      'CONFIG_INVALID',
      { file: configName, line: 1, key: '(file)', detail: 'is not UTF-8' },
      { cause: error },
    )
  }
}
