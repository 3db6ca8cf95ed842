// Composition root of what hangs on serial lines: the UPS with its guard, and the front panel. station.ts joins them to the rest;
// the service console is a program of its own (console.ts).
import type { Config } from './config.ts'
import { Cfa635Panel } from './equipment/serial/cfa635-panel.ts'
import { MegatecUps } from './equipment/serial/megatec-ups.ts'
import { powerOff } from './equipment/serial/power-off.ts'
import { SerialportLine } from './equipment/serial/serialport-line.ts'
import type { UpsOptions } from './equipment/serial/ups-options.ts'
import { UpsGuard, type UpsGuardDeps } from './exchange/health/ups-guard.ts'
import { FrontPanel, type FrontPanelDeps } from './surface/panel/front-panel.ts'

/** The UPS, its line and its guard; undefined when the configuration names none. */
export function upsParts(options: UpsOptions, deps: Omit<UpsGuardDeps, 'ups' | 'powerOff'>) {
  const { line: path, protocol, poll_seconds, resume_seconds, power_off_command } = options
  if (path === undefined) return undefined
  const { clock, logger } = deps
  // Cables of UPS draw their current from DTR, and some models take a high RTS for an order to switch off.
  const line = new SerialportLine({ path, baudRate: 2400, controlLines: { dtr: true, rts: false } }, { logger })
  const ups = new MegatecUps({ protocol, pollMs: poll_seconds * 1000 }, { line, clock, logger })
  const guard = new UpsGuard(
    { resumeMs: resume_seconds * 1000, finishMs: 20_000 },
    { ...deps, ups, ...(power_off_command.length === 0 ? {} : { powerOff: () => powerOff(power_off_command) }) },
  )
  return { guard, services: [line, guard, ups] }
}

/** The front panel, its line and its pages; undefined when the configuration names none. */
export function panelParts(config: Pick<Config, 'panel' | 'station'>, deps: Omit<FrontPanelDeps, 'panel'>) {
  const { line: path } = config.panel
  if (path === undefined) return undefined
  const { logger } = deps
  const line = new SerialportLine({ path, baudRate: 115_200 }, { logger })
  const panel = new Cfa635Panel({}, { line, logger })
  const pages = new FrontPanel({ stationName: config.station.name, refreshMs: 5000 }, { ...deps, panel })
  return { pages, services: [line, panel, pages] }
}
