// Actions on the software of the box: install an update, go back to the version before, say which slots there are.
import { TramError } from '../../base/errors.ts'
import type { RunProgram } from '../../equipment/box/system-program.ts'
import {
  goBack,
  type InstalledUpdate,
  installBundle,
  slotStatus,
  type UpdateDeps,
} from '../../equipment/rauc/install-bundle.ts'
import type { BoxAction, BoxInput } from './box-action.ts'

/** Of Vietnam, which has no summer time; a box may have no time zones installed. */
const zoneMs = 7 * 3_600_000
const dayMs = 86_400_000

export interface UpdateActionDeps extends UpdateDeps {
  run: RunProgram
  /** `[update] reboot_at` of the configuration, HH:MM; undefined: at once. */
  rebootAt(): Promise<string | undefined>
  /** Milliseconds since 1970. */
  now(): number
}

export const updateActions = (deps: UpdateActionDeps): Record<string, BoxAction> => ({
  'update-install': {
    async run(input, { progress, signal }) {
      const file = input.text('file', /\/\P{Cc}{1,1000}\.raucb/u)
      const restart = restartWish(input)
      input.end()
      return restarted(await installBundle(file, deps, progress, signal), restart, deps)
    },
  },
  'update-back': {
    async run(input, { signal }) {
      const restart = restartWish(input)
      input.end()
      return restarted(await goBack(deps, signal), restart, deps)
    },
  },
  'update-status': {
    isReading: true,
    async run(input, { signal }) {
      input.end()
      return { version: deps.version, slots: await slotStatus(deps, signal), last: (await deps.records.last()) ?? null }
    },
  },
})

/** `now`, `no`, a time of the day in Vietnam; undefined: as configured. */
const restartWish = (input: BoxInput): string | undefined =>
  input.optionalText('restart', /now|no|(?:[01]\d|2[0-3]):[0-5]\d/)

async function restarted(installed: InstalledUpdate, wanted: string | undefined, deps: UpdateActionDeps) {
  const restartMinutes = await minutesToRestart(wanted, deps)
  if (restartMinutes !== null) await restartIn(restartMinutes, installed, deps)
  return { ...installed, restartMinutes }
}

/** When an update takes over: 0 at once, null not by itself. @param wanted `now`, `no`, HH:MM; undefined: as configured */
export async function minutesToRestart(
  wanted: string | undefined,
  { now, rebootAt }: UpdateActionDeps,
): Promise<number | null> {
  const wish = wanted ?? (await rebootAt()) ?? 'now'
  return wish === 'no' ? null : wish === 'now' ? 0 : minutesUntil(wish, now())
}

/** What is installed is installed, whatever becomes of the restart. systemd stops the station in order: intake first. */
export async function restartIn(
  minutes: number,
  { version }: InstalledUpdate,
  { run }: UpdateActionDeps,
): Promise<void> {
  try {
    if (minutes === 0) await run(['systemctl', '--no-wall', '--no-block', 'reboot'])
    else await run(['shutdown', '--no-wall', '-r', `+${minutes}`])
  } catch (cause) {
    const detail = `${version} is installed, and takes over with the next restart`
    throw new TramError('COMMAND_FAILED', { command: 'reboot', detail }, { cause })
  }
}

/** Whole minutes until it is `time` (HH:MM) in Vietnam, at least one. */
export function minutesUntil(time: string, nowMs: number): number {
  const [hours = 0, minutes = 0] = time.split(':').map(Number)
  const sinceMidnightMs = (nowMs + zoneMs) % dayMs
  const waitMs = (hours * 60 + minutes) * 60_000 - sinceMidnightMs
  return Math.max(1, Math.ceil((waitMs <= 0 ? waitMs + dayMs : waitMs) / 60_000))
}
