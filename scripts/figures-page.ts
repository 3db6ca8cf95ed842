// docs/figures.md: what `npm run bench -- --write` has measured (docs/figures.json), for people. Made with generated-pages.ts.
import type { Quantity } from '../test/bench/figure.ts'
import type { BenchReport, MeasuredFigure } from '../test/bench/report.ts'
import { metText, numberText, quantityText } from '../test/bench/report-text.ts'

/** The page; nothing but its argument decides what is on it. */
export function figuresPage({ machine, figures }: BenchReport): string {
  const rows = figures.map((figure) => {
    const { id, title, target, result } = figure
    const ratio = result?.ratio === undefined ? '' : numberText(result.ratio)
    return `| [${cell(title)}](#${id}) | ${cell(target)} | ${ratio} | ${outcome(figure)} |`
  })
  const missed = figures.filter(({ result }) => result?.met === false)
  const count = figures.filter(({ result }) => result?.met === true).length
  const summary =
    missed.length === 0
      ? `All ${count} targets are met.`
      : `${count} of ${count + missed.length} targets are met; missed: ${missed.map(({ id }) => `[${id}](#${id})`).join(', ')}.`
  return `<!-- Made by \`npm run bench -- --write\` from figures.json; do not edit. -->

# Figures

Each figure stands beside a baseline that was measured in the same run on the same machine, so that the ratio says something
about another machine too. Measure them on yours: \`npm run bench\` (\`-- --list\` names them). Why a figure is what it is:
[figures-notes.md](figures-notes.md), written by hand.

Machine: ${machine.cpu}, ${machine.cores} cores, ${numberText(machine.memoryBytes / 1e9)} GB of memory; ${machine.system}; Node ${machine.node}.
Stations, their tokens (SoftHSM) and whoever loads them share these cores.

${summary}

| figure | target | ratio | |
|---|---|---|---|
${rows.join('\n')}

${figures.map(chapter).join('\n')}`
}

const outcomes = { met: 'met', missed: '**missed**', reported: 'reported', failed: '**not measured**' }
const outcome = ({ result }: MeasuredFigure): string => outcomes[metText(result)]

function chapter(figure: MeasuredFigure): string {
  const { id, title, target, result, measuredAt, commit, seconds } = figure
  const rows = (result?.values ?? []).map(row)
  if (result?.baseline !== undefined) rows.push(row({ ...result.baseline, name: `Baseline: ${result.baseline.name}` }))
  if (result?.ratio !== undefined) rows.push(`| **Ratio** | **${numberText(result.ratio)}** |`)
  const parts = [
    `## ${id}`,
    result?.met === 'reported' ? `${title}.` : `${title}. Target ${target}: ${outcome(figure)}.`,
    `| | |\n|---|---|\n${rows.join('\n')}`,
    ...(result?.bounds === undefined ? [] : [result.bounds]),
    ...(result?.met === false ? [`Profile: [figures-notes.md](figures-notes.md#${id}).`] : []),
    `Measured ${measuredAt.slice(0, 16).replace('T', ' ')} UTC at commit ${commit}, in ${numberText(seconds)} s.`,
  ]
  return `${parts.join('\n\n')}\n`
}

const row = (quantity: Quantity): string => `| ${cell(quantity.name)} | ${quantityText(quantity)} |`

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ')
