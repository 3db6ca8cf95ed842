// Commands that examine a station, up or down: doctor. The work is done by src/doctor.ts, which main.ts hands in.
import { type CliAction, type ExitCode, exitCodes } from './cli-context.ts'

const exits: Record<'ok' | 'degraded' | 'failed', ExitCode> = {
  ok: exitCodes.ok,
  degraded: exitCodes.degraded,
  failed: exitCodes.failed,
}

export const doctorCommand =
  ({ network }: { network?: boolean }): CliAction =>
  async (context) => {
    const { configFile, language, signal } = context
    const { value, overall, text } = await context.deps.doctor.examine(
      configFile,
      { network: network === true },
      signal,
    )
    context.print(value, () => text(language))
    return exits[overall]
  }
