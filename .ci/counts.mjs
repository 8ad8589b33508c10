// Prints `PASSED FAILED SKIPPED` of one lane: node .ci/counts.mjs REPORT LOG
//
// REPORT is the JSON report of a test lane. A lane without one (a check, or a run that died before
// it could write) is counted from the last line `N passed, N failed` in its LOG.

import { existsSync, readFileSync } from 'node:fs'
import process from 'node:process'

const [reportPath, logPath] = process.argv.slice(2)
const counts = existsSync(reportPath) ? countReport(reportPath) : countLog(logPath)
process.stdout.write(`${counts.join(' ')}\n`)

function countReport(path) {
  const report = JSON.parse(readFileSync(path, 'utf8'))
  // A file that could not even be loaded has failed without a single test in it.
  const broken = report.testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.every(isNotFailed),
  )
  return [
    report.numPassedTests,
    report.numFailedTests + broken.length,
    report.numPendingTests + report.numTodoTests,
  ]
}

function isNotFailed(result) {
  return result.status !== 'failed'
}

function countLog(path) {
  const lines = [...readFileSync(path, 'utf8').matchAll(/(\d+) passed, (\d+) failed/g)]
  const [, passed, failed] = lines.at(-1) ?? ['', '0', '0']
  return [passed, failed, '0']
}
