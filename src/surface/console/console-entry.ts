// What an entry of the service console's menu is.
import type { Text } from '../../base/text-format.ts'
import type { ConsoleActions } from './console-actions.ts'
import type { ConsoleTerminal } from './console-terminal.ts'
import type { labels } from './console-texts.ts'
import type { PinPace } from './pin-pace.ts'

export interface EntryContext {
  terminal: ConsoleTerminal
  actions: ConsoleActions
  pace: PinPace
}

export interface ConsoleEntry {
  key: string
  /** For the log. */
  name: keyof typeof labels
  label: Text
  isThere(actions: ConsoleActions, signal: AbortSignal): boolean | Promise<boolean>
  /** @throws TramError, which is told to the technician; what the terminal throws when the session has ended */
  run(context: EntryContext): Promise<void>
}
