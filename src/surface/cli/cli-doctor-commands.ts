// Commands that examine a station, up or down: doctor, selftest, support-bundle. The work is done by src/doctor.ts, which main.ts hands in.
import { byteSize } from '../../base/text-format.ts'
import { type CliAction, type ExitCode, exitCodes } from './cli-context.ts'
import { writeWhole } from './cli-files.ts'

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

export const selfTestCommand =
  ({ output }: { output?: string }): CliAction =>
  async (context) => {
    const { value, overall, text } = await context.deps.doctor.selfTest(context.configFile, context.signal)
    if (output === undefined) context.print(value, () => text(context.language))
    else {
      const sizeBytes = await writeWhole(output, [Buffer.from(`${text(context.language)}\n`)])
      context.print(value, () => `${output}  ${byteSize(sizeBytes)}`)
    }
    return exits[overall]
  }

export const supportBundleCommand =
  ({ output }: { output: string }): CliAction =>
  async (context) => {
    const { stream, members } = await context.deps.doctor.supportBundle(context.configFile, context.signal)
    const sizeBytes = await writeWhole(output, stream)
    for (const { name, failure } of members) if (failure !== undefined) context.note(`${name}: ${failure}`)
    context.print({ file: output, sizeBytes, members }, () => `${output}  ${byteSize(sizeBytes)}`)
    return exitCodes.ok
  }
