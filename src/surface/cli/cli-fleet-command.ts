// `tram fleet`: all stations of a broker. The work is done by src/fleet.ts, which main.ts hands in.
import { type CliAction, exitCodes } from './cli-context.ts'
import { readSecret } from './cli-terminal.ts'
import { labels } from './cli-texts.ts'

export interface FleetOptions {
  broker: string
  ca?: string
  cert?: string
  key?: string
  user?: string
  passwordFile?: string
  site?: string
  once?: boolean
  json?: boolean
}

export const fleetCommand =
  ({ json, once, ...options }: FleetOptions): CliAction =>
  async (context) => {
    const { deps, language, signal } = context
    const askPassword = () => readSecret(deps.terminal, '--user', context.text(labels.passwordPrompt), signal)
    const wish = { ...options, isJson: json === true, isOnce: once === true, language, askPassword }
    const overall = await deps.fleet(wish, signal)
    return overall === undefined ? exitCodes.ok : exitCodes[overall]
  }
