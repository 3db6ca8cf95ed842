// One client of the root program, from its request to the last line of the answer. systemd accepts the connection and starts a
// program for each, so that nothing of it stays in memory; box-main.ts hands in the two ends of the connection and the actions.
import type { Writable } from 'node:stream'
import { asTramError, TramError } from '../../base/errors.ts'
import { type Logger, logFields } from '../../base/logger.ts'
import { type BoxResult, errorLine, linesOf, parseRequest } from '../../equipment/box/box-protocol.ts'
import { type BoxActions, BoxInput } from './box-action.ts'

/** Who connects and says nothing is sent away: there are few places. */
const requestMs = 10_000

export interface BoxConnectionDeps {
  input: AsyncIterable<Uint8Array>
  output: Writable
  actions: BoxActions
  /** Runs an act while no other one runs. @throws TramError BOX_BUSY */
  alone<Result>(act: () => Promise<Result>): Promise<Result>
  logger: Logger
  signal: AbortSignal
}

/** Serves one request. Never throws; a client that leaves early changes nothing of what it asked for. */
export async function serveBoxRequest(deps: BoxConnectionDeps): Promise<void> {
  const { input, output, logger } = deps
  output.on('error', () => undefined) // the client has left
  const tell = (line: string): void => void (output.writable && output.write(`${line}\n`))
  let action = ''
  try {
    const request = parseRequest(await firstLine(input))
    action = request.action.slice(0, 50)
    const progress = (text: string): void => tell(JSON.stringify({ progress: text }))
    const result = await perform(deps, request.action, new BoxInput(request), progress)
    logger.info({ action }, 'done')
    tell(JSON.stringify({ ...result, done: true }))
  } catch (error) {
    const trouble = asTramError(error)
    logger.warn({ action, ...logFields(trouble) }, 'refused')
    tell(errorLine(trouble))
  }
}

async function perform(
  { actions, alone, signal, logger }: BoxConnectionDeps,
  name: string,
  input: BoxInput,
  progress: (text: string) => void,
): Promise<BoxResult> {
  if (name === 'offers') {
    input.end()
    return { actions: Object.keys(actions) }
  }
  const action = Object.hasOwn(actions, name) ? actions[name] : undefined
  if (action === undefined)
    throw new TramError('REQUEST_INVALID', { field: 'action', detail: Object.keys(actions).join(', ') })
  logger.info({ action: name }, 'asked')
  const run = () => action.run(input, { progress, signal })
  return action.isReading === true ? await run() : await alone(run)
}

async function firstLine(input: AsyncIterable<Uint8Array>): Promise<string> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(
    () => reject(new TramError('REQUEST_INVALID', { field: '(line)', detail: 'none came in time' })),
    requestMs,
  )
  const lines = linesOf(input)
  try {
    const { value } = await Promise.race([lines.next(), late])
    return value ?? ''
  } finally {
    clearTimeout(timer)
  }
}
