/**
 * `.ci/run` sums what its lanes counted. Here npm is a stand-in that behaves as each lane is told
 * to, and the path holds only what the script may use.
 */
import { spawnSync } from 'node:child_process'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'

const CI_RUN = fileURLToPath(new URL('../../../.ci/run', import.meta.url))
const TOOLS = ['bash', 'dirname', 'mktemp', 'rm', 'tee', 'timeout']

/** What a lane's npm script does: its report or words, then its exit code. */
interface Act {
  readonly report?: object
  readonly print?: string
  readonly exitCode?: number
}

/** The stand-in: looks up the script's name, writes the report where the flags ask for it. */
const NPM = `
const { writeFileSync } = require('node:fs')
const words = process.argv.slice(2)
const script = words.find((word) => !word.startsWith('-') && word !== 'run')
const act = JSON.parse(process.env.ACTS)[script] ?? { print: '1 passed, 0 failed' }
const place = words.find((word) => word.startsWith('--outputFile.json='))?.split('=')[1]
if (act.report) writeFileSync(place, JSON.stringify(act.report))
if (act.print) console.log(act.print)
process.exitCode = act.exitCode ?? 0
`

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agena-ci-'))
  await writeFile(join(folder, 'npm'), `#!${process.execPath}\n${NPM}`, { mode: 0o755 })
  await symlink(process.execPath, join(folder, 'node'))
  for (const tool of [...TOOLS, 'mvn', 'c++', 'python3'])
    await symlink(findTool(tool), join(folder, tool))
})

afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

/** Where a tool is; one that is not installed is only ever looked up, so any program will do. */
function findTool(name: string): string {
  const { stdout } = spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' })
  return stdout.trim() || process.execPath
}

function runLanes(acts: Readonly<Record<string, Act>>): { code: number | null; lines: string[] } {
  const env = { PATH: folder, TMPDIR: folder, ACTS: JSON.stringify(acts) }
  const { status, stdout } = spawnSync(CI_RUN, { env, encoding: 'utf8' })
  const lines = stdout.trimEnd().split('\n')
  return { code: status, lines: lines.slice(lines.indexOf('== summary') + 1) }
}

/** A report of the test runner with these counts and files. */
function report(counts: readonly [number, number, number], files: readonly object[] = []): object {
  const [passed, failed, skipped] = counts
  return {
    numPassedTests: passed,
    numFailedTests: failed,
    numPendingTests: skipped,
    numTodoTests: 0,
    testResults: files,
  }
}

test('sums the reports of test lanes and the last counts of the others', () => {
  const { code, lines } = runLanes({
    test: { report: report([10, 0, 2]) },
    check: { print: '3 passed, 9 failed\ncheck: 7 passed, 0 failed' },
    'test:interop': { report: report([5, 0, 0]) },
  })
  expect(lines).toContainEqual(expect.stringMatching(/^tests: 10 passed, 0 failed, 2 skipped, /))
  expect(lines).toContainEqual(expect.stringMatching(/^check: 7 passed, 0 failed, 0 skipped, /))
  expect(lines.at(-1)).toMatch(/^\d+ passed, 0 failed, 2 skipped$/)
  expect(code).toBe(0)
})

test('fails with a failed test', () => {
  const { code, lines } = runLanes({ test: { report: report([10, 2, 0]), exitCode: 1 } })
  expect(lines.at(-1)).toMatch(/^\d+ passed, 2 failed, 0 skipped$/)
  expect(code).toBe(1)
})

test('counts a test file that could not be loaded', () => {
  const broken = { status: 'failed', assertionResults: [] }
  const whole = { status: 'passed', assertionResults: [{ status: 'passed' }] }
  const acts = { test: { report: report([1, 0, 0], [broken, whole]), exitCode: 1 } }
  expect(runLanes(acts).lines).toContainEqual(expect.stringMatching(/^tests: 1 passed, 1 failed/))
})

test.each<[string, Act]>([
  ['that crashes', { exitCode: 139 }],
  ['that fails after all its tests passed', { report: report([9, 0, 0]), exitCode: 1 }],
  ['that runs nothing', { report: report([0, 0, 0]) }],
])('counts a lane %s as one failure', (_, act) => {
  const { code, lines } = runLanes({ test: act })
  expect(lines.at(-1)).toMatch(/^\d+ passed, 1 failed, 0 skipped$/)
  expect(code).toBe(1)
})

test.each([
  ['mvn', /^interop: SKIPPED, no mvn on the path/],
  ['c++', /^mmap-io: SKIPPED, no C\+\+ compiler/],
])('names the lane that cannot run without %s', async (tool, line) => {
  await rm(join(folder, tool))
  const { code, lines } = runLanes({})
  expect(lines).toContainEqual(expect.stringMatching(line))
  expect(lines.at(-1)).toMatch(/^\d+ passed, 0 failed, 1 skipped$/)
  expect(code).toBe(0)
})
