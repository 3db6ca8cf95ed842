// A medium (the FAT partition of the box, a stick labelled TRAM) that holds a tram.toml makes a box what the file says, without a
// keyboard. The medium is a picture of /etc/tram: the file and what it refers to. All of it is checked before anything is written; what
// a person has to know is written back as tram-result.txt. src/box-medium.ts hands in how this box does each step.
import { createHash } from 'node:crypto'
import { join, relative } from 'node:path'
import { asTramError, isSystemError, TramError, verdictOf } from '../../base/errors.ts'
import type { Text } from '../../base/text-format.ts'
import { certificatesFromPem } from '../../document/certificate.ts'
import { readRootBytes } from '../../equipment/box/root-files.ts'
import { type MediumResult, resultText } from './medium-result.ts'

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
  apply(plan: MediumPlan, medium: MediumAccess, canSign: boolean, lines: Text[]): Promise<void>
  /** Who and how the box is now. */
  facts(): Promise<MediumResult['facts']>
}

/** The medium, mounted. */
export interface MediumAccess {
  folder: string
  /** Writes a file on it, durably. */
  write(name: string, content: string | Uint8Array): Promise<void>
  /** Overwrites a file with zeros and removes it. */
  wipe(name: string): Promise<void>
}

export type MediumOutcome = 'nothing' | 'again' | 'taken' | 'refused'

/** Takes what is on a medium. Never throws but for the medium itself: what is wrong is told on it. */
export async function importMedium(medium: MediumAccess, deps: MediumDeps): Promise<MediumOutcome> {
  let result: Omit<MediumResult, 'facts'>
  let outcome: MediumOutcome
  try {
    const text = await optional(readRootBytes(join(medium.folder, configName), maxConfigBytes))
    if (text === undefined) return 'nothing'
    const { digest, plan, found } = await look(medium, text, deps)
    if (await deps.wasTaken(digest)) return 'again'
    await check(plan, found, deps)
    const lines: Text[] = []
    await install(medium, deps, plan, found, lines)
    // As it is now, secrets out: plugging it in again does nothing.
    const left = await readRootBytes(join(medium.folder, configName), maxConfigBytes)
    await deps.markTaken((await look(medium, left, deps)).digest)
    result = { error: undefined, lines }
    outcome = 'taken'
  } catch (error) {
    result = { error: asTramError(error), lines: [] }
    outcome = 'refused'
  }
  await medium.write(resultName, resultText({ ...result, facts: await deps.facts() }))
  return outcome
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

async function install(
  medium: MediumAccess,
  deps: MediumDeps,
  plan: MediumPlan,
  found: Found,
  lines: Text[],
): Promise<void> {
  const canSign = await deps.prepareToken(plan, medium, lines)
  for (const [file, bytes] of found) if (bytes !== undefined) await deps.install(file, bytes)
  if (plan.pin !== undefined) await deps.keepPin(plan.pin)
  await deps.apply(plan, medium, canSign, lines)
  // Only now: until the box has them, the medium is the only place where they are.
  for (const [file, bytes] of found)
    if (bytes !== undefined && file.kind === 'secret') await medium.wipe(relative(deps.configFolder, file.path))
  if (plan.pin !== undefined) {
    await medium.wipe(configName)
    await medium.write(configName, withoutPin(plan.text))
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
