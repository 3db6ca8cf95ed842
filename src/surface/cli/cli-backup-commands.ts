// Commands that carry a station to another box: backup and restore. Secrets are typed or printed, never words of the command line.
import { TramError } from '../../base/errors.ts'
import { byteSize, vietnamTime } from '../../base/text-format.ts'
import { minPassphraseLength } from '../../exchange/backup/passphrase.ts'
import { type CliAction, type CliContext, exitCodes } from './cli-context.ts'
import { writeWhole } from './cli-files.ts'
import { readSecret } from './cli-terminal.ts'
import { labels } from './cli-texts.ts'

export interface BackupOptions {
  to: string
  recipient: string[]
  passphrase?: boolean
  withSofthsm?: boolean
}

export interface RestoreOptions {
  from?: string
  identity?: string
  replace?: boolean
  generation?: string
  dataFolder?: string
  withSofthsm?: boolean
  descriptor?: string
}

export const backupCommand =
  ({ to, recipient, passphrase, withSofthsm }: BackupOptions): CliAction =>
  async (context) => {
    if (passphrase === true && recipient.length > 0)
      throw new TramError('REQUEST_INVALID', { field: '--passphrase', detail: 'not together with --recipient' })
    const typed = passphrase === true ? { passphrase: await newPassphrase(context) } : {}
    const wish = {
      configFile: context.configFile,
      folder: to,
      recipients: recipient,
      withSoftHsm: withSofthsm === true,
    }
    const done = await context.deps.backup.create({ ...wish, ...typed }, context.signal)
    context.print(done, () =>
      [
        `${context.text(labels.backupMade)}: ${byteSize(done.sizeBytes)}`,
        ...done.files,
        ...(done.passphrase === undefined ? [] : ['', `${context.text(labels.backupKeep)}:`, `  ${done.passphrase}`]),
      ].join('\n'),
    )
    return exitCodes.ok
  }

export const restoreCommand =
  (options: RestoreOptions): CliAction =>
  async (context) => {
    const { from, identity, replace, generation, dataFolder, withSofthsm, descriptor } = options
    if (generation !== undefined && !/^[1-9]\d{0,6}$/.test(generation))
      throw new TramError('REQUEST_INVALID', { field: '--generation', detail: generation })
    const { terminal } = context.deps
    const done = await context.deps.backup.restore(
      {
        configFile: context.configFile,
        askPassphrase: () => readSecret(terminal, 'passphrase', context.text(labels.restorePassphrase), context.signal),
        replace: replace === true,
        withSoftHsm: withSofthsm === true,
        ...(from === undefined ? {} : { from }),
        ...(identity === undefined ? {} : { identityFile: identity }),
        ...(generation === undefined ? {} : { generation: Number(generation) }),
        ...(dataFolder === undefined ? {} : { dataFolder }),
      },
      context.signal,
    )
    context.print(done, () =>
      [
        `${context.text(labels.restored)}: ${done.station}/${done.generation}, ${done.dataFolder}`,
        ...(done.createdMs === undefined ? [] : [vietnamTime(done.createdMs)]),
        ...(done.replaced === undefined ? [] : [`${context.text(labels.restoredOld)}: ${done.replaced}`]),
        context.text(labels.restoredNext),
      ].join('\n'),
    )
    if (descriptor !== undefined) {
      const bytes = await context.deps.offline.writeDescriptor(context.configFile, context.signal)
      await writeWhole(descriptor, [bytes])
      context.note(descriptor)
    }
    return exitCodes.ok
  }

async function newPassphrase(context: CliContext): Promise<string> {
  const { signal } = context
  const { terminal } = context.deps
  const first = await readSecret(terminal, 'passphrase', context.text(labels.backupPassphrase), signal)
  if (first.length < minPassphraseLength) {
    const detail = `has fewer than ${minPassphraseLength} characters`
    throw new TramError('REQUEST_INVALID', { field: 'passphrase', detail })
  }
  // Somebody who types may mistype; a file does not.
  const isTyped = terminal.stdin.isTTY === true
  if (isTyped && (await readSecret(terminal, 'passphrase', context.text(labels.backupAgain), signal)) !== first)
    throw new TramError('REQUEST_INVALID', { field: 'passphrase', detail: 'is not the same the second time' })
  return first
}
