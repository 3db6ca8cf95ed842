// Commands on the network of an appliance: try another one, keep it, take it back. The root program does it (equipment/box); without
// a confirmation it takes back what was tried, so that a wrong address costs two minutes and not a journey.
import { readFile } from 'node:fs/promises'
import { asTramError, TramError } from '../../base/errors.ts'
import type { BoxRequest, BoxResult } from '../../equipment/box/box-protocol.ts'
import { type CliAction, type CliContext, exitCodes } from './cli-context.ts'
import { labels } from './cli-texts.ts'

const ask = (context: CliContext, request: BoxRequest): Promise<BoxResult> =>
  context.deps.box.ask(request, context.signal, (text) => context.note(text))

export const networkApplyCommand =
  ({ file }: { file: string }): CliAction =>
  async (context) => {
    const toml = await readFile(file, 'utf8').catch((error: unknown) => {
      throw new TramError(
        'FILE_UNUSABLE',
        { file, key: '--file', detail: asTramError(error).message },
        { cause: error },
      )
    })
    const result = await ask(context, { action: 'network-apply', toml })
    context.print(result, () => context.text(labels.networkOnTrial))
    return exitCodes.ok
  }

export const networkConfirmCommand = (): CliAction => async (context) => {
  const result = await ask(context, { action: 'network-confirm' })
  context.print(result, () => context.text(labels.networkKept))
  return exitCodes.ok
}

export const networkRevertCommand = (): CliAction => async (context) => {
  const result = await ask(context, { action: 'network-revert' })
  context.print(result, () => context.text(labels.networkBack))
  return exitCodes.ok
}
