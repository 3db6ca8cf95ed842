// The last line of scripts/test: every way to fail is a failure in the count and in the exit code.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const script = join(import.meta.dirname, '../../../scripts/count-tests.mjs')
let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tram-count-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

interface Report {
  numPassedTests: number
  numFailedTests: number
  numPendingTests: number
  numTodoTests: number
  testResults: { name: string; status: string; assertionResults: { status: string }[] }[]
}

const clean: Report = { numPassedTests: 5, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0, testResults: [] }

function count(report: Report | string, vitestExit: number, passed: number, failed: number) {
  const file = join(folder, 'report.json')
  writeFileSync(file, typeof report === 'string' ? report : JSON.stringify(report))
  const { stdout, status } = spawnSync(process.execPath, [script, file, `${vitestExit}`, `${passed}`, `${failed}`])
  return { last: stdout.toString().trimEnd().split('\n').at(-1), status }
}

describe('count-tests', () => {
  it('adds steps and tests', () => {
    expect(count(clean, 0, 3, 0)).toEqual({ last: '8 passed, 0 failed', status: 0 })
  })

  it('names what was skipped', () => {
    const report = { ...clean, numPendingTests: 2, numTodoTests: 1 }
    expect(count(report, 0, 3, 0)).toEqual({ last: '8 passed, 0 failed, 3 skipped', status: 0 })
  })

  it('fails with a failed step', () => {
    expect(count(clean, 0, 2, 1)).toEqual({ last: '7 passed, 1 failed', status: 1 })
  })

  it('fails with a failed test, counted once', () => {
    const testResults = [{ name: 'a', status: 'failed', assertionResults: [{ status: 'failed' }] }]
    expect(count({ ...clean, numFailedTests: 1, testResults }, 1, 3, 0)).toEqual({
      last: '8 passed, 1 failed',
      status: 1,
    })
  })

  it('fails with a file that does not load', () => {
    const testResults = [{ name: 'a', status: 'failed', assertionResults: [] }]
    expect(count({ ...clean, testResults }, 1, 3, 0)).toEqual({ last: '8 passed, 1 failed', status: 1 })
  })

  it('fails when vitest does, though no test did', () => {
    expect(count(clean, 1, 3, 0)).toEqual({ last: '8 passed, 1 failed', status: 1 })
    expect(count(clean, 1, 2, 1)).toEqual({ last: '7 passed, 2 failed', status: 1 })
  })

  it('fails without a report', () => {
    expect(count('{ half a rep', 137, 3, 0)).toEqual({ last: '3 passed, 1 failed', status: 1 })
  })
})
