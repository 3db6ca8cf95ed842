// Commands about the software of an appliance: install an update, see the slots, go back. Its root program does the work.
import { resolve } from 'node:path'
import { TramError } from '../../base/errors.ts'
import type { Text } from '../../base/text-format.ts'
import type { BoxResult } from '../../equipment/box/box-protocol.ts'
import { type CliAction, exitCodes } from './cli-context.ts'
import { labels } from './cli-texts.ts'

export interface Slot {
  slot: string
  version?: string
  state: 'booted' | 'inactive'
  isNext: boolean
  isCommitted: boolean
  isBootable: boolean
}

export interface UpdateOptionsOfCommand {
  /** now, no or HH:MM; undefined: as [update] reboot_at says, else now. */
  restart: string | undefined
}

export const updateInstallCommand =
  (file: string, { restart }: UpdateOptionsOfCommand): CliAction =>
  async (context) => {
    const request = { action: 'update-install', file: resolve(file), ...(restart === undefined ? {} : { restart }) }
    const result = await context.deps.box.ask(request, context.signal, (line) => context.note(line))
    context.print(
      result,
      () => `${result.version} → ${result.slot}. ${context.text(restartText(result.restartMinutes))}`,
    )
    return exitCodes.ok
  }

export const updateStatusCommand = (): CliAction => async (context) => {
  const result = await context.deps.box.ask({ action: 'update-status' }, context.signal)
  const slots = slotsOf(result)
  context.print(result, () => slotsText(slots, (text) => context.text(text)))
  return slots.some(({ state, isCommitted }) => state === 'booted' && !isCommitted) ? exitCodes.degraded : exitCodes.ok
}

export const updateBackCommand =
  ({ yes, restart }: UpdateOptionsOfCommand & { yes: boolean }): CliAction =>
  async (context) => {
    if (!yes)
      throw new TramError('REQUEST_INVALID', { field: '--yes', detail: context.text(labels.updateBackQuestion) })
    const request = { action: 'update-back', ...(restart === undefined ? {} : { restart }) }
    const result = await context.deps.box.ask(request, context.signal)
    context.print(
      result,
      () => `${result.version} → ${result.slot}. ${context.text(restartText(result.restartMinutes))}`,
    )
    return exitCodes.ok
  }

/** Of the root program's answer to `update-status`. */
export const slotsOf = ({ slots }: BoxResult): Slot[] => (Array.isArray(slots) ? (slots as Slot[]) : [])

/** A line for each. */
export const slotsText = (slots: readonly Slot[], say: (text: Text) => string): string =>
  slots.map((slot) => slotText(slot, say)).join('\n')

function slotText({ slot, version, state, isNext, isCommitted, isBootable }: Slot, say: (text: Text) => string) {
  // As a card comes from the workshop.
  if (version === undefined && !isBootable) return `${slot}  ${say(labels.slotEmpty)}`
  const words = [
    ...(state === 'booted' ? [labels.slotRunning] : []),
    ...(isNext ? [labels.slotNext] : []),
    isCommitted ? labels.slotCommitted : labels.slotNotCommitted,
    ...(isBootable ? [] : [labels.slotNotBootable]),
  ]
  return `${slot}  ${version ?? '?'}  ${words.map(say).join(', ')}`
}

const restartText = (minutes: unknown) =>
  minutes === null ? labels.restartLater : minutes === 0 ? labels.restartNow : labels.restartScheduled
