// The entries of the service console's menu, in its order. A key stays with its entry for good: pages and technicians know it.
import type { Language, Text } from '../../base/text-format.ts'
import { isAgencyCode } from '../../document/agency-code.ts'
import type { HealthReport } from '../../exchange/health/station-health.ts'
import type { ConsoleActions, SettingsChange, StationSettings } from './console-actions.ts'
import { boxEntries } from './console-box-entries.ts'
import type { ConsoleEntry, EntryContext } from './console-entry.ts'
import type { ConsoleTerminal } from './console-terminal.ts'
import { conditionText, labels, texts } from './console-texts.ts'

/** The way to the rack and a look at each box in it. */
const identifySeconds = 120

const always = (): boolean => true

const entry = (
  key: string,
  name: keyof typeof labels,
  isThere: ConsoleEntry['isThere'],
  run: ConsoleEntry['run'],
): ConsoleEntry => ({ key, name, label: labels[name], isThere, run })

export const entries: readonly ConsoleEntry[] = [
  entry('1', 'status', always, showStatus),
  entry('2', 'network', always, async ({ terminal, actions }) =>
    terminal.say(await actions.network(reportLanguage(terminal))),
  ),
  entry('3', 'fingerprints', always, showFingerprints),
  entry(
    '4',
    'doctor',
    ({ doctor }) => doctor !== undefined,
    ({ terminal, actions }) => showReport(terminal, actions.doctor),
  ),
  entry(
    '5',
    'selftest',
    ({ selftest }) => selftest !== undefined,
    ({ terminal, actions }) => showReport(terminal, actions.selftest),
  ),
  entry('6', 'bundle', ({ stick }) => stick !== undefined, saveBundle),
  entry(
    '7',
    'identify',
    async ({ lights }, signal) => (await lights?.areThere(signal)) ?? false,
    async ({ terminal, actions }) => {
      await actions.lights?.identify(identifySeconds, terminal.signal)
      await terminal.say(terminal.text(texts.blinking))
    },
  ),
  entry('8', 'pin', always, enterPin),
  entry('9', 'settings', ({ settings }) => settings !== undefined, changeSettings),
  entry('10', 'restart', async (actions, signal) => (await restartOf(actions, signal)) !== undefined, offerRestart),
  ...boxEntries,
  entry('l', 'language', always, async ({ terminal }) => {
    terminal.language = ({ vi: 'en', en: 'ascii', ascii: 'vi' } as const)[terminal.language]
  }),
  entry('q', 'leave', always, async () => undefined),
]

/** By the command of the configuration, or by the root program where it offers that. */
async function restartOf({ restart, box }: ConsoleActions, signal: AbortSignal): Promise<ConsoleActions['restart']> {
  if (restart !== undefined || box === undefined) return restart
  return (await box.offers(signal)).includes('restart-station') ? (ended) => box.restartStation(ended) : undefined
}

const reportLanguage = ({ language }: ConsoleTerminal): Language => (language === 'en' ? 'en' : 'vi')

async function showStatus({ terminal, actions }: EntryContext): Promise<void> {
  const report = await actions.health(terminal.signal)
  await terminal.say(terminal.text(texts[report.overall]))
  for (const condition of report.conditions) await terminal.say(...conditionText(condition, terminal.language))
  if (report.conditions.length === 0) await terminal.say(terminal.text(texts.allWell))
  await terminal.say(terminal.text(countsOf(report)))
}

/** Numbers only: which documents they are is nobody's business here. A line each. */
function countsOf({ queues, peers, token, disk, directory }: HealthReport): Text {
  const waiting = queues.reduce((sum, { depth }) => sum + depth, 0)
  const freeMib = Math.floor(disk.freeBytes / 1024 / 1024)
  return {
    vi: `Token: ${token.state}\nTrạm khác đang nối: ${peers.connected}/${peers.known}\nChờ chuyển: ${waiting}\nDanh bạ: phiên bản ${directory.version}\nỔ đĩa trống: ${freeMib} MiB`,
    en: `Token: ${token.state}\nOther stations connected: ${peers.connected} of ${peers.known}\nWaiting deliveries: ${waiting}\nDirectory: version ${directory.version}\nDisk free: ${freeMib} MiB`,
  }
}

async function showFingerprints({ terminal, actions }: EntryContext): Promise<void> {
  const { version, station, fingerprint, peerId, certificateSha256 } = await actions.fingerprints(terminal.signal)
  const unknown = terminal.text(texts.unknown)
  const none = terminal.text({ vi: 'chưa có', en: 'none yet' })
  // In groups, to be read aloud and compared.
  const digest = certificateSha256?.match(/.{1,8}/g)?.join(' ') ?? unknown
  await terminal.say(
    `${terminal.text({ vi: 'Trạm', en: 'Station' })}: ${station}`,
    `${terminal.text({ vi: 'Phiên bản', en: 'Version' })}: ${version}`,
    `${terminal.text({ vi: 'Vân tay', en: 'Fingerprint' })}: ${fingerprint ?? none}`,
    `${terminal.text({ vi: 'Mã nút', en: 'Peer id' })}: ${peerId ?? none}`,
    `${terminal.text({ vi: 'Chứng thư', en: 'Certificate' })} SHA-256: ${digest}`,
  )
}

async function showReport(terminal: ConsoleTerminal, report: ConsoleActions['doctor']): Promise<void> {
  await terminal.say(terminal.text(texts.wait))
  const text = await report?.(reportLanguage(terminal), terminal.signal)
  await terminal.say(text ?? '')
}

async function saveBundle({ terminal, actions }: EntryContext): Promise<void> {
  const { stick } = actions
  if (stick === undefined) return
  await terminal.say(terminal.text(texts.wait))
  const { file, sizeBytes, sha256 } = await stick.saveBundle(terminal.signal)
  await terminal.say(`${file}: ${Math.ceil(sizeBytes / 1024)} KiB`, `SHA-256 ${sha256}`)
  await stick.release(terminal.signal)
  await terminal.say(terminal.text(texts.safeToRemove))
}

async function enterPin({ terminal, actions, pace }: EntryContext): Promise<void> {
  pace.assertAllowed()
  const { token } = await actions.health(terminal.signal)
  if (token.state === 'ready') return await terminal.say(terminal.text(texts.pinReady))
  if (token.pinFinalTry) {
    if ((await terminal.ask(terminal.text(texts.pinFinalTry))) !== '1') return
  } else if (token.pinCountLow) await terminal.say(terminal.text(texts.pinCountLow))
  const pin = await terminal.ask(terminal.text(texts.pinPrompt), true)
  if (pin === '') return await terminal.say(terminal.text(texts.unchanged))
  pace.tried()
  // Not by Ctrl-C: the token may count a login that nobody waits for.
  const { state, detail } = await actions.enterPin(pin, terminal.ended)
  pace.succeeded()
  if (state === 'ready') await terminal.say(terminal.text(texts.pinAccepted))
  else await terminal.say(`${terminal.text(texts.pinTaken)}: ${detail}`)
}

async function changeSettings(context: EntryContext): Promise<void> {
  const { terminal, actions } = context
  const { settings } = actions
  if (settings === undefined) return
  const now = await settings.read()
  await terminal.say(`${terminal.text(texts.nameNow)}: ${now.name}`)
  for (const [index, { systemid, agencies }] of now.backends.entries())
    await terminal.say(`${terminal.text(texts.codesNow)} ${index + 1}. ${systemid}: ${agencies.join(' ')}`)
  const change: SettingsChange = { ...(await askName(terminal, now)), ...(await askCodes(terminal, now)) }
  if (change.name === undefined && change.codes === undefined) return await terminal.say(terminal.text(texts.unchanged))
  if (change.name !== undefined) await terminal.say(`${terminal.text(texts.nameNow)}: ${change.name}`)
  if (change.codes !== undefined) {
    const { systemid = '' } = now.backends[change.codes.backend] ?? {}
    await terminal.say(`${terminal.text(texts.codesNow)} ${systemid}: ${change.codes.agencies.join(' ')}`)
  }
  if ((await terminal.ask(terminal.text(texts.save))) !== '1') return await terminal.say(terminal.text(texts.unchanged))
  await settings.change(change)
  await terminal.say(terminal.text(texts.saved))
  if (change.codes !== undefined) await terminal.say(terminal.text(texts.directoryHint))
  await offerRestart(context)
}

async function askName(terminal: ConsoleTerminal, now: StationSettings): Promise<{ name?: string }> {
  for (;;) {
    const name = await terminal.ask(terminal.text(texts.newName))
    if (name === '' || name === now.name) return {}
    if ([...name].length <= 200) return { name }
    await terminal.say(terminal.text(texts.longName))
  }
}

async function askCodes(
  terminal: ConsoleTerminal,
  { backends }: StationSettings,
): Promise<Pick<SettingsChange, 'codes'>> {
  if (backends.length === 0) return {}
  let backend = 0
  if (backends.length > 1) {
    const which = Number(await terminal.ask(terminal.text(texts.whichBackend)))
    if (!Number.isInteger(which) || which < 1 || which > backends.length) return {}
    backend = which - 1
  }
  for (;;) {
    const typed = await terminal.ask(terminal.text(texts.newCodes))
    // Codes have capital letters only: small ones can be no other code.
    const agencies = [
      ...new Set(
        typed
          .toUpperCase()
          .split(/[\s,;]+/)
          .filter((code) => code !== ''),
      ),
    ]
    if (agencies.length === 0) return {}
    const wrong = agencies.filter((code) => !isAgencyCode(code))
    if (wrong.length === 0) return { codes: { backend, agencies } }
    await terminal.say(`${wrong.join(' ')}: ${terminal.text(texts.badCode)}`)
  }
}

async function offerRestart({ terminal, actions }: EntryContext): Promise<void> {
  const restart = await restartOf(actions, terminal.signal)
  if (restart === undefined) return
  if ((await terminal.ask(terminal.text(texts.restartNow))) !== '1') return
  await restart(terminal.ended)
  await terminal.say(terminal.text(texts.restarted))
}
