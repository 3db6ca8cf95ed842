// The last line of scripts/test: adds up the steps and vitest's report.
// Arguments: report file, vitest's exit code, steps passed, steps failed. Exit code 1 when anything failed.
import { readFileSync } from 'node:fs'

const [reportFile, exitCode, stepsPassed, stepsFailed] = process.argv.slice(2)
let passed = Number(stepsPassed)
let failed = Number(stepsFailed)
let skipped = 0
const failedBefore = failed
try {
  const report = JSON.parse(readFileSync(reportFile, 'utf8'))
  passed += report.numPassedTests
  failed += report.numFailedTests
  skipped += report.numPendingTests + report.numTodoTests
  // A file that does not load has no tests to count, but it is a failure.
  for (const { name, status, assertionResults } of report.testResults) {
    if (status !== 'failed' || assertionResults.some((test) => test.status === 'failed')) continue
    console.log(`✗ ${name} did not run`)
    failed += 1
  }
} catch (error) {
  console.log(`✗ vitest left no readable report: ${error.message}`)
  failed += 1
}
// An error outside of any test, an empty selection: vitest says no, so the count must say no.
if (Number(exitCode) !== 0 && failed === failedBefore) {
  console.log(`✗ vitest ended with exit code ${exitCode}`)
  failed += 1
}
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
process.exitCode = failed === 0 ? 0 : 1
