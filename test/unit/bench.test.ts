// The bench: the program with its cheapest figure, and the page that is made of a report. The figures themselves are no tests.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { figuresPage } from '../../scripts/figures-page.ts'
import { figureIds, loadFigure, percentile } from '../bench/figure.ts'
import { type BenchReport, type MeasuredFigure, mergeReports } from '../bench/report.ts'
import { figureText, numberText } from '../bench/report-text.ts'
import { projectRoot } from '../fixtures/station/station-process.ts'
import { type TemporaryFolder, temporaryFolder } from '../fixtures/store/temporary-store.ts'

let folder: TemporaryFolder
beforeAll(async () => {
  folder = await temporaryFolder()
})
afterAll(() => folder.remove())

function bench(...argv: string[]) {
  const program = join(projectRoot, 'test/bench/bench.ts')
  const where = ['--folder', join(folder.path, 'disk')]
  return spawnSync(process.execPath, ['--import', 'tsx', program, ...where, ...argv], {
    cwd: projectRoot,
    encoding: 'utf8',
  })
}

describe('npm run bench', () => {
  it('measures a figure, prints it, writes it down, and leaves nothing on the disk', () => {
    const jsonFile = join(folder.path, 'report.json')
    const { status, stdout, stderr } = bench('--only', 'store', '--quick', '--json', jsonFile)
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toMatch(/^· store .*\[reported\] {3}reported {3}ratio [\d.,]+$/m)
    const report = JSON.parse(readFileSync(jsonFile, 'utf8')) as BenchReport
    expect(report).toMatchObject({ isQuick: true, machine: { node: process.version } })
    expect(report.figures.map(({ id }) => id)).toEqual(['store'])
    const [figure] = report.figures
    expect(figure?.result?.baseline?.value).toBeGreaterThan(0)
    expect(figure?.result?.values.every(({ value }) => Number.isFinite(value) && value > 0)).toBe(true)
    expect(readdirSync(join(folder.path, 'disk'))).toEqual([])
  })

  it('refuses what it does not know', () => {
    const unknown = bench('--only', 'store,speed')
    expect(unknown).toMatchObject({ status: 2, stdout: '' })
    expect(unknown.stderr).toContain('no figure speed')
    expect(bench('--quick', '--write')).toMatchObject({ status: 2, stdout: '' })
  })

  it('has a file for each figure and a figure for each file', async () => {
    const files = readdirSync(join(projectRoot, 'test/bench/figures')).map((name) => name.replace('.ts', ''))
    expect(files.sort()).toEqual([...figureIds].sort())
    for (const id of figureIds) expect((await loadFigure(id)).id).toBe(id)
  })

  it('is what scripts/bench starts', () => {
    expect(existsSync(join(projectRoot, 'scripts/bench'))).toBe(true)
    const { scripts } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8'))
    expect(scripts.bench).toBe('./scripts/bench')
  })
})

const machine = { cpu: 'a', cores: 2, memoryBytes: 8e9, system: 'Linux', node: 'v24' }
const measured = (id: string, changes: Partial<MeasuredFigure> = {}): MeasuredFigure => ({
  ...{
    id,
    title: `Title of ${id}`,
    target: '≥ 0.8',
    measuredAt: '2026-11-22T01:38:21.750Z',
    commit: 'abc',
    seconds: 2,
  },
  result: { values: [{ name: 'many', value: 1234.5678, unit: '/s' }], ratio: 0.9, met: true },
  ...changes,
})
const report = (...figures: MeasuredFigure[]): BenchReport => ({ machine, isQuick: false, figures })

describe('the page', () => {
  it('says what is missed, and where to read why', () => {
    const missed = measured('deep', {
      result: {
        values: [],
        ratio: 0.4,
        met: false,
        bounds: 'The disk.',
        baseline: { name: 'x', value: 2, unit: 'ms' },
      },
    })
    const page = figuresPage(report(measured('wide'), missed))
    expect(page).toContain('1 of 2 targets are met; missed: [deep](#deep).')
    expect(page).toContain('| [Title of deep](#deep) | ≥ 0.8 | 0.4 | **missed** |')
    expect(page).toContain('The disk.\n\nProfile: [figures-notes.md](figures-notes.md#deep).')
    expect(page).toContain('| many | 1,235 /s |')
    expect(page).toContain('Measured 2026-11-22 01:38 UTC at commit abc')
    expect(figuresPage(report(measured('wide')))).toContain('All 1 targets are met.')
  })

  it('says that something could not be measured', () => {
    const broken = measured('deep', { result: undefined, failure: 'no token' })
    expect(figuresPage(report(broken))).toContain('**not measured**')
    expect(figureText(broken)).toMatch(/^! deep .*failed\n {4}no token$/)
  })
})

describe('reports', () => {
  it('are merged by figure, in the order of the list, on one machine only', () => {
    const old = report(measured('a', { commit: 'old' }), measured('b', { commit: 'old' }))
    const fresh = report(measured('c', { commit: 'new' }), measured('a', { commit: 'new' }))
    const merged = mergeReports(old, fresh, ['a', 'b', 'c'])
    expect(merged.figures.map(({ id, commit }) => `${id} ${commit}`)).toEqual(['a new', 'b old', 'c new'])
    expect(() => mergeReports(old, { ...fresh, machine: { ...machine, cores: 4 } }, ['a'])).toThrow('another machine')
  })
})

describe('numbers', () => {
  it.each([
    [0, '0'],
    [0.012345, '0.0123'],
    [1.7249, '1.72'],
    [45.67, '45.7'],
    [1234.5678, '1,235'],
    [-2.3456, '-2.35'],
  ])('%d is %s', (value, text) => {
    expect(numberText(value)).toBe(text)
  })

  it('percentiles lie where their samples do', () => {
    const samples = [5, 1, 4, 2, 3]
    expect([percentile(samples, 0), percentile(samples, 0.5), percentile(samples, 0.95)]).toEqual([1, 3, 5])
    expect(() => percentile([], 0.5)).toThrow(RangeError)
  })
})
