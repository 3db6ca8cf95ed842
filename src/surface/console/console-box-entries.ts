// The entries of the service console that an appliance has besides: they ask its root program, and are there when it offers what they need.
import type { BoxActions } from './console-actions.ts'
import type { ConsoleEntry, EntryContext } from './console-entry.ts'
import { labels, texts } from './console-texts.ts'

const offered =
  (action: string): ConsoleEntry['isThere'] =>
  async ({ box }, signal) =>
    (await box?.offers(signal))?.includes(action) ?? false

const entry = (key: string, name: keyof typeof labels, action: string, run: ConsoleEntry['run']): ConsoleEntry => ({
  ...{ key, name, label: labels[name], run },
  isThere: offered(action),
})

export const boxEntries: readonly ConsoleEntry[] = [
  entry('11', 'address', 'network-apply', changeAddress),
  entry('12', 'update', 'update-status', showUpdate),
  // Nothing that the console could have done: it is for a person with a stick, and any box with a root program has that.
  entry('13', 'reset', 'restart-station', explainReset),
]

const boxOf = ({ actions }: EntryContext): BoxActions => {
  if (actions.box === undefined) throw new Error('the entry is there without its box')
  return actions.box
}

/** Tried first: an address that nobody can reach is gone after two minutes, whoever stands where. */
async function changeAddress(context: EntryContext): Promise<void> {
  const { terminal } = context
  const box = boxOf(context)
  const now = await box.interfaces()
  if (now.length === 0) return await terminal.say(terminal.text(texts.noInterface))
  for (const [index, { name, addresses, gateway }] of now.entries())
    await terminal.say(
      `${index + 1}. ${name}: ${addresses.length === 0 ? 'DHCP' : addresses.join(' ')}${gateway === undefined ? '' : `, gateway ${gateway}`}`,
    )
  const which = now.length === 1 ? 1 : Number(await terminal.ask(terminal.text(texts.whichInterface)))
  const chosen = now[which - 1]
  if (chosen === undefined) return await terminal.say(terminal.text(texts.unchanged))
  const addresses = (await terminal.ask(terminal.text(texts.newAddress))).split(/[\s,;]+/).filter((one) => one !== '')
  if (addresses.length === 0) return await terminal.say(terminal.text(texts.unchanged))
  const typed = await terminal.ask(terminal.text(texts.newGateway))
  const gateway = typed === '' ? chosen.gateway : typed
  await terminal.say(`${chosen.name}: ${addresses.join(' ')}${gateway === undefined ? '' : `, gateway ${gateway}`}`)
  if ((await terminal.ask(terminal.text(texts.tryAddress))) !== '1')
    return await terminal.say(terminal.text(texts.unchanged))
  await box.tryAddress(
    { interface: which - 1, addresses, ...(gateway === undefined ? {} : { gateway }) },
    terminal.ended,
  )
  // Whoever leaves here leaves it to the timer.
  const isKept = (await terminal.ask(terminal.text(texts.keepAddress))) === '1'
  if (isKept) await box.keepNetwork(terminal.ended)
  else await box.dropNetwork(terminal.ended)
  await terminal.say(terminal.text(isKept ? texts.addressKept : texts.addressBack))
}

async function showUpdate(context: EntryContext): Promise<void> {
  const { terminal } = context
  const box = boxOf(context)
  const { text, isBackPossible } = await box.updateStatus(terminal.language === 'en' ? 'en' : 'vi', terminal.signal)
  await terminal.say(text, terminal.text(texts.updateByStick))
  if (!isBackPossible) return
  if ((await terminal.ask(terminal.text(texts.goBack))).toLowerCase() !== 'back')
    return await terminal.say(terminal.text(texts.unchanged))
  await box.goBack(terminal.ended)
  await terminal.say(terminal.text(texts.goingBack))
}

async function explainReset({ terminal, actions }: EntryContext): Promise<void> {
  const groups = actions.fingerprint?.()?.slice(0, 9)
  if (groups === undefined) return await terminal.say(terminal.text(texts.nothingToReset))
  await terminal.say(terminal.text(texts.resetByStick), '', groups)
  const report = await actions.health(terminal.signal).catch(() => undefined)
  const waiting = report?.queues.reduce((sum, { depth }) => sum + depth, report.sealing.waybills)
  if (waiting !== 0) await terminal.say(`and-lose-${waiting ?? 'unknown'}-documents`)
}
