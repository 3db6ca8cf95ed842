// Numbers of the bench as people read them, on the terminal and in docs/figures.md.
import type { FigureResult, Quantity } from './figure.ts'
import type { MeasuredFigure } from './report.ts'

/** Three significant digits, with thousands separated; what is large is not rounded. */
export function numberText(value: number): string {
  if (value === 0) return '0'
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))))
  return value.toLocaleString('en-US', { maximumFractionDigits: Math.min(digits, 4) })
}

export const quantityText = ({ value, unit }: Quantity): string =>
  `${numberText(value)}${unit === '' ? '' : ` ${unit}`}`

export const metText = (result: FigureResult | undefined): 'met' | 'missed' | 'reported' | 'failed' => {
  if (result === undefined) return 'failed'
  if (result.met === 'reported') return 'reported'
  return result.met ? 'met' : 'missed'
}

const marks = { met: '✓', missed: '✗', reported: '·', failed: '!' }

/** A figure for the terminal. */
export function figureText(figure: MeasuredFigure): string {
  const { result } = figure
  const how = metText(result)
  const ratio = result?.ratio === undefined ? '' : `   ratio ${numberText(result.ratio)}`
  const lines = [`${marks[how]} ${figure.id.padEnd(16)} ${figure.title}   [${figure.target}]   ${how}${ratio}`]
  const row = ({ name, ...quantity }: Quantity) => `    ${name.padEnd(58)} ${quantityText({ name, ...quantity })}`
  for (const quantity of result?.values ?? []) lines.push(row(quantity))
  if (result?.baseline !== undefined) {
    lines.push(row({ ...result.baseline, name: `baseline: ${result.baseline.name}` }))
  }
  if (result?.bounds !== undefined) lines.push(`    ${result.bounds}`)
  if (figure.failure !== undefined) lines.push(...figure.failure.split('\n').map((line) => `    ${line}`))
  return lines.join('\n')
}
