// Commands about the station itself: run, health, pin, audit verify; and its descriptor, which needs no running station.

import { byteSize, vietnamTime } from '../../base/text-format.ts'
import type { HealthReport, TokenHealth } from '../../exchange/health/station-health.ts'
import { type CliAction, type ExitCode, exitCodes } from './cli-context.ts'
import { writeWhole } from './cli-files.ts'
import { healthText } from './cli-health-text.ts'
import { readSecret } from './cli-terminal.ts'
import { labels } from './cli-texts.ts'

/** The way to a rack in the cellar. */
const defaultIdentifySeconds = 120

export const runCommand = (): CliAction => async (context) =>
  (await context.deps.run(context.configFile)) === 0 ? exitCodes.ok : exitCodes.failed

export const consoleCommand =
  ({ line }: { line: string | undefined }): CliAction =>
  async (context) => {
    await context.deps.console(context.configFile, line)
    return exitCodes.ok
  }

const healthExits: Record<HealthReport['overall'], ExitCode> = {
  ok: exitCodes.ok,
  degraded: exitCodes.degraded,
  failed: exitCodes.failed,
}

export const healthCommand = (): CliAction => async (context) => {
  const api = await context.api()
  const report = await api.ask<HealthReport>({ path: 'health' })
  context.print(report, () => healthText(report, context.language))
  return healthExits[report.overall]
}

export const pinCommand = (): CliAction => async (context) => {
  const api = await context.api()
  const pin = await readSecret(context.deps.terminal, 'PIN', context.text(labels.pinPrompt), context.signal)
  const token = await api.ask<TokenHealth>({ method: 'POST', path: 'pin', json: { pin } })
  context.print(token, () => `${token.label}: ${token.state}`)
  return exitCodes.ok
}

export const identifyCommand =
  ({ seconds }: { seconds: string | undefined }): CliAction =>
  async (context) => {
    const api = await context.api()
    // What is no number is refused by the station, with its limits.
    const json = { seconds: Number(seconds ?? defaultIdentifySeconds) }
    const answer = await api.ask<{ lights: string[] }>({ method: 'POST', path: 'identify', json })
    context.print(answer, () => context.text(labels.blinking))
    return exitCodes.ok
  }

export const clockTrustCommand = (): CliAction => async (context) => {
  const api = await context.api()
  const answer = await api.ask<{ now: number; doubtful: boolean }>({ method: 'POST', path: 'clock/trust' })
  context.print(answer, () => vietnamTime(answer.now))
  return answer.doubtful ? exitCodes.degraded : exitCodes.ok
}

export const auditVerifyCommand = (): CliAction => async (context) => {
  const api = await context.api()
  const verdict = await api.ask<{ entries: number }>({ path: 'audit/verify' })
  const text = { vi: `chuỗi ${verdict.entries} mục nguyên vẹn`, en: `the chain of ${verdict.entries} acts holds` }
  context.print(verdict, () => context.text(text))
  return exitCodes.ok
}

export const descriptorCommand =
  ({ output }: { output: string }): CliAction =>
  async (context) => {
    const descriptor = await context.deps.offline.writeDescriptor(context.configFile, context.signal)
    const sizeBytes = await writeWhole(output, [descriptor])
    context.print({ file: output, sizeBytes }, () => `${output}  ${byteSize(sizeBytes)}`)
    return exitCodes.ok
  }
