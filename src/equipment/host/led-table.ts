// What the lights of a box mean: hw/leds.json, typed, and the choice of a state. sysfs-leds.ts shows it; docs/leds.md prints it.

import table from '../../../hw/leds.json' with { type: 'json' }
import type { StateCode } from '../../base/conditions/catalogue.ts'
import type { Severity } from '../../base/conditions/condition.ts'

export type LedColour = keyof typeof table.leds
export type LedPatternName = keyof typeof table.patterns

/** How a light is driven: `offMs` 0 is steady, `onMs` 0 is dark. */
export interface LedPattern {
  onMs: number
  offMs: number
  vi: string
  en: string
}

export interface LedState extends Record<LedColour, LedPatternName> {
  id: string
  /** Which conditions make this state; none for states that are not made by conditions. */
  when: { codes?: readonly StateCode[]; severities?: readonly Severity[] }
  vi: string
  en: string
  todoVi: string
  todoEn: string
}

/** The lights by colour; `name` is what a Raspberry Pi calls them below /sys/class/leds. */
export const leds: Record<LedColour, { name: string; vi: string; en: string }> = table.leds
export const ledPatterns: Record<LedPatternName, LedPattern> = table.patterns
/** In the order in which they are told: the first that applies is shown. A test holds the file to this type. */
export const ledStates = table.states as readonly LedState[]

/** What the lights are asked to tell. */
export interface LedOccasion {
  /** Somebody looks for the box. */
  isSought: boolean
  /** Every part of the station runs. */
  isReady: boolean
  /** What is true of it. */
  conditions: readonly { code: string; severity: Severity }[]
}

/** The state to show. */
export function ledStateOf({ isSought, isReady, conditions }: LedOccasion): LedState {
  if (isSought) return stateNamed('identify')
  if (!isReady) return stateNamed('booting')
  const made = ledStates.find(({ when: { codes = [], severities = [] } }) =>
    conditions.some(({ code, severity }) => codes.some((one) => one === code) || severities.includes(severity)),
  )
  return made ?? stateNamed('ready')
}

function stateNamed(id: string): LedState {
  const state = ledStates.find((one) => one.id === id)
  if (state === undefined) throw new Error(`hw/leds.json has no state ${id}`)
  return state
}
