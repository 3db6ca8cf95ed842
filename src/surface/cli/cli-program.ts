// The command line: every command with its options and help, in Vietnamese or English, and what a failure prints and returns.
// main.ts hands in the process's ends and the composition roots; the cli-*-commands.ts files do the work.
// Long because: the commands are read as one list.
import { Command, CommanderError } from 'commander'
import { asTramError, TramError } from '../../base/errors.ts'
import { type Language, oneLine } from '../../base/text-format.ts'
import { tramVersion } from '../../base/version.ts'
import { type BackupOptions, backupCommand, type RestoreOptions, restoreCommand } from './cli-backup-commands.ts'
import {
  type CliAction,
  CliContext,
  type CliDeps,
  type ExitCode,
  exitCodes,
  type SharedOptions,
} from './cli-context.ts'
import {
  type BuildOptions,
  buildCommand,
  importCommand,
  lookupCommand,
  refuseCommand,
  requestsCommand,
  showCommand,
} from './cli-directory-commands.ts'
import { doctorCommand, selfTestCommand, supportBundleCommand } from './cli-doctor-commands.ts'
import {
  exportCommand,
  fetchCommand,
  inboxCommand,
  queueCommand,
  resendCommand,
  type SendOptions,
  sendCommand,
  traceCommand,
  type VerifyOptions,
  verifyCommand,
} from './cli-document-commands.ts'
import { type FleetOptions, fleetCommand } from './cli-fleet-command.ts'
import { networkApplyCommand, networkConfirmCommand, networkRevertCommand } from './cli-network-commands.ts'
import {
  auditVerifyCommand,
  clockTrustCommand,
  consoleCommand,
  descriptorCommand,
  healthCommand,
  identifyCommand,
  pinCommand,
  runCommand,
} from './cli-station-commands.ts'
import { type HelpName, help, labels } from './cli-texts.ts'
import { updateBackCommand, updateInstallCommand, updateStatusCommand } from './cli-update-commands.ts'
import { usageText } from './cli-usage-text.ts'

/**
 * Runs one command line.
 * @param argv without program and script
 * @returns the exit code; nothing is thrown
 */
export async function runCli(argv: readonly string[], deps: CliDeps): Promise<ExitCode> {
  const language = languageOf(argv)
  let exitCode: ExitCode = exitCodes.ok
  const program = createProgram(language, deps, async (action, options) => {
    exitCode = (await action(new CliContext(deps, language, options))) ?? exitCodes.ok
  })
  try {
    if (argv.length === 0) program.help({ error: true })
    await program.parseAsync([...argv], { from: 'user' })
    return exitCode
  } catch (error) {
    if (error instanceof CommanderError) return usage(error, language, deps)
    if (deps.signal.aborted) {
      deps.terminal.stderr.write(`${labels.interrupted[language]}\n`)
      return exitCodes.interrupted
    }
    return fail(asTramError(error), language, deps)
  }
}

/** The language has to be known before the help is written, so before anything is parsed. */
function languageOf(argv: readonly string[]): Language {
  const at = argv.lastIndexOf('--lang')
  const wanted = at >= 0 ? argv[at + 1] : argv.findLast((word) => word.startsWith('--lang='))?.slice(7)
  return wanted === 'en' ? 'en' : 'vi'
}

function usage(error: CommanderError, language: Language, { terminal }: CliDeps): ExitCode {
  // Help and version were asked for.
  if (error.exitCode === 0) return exitCodes.ok
  if (error.code !== 'commander.help')
    terminal.stderr.write(`${labels.error[language]}: ${usageText(error, language)}\n`)
  return exitCodes.usage
}

function fail(error: TramError, language: Language, { terminal }: CliDeps): ExitCode {
  const { code, vi, en, todoVi, todoEn } = error.condition
  const [text, todo] = language === 'vi' ? [vi, todoVi] : [en, todoEn]
  terminal.stderr.write(`${labels.error[language]}: ${oneLine(text)} (${code})\n`)
  terminal.stderr.write(`${labels.todo[language]}: ${oneLine(todo)}\n`)
  if (code === 'STATION_NOT_RUNNING') return exitCodes.notRunning
  if (code === 'EVIDENCE_INVALID' || code === 'STORE_DAMAGED') return exitCodes.notVerified
  return code === 'REQUEST_INVALID' ? exitCodes.usage : exitCodes.failed
}

type Perform = (action: CliAction, options: SharedOptions) => Promise<void>

/** The program in one language; `perform` gets what a command line asks for. */
export function createProgram(language: Language, { terminal }: Pick<CliDeps, 'terminal'>, perform: Perform): Command {
  const say = (name: HelpName): string => help[name][language]
  const program = new Command('tram')
    .description(say('program'))
    .exitOverride()
    .helpOption('-h, --help', say('help'))
    .helpCommand('help [command]', say('helpCommand'))
    .version(tramVersion, '-V, --version', say('version'))
    .option('--lang <vi|en>', say('lang'), languageNamed)
    .configureOutput({
      writeOut: (text) => terminal.stdout.write(text),
      writeErr: (text) => terminal.stderr.write(text),
      // Said once, in the reader's language, by `usage`.
      outputError: () => undefined,
    })
    .configureHelp({ styleTitle: (title) => titles[title]?.[language] ?? title, showGlobalOptions: false })

  const group = (name: string, text: HelpName): Command =>
    program.command(name).description(say(text)).helpOption('-h, --help', say('help')).helpCommand(false)
  const leaf = (parent: Command, usage: string, text: HelpName, isOfStation = true): Command => {
    const command = parent.command(usage).description(say(text)).helpOption('-h, --help', say('help'))
    if (isOfStation) command.option('--config <file>', say('config'))
    return command.option('--json', say('json')).option('--lang <vi|en>', say('lang'), languageNamed)
  }

  leaf(program, 'run', 'run').action((options: SharedOptions) => perform(runCommand(), options))
  leaf(program, 'console', 'console')
    .option('--line <path>', say('consoleLine'))
    .action((options: SharedOptions & { line?: string }) => perform(consoleCommand({ line: options.line }), options))
  leaf(program, 'health', 'health').action((options: SharedOptions) => perform(healthCommand(), options))
  leaf(program, 'doctor', 'doctor')
    .option('--network', say('doctorNetwork'))
    .action((options: SharedOptions & { network?: boolean }) => perform(doctorCommand(options), options))
  leaf(program, 'selftest', 'selfTest')
    .option('-o, --output <file>', say('output'))
    .action((options: SharedOptions & { output?: string }) => perform(selfTestCommand(options), options))
  leaf(program, 'support-bundle', 'supportBundle')
    .requiredOption('-o, --output <file>', say('output'))
    .action((options: SharedOptions & { output: string }) => perform(supportBundleCommand(options), options))
  leaf(program, 'backup', 'backup')
    .requiredOption('--to <folder>', say('backupTo'))
    .option('--recipient <age1...>', say('backupRecipient'), (key: string, keys: string[]) => [...keys, key], [])
    .option('--passphrase', say('backupPassphrase'))
    .option('--with-softhsm', say('withSoftHsm'))
    .action((options: SharedOptions & BackupOptions) => perform(backupCommand(options), options))
  leaf(program, 'restore', 'restore')
    .option('--from <folder>', say('restoreFrom'))
    .option('--identity <file>', say('restoreIdentity'))
    .option('--replace', say('restoreReplace'))
    .option('--generation <n>', say('restoreGeneration'))
    .option('--data-folder <folder>', say('restoreDataFolder'))
    .option('--with-softhsm', say('withSoftHsm'))
    .option('--descriptor <file>', say('restoreDescriptor'))
    .action((options: SharedOptions & RestoreOptions) => perform(restoreCommand(options), options))
  leaf(program, 'identify', 'identify')
    .option('--seconds <n>', say('identifySeconds'))
    .action(({ seconds, ...options }: SharedOptions & { seconds?: string }) =>
      perform(identifyCommand({ seconds }), options),
    )
  leaf(program, 'fleet', 'fleet', false)
    .requiredOption('--broker <url>', say('fleetBroker'))
    .option('--ca <file>', say('fleetCa'))
    .option('--cert <file>', say('fleetCert'))
    .option('--key <file>', say('fleetKey'))
    .option('--user <name>', say('fleetUser'))
    .option('--password-file <file>', say('fleetPasswordFile'))
    .option('--site <site>', say('fleetSite'))
    .option('--once', say('fleetOnce'))
    .action((options: SharedOptions & FleetOptions) => perform(fleetCommand(options), options))
  leaf(program, 'trace', 'trace')
    .argument('<document>', say('document'))
    .action((id: string, options: SharedOptions) => perform(traceCommand(id), options))
  leaf(program, 'queue', 'queue')
    .option('--station <id>', say('queueStation'))
    .option('--limit <n>', say('limit'))
    .action(({ config, json, station, limit }: SharedOptions & { station?: string; limit?: string }) =>
      perform(queueCommand({ station, limit }), { config, json }),
    )
  leaf(program, 'inbox', 'inbox')
    .option('--agency <code>', say('inboxAgency'))
    .option('--kind <kind>', say('kind'))
    .option('--limit <n>', say('limit'))
    .option('--systemid <id>', say('systemid'))
    .action((options: SharedOptions & Record<'agency' | 'kind' | 'limit' | 'systemid', string | undefined>) => {
      const { agency, kind, limit, systemid } = options
      return perform(inboxCommand({ agency, kind, limit, systemid }), options)
    })
  leaf(program, 'send', 'send')
    .argument('<file>', say('file'))
    .option('--from <code>', say('sendFrom'))
    .option('--to <codes>', say('sendTo'))
    .option('--kind <kind>', say('kind'))
    .option('--systemid <id>', say('systemid'))
    .option('--resend', say('sendResend'))
    .action((file: string, options: SharedOptions & SendOptions) => {
      const { from, to, kind, systemid, resend } = options
      return perform(sendCommand(file, { from, to, kind, systemid, resend }), options)
    })
  leaf(program, 'resend', 'resend')
    .argument('<document>', say('document'))
    .option('--to <codes>', say('sendTo'))
    .option('--systemid <id>', say('systemid'))
    .action((id: string, options: SharedOptions & { to?: string; systemid?: string }) =>
      perform(resendCommand(id, options), options),
    )
  leaf(program, 'fetch', 'fetch')
    .argument('<item>', say('item'))
    .requiredOption('-o, --output <file>', say('output'))
    .option('--systemid <id>', say('systemid'))
    .action((item: string, options: SharedOptions & { output: string; systemid?: string }) =>
      perform(fetchCommand(item, options), options),
    )
  leaf(program, 'verify', 'verify')
    .argument('<evidence>', say('evidence'))
    .option('--anchor <file...>', say('anchor'))
    .option('--authority <file...>', say('authority'))
    .option('--intermediate <file...>', say('intermediate'))
    .action((path: string, options: SharedOptions & VerifyOptions) => perform(verifyCommand(path, options), options))
  leaf(program, 'export', 'export')
    .argument('<document>', say('document'))
    .requiredOption('-o, --output <path>', say('exportOutput'))
    .action((id: string, options: SharedOptions & { output: string }) => perform(exportCommand(id, options), options))
  leaf(program, 'descriptor', 'descriptor')
    .requiredOption('-o, --output <file>', say('output'))
    .action((options: SharedOptions & { output: string }) => perform(descriptorCommand(options), options))

  const directory = group('directory', 'directory')
  leaf(directory, 'build', 'build')
    .argument('[descriptors...]', say('descriptors'))
    .requiredOption('--directory-version <n>', say('buildVersion'))
    .requiredOption('--days <n>', say('days'))
    .requiredOption('--agencies <file>', say('agencies'))
    .requiredOption('-o, --output <file>', say('output'))
    .option('--adopt', say('adopt'))
    .option('--requests <file...>', say('buildRequests'))
    .option('--agencies-output <file>', say('agenciesOutput'))
    .action((files: string[], options: SharedOptions & BuildOptions) => perform(buildCommand(files, options), options))
  leaf(directory, 'import', 'import')
    .argument('<file>', say('file'))
    .action((file: string, options: SharedOptions) => perform(importCommand(file), options))
  leaf(directory, 'show', 'show')
    .argument('[file]', say('file'))
    .action((file: string | undefined, options: SharedOptions) => perform(showCommand(file), options))
  leaf(directory, 'requests', 'requests')
    .option('--all', say('requestsAll'))
    .option('-o, --output <file>', say('requestsOutput'))
    .action((options: SharedOptions & { all?: boolean; output?: string }) => perform(requestsCommand(options), options))
  leaf(directory, 'refuse', 'refuse')
    .argument('<request>', say('request'))
    .requiredOption('--reason <text>', say('reason'))
    .action((id: string, options: SharedOptions & { reason: string }) => perform(refuseCommand(id, options), options))
  leaf(directory, 'lookup', 'lookup')
    .argument('<code>', say('code'))
    .action((code: string, options: SharedOptions) => perform(lookupCommand(code), options))

  leaf(group('audit', 'audit'), 'verify', 'auditVerify').action((options: SharedOptions) =>
    perform(auditVerifyCommand(), options),
  )
  leaf(group('clock', 'clock'), 'trust', 'clockTrust').action((options: SharedOptions) =>
    perform(clockTrustCommand(), options),
  )
  const update = group('update', 'update')
  leaf(update, 'install', 'updateInstall', false)
    .argument('<file>', say('updateFile'))
    .option('--restart <when>', say('updateRestart'))
    .action((file: string, { restart, ...options }: SharedOptions & { restart?: string }) =>
      perform(updateInstallCommand(file, { restart }), options),
    )
  leaf(update, 'status', 'updateStatus', false).action((options: SharedOptions) =>
    perform(updateStatusCommand(), options),
  )
  leaf(update, 'back', 'updateBack', false)
    .option('--yes', say('updateYes'))
    .option('--restart <when>', say('updateRestart'))
    .action(({ restart, yes = false, ...options }: SharedOptions & { restart?: string; yes?: boolean }) =>
      perform(updateBackCommand({ restart, yes }), options),
    )
  const net = group('net', 'net')
  leaf(net, 'apply', 'netApply', false)
    .requiredOption('--file <file>', say('netFile'))
    .action((options: SharedOptions & { file: string }) => perform(networkApplyCommand(options), options))
  leaf(net, 'confirm', 'netConfirm', false).action((options: SharedOptions) =>
    perform(networkConfirmCommand(), options),
  )
  leaf(net, 'revert', 'netRevert', false).action((options: SharedOptions) => perform(networkRevertCommand(), options))
  leaf(program, 'pin', 'pin').action((options: SharedOptions) => perform(pinCommand(), options))
  return program
}

const titles: Readonly<Record<string, { vi: string; en: string }>> = {
  'Usage:': labels.usage,
  'Commands:': labels.commands,
  'Options:': labels.options,
  'Arguments:': labels.arguments,
}

function languageNamed(text: string): Language {
  if (text === 'vi' || text === 'en') return text
  throw new TramError('REQUEST_INVALID', { field: '--lang', detail: 'vi | en' })
}
